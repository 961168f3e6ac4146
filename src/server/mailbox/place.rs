//! A mailbox: a log, and its state. `docs/PROTOCOL.md` §7.6.

use super::due::{self, sibling};
use super::entry::{AgedEntries, ItemStatus, LogPlace};
use super::limits;
use super::payload;
use super::record::{Held, Kept, KeptWhat, MailboxState};
use crate::crypto::random;
use crate::identity::ids::DeviceId;
use crate::server::item::{Origin, Status, Submitter};
use crate::server::{Context, ItemId, Output, Token};
use crate::storage::{Interrupt, Item, ItemId as EntryId, Key, StorageError, Table, Tail, Vault, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// How many entries are looked at when a mailbox is looked through for what is too old.
const SLICE: u16 = 64;

/// Where a mailbox lies: the name of its state, which the log has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(Key);

/// What is to be appended.
pub(super) struct New {
    pub(super) id: EntryId,
    pub(super) what: KeptWhat,
    /// Of body and payload.
    pub(super) size: u64,
    pub(super) payload: Option<Key>,
    /// Who is to be woken.
    pub(super) wake: Option<DeviceId>,
}

impl Place {
    /// The mailbox of a device.
    pub(super) fn of(vault: &Vault, owner: &Submitter) -> Self {
        let name = [owner.account.as_bytes().as_slice(), owner.device.as_bytes()].concat();
        Self(vault.partition(Table::MAILBOXES, &name).key(0))
    }

    /// The mailbox whose state has this name.
    pub(super) const fn at(key: Key) -> Self {
        Self(key)
    }

    /// Where what is thrown away counts as if it were not: a mailbox that nobody drains.
    pub(super) fn shadow(self) -> Self {
        Self(sibling(&self.0, Table::MAILBOXES, 1))
    }

    /// The name of the state.
    pub(super) const fn key(self) -> Key {
        self.0
    }

    /// The log.
    pub(super) const fn log(self) -> Key {
        Key::new(Table::MAILBOX_LOG, *self.0.name())
    }

    /// The name of an item in the log: what a sender of the same origin sends twice with one token is one item.
    pub(super) fn item(self, vault: &Vault, origin: &Origin, token: Token, id: ItemId) -> EntryId {
        let name = [&[0], token.as_bytes().as_slice(), id.as_bytes(), &origin.name()].concat();
        vault.item(&self.log(), &name)
    }

    /// The name of a status in the log: each is told once.
    pub(super) fn status(self, vault: &Vault, id: ItemId, status: Status) -> EntryId {
        let status = ItemStatus { id, status: told_once(status) }.encode().unwrap_or_default();
        vault.item(&self.log(), &[&[1], status.as_slice()].concat())
    }

    /// The record that says that the log holds this entry.
    pub(super) fn held(self, vault: &Vault, id: &EntryId) -> Key {
        let name = [self.0.name().as_slice(), id.as_bytes()].concat();
        vault.partition(Table::HELD_ITEMS, &name).key(0)
    }

    /// How many entries and bytes wait.
    pub(super) fn load(self, ctx: &mut Context<'_, '_>) -> Result<(u32, u64), Interrupt> {
        let slot = ctx.tx.read::<MailboxState>(self.0)?;
        Ok(slot.value().map_or((0, 0), |state| (state.entries, state.bytes)))
    }

    /// Whether the log holds this entry.
    pub(super) fn holds(self, ctx: &mut Context<'_, '_>, id: &EntryId) -> Result<bool, Interrupt> {
        let key = self.held(ctx.tx.vault(), id);
        Ok(ctx.tx.read::<Held>(key)?.value().is_some())
    }

    /// Appends, unless the log holds it. Reads the state, what says that the log holds it, and the payload's state.
    pub(super) fn append(self, ctx: &mut Context<'_, '_>, new: New) -> Result<(), Interrupt> {
        let New { id, what, size, payload, wake } = new;
        let held = ctx.tx.read::<Held>(self.held(ctx.tx.vault(), &id))?;
        if held.value().is_some() {
            return Ok(());
        }
        let mut slot = ctx.tx.read::<MailboxState>(self.0)?;
        let mut state = slot.take().unwrap_or_else(MailboxState::new);
        if let Some(key) = payload {
            payload::hold(ctx, key)?;
        }
        state.entries = state.entries.saturating_add(1);
        state.bytes = state.bytes.saturating_add(size);
        if !state.is_timed {
            state.is_timed = true;
            let due = ctx.now.plus(limits::LIFETIME);
            due::timer(due::MAILBOX, &self.0, due, ctx.now).start(None, ctx.tx)?;
        }
        if let Some(device) = wake {
            wake_up(ctx, &mut state, device);
        }
        let kept = Kept { tag: tag(ctx)?, at: ctx.now, size, what, payload: payload.map(|key| *key.name()) };
        ctx.tx.append(self.log(), id, &kept)?;
        ctx.tx.put(held, &Held)?;
        Ok(ctx.tx.put(slot, &state)?)
    }

    /// Lets entries go: the first that the log has, up to the last of these.
    pub(super) fn release(
        self,
        ctx: &mut Context<'_, '_>,
        state: &mut MailboxState,
        entries: &[Item<Kept>],
    ) -> Result<(), Interrupt> {
        let kept = || entries.iter().filter_map(|entry| entry.value.as_ref().ok());
        ctx.tx.need(kept().filter_map(|kept| kept.payload).map(payload::release_want))?;
        for entry in entries {
            ctx.tx.delete_unseen(self.held(ctx.tx.vault(), &entry.id));
            state.entries = state.entries.saturating_sub(1);
        }
        for kept in kept() {
            state.bytes = state.bytes.saturating_sub(kept.size);
            if let Some(name) = kept.payload {
                payload::release(ctx, name)?;
            }
        }
        if state.entries == 0 {
            state.bytes = 0;
        }
        if let Some(last) = entries.last() {
            ctx.tx.trim(self.log(), last.number);
        }
        Ok(())
    }

    /// Lets entries go that nobody has drained, and says so to whoever drains next.
    pub(super) fn drop_unseen(
        self,
        ctx: &mut Context<'_, '_>,
        state: &mut MailboxState,
        entries: &[Item<Kept>],
    ) -> Result<(), Interrupt> {
        let Some(last) = entries.last() else { return Ok(()) };
        self.release(ctx, state, entries)?;
        let mut aged =
            state.aged.unwrap_or(AgedEntries { count: 0, from: ctx.now, to: Timestamp::default() });
        aged.count = aged.count.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        for entry in entries {
            let at = entry.value.as_ref().map_or(ctx.now, |kept| kept.at.min(ctx.now));
            (aged.from, aged.to) = (aged.from.min(at), aged.to.max(at));
        }
        // A tag that no device has seen: who shows it has been told.
        (state.aged, state.floor) = (Some(aged), Some(LogPlace { number: last.number, tag: tag(ctx)? }));
        Ok(())
    }

    fn slice(self, state: &MailboxState) -> Tail {
        Tail::new(self.log(), state.start(), SLICE)
    }

    /// What [`Place::age`] reads, for several mailboxes.
    pub(super) fn foresee_age(places: &[Self], ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        ctx.tx.need(places.iter().map(|place| Want::Record(place.0)))?;
        let mut tails = Vec::new();
        for place in places {
            let slot = ctx.tx.read::<MailboxState>(place.0)?;
            tails.extend(slot.value().map(|state| place.slice(state)));
        }
        ctx.tx.need(tails.iter().copied().map(Want::Log))?;
        let mut wants = Vec::new();
        for tail in tails {
            let kept = ctx.tx.tail::<Kept>(tail)?.into_iter().filter_map(|entry| entry.value.ok());
            wants.extend(kept.filter_map(|kept| kept.payload).map(payload::release_want));
        }
        ctx.tx.need(wants)
    }

    /// Looks through the mailbox for what is too old. Its timer has run out.
    pub(super) fn age(self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        let mut slot = ctx.tx.read::<MailboxState>(self.0)?;
        let Some(mut state) = slot.take() else { return Ok(()) };
        let entries = readable(ctx.tx.tail::<Kept>(self.slice(&state))?)?;
        let times = times(&entries, ctx.now);
        let old = times.iter().take_while(|at| at.plus(limits::LIFETIME) <= ctx.now).count();
        let gone = entries.get(..old).unwrap_or_default();
        self.drop_unseen(ctx, &mut state, gone)?;
        let next = match times.get(old) {
            Some(at) => Some(at.plus(limits::LIFETIME)),
            // There may be more than a slice.
            None => (!gone.is_empty() && state.entries > 0).then(|| ctx.now.plus(Span::from_millis(1))),
        };
        state.is_timed = next.is_some();
        if let Some(due) = next {
            due::timer(due::MAILBOX, &self.0, due, ctx.now).start(None, ctx.tx)?;
        }
        Ok(ctx.tx.put(slot, &state)?)
    }
}

/// Tells a waiting device, once in a step, and a sleeping one, once until it drains.
fn wake_up(ctx: &mut Context<'_, '_>, state: &mut MailboxState, device: DeviceId) {
    let notify = Output::Notify(device);
    if !ctx.send.contains(&notify) {
        ctx.send.push(notify);
    }
    if let Some(endpoint) = state.push.as_ref().filter(|_| !state.is_woken) {
        ctx.send.push(Output::Push { device, endpoint: endpoint.clone() });
        state.is_woken = true;
    }
}

/// That something waits is one status, since whenever it waits.
const fn told_once(status: Status) -> Status {
    match status {
        Status::Waiting(_) => Status::Waiting(Timestamp::from_millis(0)),
        told => told,
    }
}

/// Eight random bytes.
pub(super) fn tag(ctx: &mut Context<'_, '_>) -> Result<[u8; 8], StorageError> {
    let drawn = random::draw::<16>(ctx.tx.rng())?;
    Ok(drawn.expose().first_chunk().copied().unwrap_or_default())
}

/// Stops at entries of a newer release, which are not damaged.
pub(super) fn readable(entries: Vec<Item<Kept>>) -> Result<Vec<Item<Kept>>, StorageError> {
    let foreign = entries.iter().any(|entry| entry.value == Err(StorageError::UnknownFormat));
    if foreign { Err(StorageError::UnknownFormat) } else { Ok(entries) }
}

/// When each entry came at the latest. The order of the log is the truth: what came before another came no later, whatever the clock said.
fn times(entries: &[Item<Kept>], now: Timestamp) -> Vec<Timestamp> {
    let mut latest = now;
    let mut times: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            latest = entry.value.as_ref().map_or(latest, |kept| kept.at.min(latest));
            latest
        })
        .collect();
    times.reverse();
    times
}
