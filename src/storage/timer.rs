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

/// A timer that is due, to be taken by whoever handles it.
#[derive(Debug)]
pub struct Due {
    timer: Timer,
    row: Row,
}

/// The row that was found.
#[derive(Debug)]
enum Row {
    ByDueTime(Slot<Timer>),
    BySettingTime(Slot<SetTimer>),
}

/// The same timer in the table by the time it was set.
struct SetTimer(Timer);

impl Timer {
    /// Sets the timer. The owner keeps it in a record of its own, to be able to stop it.
    pub fn start(&self, transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
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

/// Up to `max` timers that are due: their time has come, or they were set in what is now the future, by a clock that was put back
/// since. Asks to be woken at once if there are any, and otherwise when the next one is due.
pub fn due(transaction: &mut Transaction<'_>, now: Timestamp, max: u16) -> Result<Vec<Due>, Interrupt> {
    let end = Timestamp::from_millis(u64::MAX);
    let past = Range::in_time(Table::TIMERS_DUE, Timestamp::default()..=now, max);
    let future = Range::in_time(Table::TIMERS_SET, now.plus(Span::from_millis(1))..=end, max);
    let next = Range::in_time(Table::TIMERS_DUE, Timestamp::default()..=end, 1);
    transaction.need([past, future, next].map(Want::First))?;

    let by_due_time = transaction.scan::<Timer>(past)?.into_iter().filter_map(|mut slot| {
        let timer = slot.take()?;
        Some(Due { timer, row: Row::ByDueTime(slot) })
    });
    let by_setting_time = transaction.scan::<SetTimer>(future)?.into_iter().filter_map(|mut slot| {
        let SetTimer(timer) = slot.take()?;
        // Those found above are not due twice; and at the end of time there is no later millisecond.
        (timer.due > now && timer.set > now).then_some(Due { timer, row: Row::BySettingTime(slot) })
    });
    let found: Vec<_> = by_due_time.chain(by_setting_time).take(max.into()).collect();
    if !found.is_empty() {
        transaction.wake_at(now);
    } else if let Some(timer) = transaction.scan::<Timer>(next)?.iter().find_map(Slot::value) {
        transaction.wake_at(timer.due);
    }
    Ok(found)
}

impl Due {
    /// The timer.
    pub const fn timer(&self) -> &Timer {
        &self.timer
    }

    /// Takes it: it is not due again, and if somebody else takes it at the same time, one of both runs into a conflict.
    pub fn take(self, transaction: &mut Transaction<'_>) -> Timer {
        let Self { timer, row } = self;
        timer.stop(transaction);
        match row {
            Row::ByDueTime(slot) => transaction.delete(slot),
            Row::BySettingTime(slot) => transaction.delete(slot),
        }
        timer
    }
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
