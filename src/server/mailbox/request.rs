//! The request inbox: how strangers begin. `docs/PROTOCOL.md` §7.6.
//!
//! An address has an inbox whether or not it is somebody's, and what is thrown away counts in it like what is not: nobody finds out by sending
//! whether an address exists, whether it blocks, or whether it just does not look.

use super::due;
use super::inbox::{Blocked, InboxRequest, KeptRequest, RequestState, Slot};
use super::limits;
use super::origin::OriginState;
use super::payload;
use crate::identity::ids::AccountId;
use crate::server::directory::{AccountEntry, AddressOwner};
use crate::server::item::{Code, Origin, Reason};
use crate::server::{Context, ItemId, Output, RequestItem};
use crate::storage::{Interrupt, Key, Table, Vault, Want};
use crate::time::{Span, Timestamp};

/// Requests of one answer to a device that lists them.
const PAGE: usize = 16;

/// What an account does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// It answers. The request leaves the inbox.
    Accept,
    /// It does not. The request leaves the inbox.
    Drop,
    /// It does not, and will not see a request of this pseudonym again.
    Block,
}

/// Requests in an inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The oldest, at most 16 and 1 MiB.
    pub requests: Vec<InboxRequest>,
    /// There are more after the last of them.
    pub more: bool,
}

fn state_key(vault: &Vault, local: &str) -> Key {
    vault.partition(Table::REQUEST_STATE, local.as_bytes()).key(0)
}

fn body_key(vault: &Vault, state: &Key, handle: &[u8; 16]) -> Key {
    let name = [state.name().as_slice(), handle].concat();
    vault.partition(Table::REQUESTS, &name).key(0)
}

/// What [`receive`] reads first.
pub(super) fn keys(vault: &Vault, item: &RequestItem) -> [Key; 2] {
    [state_key(vault, item.address.local()), AddressOwner::key(vault, &item.address)]
}

/// What it reads then: whose the address is.
pub(super) fn owner_key(ctx: &mut Context<'_, '_>, item: &RequestItem) -> Result<Option<Key>, Interrupt> {
    let vault = ctx.tx.vault();
    let slot = ctx.tx.read::<AddressOwner>(AddressOwner::key(vault, &item.address))?;
    Ok(slot.value().map(|owner| AccountEntry::key(vault, owner.account)))
}

/// Decides on a request.
pub(super) fn receive(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    id: ItemId,
    item: &RequestItem,
) -> Result<Code, Interrupt> {
    let vault = ctx.tx.vault();
    if item.address.domain() != ctx.server.domain().as_str() {
        return Ok(Code::Refused(Reason::Unknown));
    }
    ctx.tx.need(keys(vault, item).map(Want::Record))?;
    let owner = owner_key(ctx, item)?;
    ctx.tx.need(owner.map(Want::Record))?;
    let key = state_key(vault, item.address.local());
    let mut slot = ctx.tx.read::<RequestState>(key)?;
    let mut state = slot.take().unwrap_or_default();
    let new = Slot {
        handle: *vault.item(&key, &handle(origin, id, item)).as_bytes(),
        origin: *vault.item(&key, &origin.name()).as_bytes(),
        pseudonym: item.pseudonym,
        at: ctx.now,
        is_waiting: true,
        is_real: false,
        payload: None,
    };
    if state.slots.iter().any(|slot| slot.handle == new.handle) {
        return Ok(Code::Accepted);
    }
    let payload = match payload::named(ctx, origin, item.payload.as_ref())? {
        Ok(payload) => payload.map(|(key, _)| key),
        Err(code) => return Ok(code),
    };
    state.forget(ctx.now);
    if let Err(wait) = room(&state, &new, ctx.now) {
        return Ok(Code::Busy(wait));
    }
    if let Err(wait) = spend(ctx, origin)? {
        return Ok(Code::Busy(wait));
    }
    let is_real = is_seen(ctx, owner, item, &state, &new)?;
    if let Some(payload) = payload {
        payload::hold(ctx, payload)?;
    }
    if is_real {
        keep(ctx, origin, &body_key(vault, &key, &new.handle), item)?;
    }
    state.slots.push(Slot { is_real, payload: payload.map(|key| *key.name()), ..new });
    start_timer(ctx, &key, &mut state)?;
    ctx.tx.put(slot, &state)?;
    Ok(Code::Accepted)
}

fn handle(origin: &Origin, id: ItemId, item: &RequestItem) -> Vec<u8> {
    [id.as_bytes().as_slice(), item.pseudonym.as_bytes(), &origin.name()].concat()
}

/// Whether the inbox takes one more. It depends only on what came, and on what was settled.
fn room(state: &RequestState, new: &Slot, now: Timestamp) -> Result<(), Span> {
    let again = |slot: &&Slot| slot.origin == new.origin && slot.pseudonym == new.pseudonym;
    if let Some(last) = state.slots.iter().filter(again).map(|slot| slot.at).max() {
        let until = last.min(now).plus(limits::REQUEST_EVERY);
        if until > now {
            return Err(until.since(now));
        }
    }
    let of_origin = state.slots.iter().filter(|slot| slot.origin == new.origin).count();
    let is_full = state.waiting(Some(new.origin)) >= limits::REQUESTS_OF_ORIGIN
        || of_origin >= limits::SLOTS_OF_ORIGIN
        || state.waiting(None) >= limits::REQUESTS
        || state.slots.len() >= limits::SLOTS;
    if is_full { Err(limits::FULL) } else { Ok(()) }
}

/// Takes from what the origin may send to all addresses.
fn spend(ctx: &mut Context<'_, '_>, origin: &Origin) -> Result<Result<(), Span>, Interrupt> {
    let (slot, mut state) = OriginState::read(ctx, origin)?;
    let taken = state.requests.take(&limits::ORIGIN_REQUESTS, 1, ctx.now);
    if taken.is_ok() {
        ctx.tx.put(slot, &state)?;
    }
    Ok(taken)
}

/// Whether there is somebody who sees it.
fn is_seen(
    ctx: &mut Context<'_, '_>,
    owner: Option<Key>,
    item: &RequestItem,
    state: &RequestState,
    new: &Slot,
) -> Result<bool, Interrupt> {
    let Some(owner) = owner else { return Ok(false) };
    let blocked = Blocked { origin: new.origin, pseudonym: new.pseudonym };
    let slot = ctx.tx.read::<AccountEntry>(owner)?;
    Ok(slot.value().is_some_and(|entry| entry.reaches(item.device)) && !state.blocked.contains(&blocked))
}

fn keep(ctx: &mut Context<'_, '_>, origin: &Origin, key: &Key, item: &RequestItem) -> Result<(), Interrupt> {
    let domain = match origin {
        Origin::Local(_) => ctx.server.domain().clone(),
        Origin::Peer(domain) => domain.clone(),
    };
    // The name is of this request alone, and it is not there: its slot would be.
    ctx.tx.put_unseen(*key, &KeptRequest { at: ctx.now, domain, item: item.clone() })?;
    let notify = Output::Notify(item.device);
    if !ctx.send.contains(&notify) {
        ctx.send.push(notify);
    }
    Ok(())
}

fn start_timer(ctx: &mut Context<'_, '_>, key: &Key, state: &mut RequestState) -> Result<(), Interrupt> {
    if !state.is_timed {
        state.is_timed = true;
        let due = ctx.now.plus(limits::LIFETIME);
        due::timer(due::INBOX, key, due, ctx.now).start(None, ctx.tx)?;
    }
    Ok(())
}

/// The requests of an account after the one with a handle, the oldest first.
pub(crate) fn requests(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    after: Option<[u8; 16]>,
) -> Result<Listed, Interrupt> {
    let Some(key) = inbox(ctx, account)? else { return Ok(Listed::default()) };
    let state = ctx.tx.read::<RequestState>(key)?.take().unwrap_or_default();
    let begin = after.and_then(|after| state.slots.iter().position(|slot| slot.handle == after));
    let slots = state.slots.iter().skip(begin.map_or(0, |index| index.saturating_add(1)));
    let mut slots: Vec<_> = slots.filter(|slot| slot.is_waiting && slot.is_real).collect();
    let mut listed = Listed { more: slots.len() > PAGE, ..Listed::default() };
    slots.truncate(PAGE);
    let vault = ctx.tx.vault();
    let bodies: Vec<_> = slots.iter().map(|slot| body_key(vault, &key, &slot.handle)).collect();
    let sizes = slots.iter().filter_map(|slot| slot.payload).map(payload::release_want);
    ctx.tx.need(bodies.iter().copied().map(Want::Record).chain(sizes))?;
    let mut left = limits::PAGE_BYTES;
    for (slot, body) in slots.into_iter().zip(bodies) {
        let Some(kept) = ctx.tx.read::<KeptRequest>(body)?.take() else { continue };
        let payload = slot.payload.map(|name| Key::new(Table::PAYLOADS, name));
        let size = payload.map(|key| payload::size(ctx, key)).transpose()?.unwrap_or(0);
        let cost = size.saturating_add(kept.item.body.len()).saturating_add(512);
        if cost > left {
            listed.more = true;
            break;
        }
        left = left.saturating_sub(cost);
        listed.requests.push(shown(ctx, slot, kept, payload)?);
    }
    Ok(listed)
}

fn shown(
    ctx: &mut Context<'_, '_>,
    slot: &Slot,
    kept: KeptRequest,
    payload: Option<Key>,
) -> Result<InboxRequest, Interrupt> {
    let payload = match payload {
        Some(key) => {
            ctx.tx.need([payload::body_want(&key)])?;
            payload::body(ctx, &key)?
        }
        None => None,
    };
    let RequestItem { device, pseudonym, body, .. } = kept.item;
    Ok(InboxRequest {
        handle: slot.handle,
        at: kept.at,
        domain: kept.domain,
        device,
        pseudonym,
        body,
        payload,
    })
}

/// Settles a request. `false` if none with this handle waits: it was settled before, or went by age.
pub(crate) fn settle(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    handle: [u8; 16],
    settle: Settle,
) -> Result<bool, Interrupt> {
    let Some(key) = inbox(ctx, account)? else { return Ok(false) };
    let mut slot = ctx.tx.read::<RequestState>(key)?;
    let mut state = slot.take().unwrap_or_default();
    let waits = |slot: &&mut Slot| slot.handle == handle && slot.is_waiting && slot.is_real;
    let Some(found) = state.slots.iter_mut().find(waits) else { return Ok(false) };
    let (settled, payload) =
        (Blocked { origin: found.origin, pseudonym: found.pseudonym }, found.payload.take());
    found.is_waiting = false;
    if settle == Settle::Block && !state.blocked.contains(&settled) {
        // Not a message: the block that is oldest gives way.
        let excess = state.blocked.len().saturating_add(1).saturating_sub(limits::BLOCKED);
        state.blocked.drain(..excess.min(state.blocked.len()));
        state.blocked.push(settled);
    }
    ctx.tx.need(payload.map(payload::release_want))?;
    let_go(ctx, &key, handle, payload)?;
    ctx.tx.put(slot, &state)?;
    Ok(true)
}

/// Deletes the body of a request that leaves the inbox, and what it holds.
fn let_go(
    ctx: &mut Context<'_, '_>,
    key: &Key,
    handle: [u8; 16],
    payload: Option<[u8; 24]>,
) -> Result<(), Interrupt> {
    let body = body_key(ctx.tx.vault(), key, &handle);
    ctx.tx.delete_unseen(body);
    payload.map_or(Ok(()), |name| payload::release(ctx, name))
}

/// Looks through an inbox for what is too old. Its timer has run out.
pub(super) fn age(ctx: &mut Context<'_, '_>, key: Key) -> Result<(), Interrupt> {
    let mut slot = ctx.tx.read::<RequestState>(key)?;
    let Some(mut state) = slot.take() else { return Ok(()) };
    let now = ctx.now;
    let is_old = |slot: &Slot| slot.is_waiting && slot.at.plus(limits::LIFETIME) <= now;
    let old: Vec<_> = state.slots.iter().filter(|slot| is_old(slot)).copied().collect();
    ctx.tx.need(old.iter().filter_map(|slot| slot.payload).map(payload::release_want))?;
    for slot in old {
        let_go(ctx, &key, slot.handle, slot.payload)?;
    }
    state.slots.retain(|slot| !is_old(slot));
    state.forget(now);
    // A clock that was ahead keeps nothing longer than another lifetime.
    state.slots.iter_mut().for_each(|slot| slot.at = slot.at.min(now));
    let next = state.slots.iter().map(|slot| slot.at.plus(limits::LIFETIME)).min();
    state.is_timed = next.is_some();
    if let Some(due) = next {
        due::timer(due::INBOX, &key, due, now).start(None, ctx.tx)?;
    }
    if state == RequestState::default() { Ok(ctx.tx.delete(slot)?) } else { Ok(ctx.tx.put(slot, &state)?) }
}

/// The state of an account's inbox, loaded.
fn inbox(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Option<Key>, Interrupt> {
    let entry = AccountEntry::key(ctx.tx.vault(), account);
    ctx.tx.need([Want::Record(entry)])?;
    let slot = ctx.tx.read::<AccountEntry>(entry)?;
    let key = slot.value().map(|entry| state_key(ctx.tx.vault(), entry.address.local()));
    ctx.tx.need(key.map(Want::Record))?;
    Ok(key)
}
