//! What goes when a device, a stock or an account goes. `docs/PROTOCOL.md` §8.3.

use super::entry::{AccountEntry, AccountState};
use super::record::{self, ClaimBudget, DevicePrekeys, StockUse};
use crate::crypto::absorb::{Absorb as _, Input};
use crate::identity::chain::Manifest;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::prekeys::{Grant, OneTimePair};
use crate::server::Context;
use crate::server::service::{Halt, Refused};
use crate::storage::timer::Timer;
use crate::storage::{Interrupt, Key, Table, Want};
use crate::time::{Span, Timestamp};

/// What the timers of the directory are owned by: the pairs of a stock that is no longer handed out …
const PAIRS: u8 = 0x20;
/// … a grant …
const GRANT: u8 = 0x21;
/// … what the origins have had of a device.
const BUDGETS: u8 = 0x22;

/// Rows that one step deletes.
const ROWS: u16 = 256;
/// The largest index of a stock.
const LAST: u64 = 1023;

/// Closes an account. What it held goes; that the address was its stays, so that nobody can take it over (attack F-15).
pub(crate) fn close(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Halt> {
    let vault = ctx.tx.vault();
    let entry = ctx.tx.read::<AccountEntry>(AccountEntry::key(vault, account))?;
    let before = entry.value().cloned().ok_or(Refused::Unknown)?;
    if before.state == AccountState::Closed {
        ctx.tx.already_done();
        return Ok(());
    }
    let [held, other, _] = record::manifests(vault, account);
    let heads = before.devices.iter().map(|device| DevicePrekeys::key(vault, *device));
    ctx.tx.need(heads.chain([held, other]).map(Want::Record))?;
    for key in [held, other] {
        let slot = ctx.tx.read::<Manifest>(key)?;
        if slot.value().is_some() {
            ctx.tx.delete(slot)?;
        }
    }
    for device in &before.devices {
        forget_device(ctx, *device)?;
    }
    let after = AccountEntry { devices: Vec::new(), state: AccountState::Closed, findable: false, ..before };
    ctx.tx.put(entry, &after)?;
    Ok(())
}

/// Deletes what a device has published. Its pairs follow, a few at a time.
pub(super) fn forget_device(ctx: &mut Context<'_, '_>, device: DeviceId) -> Result<(), Interrupt> {
    let slot = ctx.tx.read::<DevicePrekeys>(DevicePrekeys::key(ctx.tx.vault(), device))?;
    let Some(prekeys) = slot.value() else { return Ok(()) };
    if let Some(stock) = prekeys.stock()? {
        drop_pairs(ctx, device, stock.number)?;
    }
    ctx.tx.delete(slot)?;
    later(ctx, Input::new().u8(BUDGETS).array(device.as_bytes()).finish(), Span::default())
}

/// Has the pairs of a stock deleted.
pub(super) fn drop_pairs(ctx: &mut Context<'_, '_>, device: DeviceId, stock: u64) -> Result<(), Interrupt> {
    let owner = Input::new().u8(PAIRS).array(device.as_bytes()).u64(stock).finish();
    later(ctx, owner, Span::default())
}

/// Has a grant deleted once it no longer counts.
pub(super) fn drop_grant(ctx: &mut Context<'_, '_>, grant: &Key, until: Timestamp) -> Result<(), Interrupt> {
    let owner = Input::new().u8(GRANT).array(grant.name()).finish();
    later(ctx, owner, until.since(ctx.now).plus(Span::from_millis(1)))
}

fn later(ctx: &mut Context<'_, '_>, owner: Vec<u8>, after: Span) -> Result<(), Interrupt> {
    Timer { owner, due: ctx.now.plus(after), set: ctx.now }.start(None, ctx.tx)?;
    Ok(())
}

/// Does what a timer of the directory is for. `false` if it is not the directory's.
pub(crate) fn due(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<bool, Interrupt> {
    match timer.owner.split_first() {
        Some((&PAIRS, rest)) => sweep_pairs(ctx, timer, rest)?,
        Some((&BUDGETS, rest)) => sweep_budgets(ctx, timer, rest)?,
        Some((&GRANT, rest)) => sweep_grant(ctx, rest)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn sweep_pairs(ctx: &mut Context<'_, '_>, timer: &Timer, rest: &[u8]) -> Result<(), Interrupt> {
    let (Some(device), Some(stock)) = (rest.first_chunk::<16>(), rest.last_chunk::<8>()) else {
        return Ok(());
    };
    let (device, stock) = (DeviceId::from_bytes(*device), u64::from_be_bytes(*stock));
    let vault = ctx.tx.vault();
    let head = DevicePrekeys::key(vault, device);
    let range = record::pairs(vault, device, stock).range(0..=LAST, ROWS);
    ctx.tx.need([Want::First(range), Want::Record(head)])?;
    // The device may have come back with the same stock.
    let head = ctx.tx.read::<DevicePrekeys>(head)?;
    let held = head.value().map(DevicePrekeys::stock).transpose()?.flatten();
    if held.is_some_and(|held| held.number == stock) {
        return Ok(());
    }
    let rows = ctx.tx.scan::<OneTimePair>(range)?;
    let is_full = rows.len() >= usize::from(ROWS);
    for row in rows {
        ctx.tx.delete(row)?;
    }
    if is_full { later(ctx, timer.owner.clone(), Span::default()) } else { Ok(()) }
}

fn sweep_budgets(ctx: &mut Context<'_, '_>, timer: &Timer, rest: &[u8]) -> Result<(), Interrupt> {
    let Some(device) = rest.first_chunk::<16>().map(|device| DeviceId::from_bytes(*device)) else {
        return Ok(());
    };
    let vault = ctx.tx.vault();
    let head = DevicePrekeys::key(vault, device);
    let range = record::claim_budgets(vault, device).range(0..=u64::MAX, ROWS);
    let all = record::stock_use(vault, device);
    ctx.tx.need([Want::First(range), Want::Record(all), Want::Record(head)])?;
    if ctx.tx.read::<DevicePrekeys>(head)?.value().is_some() {
        return Ok(());
    }
    let rows = ctx.tx.scan::<ClaimBudget>(range)?;
    let is_full = rows.len() >= usize::from(ROWS);
    for row in rows {
        ctx.tx.delete(row)?;
    }
    let all = ctx.tx.read::<StockUse>(all)?;
    if all.value().is_some() {
        ctx.tx.delete(all)?;
    }
    if is_full { later(ctx, timer.owner.clone(), Span::default()) } else { Ok(()) }
}

fn sweep_grant(ctx: &mut Context<'_, '_>, rest: &[u8]) -> Result<(), Interrupt> {
    let Some(name) = rest.first_chunk::<24>() else { return Ok(()) };
    let slot = ctx.tx.read::<Grant>(Key::new(Table::CLAIM_GRANTS, *name))?;
    match slot.value().map(Grant::until) {
        Some(until) if until < ctx.now => Ok(ctx.tx.delete(slot)?),
        // A clock was put back, or the grant is a newer one: once more.
        Some(until) => drop_grant(ctx, &Key::new(Table::CLAIM_GRANTS, *name), until),
        None => Ok(()),
    }
}
