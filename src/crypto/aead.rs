//! ChaCha20-Poly1305 (RFC 8439) under keys that are used once. `docs/PROTOCOL.md` §2.7.

use chacha20poly1305::aead::{AeadInOut, Nonce};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, XChaCha20Poly1305};

use super::CryptoError;
use super::secret::Secret;

/// Bytes by which a ciphertext is longer than its plaintext.
pub const TAG_LENGTH: usize = 16;
/// The most plaintext that one call seals: 1 GiB. RFC 8439 would permit 256 GiB.
pub const MAX_PLAINTEXT: usize = 1 << 30;

/// A key that seals or opens one message, with the all-zero nonce. Its use consumes it.
#[derive(Debug)]
pub struct OneTimeKey(Secret<32>);

impl OneTimeKey {
    /// A key from a fresh secret. The same secret must not make a second key that seals.
    pub const fn new(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// Seals `plaintext`. [`CryptoError::TooLong`] above [`MAX_PLAINTEXT`].
    pub fn seal(self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut out = Vec::with_capacity(plaintext.len().saturating_add(TAG_LENGTH));
        self.seal_onto(aad, plaintext, &mut out)?;
        Ok(out)
    }

    /// Seals `plaintext` and appends the ciphertext to `out`, which is unchanged on error.
    pub fn seal_onto(self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        raw_seal(self.0.expose(), &[0; 12], aad, plaintext, out)
    }

    /// Opens `ciphertext`. [`CryptoError::Unauthentic`] if it is too short or its tag is wrong.
    pub fn open(self, aad: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        raw_open(self.0.expose(), &[0; 12], aad, ciphertext)
    }
}

/// [`CryptoError::TooLong`] if nothing here would seal so much. Callers check before they draw or compute.
pub(super) const fn check_length(plaintext: &[u8]) -> Result<(), CryptoError> {
    if plaintext.len() > MAX_PLAINTEXT { Err(CryptoError::TooLong) } else { Ok(()) }
}

pub(super) fn raw_seal(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    seal_with(&ChaCha20Poly1305::new(key.into()), nonce.into(), aad, plaintext, out)
}

pub(super) fn raw_open(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    raw_open_onto(key, nonce, aad, sealed, &mut out)?;
    Ok(out)
}

/// Appends what it opens to `out`, which is unchanged on error.
pub(super) fn raw_open_onto(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    open_with(&ChaCha20Poly1305::new(key.into()), nonce.into(), aad, sealed, out)
}

pub(super) fn raw_seal_extended(
    key: &[u8; 32],
    nonce: &[u8; 24],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    seal_with(&XChaCha20Poly1305::new(key.into()), nonce.into(), aad, plaintext, out)
}

pub(super) fn raw_open_extended(
    key: &[u8; 32],
    nonce: &[u8; 24],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    open_with(&XChaCha20Poly1305::new(key.into()), nonce.into(), aad, sealed, &mut out)?;
    Ok(out)
}

fn seal_with<A: AeadInOut>(
    cipher: &A,
    nonce: &Nonce<A>,
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    check_length(plaintext)?;
    out.reserve(plaintext.len().saturating_add(TAG_LENGTH));
    let start = out.len();
    out.extend_from_slice(plaintext);
    let (_, body) = out.split_at_mut(start);
    let tag = cipher.encrypt_inout_detached(nonce, aad, body.into());
    if let Ok(tag) = &tag {
        out.extend_from_slice(tag);
    } else {
        out.truncate(start);
    }
    tag.map(|_| ()).map_err(|_| CryptoError::TooLong)
}

/// The cipher checks the tag before it decrypts, and on failure what was appended is dropped: nothing unauthenticated gets out.
fn open_with<A: AeadInOut>(
    cipher: &A,
    nonce: &Nonce<A>,
    aad: &[u8],
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    let (body, tag) = sealed.split_last_chunk::<TAG_LENGTH>().ok_or(CryptoError::Unauthentic)?;
    let tag = tag.as_slice().try_into().map_err(|_| CryptoError::Unauthentic)?;
    let start = out.len();
    out.extend_from_slice(body);
    let (_, buffer) = out.split_at_mut(start);
    let opened = cipher.decrypt_inout_detached(nonce, aad, buffer.into(), tag);
    if opened.is_err() {
        out.truncate(start);
    }
    opened.map_err(|_| CryptoError::Unauthentic)
}
