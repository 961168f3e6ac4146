//! Whether everything that was released is there, whole, and once.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sottovoce::storage::{Key, Record, Store as _, Tail, Want};
use sottovoce::wire::specimen::{Part, Specimen};
use sottovoce_store_sqlite::SqliteStore;

use super::breaks::application;
use super::machine::{Command, Counter, Deed, Note, SLICES};
use super::parent::Said;
use crate::Failure;

/// What the store holds in the end, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Account {
    commands: usize,
    timers: usize,
    slices: usize,
    torn: Wrongs,
    lost: Wrongs,
    doubled: Wrongs,
}

/// How much is wrong, and the first of it in words.
#[derive(Debug, Default)]
struct Wrongs(usize, Vec<String>);

/// Reads the store.
struct Auditor {
    machine: Counter,
    store: SqliteStore,
}

/// What is written of commands in one place or another.
struct Books {
    /// The log of all commands, in order.
    shared: Vec<Note>,
    recent: Vec<Note>,
    later: Vec<Note>,
    application: Vec<Note>,
    /// By worker.
    own: Vec<Vec<Note>>,
    counter: u64,
    workers: Vec<u32>,
    done: BTreeMap<Command, Note>,
}

impl Wrongs {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0 = self.0.saturating_add(1);
            if self.1.len() < 5 {
                self.1.push(what());
            }
        }
    }

    /// Whatever occurs twice.
    fn repeated<T: Ord + fmt::Debug>(&mut self, place: &str, notes: impl Iterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for note in notes {
            let text = format!("{note:?}");
            self.unless(seen.insert(note), || format!("twice in {place}: {text}"));
        }
    }
}

impl Auditor {
    fn record<T: Record>(&mut self, key: Key) -> Result<Option<T>, Failure> {
        let loaded = self.store.load(&[Want::Record(key)])?;
        let stored = loaded.record(&key).flatten();
        Ok(stored.map(|stored| self.machine.vault.open_record(&key, &stored.body)).transpose()?)
    }

    fn log(&mut self, log: Key) -> Result<Vec<Note>, Failure> {
        let (mut notes, mut after) = (Vec::new(), 0);
        loop {
            let tail = Tail::new(log, after, 1_000);
            let loaded = self.store.load(&[Want::Log(tail)])?;
            let entries = loaded.tail(&tail).ok_or("not loaded")?;
            for entry in entries {
                if entry.number <= after {
                    return Err("numbers that do not ascend".into());
                }
                after = entry.number;
                notes.push(Note::read(&self.machine.vault.open_entry(&log, &entry.id, &entry.body)?)?);
            }
            if entries.is_empty() {
                return Ok(notes);
            }
        }
    }

    fn application(&self, path: &Path) -> Result<Vec<Note>, Failure> {
        let connection = application(path)?;
        let mut statement = connection.prepare("SELECT body FROM message ORDER BY number")?;
        let bodies = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<Vec<u8>>, _>>()?;
        bodies.iter().map(|body| Ok(Note::read(&self.machine.vault.open_event(body)?)?)).collect()
    }

    fn books(&mut self, path: &Path, processes: u32) -> Result<Books, Failure> {
        let (shared, recent, later) = (self.machine.shared(), self.machine.recent(), self.machine.later());
        let mut books = Books {
            shared: self.log(shared)?,
            recent: self.log(recent)?,
            later: self.log(later)?,
            application: self.application(path)?,
            own: Vec::new(),
            counter: self.record::<Specimen>(self.machine.counter())?.map_or(0, |specimen| specimen.big),
            workers: Vec::new(),
            done: BTreeMap::new(),
        };
        for worker in 0..processes {
            books.own.push(self.log(self.machine.own(worker))?);
            let part = self.record::<Part>(self.machine.worker(worker))?;
            books.workers.push(part.map_or(0, |part| part.number));
        }
        let everywhere =
            [&books.shared, &books.recent, &books.application].into_iter().chain(&books.own).flatten();
        let commands: BTreeSet<_> = everywhere.map(|note| note.command).collect();
        for command in commands {
            if let Some(specimen) = self.record::<Specimen>(self.machine.done(command))? {
                books.done.insert(command, Note::read(&specimen)?);
            }
        }
        Ok(books)
    }
}

impl Account {
    pub(super) fn of(path: &Path, processes: u32, said: &Said) -> Result<Self, Failure> {
        let mut auditor = Auditor { machine: Counter::new(), store: SqliteStore::open(path)? };
        let books = auditor.books(path, processes)?;
        let mut account = Self { commands: books.shared.len(), ..Self::default() };
        account.find_repetitions(&books);
        account.compare(&books);
        account.compare_workers(&books);
        account.find_losses(&books, said);
        account.follow_up(&books);
        Ok(account)
    }

    pub(super) fn holds(&self) -> bool {
        [&self.torn, &self.lost, &self.doubled].iter().all(|wrongs| wrongs.0 == 0)
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &String> {
        [&self.torn, &self.lost, &self.doubled].into_iter().flat_map(|wrongs| &wrongs.1)
    }

    fn find_repetitions(&mut self, books: &Books) {
        let Self { doubled, .. } = self;
        doubled.repeated("the log of all", books.shared.iter().map(|note| note.command));
        doubled.repeated("the log of timers and jobs", books.later.iter());
        doubled.repeated(
            "the application's table",
            books.application.iter().map(|note| (note.command, kind(note))),
        );
        doubled.repeated("a log of its worker's", books.own.iter().flatten().map(|note| note.command));
        doubled.repeated("the trimmed log", books.recent.iter().map(|note| note.command));
    }

    /// The places of one command hold the same, or none does.
    fn compare(&mut self, books: &Books) {
        let torn = &mut self.torn;
        for (note, count) in books.shared.iter().zip(1..) {
            torn.unless(note.deed == Deed::Counted(count), || format!("not number {count} of all: {note:?}"));
            torn.unless(books.done.get(&note.command) == Some(note), || format!("no record of {note:?}"));
        }
        let count = u64::try_from(books.shared.len()).unwrap_or(u64::MAX);
        torn.unless(books.counter == count, || format!("{count} commands, counted {}", books.counter));
        let end = books.shared.len().saturating_sub(books.recent.len());
        torn.unless(books.shared.get(end..) == Some(books.recent.as_slice()), || {
            "the trimmed log is another".to_owned()
        });

        let shared: BTreeSet<_> = books.shared.iter().collect();
        let own: BTreeSet<_> = books.own.iter().flatten().collect();
        let told: BTreeSet<_> = books.application.iter().collect();
        let later: BTreeSet<_> = books.later.iter().collect();
        for note in shared.symmetric_difference(&own) {
            torn.unless(false, || format!("in one log and not in the other: {note:?}"));
        }
        for note in shared.union(&later).copied().collect::<BTreeSet<_>>().symmetric_difference(&told) {
            torn.unless(false, || format!("in a log or in the application's table, not in both: {note:?}"));
        }
    }

    /// Each worker's commands are in order.
    fn compare_workers(&mut self, books: &Books) {
        for (notes, count) in books.own.iter().zip(&books.workers) {
            for (note, number) in notes.iter().zip(1..) {
                let sequence = u64::from(note.own);
                let holds = note.own == number && note.command.sequence == sequence;
                self.torn.unless(holds, || format!("not number {number} of its worker: {note:?}"));
            }
            let found = notes.len();
            self.torn.unless(usize::try_from(*count).is_ok_and(|count| count == found), || {
                format!("{found} commands of a worker, counted {count}")
            });
        }
    }

    /// What was released is there.
    fn find_losses(&mut self, books: &Books, said: &Said) {
        let committed: BTreeSet<_> = books.shared.iter().map(|note| note.command).collect();
        for command in said.acknowledged.difference(&committed) {
            self.lost.unless(false, || format!("acknowledged and not there: {command:?}"));
        }
        let all: BTreeSet<_> = books.shared.iter().chain(&books.later).copied().collect();
        for note in said.sent.difference(&all) {
            self.lost.unless(false, || format!("sent and not there: {note:?}"));
        }
    }

    /// What was to be done later was done.
    fn follow_up(&mut self, books: &Books) {
        let committed: BTreeSet<_> = books.shared.iter().map(|note| note.command).collect();
        let timers =
            committed.iter().filter(|command| command.sets_timer()).map(|command| (*command, Deed::Fired));
        let jobs = committed.iter().filter(|command| command.starts_job());
        let slices = jobs.flat_map(|command| (0..SLICES).map(|slice| (*command, Deed::Sliced(slice))));
        let expected: BTreeSet<_> = timers.chain(slices).collect();
        let found: BTreeSet<_> = books.later.iter().map(|note| (note.command, note.deed)).collect();
        for (command, deed) in expected.difference(&found) {
            self.lost.unless(false, || format!("never done: {deed:?} of {command:?}"));
        }
        for (command, deed) in found.difference(&expected) {
            self.torn.unless(false, || format!("nobody has asked for {deed:?} of {command:?}"));
        }
        self.timers = found.iter().filter(|(_, deed)| *deed == Deed::Fired).count();
        self.slices = found.len().saturating_sub(self.timers);
    }
}

/// A deed without what came of it.
const fn kind(note: &Note) -> (u8, u64) {
    match note.deed {
        Deed::Counted(_) => (0, 0),
        Deed::Fired => (1, 0),
        Deed::Sliced(slice) => (2, slice),
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, timers, slices, torn, lost, doubled } = self;
        writeln!(f, "commands             {commands:>8}")?;
        writeln!(f, "timers taken         {timers:>8}")?;
        writeln!(f, "slices of jobs       {slices:>8}")?;
        writeln!(f, "torn                 {:>8}", torn.0)?;
        writeln!(f, "lost                 {:>8}", lost.0)?;
        writeln!(f, "doubled              {:>8}", doubled.0)
    }
}
