//! Sealing for one device. `docs/PROTOCOL.md` §9.1.

use super::SessionError;
use super::body::{Ack, Body, View};
use super::contact::{self, Contact};
use super::context::{Context, Stopped, refuse};
use super::device::DeviceSessions;
use super::lineage::{Place, RECEIVES_FOR, is_within};
use super::sent::{self, SentMessage};
use super::state::{SessionState, Unfinished, ratchet_key};
use crate::crypto::blob::BlobPointer;
use crate::crypto::hash::Hash;
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId};
use crate::pairwise::{Authentication, FirstAnswer, Frame};
use crate::ratchet::{Gap, Ratchet, RatchetError};
use crate::storage::{Interrupt, Slot, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// For how long a former session is acknowledged.
const NAMED_FOR: Span = Span::from_days(1);
/// How many of them are.
const MAX_NAMED: usize = 3;

/// What a message says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Say<'a> {
    /// What was sealed for all, and what the application calls it. `None` for a message that says nothing.
    pub shared: Option<(&'a BlobPointer, [u8; 16])>,
    /// The place for which it stands, as in [`Notice::Resend`](super::Notice::Resend).
    pub repairs: Option<Gap>,
}

/// A message for one device, to be sent once the step is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SealedFrame {
    /// For whom.
    pub account: AccountId,
    /// For which device.
    pub device: DeviceId,
    /// The order of the manifest that was used: the server says if it is old.
    pub order: Order,
    /// The bytes.
    pub frame: Vec<u8>,
}

/// Whether a shared body for these devices must have an introduction (§9.2): one of them has no session that it has answered, or last
/// mentioned an older manifest of one's own. Some hundreds at a time: all are read in one step.
pub fn needs_introduction(
    ctx: &mut Context<'_, '_>,
    devices: &[(AccountId, DeviceId)],
) -> Result<bool, Interrupt> {
    let vault = ctx.tx.vault();
    let keys = devices.iter().map(|(account, device)| DeviceSessions::key(vault, *account, *device));
    let keys: Vec<_> = keys.collect();
    ctx.tx.need(keys.iter().copied().map(Want::Record))?;
    for key in keys {
        let slot = ctx.tx.read_or_lost::<DeviceSessions>(key)?;
        if slot.value().is_none_or(|sessions| sessions.needs_introduction(ctx.own.held().0)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A session that was read, or is new.
pub(super) struct Open {
    pub(super) ratchet: Ratchet,
    pub(super) state: SessionState,
    /// Its places. None of a new one: its name was never used before.
    pub(super) slots: Option<(Slot<Ratchet>, Slot<SessionState>)>,
}

/// Reads a session.
pub(super) fn open(ctx: &mut Context<'_, '_>, session: &Hash) -> Result<Open, Stopped> {
    let vault = ctx.tx.vault();
    let (ratchet, state) = (ratchet_key(vault, session), SessionState::key(vault, session));
    ctx.tx.need([Want::Record(ratchet), Want::Record(state)])?;
    let (mut ratchet_slot, mut state_slot) = (ctx.tx.read_or_lost(ratchet)?, ctx.tx.read_or_lost(state)?);
    let missing = || refuse(SessionError::NoSession);
    Ok(Open {
        ratchet: ratchet_slot.take().ok_or_else(missing)?,
        state: state_slot.take().ok_or_else(missing)?,
        slots: Some((ratchet_slot, state_slot)),
    })
}

/// Reads what is kept of a device.
pub(super) fn read_device(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
) -> Result<(Slot<DeviceSessions>, DeviceSessions), Interrupt> {
    let key = DeviceSessions::key(ctx.tx.vault(), account, device);
    let mut slot = ctx.tx.read_or_lost::<DeviceSessions>(key)?;
    let held = slot.take().unwrap_or_else(|| DeviceSessions::new(account, device));
    Ok((slot, held))
}

/// Reads a contact. [`SessionError::NoIntroduction`] if nothing is held.
pub(super) fn read_contact(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Contact, Stopped> {
    let slot = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    slot.value().cloned().ok_or_else(|| refuse(SessionError::NoIntroduction))
}

/// Seals a message for a device in the active session.
///
/// [`SessionError::NoSession`] if prekeys have to be claimed first; [`SessionError::NotListed`]; [`SessionError::Refetch`] and why
/// nothing is sealed for the account; errors of the ratchet. Then nothing has changed.
pub fn seal(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    say: &Say<'_>,
) -> Result<SealedFrame, Stopped> {
    let vault = ctx.tx.vault();
    let keys = [Contact::key(vault, account), DeviceSessions::key(vault, account, device)];
    ctx.tx.need(keys.map(Want::Record))?;
    let contact = read_contact(ctx, account)?;
    contact.permits().and_then(|()| contact.takes(device)).map_err(refuse)?;
    let read = read_device(ctx, (account, device))?;
    seal_for(ctx, &contact, read, say)
}

/// Seals for a device that was read, of a contact that permits it and lists the device.
pub(super) fn seal_for(
    ctx: &mut Context<'_, '_>,
    contact: &Contact,
    (slot, mut sessions): (Slot<DeviceSessions>, DeviceSessions),
    say: &Say<'_>,
) -> Result<SealedFrame, Stopped> {
    let active = sessions.lineage.active.ok_or_else(|| refuse(SessionError::NoSession))?;
    let mut session = open(ctx, &active.session)?;
    let answer = answer(ctx, &mut session, contact.account)?;
    let former = former_acks(ctx, &sessions)?;
    let before = sessions.clone();
    let sealed = seal_in(ctx, &mut session, &mut sessions, (contact, say, answer, former))?;
    store(ctx, session)?;
    if sessions != before {
        ctx.tx.put(slot, &sessions)?;
    }
    Ok(sealed)
}

/// The first answer, if the session needs it.
fn answer(
    ctx: &mut Context<'_, '_>,
    session: &mut Open,
    account: AccountId,
) -> Result<Option<FirstAnswer>, Stopped> {
    if !session.ratchet.needs_answer() {
        return Ok(None);
    }
    let account = contact::verified(ctx.tx, account)?.map_err(refuse)?;
    let handshake = core::mem::replace(&mut session.state.handshake, Unfinished::Done);
    let Unfinished::Answering(answering) = handshake else { return Ok(None) };
    Ok(Some(answering.answer(&account, ctx.tx.rng()).map_err(refuse)?))
}

/// What was last opened in former sessions, for a day: the other side may wait for an ack there.
pub(super) fn former_acks(
    ctx: &mut Context<'_, '_>,
    sessions: &DeviceSessions,
) -> Result<Vec<Ack>, Interrupt> {
    let keys = named(sessions, ctx.now).map(|place| SessionState::key(ctx.tx.vault(), &place.session));
    let keys: Vec<_> = keys.collect();
    ctx.tx.need(keys.iter().copied().map(Want::Record))?;
    let mut acks = Vec::new();
    for key in keys {
        acks.extend(ctx.tx.read_or_lost::<SessionState>(key)?.value().and_then(|state| state.opened));
    }
    Ok(acks)
}

/// The former sessions that are acknowledged.
pub(super) fn named(sessions: &DeviceSessions, now: Timestamp) -> impl Iterator<Item = &Place> {
    let is_fresh = move |place: &&Place| {
        place.until.is_some_and(|until| is_within(until.minus(RECEIVES_FOR), now, NAMED_FOR))
    };
    sessions.lineage.former.iter().filter(is_fresh).take(MAX_NAMED)
}

/// What [`seal_in`] needs beside a session: the contact, what is said, the first answer, and acks for former sessions.
pub(super) type Saying<'a> = (&'a Contact, &'a Say<'a>, Option<FirstAnswer>, Vec<Ack>);

/// Seals in a session that was read, and changes it in memory. The caller stores session and device.
pub(super) fn seal_in(
    ctx: &mut Context<'_, '_>,
    session: &mut Open,
    sessions: &mut DeviceSessions,
    (contact, say, answer, former): Saying<'_>,
) -> Result<SealedFrame, Stopped> {
    let (ratchet, state) = (&mut session.ratchet, &mut session.state);
    // The answerer's first chain names what it gave up; its next chain begins only when the other side has heard that.
    let names_withdrawn = ratchet.standing().authentication() != Authentication::PostQuantum;
    let body = Body {
        view: View::of(ctx.own.held(), contact.held()),
        before: state.before(),
        asks: sessions.lineage.contested.is_some(),
        alarm: sessions.is_copied,
        acks: state.opened.into_iter().chain(former).collect(),
        withdrawn: sessions.lineage.withdrawn_here.filter(|_| names_withdrawn),
        linking: state.linking(),
        gaps: sessions.gaps.named(),
        shared: say.shared.map(|(pointer, _)| duplicate(pointer)),
        repairs: say.repairs,
    };
    let content = body.encode().map_err(refuse)?;
    let sealed = ratchet.seal(&content, answer, ctx.now, ctx.tx.rng()).map_err(|error| match error {
        // It is too old: another one has to be begun.
        RatchetError::Exhausted => refuse(SessionError::NoSession),
        other => refuse(other),
    })?;
    let initial = state.initial_bytes().map(<[u8]>::to_vec);
    state.seal(sealed.position, &sealed.message);
    if sessions.lineage.contested.is_some() {
        sessions.lineage.probe(sealed.position, ctx.now);
    }
    sessions.owes_answer = false;
    if let Some((_, reference)) = say.shared {
        let (session, position) = (ratchet.transcript(), sealed.position);
        let message = SentMessage { session, position, at: ctx.now, reference };
        sent::note(ctx, (sessions.account, sessions.device), &message)?;
        sessions.waiting.sealed(ctx.now);
    }
    let frame = Frame { initial, message: sealed.message }.encode().map_err(refuse)?;
    let (account, device) = (sessions.account, sessions.device);
    Ok(SealedFrame { account, device, order: contact.order, frame })
}

fn duplicate(pointer: &BlobPointer) -> BlobPointer {
    BlobPointer { key: pointer.key.duplicate(), hash: pointer.hash }
}

/// Writes a session.
pub(super) fn store(ctx: &mut Context<'_, '_>, session: Open) -> Result<(), Stopped> {
    let Open { ratchet, state, slots } = session;
    if let Some((ratchet_slot, state_slot)) = slots {
        ctx.tx.put(ratchet_slot, &ratchet)?;
        ctx.tx.put(state_slot, &state)?;
    } else {
        let (vault, name) = (ctx.tx.vault(), ratchet.transcript());
        ctx.tx.put_unseen(ratchet_key(vault, &name), &ratchet)?;
        ctx.tx.put_unseen(SessionState::key(vault, &name), &state)?;
    }
    Ok(())
}
