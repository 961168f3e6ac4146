//! Headers, sealed under keys of their chain. `docs/PROTOCOL.md` §6.2, §6.3.

use subtle::ConstantTimeEq as _;

use super::RatchetError;
use super::chain::MESSAGES;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::kdf::Mac;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, kdf, label, mask, mlkem, x25519};

/// What the messages of one chain begin with. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 8]);

/// Bytes of tag and header keys together.
pub(super) const KEYS_LENGTH: usize = 72;
/// Bytes of a header without ciphertext.
const PLAIN: usize = 48;
/// Bytes of hm.
pub(super) const MAC_LENGTH: usize = 8;
/// Bytes of a salt.
pub(super) const SALT_LENGTH: usize = 16;

/// The tag of a chain, and the keys that hide and authenticate its headers.
/// In a box, because lists of chains grow and shrink, and what is moved leaves its bytes behind.
pub(super) struct HeaderKeys(Box<Secret<KEYS_LENGTH>>);

/// What the header of a message says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) ratchet_key: x25519::PublicKey,
    pub(super) number: u32,
    /// pn.
    pub(super) previous: u32,
    pub(super) epoch: u32,
    /// ct3, in the responder's first chain.
    pub(super) answer: Option<mlkem::Ciphertext>,
}

/// Bytes of the headers of a chain; `answers` if it is the responder's first.
pub(super) const fn length(answers: bool) -> usize {
    if answers { PLAIN + mlkem::CIPHERTEXT_LENGTH } else { PLAIN }
}

impl HeaderKeys {
    /// Those of a chain with this header key.
    pub(super) fn of(header_key: &Secret<32>) -> Self {
        Self::from_secret(kdf::expand(header_key, label::expand::HEADER_KEYS, &[]))
    }

    pub(super) fn from_secret(keys: Secret<KEYS_LENGTH>) -> Self {
        Self(Box::new(keys))
    }

    pub(super) fn expose(&self) -> &[u8; KEYS_LENGTH] {
        self.0.expose()
    }

    pub(super) fn duplicate(&self) -> Self {
        Self::from_secret(self.0.duplicate())
    }

    pub(super) fn tag(&self) -> Tag {
        Tag(*self.0.piece::<0, 8>().expose())
    }

    /// Masks or unmasks a header.
    pub(super) fn mask(&self, salt: &[u8; SALT_LENGTH], header: &mut [u8]) {
        let nonce = salt.first_chunk().unwrap_or(&[0; 12]);
        mask::apply(&self.0.piece::<8, 32>(), nonce, header);
    }

    /// hm of a masked header.
    pub(super) fn mac(&self, salt: &[u8; SALT_LENGTH], masked: &[u8]) -> [u8; MAC_LENGTH] {
        *Mac::new(&self.0.piece::<40, 32>()).array(salt).last(masked).piece::<0, MAC_LENGTH>().expose()
    }

    /// [`CryptoError::Unauthentic`] unless hm is right.
    pub(super) fn verify(
        &self,
        salt: &[u8; SALT_LENGTH],
        masked: &[u8],
        mac: [u8; MAC_LENGTH],
    ) -> Result<(), CryptoError> {
        let is_right = self.mac(salt, masked).ct_eq(&mac);
        if is_right.into() { Ok(()) } else { Err(CryptoError::Unauthentic) }
    }
}

impl Header {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let answer = self.answer.as_ref().map_or(&[][..], |answer| answer.as_bytes());
        Input::with_capacity(length(self.answer.is_some()))
            .u8(0)
            .array(self.ratchet_key.as_bytes())
            .u32(self.number)
            .u32(self.previous)
            .u32(self.epoch)
            .array(&[0; 3])
            .last(answer)
    }

    /// Reads a header of [`length`] bytes. [`RatchetError::BadHeader`], or [`CryptoError::InvalidKey`].
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, RatchetError> {
        let mut rest = bytes;
        let [first] = take(&mut rest)?;
        let ratchet_key: [u8; 32] = take(&mut rest)?;
        let number = u32::from_be_bytes(take(&mut rest)?);
        let previous = u32::from_be_bytes(take(&mut rest)?);
        let epoch = u32::from_be_bytes(take(&mut rest)?);
        let last: [u8; 3] = take(&mut rest)?;
        if first != 0 || last != [0; 3] || number >= MESSAGES || previous > MESSAGES {
            return Err(RatchetError::BadHeader);
        }
        let ratchet_key = x25519::PublicKey::from_bytes(&ratchet_key)?;
        let answer = if rest.is_empty() { None } else { Some(mlkem::Ciphertext::from_bytes(rest)?) };
        Ok(Self { ratchet_key, number, previous, epoch, answer })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], RatchetError> {
    let (taken, after) = rest.split_first_chunk().ok_or(RatchetError::BadHeader)?;
    *rest = after;
    Ok(*taken)
}

impl core::fmt::Debug for Tag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
