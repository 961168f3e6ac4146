//! Sealing of what lies in a store, and the names under which it lies there. `docs/PROTOCOL.md` §2.12.

use core::fmt;

use rand_core::CryptoRng;

use super::error::StorageError;
use super::key::{self, ItemId, Key, Partition, Table};
use super::limits;
use super::record::{self, Format, Record};
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::kdf::{self, Mac};
use crate::crypto::label;
use crate::crypto::rest::{self, RestKey};
use crate::crypto::secret::{Secret, SecretBytes};
use crate::time::Timestamp;

/// What an application's store is sealed with. Whoever has only the store learns sizes, numbers and times of rows.
///
/// What it does not promise: a row, or the whole store, can be put back to what it was before, and rows can be removed.
pub struct Vault {
    /// Keyed, and duplicated for each name.
    names: Mac,
    rest: RestKey,
}

/// What is sealed, and where it lies: the associated data.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Record(&'a Key),
    Entry(&'a Key, &'a ItemId),
    /// With the name of its message.
    Event(&'static str),
}

impl Vault {
    /// The vault of one store. `key` is the application's and is kept where the platform keeps keys; there is no default
    /// (attack C-18). `scope` tells the application's stores apart, so that rows cannot be carried from one into another.
    pub fn new(key: &Secret<32>, scope: &[u8]) -> Self {
        let keys = kdf::expand::<64>(key, label::expand::VAULT, scope);
        let half = |at: usize| {
            Secret::filled_by(|out| {
                out.iter_mut().zip(keys.expose().iter().skip(at)).for_each(|(to, from)| *to = *from);
            })
        };
        Self { rest: RestKey::new(&half(0)), names: Mac::new(&half(32)) }
    }

    /// The partition of a table that `bytes` name: a session's, a contact's. It does not reveal them.
    pub fn partition(&self, table: Table, bytes: &[u8]) -> Partition {
        let mac = self.names.duplicate().u8(1).u8(table.number()).last(bytes);
        Partition::new(table, first_half(&mac))
    }

    /// The id of a log's entry that `bytes` name. It does not reveal them, and nobody outside can make two of them meet.
    pub fn item(&self, log: &Key, bytes: &[u8]) -> ItemId {
        let mac = self.names.duplicate().u8(2).u8(log.table().number()).array(log.name()).last(bytes);
        ItemId::new(first_half(&mac))
    }

    /// The key of `owner` in a table ordered by time.
    pub(super) fn in_time(&self, table: Table, time: Timestamp, owner: &[u8]) -> Key {
        Key::new(table, key::in_time(time, self.partition(table, owner).prefix()))
    }

    /// Seals a record to lie under `key`. [`StorageError::Misplaced`] if it belongs into another table,
    /// [`StorageError::TooMuch`] above [`limits::BODY`].
    pub fn seal_record<T: Record>(
        &self,
        key: &Key,
        value: &T,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, StorageError> {
        in_table::<T>(key)?;
        self.seal(Place::Record(key), &record::encode(value)?, rng)
    }

    /// Opens the record under `key`. [`StorageError::Unreadable`] if it is not what was put there with this key and scope,
    /// [`StorageError::UnknownFormat`] if another release has written it.
    pub fn open_record<T: Record>(&self, key: &Key, body: &[u8]) -> Result<T, StorageError> {
        in_table::<T>(key)?;
        record::decode(&self.open(Place::Record(key), body)?)
    }

    /// Seals an entry to be appended to `log` as `id`. Errors as for records.
    pub fn seal_entry<T: Record>(
        &self,
        log: &Key,
        id: &ItemId,
        value: &T,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, StorageError> {
        in_table::<T>(log)?;
        self.seal(Place::Entry(log, id), &record::encode(value)?, rng)
    }

    /// Opens the entry `id` of `log`. Errors as for records. Its number is the store's and not protected.
    pub fn open_entry<T: Record>(&self, log: &Key, id: &ItemId, body: &[u8]) -> Result<T, StorageError> {
        in_table::<T>(log)?;
        record::decode(&self.open(Place::Entry(log, id), body)?)
    }

    /// Seals an event. Errors as for records.
    pub fn seal_event<T: Format>(
        &self,
        value: &T,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, StorageError> {
        self.seal(Place::Event(T::NAME), &record::encode(value)?, rng)
    }

    /// Opens an event. Errors as for records.
    pub fn open_event<T: Format>(&self, body: &[u8]) -> Result<T, StorageError> {
        record::decode(&self.open(Place::Event(T::NAME), body)?)
    }

    pub(super) fn seal(
        &self,
        place: Place<'_>,
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, StorageError> {
        if plaintext.len().saturating_add(rest::OVERHEAD) > limits::BODY {
            return Err(StorageError::TooMuch);
        }
        Ok(self.rest.seal(&place.associated_data(), plaintext, rng)?)
    }

    pub(super) fn open(&self, place: Place<'_>, body: &[u8]) -> Result<SecretBytes, StorageError> {
        let opened = self.rest.open(&place.associated_data(), body);
        opened.map(SecretBytes::from).map_err(|_| StorageError::Unreadable)
    }
}

/// Redacted.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let named = |kind: u8, key: &Key| {
            Input::with_capacity(42).u8(kind).u8(key.table().number()).array(key.name())
        };
        match self {
            Self::Record(key) => named(0, key).finish(),
            Self::Entry(log, id) => named(1, log).array(id.as_bytes()).finish(),
            Self::Event(name) => Input::with_capacity(42).u8(2).last(name.as_bytes()),
        }
    }
}

pub(super) fn in_table<T: Record>(key: &Key) -> Result<(), StorageError> {
    if key.table() == T::TABLE { Ok(()) } else { Err(StorageError::Misplaced) }
}

fn first_half(mac: &Secret<32>) -> [u8; 16] {
    let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *mac.expose();
    half
}
