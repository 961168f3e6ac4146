//! Claims of prekeys: who gets one-time pairs, and how many. `docs/PROTOCOL.md` §7.8.
//!
//! Whoever may write to a device gets its bundle, always. Pairs are few, and a stranger must not use them up for all others (attack H-08):
//! an origin has a share of a stock each day, and the last quarter of a stock is for origins that have had next to nothing of it.

use super::closing;
use super::entry::{AccountEntry, AddressOwner};
use super::record::{self, ClaimBudget, DevicePrekeys, StockUse};
use crate::identity::ids::AccountId;
use crate::identity::prekeys::{Grant, OVERDUE, OneTime, OneTimePair, SignedStock, Stock};
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
pub(crate) fn claim(ctx: &mut Context, origin: &Origin, claim: &Claim) -> Result<Answer, Interrupt> {
    let vault = ctx.tx.vault();
    let (account, device) = (claim.claim.account, claim.claim.device);
    let request = claim.claim.request;
    let entry = AccountEntry::key(vault, account);
    let head = DevicePrekeys::key(vault, device);
    let grant = record::grant(vault, origin, request);
    let all = record::stock_use(vault, device);
    let budgets = shares(ctx, origin).map(|(origin, _)| record::claim_budget(vault, device, &origin));
    let keys = [entry, head, grant, all].into_iter().chain(budgets);
    ctx.tx.need(keys.map(Want::Record).chain(wants(ctx, &claim.access)))?;

    let nothing = Ok(Answer { request, reply: Reply::Nothing });
    let is_permitted = is_permitted(ctx, origin, account, &claim.access)?;
    let entry = ctx.tx.read::<AccountEntry>(entry)?;
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
