//! ML-DSA-65 (FIPS 204), pure, deterministic, empty context. `docs/PROTOCOL.md` §2.5.
//!
//! It only signs as one half of a [`super::hybrid`] key.

use libcrux_ml_dsa::ml_dsa_65::{self, MLDSA65Signature, MLDSA65SigningKey, MLDSA65VerificationKey};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::CryptoError;
use super::by_bytes::by_bytes;
use super::secret::Secret;

/// Bytes of a private seed.
pub const SEED_LENGTH: usize = 32;
/// Bytes of a public key.
pub const PUBLIC_KEY_LENGTH: usize = 1952;
/// Bytes of a signature.
pub const SIGNATURE_LENGTH: usize = 3309;

/// FIPS 204 §3.4: the deterministic variant signs with 32 zero bytes in place of randomness.
const DETERMINISTIC: [u8; 32] = [0; 32];
const EMPTY_CONTEXT: &[u8] = &[];

/// A public key. Every string of the right length is one.
#[derive(Clone)]
pub struct PublicKey(Box<MLDSA65VerificationKey>);

impl PublicKey {
    /// Takes a public key from outside. [`CryptoError::InvalidKey`] unless it has 1952 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let bytes: [u8; PUBLIC_KEY_LENGTH] = bytes.try_into().map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self(Box::new(MLDSA65VerificationKey::new(bytes))))
    }

    /// The 1952 bytes.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LENGTH] {
        MLDSA65VerificationKey::as_ref(&self.0)
    }

    pub(super) fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        self.verify_in_context(EMPTY_CONTEXT, message, signature)
    }

    pub(super) fn verify_in_context(
        &self,
        context: &[u8],
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), CryptoError> {
        ml_dsa_65::verify(&self.0, message, context, &signature.0).map_err(|_| CryptoError::InvalidSignature)
    }
}

/// A signature: 3309 bytes, not yet judged.
#[derive(Clone)]
pub struct Signature(Box<MLDSA65Signature>);

impl Signature {
    /// Takes a signature from outside. [`CryptoError::InvalidLength`] unless it has 3309 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let bytes: [u8; SIGNATURE_LENGTH] = bytes.try_into().map_err(|_| CryptoError::InvalidLength)?;
        Ok(Self(Box::new(MLDSA65Signature::new(bytes))))
    }

    /// The 3309 bytes.
    pub fn as_bytes(&self) -> &[u8; SIGNATURE_LENGTH] {
        MLDSA65Signature::as_ref(&self.0)
    }
}

/// A private key, expanded from its seed.
pub struct SecretKey {
    expanded: Box<MLDSA65SigningKey>,
    public: PublicKey,
}

impl SecretKey {
    /// The key of this seed (FIPS 204 algorithm 6).
    pub fn from_seed(seed: &Secret<SEED_LENGTH>) -> Self {
        let mut pair = ml_dsa_65::generate_key_pair(*seed.expose());
        let expanded = Box::new(pair.signing_key.clone());
        pair.signing_key.as_mut_slice().zeroize();
        Self { expanded, public: PublicKey(Box::new(pair.verification_key)) }
    }

    /// The public key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn sign_raw(&self, message: &[u8]) -> Signature {
        let signature = ml_dsa_65::sign(&self.expanded, message, EMPTY_CONTEXT, DETERMINISTIC);
        // Fails only for contexts over 255 bytes, or if 814 rejections follow each other (below 2^-256). An all-zero
        // signature verifies nowhere, so the impossible case is refused by every verifier instead of panicking here.
        debug_assert!(signature.is_ok(), "signing with an empty context cannot fail");
        Signature(Box::new(signature.unwrap_or_else(|_| MLDSA65Signature::zero())))
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.expanded.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for SecretKey {}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("mldsa::SecretKey(..)")
    }
}

by_bytes!(PublicKey);
by_bytes!(Signature);
