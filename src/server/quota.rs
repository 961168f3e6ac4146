//! Budgets: how much somebody may do in a time. `docs/PROTOCOL.md` §2.12.
//!
//! A budget is a bucket that fills at a constant rate up to a burst. It is exact: nothing is lost by looking often.

use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// Parts of a unit, so that what one millisecond brings is whole at every rate: milliseconds of an hour.
const PARTS: u64 = 3_600_000;

/// How fast a budget refills, and how much it holds. The unit is the caller's: items, bytes, fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most that can be had at once, at most 5 · 10^12.
    pub burst: u64,
    /// What comes back in an hour.
    pub per_hour: u64,
}

/// What is left of a [`Rate`].
///
/// Clocks go wrong. One that jumps ahead fills the budget once, to its burst. One that was put back by less than an empty budget takes to
/// fill brings nothing until it is where it was, or going to and fro would bring more than the rate; one that was put back by more fills the
/// budget. So nobody waits longer than twice the time to fill, whether or not a refusal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In parts.
    level: u64,
    /// Up to when `level` counts what came back.
    at: Timestamp,
}

impl Rate {
    const fn capacity(&self) -> u64 {
        self.burst.saturating_mul(PARTS)
    }

    /// How long so many parts take to come back; without end at a rate of nothing.
    fn time_for(&self, parts: u64) -> Span {
        let endless = parts > 0 && self.per_hour == 0;
        Span::from_millis(if endless { u64::MAX } else { parts.div_ceil(self.per_hour.max(1)) })
    }
}

impl Budget {
    /// A budget of which nothing was used.
    pub const fn full(rate: &Rate, now: Timestamp) -> Self {
        Self { level: rate.capacity(), at: now }
    }

    /// Takes `amount`, or nothing and says how long it takes until there is enough. An amount above the burst is never there; what is said
    /// then is when the budget is full.
    pub fn take(&mut self, rate: &Rate, amount: u64, now: Timestamp) -> Result<(), Span> {
        self.check(rate, amount, now)?;
        let current = self.at_time(rate, now);
        *self = Self { level: current.level.saturating_sub(amount.saturating_mul(PARTS)), ..current };
        Ok(())
    }

    /// Whether [`Budget::take`] would succeed, for who takes from several budgets or from none.
    pub fn check(&self, rate: &Rate, amount: u64, now: Timestamp) -> Result<(), Span> {
        let current = self.at_time(rate, now);
        let missing = amount.min(rate.burst).saturating_mul(PARTS).saturating_sub(current.level);
        if amount <= rate.burst && missing == 0 {
            return Ok(());
        }
        let wait = current.at.since(now).plus(rate.time_for(missing));
        // Not at once, where more than the burst is asked for.
        Err(wait.max(Span::from_millis(1)))
    }

    /// Whether nothing is used any more, so that a record of it says no more than none would.
    pub fn is_full(&self, rate: &Rate, now: Timestamp) -> bool {
        self.at_time(rate, now).level >= rate.capacity()
    }

    fn at_time(&self, rate: &Rate, now: Timestamp) -> Self {
        if self.at.since(now) > rate.time_for(rate.capacity()) {
            return Self::full(rate, now);
        }
        let gained = now.since(self.at).as_millis().saturating_mul(rate.per_hour);
        let level = self.level.saturating_add(gained).min(rate.capacity());
        Self { level, at: self.at.max(now) }
    }
}

impl Message for Budget {
    type Proto = proto::Budget;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let at = Timestamp::from_millis(required(proto.at)?);
        Ok(Self { level: required(proto.level)?, at })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Budget { level: Some(self.level), at: Some(self.at.as_millis()) }
    }
}
