//! Why a step cannot go on.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::wire::EncodeError;

/// Why a step cannot read or write. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageError {
    /// A record that is damaged, swapped, or sealed under another key or scope.
    Unreadable,
    /// A record written by a newer release, or by one that is too old.
    UnknownFormat,
    /// More than the [limits](super::limits) of one step.
    TooMuch,
    /// A record under a key of another table.
    Misplaced,
    /// A slot of a record that has been changed since it was read.
    Outdated,
    /// A value that exceeds the limits of its message.
    Encode(EncodeError),
    /// The source of randomness is stuck.
    Crypto(CryptoError),
}

impl Blame for StorageError {
    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable | Self::UnknownFormat => Fault::Store,
            Self::TooMuch | Self::Misplaced | Self::Outdated => Fault::Caller,
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownFormat => "unknown-format",
            Self::TooMuch => "too-much",
            Self::Misplaced => "misplaced",
            Self::Outdated => "outdated",
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("a record in the store is damaged, or not from here"),
            Self::UnknownFormat => f.write_str("a record in the store was written by another release"),
            Self::TooMuch => f.write_str("more than one step may load or write"),
            Self::Misplaced => f.write_str("a record under a key of another table"),
            Self::Outdated => f.write_str("a record was changed since it was read"),
            Self::Encode(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StorageError {}

impl From<EncodeError> for StorageError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<CryptoError> for StorageError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}
