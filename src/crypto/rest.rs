//! Sealing of local records: XChaCha20-Poly1305 under a hedged nonce. `docs/PROTOCOL.md` §2.8.

use rand_core::CryptoRng;

use super::absorb::Absorb as _;
use super::kdf::{Mac, Prk};
use super::secret::Secret;
use super::{CryptoError, aead, label, random};

const NONCE_LENGTH: usize = 24;

/// Bytes by which a sealed record is longer than its plaintext.
pub const OVERHEAD: usize = NONCE_LENGTH + aead::TAG_LENGTH;

/// The key under which an application's records are sealed. There is no default key (attack C-18).
#[derive(Debug)]
pub struct RestKey {
    /// Keyed, and duplicated for each record.
    nonce: Mac,
    seal: Secret<32>,
}

impl RestKey {
    /// The key made of 32 secret bytes.
    pub fn new(key: &Secret<32>) -> Self {
        let prk = Prk::new(key);
        Self {
            nonce: Mac::new(&prk.expand(label::expand::REST_NONCE, &[])),
            seal: prk.expand(label::expand::REST_SEAL, &[]),
        }
    }

    /// Seals a record; draws 32 bytes. `aad` says which record it is, so that records cannot be exchanged.
    /// [`CryptoError::TooLong`] above [`aead::MAX_PLAINTEXT`], [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn seal(
        &self,
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        aead::check_length(plaintext)?;
        let random = random::draw::<32>(rng)?;
        let nonce = self.nonce_for(&random, aad, plaintext);
        let mut record = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
        record.extend_from_slice(&nonce);
        aead::raw_seal_extended(self.seal.expose(), &nonce, aad, plaintext, &mut record)?;
        Ok(record)
    }

    /// Opens a record. [`CryptoError::Unauthentic`] if it was not sealed under this key with this `aad`.
    pub fn open(&self, aad: &[u8], record: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (nonce, sealed) = record.split_first_chunk::<NONCE_LENGTH>().ok_or(CryptoError::Unauthentic)?;
        aead::raw_open_extended(self.seal.expose(), nonce, aad, sealed)
    }

    /// Depends on all that is sealed, so a generator that repeats itself cannot repeat a nonce for other content.
    fn nonce_for(&self, random: &Secret<32>, aad: &[u8], plaintext: &[u8]) -> [u8; NONCE_LENGTH] {
        let mac = self.nonce.duplicate().array(random.expose()).lp(aad).last(plaintext);
        let [nonce @ .., _, _, _, _, _, _, _, _] = *mac.expose();
        nonce
    }
}
