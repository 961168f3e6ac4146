//! When receipts are sent. `docs/PROTOCOL.md` §10.5.
//!
//! ```text
//!   empty ── arrived, read ─▶ waiting, due at a time that says nothing of the arrival ── emit ─▶ sent to the contact and to own devices
//!     ▲                          │                                                          │
//!     └──── cover: another own device has sent them ◀──────────── none left ───────────────┘
//! ```

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::contact::{ConsentState, ContactConsent};
use super::conversation::ContentId;
use super::receipt::{Receipt, ReceiptState, ascending, fields};
use super::strict::require;
use super::version::TOLERANCE;
use super::{Body, Class, ContentError, Kind, Known, Own, Received};
use crate::crypto::random;
use crate::identity::ids::{AccountId, DeviceId};
use crate::storage::{Format, Record, Table};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array};

/// Milliseconds from one slot to the next, and within one.
const SLOT: u64 = 30_000;
/// Ids of one receipt.
const MOST: usize = 128;
/// Ids of one state that wait.
const WAITING: usize = 512;
/// As long as servers keep what waits for a device: what is older stands among what was read long ago.
const OLDEST: Span = Span::from_days(30);

/// Receipts that are due to one contact. A record of its own, in the partition of the contact. Its [`due`](Self::due) is a timer of the
/// layer above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptBatch {
    with: AccountId,
    delivered: BTreeSet<ContentId>,
    read: BTreeSet<ContentId>,
    due: Option<Timestamp>,
}

/// A content for which there may be a receipt: proof that a contact said it, and that it is of a class that gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receivable {
    from: AccountId,
    id: ContentId,
}

/// The place of a device among those of its account: the first speaks for all, each further one a slot later, if it still has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank(u64);

impl Rank {
    /// Of a device of the account.
    pub fn of(device: DeviceId, own: &Own) -> Self {
        let before = own.devices.iter().filter(|other| **other < device).count();
        Self(u64::try_from(before).unwrap_or(u64::MAX))
    }
}

impl Received {
    /// Whether there may be a receipt for it: it is stored and of a kind that is known, another account said it in a session that is proven,
    /// that is an accepted contact, and its time is near enough to when it arrived to be seen. There is none for receipts, typing, edits,
    /// reactions, kinds that nothing shows, strangers, what own devices say, or what stands where nobody looks (attacks P-02, P-09).
    pub fn receivable(&self, contact: &ContactConsent, arrived: Timestamp) -> Option<Receivable> {
        let is_shown =
            self.kind().class() == Class::Stored && !matches!(self.body(), Body::Unsupported { .. });
        let is_theirs = !self.is_copy() && self.sender().is_proven && is_shown;
        let (late, early) = (arrived.since(self.sent_at()), self.sent_at().since(arrived));
        let is_near = late <= OLDEST && early <= TOLERANCE;
        let gets_one = is_theirs && is_near && contact.state() == ConsentState::Accepted;
        gets_one.then(|| Receivable { from: self.sender().account, id: self.id() })
    }
}

impl Known {
    /// As [`Received::receivable`], of a content that is known by its id.
    pub fn receivable(&self, id: ContentId, contact: &ContactConsent) -> Option<Receivable> {
        let is_shown = self.kind == Kind::TEXT && contact.state() == ConsentState::Accepted;
        is_shown.then_some(Receivable { from: self.by, id })
    }
}

impl Receivable {
    /// Whose it is.
    pub const fn account(&self) -> AccountId {
        self.from
    }
}

impl ReceiptBatch {
    /// Nothing is due to this contact.
    pub const fn new(with: AccountId) -> Self {
        Self { with, delivered: BTreeSet::new(), read: BTreeSet::new(), due: None }
    }

    /// The contact.
    pub const fn with(&self) -> AccountId {
        self.with
    }

    /// When [`Self::emit`] has something.
    pub const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// A content was delivered, or read. Draws 16 bytes if it is the first to wait, or if a clock that was ahead has set the time. [`ContentError::NotPossible`] if it is of another account.
    pub fn note(
        &mut self,
        state: ReceiptState,
        of: Receivable,
        now: Timestamp,
        rank: Rank,
        rng: &mut impl CryptoRng,
    ) -> Result<(), ContentError> {
        if of.from != self.with {
            return Err(ContentError::NotPossible);
        }
        if self.due.is_none() || self.is_due_too_late(now, rank) {
            self.due = Some(due(now, rank, rng)?);
        }
        match state {
            ReceiptState::Delivered if self.delivered.len() < WAITING && !self.read.contains(&of.id) => {
                self.delivered.insert(of.id);
            }
            ReceiptState::Read if self.read.len() < WAITING => {
                self.delivered.remove(&of.id);
                self.read.insert(of.id);
            }
            _ => {}
        }
        Ok(())
    }

    /// Another own device has sent this receipt.
    pub fn cover(&mut self, receipt: &Receipt) {
        self.delivered.retain(|id| !receipt.ids.contains(id));
        if receipt.state == ReceiptState::Read {
            self.read.retain(|id| !receipt.ids.contains(id));
        }
        self.rest();
    }

    /// A content was withdrawn: it gets no further receipt.
    pub fn withdraw(&mut self, id: ContentId) {
        self.delivered.remove(&id);
        self.read.remove(&id);
        self.rest();
    }

    /// The contact is none any more: nothing is due to it.
    pub fn clear(&mut self) {
        *self = Self::new(self.with);
    }

    /// The receipts that are due: each one content to the contact, and a copy of it to every other own device. Draws 16 bytes if more wait,
    /// or if a clock that was ahead has set the time: that is set anew. None, and nothing is due any more, if the contact is not accepted now.
    pub fn emit(
        &mut self,
        contact: &ContactConsent,
        now: Timestamp,
        rank: Rank,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<Receipt>, ContentError> {
        if contact.state() != ConsentState::Accepted {
            self.clear();
        }
        if self.is_due_too_late(now, rank) {
            self.due = Some(due(now, rank, rng)?);
        }
        if self.due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let has_more = self.delivered.len() > MOST || self.read.len() > MOST;
        let next = if has_more { Some(due(now, rank, rng)?) } else { None };
        let taken = [(ReceiptState::Delivered, &mut self.delivered), (ReceiptState::Read, &mut self.read)];
        let receipts = taken.into_iter().filter_map(|(state, waiting)| {
            let ids: BTreeSet<_> = core::iter::from_fn(|| waiting.pop_first()).take(MOST).collect();
            (!ids.is_empty()).then_some(Receipt { state, ids })
        });
        let receipts = receipts.collect();
        self.due = next;
        Ok(receipts)
    }

    /// Later than this device would ever make it: its clock was ahead.
    fn is_due_too_late(&self, now: Timestamp, rank: Rank) -> bool {
        self.due.is_some_and(|due| due > now && due >= slot(now, rank.0.saturating_add(1)))
    }

    fn rest(&mut self) {
        if self.delivered.is_empty() && self.read.is_empty() {
            self.due = None;
        }
    }
}

/// On a grid that arrivals do not shift, at a place in the slot that they do not choose (attacks P-01, P-03).
fn due(now: Timestamp, rank: Rank, rng: &mut impl CryptoRng) -> Result<Timestamp, ContentError> {
    let drawn = random::draw::<16>(rng)?;
    let start = drawn.expose().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    let jitter = start.checked_rem(SLOT).unwrap_or(0);
    Ok(slot(now, rank.0).plus(Span::from_millis(jitter)))
}

/// The start of the slot of a device of this rank.
fn slot(now: Timestamp, rank: u64) -> Timestamp {
    let slot = now.as_millis().checked_div(SLOT).unwrap_or(0).saturating_add(1).saturating_add(rank);
    Timestamp::from_millis(slot.saturating_mul(SLOT))
}

impl Message for ReceiptBatch {
    type Proto = proto::ReceiptBatch;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let batch = Self {
            with: AccountId::from_bytes(required_array(proto.with)?),
            delivered: ascending(proto.delivered)?,
            read: ascending(proto.read)?,
            due: proto.due.map(Timestamp::from_millis),
        };
        let is_empty = batch.delivered.is_empty() && batch.read.is_empty();
        require(batch.delivered.is_disjoint(&batch.read) && batch.due.is_none() == is_empty)?;
        Ok(batch)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ReceiptBatch {
            with: Some(self.with.as_bytes().to_vec()),
            delivered: fields(&self.delivered),
            read: fields(&self.read),
            due: self.due.map(Timestamp::as_millis),
        }
    }
}

impl Format for ReceiptBatch {
    const FORMAT: u8 = 1;
}

impl Record for ReceiptBatch {
    const TABLE: Table = Table::RECEIPTS;
}
