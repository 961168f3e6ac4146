//! Records: messages with a format. `docs/PROTOCOL.md` §2.12.

use super::error::StorageError;
use super::key::Table;
use crate::crypto::secret::SecretBytes;
use crate::wire::Wire;
use crate::wire::specimen::{Part, Specimen};

/// A message that is kept. Its first byte at rest says in which format.
///
/// Whoever changes the message so that old bytes no longer decode, or decode to something else, raises `FORMAT` by one and
/// implements `previous`. A release reads its own format and the one before, so that an application can be updated without a
/// migration and skip no more than one format; going back is refused instead of misread.
pub trait Format: Wire {
    /// From 1.
    const FORMAT: u8;

    /// Reads bytes of the format before this one. [`StorageError::UnknownFormat`] if there was none.
    fn previous(bytes: &[u8]) -> Result<Self, StorageError> {
        let _ = bytes;
        Err(StorageError::UnknownFormat)
    }
}

/// A message that is kept under a key, or in a log.
pub trait Record: Format {
    /// Where.
    const TABLE: Table;
}

/// Format byte and body, which may be secret. What would not be read back is not written: it would stop every later step that needs it.
pub(super) fn encode<T: Format>(value: &T) -> Result<SecretBytes, StorageError> {
    const { assert!(T::FORMAT > 0, "formats are numbered from 1") };
    Ok(value.encode_kept(T::FORMAT)?)
}

pub(super) fn decode<T: Format>(plaintext: &[u8]) -> Result<T, StorageError> {
    let (format, body) = plaintext.split_first().ok_or(StorageError::Unreadable)?;
    if *format == T::FORMAT {
        return T::decode_kept(body).map_err(|_| StorageError::Unreadable);
    }
    if format.checked_add(1) == Some(T::FORMAT) {
        return T::previous(body);
    }
    Err(StorageError::UnknownFormat)
}

/// For tests, vectors, and the conformance suite.
impl Format for Specimen {
    const FORMAT: u8 = 1;
}

impl Record for Specimen {
    const TABLE: Table = Table::SPECIMENS;
}

/// For tests, vectors, and the conformance suite.
impl Format for Part {
    const FORMAT: u8 = 1;
}

impl Record for Part {
    const TABLE: Table = Table::SPECIMENS;
}
