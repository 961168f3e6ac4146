//! What a step is written with: typed reads and writes over what was loaded.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use super::driver::Step;
use super::effects::{Changes, Effects};
use super::error::StorageError;
use super::key::{ItemId, Key, Range};
use super::limits;
use super::loaded::{Entry, Held, Loaded, Stored, Tail, Version, Want};
use super::record::{self, Format, Record};
use super::vault::{Place, Vault, in_table};
use super::write::{Append, Expect, Put, Trim};
use crate::crypto::random::{Generator, Seed};
use crate::crypto::rest::OVERHEAD;
use crate::crypto::secret::SecretBytes;
use crate::time::Timestamp;

type Plaintext = SecretBytes;

/// One step in the making.
///
/// Whatever is read by key becomes an expectation, so that a decision is committed only if what it was made on still holds. A step
/// sees its own changes to records; a log shows what was committed before.
pub struct Transaction<'a> {
    vault: &'a Vault,
    pub(super) loaded: &'a Loaded,
    generator: Generator,
    /// Two versions of one record cannot both hold: who has seen both has seen it change.
    expect: BTreeSet<(Key, Option<Version>)>,
    changes: BTreeMap<Key, Change>,
    trim: BTreeMap<Key, u64>,
    append: Vec<(Key, ItemId, Plaintext)>,
    events: Vec<(&'static str, Plaintext)>,
    flush: bool,
    wake_at: Option<Timestamp>,
}

/// What a step makes of a record.
struct Change {
    /// `None` deletes it.
    plaintext: Option<Plaintext>,
    /// How many changes of this record there were in this step.
    revision: u32,
}

/// A place of a record that was read: what may be put or deleted. It serves once, and only while the record is what was seen.
pub struct Slot<T> {
    pub(super) key: Key,
    pub(super) value: Result<Option<T>, StorageError>,
    pub(super) seen: Seen,
}

/// What a slot was made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// What the store holds.
    Stored(Option<Version>),
    /// The step's own change with this revision.
    Own(u32),
}

/// An entry of a log, opened.
#[derive(Debug)]
pub struct Item<T> {
    /// Its number.
    pub number: u64,
    /// Its id.
    pub id: ItemId,
    /// Its content, or why it cannot be read: one damaged entry must not stop a log for ever.
    pub value: Result<T, StorageError>,
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
            expect: BTreeSet::new(),
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

    /// Stops the step unless all of this is loaded, so that it is loaded in one go. A record that the step has changed itself need not be.
    pub fn need(&self, wants: impl IntoIterator<Item = Want>) -> Result<(), Interrupt> {
        let is_own = |want: &Want| matches!(want, Want::Record(key) if self.changes.contains_key(key));
        let is_missing = |want: &Want| !self.loaded.answers(want) && !is_own(want);
        let missing: Vec<_> = wants.into_iter().filter(is_missing).collect();
        if missing.is_empty() { Ok(()) } else { Err(Interrupt::Load(missing)) }
    }

    /// Reads a record. That it is what it is, or not there, becomes an expectation of the step.
    pub fn read<T: Record>(&mut self, key: Key) -> Result<Slot<T>, Interrupt> {
        in_table::<T>(&key)?;
        if let Some(change) = self.changes.get(&key) {
            let value = change.plaintext.as_ref().map(|plaintext| record::decode(plaintext)).transpose()?;
            return Ok(Slot { key, value: Ok(value), seen: Seen::Own(change.revision) });
        }
        let missing = || Interrupt::Load(vec![Want::Record(key)]);
        let held = self.loaded.held(&key).ok_or_else(missing)?.as_ref();
        let version = held.map(|held| held.stored.version);
        self.expect.insert((key, version));
        let value = held.map(|held| self.open(&key, held)).transpose()?;
        Ok(Slot { key, value: Ok(value), seen: Seen::Stored(version) })
    }

    fn open<T: Record>(&self, key: &Key, held: &Held) -> Result<T, StorageError> {
        if let Some(plaintext) = held.opened.by(self.vault) {
            return record::decode(plaintext);
        }
        let plaintext = self.vault.open(Place::Record(key), &held.stored.body)?;
        let value = record::decode(&plaintext)?;
        held.opened.keep(self.vault, plaintext);
        Ok(value)
    }

    /// Scans a range. What it finds becomes an expectation only if its slot is used, and nothing may follow from what it does not find.
    /// A row that cannot be read is there with its [`Slot::error`].
    pub fn scan<T: Record>(&mut self, range: Range) -> Result<Vec<Slot<T>>, Interrupt> {
        let missing = || Interrupt::Load(vec![Want::First(range)]);
        let rows = self.loaded.range(&range).ok_or_else(missing)?;
        let mut slots = BTreeMap::new();
        for (key, stored) in rows {
            in_table::<T>(key)?;
            let value = self.vault.open_record(key, &stored.body).map(Some);
            slots.insert(*key, Slot { key: *key, value, seen: Seen::Stored(Some(stored.version)) });
        }
        // A page that is full says nothing of what comes after it.
        let end = if is_full(&range, rows) { slots.keys().next_back().copied() } else { None };
        let is_seen = |key: &Key| range.contains(key) && end.is_none_or(|end| *key <= end);
        for (key, change) in self.changes.iter().filter(|(key, _)| is_seen(key)) {
            slots.remove(key);
            if let Some(plaintext) = &change.plaintext {
                let value = record::decode(plaintext).map(Some);
                slots.insert(*key, Slot { key: *key, value, seen: Seen::Own(change.revision) });
            }
        }
        Ok(slots.into_values().collect())
    }

    /// Reads entries of a log. This makes no expectation: two steps can read the same entry at the same time. Whoever must deal with each
    /// once keeps in a record how far it is, and reads and puts that.
    pub fn tail<T: Record>(&self, tail: Tail) -> Result<Vec<Item<T>>, Interrupt> {
        in_table::<T>(tail.log())?;
        let missing = || Interrupt::Load(vec![Want::Log(tail)]);
        let entries = self.loaded.tail(&tail).ok_or_else(missing)?;
        let open = |entry: &Entry| {
            let value = self.vault.open_entry(tail.log(), &entry.id, &entry.body);
            Item { number: entry.number, id: entry.id, value }
        };
        Ok(entries.iter().map(open).collect())
    }

    /// Puts a record where one was read. [`StorageError::Outdated`] if the step has changed it since.
    pub fn put<T: Record>(&mut self, slot: Slot<T>, value: &T) -> Result<(), StorageError> {
        let key = self.settle(slot)?;
        self.put_unseen(key, value)
    }

    /// Deletes the record that was read. [`StorageError::Outdated`] if the step has changed it since.
    pub fn delete<T: Record>(&mut self, slot: Slot<T>) -> Result<(), StorageError> {
        let key = self.settle(slot)?;
        self.delete_unseen(key);
        Ok(())
    }

    fn settle<T>(&mut self, slot: Slot<T>) -> Result<Key, StorageError> {
        let (key, seen) = slot.into_place();
        match (seen, self.changes.get(&key)) {
            (Seen::Stored(version), None) => {
                self.expect.insert((key, version));
                Ok(key)
            }
            (Seen::Own(revision), Some(change)) if change.revision == revision => Ok(key),
            _ => Err(StorageError::Outdated),
        }
    }

    fn change(&mut self, key: Key, plaintext: Option<Plaintext>) {
        let revision = self.changes.get(&key).map_or(0, |change| change.revision).saturating_add(1);
        self.changes.insert(key, Change { plaintext, revision });
    }

    /// For records whose content follows from their name, so that it does not matter what was there.
    pub(crate) fn put_unseen<T: Record>(&mut self, key: Key, value: &T) -> Result<(), StorageError> {
        in_table::<T>(&key)?;
        let plaintext = record::encode(value)?;
        self.change(key, Some(plaintext));
        Ok(())
    }

    /// As [`Transaction::put_unseen`].
    pub(crate) fn delete_unseen(&mut self, key: Key) {
        self.change(key, None);
    }

    /// Appends to a log. The entry is passed over if the log holds one with this id; the rest of the step is not. What must
    /// happen once is kept from happening twice by a record, not by an id.
    pub fn append<T: Record>(&mut self, log: Key, id: ItemId, value: &T) -> Result<(), StorageError> {
        in_table::<T>(&log)?;
        self.append.push((log, id, record::encode(value)?));
        Ok(())
    }

    /// Deletes the entries of a log up to a number: one that was read, since others may have appended more.
    pub fn trim(&mut self, log: Key, through: u64) {
        let trimmed = self.trim.entry(log).or_default();
        *trimmed = (*trimmed).max(through);
    }

    /// Tells the application something, in the same transaction.
    pub fn event<T: Format>(&mut self, value: &T) -> Result<(), StorageError> {
        self.events.push((T::NAME, record::encode(value)?));
        Ok(())
    }

    /// Asks for durability. Whatever sends has it without asking.
    pub const fn flush(&mut self) {
        self.flush = true;
    }

    /// Says that the input was dealt with before: there is nothing to do but to make sure that it is durable, for the commit that did it
    /// may have failed halfway.
    pub const fn already_done(&mut self) {
        self.flush();
    }

    /// Asks to be woken; the earliest time counts.
    pub fn wake_at(&mut self, time: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(time, |earlier| earlier.min(time)));
    }

    /// Takes back all that the step has decided. What it has read stays an expectation.
    pub(crate) fn undo(&mut self) {
        (self.changes, self.trim) = (BTreeMap::new(), BTreeMap::new());
        (self.append, self.events) = (Vec::new(), Vec::new());
        (self.flush, self.wake_at) = (false, None);
    }

    /// [`StorageError::TooMuch`] beyond the [limits] of one write.
    pub(crate) fn measure(&self) -> Result<(), StorageError> {
        let Self { expect, changes, trim, append, events, .. } = self;
        let rows = [expect.len(), changes.len(), trim.len(), append.len(), events.len()];
        let bodies = changes.values().filter_map(|change| change.plaintext.as_ref());
        let bodies = bodies.chain(append.iter().map(|(.., body)| body));
        let bodies = bodies.chain(events.iter().map(|(_, body)| body));
        let sum = |sum: usize, more: usize| sum.saturating_add(more);
        let bytes = bodies.map(|body| body.len().saturating_add(OVERHEAD)).fold(0, sum);
        let is_too_much = rows.into_iter().fold(0, sum) > limits::ROWS || bytes > limits::WRITE;
        if is_too_much { Err(StorageError::TooMuch) } else { Ok(()) }
    }

    fn finish<O>(mut self, send: Vec<O>) -> Result<Effects<O>, StorageError> {
        self.measure()?;
        let mut changes = Changes { flush: self.flush || !send.is_empty(), ..Changes::default() };
        changes.expect = self.expect.iter().map(|&(key, version)| Expect { key, version }).collect();
        changes.trim = self.trim.iter().map(|(&log, &through)| Trim { log, through }).collect();
        for (key, change) in core::mem::take(&mut self.changes) {
            match change.plaintext {
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
        for (name, plaintext) in core::mem::take(&mut self.events) {
            changes.events.push(self.seal(Place::Event(name), &plaintext)?);
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

    /// The record, if there is one that can be read.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().ok().and_then(Option::as_ref)
    }

    /// Why the record that a scan found cannot be read.
    pub fn error(&self) -> Option<StorageError> {
        self.value.as_ref().err().copied()
    }

    /// Takes the record out; the slot stays for putting another.
    pub fn take(&mut self) -> Option<T> {
        self.value.as_mut().ok().and_then(Option::take)
    }

    fn into_place(self) -> (Key, Seen) {
        (self.key, self.seen)
    }
}

/// Whether a scan ended because it had reached a limit.
fn is_full(range: &Range, rows: &[(Key, Stored)]) -> bool {
    let bytes = rows.iter().fold(0_usize, |sum, (_, stored)| sum.saturating_add(stored.body.len()));
    rows.len() >= usize::from(range.limit()) || bytes >= limits::SCAN_BYTES
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
