//! Beginning a session. `docs/PROTOCOL.md` §9.4.

use super::SessionError;
use super::body::Linking;
use super::contact::{self, Contact};
use super::context::{Context, Stopped, of_peer, refuse};
use super::device::DeviceSessions;
use super::lineage::Lineage;
use super::seal::{Open, Say, SealedFrame, former_acks, open, read_contact, read_device, seal_in, store};
use super::state::{SessionState, SessionTag, Unfinished, ratchet_key};
use crate::crypto::random::Seed;
use crate::crypto::secret::Secret;
use crate::handshake::{Initiated, LinkProof, Recipient, Sender, initiate};
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::prekeys::{ClaimAnswer, ClaimRequest};
use crate::ratchet::{Position, Ratchet};
use crate::storage::{Transaction, Want};

/// Prekeys that were claimed.
#[derive(Debug)]
pub struct Claimed<'a> {
    /// What was asked for.
    pub request: &'a ClaimRequest,
    /// What the server answered. Not yet judged.
    pub answer: &'a ClaimAnswer,
    /// Under which address the device is written to.
    pub address: &'a Address,
}

/// The first message of a session, and whether the other device's prekeys are overdue for renewal; or why no session was begun.
pub type Begun = Result<(SealedFrame, bool), SessionError>;

/// What a new session follows: the links to be proven, and where the active one is ended.
struct Before {
    links: Vec<Secret<32>>,
    end: Position,
}

/// Begins a session with a device, linked if there is one, and seals its first message. Whether one is due is the caller's question
/// ([`SessionError::NoSession`], [`Notice::HandshakeDue`](super::Notice::HandshakeDue)).
///
/// As [`seal`](super::seal), and errors of the claim (§4.12) and of the handshake (§5.5); [`SessionError::TooSoon`] if there is a session, and
/// another one was begun less than a day ago. Then nothing has changed.
pub fn begin(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    claimed: &Claimed<'_>,
    say: &Say<'_>,
) -> Result<(SealedFrame, bool), Stopped> {
    begin_all(ctx, account, &[(device, claimed)], say)?
        .pop()
        .unwrap_or(Err(SessionError::NotListed))
        .map_err(refuse)
}

/// [`begin`] with several devices of an account, whose manifest is verified once for all. One with which none can be begun does not stop the
/// others: nothing of it has changed.
pub fn begin_all(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    devices: &[(DeviceId, &Claimed<'_>)],
    say: &Say<'_>,
) -> Result<Vec<Begun>, Stopped> {
    let vault = ctx.tx.vault();
    let keys = devices.iter().map(|(device, _)| DeviceSessions::key(vault, account, *device));
    ctx.tx.need(contact::wants(vault, account).into_iter().chain(keys.map(Want::Record)))?;
    let mut contact = read_contact(ctx, account)?;
    contact.permits().map_err(refuse)?;
    let theirs = contact::verified(ctx.tx, account)?.map_err(refuse)?;
    let mut begun = Vec::with_capacity(devices.len());
    for (device, claimed) in devices {
        begun.push(of_peer(begin_one(ctx, (&contact, &theirs), (*device, claimed), say))?);
    }
    if contact.unknown_tags > 0 && begun.iter().any(Result::is_ok) {
        contact.unknown_tags = 0;
        let slot = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
        ctx.tx.put(slot, &contact)?;
    }
    Ok(begun)
}

fn begin_one(
    ctx: &mut Context<'_, '_>,
    (contact, theirs): (&Contact, &Verified<Account>),
    (device, claimed): (DeviceId, &Claimed<'_>),
    say: &Say<'_>,
) -> Result<(SealedFrame, bool), Stopped> {
    let account = contact.account;
    contact.takes(device).map_err(refuse)?;
    let (slot, mut sessions) = read_device(ctx, (account, device))?;
    if sessions.lineage.active.is_some() && sessions.is_renewed(ctx.now) {
        return Err(refuse(SessionError::TooSoon));
    }
    let before = before(ctx, &mut sessions.lineage)?;

    let initiated = handshake(ctx, theirs, claimed, &sessions).map_err(refuse)?;
    let is_overdue = initiated.is_overdue;
    let transcript = initiated.session.transcript();
    let mut session = session(ctx, (account, device), initiated, &before, &mut sessions)?;
    sessions.lineage.begin(transcript, ctx.now);
    sessions.renewed_at = Some(ctx.now);
    sessions.is_due = false;
    let former = former_acks(ctx, &sessions)?;
    let sealed = seal_in(ctx, &mut session, &mut sessions, (contact, say, None, former))?;
    index(ctx.tx, &session.ratchet, &[], (account, device))?;
    store(ctx, session)?;
    let next = sessions.next_expiry();
    sessions.set_timer(next, ctx.tx, ctx.now)?;
    ctx.tx.put(slot, &sessions)?;
    Ok((sealed, is_overdue))
}

fn handshake(
    ctx: &mut Context<'_, '_>,
    theirs: &Verified<Account>,
    claimed: &Claimed<'_>,
    sessions: &DeviceSessions,
) -> Result<Initiated, SessionError> {
    let answer = claimed.answer.clone();
    let prekeys = answer.verify(claimed.request, theirs, &sessions.seen, ctx.now)?;
    let recipient = Recipient::new(theirs, prekeys, claimed.address, sessions.floor.as_ref())?;
    let sender = Sender::new(ctx.own.account, ctx.own.secret)?;
    let seed = Seed::draw(ctx.tx.rng())?;
    Ok(initiate(&sender, recipient, seed)?)
}

/// What the session in the making follows.
fn before(ctx: &mut Context<'_, '_>, lineage: &mut Lineage) -> Result<Before, Stopped> {
    let active = lineage.active.map(|active| active.session);
    let to_link: Vec<_> = lineage.to_link().map(|place| place.session).collect();
    let vault = ctx.tx.vault();
    let records = |session| [ratchet_key(vault, session), SessionState::key(vault, session)];
    ctx.tx.need(to_link.iter().flat_map(records).map(Want::Record))?;
    let mut before = Before { links: Vec::new(), end: Linking::NOTHING_SEALED };
    for session in to_link {
        // One that the store has lost proves nothing.
        let Some(found) = found(open(ctx, &session))? else {
            if active == Some(session) {
                lineage.lose();
            }
            continue;
        };
        before.links.extend(found.ratchet.links());
        before.links.truncate(Linking::MAX_PROOFS);
        if active == Some(session)
            && let Some(sealed) = found.state.sealed
        {
            before.end = Position { chain: sealed.chain, number: sealed.next };
        }
    }
    Ok(before)
}

/// A session, or nothing if the store has none.
pub(super) fn found(open: Result<Open, Stopped>) -> Result<Option<Open>, Stopped> {
    match open {
        Ok(open) => Ok(Some(open)),
        Err(crate::storage::Stop::Refused(SessionError::NoSession)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

fn session(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    initiated: Initiated,
    before: &Before,
    sessions: &mut DeviceSessions,
) -> Result<Open, Stopped> {
    let Initiated { session, awaiting, floor, seen, .. } = initiated;
    let transcript = session.transcript();
    let proofs: Vec<_> = before.links.iter().map(|link| LinkProof::new(link, &transcript)).collect();
    let linking = (!proofs.is_empty()).then_some(Linking { proofs, end: before.end });
    (sessions.floor, sessions.seen) = (Some(floor), seen);
    let ratchet = Ratchet::begin(session, ctx.now, ctx.tx.rng()).map_err(refuse)?;
    let state = SessionState::new(account, device, Unfinished::Awaiting(awaiting, linking));
    Ok(Open { ratchet, state, slots: None })
}

/// Brings the index of tags up to date: what was written is what the ratchet's record says, so nothing is read for it.
pub(super) fn index(
    tx: &mut Transaction<'_>,
    ratchet: &Ratchet,
    before: &[crate::ratchet::Tag],
    (account, device): (AccountId, DeviceId),
) -> Result<(), Stopped> {
    let (vault, after) = (tx.vault(), ratchet.tags());
    let entry = SessionTag { session: ratchet.transcript(), account, device };
    for tag in before.iter().filter(|tag| !after.contains(tag)) {
        tx.delete_unseen(entry.key(vault, *tag));
    }
    for tag in after.iter().filter(|tag| !before.contains(tag)) {
        tx.put_unseen(entry.key(vault, *tag), &entry)?;
    }
    Ok(())
}
