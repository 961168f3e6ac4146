//! What a step has decided, and what may leave once it is committed.

use core::fmt;

use super::key::Key;
use super::store::Outcome;
use super::write::{Append, Expect, Put, Trim, Write};
use crate::time::Timestamp;

/// A decision that is not made until it is committed: what is to be sent cannot be reached before.
#[must_use = "effects do nothing until they are committed"]
pub struct Effects<O> {
    pub(super) changes: Changes,
    pub(super) send: Vec<O>,
    pub(super) wake_at: Option<Timestamp>,
}

/// A write with its contents.
#[derive(Clone, Default)]
pub(super) struct Changes {
    pub(super) expect: Vec<Expect>,
    pub(super) delete: Vec<Key>,
    pub(super) put: Vec<Put>,
    pub(super) trim: Vec<Trim>,
    pub(super) append: Vec<Append>,
    pub(super) events: Vec<Vec<u8>>,
    pub(super) flush: bool,
}

/// What came of committing.
#[derive(Debug)]
#[must_use = "a conflict means that nothing has happened"]
pub enum Commit<O> {
    /// It is durable as asked, and what it releases may leave.
    Released(Released<O>),
    /// Somebody else has changed what was decided on. Load again, and run the step again with another seed.
    Conflict,
}

/// What a committed step releases.
#[derive(Debug)]
#[must_use = "what is released wants to be sent and shown"]
pub struct Released<O> {
    /// To be sent. If it is lost, whoever is responsible sends it again: the step that made it does not.
    pub send: Vec<O>,
    /// The events of the write, as the store has got them.
    pub events: Vec<Vec<u8>>,
    /// When to wake the machine at the latest, if that is earlier than what it said before. A hint: waking early or twice is harmless.
    /// Another process that shares the store does not hear of it, so each wakes now and then by itself.
    pub wake_at: Option<Timestamp>,
}

impl<O> Effects<O> {
    /// Commits. `apply` gets the write for the store; if it fails, it is open whether the write was carried out, nothing is
    /// released, and the same input may be run again.
    ///
    /// A decision that changes and sends nothing does not reach the store.
    pub fn commit<E>(self, apply: impl FnOnce(&Write<'_>) -> Result<Outcome, E>) -> Result<Commit<O>, E> {
        let outcome = if self.is_inert() { Outcome::Committed } else { apply(&self.changes.write())? };
        Ok(self.released(outcome))
    }

    /// [`Effects::commit`] for a store that takes its time.
    pub async fn commit_async<E>(
        self,
        apply: impl AsyncFnOnce(&Write<'_>) -> Result<Outcome, E>,
    ) -> Result<Commit<O>, E> {
        let outcome = if self.is_inert() { Outcome::Committed } else { apply(&self.changes.write()).await? };
        Ok(self.released(outcome))
    }

    fn released(self, outcome: Outcome) -> Commit<O> {
        match outcome {
            Outcome::Committed => Commit::Released(Released {
                send: self.send,
                events: self.changes.events,
                wake_at: self.wake_at,
            }),
            Outcome::Conflict => Commit::Conflict,
        }
    }

    /// Whether nothing changes, and nothing has to be durable.
    pub(super) fn is_inert(&self) -> bool {
        let Changes { expect: _, delete, put, trim, append, events, flush } = &self.changes;
        !flush
            && delete.is_empty()
            && put.is_empty()
            && trim.is_empty()
            && append.is_empty()
            && events.is_empty()
    }
}

/// Says how much, not what.
impl<O> fmt::Debug for Effects<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { changes, send, wake_at } = self;
        f.debug_struct("Effects")
            .field("rows", &changes.rows())
            .field("send", &send.len())
            .field("wake_at", wake_at)
            .finish()
    }
}

impl Changes {
    pub(super) fn rows(&self) -> usize {
        let Self { expect, delete, put, trim, append, events, flush: _ } = self;
        [expect.len(), delete.len(), put.len(), trim.len(), append.len(), events.len()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    pub(super) fn write(&self) -> Write<'_> {
        let Self { expect, delete, put, trim, append, events, flush } = self;
        Write { expect, delete, put, trim, append, events, flush: *flush }
    }
}
