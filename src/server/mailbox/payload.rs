//! Payloads: bodies that came once for many items. `docs/PROTOCOL.md` §7.6.
//!
//! Those of one origin are no business of another: neither finds out what the other has sent, nor does it live on what the other pays for.

use super::due::{self, sibling};
use super::limits;
use super::origin::OriginState;
use crate::crypto::hash::Hash;
use crate::server::Context;
use crate::server::item::{Code, Origin, Reason};
use crate::storage::timer::Timer;
use crate::storage::{Format, Interrupt, Key, Record, StorageError, Table, Vault, Want};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// A payload that is here. Its body is another record, which nobody reads who only counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PayloadState {
    pub(super) size: u32,
    holders: u32,
    at: Timestamp,
    /// Its day is over: it goes with its last holder.
    is_due: bool,
}

/// … and this is it.
pub(super) struct Body(Vec<u8>);

/// The name of a payload's state.
pub(super) fn key(vault: &Vault, origin: &Origin, hash: &Hash) -> Key {
    let name = [hash.as_bytes().as_slice(), &origin.name()].concat();
    vault.partition(Table::PAYLOADS, &name).key(0)
}

fn body_key(key: &Key) -> Key {
    sibling(key, Table::PAYLOADS, 1)
}

/// What reading a payload's body takes.
pub(super) fn body_want(key: &Key) -> Want {
    Want::Record(body_key(key))
}

/// A payload arrives.
pub(super) fn arrive(ctx: &mut Context<'_, '_>, origin: &Origin, body: &[u8]) -> Result<Code, Interrupt> {
    let key = key(ctx.tx.vault(), origin, &Hash::of(body));
    let slot = ctx.tx.read::<PayloadState>(key)?;
    let (size, now) = (u32::try_from(body.len()).unwrap_or(u32::MAX), ctx.now);
    let before = slot.value().copied();
    let old_timer = before.filter(|state| !state.is_due).map(|state| state.timer(&key));
    if before.is_none() {
        let (origin_slot, mut state) = OriginState::read(ctx, origin)?;
        let cost = limits::PAYLOAD_ENTRY.saturating_add(size.into());
        let taken = state.payloads.take(&limits::ORIGIN_PAYLOADS, cost, now);
        if let Err(wait) = taken {
            state.payloads_busy_until = now.plus(wait).plus(limits::FULL);
        }
        ctx.tx.put(origin_slot, &state)?;
        if let Err(wait) = taken {
            return Ok(Code::Busy(wait));
        }
        ctx.tx.put_unseen(body_key(&key), &Body(body.to_vec()))?;
    }
    let holders = before.map_or(0, |state| state.holders);
    let state = PayloadState { size, holders, at: now, is_due: false };
    state.timer(&key).start(old_timer.as_ref(), ctx.tx)?;
    ctx.tx.put(slot, &state)?;
    Ok(Code::Accepted)
}

/// The payload that an item names, or why it cannot be taken without.
pub(super) fn named(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    hash: Option<&Hash>,
) -> Result<Result<Option<(Key, u32)>, Code>, Interrupt> {
    let Some(hash) = hash else { return Ok(Ok(None)) };
    let key = key(ctx.tx.vault(), origin, hash);
    if let Some(state) = ctx.tx.read::<PayloadState>(key)?.value() {
        return Ok(Ok(Some((key, state.size))));
    }
    let (_, state) = OriginState::read(ctx, origin)?;
    let wait = state.payloads_busy_until.since(ctx.now);
    // The payload before this item was told to wait, and so must the item, or it would be lost.
    let waits = ctx.now < state.payloads_busy_until;
    Ok(Err(if waits { Code::Busy(wait) } else { Code::Refused(Reason::NoPayload) }))
}

/// One more entry holds it.
pub(super) fn hold(ctx: &mut Context<'_, '_>, key: Key) -> Result<(), Interrupt> {
    let mut slot = ctx.tx.read::<PayloadState>(key)?;
    if let Some(mut state) = slot.take() {
        state.holders = state.holders.saturating_add(1);
        ctx.tx.put(slot, &state)?;
    }
    Ok(())
}

/// An item that names it was told to come again: until then it stays, and for a day at least.
pub(super) fn keep(ctx: &mut Context<'_, '_>, key: Key) -> Result<(), Interrupt> {
    let mut slot = ctx.tx.read::<PayloadState>(key)?;
    let Some(before) = slot.take() else { return Ok(()) };
    // Not with each attempt.
    let is_young = !before.is_due && ctx.now.since(before.at) < limits::FULL;
    if is_young {
        return Ok(());
    }
    let old_timer = (!before.is_due).then(|| before.timer(&key));
    let state = PayloadState { at: ctx.now, is_due: false, ..before };
    state.timer(&key).start(old_timer.as_ref(), ctx.tx)?;
    Ok(ctx.tx.put(slot, &state)?)
}

/// What [`release`] reads.
pub(super) fn release_want(name: [u8; 24]) -> Want {
    Want::Record(Key::new(Table::PAYLOADS, name))
}

/// One entry less holds it.
pub(super) fn release(ctx: &mut Context<'_, '_>, name: [u8; 24]) -> Result<(), Interrupt> {
    let key = Key::new(Table::PAYLOADS, name);
    let mut slot = ctx.tx.read::<PayloadState>(key)?;
    let Some(mut state) = slot.take() else { return Ok(()) };
    state.holders = state.holders.saturating_sub(1);
    if state.holders == 0 && state.is_due {
        ctx.tx.delete_unseen(body_key(&key));
        return Ok(ctx.tx.delete(slot)?);
    }
    Ok(ctx.tx.put(slot, &state)?)
}

/// How long it is, in bytes; 0 if it is gone.
pub(super) fn size(ctx: &mut Context<'_, '_>, key: Key) -> Result<usize, Interrupt> {
    let slot = ctx.tx.read::<PayloadState>(key)?;
    Ok(slot.value().map_or(0, |state| usize::try_from(state.size).unwrap_or(usize::MAX)))
}

/// The body. `None` if it is gone or damaged: the rest of the mailbox is still there.
pub(super) fn body(ctx: &mut Context<'_, '_>, key: &Key) -> Result<Option<Vec<u8>>, Interrupt> {
    match ctx.tx.read::<Body>(body_key(key)) {
        Ok(mut slot) => Ok(slot.take().map(|Body(body)| body)),
        Err(Interrupt::Failed(StorageError::Unreadable)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Its day is over, or the clock was put back.
pub(super) fn expire(ctx: &mut Context<'_, '_>, key: Key) -> Result<(), Interrupt> {
    let mut slot = ctx.tx.read::<PayloadState>(key)?;
    let Some(mut state) = slot.take() else { return Ok(()) };
    if state.is_due {
        return Ok(());
    }
    if state.at > ctx.now || ctx.now < state.at.plus(limits::PAYLOAD) {
        state.at = ctx.now;
        state.timer(&key).start(None, ctx.tx)?;
        return Ok(ctx.tx.put(slot, &state)?);
    }
    if state.holders == 0 {
        ctx.tx.delete_unseen(body_key(&key));
        return Ok(ctx.tx.delete(slot)?);
    }
    state.is_due = true;
    Ok(ctx.tx.put(slot, &state)?)
}

impl PayloadState {
    fn timer(&self, key: &Key) -> Timer {
        due::timer(due::PAYLOAD, key, self.at.plus(limits::PAYLOAD), self.at)
    }
}

impl Message for PayloadState {
    type Proto = proto::PayloadState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            size: required(proto.size)?,
            holders: required(proto.holders)?,
            at: Timestamp::from_millis(required(proto.at)?),
            is_due: required(proto.is_due)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PayloadState {
            size: Some(self.size),
            holders: Some(self.holders),
            at: Some(self.at.as_millis()),
            is_due: Some(self.is_due),
        }
    }
}

impl Message for Body {
    type Proto = proto::PayloadItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        required(proto.body).map(Self)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PayloadItem { body: Some(self.0.clone()) }
    }
}

impl Format for PayloadState {
    const FORMAT: u8 = 1;
}

impl Record for PayloadState {
    const TABLE: Table = Table::PAYLOADS;
}

impl Format for Body {
    const FORMAT: u8 = 1;
}

impl Record for Body {
    const TABLE: Table = Table::PAYLOADS;
}
