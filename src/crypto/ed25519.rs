//! Ed25519 (RFC 8032) under one strict rule. `docs/PROTOCOL.md` §2.5.

use ed25519_dalek::Signer as _;
use rand_core::CryptoRng;

use super::CryptoError;
use super::absorb::{Absorb as _, Input};
use super::field;
use super::label::ClassicalLabel;
use super::random;
use super::secret::Secret;

/// Bytes of a public key and of a private seed.
pub const KEY_LENGTH: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LENGTH: usize = 64;

/// A public key: a canonical encoding of a point that is not of small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// Checks and takes a public key from outside. [`CryptoError::InvalidKey`] unless it is the canonical encoding of a
    /// point of large order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| CryptoError::InvalidKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| CryptoError::InvalidKey)?;
        let mut y = bytes;
        y[31] &= 0x7f;
        // The one other encoding that is not canonical, a sign for x = 0, is of a point of small order.
        if field::is_canonical(&y) && !key.is_weak() { Ok(Self(key)) } else { Err(CryptoError::InvalidKey) }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; KEY_LENGTH] {
        self.0.as_bytes()
    }

    /// Verifies a signature over `label ‖ message`. [`CryptoError::InvalidSignature`] if it does not hold.
    pub fn verify(
        &self,
        label: ClassicalLabel,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), CryptoError> {
        self.verify_raw(&labelled(label, message), signature)
    }

    pub(super) fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).map_err(|_| CryptoError::InvalidSignature)
    }
}

/// A signature: 64 bytes, not yet judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature([u8; SIGNATURE_LENGTH]);

impl Signature {
    /// Takes a signature from outside. [`CryptoError::InvalidLength`] unless it has 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes.try_into().map(Self).map_err(|_| CryptoError::InvalidLength)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_LENGTH] {
        &self.0
    }
}

/// A private key. The public half is always computed from the seed, never supplied (attack C-03).
pub struct SecretKey(ed25519_dalek::SigningKey);

impl SecretKey {
    /// A new key; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        random::draw(rng).map(|seed| Self::from_seed(&seed))
    }

    /// The key of this seed.
    pub fn from_seed(seed: &Secret<KEY_LENGTH>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// The seed, for storing.
    pub fn to_seed(&self) -> Secret<KEY_LENGTH> {
        Secret::new(self.0.to_bytes())
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `label ‖ message`. Deterministic.
    pub fn sign(&self, label: ClassicalLabel, message: &[u8]) -> Signature {
        self.sign_raw(&labelled(label, message))
    }

    pub(super) fn sign_raw(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ed25519::SecretKey(..)")
    }
}

fn labelled(label: ClassicalLabel, message: &[u8]) -> Vec<u8> {
    let label = label.as_bytes();
    let mut input = Input::with_capacity(label.len().saturating_add(message.len()));
    input.absorb(label);
    input.last(message)
}
