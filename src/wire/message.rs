//! Between bytes and domain types.

use prost::Message as _;
use prost::bytes::{Buf, Bytes};
use zeroize::{Zeroize as _, Zeroizing};

use super::error::{DecodeError, EncodeError, Rule};
use super::scan::scan;
use super::schema::Described;
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;

/// A type that travels. There is exactly one encoding of each value.
pub trait Wire: Sized {
    /// The name of the message in the `.proto` files.
    const NAME: &'static str;
    /// The largest encoding in bytes.
    const MAX_BYTES: usize;

    /// Decodes a message from outside. Work and memory are linear in its length and bounded by the limits of its type.
    /// [`DecodeError`] names the first rule of `docs/PROTOCOL.md` §3.2 that the bytes break.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;

    /// Encodes the value. [`EncodeError`] if it exceeds a limit of its type, so that no receiver would take it.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;
}

/// The conversion between a domain type and its generated struct: all that a message has to implement.
pub(crate) trait Message: Sized {
    /// The generated struct. The strict check has seen all limits, so required fields are there.
    type Proto: prost::Message + Default + Described;

    /// Checks what the schema cannot say.
    fn from_proto(proto: Self::Proto) -> Result<Self, Rule>;

    /// Copies the value.
    fn to_proto(&self) -> Self::Proto;
}

impl<T: Message> Wire for T {
    const NAME: &'static str = T::Proto::SCHEMA.name;
    const MAX_BYTES: usize = T::Proto::SCHEMA.max_bytes;

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        scan(T::Proto::SCHEMA, bytes)?;
        let whole = |rule| DecodeError { rule, message: Self::NAME, field: 0 };
        // The scan leaves one encoding per value. Should it ever have a gap, this second lock closes it.
        let proto = decode_proto::<T::Proto>(bytes).map_err(|_| whole(Rule::NotCanonical))?;
        let mut again = proto.encode_to_vec();
        let same = again == bytes;
        if T::Proto::SCHEMA.secret {
            again.zeroize();
        }
        if !same {
            return Err(whole(Rule::NotCanonical));
        }
        T::from_proto(proto).map_err(whole)
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Zeroizing::new(self.to_proto().encode_to_vec());
        scan(T::Proto::SCHEMA, &bytes).map_err(EncodeError)?;
        Ok(core::mem::take(&mut *bytes))
    }
}

/// Encodes a statement that is about to be signed. [`EncodeError`] also if it breaks a rule of its own, such as a validity that is
/// too long, so that nobody signs what nobody takes.
pub(crate) fn encode_to_sign<T: Message>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let bytes = value.encode()?;
    T::decode(&bytes).map_err(EncodeError)?;
    Ok(bytes)
}

fn decode_proto<P: prost::Message + Default + Described>(bytes: &[u8]) -> Result<P, prost::DecodeError> {
    if P::SCHEMA.secret { P::decode(Erasing(bytes)) } else { P::decode(bytes) }
}

/// Bytes to decode a secret from. prost copies a field of bytes twice; the copy in between erases itself (attack C-16).
struct Erasing<'a>(&'a [u8]);

impl Buf for Erasing<'_> {
    fn remaining(&self) -> usize {
        self.0.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.0
    }

    fn advance(&mut self, count: usize) {
        self.0.advance(count);
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        Bytes::from_owner(Zeroizing::new(taken.to_vec()))
    }
}

/// A required field. The scan has checked that it is there.
pub(crate) fn required<T>(field: Option<T>) -> Result<T, Rule> {
    field.ok_or(Rule::Missing)
}

/// A required field of exactly `N` bytes.
pub(crate) fn required_array<const N: usize>(field: Option<Vec<u8>>) -> Result<[u8; N], Rule> {
    required(field)?.try_into().map_err(|_| Rule::BadLength)
}

/// Repeated fields of 32 bytes.
pub(crate) fn hashes(fields: Vec<Vec<u8>>) -> Result<Vec<Hash>, Rule> {
    fields.into_iter().map(|field| required_array(Some(field)).map(Hash::from_bytes)).collect()
}

/// A required secret of exactly `N` bytes; the field is erased.
pub(crate) fn required_secret<const N: usize>(field: &mut Option<Vec<u8>>) -> Result<Secret<N>, Rule> {
    let mut bytes = required(field.take())?;
    let secret = bytes.as_slice().try_into().map(Secret::new).map_err(|_| Rule::BadLength);
    bytes.zeroize();
    secret
}
