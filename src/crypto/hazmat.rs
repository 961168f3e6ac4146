//! The primitives without their guard rails, for published test vectors and benchmarks only.
//!
//! Here keys and salts have any length, nonces are chosen by the caller and nothing is labelled. The code is the one that
//! the safe types use. `tests/architecture.rs` refuses any use of this module in the library.

use super::secret::Secret;
use super::{CryptoError, aead, ed25519, kdf, mldsa, mlkem, x25519};

/// HMAC-SHA-256 under a key of any length.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    use hmac::Mac as _;
    kdf::keyed(key).chain_update(message).finalize().into_bytes().into()
}

/// HKDF-SHA-256 extract with a salt of any length.
pub fn hkdf_extract(salt: &[u8], ikm: &[u8]) -> Secret<32> {
    kdf::raw_extract(salt, core::iter::once(ikm))
}

/// HKDF-SHA-256 expand. [`CryptoError::TooLong`] if `out` has more than 8160 bytes, [`CryptoError::InvalidLength`] if `prk`
/// has fewer than 32.
pub fn hkdf_expand(prk: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    kdf::raw_expand(prk, info, out)
}

/// ChaCha20-Poly1305 under any nonce.
pub fn chacha20poly1305_seal(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    aead::raw_seal(key, nonce, aad, plaintext, &mut out)?;
    Ok(out)
}

/// Opens what [`chacha20poly1305_seal`] sealed, or [`CryptoError::Unauthentic`].
pub fn chacha20poly1305_open(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    aead::raw_open(key, nonce, aad, sealed)
}

/// XChaCha20-Poly1305 under any nonce.
pub fn xchacha20poly1305_seal(
    key: &[u8; 32],
    nonce: &[u8; 24],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    aead::raw_seal_extended(key, nonce, aad, plaintext, &mut out)?;
    Ok(out)
}

/// Opens what [`xchacha20poly1305_seal`] sealed, or [`CryptoError::Unauthentic`].
pub fn xchacha20poly1305_open(
    key: &[u8; 32],
    nonce: &[u8; 24],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    aead::raw_open_extended(key, nonce, aad, sealed)
}

/// X25519 with a public key that was not checked at parsing; the check of the result remains.
pub fn x25519(secret: &[u8; 32], public: &[u8; 32]) -> Result<Secret<32>, CryptoError> {
    x25519::multiply(&Secret::new(*secret), *public)
}

/// An Ed25519 signature without label.
pub fn ed25519_sign(key: &ed25519::SecretKey, message: &[u8]) -> ed25519::Signature {
    key.sign_raw(message)
}

/// Verifies an Ed25519 signature without label.
pub fn ed25519_verify(
    key: &ed25519::PublicKey,
    message: &[u8],
    signature: &ed25519::Signature,
) -> Result<(), CryptoError> {
    key.verify_raw(message, signature)
}

/// An ML-DSA-65 signature without label.
pub fn ml_dsa_sign(key: &mldsa::SecretKey, message: &[u8]) -> mldsa::Signature {
    key.sign_raw(message)
}

/// Verifies an ML-DSA-65 signature without label, in any context of at most 255 bytes.
pub fn ml_dsa_verify(
    key: &mldsa::PublicKey,
    context: &[u8],
    message: &[u8],
    signature: &mldsa::Signature,
) -> Result<(), CryptoError> {
    key.verify_in_context(context, message, signature)
}

/// The expanded ML-KEM-768 private key, 2400 bytes (FIPS 203 algorithm 16).
pub fn ml_kem_expanded(key: &mlkem::DecapsulationKey) -> &[u8; 2400] {
    key.expanded()
}

/// Imports an expanded ML-KEM-768 private key with the checks of FIPS 203 §7.3, or [`CryptoError::InvalidKey`].
pub fn ml_kem_from_expanded(bytes: &[u8]) -> Result<mlkem::DecapsulationKey, CryptoError> {
    mlkem::DecapsulationKey::from_expanded(bytes)
}
