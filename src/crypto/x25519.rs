//! X25519 (RFC 7748) with checked keys. `docs/PROTOCOL.md` §2.3.

use curve25519_dalek::montgomery::MontgomeryPoint;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize as _;

use super::CryptoError;
use super::field;
use super::random;
use super::secret::Secret;

/// Bytes of a public key, a private key and a shared secret.
pub const LENGTH: usize = 32;

/// A public key that is canonical and not of low order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; LENGTH]);

impl PublicKey {
    /// Checks and takes a public key from outside. [`CryptoError::InvalidKey`] if it has the wrong length, is not
    /// canonical or is a point of low order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let key: [u8; LENGTH] = bytes.try_into().map_err(|_| CryptoError::InvalidKey)?;
        if field::is_canonical(&key) && !LOW_ORDER.contains(&key) {
            Ok(Self(key))
        } else {
            Err(CryptoError::InvalidKey)
        }
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// A private key, 32 bytes, clamped when used.
pub struct SecretKey(Secret<LENGTH>);

impl SecretKey {
    /// A new key; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        random::draw(rng).map(|bytes| Self::from_secret(&bytes))
    }

    /// The key with these private bytes.
    pub const fn from_secret(bytes: &Secret<LENGTH>) -> Self {
        Self(bytes.duplicate())
    }

    /// The private bytes, for storing.
    pub const fn to_secret(&self) -> Secret<LENGTH> {
        self.0.duplicate()
    }

    /// Computes the public key. It is not cached: keep the result where it is needed often.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(MontgomeryPoint::mul_base_clamped(*self.0.expose()).to_bytes())
    }

    /// The shared secret with `theirs`. [`CryptoError::InvalidKey`] if it is all zero, which a checked key cannot cause.
    pub fn diffie_hellman(&self, theirs: &PublicKey) -> Result<Secret<LENGTH>, CryptoError> {
        multiply(&self.0, theirs.0)
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("x25519::SecretKey(..)")
    }
}

/// The function X25519 of RFC 7748 §5, refusing zero.
///
/// A point that is on the curve is multiplied in its Edwards form, for which there is vector code. A point on the twist, which no
/// honest key is, takes the ladder. Which of them it is depends on the public key alone.
pub(super) fn multiply(secret: &Secret<LENGTH>, public: [u8; LENGTH]) -> Result<Secret<LENGTH>, CryptoError> {
    let point = MontgomeryPoint(public);
    let mut shared = match point.to_edwards(0) {
        Some(point) => {
            let mut product = point.mul_clamped(*secret.expose());
            let shared = product.to_montgomery();
            product.zeroize();
            shared
        }
        None => point.mul_clamped(*secret.expose()),
    };
    let result = Secret::new(shared.to_bytes());
    shared.zeroize();
    let is_zero = result.ct_eq(&Secret::new([0; LENGTH]));
    if is_zero.into() { Err(CryptoError::InvalidKey) } else { Ok(result) }
}

/// The canonical encodings of u-coordinates whose order divides 8, on the curve or its twist: 0, 1, p - 1 and the two of order 8.
const LOW_ORDER: [[u8; LENGTH]; 5] = [
    [0; LENGTH],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];
