//! How it stands with another server. `docs/PROTOCOL.md` §7.9. Pure.
//!
//! ```text
//!               bound            nothing comes back
//!   Finding ─────────▶ Open ─────────────────────▶ Waiting ──┐ longer each time, up to an hour
//!                      │  ▲                         │    ▲   │
//!            not before│  │ its time                │    └───┘
//!                      ▼  │          anything from it arrives
//!                     Paused ◀──────── … ───────────┘
//!
//!   from everywhere: Held, until the cause is gone or the operator says so
//! ```

use crate::time::{Span, Timestamp};

/// The longest wait in the first day of failures.
const LONG: Span = Span::from_secs(15 * 60);
/// After a day of failures.
const HOUR: Span = Span::from_secs(3_600);
/// How long failures last until waits become an hour.
const DAY: Span = Span::from_days(1);

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its domain is being asked which server it has.
    Finding,
    /// It can be written to.
    Open,
    /// Nothing came back; it is tried again at this time, or when anything from it arrives.
    Waiting(Timestamp),
    /// It wants nothing before this time.
    Paused(Timestamp),
    /// Nothing is sent and nothing taken. What is queued keeps its deadlines.
    Held(Held),
}

/// Why a link is held. The operator is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its domain names another identity, or its chain has forked.
    Identity,
    /// Two of its processes take turns: one of them is a copy.
    Clone,
    /// The operator wants it so.
    Operator,
}

/// How it stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// How.
    pub mode: Mode,
    /// How many times in a row nothing came back.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<Timestamp>,
}

impl State {
    /// At first.
    pub const fn new() -> Self {
        Self { mode: Mode::Finding, failures: 0, failing_since: None }
    }

    /// When something may be sent: `None` if only something from outside can change that.
    pub const fn ready_at(&self) -> Option<Timestamp> {
        match self.mode {
            Mode::Open => Some(Timestamp::from_millis(0)),
            Mode::Waiting(until) | Mode::Paused(until) => Some(until),
            Mode::Finding | Mode::Held(_) => None,
        }
    }

    /// Nothing came back. `random` is any number: the wait is a random part of its longest, or all servers would come back at once.
    pub fn failed(&mut self, now: Timestamp, random: u64) {
        // A clock that was ahead would keep those who wait from being told.
        let since = self.failing_since.map_or(now, |since| since.min(now));
        self.failing_since = Some(since);
        let doubled = 1_000_u64.checked_shl(self.failures.min(20)).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1);
        let longest = if now.since(since) >= DAY { HOUR.as_millis() } else { doubled.min(LONG.as_millis()) };
        // Full jitter, but for the hour: half of it is certain.
        let certain = if now.since(since) >= DAY { longest.div_euclid(2) } else { 100 };
        let wait =
            certain.saturating_add(random.checked_rem(longest.saturating_sub(certain).max(1)).unwrap_or(0));
        if !matches!(self.mode, Mode::Held(_) | Mode::Finding) {
            self.mode = Mode::Waiting(now.plus(Span::from_millis(wait)));
        }
    }

    /// Something authentic came from it.
    pub fn heard(&mut self) {
        (self.failures, self.failing_since) = (0, None);
        if matches!(self.mode, Mode::Waiting(_)) {
            self.mode = Mode::Open;
        }
    }

    /// What it says about when it wants more.
    pub fn window(&mut self, not_before: Option<Timestamp>, now: Timestamp) {
        if matches!(self.mode, Mode::Open | Mode::Paused(_)) {
            // A peer cannot silence a link for longer than an hour without saying so again.
            let until = not_before.map(|time| time.min(now.plus(HOUR)));
            self.mode = until.filter(|until| *until > now).map_or(Mode::Open, Mode::Paused);
        }
    }

    /// Its time has come. No time is further ahead than an hour, unless a clock was put back.
    pub fn wake(&mut self, now: Timestamp) {
        let is_over = |until: Timestamp| until <= now || until > now.plus(HOUR);
        if matches!(self.mode, Mode::Waiting(until) | Mode::Paused(until) if is_over(until)) {
            self.mode = Mode::Open;
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
