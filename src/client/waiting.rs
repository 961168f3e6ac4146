//! What waits until it can be sealed. `docs/PROTOCOL.md` §11.4.

use super::context::Context;
use super::error::Stopped;
use super::event::Stage;
use super::record::{CommandId, Outgoing, PendingDevice};
use super::{contact, outgoing};
use crate::identity::ids::{AccountId, DeviceId};
use crate::session::Contact;

/// What the owner of the timer begins with that goes on with what waits for an account.
pub(super) const TIMER: u8 = 0x64;
/// How many contents one step seals.
const AT_ONCE: usize = 16;
/// What may wait for one person.
const MOST: usize = 256;

/// Remembers at every account of which devices are left that something waits for it.
/// If too much waits for one, the oldest has failed: what a peer, or its server, keeps waiting must not stop what is due here.
pub(super) fn wait(ctx: &mut Context<'_, '_>, id: CommandId, left: &[PendingDevice]) -> Result<(), Stopped> {
    let mut accounts: Vec<_> = left.iter().map(|pending| pending.account).collect();
    accounts.dedup();
    for account in accounts {
        let (slot, mut person) = contact::read_person(ctx, account)?;
        if person.waiting.contains(&id) {
            continue;
        }
        let oldest = (person.waiting.len() >= MOST).then(|| person.waiting.remove(0));
        person.waiting.push(id);
        ctx.tx.put(slot, &person)?;
        if let Some(oldest) = oldest {
            give_up(ctx, oldest, account)?;
        }
    }
    Ok(())
}

/// Something is not sealed for an account any more.
fn give_up(ctx: &mut Context<'_, '_>, id: CommandId, account: AccountId) -> Result<(), Stopped> {
    let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
    let Some(mut said) = slot.take() else { return Ok(()) };
    let pending = core::mem::take(&mut said.pending).into_iter();
    let (over, left): (Vec<_>, _) = pending.partition(|pending| pending.account == account);
    for pending in over {
        outgoing::tell(ctx, &said, (pending.account, pending.device), Stage::Failed)?;
    }
    said.pending = left;
    Ok(ctx.tx.put(slot, &said)?)
}

/// What waits for an account may be sealed now. Nothing is while a newer manifest is known to exist: then trying would only ask for it
/// again, once for each thing that waits, whenever it was asked for.
pub(super) fn resume(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Stopped> {
    if is_behind(ctx, account)? {
        return Ok(());
    }
    let (slot, mut person) = contact::read_person(ctx, account)?;
    if person.waiting.is_empty() {
        return Ok(());
    }
    let mut now = core::mem::take(&mut person.waiting);
    let later = now.split_off(now.len().min(AT_ONCE));
    ctx.tx.put(slot, &person)?;
    for id in &now {
        outgoing::prepare(ctx, *id)?;
    }
    if later.is_empty() {
        return Ok(());
    }
    // What could not be sealed stands before the rest, as before.
    let (slot, mut person) = contact::read_person(ctx, account)?;
    let is_progress = person.waiting.len() < now.len();
    person.waiting.extend(later);
    ctx.tx.put(slot, &person)?;
    if is_progress { Ok(ctx.wake(TIMER, account.as_bytes(), ctx.now)?) } else { Ok(()) }
}

/// There is more that waits than one step does.
pub(super) fn due(ctx: &mut Context<'_, '_>, account: &[u8]) -> Result<(), Stopped> {
    let Ok(account) = account.try_into().map(AccountId::from_bytes) else { return Ok(()) };
    resume(ctx, account)
}

/// Whether a newer manifest of an account is known to exist.
pub(super) fn is_behind(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<bool, Stopped> {
    let slot = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    Ok(slot.value().is_some_and(|held| held.mentioned.is_some()))
}

/// Whether something waits for an account.
pub(super) fn is_any(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<bool, Stopped> {
    Ok(!contact::read_person(ctx, account)?.1.waiting.is_empty())
}

/// What waits for an account is for the devices, too, that it has now and had not.
pub(super) fn extend(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    added: &[DeviceId],
) -> Result<(), Stopped> {
    if added.is_empty() {
        return Ok(());
    }
    for id in contact::read_person(ctx, account)?.1.waiting {
        let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
        let Some(mut said) = slot.take() else { continue };
        if !said.pending.iter().any(|pending| pending.account == account) {
            continue;
        }
        for device in added {
            let is_there = said.pending.iter().any(|one| (one.account, one.device) == (account, *device));
            if !is_there && said.pending.len() < outgoing::MOST_DEVICES {
                said.pending.push(PendingDevice { account, device: *device, repairs: None });
            }
        }
        ctx.tx.put(slot, &said)?;
    }
    Ok(())
}

/// The oldest thing that waits for a device.
pub(super) fn first_for(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
) -> Result<Option<Outgoing>, Stopped> {
    let waiting = contact::read_person(ctx, account)?.1.waiting;
    for id in waiting {
        let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
        let is_for = |outgoing: &Outgoing| {
            outgoing.pending.iter().any(|pending| (pending.account, pending.device) == (account, device))
        };
        let Some(said) = slot.take().filter(is_for) else { continue };
        if outgoing::is_reached(ctx, account, outgoing::kind(&said))? {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

/// Nobody can ask for it any more.
pub(super) fn expire(ctx: &mut Context<'_, '_>, id: &[u8]) -> Result<(), Stopped> {
    let Ok(id) = id.try_into().map(CommandId::from_bytes) else { return Ok(()) };
    let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
    let Some(said) = slot.take() else { return Ok(()) };
    let until = said.at.min(ctx.now).plus(outgoing::KEPT);
    if ctx.now < until {
        // The clock was put back: its timer was set in what is the future now.
        return Ok(ctx.wake(outgoing::TIMER, id.as_bytes(), until)?);
    }
    for pending in &said.pending {
        outgoing::tell(ctx, &said, (pending.account, pending.device), Stage::Failed)?;
        let (slot, mut person) = contact::read_person(ctx, pending.account)?;
        person.waiting.retain(|waiting| *waiting != id);
        ctx.tx.put(slot, &person)?;
    }
    Ok(ctx.tx.delete(slot)?)
}
