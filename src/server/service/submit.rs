//! Items that a device sends: to mailboxes here, and into custody for other servers. `docs/PROTOCOL.md` §8.5.

use std::collections::{BTreeMap, BTreeSet};

use super::answered::Cost;
use super::pseudonym;
use super::refused::{Halt, Refused};
use crate::crypto::hash::Hash;
use crate::identity::address::{Address, Domain};
use crate::identity::ids::{DeviceId, RequestId};
use crate::server::item::address;
use crate::server::link::{self, Enqueued, Parcel, Recipient};
use crate::server::{
    Code, Context, DeviceItem, Item, ItemId, Kind, Origin, RequestItem, Submitter, Verdict, mailbox,
};
use crate::storage::{Interrupt, StorageError};
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// Bytes that one submission delivers here and puts into custody. A payload counts once for each server.
const ROOM: usize = 6 << 20;
/// Bytes that cost a device as much as another item.
const LARGE: usize = 16 << 10;
/// When to try again what found no room.
const AGAIN: Span = Span::from_secs(1);
/// When to try again if the device does not drain its own mailbox.
const FULL: Span = Span::from_secs(60);

/// Items to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// A payload that items name by its hash, with the id that it has on its way.
    pub payload: Option<(ItemId, Vec<u8>)>,
    /// 1 to 100.
    pub items: Vec<SubmitItem>,
}

/// An item to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitItem {
    /// Drawn by the device.
    pub id: ItemId,
    /// For whom.
    pub to: Destination,
}

/// For whom an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A mailbox.
    Device {
        /// Where its token was given.
        domain: Domain,
        /// The item.
        item: DeviceItem,
    },
    /// A request inbox. Who sends it is added by the server.
    Request {
        /// Whose.
        address: Address,
        /// For which device.
        device: DeviceId,
        /// The payload that belongs to it.
        payload: Option<Hash>,
        /// 1 byte to 64 KiB.
        body: Vec<u8>,
    },
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// This server has it, and will say in the device's mailbox what becomes of it.
    Queued {
        /// Since when the recipient's server does not answer.
        waiting_since: Option<Timestamp>,
    },
    /// It was for this server, which has decided.
    Decided(Verdict),
}

/// An item with its server.
struct Addressed {
    domain: Domain,
    item: Item,
    payload: Option<Hash>,
}

/// Sends items. The results are in their order.
pub(super) fn submit(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    request: RequestId,
    submit: &Submit,
) -> Result<Vec<Submitted>, Halt> {
    if !mailbox::may_submit(ctx, &who)? {
        return Err(Refused::Busy(FULL).into());
    }
    if !submit.is_unambiguous() {
        return Err(Refused::Invalid.into());
    }
    let items = submit.items.iter().map(|item| addressed(ctx, who, item));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let payload = submit
        .payload
        .as_ref()
        .map(|(id, body)| (Hash::of(body), Item { id: *id, kind: Kind::Payload(body.clone()) }));
    let own = ctx.server.domain().clone();
    // What stays here is in the same write.
    let room = ROOM.saturating_sub(submit.bytes(|domain| *domain == own));
    let mut decided = here(ctx, who, payload.as_ref(), items.iter().filter(|item| item.domain == own))?;
    away_wants(ctx, payload.as_ref(), items.iter().filter(|item| item.domain != own))?;
    let mut away = Away { who, request, payload, room, payloads: BTreeMap::new() };
    let results = items.into_iter().map(|item| {
        if item.domain == own {
            // One for each of them, in their order.
            let verdict = decided.next().unwrap_or(Verdict::of(Code::Busy(AGAIN)));
            Ok(Submitted::Decided(verdict))
        } else {
            away.send(ctx, item)
        }
    });
    Ok(results.collect::<Result<_, _>>()?)
}

impl Submit {
    /// Whether each item, and the payload, has an id of its own. In the log of a link one id is one item, and a status names no more.
    fn is_unambiguous(&self) -> bool {
        let mut ids: BTreeSet<_> = self.payload.iter().map(|(id, _)| *id).collect();
        self.items.iter().all(|item| ids.insert(item.id))
    }

    /// The bytes for some of the servers, the payload once for each that has an item which names one.
    fn bytes(&self, is_meant: impl Fn(&Domain) -> bool) -> usize {
        let payload = self.payload.as_ref().map_or(0, |(_, body)| body.len());
        let mut servers = BTreeSet::new();
        let mut bytes = 0_usize;
        for SubmitItem { to, .. } in &self.items {
            let (domain, names_payload, body) = match to {
                Destination::Device { domain, item } => (domain.clone(), item.payload.is_some(), &item.body),
                Destination::Request { address, payload, body, .. } => match address.domain().parse() {
                    Ok(domain) => (domain, payload.is_some(), body),
                    Err(_) => continue,
                },
            };
            if is_meant(&domain) {
                bytes = bytes.saturating_add(body.len());
                if names_payload && servers.insert(domain) {
                    bytes = bytes.saturating_add(payload);
                }
            }
        }
        bytes
    }

    /// What it costs: its items, and one more for each 16 KiB that it may fill.
    pub(super) fn cost(&self) -> Cost {
        let bytes = self.bytes(|_| true).min(ROOM);
        Cost::Items(self.items.len().saturating_add(bytes.checked_div(LARGE).unwrap_or(0)))
    }
}

fn addressed(ctx: &Context<'_, '_>, who: Submitter, item: &SubmitItem) -> Result<Addressed, Refused> {
    let (domain, kind, payload) = match &item.to {
        Destination::Device { domain, item } => (domain.clone(), Kind::Device(item.clone()), item.payload),
        Destination::Request { address, device, payload, body } => {
            let domain = address.domain().parse().map_err(|_| Refused::Invalid)?;
            let pseudonym = pseudonym::of(ctx.server, who.account, address);
            let (address, body) = (address.clone(), body.clone());
            let request = RequestItem { address, device: *device, pseudonym, payload: *payload, body };
            (domain, Kind::Request(request), *payload)
        }
    };
    Ok(Addressed { domain, item: Item { id: item.id, kind }, payload })
}

/// Delivers what is for this server, the payload first if one of the items names it.
fn here<'a>(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    payload: Option<&(Hash, Item)>,
    items: impl Iterator<Item = &'a Addressed>,
) -> Result<std::vec::IntoIter<Verdict>, Interrupt> {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return Ok(Vec::new().into_iter());
    }
    let origin = Origin::Local(who.account);
    let is_named = |(hash, _): &&(Hash, Item)| items.iter().any(|item| item.payload == Some(*hash));
    let payload: Vec<_> = payload.filter(is_named).map(|(_, item)| item.clone()).into_iter().collect();
    let before = payload.len();
    let all: Vec<_> = payload.into_iter().chain(items.iter().map(|item| item.item.clone())).collect();
    mailbox::prepare(ctx, &origin, &all)?;
    let verdicts = all.iter().map(|item| mailbox::deliver(ctx, &origin, item));
    let verdicts = verdicts.collect::<Result<Vec<_>, _>>()?;
    Ok(verdicts.into_iter().skip(before).collect::<Vec<_>>().into_iter())
}

/// Loads at once what is read for the items for other servers. One round for each would be a run of the step for each.
fn away_wants<'a>(
    ctx: &Context<'_, '_>,
    payload: Option<&(Hash, Item)>,
    items: impl Iterator<Item = &'a Addressed>,
) -> Result<(), Interrupt> {
    let payload = payload.map(|(hash, item)| (*hash, Recipient::of(&item.kind)));
    let mut wants = Vec::new();
    for Addressed { domain, item, payload: named } in items {
        wants.extend(link::enqueue_wants(ctx, domain, Recipient::of(&item.kind)));
        if let Some((_, recipient)) = payload.filter(|(hash, _)| *named == Some(*hash)) {
            wants.extend(link::enqueue_wants(ctx, domain, recipient));
        }
    }
    ctx.tx.need(wants)
}

/// What goes to other servers.
struct Away {
    who: Submitter,
    request: RequestId,
    payload: Option<(Hash, Item)>,
    room: usize,
    /// Whether the payload is on its way to a server.
    payloads: BTreeMap<Domain, bool>,
}

impl Away {
    fn send(&mut self, ctx: &mut Context<'_, '_>, item: Addressed) -> Result<Submitted, Interrupt> {
        let busy = Ok(Submitted::Decided(Verdict::of(Code::Busy(AGAIN))));
        let Addressed { domain, item, payload } = item;
        let ours = self.payload.clone().filter(|(hash, _)| payload == Some(*hash));
        if let Some((_, payload)) = ours {
            let is_sent = match self.payloads.get(&domain) {
                Some(is_sent) => *is_sent,
                None => matches!(self.enqueue(ctx, &domain, &payload)?, Some(Enqueued::Taken { .. })),
            };
            self.payloads.insert(domain.clone(), is_sent);
            // Without it, the item would be refused.
            if !is_sent {
                return busy;
            }
        }
        match self.enqueue(ctx, &domain, &item)? {
            Some(Enqueued::Taken { waiting_since }) => Ok(Submitted::Queued { waiting_since }),
            Some(Enqueued::Full) | None => busy,
        }
    }

    /// `None` without room.
    fn enqueue(
        &mut self,
        ctx: &mut Context<'_, '_>,
        domain: &Domain,
        item: &Item,
    ) -> Result<Option<Enqueued>, Interrupt> {
        let encoded = item.encode().map_err(StorageError::from)?;
        let Some(room) = self.room.checked_sub(encoded.len()) else { return Ok(None) };
        let recipient = Recipient::of(&item.kind);
        let (submitter, request) = (self.who, self.request);
        let parcel = Parcel { submitter, request, id: item.id, recipient, item: encoded };
        let enqueued = link::enqueue(ctx, domain, parcel)?;
        if matches!(enqueued, Enqueued::Taken { .. }) {
            self.room = room;
        }
        Ok(Some(enqueued))
    }
}

fn payload(proto: Option<Vec<u8>>) -> Result<Option<Hash>, Rule> {
    proto.map(|bytes| required_array(Some(bytes)).map(Hash::from_bytes)).transpose()
}

impl Message for SubmitItem {
    type Proto = proto::SubmitItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::submit_item::To;
        let to = match required(proto.to)? {
            To::Device(device) => Destination::Device {
                domain: required(device.domain)?.parse().map_err(|_| Rule::BadValue)?,
                item: DeviceItem::from_proto(required(device.item)?)?,
            },
            To::Request(request) => Destination::Request {
                address: address(request.address)?,
                device: DeviceId::from_bytes(required_array(request.device)?),
                payload: payload(request.payload)?,
                body: required(request.body)?,
            },
        };
        Ok(Self { id: ItemId::from_bytes(required_array(proto.id)?), to })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::submit_item::To;
        let to = match &self.to {
            Destination::Device { domain, item } => To::Device(proto::SubmitDevice {
                domain: Some(domain.to_string()),
                item: Some(item.to_proto()),
            }),
            Destination::Request { address, device, payload, body } => To::Request(proto::SubmitRequest {
                address: Some(address.to_string()),
                device: Some(device.as_bytes().to_vec()),
                payload: payload.map(|hash| hash.as_bytes().to_vec()),
                body: Some(body.clone()),
            }),
        };
        proto::SubmitItem { id: Some(self.id.as_bytes().to_vec()), to: Some(to) }
    }
}

impl Message for Submit {
    type Proto = proto::Submit;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let named = |payload: proto::SubmitPayload| -> Result<_, Rule> {
            Ok((ItemId::from_bytes(required_array(payload.id)?), required(payload.body)?))
        };
        let items: Vec<_> = proto.items.into_iter().map(SubmitItem::from_proto).collect::<Result<_, _>>()?;
        if items.is_empty() {
            return Err(Rule::BadValue);
        }
        Ok(Self { payload: proto.payload.map(named).transpose()?, items })
    }

    fn to_proto(&self) -> Self::Proto {
        let payload = self.payload.as_ref().map(|(id, body)| proto::SubmitPayload {
            id: Some(id.as_bytes().to_vec()),
            body: Some(body.clone()),
        });
        proto::Submit { payload, items: self.items.iter().map(Message::to_proto).collect() }
    }
}

impl Message for Submitted {
    type Proto = proto::SubmitResult;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::submit_result::Result as Member;
        Ok(match required(proto.result)? {
            Member::Queued(queued) => {
                Self::Queued { waiting_since: queued.waiting_since.map(Timestamp::from_millis) }
            }
            Member::Decided(verdict) => Self::Decided(Verdict::from_proto(verdict)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::submit_result::Result as Member;
        let result = match self {
            Self::Queued { waiting_since } => {
                Member::Queued(proto::Queued { waiting_since: waiting_since.map(Timestamp::as_millis) })
            }
            Self::Decided(verdict) => Member::Decided(verdict.to_proto()),
        };
        proto::SubmitResult { result: Some(result) }
    }
}
