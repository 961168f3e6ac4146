//! What a device has not received of another. `docs/PROTOCOL.md` §9.6.

use super::lineage::is_near;
use crate::ratchet::{Gap, Position};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// For how long a gap is named.
const PATIENCE: Span = Span::from_days(3);
/// How many gaps are remembered, and named in a body.
const MAX_GAPS: usize = 32;

/// The gaps that are left in all sessions with a device, oldest first: a session may take the place of another before they are filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps(pub(super) Vec<UnfilledGap>);

/// A gap, and when it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnfilledGap {
    gap: Gap,
    found: Timestamp,
}

impl Gaps {
    /// A message has made gaps.
    pub(super) fn miss(&mut self, gaps: &[Gap], now: Timestamp) {
        self.0.extend(gaps.iter().map(|gap| UnfilledGap { gap: *gap, found: now }));
    }

    /// Messages have come late, or again.
    pub(super) fn fill(&mut self, came: &Gap) {
        self.0 = self.0.iter().flat_map(|gap| gap.without(came)).collect();
    }

    /// All of them, for a body: what an ack covers and no gap names has come.
    pub(super) fn named(&self) -> Vec<Gap> {
        self.0.iter().map(|gap| gap.gap).collect()
    }

    /// Takes out those that are given up: those that are too old, and the oldest of too many.
    pub(super) fn give_up(&mut self, now: Timestamp) -> Vec<Gap> {
        let (mut over, mut kept): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|gap| !is_near(gap.found, now, PATIENCE));
        over.extend(kept.drain(..kept.len().saturating_sub(MAX_GAPS)));
        self.0 = kept;
        over.into_iter().map(|gap: UnfilledGap| gap.gap).collect()
    }

    /// When the next one is given up.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.0.iter().map(|gap| gap.found.plus(PATIENCE)).min()
    }
}

impl UnfilledGap {
    /// What is left of it when these messages have come: nothing, one part, or two.
    fn without(&self, came: &Gap) -> Vec<Self> {
        let (from, chain) = (self.gap.from.number, self.gap.from.chain);
        let end = from.saturating_add(self.gap.count);
        let (start, stop) = (came.from.number, came.from.number.saturating_add(came.count));
        if came.from.chain != chain || stop <= from || start >= end {
            return vec![*self];
        }
        let part = |number: u32, until: u32| {
            let gap = Gap { from: Position { chain, number }, count: until.saturating_sub(number) };
            (gap.count > 0).then_some(Self { gap, ..*self })
        };
        [part(from, start), part(stop, end)].into_iter().flatten().collect()
    }
}

impl Message for UnfilledGap {
    type Proto = proto::UnfilledGap;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            gap: Gap::from_proto(required(proto.gap)?)?,
            found: Timestamp::from_millis(required(proto.found)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::UnfilledGap { gap: Some(self.gap.to_proto()), found: Some(self.found.as_millis()) }
    }
}
