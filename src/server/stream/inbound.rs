//! The receiver's side of a stream. `docs/PROTOCOL.md` §7.4.

use crate::crypto::hash::Hash;

use super::chain::step;
use super::{Batch, Position, Route, Verdicts, Window};

/// How far a receiver is in a stream, and what it said about the last batch: a reply may get lost, and its verdicts must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    pub(super) epoch: u64,
    pub(super) next: u64,
    pub(super) hash: Hash,
    pub(super) last_first: u64,
    pub(super) verdicts: Verdicts,
}

/// A batch that is to be decided on. It changes nothing before it is [accepted](Admission::accept).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a batch that is admitted is to be decided on"]
pub struct Admission {
    epoch: u64,
    first: u64,
    next: u64,
    previous: Hash,
}

impl Inbound {
    /// Before the first batch.
    pub const fn new() -> Self {
        Self { epoch: 0, next: 1, hash: Hash::from_bytes([0; 32]), last_first: 1, verdicts: Verdicts::new() }
    }

    /// Whether a batch goes on exactly where this receiver is, or begins a later epoch. `None`: answer the position, change nothing.
    pub fn admit(&self, route: &Route, batch: &Batch) -> Option<Admission> {
        let goes_on = batch.epoch == self.epoch && batch.first == self.next && batch.previous == self.hash;
        let begins = batch.epoch > self.epoch && batch.first == 1;
        let count = u64::try_from(batch.items.len()).ok()?;
        let next = batch.first.checked_add(count)?;
        let is_next = count > 0 && (goes_on || begins && batch.previous == route.start(batch.epoch));
        is_next.then_some(Admission {
            epoch: batch.epoch,
            first: batch.first,
            next,
            previous: batch.previous,
        })
    }

    /// What the sender is answered.
    pub fn position(&self, route: &Route, window: Window) -> Position {
        Position {
            stream: route.stream,
            epoch: self.epoch,
            next: self.next,
            hash: self.hash,
            last_first: self.last_first,
            verdicts: self.verdicts.clone(),
            window,
        }
    }
}

impl Default for Inbound {
    fn default() -> Self {
        Self::new()
    }
}

impl Admission {
    /// The state after the batch, to be stored in the write that carries out the verdicts. `None` unless there is one hash and one
    /// verdict for each item.
    pub fn accept(self, items: &[Hash], verdicts: Verdicts) -> Option<Inbound> {
        let Self { epoch, first, next, previous } = self;
        let count = u64::try_from(items.len()).ok()?;
        let is_whole = first.checked_add(count) == Some(next) && verdicts.len() == count;
        let hash = items.iter().fold(previous, |hash, item| step(hash, *item));
        is_whole.then_some(Inbound { epoch, next, hash, last_first: first, verdicts })
    }
}
