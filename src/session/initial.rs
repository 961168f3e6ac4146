//! Receiving an `Initial`: another device begins a session. `docs/PROTOCOL.md` §5.6, §5.7, §9.3, §9.4.

use super::SessionError;
use super::body::{Body, Linking};
use super::contact::{self, Contact, Studied};
use super::context::{Context, Stopped, refuse};
use super::device::DeviceSessions;
use super::heed::{self, Heard};
use super::lineage::{Placed, Proof, Standing};
use super::notice::Notice;
use super::own::{self, OwnPrekeys};
use super::receive::{Incoming, Received, finish, open_shared};
use super::seal::{Open, read_device};
use super::sent;
use super::shared::SharedBody;
use super::state::{SessionState, Unfinished, ratchet_key};
use crate::crypto::CryptoError;
use crate::crypto::hash::Hash;
use crate::handshake::{Accepted, Initial, Opened, Own};
use crate::identity::account::Account;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::trust::ContactTrust;
use crate::identity::{IdentityError, Verified};
use crate::pairwise::SessionSecret;
use crate::ratchet::{Ratchet, RatchetError, open_first};
use crate::storage::{Slot, Want};
use crate::wire::Wire as _;

/// Accepts a session, or leaves nothing behind.
pub(super) fn receive(
    ctx: &mut Context<'_, '_>,
    bytes: &[u8],
    message: &[u8],
    blob: Option<&[u8]>,
) -> Result<Received, Stopped> {
    let initial = Initial::decode(bytes).map_err(refuse)?;
    let replay = own::read_replay(ctx.tx, &initial.ephemeral)?;
    let own = Own {
        account: ctx.own.account.id(),
        device: ctx.own.secret,
        addresses: ctx.own.addresses,
        manifests: ctx.own.manifests,
    };
    let screened = initial.screen(&own, replay.value()).map_err(refuse)?;
    let mut prekeys = OwnPrekeys::read(ctx.tx, screened.bundle(), screened.one_time())?;
    let one_time = prekeys.one_time.as_mut().and_then(Slot::take);
    let tentative = screened.open(prekeys.bundle.value(), one_time, ctx.now).map_err(refuse)?;

    // Nobody has proven anything yet. What follows is looked up for whom the block names.
    let from = (tentative.claims().account, tentative.claims().device);
    let vault = ctx.tx.vault();
    let device = Want::Record(DeviceSessions::key(vault, from.0, from.1));
    ctx.tx.need(contact::wants(vault, from.0).into_iter().chain([device, sent::want(vault, from)]))?;
    let sessions = read_device(ctx, from)?;
    let held = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), from.0))?;

    let (opened, content) = tentative.first_message(|first| open_first(first, message)).map_err(refuse)?;
    let body = Body::decode(&content).map_err(refuse)?;
    let shared = open_shared(&body, blob, from);
    let (account, studied) = account(ctx, from, &held, &shared)?;
    let trust =
        studied.as_ref().map(|studied| &studied.contact).or(held.value()).map(|contact| contact.trust);
    if let Some(Err(error)) = trust.as_ref().map(ContactTrust::addressee) {
        return hold(ctx, error, studied);
    }
    let proof = proof(ctx, &sessions.1, &opened, body.linking.as_ref())?;
    let accepted = opened.accept(&account, sessions.1.floor.as_ref()).map_err(refuse)?;
    let new = New { from, held, sessions, replay, prekeys, message };
    accept(ctx, new, (accepted, proof), (body, shared, studied))
}

/// The account has another identity than the one that is pinned. That is kept, for somebody to decide on; the session is not: its sender
/// repeats the `Initial`.
fn hold(
    ctx: &mut Context<'_, '_>,
    error: IdentityError,
    studied: Option<Studied>,
) -> Result<Received, Stopped> {
    let mut notices = Vec::new();
    if let Some(studied) = studied {
        heed::keep(ctx, studied, &mut notices)?;
    }
    Ok(Received::Refused { error: error.into(), notices })
}

/// What was read, and the message.
struct New<'a> {
    from: (AccountId, DeviceId),
    held: Slot<Contact>,
    sessions: (Slot<DeviceSessions>, DeviceSessions),
    replay: Slot<crate::handshake::ReplayEntry>,
    prekeys: OwnPrekeys,
    message: &'a [u8],
}

/// The account of the sender: followed with its introduction, or as it is held.
fn account(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    held: &Slot<Contact>,
    shared: &Result<Option<SharedBody>, SessionError>,
) -> Result<(Verified<Account>, Option<Studied>), Stopped> {
    let introduction = match shared {
        Ok(shared) => shared.as_ref().and_then(|shared| shared.introduction.clone()),
        Err(SessionError::Crypto(CryptoError::Unauthentic)) => None,
        Err(error) => return Err(refuse(*error)),
    };
    let Some(introduction) = introduction else {
        held.value().map_or(Err(SessionError::NoIntroduction), |held| held.takes(device)).map_err(refuse)?;
        return Ok((contact::verified(ctx.tx, account)?.map_err(refuse)?, None));
    };
    let verified = introduction.manifest.verify::<Account>().map_err(refuse)?;
    if verified.id() != account {
        return Err(refuse(IdentityError::OtherChain));
    }
    let studied = contact::study(ctx.tx, verified.clone(), introduction.certificate)?;
    studied.contact.takes(device).map_err(refuse)?;
    if studied.contact.hash == verified.hash() {
        return Ok((verified, Some(studied)));
    }
    // It was older than what is held.
    Ok((contact::verified(ctx.tx, account)?.map_err(refuse)?, Some(studied)))
}

/// Of which sessions the sender has proven to hold the state.
fn proof(
    ctx: &mut Context<'_, '_>,
    sessions: &DeviceSessions,
    opened: &Opened,
    linking: Option<&Linking>,
) -> Result<Proof, Stopped> {
    let Some(linking) = linking else { return Ok(Proof::default()) };
    let lineage = &sessions.lineage;
    let active: Vec<_> = lineage.active.iter().map(|place| place.session).collect();
    let former: Vec<_> = lineage.recent().map(|place| place.session).collect();
    let vault = ctx.tx.vault();
    ctx.tx.need(active.iter().chain(&former).map(|session| Want::Record(ratchet_key(vault, session))))?;
    let mut proves = |sessions: Vec<Hash>| -> Result<bool, Stopped> {
        for session in sessions {
            let slot = ctx.tx.read_or_lost::<Ratchet>(ratchet_key(vault, &session))?;
            let links = slot.value().map(Ratchet::links).unwrap_or_default();
            if linking.proofs.iter().any(|proof| proof.verify(&links, &opened.transcript()).is_ok()) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    Ok(Proof { of_active: proves(active)?, of_former: proves(former)? })
}

/// Places the session among the others, and writes everything.
fn accept(
    ctx: &mut Context<'_, '_>,
    new: New<'_>,
    (accepted, proof): (Accepted, Proof),
    (body, shared, studied): (Body, Result<Option<SharedBody>, SessionError>, Option<Studied>),
) -> Result<Received, Stopped> {
    let New { from: (account, device), held, sessions: (slot, mut sessions), replay, prekeys, message } = new;
    let Accepted { session, answering, replay: entry, initial, floor, .. } = accepted;
    let transcript = session.transcript();
    let before = sessions.lineage.active.map(|active| active.session);
    let place = match sessions.lineage.accept(transcript, body.withdrawn, proof, ctx.now) {
        Placed::TooSoon => return Err(refuse(SessionError::TooSoon)),
        Placed::Active => Standing::Active,
        Placed::Former => Standing::Former,
        Placed::Contested => Standing::Contested,
    };
    let (ratchet, opened) = respond(session, message, ctx).map_err(refuse)?;
    if place == Standing::Active {
        sessions.floor = Some(floor);
        sessions.is_copied = false;
        sessions.is_self_copied = false;
        sessions.is_due = false;
    }
    if proof.of_active
        && let (Some(before), Some(linking)) = (before, &body.linking)
        && let Some(place) = sessions.lineage.place_mut(&before)
    {
        place.end = Some(linking.end);
    }
    own::consume(ctx, (replay, &entry), prekeys)?;
    let mut state = SessionState::new(account, device, Unfinished::Answering(answering));
    state.initial = Some(initial);
    let session = Open { ratchet, state, slots: None };
    let incoming = Incoming { contact: held, sessions: (slot, sessions), session, tags: Vec::new() };
    let mut received = finish(ctx, incoming, place, message, Heard { opened, body, shared, studied })?;
    if let (Received::Message(message), Standing::Contested) = (&mut received, place) {
        message.notices.push(Notice::Contested(account, device));
    }
    Ok(received)
}

fn respond(
    session: SessionSecret,
    message: &[u8],
    ctx: &Context<'_, '_>,
) -> Result<(Ratchet, crate::ratchet::Opened), RatchetError> {
    Ratchet::respond(session, message, ctx.now)
}
