//! What a device has not received of another. `docs/PROTOCOL.md` §9.6.

use super::lineage::{is_near, is_within};
use crate::ratchet::{Gap, Position};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// For how long a gap is named.
const PATIENCE: Span = Span::from_days(3);
/// For how long it is named before others.
const YOUNG: Span = Span::from_days(1);
/// How many gaps are remembered.
const MAX_GAPS: usize = 16;
/// How many are named in a body.
pub(super) const MAX_NAMED: usize = 8;

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

    /// For a body, the oldest first: whoever reads as many knows nothing of what comes after the last. Those that have stayed open for a day,
    /// because nothing was said there or what repairs them was lost too, give way to others.
    pub(super) fn named(&self, now: Timestamp) -> Vec<Gap> {
        let is_young = |gap: &&UnfilledGap| is_within(gap.found, now, YOUNG);
        let young = self.0.iter().filter(is_young);
        young.chain(self.0.iter().filter(|gap| !is_young(gap))).take(MAX_NAMED).map(|gap| gap.gap).collect()
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
