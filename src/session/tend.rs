//! What is due by time, or decided by somebody. `docs/PROTOCOL.md` §9.3 to §9.5.

use super::SessionError;
use super::begin::found;
use super::contact::{self, Contact};
use super::context::{Context, Stopped, refuse};
use super::device::{DeviceSessions, TIMER};
use super::heed;
use super::notice::Notice;
use super::own;
use super::receive::blocks;
use super::seal::{open, read_device};
use super::state::{SessionState, SessionTag, ratchet_key};
use crate::crypto::hash::Hash;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::certificate::SignedCertificate;
use crate::identity::ids::{AccountId, DeviceId};
use crate::ratchet::BlockChange;
use crate::storage::Want;
use crate::storage::timer::Timer;
use crate::time::Timestamp;

/// First byte of the owner of the timer that ends what is kept of a device; account and device follow.
pub(super) const CLOSE: u8 = 0x41;
/// Messages with unknown tags after which a contact's devices are begun with.
const UNKNOWN_TAGS: u32 = 3;

/// Does what a timer of this layer is for, which was taken. `None` if it is not one of this layer.
pub fn tend(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<Option<Vec<Notice>>, Stopped> {
    if own::erase(ctx, timer)?.is_some() {
        return Ok(Some(Vec::new()));
    }
    let Some((kind, name)) = timer.owner.split_first() else { return Ok(None) };
    let Some((account, rest)) = name.split_first_chunk() else { return Ok(None) };
    let Ok(device) = rest.try_into().map(DeviceId::from_bytes) else { return Ok(None) };
    let name = (AccountId::from_bytes(*account), device);
    match *kind {
        TIMER => tidy(ctx, name).map(Some),
        CLOSE => close(ctx, name).map(|()| Some(Vec::new())),
        _ => Ok(None),
    }
}

/// Deletes sessions and kept keys whose time is over.
fn tidy(ctx: &mut Context<'_, '_>, name: (AccountId, DeviceId)) -> Result<Vec<Notice>, Stopped> {
    let (slot, mut sessions) = read_device(ctx, name)?;
    sessions.timer = None;
    for session in sessions.lineage.expire(ctx.now) {
        delete(ctx, &session)?;
    }
    let lost = sessions.gaps.give_up(ctx.now);
    let notices = lost.into_iter().map(|gap| Notice::Lost(name.0, name.1, gap)).collect();
    let mut next = sessions.next_expiry();
    if let Some(active) = sessions.lineage.active
        && let Some(mut session) = found(open(ctx, &active.session))?
    {
        let over = session.ratchet.expire(ctx.now).into_iter().map(BlockChange::Delete).collect();
        blocks(ctx, &active.session, over)?;
        next = next.into_iter().chain(session.ratchet.next_expiry()).min();
        super::seal::store(ctx, session)?;
    }
    sessions.set_timer(next, ctx.tx, ctx.now)?;
    ctx.tx.put(slot, &sessions)?;
    Ok(notices)
}

/// Deletes everything of a device that its account does not list any more.
fn close(ctx: &mut Context<'_, '_>, name: (AccountId, DeviceId)) -> Result<(), Stopped> {
    let contact = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), name.0))?;
    if contact.value().is_some_and(|contact| contact.devices.contains(&name.1)) {
        return Ok(());
    }
    let (slot, mut sessions) = read_device(ctx, name)?;
    let places: Vec<_> = sessions.lineage.sessions().map(|place| place.session).collect();
    for session in places {
        delete(ctx, &session)?;
    }
    sessions.set_timer(None, ctx.tx, ctx.now)?;
    ctx.tx.delete(slot)?;
    Ok(())
}

fn delete(ctx: &mut Context<'_, '_>, session: &Hash) -> Result<(), Stopped> {
    let vault = ctx.tx.vault();
    let Some(mut found) = found(open(ctx, session))? else {
        // Of a damaged one the rest goes too.
        ctx.tx.delete_unseen(ratchet_key(vault, session));
        ctx.tx.delete_unseen(SessionState::key(vault, session));
        return Ok(());
    };
    let end = Timestamp::from_millis(u64::MAX);
    let all = found.ratchet.expire(end).into_iter().map(BlockChange::Delete).collect();
    blocks(ctx, session, all)?;
    let entry = SessionTag { session: *session, account: found.state.account, device: found.state.device };
    for tag in found.ratchet.tags() {
        ctx.tx.delete_unseen(entry.key(vault, tag));
    }
    ctx.tx.delete_unseen(ratchet_key(vault, session));
    ctx.tx.delete_unseen(SessionState::key(vault, session));
    Ok(())
}

/// Somebody decides on a contested session: it is the device's, which has lost the other one, or not.
/// [`SessionError::NoSession`] if there is none.
pub fn decide(
    ctx: &mut Context<'_, '_>,
    name: (AccountId, DeviceId),
    is_believed: bool,
) -> Result<(), Stopped> {
    let (slot, mut sessions) = read_device(ctx, name)?;
    if !sessions.lineage.decide(is_believed, ctx.now) {
        return Err(refuse(SessionError::NoSession));
    }
    let next = sessions.next_expiry();
    sessions.set_timer(next, ctx.tx, ctx.now)?;
    ctx.tx.put(slot, &sessions)?;
    Ok(())
}

/// Follows an account with a manifest that was fetched, or that is one's own. [`IdentityError::OtherChain`](crate::identity::IdentityError).
pub fn learn(
    ctx: &mut Context<'_, '_>,
    account: Verified<Account>,
    certificate: Option<SignedCertificate>,
) -> Result<Vec<Notice>, Stopped> {
    let studied = contact::study(ctx.tx, account, certificate)?;
    let mut notices = Vec::new();
    heed::keep(ctx, studied, &mut notices)?;
    Ok(notices)
}

/// A message with an unknown tag came under the token that this contact was given. The devices with which a handshake is due now, each at most
/// once a day, because one's own server can invent such messages.
pub fn unknown_tag(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Vec<Notice>, Stopped> {
    let mut slot = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    let Some(mut contact) = slot.take() else { return Ok(Vec::new()) };
    contact.unknown_tags = contact.unknown_tags.saturating_add(1).min(UNKNOWN_TAGS);
    let is_due = contact.unknown_tags >= UNKNOWN_TAGS;
    let mut notices = Vec::new();
    if is_due {
        let keys: Vec<_> = contact
            .devices
            .iter()
            .map(|device| Want::Record(DeviceSessions::key(ctx.tx.vault(), account, *device)))
            .collect();
        ctx.tx.need(keys)?;
        for device in contact.devices.clone() {
            let (slot, mut sessions) = read_device(ctx, (account, device))?;
            sessions.is_due = true;
            if sessions.is_renewal_due(ctx.now) {
                notices.push(Notice::HandshakeDue(account, device));
            }
            ctx.tx.put(slot, &sessions)?;
        }
        contact.unknown_tags = 0;
    }
    ctx.tx.put(slot, &contact)?;
    Ok(notices)
}
