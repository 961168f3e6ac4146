//! HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256 (RFC 2104). `docs/PROTOCOL.md` §1.
//!
//! Keys and salts have exactly 32 bytes: HMAC pads shorter keys with zeros, so keys of several lengths would not all
//! be different keys (attack C-20).

use core::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use super::CryptoError;
use super::absorb::Absorb;
use super::label::{ExpandLabel, MacLabel};
use super::secret::Secret;

/// `X(salt, ikm)`: HKDF-Extract of the concatenation of secrets, which all have one length, so that it is unambiguous.
pub fn extract(salt: &[u8; 32], ikm: &[&Secret<32>]) -> Secret<32> {
    raw_extract(salt, ikm.iter().map(|part| part.expose().as_slice()))
}

/// `P(prk, label ‖ info, N)`: HKDF-Expand to `N` bytes.
///
/// `N` is at most 8160, which is checked when the code is compiled:
///
/// ```compile_fail
/// use sottovoce::crypto::{kdf, label, secret::Secret};
/// let _ = kdf::expand::<8161>(&Secret::new([1; 32]), label::expand::SEAL, b"");
/// ```
pub fn expand<const N: usize>(prk: &Secret<32>, label: ExpandLabel, info: &[u8]) -> Secret<N> {
    Prk::new(prk).expand(label, info)
}

/// A pseudo-random key, prepared for several expansions.
pub(super) struct Prk(Hkdf<Sha256>);

impl Prk {
    #[expect(clippy::expect_used, reason = "a key of 32 bytes is long enough for HKDF-SHA-256")]
    pub(super) fn new(prk: &Secret<32>) -> Self {
        Self(Hkdf::from_prk(prk.expose()).expect("32 bytes"))
    }

    pub(super) fn expand<const N: usize>(&self, label: ExpandLabel, info: &[u8]) -> Secret<N> {
        const { assert!(N <= 255 * 32, "HKDF-SHA-256 expands to at most 255 blocks of 32 bytes") };
        Secret::filled_by(|out| {
            // Cannot fail: the length was checked above.
            let _ = self.0.expand_multi_info(&[label.as_bytes(), info], out);
        })
    }
}

/// An HMAC-SHA-256 computation under a key of 32 bytes: `M(key, …)`.
pub struct Mac(Hmac<Sha256>);

impl Mac {
    /// Starts a MAC under `key`.
    pub fn new(key: &Secret<32>) -> Self {
        Self(keyed(key.expose()))
    }

    /// Starts a MAC under `key` with a label.
    pub fn labelled(key: &Secret<32>, label: MacLabel) -> Self {
        let mut mac = Self::new(key);
        mac.absorb(label.as_bytes());
        mac
    }

    /// A second computation that goes on from here.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Absorb for Mac {
    type Output = Secret<32>;

    fn absorb(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Secret<32> {
        Secret::new(self.0.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

/// HMAC accepts keys of every length; the callers above restrict it to 32 bytes.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC is defined for every key length")]
    Hmac::new_from_slice(key).expect("any key length")
}

pub(super) fn raw_extract<'a>(salt: &[u8], ikm: impl Iterator<Item = &'a [u8]>) -> Secret<32> {
    let mut mac = keyed(salt);
    for part in ikm {
        mac.update(part);
    }
    Secret::new(mac.finalize().into_bytes().into())
}

pub(super) fn raw_expand(prk: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| CryptoError::InvalidLength)?;
    hkdf.expand(info, out).map_err(|_| CryptoError::TooLong)
}
