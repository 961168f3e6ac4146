//! How long ago a session healed, and when it should be renewed. `docs/PROTOCOL.md` §6.9.

use crate::time::{Span, Timestamp};

/// Healing is overdue after this.
pub const OVERDUE: Span = Span::from_days(7);
/// A session should be renewed after this.
pub const RENEWAL: Span = Span::from_days(60);
/// A session seals nothing after this.
pub const LONGEST: Span = Span::from_days(90);
/// A session should be renewed when its sending chain has so many messages.
pub(super) const MANY_MESSAGES: u32 = 60_000;

/// Since when a thief of an older state can follow no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healing {
    /// Against an attacker who cannot break X25519: when the ratchet key of the newest sending step was drawn.
    pub classical: Timestamp,
    /// Against one who can: when this device's secret values of the newest mixed epoch of the lane were made.
    pub post_quantum: Timestamp,
}

impl Healing {
    pub(super) const fn at_first(now: Timestamp) -> Self {
        Self { classical: now, post_quantum: now }
    }

    /// Whether either is more than [`OVERDUE`] past.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now.since(self.classical.min(self.post_quantum)) > OVERDUE
    }

    pub(super) fn is_post_quantum_overdue(&self, now: Timestamp) -> bool {
        now.since(self.post_quantum) > OVERDUE
    }
}
