//! Why a content is refused, or an act not carried out. `docs/PROTOCOL.md` §10 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::wire::{DecodeError, EncodeError};

/// Why a content is refused, or a call not carried out. Nothing has changed, and nothing is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentError {
    /// Bytes that are no content.
    Decode(DecodeError),
    /// A value of the caller's that no recipient would take.
    Encode(EncodeError),
    /// The source of randomness, or an attachment.
    Crypto(CryptoError),
    /// By a device that the own account does not list.
    UnlistedDevice,
    /// Of a conversation that the accounts of the session do not have.
    ForeignConversation,
    /// For devices of one account, by another account.
    ForeignSync,
    /// Anything but what a conversation shows, from a session that is not proven to be its device's.
    Unproven,
    /// The body is not of its kind; why, is for the developer.
    BadContent(DecodeError),
    /// The state of consent does not permit the kind.
    NotPermitted,
    /// By an own device whose clock, or what it says of it, is too far ahead.
    InTheFuture,
    /// The padding of an attachment is not zero.
    BadPadding,
    /// An act that the state of consent does not have.
    NotPossible,
}

impl Blame for ContentError {
    fn fault(&self) -> Fault {
        match self {
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
            Self::NotPossible => Fault::Caller,
            _ => Fault::Peer,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.class(),
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
            Self::UnlistedDevice => "unlisted-device",
            Self::ForeignConversation => "foreign-conversation",
            Self::ForeignSync => "foreign-sync",
            Self::Unproven => "unproven",
            Self::BadContent(_) => "bad-content",
            Self::NotPermitted => "not-permitted",
            Self::InTheFuture => "in-the-future",
            Self::BadPadding => "bad-padding",
            Self::NotPossible => "not-possible",
        }
    }
}

impl From<DecodeError> for ContentError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for ContentError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<CryptoError> for ContentError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for ContentError {}
