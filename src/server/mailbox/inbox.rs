//! How a request inbox is kept. `docs/PROTOCOL.md` §7.6.

use super::limits;
use crate::identity::address::Domain;
use crate::identity::ids::DeviceId;
use crate::server::{Pseudonym, RequestItem};
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A request that came to an address. The handle names it for the account; the origin's name is the vault's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) handle: [u8; 16],
    pub(super) origin: [u8; 16],
    pub(super) pseudonym: Pseudonym,
    pub(super) at: Timestamp,
    /// It waits. If not, it is remembered for a day, so that its sender does not come again.
    pub(super) is_waiting: bool,
    /// Somebody can see it. If not it was thrown away, and counts as if it were not.
    pub(super) is_real: bool,
    pub(super) payload: Option<[u8; 24]>,
}

/// Who is not let in any more: an origin's user, as the origin names it to this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    pub(super) origin: [u8; 16],
    pub(super) pseudonym: Pseudonym,
}

/// The inbox of an address, whether or not it is somebody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestState {
    pub(super) slots: Vec<Slot>,
    pub(super) blocked: Vec<Blocked>,
    pub(super) is_timed: bool,
}

/// A request that somebody can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptRequest {
    pub(super) at: Timestamp,
    pub(super) domain: Domain,
    pub(super) item: RequestItem,
}

/// A request in an inbox: a stranger's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRequest {
    /// By which it is settled, 16 bytes.
    pub handle: [u8; 16],
    /// When it came.
    pub at: Timestamp,
    /// The sender's server.
    pub domain: Domain,
    /// For which device.
    pub device: DeviceId,
    /// The sender, as its server names it to this address.
    pub pseudonym: Pseudonym,
    /// What the sender put into it.
    pub body: Vec<u8>,
    /// The payload that belongs to it.
    pub payload: Option<Vec<u8>>,
}

impl RequestState {
    /// Forgets what is settled and was here for a day.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.slots.retain(|slot| slot.is_waiting || slot.at.plus(limits::REQUEST_EVERY) > now);
    }

    /// How many wait, of all or of one origin.
    pub(super) fn waiting(&self, origin: Option<[u8; 16]>) -> usize {
        let counts = |slot: &&Slot| slot.is_waiting && origin.is_none_or(|origin| slot.origin == origin);
        self.slots.iter().filter(counts).count()
    }
}

impl Message for Slot {
    type Proto = proto::RequestSlot;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            handle: required_array(proto.handle)?,
            origin: required_array(proto.origin)?,
            pseudonym: Pseudonym::from_bytes(required_array(proto.pseudonym)?),
            at: Timestamp::from_millis(required(proto.at)?),
            is_waiting: required(proto.is_waiting)?,
            is_real: required(proto.is_real)?,
            payload: proto.payload.map(|name| required_array(Some(name))).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::RequestSlot {
            handle: Some(self.handle.to_vec()),
            origin: Some(self.origin.to_vec()),
            pseudonym: Some(self.pseudonym.as_bytes().to_vec()),
            at: Some(self.at.as_millis()),
            is_waiting: Some(self.is_waiting),
            is_real: Some(self.is_real),
            payload: self.payload.map(|name| name.to_vec()),
        }
    }
}

impl Message for Blocked {
    type Proto = proto::BlockedPseudonym;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let pseudonym = Pseudonym::from_bytes(required_array(proto.pseudonym)?);
        Ok(Self { origin: required_array(proto.origin)?, pseudonym })
    }

    fn to_proto(&self) -> Self::Proto {
        let pseudonym = Some(self.pseudonym.as_bytes().to_vec());
        proto::BlockedPseudonym { origin: Some(self.origin.to_vec()), pseudonym }
    }
}

impl Message for RequestState {
    type Proto = proto::RequestState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            slots: proto.slots.into_iter().map(Slot::from_proto).collect::<Result<_, _>>()?,
            blocked: proto.blocked.into_iter().map(Blocked::from_proto).collect::<Result<_, _>>()?,
            is_timed: required(proto.is_timed)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::RequestState {
            slots: self.slots.iter().map(Message::to_proto).collect(),
            blocked: self.blocked.iter().map(Message::to_proto).collect(),
            is_timed: Some(self.is_timed),
        }
    }
}

impl Message for KeptRequest {
    type Proto = proto::KeptRequest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            at: Timestamp::from_millis(required(proto.at)?),
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            item: RequestItem::from_proto(required(proto.item)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::KeptRequest {
            at: Some(self.at.as_millis()),
            domain: Some(self.domain.to_string()),
            item: Some(self.item.to_proto()),
        }
    }
}

impl Message for InboxRequest {
    type Proto = proto::InboxRequest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            handle: required_array(proto.handle)?,
            at: Timestamp::from_millis(required(proto.at)?),
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            device: DeviceId::from_bytes(required_array(proto.device)?),
            pseudonym: Pseudonym::from_bytes(required_array(proto.pseudonym)?),
            body: required(proto.body)?,
            payload: proto.payload.map(|payload| required(payload.body)).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::InboxRequest {
            handle: Some(self.handle.to_vec()),
            at: Some(self.at.as_millis()),
            domain: Some(self.domain.to_string()),
            device: Some(self.device.as_bytes().to_vec()),
            pseudonym: Some(self.pseudonym.as_bytes().to_vec()),
            body: Some(self.body.clone()),
            payload: self.payload.as_ref().map(|body| proto::PayloadItem { body: Some(body.clone()) }),
        }
    }
}

impl Format for RequestState {
    const FORMAT: u8 = 1;
}

impl Record for RequestState {
    const TABLE: Table = Table::REQUEST_STATE;
}

impl Format for KeptRequest {
    const FORMAT: u8 = 1;
}

impl Record for KeptRequest {
    const TABLE: Table = Table::REQUESTS;
}
