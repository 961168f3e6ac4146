//! The two keys that a blob and an attachment expand from K. `docs/PROTOCOL.md` §2.9.

use subtle::ConstantTimeEq as _;

use super::kdf::Prk;
use super::secret::Secret;
use super::{CryptoError, label};

/// Bytes of a commitment.
pub(super) const LENGTH: usize = 32;

/// What a key is used for. Not transmitted: an opener knows what it was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BodyType {
    /// A message body shared by several devices.
    SharedBody,
    /// An attachment.
    Attachment,
}

impl BodyType {
    const fn number(self) -> u8 {
        match self {
            Self::SharedBody => 1,
            Self::Attachment => 2,
        }
    }
}

/// A public commitment to K and the key that encrypts. Poly1305 alone does not commit: without the former, one
/// ciphertext could open to two plaintexts under two keys (attack G-12).
#[derive(Debug)]
pub(super) struct CommittedKey {
    pub(super) commitment: [u8; LENGTH],
    pub(super) content: Secret<32>,
}

impl CommittedKey {
    pub(super) fn new(key: &Secret<32>, body_type: BodyType) -> Self {
        let (prk, info) = (Prk::new(key), [body_type.number()]);
        Self {
            commitment: *prk.expand(label::expand::COMMIT, &info).expose(),
            content: prk.expand(label::expand::SEAL, &info),
        }
    }

    /// [`CryptoError::Unauthentic`] unless `received` is the commitment to this key.
    pub(super) fn check(&self, received: &[u8; LENGTH]) -> Result<(), CryptoError> {
        if bool::from(self.commitment.ct_eq(received)) { Ok(()) } else { Err(CryptoError::Unauthentic) }
    }
}
