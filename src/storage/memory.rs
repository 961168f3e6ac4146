//! A store in memory, for tests and simulations: the reference of the contract.

use core::convert::Infallible;
use std::collections::BTreeMap;

use super::key::{ItemId, Key, Range};
use super::limits;
use super::loaded::{Entry, Loaded, Stored, Tail, Version, Want};
use super::store::{Outcome, Store};
use super::write::{Append, Expect, Write};

/// A store that lives as long as the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    records: BTreeMap<Key, Stored>,
    logs: BTreeMap<Key, Log>,
    events: Vec<Vec<u8>>,
    /// The version that was given last.
    version: u64,
}

/// Everything that a [`MemoryStore`] held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot(MemoryStore);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Log {
    /// The number that was given last.
    last: u64,
    entries: BTreeMap<u64, (ItemId, Vec<u8>)>,
    numbers: BTreeMap<ItemId, u64>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that it holds.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.clone())
    }

    /// Makes it what it was.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.clone_from(&snapshot.0);
    }

    /// The events of all writes, in order.
    pub fn events(&self) -> &[Vec<u8>] {
        &self.events
    }

    /// Takes the events away.
    pub fn take_events(&mut self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.events)
    }

    /// How many records it holds.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    fn holds(&self, expect: &Expect) -> bool {
        self.records.get(&expect.key).map(|stored| stored.version) == expect.version
    }

    fn first(&self, range: &Range) -> Vec<(Key, Stored)> {
        let (from, to) = (Key::new(range.table(), *range.from()), Key::new(range.table(), *range.to()));
        if from > to {
            return Vec::new();
        }
        let rows = self.records.range(from..=to).map(|(key, stored)| (*key, stored.clone()));
        limited(rows, range.limit(), |(_, stored)| stored.body.len())
    }

    fn tail(&self, tail: &Tail) -> Vec<Entry> {
        let (Some(log), Some(first)) = (self.logs.get(tail.log()), tail.after().checked_add(1)) else {
            return Vec::new();
        };
        let entries = log.entries.range(first..);
        let entries = entries.map(|(&number, (id, body))| Entry { number, id: *id, body: body.clone() });
        limited(entries, tail.limit(), |entry| entry.body.len())
    }
}

/// The first `max` rows, and none after [`limits::SCAN_BYTES`].
fn limited<T>(rows: impl Iterator<Item = T>, max: u16, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut bytes: usize = 0;
    let within = |row: &T| {
        let before = bytes;
        bytes = bytes.saturating_add(size(row));
        before < limits::SCAN_BYTES
    };
    rows.take(max.into()).take_while(within).collect()
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Infallible> {
        let mut loaded = Loaded::new();
        for want in wants {
            match want {
                Want::Record(key) => loaded.insert_record(*key, self.records.get(key).cloned()),
                Want::First(range) => loaded.insert_range(*range, self.first(range)),
                Want::Log(tail) => loaded.insert_tail(*tail, self.tail(tail)),
            }
        }
        Ok(loaded)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Infallible> {
        let Write { expect, delete, put, trim, append, events, flush: _ } = write;
        if !expect.iter().all(|expect| self.holds(expect)) {
            return Ok(Outcome::Conflict);
        }
        for key in *delete {
            self.records.remove(key);
        }
        for put in *put {
            self.version = self.version.saturating_add(1);
            let stored = Stored { version: Version(self.version), body: put.body.clone() };
            self.records.insert(put.key, stored);
        }
        for trim in *trim {
            if let Some(log) = self.logs.get_mut(&trim.log) {
                log.trim(trim.through);
            }
        }
        for append in *append {
            self.logs.entry(append.log).or_default().append(append);
        }
        self.events.extend_from_slice(events);
        Ok(Outcome::Committed)
    }
}

impl Log {
    fn trim(&mut self, through: u64) {
        let kept = through.checked_add(1).map(|first| self.entries.split_off(&first)).unwrap_or_default();
        for (id, _) in core::mem::replace(&mut self.entries, kept).into_values() {
            self.numbers.remove(&id);
        }
    }

    fn append(&mut self, append: &Append) {
        if !self.numbers.contains_key(&append.id) {
            self.last = self.last.saturating_add(1);
            self.numbers.insert(append.id, self.last);
            self.entries.insert(self.last, (append.id, append.body.clone()));
        }
    }
}
