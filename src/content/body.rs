//! What a content says, by its kind. `docs/PROTOCOL.md` §10.2.

use core::fmt;

use zeroize::Zeroizing;

use super::reaction::{Delete, Reaction};
use super::receipt::Receipt;
use super::state::{Profile, Timer, Typing};
use super::sync::{ContactSync, ReadMarker};
use super::text::{Edit, Text};
use super::{Consent, Kind, TokenGrant};
use crate::wire::message::{Message, encode_to_sign};
use crate::wire::{DecodeError, EncodeError, Wire as _};

/// What a content says.
#[derive(Debug)]
#[non_exhaustive]
pub enum Body {
    /// A message.
    Text(Text),
    /// Other text in place of a message's.
    Edit(Edit),
    /// Withdraws a message.
    Delete(Delete),
    /// An emoji on a message.
    Reaction(Reaction),
    /// Messages were delivered, or read.
    Receipt(Receipt),
    /// How long new messages are to last.
    Timer(Timer),
    /// How the sender wants to be shown.
    Profile(Profile),
    /// By what the sender can be reached from now on.
    Token(TokenGrant),
    /// Asks for contact, grants or ends it.
    Consent(Consent),
    /// Is writing.
    Typing(Typing),
    /// How far another own device has read.
    ReadMarker(ReadMarker),
    /// How it stands with a contact, by another own device.
    Contact(ContactSync),
    /// Of a kind that this release does not know. It encodes to the bytes that came.
    Unsupported(Unsupported),
}

/// A body that this release cannot read.
pub struct Unsupported {
    kind: Kind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Unsupported {
    /// Its kind, whose class says what becomes of it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its bytes, as they came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsupported({}, {} bytes)", self.kind.number(), self.bytes.len())
    }
}

impl Body {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::TEXT,
            Self::Edit(_) => Kind::EDIT,
            Self::Delete(_) => Kind::DELETE,
            Self::Reaction(_) => Kind::REACTION,
            Self::Receipt(_) => Kind::RECEIPT,
            Self::Timer(_) => Kind::TIMER,
            Self::Profile(_) => Kind::PROFILE,
            Self::Token(_) => Kind::TOKEN,
            Self::Consent(_) => Kind::CONSENT,
            Self::Typing(_) => Kind::TYPING,
            Self::ReadMarker(_) => Kind::READ_MARKER,
            Self::Contact(_) => Kind::CONTACT,
            Self::Unsupported(other) => other.kind,
        }
    }

    pub(super) fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            Kind::TEXT => Self::Text(Text::decode(bytes)?),
            Kind::EDIT => Self::Edit(Edit::decode(bytes)?),
            Kind::DELETE => Self::Delete(Delete::decode(bytes)?),
            Kind::REACTION => Self::Reaction(Reaction::decode(bytes)?),
            Kind::RECEIPT => Self::Receipt(Receipt::decode(bytes)?),
            Kind::TIMER => Self::Timer(Timer::decode(bytes)?),
            Kind::PROFILE => Self::Profile(Profile::decode(bytes)?),
            Kind::TOKEN => Self::Token(TokenGrant::decode(bytes)?),
            Kind::CONSENT => Self::Consent(Consent::decode(bytes)?),
            Kind::TYPING => Self::Typing(Typing::decode(bytes)?),
            Kind::READ_MARKER => Self::ReadMarker(ReadMarker::decode(bytes)?),
            Kind::CONTACT => Self::Contact(ContactSync::decode(bytes)?),
            _ => Self::Unsupported(Unsupported { kind, bytes: Zeroizing::new(bytes.to_vec()) }),
        })
    }

    /// The bytes, if a recipient would take them.
    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
        match self {
            Self::Text(body) => checked(body),
            Self::Edit(body) => checked(body),
            Self::Delete(body) => checked(body),
            Self::Reaction(body) => checked(body),
            Self::Receipt(body) => checked(body),
            Self::Timer(body) => checked(body),
            Self::Profile(body) => checked(body),
            Self::Token(body) => checked(body),
            Self::Consent(body) => checked(body),
            Self::Typing(body) => checked(body),
            Self::ReadMarker(body) => checked(body),
            Self::Contact(body) => checked(body),
            Self::Unsupported(other) => Ok(other.bytes.clone()),
        }
    }
}

/// What no recipient would take is not sent, as what nobody takes is not signed.
fn checked<T: Message>(body: &T) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    encode_to_sign(body).map(Zeroizing::new)
}
