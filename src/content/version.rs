//! What counts of several things that replace each other. `docs/PROTOCOL.md` §10.4.

use super::Received;
use super::conversation::ContentId;
use crate::time::{Span, Timestamp};

/// How far clocks of others may be ahead.
pub(super) const TOLERANCE: Span = Span::from_days(1);

/// The place of a content among those that replace each other: token grants and what else is said about consent, edits of one text,
/// reactions of one account to one text, timers, profiles. The highest counts, in whatever order they arrive, so whoever keeps what such a
/// content says keeps its version beside it, and drops what comes with a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// When it was sent by the sender's clock, at most a day after it was received.
    pub sent_at: Timestamp,
    /// Decides between two that were sent at once.
    pub id: ContentId,
}

impl Version {
    /// Before everything.
    pub const NONE: Self = Self { sent_at: Timestamp::from_millis(0), id: ContentId::from_bytes([0; 16]) };
}

impl Default for Version {
    fn default() -> Self {
        Self::NONE
    }
}

impl Received {
    /// Its version; `arrived` is when it was received. A sender whose clock is far ahead wins for a day, not for ever.
    pub fn version(&self, arrived: Timestamp) -> Version {
        Version { sent_at: self.sent_at().min(arrived.plus(TOLERANCE)), id: self.id() }
    }
}
