//! A store written once more, simply, with flaws that can be switched on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sottovoce::storage::conformance::Harness;
use sottovoce::storage::{
    Append, Blocking, Entry, ItemId, Key, Loaded, Outcome, Range, Store, Stored, Table, Tail, Trim, Version,
    Want, Write, limits,
};

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    AcknowledgesBeforeItIsWritten,
    IgnoresExpectations,
    IgnoresExpectedAbsence,
    ChecksOnlyTheFirstExpectation,
    ChecksOnlyExpectationsOfWhatItWrites,
    WritesBeforeItChecks,
    TellsEventsOnConflict,
    CountsVersionsPerRecord,
    TakesVersionsFromContent,
    ForgetsTheVersionWhenReopened,
    IgnoresTheTable,
    CutsKeysTo16Bytes,
    KeepsReadRecordsInTheHandle,
    ExcludesTheEndOfARange,
    SortsNumbersAsSigned,
    IgnoresTheMaximumOfARange,
    IgnoresTheBytesOfAScan,
    CutsAScanBelowItsBytes,
    AppendsDuplicates,
    ReplacesDuplicates,
    PassesOverEqualContent,
    PassesOverIdsOfOtherLogs,
    RemembersTrimmedIds,
    ConflictsOnDuplicates,
    NumbersFromTheLastEntry,
    NumbersFromZero,
    AppendsInOrderOfIds,
    IncludesTheEntryItStartsAfter,
    TrimsOneTooFew,
    TrimsWhatItAppends,
    FailsToDeleteWhatIsNotThere,
    LosesTheSecondOfEqualEvents,
    IgnoresFlush,
    IgnoresAnEmptyFlush,
    FlushesOnlyThisWrite,
    TearsWritesApart,
    LosesLogsInAPowerCut,
    KeepsEventsFromAPowerCut,
    KeepsALaterWriteWithoutAnEarlierOne,
    HoldsALockForEver,
    LimitsAWriteTo1000Rows,
    LosesALockedHandle,
    KeepsReadTailsInTheHandle,
    NumbersInTheHandle,
    DropsAppendsBeyond1000,
    ForgetsDeletionsBeyond100,
    CutsBodiesOfLargeWrites,
    FailsAbove1000Expectations,
}

/// Every flaw.
pub const FLAWS: &[Flaw] = &[
    Flaw::AcknowledgesBeforeItIsWritten,
    Flaw::IgnoresExpectations,
    Flaw::IgnoresExpectedAbsence,
    Flaw::ChecksOnlyTheFirstExpectation,
    Flaw::ChecksOnlyExpectationsOfWhatItWrites,
    Flaw::WritesBeforeItChecks,
    Flaw::TellsEventsOnConflict,
    Flaw::CountsVersionsPerRecord,
    Flaw::TakesVersionsFromContent,
    Flaw::ForgetsTheVersionWhenReopened,
    Flaw::IgnoresTheTable,
    Flaw::CutsKeysTo16Bytes,
    Flaw::KeepsReadRecordsInTheHandle,
    Flaw::ExcludesTheEndOfARange,
    Flaw::SortsNumbersAsSigned,
    Flaw::IgnoresTheMaximumOfARange,
    Flaw::IgnoresTheBytesOfAScan,
    Flaw::CutsAScanBelowItsBytes,
    Flaw::AppendsDuplicates,
    Flaw::ReplacesDuplicates,
    Flaw::PassesOverEqualContent,
    Flaw::PassesOverIdsOfOtherLogs,
    Flaw::RemembersTrimmedIds,
    Flaw::ConflictsOnDuplicates,
    Flaw::NumbersFromTheLastEntry,
    Flaw::NumbersFromZero,
    Flaw::AppendsInOrderOfIds,
    Flaw::IncludesTheEntryItStartsAfter,
    Flaw::TrimsOneTooFew,
    Flaw::TrimsWhatItAppends,
    Flaw::FailsToDeleteWhatIsNotThere,
    Flaw::LosesTheSecondOfEqualEvents,
    Flaw::IgnoresFlush,
    Flaw::IgnoresAnEmptyFlush,
    Flaw::FlushesOnlyThisWrite,
    Flaw::TearsWritesApart,
    Flaw::LosesLogsInAPowerCut,
    Flaw::KeepsEventsFromAPowerCut,
    Flaw::KeepsALaterWriteWithoutAnEarlierOne,
    Flaw::HoldsALockForEver,
    Flaw::LimitsAWriteTo1000Rows,
    Flaw::LosesALockedHandle,
    Flaw::KeepsReadTailsInTheHandle,
    Flaw::NumbersInTheHandle,
    Flaw::DropsAppendsBeyond1000,
    Flaw::ForgetsDeletionsBeyond100,
    Flaw::CutsBodiesOfLargeWrites,
    Flaw::FailsAbove1000Expectations,
];

#[derive(Clone, Default)]
struct State {
    records: BTreeMap<Key, Stored>,
    entries: BTreeMap<(Key, u64), (ItemId, Vec<u8>)>,
    last: BTreeMap<Key, u64>,
    trimmed: Vec<(Key, ItemId)>,
    events: Vec<Vec<u8>>,
    version: u64,
}

#[derive(Clone, Debug)]
struct Owned {
    delete: Vec<Key>,
    put: Vec<(Key, Vec<u8>)>,
    trim: Vec<Trim>,
    append: Vec<Append>,
    events: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Disk {
    now: State,
    durable: State,
    /// Writes since the last flush.
    pending: Vec<Owned>,
    is_locked: bool,
    cuts: usize,
}

pub struct Flawed {
    flaw: Flaw,
    disk: Rc<RefCell<Disk>>,
}

/// A handle.
pub struct Handle {
    flaw: Flaw,
    disk: Rc<RefCell<Disk>>,
    /// Of a handle that acknowledges too early.
    unwritten: Option<Owned>,
    /// Of a handle that reads a record once.
    seen: BTreeMap<Key, Option<Stored>>,
    tails: BTreeMap<Tail, Vec<Entry>>,
    /// The number that this handle thinks a log has come to.
    numbers: BTreeMap<Key, u64>,
    holds_lock: bool,
}

impl Flawed {
    pub fn new(flaw: Flaw) -> Self {
        Self { flaw, disk: Rc::default() }
    }
}

impl Harness for Flawed {
    type Store = Blocking<Handle>;

    async fn create(&mut self) {
        self.disk = Rc::default();
    }

    async fn open(&mut self) -> Blocking<Handle> {
        let mut disk = self.disk.borrow_mut();
        if self.flaw == Flaw::ForgetsTheVersionWhenReopened {
            disk.now.version = disk.now.records.len().try_into().unwrap();
        }
        let disk = self.disk.clone();
        Blocking(Handle {
            flaw: self.flaw,
            disk,
            unwritten: None,
            seen: BTreeMap::new(),
            tails: BTreeMap::new(),
            numbers: BTreeMap::new(),
            holds_lock: false,
        })
    }

    /// Keeps one write more with every cut, so that every number of writes is tried.
    async fn power_cut(&mut self) {
        let mut disk = self.disk.borrow_mut();
        let pending = std::mem::take(&mut disk.pending);
        let mut kept = disk.cuts % (pending.len() + 1);
        disk.cuts += 1;
        let mut state = disk.durable.clone();
        if self.flaw == Flaw::KeepsALaterWriteWithoutAnEarlierOne && kept > 1 {
            for write in &pending[1..kept] {
                state.carry_out(write, self.flaw);
            }
            kept = 0;
        }
        for write in &pending[..kept] {
            state.carry_out(write, self.flaw);
        }
        if let (Flaw::TearsWritesApart, Some(torn)) = (self.flaw, pending.get(kept)) {
            state.carry_out(&Owned { append: vec![], events: vec![], ..torn.clone() }, self.flaw);
        }
        if self.flaw == Flaw::KeepsEventsFromAPowerCut {
            state.events.clone_from(&disk.now.events);
        }
        if self.flaw == Flaw::LosesLogsInAPowerCut {
            state.entries.retain(|(_, number), _| *number < 3);
        }
        disk.durable = state.clone();
        disk.now = state;
    }

    async fn events(&mut self) -> Vec<Vec<u8>> {
        self.disk.borrow().now.events.clone()
    }
}

impl Handle {
    fn key(&self, key: &Key) -> Key {
        let table = if self.flaw == Flaw::IgnoresTheTable { Table::SPECIMENS } else { key.table() };
        let mut name = *key.name();
        if self.flaw == Flaw::CutsKeysTo16Bytes {
            name[16..].fill(0);
        }
        Key::new(table, name)
    }

    fn first(&self, range: &Range) -> Vec<(Key, Stored)> {
        let disk = self.disk.borrow();
        let end = |key: &Key| self.flaw == Flaw::ExcludesTheEndOfARange && key.name() == range.to();
        let rows = disk.now.records.iter().filter(|(key, _)| range.contains(key) && !end(key));
        let mut rows: Vec<_> = rows.map(|(key, stored)| (*key, stored.clone())).collect();
        if self.flaw == Flaw::SortsNumbersAsSigned {
            rows.sort_by_key(|(key, _)| key.suffix().cast_signed());
        }
        let max = if self.flaw == Flaw::IgnoresTheMaximumOfARange { 1_000 } else { range.limit() };
        self.limited(rows, max.into(), |(_, stored)| stored.body.len())
    }

    fn tail(&self, tail: &Tail) -> Vec<Entry> {
        let disk = self.disk.borrow();
        let is_after = |number: u64| match self.flaw {
            Flaw::IncludesTheEntryItStartsAfter => number >= tail.after(),
            _ => number > tail.after() || (self.flaw == Flaw::NumbersFromZero && tail.after() == 0),
        };
        let entries = disk.now.entries.iter();
        let entries = entries.filter(|((log, number), _)| log == tail.log() && is_after(*number));
        let entries =
            entries.map(|((_, number), (id, body))| Entry { number: *number, id: *id, body: body.clone() });
        self.limited(entries.collect(), tail.limit().into(), |entry| entry.body.len())
    }

    fn limited<T>(&self, mut rows: Vec<T>, max: usize, size: impl Fn(&T) -> usize) -> Vec<T> {
        rows.truncate(max);
        let mut bytes = 0;
        if self.flaw != Flaw::IgnoresTheBytesOfAScan {
            rows.retain(|row| {
                let before = bytes;
                bytes += size(row);
                let end = if self.flaw == Flaw::CutsAScanBelowItsBytes { bytes } else { before };
                end < limits::SCAN_BYTES
            });
        }
        rows
    }

    fn holds(&self, write: &Write<'_>) -> bool {
        let disk = self.disk.borrow();
        let written = |key: &Key| write.delete.contains(key) || write.put.iter().any(|put| put.key == *key);
        write.expect.iter().enumerate().all(|(index, expect)| {
            let is_ignored = match self.flaw {
                Flaw::IgnoresExpectations => true,
                Flaw::IgnoresExpectedAbsence => expect.version.is_none(),
                Flaw::ChecksOnlyTheFirstExpectation => index > 0,
                Flaw::ChecksOnlyExpectationsOfWhatItWrites => !written(&expect.key),
                _ => false,
            };
            let found = disk.now.records.get(&self.key(&expect.key)).map(|stored| stored.version);
            is_ignored || found == expect.version
        })
    }

    fn has_a_duplicate(&self, write: &Write<'_>) -> bool {
        let disk = self.disk.borrow();
        write.append.iter().any(|append| disk.now.number_of(append).is_some())
    }

    fn mishandle_size(&mut self, owned: &mut Owned) {
        match self.flaw {
            Flaw::DropsAppendsBeyond1000 => owned.append.truncate(1_000),
            Flaw::ForgetsDeletionsBeyond100 => owned.delete.truncate(100),
            Flaw::CutsBodiesOfLargeWrites if owned.put.len() > 7 => {
                owned.put.iter_mut().for_each(|(_, body)| body.truncate(1_000_000));
            }
            Flaw::NumbersInTheHandle => {
                let mut disk = self.disk.borrow_mut();
                for append in &owned.append {
                    let known = disk.now.last.get(&append.log).copied().unwrap_or_default();
                    let own = self.numbers.entry(append.log).or_insert(known);
                    disk.now.last.insert(append.log, *own);
                    *own += 1;
                }
            }
            _ => {}
        }
    }

    fn write_down(&mut self, write: Owned, flush: bool) {
        let mut disk = self.disk.borrow_mut();
        disk.now.carry_out(&write, self.flaw);
        let is_empty = write.put.is_empty() && write.append.is_empty() && write.events.is_empty();
        disk.pending.push(write);
        match self.flaw {
            Flaw::IgnoresFlush => return,
            Flaw::IgnoresAnEmptyFlush if is_empty => return,
            Flaw::FlushesOnlyThisWrite if flush => {
                let write = disk.pending.pop().unwrap();
                disk.durable.carry_out(&write, self.flaw);
                return;
            }
            _ => {}
        }
        if flush {
            disk.durable = disk.now.clone();
            disk.pending.clear();
        }
    }
}

impl Store for Handle {
    type Error = String;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, String> {
        let mut loaded = Loaded::new();
        for want in wants {
            match want {
                Want::Record(key) => {
                    let mut found = self.disk.borrow().now.records.get(&self.key(key)).cloned();
                    if self.flaw == Flaw::KeepsReadRecordsInTheHandle {
                        found.clone_from(self.seen.entry(*key).or_insert(found.clone()));
                    }
                    loaded.insert_record(*key, found);
                }
                Want::First(range) => loaded.insert_range(*range, self.first(range)),
                Want::Log(tail) => {
                    let mut found = self.tail(tail);
                    if self.flaw == Flaw::KeepsReadTailsInTheHandle {
                        found.clone_from(self.tails.entry(*tail).or_insert(found.clone()));
                    }
                    loaded.insert_tail(*tail, found);
                }
            }
        }
        Ok(loaded)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, String> {
        self.tails.clear();
        if self.disk.borrow().is_locked && !self.holds_lock {
            return Err("locked".to_owned());
        }
        if let Some(before) = self.unwritten.take() {
            self.write_down(before, write.flush);
        }
        self.seen.retain(|key, _| write.put.iter().all(|put| put.key != *key));
        let mut owned = Owned {
            delete: write.delete.iter().map(|key| self.key(key)).collect(),
            put: write.put.iter().map(|put| (self.key(&put.key), put.body.clone())).collect(),
            trim: write.trim.to_vec(),
            append: write.append.to_vec(),
            events: write.events.to_vec(),
        };
        self.mishandle_size(&mut owned);
        if self.flaw == Flaw::FailsAbove1000Expectations && write.expect.len() > 1_000 {
            return Err("too many expectations".to_owned());
        }
        let rows = owned.put.len() + owned.append.len();
        if self.flaw == Flaw::LimitsAWriteTo1000Rows && rows > 1_000 {
            return Err("too many rows".to_owned());
        }
        if self.flaw == Flaw::FailsToDeleteWhatIsNotThere
            && owned.delete.iter().any(|key| !self.disk.borrow().now.records.contains_key(key))
        {
            return Err("not there".to_owned());
        }
        let is_conflict =
            !self.holds(write) || (self.flaw == Flaw::ConflictsOnDuplicates && self.has_a_duplicate(write));
        if self.flaw != Flaw::HoldsALockForEver {
            self.unlock();
        }
        if is_conflict {
            match self.flaw {
                Flaw::WritesBeforeItChecks => owned.events.clear(),
                Flaw::TellsEventsOnConflict => {
                    owned = Owned {
                        events: owned.events,
                        delete: vec![],
                        put: vec![],
                        trim: vec![],
                        append: vec![],
                    };
                }
                _ => return Ok(Outcome::Conflict),
            }
            self.write_down(owned, write.flush);
            return Ok(Outcome::Conflict);
        }
        if self.flaw == Flaw::AcknowledgesBeforeItIsWritten {
            self.unwritten = Some(owned);
        } else {
            self.write_down(owned, write.flush);
        }
        Ok(Outcome::Committed)
    }

    fn lock(&mut self) -> Result<(), String> {
        self.holds_lock = true;
        self.disk.borrow_mut().is_locked = true;
        Ok(())
    }

    fn unlock(&mut self) {
        if self.holds_lock {
            self.holds_lock = false;
            self.disk.borrow_mut().is_locked = false;
        }
    }
}

/// A lock ends with its handle.
impl Drop for Handle {
    fn drop(&mut self) {
        if self.flaw != Flaw::LosesALockedHandle {
            self.unlock();
        }
    }
}

impl State {
    fn number_of(&self, append: &Append) -> Option<u64> {
        let mut entries = self.entries.iter();
        let found = entries.find(|((log, _), (id, _))| *log == append.log && *id == append.id);
        found.map(|((_, number), _)| *number)
    }

    fn carry_out(&mut self, write: &Owned, flaw: Flaw) {
        for key in &write.delete {
            self.records.remove(key);
        }
        for (key, body) in &write.put {
            self.version += 1;
            let version = match flaw {
                Flaw::CountsVersionsPerRecord => {
                    self.records.get(key).map_or(1, |stored| stored.version.0 + 1)
                }
                Flaw::TakesVersionsFromContent => {
                    body.iter().fold(7, |sum, byte| sum * 31 % 997 + u64::from(*byte))
                }
                _ => self.version,
            };
            self.records.insert(*key, Stored { version: Version(version), body: body.clone() });
        }
        if flaw == Flaw::TrimsWhatItAppends {
            self.append_all(write, flaw);
        }
        for trim in &write.trim {
            let through = trim.through.saturating_sub(u64::from(flaw == Flaw::TrimsOneTooFew));
            let is_trimmed = |log: &Key, number: u64| *log == trim.log && number <= through;
            let gone = self.entries.iter().filter(|((log, number), _)| is_trimmed(log, *number));
            self.trimmed.extend(gone.map(|((log, _), (id, _))| (*log, *id)));
            self.entries.retain(|(log, number), _| !is_trimmed(log, *number));
        }
        if flaw != Flaw::TrimsWhatItAppends {
            self.append_all(write, flaw);
        }
        for event in &write.events {
            if flaw != Flaw::LosesTheSecondOfEqualEvents || self.events.last() != Some(event) {
                self.events.push(event.clone());
            }
        }
    }

    fn append_all(&mut self, write: &Owned, flaw: Flaw) {
        let mut appends = write.append.clone();
        if flaw == Flaw::AppendsInOrderOfIds {
            appends.sort_by_key(|append| append.id);
        }
        for append in appends {
            self.append(&append, flaw);
        }
    }

    fn append(&mut self, append: &Append, flaw: Flaw) {
        let known = match flaw {
            Flaw::AppendsDuplicates => None,
            Flaw::PassesOverIdsOfOtherLogs => {
                self.entries.values().any(|(id, _)| *id == append.id).then_some(0)
            }
            Flaw::PassesOverEqualContent => {
                let same = |(log, _): &(Key, u64), body: &[u8]| *log == append.log && body == append.body;
                self.entries.iter().any(|(at, (_, body))| same(at, body)).then_some(0)
            }
            Flaw::RemembersTrimmedIds if self.trimmed.contains(&(append.log, append.id)) => Some(0),
            _ => self.number_of(append),
        };
        if let Some(number) = known {
            if flaw == Flaw::ReplacesDuplicates {
                self.entries.insert((append.log, number), (append.id, append.body.clone()));
            }
            return;
        }
        let first = u64::from(flaw != Flaw::NumbersFromZero);
        let last = match flaw {
            Flaw::NumbersFromTheLastEntry => {
                self.entries.keys().filter(|(log, _)| *log == append.log).map(|(_, number)| *number).max()
            }
            _ => self.last.get(&append.log).copied(),
        };
        let number = last.map_or(first, |last| last + 1);
        self.last.insert(append.log, number);
        self.entries.insert((append.log, number), (append.id, append.body.clone()));
    }
}
