//! Jobs: work that is longer than a step. `docs/PROTOCOL.md` §2.12.
//!
//! ```text
//!            start                advance (wake at once)
//!              │                    ┌────────┐
//!              ▼                    ▼        │
//!   absent ─ waiting ── resume ─▶ running ───┘
//!      ▲                            │
//!      └──────────── end ───────────┘
//! ```
//!
//! A slice of the work and the progress that it made are one write, so a crash repeats no slice and loses none.

use core::fmt;

use zeroize::Zeroizing;

use super::error::StorageError;
use super::key::{Key, Table};
use super::record::{Format, Record};
use super::timer::Timer;
use super::transaction::{Interrupt, Slot, Transaction};
use super::vault::Vault;
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// The first byte of the owner of a job's timer.
const OWNER: u8 = 1;

/// The id of a job: the id of the command that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub [u8; 16]);

/// How far a job is.
pub struct Job {
    /// What kind of work it is: a number of the layer that started it.
    pub kind: u32,
    /// Where it goes on, at most 4,096 bytes. May be secret: it is replaced, not grown, or the memory that it outgrows is not erased.
    pub state: Zeroizing<Vec<u8>>,
    /// How much is done …
    pub done: u64,
    /// … of how much.
    pub total: u64,
    due: Timestamp,
    set: Timestamp,
}

/// A job of which a slice is being done.
#[derive(Debug)]
pub struct Running {
    id: JobId,
    slot: Slot<Job>,
    job: Job,
    /// The timer that runs.
    before: Option<Timer>,
}

impl Job {
    /// A job that has not begun.
    pub fn new(kind: u32, state: Vec<u8>, total: u64) -> Self {
        let never = Timestamp::default();
        Self { kind, state: Zeroizing::new(state), done: 0, total, due: never, set: never }
    }

    fn timer(&self, id: JobId) -> Timer {
        Timer { owner: id.owner(), due: self.due, set: self.set }
    }
}

impl JobId {
    /// The job that a timer belongs to, if it belongs to one.
    pub fn of(timer: &Timer) -> Option<Self> {
        let (&first, id) = timer.owner.split_first()?;
        let id = id.try_into().ok()?;
        (first == OWNER).then_some(Self(id))
    }

    fn owner(self) -> Vec<u8> {
        [&[OWNER], self.0.as_slice()].concat()
    }

    /// The key of the job's record, to ask for in [`Transaction::need`].
    pub fn key(self, vault: &Vault) -> Key {
        vault.partition(Table::JOBS, &self.0).key(0)
    }

    /// Starts a job, to go on at once. `false`, and nothing happens, if it is there already. A job that has ended leaves nothing, so it is
    /// the record of the command that keeps a command which is run again from starting it anew.
    pub fn start(
        self,
        transaction: &mut Transaction<'_>,
        job: Job,
        now: Timestamp,
    ) -> Result<bool, Interrupt> {
        let slot = transaction.read::<Job>(self.key(transaction.vault()))?;
        if slot.value().is_some() {
            return Ok(false);
        }
        Running { id: self, slot, job, before: None }.advance(transaction, now)?;
        Ok(true)
    }

    /// Takes up a job, to do a slice or to end it. `None` if it has ended.
    pub fn resume(self, transaction: &mut Transaction<'_>) -> Result<Option<Running>, Interrupt> {
        let mut slot = transaction.read::<Job>(self.key(transaction.vault()))?;
        Ok(slot.take().map(|job| Running { id: self, slot, before: Some(job.timer(self)), job }))
    }
}

impl Running {
    /// How far it is.
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// How far it is, to be moved on.
    pub const fn job_mut(&mut self) -> &mut Job {
        &mut self.job
    }

    /// Keeps the progress, and goes on at once, after all others that are due.
    pub fn advance(mut self, transaction: &mut Transaction<'_>, now: Timestamp) -> Result<(), StorageError> {
        // Served in this millisecond: the next turn is in the next, or those with a smaller name would always be first.
        let is_served = self.before.as_ref().is_some_and(|before| before.due == now);
        let due = if is_served { now.plus(Span::from_millis(1)) } else { now };
        (self.job.due, self.job.set) = (due, now);
        self.job.timer(self.id).start(self.before.as_ref(), transaction)?;
        transaction.put(self.slot, &self.job)
    }

    /// Ends the job: it is done, or cancelled.
    pub fn end(self, transaction: &mut Transaction<'_>) -> Result<Job, StorageError> {
        if let Some(before) = self.before {
            before.stop(transaction);
        }
        transaction.delete(self.slot)?;
        Ok(self.job)
    }
}

/// Without the state.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({}: {} of {})", self.kind, self.done, self.total)
    }
}

impl Message for Job {
    type Proto = proto::Job;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let (done, total) = (required(proto.done)?, required(proto.total)?);
        if done > total {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            kind: required(proto.kind)?,
            state: Zeroizing::new(required(proto.state.take())?),
            done,
            total,
            due: Timestamp::from_millis(required(proto.due)?),
            set: Timestamp::from_millis(required(proto.set)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Job {
            kind: Some(self.kind),
            state: Some(self.state.to_vec()),
            done: Some(self.done),
            total: Some(self.total),
            due: Some(self.due.as_millis()),
            set: Some(self.set.as_millis()),
        }
    }
}

impl Format for Job {
    const FORMAT: u8 = 1;
}

impl Record for Job {
    const TABLE: Table = Table::JOBS;
}
