//! A message on the wire: tag, salt, sealed header, sealed body. `docs/PROTOCOL.md` §6.2, §6.3.

use super::RatchetError;
use super::body;
use super::chain::MessageKey;
use super::header::{Header, HeaderKeys, MAC_LENGTH, SALT_LENGTH, Tag, length};
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::aead::{OneTimeKey, TAG_LENGTH};
use crate::crypto::hash::Hash;
use crate::crypto::kdf::Mac;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, kdf, label};

/// Bytes of tag, salt, hm and the body's tag: by so much a message is longer than header and body.
const AROUND: usize = 8 + SALT_LENGTH + MAC_LENGTH + TAG_LENGTH;

/// A message that is taken apart, and of which nothing is authentic yet.
#[derive(Debug)]
pub(super) struct Envelope<'m> {
    pub(super) tag: Tag,
    salt: [u8; SALT_LENGTH],
    masked: &'m [u8],
    mac: [u8; MAC_LENGTH],
    /// All of the above, as it was sent.
    clear: &'m [u8],
    sealed: &'m [u8],
}

impl MessageKey {
    pub(super) fn salt(&self, random: &Secret<32>, padded: &[u8]) -> [u8; SALT_LENGTH] {
        let mac = Mac::new(&self.0).u8(3).array(random.expose()).array(Hash::of(padded).as_bytes());
        *mac.finish().piece::<0, SALT_LENGTH>().expose()
    }

    /// ke.
    pub(super) fn sealing(&self, salt: &[u8; SALT_LENGTH]) -> Secret<32> {
        kdf::expand(&self.0, label::expand::MESSAGE, salt)
    }
}

/// Seals `padded` as the message that `header` describes.
pub(super) fn seal(
    keys: &HeaderKeys,
    header: &Header,
    (key, random): (&MessageKey, &Secret<32>),
    bound: &Hash,
    padded: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal_raw(keys, header.to_bytes(), (key, random), bound, padded)
}

pub(super) fn seal_raw(
    keys: &HeaderKeys,
    header: Vec<u8>,
    (key, random): (&MessageKey, &Secret<32>),
    bound: &Hash,
    padded: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let salt = key.salt(random, padded);
    let mut masked = header;
    keys.mask(&salt, &mut masked);
    let capacity = AROUND.saturating_add(masked.len()).saturating_add(padded.len());
    let mut message = Input::with_capacity(capacity).array(&keys.tag().0).array(&salt).last(&masked);
    message.extend_from_slice(&keys.mac(&salt, &masked));
    let aad = associated_data(bound, &message);
    OneTimeKey::new(key.sealing(&salt)).seal_onto(&aad, padded, &mut message)?;
    Ok(message)
}

/// The tag of a message. [`CryptoError::Truncated`] if it is too short to have one.
pub(super) fn tag(message: &[u8]) -> Result<Tag, CryptoError> {
    message.first_chunk().map(|tag| Tag(*tag)).ok_or(CryptoError::Truncated)
}

impl<'m> Envelope<'m> {
    /// Takes a message of a chain apart; `answers` if the chain is the responder's first. [`RatchetError::BadLength`] if none of
    /// its messages has this length.
    pub(super) fn split(message: &'m [u8], answers: bool) -> Result<Self, RatchetError> {
        let header = length(answers);
        let padded = message.len().checked_sub(AROUND).and_then(|rest| rest.checked_sub(header));
        if !padded.is_some_and(body::is_bucket) {
            return Err(RatchetError::BadLength);
        }
        Self::parts(message, header).ok_or(RatchetError::BadLength)
    }

    fn parts(message: &'m [u8], header: usize) -> Option<Self> {
        let (tag, rest) = message.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (masked, rest) = rest.split_at_checked(header)?;
        let (mac, sealed) = rest.split_first_chunk()?;
        let clear = message.get(..message.len().checked_sub(sealed.len())?)?;
        Some(Self { tag: Tag(*tag), salt: *salt, masked, mac: *mac, clear, sealed })
    }

    /// Verifies hm, and only then unmasks the header.
    pub(super) fn header(&self, keys: &HeaderKeys) -> Result<Header, RatchetError> {
        keys.verify(&self.salt, self.masked, self.mac)?;
        let mut header = self.masked.to_vec();
        keys.mask(&self.salt, &mut header);
        Header::from_bytes(&header)
    }

    /// Opens the body. [`CryptoError::Unauthentic`] if anything of the message was changed.
    pub(super) fn open(&self, key: &MessageKey, bound: &Hash) -> Result<Vec<u8>, CryptoError> {
        let aad = associated_data(bound, self.clear);
        OneTimeKey::new(key.sealing(&self.salt)).open(&aad, self.sealed)
    }
}

/// AD(direction) ‖ tag ‖ salt ‖ eh ‖ hm.
fn associated_data(bound: &Hash, clear: &[u8]) -> Vec<u8> {
    Input::with_capacity(clear.len().saturating_add(32)).array(bound.as_bytes()).last(clear)
}
