//! What is kept of another device. `docs/PROTOCOL.md` §9.4, §9.5.

use super::body::{order, prefix};
use super::gaps::{Gaps, UnfilledGap};
use super::lineage::{Contested, Lineage, Place, is_within};
use crate::crypto::hash::Hash;
use crate::handshake::Floor;
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::prekeys::PrekeysSeen;
use crate::ratchet::{Position, Tag};
use crate::storage::timer::Timer;
use crate::storage::{Format, Key, Record, StorageError, Table, Transaction, Vault};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// How often a handshake is begun for a reason of its own.
pub const RENEWAL: Span = Span::from_days(1);
/// For how long the other device may be heard of without an ack.
const OVERDUE: Span = Span::from_days(1);
/// First byte of the owner of a device's timer; account and device follow.
pub(super) const TIMER: u8 = 0x40;

const OWES: u32 = 1;
const COPIED_THERE: u32 = 2;
const COPIED_HERE: u32 = 4;
const DUE: u32 = 8;

/// The sessions with one device, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct DeviceSessions {
    /// Its account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// Its sessions.
    pub lineage: Lineage,
    /// What it was seen to support.
    pub floor: Option<Floor>,
    /// What was seen of its prekeys.
    pub seen: PrekeysSeen,
    /// The order of one's own manifest that it last mentioned.
    pub(super) known: Option<Order>,
    /// Whether it has asked for an answer and got none.
    pub owes_answer: bool,
    /// Whether two were found to seal in its name.
    pub(super) is_copied: bool,
    /// Whether it has found two to seal in this device's name.
    pub(super) is_self_copied: bool,
    /// Whether a handshake is due for a reason of its own.
    pub(super) is_due: bool,
    pub(super) renewed_at: Option<Timestamp>,
    pub(super) waiting: Waiting,
    pub(super) gaps: Gaps,
    pub(super) timer: Option<(Timestamp, Timestamp)>,
}

/// Whether acks come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    /// When the oldest message that no ack covers was sealed.
    pub(super) since: Option<Timestamp>,
    /// When the device was first heard of after that.
    pub(super) heard: Option<Timestamp>,
}

impl DeviceSessions {
    /// Where it is kept.
    pub fn key(vault: &Vault, account: AccountId, device: DeviceId) -> Key {
        let name = [account.as_bytes().as_slice(), device.as_bytes()].concat();
        vault.partition(Table::DEVICE_SESSIONS, &name).key(0)
    }

    pub(super) fn new(account: AccountId, device: DeviceId) -> Self {
        Self {
            account,
            device,
            lineage: Lineage::default(),
            floor: None,
            seen: PrekeysSeen::default(),
            known: None,
            owes_answer: false,
            is_copied: false,
            is_self_copied: false,
            is_due: false,
            renewed_at: None,
            waiting: Waiting::default(),
            gaps: Gaps::default(),
            timer: None,
        }
    }

    /// Whether a handshake is due for a reason of its own (§9.5), and may be begun.
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        self.is_due && !self.is_renewed(now)
    }

    /// Whether this device has begun a session less than a day ago.
    pub(super) fn is_renewed(&self, now: Timestamp) -> bool {
        self.renewed_at.is_some_and(|at| is_within(at, now, RENEWAL))
    }

    /// Whether what is said to it must say who this device is, whose newest manifest has this order (§9.2).
    pub(super) fn needs_introduction(&self, own: Order) -> bool {
        let is_settled = self.lineage.active.is_some_and(|active| active.is_settled);
        !is_settled || self.known.is_none_or(|known| known < own)
    }

    /// When something of it ends next, apart from kept keys.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.lineage.next_expiry().into_iter().chain(self.gaps.next_expiry()).min()
    }

    /// Sets the timer for what ends next, if that has changed.
    pub(super) fn set_timer(
        &mut self,
        next: Option<Timestamp>,
        tx: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        if self.timer.map(|(due, _)| due) == next {
            return Ok(());
        }
        let before = self.timer.map(|(due, set)| self.timer_at(due, set));
        match next {
            Some(due) => self.timer_at(due, now).start(before.as_ref(), tx)?,
            None => before.iter().for_each(|before| before.stop(tx)),
        }
        self.timer = next.map(|due| (due, now));
        Ok(())
    }

    fn timer_at(&self, due: Timestamp, set: Timestamp) -> Timer {
        let owner = [&[TIMER], self.account.as_bytes().as_slice(), self.device.as_bytes()].concat();
        Timer { owner, due, set }
    }
}

impl Waiting {
    /// A message was sealed.
    pub(super) fn sealed(&mut self, now: Timestamp) {
        self.since = self.since.or(Some(now));
    }

    /// An ack covers something that was unsettled; whether everything.
    pub(super) fn acked(&mut self, everything: bool, now: Timestamp) {
        *self = Self { since: (!everything).then_some(now), heard: None };
    }

    /// The device was heard of. Whether that is too long without an ack.
    pub(super) fn heard(&mut self, now: Timestamp) -> bool {
        if self.since.is_none() {
            return false;
        }
        let first = *self.heard.get_or_insert(now);
        !is_within(first, now, OVERDUE)
    }
}

impl Format for DeviceSessions {
    const FORMAT: u8 = 1;
}

impl Record for DeviceSessions {
    const TABLE: Table = Table::DEVICE_SESSIONS;
}

impl Message for Place {
    type Proto = proto::SessionPlace;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            session: Hash::from_bytes(required_array(proto.session)?),
            is_begun_here: required(proto.begun_here)?,
            is_settled: required(proto.settled)?,
            until: proto.until.map(Timestamp::from_millis),
            end: position(proto.closed_chain, proto.closed_next)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SessionPlace {
            session: Some(self.session.as_bytes().to_vec()),
            begun_here: Some(self.is_begun_here),
            settled: Some(self.is_settled),
            until: self.until.map(Timestamp::as_millis),
            closed_chain: self.end.map(|end| end.chain.0.to_vec()),
            closed_next: self.end.map(|end| end.number),
        }
    }
}

impl Message for Contested {
    type Proto = proto::ContestedSession;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            place: Place::from_proto(required(proto.place)?)?,
            since: Timestamp::from_millis(required(proto.since)?),
            probe: position(proto.probe_chain, proto.probe_number)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ContestedSession {
            place: Some(self.place.to_proto()),
            since: Some(self.since.as_millis()),
            probe_chain: self.probe.map(|probe| probe.chain.0.to_vec()),
            probe_number: self.probe.map(|probe| probe.number),
        }
    }
}

fn position(chain: Option<Vec<u8>>, number: Option<u32>) -> Result<Option<Position>, Rule> {
    match (chain, number) {
        (None, None) => Ok(None),
        (chain, number) => {
            Ok(Some(Position { chain: Tag(required_array(chain)?), number: required(number)? }))
        }
    }
}

impl Message for DeviceSessions {
    type Proto = proto::DeviceSessions;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let flags = required(proto.flags)?;
        let known = match (proto.known_term, proto.known_version) {
            (None, None) => None,
            (term, version) => Some(order(term, version)?),
        };
        let timer = match (proto.timer_due, proto.timer_set) {
            (None, None) => None,
            (due, set) => {
                Some((Timestamp::from_millis(required(due)?), Timestamp::from_millis(required(set)?)))
            }
        };
        let withdrawn = proto.withdrawn_there.into_iter().filter_map(|bytes| prefix(Some(bytes)).transpose());
        let lineage = Lineage {
            active: proto.active.map(Place::from_proto).transpose()?,
            former: proto.former.into_iter().map(Place::from_proto).collect::<Result<_, _>>()?,
            contested: proto.contested.map(Contested::from_proto).transpose()?,
            withdrawn_there: withdrawn.collect::<Result<_, _>>()?,
            withdrawn_here: prefix(proto.withdrawn_here)?,
            replaced_at: proto.replaced_at.map(Timestamp::from_millis),
        };
        let seen = proto.seen.map(PrekeysSeen::from_proto).transpose()?;
        let is_empty = seen.as_ref() == Some(&PrekeysSeen::default());
        if is_empty || flags > OWES | COPIED_THERE | COPIED_HERE | DUE {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            lineage,
            floor: proto.floor.map(Floor::from_proto).transpose()?,
            seen: seen.unwrap_or_default(),
            known,
            owes_answer: flags & OWES != 0,
            is_copied: flags & COPIED_THERE != 0,
            is_self_copied: flags & COPIED_HERE != 0,
            is_due: flags & DUE != 0,
            renewed_at: proto.renewed_at.map(Timestamp::from_millis),
            waiting: Waiting {
                since: proto.waiting_since.map(Timestamp::from_millis),
                heard: proto.heard_since.map(Timestamp::from_millis),
            },
            gaps: Gaps(proto.gaps.into_iter().map(UnfilledGap::from_proto).collect::<Result<_, _>>()?),
            timer,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let flags = flag(self.owes_answer, OWES)
            | flag(self.is_copied, COPIED_THERE)
            | flag(self.is_self_copied, COPIED_HERE)
            | flag(self.is_due, DUE);
        let lineage = &self.lineage;
        let seen = Some(&self.seen).filter(|seen| **seen != PrekeysSeen::default());
        proto::DeviceSessions {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            active: lineage.active.as_ref().map(Place::to_proto),
            former: lineage.former.iter().map(Place::to_proto).collect(),
            contested: lineage.contested.as_ref().map(Contested::to_proto),
            withdrawn_there: lineage.withdrawn_there.iter().map(|prefix| prefix.0.to_vec()).collect(),
            withdrawn_here: lineage.withdrawn_here.map(|prefix| prefix.0.to_vec()),
            floor: self.floor.as_ref().map(Floor::to_proto),
            seen: seen.map(PrekeysSeen::to_proto),
            known_term: self.known.map(|order| order.term),
            known_version: self.known.map(|order| order.version),
            flags: Some(flags),
            replaced_at: lineage.replaced_at.map(Timestamp::as_millis),
            renewed_at: self.renewed_at.map(Timestamp::as_millis),
            waiting_since: self.waiting.since.map(Timestamp::as_millis),
            heard_since: self.waiting.heard.map(Timestamp::as_millis),
            timer_due: self.timer.map(|(due, _)| due.as_millis()),
            timer_set: self.timer.map(|(_, set)| set.as_millis()),
            gaps: self.gaps.0.iter().map(UnfilledGap::to_proto).collect(),
        }
    }
}
