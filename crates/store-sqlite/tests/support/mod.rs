//! Writes, and all that a store holds.
#![allow(dead_code, reason = "not every test uses all of it")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test support")]

use std::path::PathBuf;
use std::process::Command;

use sottovoce::crypto::secret::Secret;
use sottovoce::storage::{
    Append, Entry, Expect, ItemId, Key, Outcome, Partition, Put, Store, Stored, Table, Tail, Trim, Vault,
    Version, Want, Write,
};
use tempfile::TempDir;

/// A write with its contents.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub expect: Vec<Expect>,
    pub delete: Vec<Key>,
    pub put: Vec<Put>,
    pub trim: Vec<Trim>,
    pub append: Vec<Append>,
    pub events: Vec<Vec<u8>>,
    pub flush: bool,
}

impl Draft {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn expect(mut self, key: Key, version: Option<Version>) -> Self {
        self.expect.push(Expect { key, version });
        self
    }

    pub fn delete(mut self, key: Key) -> Self {
        self.delete.push(key);
        self
    }

    pub fn put(mut self, key: Key, body: &[u8]) -> Self {
        self.put.push(Put { key, body: body.to_vec() });
        self
    }

    pub fn trim(mut self, log: Key, through: u64) -> Self {
        self.trim.push(Trim { log, through });
        self
    }

    pub fn append(mut self, log: Key, id: u8, body: &[u8]) -> Self {
        self.append.push(Append { log, id: ItemId::new([id; 16]), body: body.to_vec() });
        self
    }

    pub fn event(mut self, body: &[u8]) -> Self {
        self.events.push(body.to_vec());
        self
    }

    pub fn flush(mut self) -> Self {
        self.flush = true;
        self
    }

    pub fn write(&self) -> Write<'_> {
        let Self { expect, delete, put, trim, append, events, flush } = self;
        Write { expect, delete, put, trim, append, events, flush: *flush }
    }

    pub fn apply<S: Store>(&self, store: &mut S) -> Result<Outcome, S::Error> {
        store.apply(&self.write())
    }

    /// Applies it, and it must be committed.
    #[track_caller]
    pub fn commit<S: Store<Error: std::fmt::Debug>>(&self, store: &mut S) {
        assert_eq!(self.apply(store).unwrap(), Outcome::Committed);
    }
}

/// Records of the tests.
pub fn records() -> Partition {
    Vault::new(&Secret::new([7; 32]), b"tests").partition(Table::SPECIMENS, b"records")
}

/// The record, or the log, of a number.
pub fn key(number: u64) -> Key {
    records().key(number)
}

pub fn record<S: Store<Error: std::fmt::Debug>>(store: &mut S, key: Key) -> Option<Stored> {
    store.load(&[Want::Record(key)]).unwrap().record(&key).unwrap().cloned()
}

pub fn entries<S: Store<Error: std::fmt::Debug>>(store: &mut S, log: Key) -> Vec<Entry> {
    let tail = Tail::new(log, 0, 1_000);
    store.load(&[Want::Log(tail)]).unwrap().tail(&tail).unwrap().to_vec()
}

pub fn numbers<S: Store<Error: std::fmt::Debug>>(store: &mut S, log: Key) -> Vec<u64> {
    entries(store, log).iter().map(|entry| entry.number).collect()
}

/// Keys that [`State`] knows, as records and as logs.
pub const KEYS: u64 = 6;

/// What a store holds, without versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub records: Vec<(Key, Vec<u8>)>,
    pub logs: Vec<Vec<Entry>>,
    pub events: Vec<Vec<u8>>,
}

/// Everything but events.
pub fn state<S: Store<Error: std::fmt::Debug>>(store: &mut S) -> State {
    let range = records().range(0..=u64::MAX, 1_000);
    let loaded = store.load(&[Want::First(range)]).unwrap();
    let found = loaded.range(&range).unwrap().iter();
    State {
        records: found.map(|(key, stored)| (*key, stored.body.clone())).collect(),
        logs: (0..KEYS).map(|number| entries(store, key(number))).collect(),
        events: Vec::new(),
    }
}

/// Numbers that look random.
pub struct Dice(pub u64);

impl Dice {
    /// Below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub fn byte(&mut self) -> u8 {
        self.roll(256).try_into().unwrap()
    }

    pub fn body(&mut self, longest: u64) -> Vec<u8> {
        let byte = self.byte();
        (0..self.roll(longest)).map(|_| byte).collect()
    }

    /// A write that expects nothing and changes something.
    pub fn draft(&mut self, longest: u64) -> Draft {
        let mut draft = Draft::new();
        for key in (0..KEYS).map(key) {
            draft = match self.roll(5) {
                0 => draft.put(key, &self.body(longest)),
                1 => draft.delete(key),
                _ => draft,
            };
            draft = match self.roll(8) {
                0 => draft.trim(key, self.roll(20)),
                _ => draft,
            };
            for _ in 0..self.roll(3) {
                draft = draft.append(key, self.roll(10).try_into().unwrap(), &self.body(longest));
            }
        }
        draft.event(&self.body(longest))
    }
}

pub fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// In memory where that is easy, for what is not about a disk.
pub fn fast_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| directory())
}

pub fn database(directory: &TempDir) -> PathBuf {
    directory.path().join("store.sqlite")
}

/// This test binary again, to run one of its ignored tests in a process of its own.
pub fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command
}
