//! Deciding on items, each by itself. `docs/PROTOCOL.md` §7.5, §7.6.

use std::collections::BTreeSet;

use super::entry::{ItemStatus, MailboxItem};
use super::limits;
use super::origin::OriginState;
use super::place::{New, Place};
use super::record::KeptWhat;
use super::token::{self, TokenEntry};
use super::{payload, request};
use crate::crypto::hash::Hash;
use crate::identity::ids::{AccountId, DeviceId};
use crate::server::directory::{AccountEntry, AccountState};
use crate::server::item::{Code, DeviceItem, Item, Kind, Origin, Reason, Stale, Status, Submitter, Verdict};
use crate::server::{Context, ItemId, Token};
use crate::storage::{Interrupt, Key, Slot, Vault, Want};
use crate::time::Span;

/// Wants and rows of the items of one step. The rest of what a step may have is for whoever calls.
const WANTS: usize = 3_072;
const ROWS: usize = 6_144;

/// What items may cost a step at most, counted from the first on.
#[derive(Default)]
struct Cost {
    wants: usize,
    rows: usize,
    tokens: BTreeSet<Token>,
    devices: BTreeSet<(Token, DeviceId)>,
    payloads: BTreeSet<Hash>,
}

impl Cost {
    const fn add(&mut self, wants: usize, rows: usize) {
        self.wants = self.wants.saturating_add(wants);
        self.rows = self.rows.saturating_add(rows);
    }

    const fn fits(&self) -> bool {
        self.wants <= WANTS && self.rows <= ROWS
    }

    fn count(&mut self, item: &Item) {
        let named = match &item.kind {
            Kind::Device(device) => {
                // Whether it is held, in both, and the entry; the token and its account; the mailbox, its shadow and its timer.
                self.add(2, 4);
                if self.tokens.insert(device.token) {
                    self.add(2, 3);
                }
                if self.devices.insert((device.token, device.device)) {
                    self.add(2, 5);
                }
                device.payload
            }
            Kind::Request(request) => {
                self.add(4, 10);
                request.payload
            }
            Kind::Payload(body) => {
                self.add(1, 6);
                Some(Hash::of(body))
            }
        };
        if named.is_some_and(|hash| self.payloads.insert(hash)) {
            self.add(1, 2);
        }
    }
}

/// How many of the items, from the first on, are sure to fit into one step, whatever they turn out to be. At least 400, or all; items that
/// share tokens, devices and payloads cost less.
pub(crate) fn affordable(items: &[Item]) -> usize {
    let mut cost = Cost::default();
    let does_not_fit = |item: &Item| {
        cost.count(item);
        !cost.fits()
    };
    items.iter().position(does_not_fit).unwrap_or(items.len())
}

/// How many items like these are likely to fit into one step. A few say nothing.
pub(crate) fn likely(items: &[Item]) -> usize {
    if items.len() < 64 {
        return usize::from(u16::MAX);
    }
    let mut cost = Cost::default();
    for item in items {
        cost.count(item);
    }
    let of = |limit: usize, spent: usize| limit.saturating_mul(items.len()).checked_div(spent);
    of(WANTS, cost.wants).unwrap_or(WANTS).min(of(ROWS, cost.rows).unwrap_or(ROWS))
}

/// Loads in two rounds all that [`deliver`] reads for these items. They are at most as many as [`affordable`] says.
pub(crate) fn prepare(ctx: &mut Context<'_, '_>, origin: &Origin, items: &[Item]) -> Result<(), Interrupt> {
    let vault = ctx.tx.vault();
    let mut first = BTreeSet::from([OriginState::key(vault, origin)]);
    for item in items {
        let named = match &item.kind {
            Kind::Device(device) => {
                first.insert(token::key(vault, &device.token));
                device.payload
            }
            Kind::Request(wanted) => {
                first.extend(request::keys(vault, wanted));
                wanted.payload
            }
            Kind::Payload(body) => Some(Hash::of(body)),
        };
        first.extend(named.map(|hash| payload::key(vault, origin, &hash)));
    }
    ctx.tx.need(first.into_iter().map(Want::Record))?;
    let mut second = BTreeSet::new();
    for item in items {
        match &item.kind {
            Kind::Device(device) => {
                if let Some((_, entry)) = token::find(ctx, &device.token)? {
                    second.extend(device_keys(vault, origin, item.id, device, &entry));
                }
            }
            Kind::Request(wanted) => second.extend(request::owner_key(ctx, wanted)?),
            Kind::Payload(_) => {}
        }
    }
    ctx.tx.need(second.into_iter().map(Want::Record))
}

/// What depends on the token's account.
fn device_keys(
    vault: &Vault,
    origin: &Origin,
    id: ItemId,
    item: &DeviceItem,
    entry: &TokenEntry,
) -> Vec<Key> {
    let place = Place::of(vault, &Submitter { account: entry.account, device: item.device });
    let into = if entry.is_sink { place.shadow() } else { place };
    let held = |place: Place| place.held(vault, &place.item(vault, origin, item.token, id));
    let mut keys = vec![AccountEntry::key(vault, entry.account), place.key(), place.shadow().key()];
    keys.extend([held(place), held(into)]);
    keys
}

/// Decides on one item, and takes it if it is accepted. What is decided depends on no other item, except on a payload before it and on what is
/// full. An item that is refused leaves nothing.
pub(crate) fn deliver(ctx: &mut Context<'_, '_>, origin: &Origin, item: &Item) -> Result<Verdict, Interrupt> {
    match &item.kind {
        Kind::Device(device) => self::device(ctx, origin, item.id, device),
        Kind::Request(wanted) => request::receive(ctx, origin, item.id, wanted).map(Verdict::of),
        Kind::Payload(body) => payload::arrive(ctx, origin, body).map(Verdict::of),
    }
}

fn device(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    id: ItemId,
    item: &DeviceItem,
) -> Result<Verdict, Interrupt> {
    let Some((slot, entry)) = token::find(ctx, &item.token)? else {
        return Ok(Verdict::of(Code::Refused(Reason::Unknown)));
    };
    let vault = ctx.tx.vault();
    ctx.tx.need(device_keys(vault, origin, id, item, &entry).into_iter().map(Want::Record))?;
    let Some(account) = open_account(ctx, entry.account)? else { return Ok(Verdict::of(Code::Gone)) };
    let is_stale = item.order < account.order;
    let stale = Stale { account: account.account, order: account.order, hash: account.manifest_hash };
    let stale = is_stale.then_some(stale);
    let code = if account.devices.contains(&item.device) {
        take(ctx, origin, id, item, (slot, entry))?
    } else if item.order > account.order {
        // The sender knows the account better than a server that was set back: the device may be a new one.
        Code::Busy(limits::FULL)
    } else {
        Code::Gone
    };
    Ok(Verdict { code, stale })
}

fn open_account(ctx: &mut Context<'_, '_>, id: AccountId) -> Result<Option<AccountEntry>, Interrupt> {
    let mut slot = ctx.tx.read::<AccountEntry>(AccountEntry::key(ctx.tx.vault(), id))?;
    Ok(slot.take().filter(|entry| entry.state == AccountState::Open))
}

/// For a device that is listed. A sink goes the same way into the shadow of the mailbox, so that no verdict tells them apart.
fn take(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    id: ItemId,
    item: &DeviceItem,
    (slot, mut entry): (Slot<TokenEntry>, TokenEntry),
) -> Result<Code, Interrupt> {
    let vault = ctx.tx.vault();
    let place = Place::of(vault, &Submitter { account: entry.account, device: item.device });
    let into = if entry.is_sink { place.shadow() } else { place };
    let name = into.item(vault, origin, item.token, id);
    // Also what came before its sender was blocked.
    let before = place.item(vault, origin, item.token, id);
    if into.holds(ctx, &name)? || place.holds(ctx, &before)? {
        return Ok(Code::Accepted);
    }
    let payload = match payload::named(ctx, origin, item.payload.as_ref())? {
        Ok(payload) => payload,
        Err(code) => return Ok(code),
    };
    let size = size_of(item.body.len(), payload.map_or(0, |(_, size)| size));
    let spent = spend(&mut entry, size, ctx);
    let is_full = spent.is_ok() && is_full(ctx, place, entry.is_sink, size)?;
    if let Some(wait) = spent.err().or(is_full.then_some(limits::FULL)) {
        if let Some((key, _)) = payload {
            payload::keep(ctx, key)?;
        }
        return Ok(Code::Busy(wait));
    }
    ctx.tx.put(slot, &entry)?;
    let (what, wake) = if entry.is_sink {
        (KeptWhat::Sunk, None)
    } else {
        (KeptWhat::Item(MailboxItem::new(id, item)), Some(item.device))
    };
    into.append(ctx, New { id: name, what, size, payload: payload.map(|(key, _)| key), wake })?;
    Ok(Code::Accepted)
}

/// What an entry counts for.
pub(super) fn size_of(body: usize, payload: u32) -> u64 {
    limits::ENTRY.saturating_add(u64::try_from(body).unwrap_or(u64::MAX)).saturating_add(payload.into())
}

fn spend(entry: &mut TokenEntry, size: u64, ctx: &Context<'_, '_>) -> Result<(), Span> {
    entry.items.take(&limits::TOKEN_ITEMS, 1, ctx.now)?;
    entry.bytes.take(&limits::TOKEN_BYTES, size, ctx.now)
}

/// Whether there is no room for so many bytes more.
fn is_full(ctx: &mut Context<'_, '_>, place: Place, is_sink: bool, size: u64) -> Result<bool, Interrupt> {
    let (mut entries, mut bytes) = place.load(ctx)?;
    let shadow = place.shadow().load(ctx)?;
    if is_sink {
        (entries, bytes) = (entries.saturating_add(shadow.0), bytes.saturating_add(shadow.1));
    }
    Ok(entries >= limits::ENTRIES || bytes.saturating_add(size) > limits::BYTES)
}

/// What [`report`] reads, to be loaded for many at once.
pub(crate) fn report_wants(vault: &Vault, to: &Submitter, id: ItemId, status: Status) -> [Want; 2] {
    let place = Place::of(vault, to);
    let held = place.held(vault, &place.status(vault, id, status));
    [Want::Record(place.key()), Want::Record(held)]
}

/// Appends the status of an item to the mailbox of the device that submitted it, however full that is: no status is lost.
pub(crate) fn report(
    ctx: &mut Context<'_, '_>,
    to: &Submitter,
    id: ItemId,
    status: Status,
) -> Result<(), Interrupt> {
    ctx.tx.need(report_wants(ctx.tx.vault(), to, id, status))?;
    let place = Place::of(ctx.tx.vault(), to);
    let name = place.status(ctx.tx.vault(), id, status);
    let what = KeptWhat::Status(ItemStatus { id, status });
    let wake = Some(to.device);
    place.append(ctx, New { id: name, what, size: limits::ENTRY, payload: None, wake })
}

/// Whether a device may submit more: not while its own mailbox, where the statuses go, is full twice over.
pub(crate) fn may_submit(ctx: &mut Context<'_, '_>, who: &Submitter) -> Result<bool, Interrupt> {
    let (entries, _) = Place::of(ctx.tx.vault(), who).load(ctx)?;
    Ok(entries < limits::ENTRIES.saturating_mul(2))
}
