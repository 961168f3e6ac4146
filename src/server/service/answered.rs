//! What a device asked for last, and was answered: so that what must not be done twice is not. `docs/PROTOCOL.md` §8.1.

use super::hello::Limits;
use super::refused::{Halt, Refused};
use super::request::Request;
use super::response::{Outcome, Response};
use crate::crypto::hash::Hash;
use crate::identity::ids::{DeviceId, RequestId};
use crate::server::quota::{Budget, Rate};
use crate::server::{Context, Submitter};
use crate::storage::{Format, Key, Record, StorageError, Table, Vault};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// Items that a device may send.
const ITEMS: Rate = Rate { burst: 10_000, per_hour: 36_000 };
/// Bytes of blobs that it may upload.
const BLOBS: Rate = Rate { burst: 2 << 30, per_hour: 128 << 20 };
/// What it may publish or open otherwise.
const CHANGES: Rate = Rate { burst: 64, per_hour: 32 };

/// What a device may do, and what it has done last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    requests: Vec<Known>,
    items: Budget,
    blobs: Budget,
    changes: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    request: RequestId,
    hash: Hash,
    response: Vec<u8>,
}

/// What an operation costs a device.
#[derive(Clone, Copy)]
pub(super) enum Cost {
    Items(usize),
    Blob(u64),
    Change,
}

impl Answered {
    fn new(now: Timestamp) -> Self {
        let [items, blobs, changes] = [ITEMS, BLOBS, CHANGES].map(|rate| Budget::full(&rate, now));
        Self { requests: Vec::new(), items, blobs, changes }
    }

    fn key(vault: &Vault, device: DeviceId) -> Key {
        vault.partition(Table::ANSWERED, device.as_bytes()).key(0)
    }

    fn pay(&mut self, cost: Cost, now: Timestamp) -> Result<(), Refused> {
        let paid = match cost {
            Cost::Items(count) => self.items.take(&ITEMS, u64::try_from(count).unwrap_or(u64::MAX), now),
            Cost::Blob(bytes) => self.blobs.take(&BLOBS, bytes, now),
            Cost::Change => self.changes.take(&CHANGES, 1, now),
        };
        paid.map_err(Refused::Busy)
    }
}

/// Lets a device pay for what may be done again without harm.
pub(super) fn pay(ctx: &mut Context<'_, '_>, who: Submitter, cost: Cost) -> Result<(), Halt> {
    let slot = ctx.tx.read::<Answered>(Answered::key(ctx.tx.vault(), who.device))?;
    let mut answered = slot.value().cloned().unwrap_or_else(|| Answered::new(ctx.now));
    answered.pay(cost, ctx.now)?;
    ctx.tx.put(slot, &answered)?;
    Ok(())
}

/// Does something once for a request, and gives the same answer whenever the request comes again. The device has at most
/// [`Limits::outstanding`] such requests open; the id of another request is [`Refused::Conflict`].
pub(super) fn once(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    request: &Request,
    cost: Cost,
    act: impl FnOnce(&mut Context<'_, '_>) -> Result<Outcome, Halt>,
) -> Result<Outcome, Halt> {
    let slot = ctx.tx.read::<Answered>(Answered::key(ctx.tx.vault(), who.device))?;
    let mut answered = slot.value().cloned().unwrap_or_else(|| Answered::new(ctx.now));
    // The session may be a newer one.
    let bare = Request { session: None, ..request.clone() };
    let hash = Hash::of(&bare.encode().map_err(StorageError::from)?);
    if let Some(known) = answered.requests.iter().find(|known| known.request == request.request) {
        if known.hash != hash {
            return Err(Refused::Conflict(None).into());
        }
        let response = Response::decode(&known.response).map_err(|_| StorageError::Unreadable)?;
        ctx.tx.already_done();
        return Ok(response.outcome);
    }
    answered.pay(cost, ctx.now)?;
    let outcome = act(ctx)?;
    let response = Response { request: request.request, outcome };
    let encoded = response.encode().map_err(StorageError::from)?;
    let limit = usize::try_from(Limits::CURRENT.outstanding).unwrap_or(0);
    let excess = answered.requests.len().saturating_add(1).saturating_sub(limit);
    answered.requests.drain(..excess.min(answered.requests.len()));
    answered.requests.push(Known { request: request.request, hash, response: encoded });
    ctx.tx.put(slot, &answered)?;
    Ok(response.outcome)
}

impl Message for Known {
    type Proto = proto::AnsweredRequest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            hash: Hash::from_bytes(required_array(proto.hash)?),
            response: required(proto.response)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AnsweredRequest {
            request: Some(self.request.as_bytes().to_vec()),
            hash: Some(self.hash.as_bytes().to_vec()),
            response: Some(self.response.clone()),
        }
    }
}

impl Message for Answered {
    type Proto = proto::Answered;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            requests: proto.requests.into_iter().map(Known::from_proto).collect::<Result<_, _>>()?,
            items: Budget::from_proto(required(proto.items)?)?,
            blobs: Budget::from_proto(required(proto.blobs)?)?,
            changes: Budget::from_proto(required(proto.changes)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Answered {
            requests: self.requests.iter().map(Message::to_proto).collect(),
            items: Some(self.items.to_proto()),
            blobs: Some(self.blobs.to_proto()),
            changes: Some(self.changes.to_proto()),
        }
    }
}

impl Format for Answered {
    const FORMAT: u8 = 1;
}

impl Record for Answered {
    const TABLE: Table = Table::ANSWERED;
}
