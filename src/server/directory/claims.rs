//! Claims of prekeys: who gets one-time pairs, and how many. `docs/PROTOCOL.md` §7.8.
//!
//! Whoever may write to a device gets its bundle, always. Pairs are few, and a stranger must not use them up for all others (attack H-08):
//! an origin has a share of a stock each day, and the last quarter of a stock is for origins that have had next to nothing of it.

use super::closing;
use super::entry::{AccountEntry, AddressOwner};
use super::record::{self, ClaimBudget, DevicePrekeys, StockUse};
use crate::identity::prekeys::{Grant, OVERDUE, OneTime, OneTimePair, Stock};
use crate::server::frame::{Access, Answer, Claim, Reply};
use crate::server::quota::{Budget, Rate};
use crate::server::{Context, Origin, mailbox};
use crate::storage::{Interrupt, Slot, Want};
use crate::time::Timestamp;

/// An origin's share of a stock in a day: one part in so many.
const SHARE: u32 = 8;
/// The share of one user of this server, within that of all of them together.
const USER_SHARE: u32 = 32;
/// What is kept of a stock for origins that have had little of it.
const RESERVE: u32 = 4;
/// What is little.
const LITTLE: u32 = 64;

/// Answers a claim. The same claim of the same origin gets the same pair for 14 days; what is not permitted looks like what is not there.
pub(crate) fn claim(ctx: &mut Context<'_, '_>, origin: &Origin, claim: &Claim) -> Result<Answer, Interrupt> {
    let vault = ctx.tx.vault();
    let (account, device) = (claim.claim.account, claim.claim.device);
    let request = claim.claim.request;
    let [entry, head] = [AccountEntry::key(vault, account), DevicePrekeys::key(vault, device)];
    let [grant, all] = [record::grant(vault, origin, request), record::stock_use(vault, device)];
    let budgets = shares(ctx, origin).into_iter();
    let budgets = budgets.map(|(origin, _)| record::claim_budget(vault, device, &origin));
    let access = match &claim.access {
        Access::Token(token) => mailbox::owner_want(vault, token),
        Access::Address { address, .. } => Want::Record(AddressOwner::key(vault, address)),
    };
    let keys = [entry, head, grant, all].into_iter().chain(budgets).map(Want::Record);
    ctx.tx.need(keys.chain([access]))?;

    let nothing = Ok(Answer { request, reply: Reply::Nothing });
    let entry = ctx.tx.read::<AccountEntry>(entry)?;
    let is_permitted = is_permitted(ctx, origin, claim, entry.value())?;
    let head = ctx.tx.read::<DevicePrekeys>(head)?;
    let mut grant = ctx.tx.read::<Grant>(grant)?;
    let is_there = entry.value().is_some_and(|entry| entry.reaches(device));
    let Some(prekeys) = head.value().filter(|head| is_there && head.account == account) else {
        return nothing;
    };
    let Some(bundle) = prekeys.bundle.clone().filter(|_| is_permitted) else { return nothing };
    let earlier = grant.take();
    let is_new = earlier.as_ref().is_none_or(|grant| grant.until() < ctx.now);
    let taken = if is_new { take(ctx, origin, claim, prekeys)? } else { None };
    let is_taken = taken.is_some();
    let Ok(renewed) = Grant::renew(earlier, &claim.claim, || taken, ctx.now) else { return nothing };
    // One without a pair says nothing that asking again would not: it is not kept, so that claims take no room.
    if is_taken {
        closing::drop_grant(ctx, grant.key(), renewed.until())?;
        ctx.tx.put(grant, &renewed)?;
    }
    Ok(Answer { request, reply: Reply::Claimed(renewed.answer(bundle)) })
}

/// Whoever has a token may, and by its address anyone who could find the account. The account itself always may.
fn is_permitted(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    claim: &Claim,
    entry: Option<&AccountEntry>,
) -> Result<bool, Interrupt> {
    let account = claim.claim.account;
    match &claim.access {
        Access::Token(token) => Ok(mailbox::owner(ctx, token)? == Some(account)),
        Access::Address { address, .. } => {
            let slot = ctx.tx.read::<AddressOwner>(AddressOwner::key(ctx.tx.vault(), address))?;
            let is_its = slot.value().is_some_and(|owner| owner.account == account);
            let is_findable = entry.is_some_and(|entry| entry.findable);
            let is_here = address.domain() == ctx.server.domain().as_str();
            Ok(is_its && is_here && (is_findable || *origin == Origin::Local(account)))
        }
    }
}

/// Who pays for a claim, and which part of a stock each may have in a day. The users of this server are one origin together, as those of
/// any other, and each of them is one by itself.
fn shares(ctx: &Context<'_, '_>, origin: &Origin) -> Vec<(Origin, u32)> {
    match origin {
        Origin::Local(_) => {
            vec![(Origin::Peer(ctx.server.domain().clone()), SHARE), (origin.clone(), USER_SHARE)]
        }
        Origin::Peer(_) => vec![(origin.clone(), SHARE)],
    }
}

/// Takes a pair off the stock, if there is one for this origin.
fn take(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    claim: &Claim,
    prekeys: &DevicePrekeys,
) -> Result<Option<OneTime>, Interrupt> {
    let (Some(stock), Some(signed)) = (prekeys.stock()?, prekeys.stock.clone()) else { return Ok(None) };
    if stock.validity.is_over(ctx.now.minus(OVERDUE)) {
        return Ok(None);
    }
    let device = claim.claim.device;
    let vault = ctx.tx.vault();
    let all = ctx.tx.read::<StockUse>(record::stock_use(vault, device))?;
    let mut used = all.value().copied().unwrap_or_default().of(stock.number);
    let is_reserve = used.given >= size(&stock).saturating_sub(size(&stock) / RESERVE);
    let mut paid = Vec::new();
    for (payer, parts) in shares(ctx, origin) {
        let slot = ctx.tx.read::<ClaimBudget>(record::claim_budget(vault, device, &payer))?;
        let Some(after) = pay(slot.value(), &stock, parts, is_reserve, ctx.now) else { return Ok(None) };
        paid.push((slot, after));
    }
    let Some(slot) = find(ctx, claim, &stock)? else { return Ok(None) };
    let Some(pair) = slot.value().cloned() else { return Ok(None) };
    ctx.tx.delete(slot)?;
    used.given = used.given.saturating_add(1);
    ctx.tx.put(all, &used)?;
    for (slot, after) in paid {
        ctx.tx.put(slot, &after)?;
    }
    Ok(Some(OneTime { stock: signed, pair }))
}

/// What a payer has left after one more pair; `None` if that is too much.
fn pay(
    before: Option<&ClaimBudget>,
    stock: &Stock,
    parts: u32,
    is_reserve: bool,
    now: Timestamp,
) -> Option<ClaimBudget> {
    let share = u64::from(size(stock).checked_div(parts).unwrap_or(0).max(1));
    // Units of an hour's part of a pair, so that a share comes back in a day.
    let rate = Rate { burst: share.saturating_mul(24), per_hour: share };
    let mut budget = before.map_or_else(|| Budget::full(&rate, now), |before| before.budget);
    let mut taken = before.map(|before| before.taken).unwrap_or_default().of(stock.number);
    if is_reserve && taken.given >= (size(stock) / LITTLE).max(1) {
        return None;
    }
    budget.take(&rate, 24, now).ok()?;
    taken.given = taken.given.saturating_add(1);
    Some(ClaimBudget { taken, budget })
}

fn size(stock: &Stock) -> u32 {
    1_u32.checked_shl(stock.depth).unwrap_or(1)
}

/// A pair that is still there. Which one follows from the id of the claim and not from a count, so that it does not tell how many were
/// given before.
fn find(
    ctx: &mut Context<'_, '_>,
    claim: &Claim,
    stock: &Stock,
) -> Result<Option<Slot<OneTimePair>>, Interrupt> {
    let place = record::pairs(ctx.tx.vault(), claim.claim.device, stock.number);
    let last = u64::from(size(stock).saturating_sub(1));
    let drawn = claim.claim.request.as_bytes().first_chunk().map_or(0, |drawn| u16::from_be_bytes(*drawn));
    let start = u64::from(drawn) & last;
    let ranges = [place.range(start..=last, 1), place.range(0..=start, 1)];
    ctx.tx.need(ranges.map(Want::First))?;
    for range in ranges {
        if let Some(slot) = ctx.tx.scan(range)?.into_iter().next() {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

impl StockUse {
    /// What is used of this stock.
    const fn of(self, stock: u64) -> Self {
        if self.stock == stock { self } else { Self { stock, given: 0 } }
    }
}
