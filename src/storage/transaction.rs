//! What a step is written with: typed reads and writes over what was loaded.

use core::fmt;
use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::driver::Step;
use super::effects::{Changes, Effects};
use super::error::StorageError;
use super::key::{ItemId, Key, Range};
use super::limits;
use super::loaded::{Loaded, Tail, Version, Want};
use super::record::{self, Format, Record};
use super::vault::{Place, Vault, in_table};
use super::write::{Append, Expect, Put, Trim};
use crate::crypto::random::{Generator, Seed};
use crate::time::Timestamp;

type Plaintext = Zeroizing<Vec<u8>>;

/// One step in the making.
///
/// Whatever is read by key becomes an expectation, so that a decision is committed only if what it was made on still holds. A step
/// sees its own changes to records; a log shows what was committed before.
pub struct Transaction<'a> {
    vault: &'a Vault,
    loaded: &'a Loaded,
    generator: Generator,
    expect: BTreeMap<Key, Option<Version>>,
    changes: BTreeMap<Key, Option<Plaintext>>,
    trim: BTreeMap<Key, u64>,
    append: Vec<(Key, ItemId, Plaintext)>,
    events: Vec<Plaintext>,
    flush: bool,
    wake_at: Option<Timestamp>,
}

/// A place of a record that was read: what may be put or deleted. Nothing is overwritten unseen.
pub struct Slot<T> {
    key: Key,
    value: Option<T>,
    /// What to expect if the slot is used. `None` if that is known already.
    found: Option<Version>,
}

/// An entry of a log, opened.
#[derive(Debug)]
pub struct Item<T> {
    /// Its number.
    pub number: u64,
    /// Its id.
    pub id: ItemId,
    /// Its content.
    pub value: T,
}

/// Why reading stops a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// This has to be loaded first.
    Load(Vec<Want>),
    /// The store's content, or the step's own.
    Failed(StorageError),
}

/// Why a step ends without effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop<R> {
    /// This has to be loaded first.
    Load(Vec<Want>),
    /// For a reason of the machine's.
    Refused(R),
}

/// Runs the body of a step: what it returns is sent once its changes are committed. It is called again from the start when
/// something was not loaded yet, so it asks with [`Transaction::need`] for all it can foresee, before work that costs much.
pub fn step<O, R: From<StorageError>>(
    vault: &Vault,
    loaded: &Loaded,
    seed: Seed,
    body: impl FnOnce(&mut Transaction<'_>) -> Result<Vec<O>, Stop<R>>,
) -> Result<Step<O>, R> {
    let mut transaction = Transaction::new(vault, loaded, seed);
    match body(&mut transaction) {
        Ok(send) => Ok(Step::Ready(transaction.finish(send)?)),
        Err(Stop::Load(wants)) => Ok(Step::Load(wants)),
        Err(Stop::Refused(reason)) => Err(reason),
    }
}

impl<'a> Transaction<'a> {
    fn new(vault: &'a Vault, loaded: &'a Loaded, seed: Seed) -> Self {
        Self {
            vault,
            loaded,
            generator: seed.into_generator(),
            expect: BTreeMap::new(),
            changes: BTreeMap::new(),
            trim: BTreeMap::new(),
            append: Vec::new(),
            events: Vec::new(),
            flush: false,
            wake_at: None,
        }
    }

    /// The vault, for names.
    pub const fn vault(&self) -> &'a Vault {
        self.vault
    }

    /// The randomness of this step.
    pub const fn rng(&mut self) -> &mut Generator {
        &mut self.generator
    }

    /// Stops the step unless all of this is loaded, so that it is loaded in one go.
    pub fn need(&self, wants: impl IntoIterator<Item = Want>) -> Result<(), Interrupt> {
        let missing: Vec<_> = wants.into_iter().filter(|want| !self.has(want)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Interrupt::Load(missing)) }
    }

    fn has(&self, want: &Want) -> bool {
        let own = matches!(want, Want::Record(key) if self.changes.contains_key(key));
        own || self.loaded.answers(want)
    }

    /// Reads a record. That it is what it is, or not there, becomes an expectation of the step.
    pub fn read<T: Record>(&mut self, key: Key) -> Result<Slot<T>, Interrupt> {
        in_table::<T>(&key)?;
        let value = match self.changes.get(&key) {
            Some(Some(plaintext)) => Some(record::decode(plaintext)?),
            Some(None) => None,
            None => self.read_loaded(&key)?,
        };
        Ok(Slot { key, value, found: None })
    }

    fn read_loaded<T: Record>(&mut self, key: &Key) -> Result<Option<T>, Interrupt> {
        let missing = || Interrupt::Load(vec![Want::Record(*key)]);
        let stored = self.loaded.record(key).ok_or_else(missing)?;
        self.expect.entry(*key).or_insert(stored.map(|stored| stored.version));
        let opened = stored.map(|stored| self.vault.open_record(key, &stored.body));
        opened.transpose().map_err(Interrupt::from)
    }

    /// Scans a range. What it finds becomes an expectation only if its slot is used, and nothing may follow from what it does not find.
    pub fn scan<T: Record>(&mut self, range: Range) -> Result<Vec<Slot<T>>, Interrupt> {
        let missing = || Interrupt::Load(vec![Want::First(range)]);
        let rows = self.loaded.range(&range).ok_or_else(missing)?;
        let mut slots = BTreeMap::new();
        for (key, stored) in rows {
            in_table::<T>(key)?;
            let value = Some(self.vault.open_record(key, &stored.body)?);
            slots.insert(*key, Slot { key: *key, value, found: Some(stored.version) });
        }
        for (key, change) in self.changes.iter().filter(|(key, _)| range.contains(key)) {
            slots.remove(key);
            if let Some(plaintext) = change {
                let value = Some(record::decode(plaintext)?);
                slots.insert(*key, Slot { key: *key, value, found: None });
            }
        }
        Ok(slots.into_values().collect())
    }

    /// Reads entries of a log.
    pub fn tail<T: Record>(&self, tail: Tail) -> Result<Vec<Item<T>>, Interrupt> {
        let missing = || Interrupt::Load(vec![Want::Log(tail)]);
        let entries = self.loaded.tail(&tail).ok_or_else(missing)?;
        let open = |entry: &super::Entry| {
            let value = self.vault.open_entry(tail.log(), &entry.id, &entry.body)?;
            Ok(Item { number: entry.number, id: entry.id, value })
        };
        entries.iter().map(open).collect()
    }

    /// Puts a record where one was read.
    pub fn put<T: Record>(&mut self, slot: Slot<T>, value: &T) -> Result<(), StorageError> {
        let key = self.settle(slot);
        self.put_unseen(key, value)
    }

    /// Deletes the record that was read.
    pub fn delete<T: Record>(&mut self, slot: Slot<T>) {
        let key = self.settle(slot);
        self.delete_unseen(key);
    }

    fn settle<T>(&mut self, slot: Slot<T>) -> Key {
        let (key, found) = slot.into_place();
        if let Some(version) = found {
            self.expect.entry(key).or_insert(Some(version));
        }
        key
    }

    /// For records whose content follows from their name, so that it does not matter what was there.
    pub(super) fn put_unseen<T: Record>(&mut self, key: Key, value: &T) -> Result<(), StorageError> {
        in_table::<T>(&key)?;
        self.changes.insert(key, Some(record::encode(value)?));
        Ok(())
    }

    /// As [`Transaction::put_unseen`].
    pub(super) fn delete_unseen(&mut self, key: Key) {
        self.changes.insert(key, None);
    }

    /// Appends to a log. Nothing happens if the log holds an entry with this id.
    pub fn append<T: Record>(&mut self, log: Key, id: ItemId, value: &T) -> Result<(), StorageError> {
        in_table::<T>(&log)?;
        self.append.push((log, id, record::encode(value)?));
        Ok(())
    }

    /// Deletes the entries of a log up to a number.
    pub fn trim(&mut self, log: Key, through: u64) {
        let trimmed = self.trim.entry(log).or_default();
        *trimmed = (*trimmed).max(through);
    }

    /// Tells the application something, in the same transaction.
    pub fn event<T: Format>(&mut self, value: &T) -> Result<(), StorageError> {
        self.events.push(record::encode(value)?);
        Ok(())
    }

    /// Asks for durability. Whatever sends has it without asking.
    pub const fn flush(&mut self) {
        self.flush = true;
    }

    /// Asks to be woken; the earliest time counts.
    pub fn wake_at(&mut self, time: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(time, |earlier| earlier.min(time)));
    }

    fn finish<O>(mut self, send: Vec<O>) -> Result<Effects<O>, StorageError> {
        let mut changes = Changes { flush: self.flush || !send.is_empty(), ..Changes::default() };
        changes.expect = self.expect.iter().map(|(&key, &version)| Expect { key, version }).collect();
        changes.trim = self.trim.iter().map(|(&log, &through)| Trim { log, through }).collect();
        for (key, change) in core::mem::take(&mut self.changes) {
            match change {
                Some(plaintext) => {
                    changes.put.push(Put { key, body: self.seal(Place::Record(&key), &plaintext)? });
                }
                None => changes.delete.push(key),
            }
        }
        for (log, id, plaintext) in core::mem::take(&mut self.append) {
            let body = self.seal(Place::Entry(&log, &id), &plaintext)?;
            changes.append.push(Append { log, id, body });
        }
        for plaintext in core::mem::take(&mut self.events) {
            changes.events.push(self.seal(Place::Event, &plaintext)?);
        }
        if changes.rows() > limits::ROWS || changes.bytes() > limits::WRITE {
            return Err(StorageError::TooMuch);
        }
        Ok(Effects { changes, send, wake_at: self.wake_at })
    }

    fn seal(&mut self, place: Place<'_>, plaintext: &Plaintext) -> Result<Vec<u8>, StorageError> {
        self.vault.seal(place, plaintext, &mut self.generator)
    }
}

/// Redacted.
impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction(..)")
    }
}

impl<T> Slot<T> {
    /// Where.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The record, if there is one.
    pub const fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    fn into_place(self) -> (Key, Option<Version>) {
        (self.key, self.found)
    }

    /// Takes the record out; the slot stays for putting another.
    pub const fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

/// Without the record.
impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:?})", self.key)
    }
}

impl From<StorageError> for Interrupt {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

impl<R: From<StorageError>> From<Interrupt> for Stop<R> {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Load(wants) => Self::Load(wants),
            Interrupt::Failed(error) => Self::Refused(error.into()),
        }
    }
}

impl<R: From<StorageError>> From<StorageError> for Stop<R> {
    fn from(error: StorageError) -> Self {
        Self::Refused(error.into())
    }
}
