//! The committing blob: one ciphertext for many recipients. `docs/PROTOCOL.md` §2.9.

use rand_core::CryptoRng;

use super::commit::{self, BodyType, CommittedKey};
use super::hash::Hash;
use super::secret::Secret;
use super::{CryptoError, aead, random};

/// Bytes by which a blob is longer than its body.
pub const OVERHEAD: usize = commit::LENGTH + aead::TAG_LENGTH;

/// What opens a blob: its key and its hash. Goes to each recipient under end-to-end encryption.
#[derive(Debug)]
pub struct BlobPointer {
    /// The blob's own key.
    pub key: Secret<32>,
    /// The hash of the whole blob.
    pub hash: Hash,
}

/// Seals `body` under a fresh key; draws 32 bytes.
/// [`CryptoError::TooLong`] above [`aead::MAX_PLAINTEXT`], [`CryptoError::WeakRandomness`] if the source is stuck.
pub fn seal(body: &[u8], rng: &mut impl CryptoRng) -> Result<(Vec<u8>, BlobPointer), CryptoError> {
    aead::check_length(body)?;
    let key = random::draw(rng)?;
    let committed = CommittedKey::new(&key, BodyType::SharedBody);
    let mut blob = Vec::with_capacity(body.len().saturating_add(OVERHEAD));
    blob.extend_from_slice(&committed.commitment);
    aead::OneTimeKey::new(committed.content).seal_onto(&committed.commitment, body, &mut blob)?;
    let hash = Hash::of(&blob);
    Ok((blob, BlobPointer { key, hash }))
}

/// Opens a blob. [`CryptoError::Unauthentic`] if its hash, its commitment or its tag is wrong, checked in this order.
pub fn open(pointer: &BlobPointer, blob: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if Hash::of(blob) != pointer.hash {
        return Err(CryptoError::Unauthentic);
    }
    let (commitment, sealed) = blob.split_first_chunk().ok_or(CryptoError::Unauthentic)?;
    let committed = CommittedKey::new(&pointer.key, BodyType::SharedBody);
    committed.check(commitment)?;
    aead::OneTimeKey::new(committed.content).open(commitment, sealed)
}
