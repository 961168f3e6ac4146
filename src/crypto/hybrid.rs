//! Hybrid signatures: Ed25519 and ML-DSA-65 over one input. `docs/PROTOCOL.md` §2.6.
//!
//! Both halves sign `label ‖ pair ‖ message`, where `pair` is the hash of both public keys. Both must verify, and a half
//! that belongs to another pair does not.

use rand_core::CryptoRng;

use super::absorb::{Absorb as _, Input};
use super::hash::{Hash, Hasher};
use super::label::{self, SignLabel};
use super::secret::Secret;
use super::{CryptoError, ed25519, mldsa, random};

/// Bytes of a private seed: the Ed25519 seed, then the ML-DSA-65 seed.
pub const SEED_LENGTH: usize = ed25519::KEY_LENGTH + mldsa::SEED_LENGTH;

/// A public key: both halves and the id of the pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    ed25519: ed25519::PublicKey,
    ml_dsa: mldsa::PublicKey,
    pair: Hash,
}

impl PublicKey {
    /// The pair of two checked keys.
    pub fn new(ed25519: ed25519::PublicKey, ml_dsa: mldsa::PublicKey) -> Self {
        let pair = Hasher::new(label::hash::PAIR).array(ed25519.as_bytes()).array(ml_dsa.as_bytes()).finish();
        Self { ed25519, ml_dsa, pair }
    }

    /// The Ed25519 half.
    pub const fn ed25519(&self) -> &ed25519::PublicKey {
        &self.ed25519
    }

    /// The ML-DSA-65 half.
    pub const fn ml_dsa(&self) -> &mldsa::PublicKey {
        &self.ml_dsa
    }

    /// The id of the pair, 32 bytes.
    pub const fn pair(&self) -> &Hash {
        &self.pair
    }

    /// Verifies both halves over the exact bytes that were received. [`CryptoError::InvalidSignature`] if either fails.
    pub fn verify(&self, label: SignLabel, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let input = signed_bytes(label, &self.pair, message);
        self.ed25519.verify_raw(&input, &signature.ed25519)?;
        self.ml_dsa.verify_raw(&input, &signature.ml_dsa)
    }
}

/// A hybrid signature, not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The Ed25519 half.
    pub ed25519: ed25519::Signature,
    /// The ML-DSA-65 half.
    pub ml_dsa: mldsa::Signature,
}

/// A private key.
#[derive(Debug)]
pub struct SecretKey {
    seed: Secret<SEED_LENGTH>,
    ed25519: ed25519::SecretKey,
    ml_dsa: mldsa::SecretKey,
    pair: Hash,
}

impl SecretKey {
    /// A new key; draws 32 bytes twice. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        let ed25519 = random::draw::<32>(rng)?;
        let ml_dsa = random::draw::<32>(rng)?;
        let seed = Secret::filled_by(|seed: &mut [u8; SEED_LENGTH]| {
            seed[..32].copy_from_slice(ed25519.expose());
            seed[32..].copy_from_slice(ml_dsa.expose());
        });
        Ok(Self::from_seed(&seed))
    }

    /// The key of this seed.
    pub fn from_seed(seed: &Secret<SEED_LENGTH>) -> Self {
        let first = Secret::filled_by(|half: &mut [u8; 32]| half.copy_from_slice(&seed.expose()[..32]));
        let second = Secret::filled_by(|half: &mut [u8; 32]| half.copy_from_slice(&seed.expose()[32..]));
        let (ed25519, ml_dsa) = (ed25519::SecretKey::from_seed(&first), mldsa::SecretKey::from_seed(&second));
        let pair = PublicKey::new(ed25519.public_key(), ml_dsa.public_key().clone()).pair;
        Self { seed: seed.duplicate(), ed25519, ml_dsa, pair }
    }

    /// The seed, for storing.
    pub const fn to_seed(&self) -> Secret<SEED_LENGTH> {
        self.seed.duplicate()
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            ed25519: self.ed25519.public_key(),
            ml_dsa: self.ml_dsa.public_key().clone(),
            pair: self.pair,
        }
    }

    /// The Ed25519 half, for the few signatures that are classical by design.
    pub const fn ed25519(&self) -> &ed25519::SecretKey {
        &self.ed25519
    }

    /// Signs with both halves. Deterministic.
    pub fn sign(&self, label: SignLabel, message: &[u8]) -> Signature {
        let input = signed_bytes(label, &self.pair, message);
        Signature { ed25519: self.ed25519.sign_raw(&input), ml_dsa: self.ml_dsa.sign_raw(&input) }
    }
}

/// `label ‖ pair ‖ message`: what each half signs.
fn signed_bytes(label: SignLabel, pair: &Hash, message: &[u8]) -> Vec<u8> {
    let (label, pair) = (label.as_bytes(), pair.as_bytes());
    let mut input =
        Input::with_capacity(label.len().saturating_add(pair.len()).saturating_add(message.len()));
    input.absorb(label);
    input.array(pair).last(message)
}
