//! Timers: rows in order of time. `docs/PROTOCOL.md` §2.12.
//!
//! A timer is not an alarm of the operating system but a row that says what becomes due when. The application wakes the machine at
//! [`Released::wake_at`](super::Released::wake_at), and always when it starts; the step looks for what is due.

use super::error::StorageError;
use super::key::{Key, Range, Table};
use super::loaded::Want;
use super::record::{Format, Record};
use super::transaction::{Interrupt, Slot, Transaction};
use super::vault::Vault;
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// What becomes due when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// What is to be done: 1 to 64 bytes, which the layer that set the timer understands.
    pub owner: Vec<u8>,
    /// When it is due.
    pub due: Timestamp,
    /// When it was set.
    pub set: Timestamp,
}

/// Timers that were due, and were taken.
#[derive(Debug, Default)]
pub struct Taken {
    /// What is to be done.
    pub timers: Vec<Timer>,
    /// How many rows could not be read, and were deleted, because they would be due for ever. Whose they were nobody knows.
    pub damaged: usize,
}

/// The same timer in the table by the time it was set.
struct SetTimer(Timer);

impl Timer {
    /// Sets the timer in place of the one that the owner had set before. An owner has one timer at a time and keeps it in a record of its
    /// own, to be able to stop it.
    pub fn start(
        &self,
        before: Option<&Self>,
        transaction: &mut Transaction<'_>,
    ) -> Result<(), StorageError> {
        if let Some(before) = before {
            before.stop(transaction);
        }
        let [due, set] = self.keys(transaction.vault());
        transaction.put_unseen(due, self)?;
        transaction.put_unseen(set, &SetTimer(self.clone()))?;
        transaction.wake_at(self.due);
        Ok(())
    }

    /// Stops the timer, if it runs.
    pub fn stop(&self, transaction: &mut Transaction<'_>) {
        for key in self.keys(transaction.vault()) {
            transaction.delete_unseen(key);
        }
    }

    fn keys(&self, vault: &Vault) -> [Key; 2] {
        [
            vault.in_time(Table::TIMERS_DUE, self.due, &self.owner),
            vault.in_time(Table::TIMERS_SET, self.set, &self.owner),
        ]
    }
}

/// Takes up to `max` timers that are due: their time has come, or they were set in what is now the future, by a clock that was put back
/// since. They are not due again, and if somebody else takes one of them at the same time, one of both runs into a conflict. Asks to be
/// woken at once if there were any, and otherwise when the next one is due.
///
/// [`StorageError::UnknownFormat`] if a newer release has set one of them.
pub fn take_due(transaction: &mut Transaction<'_>, now: Timestamp, max: u16) -> Result<Taken, Interrupt> {
    let end = Timestamp::from_millis(u64::MAX);
    let future = Range::in_time(Table::TIMERS_SET, now.plus(Span::from_millis(1))..=end, max);
    let past = Range::in_time(Table::TIMERS_DUE, Timestamp::default()..=now, max);
    let next = Range::in_time(Table::TIMERS_DUE, Timestamp::default()..=end, 1);
    transaction.need([future, past, next].map(Want::First))?;

    let mut taken = Taken::default();
    // Those from the future first: they are few, and do not come again.
    for slot in transaction.scan::<SetTimer>(future)? {
        // At the end of time there is no later millisecond.
        if slot.value().is_none_or(|SetTimer(timer)| timer.set > now) {
            take(transaction, slot, max, &mut taken, |SetTimer(timer)| timer)?;
        }
    }
    for slot in transaction.scan::<Timer>(past)? {
        take(transaction, slot, max, &mut taken, |timer| timer)?;
    }
    if !taken.timers.is_empty() || taken.damaged > 0 {
        transaction.wake_at(now);
    } else if let Some(slot) = transaction.scan::<Timer>(next)?.first() {
        transaction.wake_at(slot.key().time());
    }
    Ok(taken)
}

fn take<T: Record>(
    transaction: &mut Transaction<'_>,
    mut slot: Slot<T>,
    max: u16,
    taken: &mut Taken,
    timer: impl FnOnce(T) -> Timer,
) -> Result<(), StorageError> {
    if taken.timers.len() >= usize::from(max) {
        return Ok(());
    }
    if slot.error() == Some(StorageError::UnknownFormat) {
        return Err(StorageError::UnknownFormat);
    }
    let found = slot.take().map(timer);
    transaction.delete(slot)?;
    match found {
        Some(timer) => {
            timer.stop(transaction);
            taken.timers.push(timer);
        }
        None => taken.damaged = taken.damaged.saturating_add(1),
    }
    Ok(())
}

impl Message for Timer {
    type Proto = proto::Timer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            owner: required(proto.owner)?,
            due: Timestamp::from_millis(required(proto.due)?),
            set: Timestamp::from_millis(required(proto.set)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Timer {
            owner: Some(self.owner.clone()),
            due: Some(self.due.as_millis()),
            set: Some(self.set.as_millis()),
        }
    }
}

impl Message for SetTimer {
    type Proto = proto::Timer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Timer::from_proto(proto).map(Self)
    }

    fn to_proto(&self) -> Self::Proto {
        self.0.to_proto()
    }
}

impl Format for Timer {
    const FORMAT: u8 = 1;
}

impl Record for Timer {
    const TABLE: Table = Table::TIMERS_DUE;
}

impl Format for SetTimer {
    const FORMAT: u8 = 1;
}

impl Record for SetTimer {
    const TABLE: Table = Table::TIMERS_SET;
}
