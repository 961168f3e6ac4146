//! The machine that the workers run: it counts commands, and writes of each in as many places as a write has.

use core::fmt;
use core::str::FromStr;

use sottovoce::crypto::random::{self, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::job::{Job, JobId};
use sottovoce::storage::timer::{self, Timer};
use sottovoce::storage::{
    self, ItemId, Key, Loaded, Machine, Step, Stop, StorageError, Table, Tail, Transaction, Vault, Want,
};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::specimen::{Choice, Colour, Part, Specimen};

/// Slices of a job.
pub(super) const SLICES: u64 = 4;
/// Entries that stay when a log is trimmed.
const KEPT: u64 = 3;
/// The first byte of a timer's owner; 1 is taken by jobs.
const OWNER: u8 = 2;

/// A command: the worker that runs it, and which one of that worker's it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Command {
    pub(super) worker: u32,
    pub(super) sequence: u64,
}

/// What happens to a machine.
pub(super) enum Input {
    Command(Command),
    Wake,
}

/// What was done, and for which command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// The command itself; the count of commands after it.
    Counted(u64),
    /// The timer that it set was taken.
    Fired,
    /// A slice of the job that it started, from 0.
    Sliced(u64),
}

/// A deed of a command: what is sent, what events say, and what logs hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Note {
    pub(super) command: Command,
    pub(super) deed: Deed,
    /// How many commands of its worker there were after it; 0 of other deeds.
    pub(super) own: u32,
}

pub(super) struct Counter {
    pub(super) vault: Vault,
    /// Whether commands that were run before are recognised. They have to be.
    pub(super) remembers: bool,
}

impl Command {
    pub(super) fn id(self) -> [u8; 16] {
        ((u128::from(self.worker) << 64) | u128::from(self.sequence)).to_be_bytes()
    }

    fn from_id(id: [u8; 16]) -> Option<Self> {
        let both = u128::from_be_bytes(id);
        Some(Self {
            worker: u32::try_from(both >> 64).ok()?,
            sequence: u64::try_from(both & u128::from(u64::MAX)).ok()?,
        })
    }

    /// Whether it sends something. What does not is not flushed, unless it asks for it.
    const fn sends(self) -> bool {
        !self.sequence.is_multiple_of(3)
    }

    const fn flushes(self) -> bool {
        self.sequence.is_multiple_of(5)
    }

    pub(super) const fn sets_timer(self) -> bool {
        self.sequence % 4 == 1
    }

    pub(super) const fn starts_job(self) -> bool {
        self.sequence % 8 == 2
    }

    const fn trims(self) -> bool {
        self.sequence % 16 == 7
    }
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { vault: Vault::new(&Secret::new([0x5a; 32]), b"world"), remembers: true }
    }

    fn key(&self, name: &[u8]) -> Key {
        self.vault.partition(Table::SPECIMENS, name).key(0)
    }

    /// The record of a command that was run.
    pub(super) fn done(&self, command: Command) -> Key {
        self.key(&[b"done".as_slice(), &command.id()].concat())
    }

    pub(super) fn counter(&self) -> Key {
        self.key(b"counter")
    }

    pub(super) fn worker(&self, worker: u32) -> Key {
        self.key(&[b"worker".as_slice(), &worker.to_be_bytes()].concat())
    }

    /// The log of all commands.
    pub(super) fn shared(&self) -> Key {
        self.key(b"shared")
    }

    /// The log of one worker's commands.
    pub(super) fn own(&self, worker: u32) -> Key {
        self.key(&[b"own".as_slice(), &worker.to_be_bytes()].concat())
    }

    /// The log of all commands of which only the end is kept.
    pub(super) fn recent(&self) -> Key {
        self.key(b"recent")
    }

    /// The log of timers and slices.
    pub(super) fn later(&self) -> Key {
        self.key(b"later")
    }

    fn count(
        &self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
        command: Command,
    ) -> Result<Vec<Note>, Stop<StorageError>> {
        let (done, counter, worker) = (self.done(command), self.counter(), self.worker(command.worker));
        let recent = Tail::new(self.recent(), 0, 100);
        let records = [done, counter, worker].map(Want::Record);
        transaction.need(records.into_iter().chain(command.trims().then_some(Want::Log(recent))))?;

        let done = transaction.read::<Specimen>(done)?;
        if let Some(note) = done.value().filter(|_| self.remembers) {
            let note = Note::read(note)?;
            transaction.already_done();
            return Ok(if command.sends() { vec![note] } else { Vec::new() });
        }
        let counter = transaction.read::<Specimen>(counter)?;
        let worker = transaction.read::<Part>(worker)?;
        let count = counter.value().map_or(0, |count| count.big).saturating_add(1);
        let own = worker.value().map_or(0, |part| part.number).saturating_add(1);
        let note = Note { command, deed: Deed::Counted(count), own };
        let specimen = note.written();
        transaction.put(done, &specimen)?;
        transaction.put(counter, &specimen)?;
        transaction.put(worker, &Part { number: own, mark: None })?;
        self.write_down(transaction, command, &specimen)?;
        if command.trims() {
            let last = transaction.tail::<Specimen>(recent)?.last().map_or(0, |item| item.number);
            transaction.trim(self.recent(), last.saturating_sub(KEPT));
        }
        if command.sets_timer() {
            let owner = [&[OWNER], command.id().as_slice()].concat();
            Timer { owner, due: now.plus(Span::from_millis(20)), set: now }.start(None, transaction)?;
        }
        if command.starts_job() {
            JobId(command.id()).start(transaction, Job::new(1, vec![1], SLICES), now)?;
        }
        if command.flushes() {
            transaction.flush();
        }
        Ok(if command.sends() { vec![note] } else { Vec::new() })
    }

    fn write_down(
        &self,
        transaction: &mut Transaction<'_>,
        command: Command,
        specimen: &Specimen,
    ) -> Result<(), StorageError> {
        // In one log under an id of its own each time, so that nothing hides a repetition; in the others under the command's.
        let unique = unique(transaction)?;
        transaction.append(self.shared(), unique, specimen)?;
        for log in [self.own(command.worker), self.recent()] {
            transaction.append(log, self.vault.item(&log, &command.id()), specimen)?;
        }
        transaction.event(specimen)
    }

    fn wake(
        &self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<Vec<Note>, Stop<StorageError>> {
        let mut notes = Vec::new();
        for timer in timer::take_due(transaction, now, 2)?.timers {
            if let Some(job) = JobId::of(&timer) {
                let Some(mut running) = job.resume(transaction)? else { continue };
                let done = running.job().done;
                notes.push(Note::later(job.0, Deed::Sliced(done))?);
                running.job_mut().done = done.saturating_add(1);
                if running.job().done < SLICES {
                    running.advance(transaction, now)?;
                } else {
                    running.end(transaction)?;
                }
            } else {
                let id = timer.owner.last_chunk().ok_or(StorageError::Unreadable)?;
                notes.push(Note::later(*id, Deed::Fired)?);
            }
        }
        for note in &notes {
            let unique = unique(transaction)?;
            transaction.append(self.later(), unique, &note.written())?;
            transaction.event(&note.written())?;
        }
        Ok(notes)
    }
}

fn unique(transaction: &mut Transaction<'_>) -> Result<ItemId, StorageError> {
    Ok(ItemId::new(*random::draw::<16>(transaction.rng())?.expose()))
}

impl Machine for Counter {
    type Input = Input;
    type Output = Note;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Note>, StorageError> {
        storage::step(&self.vault, loaded, seed, |transaction| match input {
            Input::Command(command) => self.count(transaction, now, *command),
            Input::Wake => self.wake(transaction, now),
        })
    }
}

impl Note {
    fn later(id: [u8; 16], deed: Deed) -> Result<Self, StorageError> {
        let command = Command::from_id(id).ok_or(StorageError::Unreadable)?;
        Ok(Self { command, deed, own: 0 })
    }

    pub(super) fn read(specimen: &Specimen) -> Result<Self, StorageError> {
        let deed = match specimen.number {
            0 => Deed::Counted(specimen.big),
            1 => Deed::Fired,
            _ => Deed::Sliced(specimen.big),
        };
        let command = Command::from_id(specimen.id).ok_or(StorageError::Unreadable)?;
        Ok(Self { command, deed, own: specimen.last })
    }

    fn written(&self) -> Specimen {
        let (number, big) = match self.deed {
            Deed::Counted(count) => (0, count),
            Deed::Fired => (1, 0),
            Deed::Sliced(slice) => (2, slice),
        };
        let nothing = || Part { number: 0, mark: None };
        Specimen {
            number,
            big,
            flag: false,
            colour: Colour::Red,
            id: self.command.id(),
            data: vec![0; 64],
            text: String::new(),
            part: nothing(),
            parts: Vec::new(),
            chunks: Vec::new(),
            note: None,
            choice: Choice::Left(nothing()),
            late: false,
            token: [0; 8],
            last: self.own,
        }
    }
}

/// As the workers report it.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command: Command { worker, sequence }, deed, own } = self;
        let (kind, number) = match deed {
            Deed::Counted(count) => (0, *count),
            Deed::Fired => (1, 0),
            Deed::Sliced(slice) => (2, *slice),
        };
        write!(f, "{worker} {sequence} {kind} {number} {own}")
    }
}

impl FromStr for Note {
    type Err = crate::Failure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split(' ').map(u64::from_str).collect::<Result<Vec<_>, _>>()?;
        let &[worker, sequence, kind, number, own] = numbers.as_slice() else {
            return Err(format!("not a note: {text}").into());
        };
        let deed = match kind {
            0 => Deed::Counted(number),
            1 => Deed::Fired,
            _ => Deed::Sliced(number),
        };
        let command = Command { worker: worker.try_into()?, sequence };
        Ok(Self { command, deed, own: own.try_into()? })
    }
}
