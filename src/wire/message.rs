//! Between bytes and domain types.

use prost::Message as _;
use prost::bytes::Bytes;
use zeroize::Zeroizing;

use super::error::{DecodeError, EncodeError, Rule};
use super::scan::scan;
use super::schema::Described;
use crate::crypto::hash::Hash;
use crate::crypto::secret::{Secret, SecretBytes, erase};

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

    /// Decodes what this device has encoded, and authenticated since: [`Wire::decode`] without encoding it again, which is for bytes of others.
    fn decode_kept(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }

    /// Encodes the value behind a first byte, to be kept. [`EncodeError`] if [`Wire::decode_kept`] would not take it.
    fn encode_kept(&self, first: u8) -> Result<SecretBytes, EncodeError> {
        let body = SecretBytes::from(self.encode()?);
        Self::decode_kept(&body).map_err(EncodeError)?;
        let mut bytes = SecretBytes::with_capacity(body.len().saturating_add(1));
        bytes.push(first);
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }
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
        // The scan leaves one encoding per value. Should it ever have a gap, this second lock closes it.
        let proto = decode_proto::<T::Proto>(bytes).map_err(|_| whole::<T>(Rule::NotCanonical))?;
        let mut again = proto.encode_to_vec();
        let same = again == bytes;
        if T::Proto::SCHEMA.secret {
            erase(&mut again);
        }
        if !same {
            return Err(whole::<T>(Rule::NotCanonical));
        }
        T::from_proto(proto).map_err(whole::<T>)
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Zeroizing::new(self.to_proto().encode_to_vec());
        scan(T::Proto::SCHEMA, &bytes).map_err(EncodeError)?;
        Ok(core::mem::take(&mut *bytes))
    }

    fn decode_kept(bytes: &[u8]) -> Result<Self, DecodeError> {
        scan(T::Proto::SCHEMA, bytes)?;
        let proto = T::Proto::decode(shared(bytes)).map_err(|_| whole::<T>(Rule::NotCanonical))?;
        T::from_proto(proto).map_err(whole::<T>)
    }

    /// The struct that was encoded is what decoding would give: its rules are asked without decoding.
    fn encode_kept(&self, first: u8) -> Result<SecretBytes, EncodeError> {
        let proto = self.to_proto();
        let mut bytes = SecretBytes::with_capacity(proto.encoded_len().saturating_add(1));
        bytes.push(first);
        let written = proto.encode(&mut *bytes);
        written.map_err(|_| EncodeError(whole::<T>(Rule::TooLarge)))?;
        scan(T::Proto::SCHEMA, bytes.get(1..).unwrap_or_default()).map_err(EncodeError)?;
        T::from_proto(proto).map_err(|rule| EncodeError(whole::<T>(rule)))?;
        Ok(bytes)
    }
}

/// A rule that the message breaks as a whole.
const fn whole<T: Message>(rule: Rule) -> DecodeError {
    DecodeError { rule, message: T::NAME, field: 0 }
}

/// Encodes a statement that is about to be signed. [`EncodeError`] also if it breaks a rule of its own, such as a validity that is
/// too long, so that nobody signs what nobody takes.
pub(crate) fn encode_to_sign<T: Message>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let bytes = value.encode()?;
    T::decode(&bytes).map_err(EncodeError)?;
    Ok(bytes)
}

fn decode_proto<P: prost::Message + Default + Described>(bytes: &[u8]) -> Result<P, prost::DecodeError> {
    if P::SCHEMA.secret { P::decode(shared(bytes)) } else { P::decode(bytes) }
}

/// Bytes to decode a secret from. prost copies a field of bytes twice; from these the first copy is a reference to one that all fields share,
/// and that erases itself (attack C-16).
fn shared(bytes: &[u8]) -> Bytes {
    Bytes::from_owner(SecretBytes::from(bytes))
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
    erase(&mut bytes);
    secret
}
