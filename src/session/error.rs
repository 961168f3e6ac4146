//! Why a message is refused, or nothing sealed. `docs/PROTOCOL.md` §9 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::handshake::HandshakeError;
use crate::identity::IdentityError;
use crate::ratchet::RatchetError;
use crate::storage::StorageError;
use crate::wire::{DecodeError, EncodeError};

/// Why a message is refused, or a call not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionError {
    /// Bytes that are not the message which they should be.
    Decode(DecodeError),
    /// A value of the caller's exceeds the limits of its message.
    Encode(EncodeError),
    /// A key, a tag, too much content, or the source of randomness.
    Crypto(CryptoError),
    /// The account of the other side.
    Identity(IdentityError),
    /// The handshake.
    Handshake(HandshakeError),
    /// The message, or sealing one.
    Ratchet(RatchetError),
    /// The store, or what it holds.
    Storage(StorageError),
    /// A shared body that is not padded as it should be.
    BadMessage,
    /// A shared body of somebody else.
    ForeignSender,
    /// A device that its account does not list.
    NotListed,
    /// The first message of an unknown account that does not say who it is, or whose blob is missing.
    NoIntroduction,
    /// A handshake that came, or is to be begun, too soon after another.
    TooSoon,
    /// No session with this device: prekeys have to be claimed.
    NoSession,
    /// A newer manifest was mentioned: it has to be fetched before anything is sealed for this account.
    Refetch,
}

impl Blame for SessionError {
    fn fault(&self) -> Fault {
        match self {
            Self::Decode(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
            Self::Identity(error) => error.fault(),
            Self::Handshake(error) => error.fault(),
            Self::Ratchet(error) => error.fault(),
            Self::Storage(error) => error.fault(),
            Self::BadMessage
            | Self::ForeignSender
            | Self::NotListed
            | Self::NoIntroduction
            | Self::TooSoon => Fault::Peer,
            Self::NoSession | Self::Refetch => Fault::Caller,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.class(),
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
            Self::Identity(error) => error.class(),
            Self::Handshake(error) => error.class(),
            Self::Ratchet(error) => error.class(),
            Self::Storage(error) => error.class(),
            Self::BadMessage => "bad-message",
            Self::ForeignSender => "foreign-sender",
            Self::NotListed => "not-listed",
            Self::NoIntroduction => "no-introduction",
            Self::TooSoon => "too-soon",
            Self::NoSession => "no-session",
            Self::Refetch => "refetch",
        }
    }
}

macro_rules! from {
    ($($error:ident => $variant:ident),+) => {$(
        impl From<$error> for SessionError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )+};
}

from!(
    DecodeError => Decode,
    EncodeError => Encode,
    CryptoError => Crypto,
    IdentityError => Identity,
    HandshakeError => Handshake,
    RatchetError => Ratchet,
    StorageError => Storage
);

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for SessionError {}
