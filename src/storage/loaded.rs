//! What a step wants to read, and what it has got.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::key::{ItemId, Key, Range};
use super::limits;
use super::vault::Vault;
use crate::crypto::secret::SecretBytes;

/// Something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Want {
    /// One record.
    Record(Key),
    /// The first records of a range, in ascending order of names.
    First(Range),
    /// Entries of a log, in ascending order of numbers.
    Log(Tail),
}

/// Entries of a log after a number, at most `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tail {
    log: Key,
    after: u64,
    max: u16,
}

impl Tail {
    /// The first `max` entries of `log` with numbers above `after`; 0 is before the first.
    pub fn new(log: Key, after: u64, max: u16) -> Self {
        Self { log, after, max: max.min(limits::SCAN_ROWS) }
    }

    /// The log.
    pub const fn log(&self) -> &Key {
        &self.log
    }

    /// Entries have larger numbers than this.
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// How many entries at most.
    pub const fn limit(&self) -> u16 {
        self.max
    }
}

/// Which content a record has. A store gives each put a version that it has given to none before, also not to a record since
/// deleted; a counter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A record as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Of this content.
    pub version: Version,
    /// The sealed record.
    pub body: Vec<u8>,
}

/// An entry of a log as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1: larger than those of all entries committed before it.
    pub number: u64,
    /// Its id, unique in its log.
    pub id: ItemId,
    /// The sealed entry.
    pub body: Vec<u8>,
}

/// What a store has answered to wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    records: BTreeMap<Key, Option<Held>>,
    ranges: BTreeMap<Range, Vec<(Key, Stored)>>,
    tails: BTreeMap<Tail, Vec<Entry>>,
}

/// A record, and what it says once a step has opened it: a step that starts again with more need not open it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) stored: Stored,
    pub(super) opened: Opened,
}

/// What was opened, and where the vault lies that opened it: another one opens for itself. It goes with the value, erases itself, and is neither
/// compared nor shown.
#[derive(Default)]
pub(super) struct Opened(OnceLock<(usize, SecretBytes)>);

impl Loaded {
    /// Nothing yet: what a step is first called with.
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer to [`Want::Record`]; `None` if there is none.
    pub fn insert_record(&mut self, key: Key, record: Option<Stored>) {
        self.records.insert(key, record.map(|stored| Held { stored, opened: Opened::default() }));
    }

    /// The answer to [`Want::First`], in ascending order.
    pub fn insert_range(&mut self, range: Range, records: Vec<(Key, Stored)>) {
        self.ranges.insert(range, records);
    }

    /// The answer to [`Want::Log`], in ascending order.
    pub fn insert_tail(&mut self, tail: Tail, entries: Vec<Entry>) {
        self.tails.insert(tail, entries);
    }

    /// Adds what was loaded later.
    pub fn extend(&mut self, later: Self) {
        self.records.extend(later.records);
        self.ranges.extend(later.ranges);
        self.tails.extend(later.tails);
    }

    /// Whether a want is answered.
    pub fn answers(&self, want: &Want) -> bool {
        match want {
            Want::Record(key) => self.records.contains_key(key),
            Want::First(range) => self.ranges.contains_key(range),
            Want::Log(tail) => self.tails.contains_key(tail),
        }
    }

    /// A record; `None` if the store was not asked, `Some(None)` if it has none.
    pub fn record(&self, key: &Key) -> Option<Option<&Stored>> {
        self.records.get(key).map(|record| record.as_ref().map(|held| &held.stored))
    }

    /// A record with what was opened of it, as [`Self::record`].
    pub(super) fn held(&self, key: &Key) -> Option<&Option<Held>> {
        self.records.get(key)
    }

    /// The records of a range; `None` if the store was not asked.
    pub fn range(&self, range: &Range) -> Option<&[(Key, Stored)]> {
        self.ranges.get(range).map(Vec::as_slice)
    }

    /// The entries of a log; `None` if the store was not asked.
    pub fn tail(&self, tail: &Tail) -> Option<&[Entry]> {
        self.tails.get(tail).map(Vec::as_slice)
    }
}

impl Opened {
    /// What this vault has opened.
    pub(super) fn by(&self, vault: &Vault) -> Option<&SecretBytes> {
        self.0.get().filter(|(place, _)| *place == address(vault)).map(|(_, plaintext)| plaintext)
    }

    /// Keeps what this vault has opened, if nothing was before.
    pub(super) fn keep(&self, vault: &Vault, plaintext: SecretBytes) {
        let _ = self.0.set((address(vault), plaintext));
    }
}

fn address(vault: &Vault) -> usize {
    core::ptr::from_ref(vault).addr()
}

/// Nothing was opened of the copy.
impl Clone for Opened {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Opened {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Opened {}

/// Redacted.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}
