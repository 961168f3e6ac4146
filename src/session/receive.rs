//! Receiving. `docs/PROTOCOL.md` §9.3.

use super::SessionError;
use super::body::Body;
use super::contact::{self, Contact, Studied};
use super::context::{Context, Stopped, of_peer, refuse};
use super::device::DeviceSessions;
use super::heed::{self, Heard};
use super::initial;
use super::lineage::Standing;
use super::notice::Notice;
use super::seal::{Open, open, read_device};
use super::sent;
use super::shared::SharedBody;
use super::state::{SessionState, SessionTag, Unfinished, block_key, ratchet_key};
use crate::crypto::CryptoError;
use crate::crypto::hash::Hash;
use crate::handshake::HandshakeError;
use crate::identity::account::Account;
use crate::identity::chain::SignedHeader;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::trust::TrustState;
use crate::pairwise::{self, Frame};
use crate::ratchet::{BlockChange, Gap, Given, Opened, Position, RatchetError, SkippedBlock, Tag};
use crate::storage::{Interrupt, Slot, Want};
use crate::wire::Wire as _;

/// What came out of a mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// A [`Frame`].
    pub frame: &'a [u8],
    /// The blob that came with it.
    pub blob: Option<&'a [u8]>,
}

/// What became of it.
#[derive(Debug)]
#[must_use]
pub enum Received {
    /// A message. It is to be shown once the step is committed.
    Message(Box<Message>),
    /// Nothing: the sender, if there is one, learns nothing of it.
    Refused {
        /// Why.
        error: SessionError,
        /// What follows from it all the same.
        notices: Vec<Notice>,
    },
}

/// A message that opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The account and device that have the other end of its session. What the message says of that is not asked.
    pub from: (AccountId, DeviceId),
    /// th2 of the session.
    pub session: Hash,
    /// In which session it came: what comes in a contested one is not proven to be the device's.
    pub place: Standing,
    /// How much is proven of the sender.
    pub standing: pairwise::Standing,
    /// Whether the sender's account is still who it was.
    pub trust: TrustState,
    /// Its place in the session.
    pub position: Position,
    /// Whether it was passed by others.
    pub is_late: bool,
    /// What it says, if anything, or why that is lost.
    pub content: Result<Option<Vec<u8>>, SessionError>,
    /// What else follows.
    pub notices: Vec<Notice>,
}

/// A message of a known session, in the making.
pub(super) struct Incoming {
    pub(super) contact: Slot<Contact>,
    pub(super) sessions: (Slot<DeviceSessions>, DeviceSessions),
    pub(super) session: Open,
    pub(super) tags: Vec<Tag>,
}

/// Takes what came. Only the store's faults stop it; whatever the sender did wrong is [`Received::Refused`], and has changed nothing but
/// what is known of the session (§9.1).
pub fn receive(ctx: &mut Context<'_, '_>, arrival: &Arrival<'_>) -> Result<Received, Interrupt> {
    let received = of_peer(try_receive(ctx, arrival))?;
    Ok(received.unwrap_or_else(|error| Received::Refused { error, notices: Vec::new() }))
}

fn try_receive(ctx: &mut Context<'_, '_>, arrival: &Arrival<'_>) -> Result<Received, Stopped> {
    let frame = Frame::decode(arrival.frame).map_err(refuse)?;
    let tag = frame.message.first_chunk().ok_or_else(|| refuse(CryptoError::Truncated))?;
    let range = SessionTag::range(ctx.tx.vault(), Tag(*tag));
    let rows = ctx.tx.scan::<SessionTag>(range)?;
    let entries: Vec<_> = rows.iter().filter_map(|row| row.value().copied()).collect();
    let wants: Vec<_> = entries.iter().flat_map(|entry| wants(ctx, entry)).collect();
    ctx.tx.need(wants)?;
    let mut why = RatchetError::UnknownTag.into();
    for entry in &entries {
        match of_peer(in_session(ctx, entry, &frame, arrival.blob))? {
            Ok(received) => return Ok(received),
            Err(error) => why = error,
        }
    }
    match &frame.initial {
        Some(bytes) if entries.is_empty() => initial::receive(ctx, bytes, &frame.message, arrival.blob),
        _ => Err(refuse(why)),
    }
}

fn wants(ctx: &Context<'_, '_>, entry: &SessionTag) -> [Want; 5] {
    let vault = ctx.tx.vault();
    [
        Want::Record(Contact::key(vault, entry.account)),
        Want::Record(DeviceSessions::key(vault, entry.account, entry.device)),
        Want::Record(ratchet_key(vault, &entry.session)),
        Want::Record(SessionState::key(vault, &entry.session)),
        sent::want(vault, (entry.account, entry.device)),
    ]
}

fn in_session(
    ctx: &mut Context<'_, '_>,
    entry: &SessionTag,
    frame: &Frame,
    blob: Option<&[u8]>,
) -> Result<Received, Stopped> {
    let contact = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), entry.account))?;
    let held = contact.value().ok_or_else(|| refuse(SessionError::NotListed))?;
    held.takes(entry.device).map_err(refuse)?;
    let sessions = read_device(ctx, (entry.account, entry.device))?;
    let unknown = || refuse(RatchetError::UnknownTag);
    let place = sessions.1.lineage.standing(&entry.session, ctx.now).ok_or_else(unknown)?;
    let session = open(ctx, &entry.session)?;
    if !frame.repeats(session.state.initial) {
        return Err(refuse(HandshakeError::Mismatch));
    }
    let tags = session.ratchet.tags();
    let mut incoming = Incoming { contact, sessions, session, tags };
    match open_message(ctx, &mut incoming.session, &frame.message)? {
        Ok(opened) => {
            let body = Body::decode(&opened.content).map_err(refuse)?;
            let shared = open_shared(&body, blob, (entry.account, entry.device));
            let studied = study(ctx, &incoming, &shared)?;
            finish(ctx, incoming, place, &frame.message, Heard { opened, body, shared, studied })
        }
        Err(error) => suspect(ctx, incoming, place, error),
    }
}

/// Opens a message of a session in memory. The inner error is the ratchet's, about a message with an authentic header.
fn open_message(
    ctx: &mut Context<'_, '_>,
    session: &mut Open,
    message: &[u8],
) -> Result<Result<Opened, RatchetError>, Stopped> {
    let mut examined = session.ratchet.examine(message).map_err(refuse)?;
    let mut given = Given::default();
    if let Some(id) = examined.wants().block {
        let key = block_key(ctx.tx.vault(), &session.ratchet.transcript(), id);
        let mut slot = ctx.tx.read_or_lost::<SkippedBlock>(key)?;
        given.block = slot.take();
        if given.block.is_none() {
            // The store has lost it: nothing may wait for it.
            session.ratchet.forget(id);
            examined = session.ratchet.examine(message).map_err(refuse)?;
        }
    }
    if let (Some(ciphertext), Unfinished::Awaiting(awaiting, _)) =
        (&examined.wants().answer, &session.state.handshake)
    {
        given.answer = Some(awaiting.k3(ctx.own.secret, ciphertext));
    }
    Ok(session.ratchet.open(examined, given, ctx.now))
}

/// The blob, as far as there is one.
pub(super) fn open_shared(
    body: &Body,
    blob: Option<&[u8]>,
    from: (AccountId, DeviceId),
) -> Result<Option<SharedBody>, SessionError> {
    let Some(pointer) = &body.shared else { return Ok(None) };
    let blob = blob.ok_or(SessionError::Crypto(CryptoError::Unauthentic))?;
    SharedBody::open(pointer, blob, from).map(Some)
}

/// What the introduction changes, if it says something new.
fn study(
    ctx: &mut Context<'_, '_>,
    incoming: &Incoming,
    shared: &Result<Option<SharedBody>, SessionError>,
) -> Result<Option<Studied>, Stopped> {
    let Ok(Some(SharedBody { account, introduction: Some(introduction), .. })) = shared else {
        return Ok(None);
    };
    let newest = introduction.manifest.path.headers.last().map(SignedHeader::hash);
    if incoming.contact.value().is_some_and(|held| Some(held.hash) == newest) {
        return Ok(None);
    }
    ctx.tx.need(contact::wants(ctx.tx.vault(), *account))?;
    // An introduction that does not verify says nothing, and takes nothing from the message.
    let Ok(verified) = introduction.manifest.clone().verify::<Account>() else {
        return Ok(None);
    };
    if verified.id() != *account {
        return Ok(None);
    }
    contact::study(ctx.tx, verified, introduction.certificate.clone()).map(Some)
}

/// A message with an authentic header that does not open. If the header cannot be, two seal in one name, or one of both was set back. If it is
/// the rest that is wrong, anybody on its way may have changed it: that says nothing, but a handshake is due.
fn suspect(
    ctx: &mut Context<'_, '_>,
    incoming: Incoming,
    place: Standing,
    error: RatchetError,
) -> Result<Received, Stopped> {
    let (slot, mut sessions) = incoming.sessions;
    let before = sessions.clone();
    let (account, device) = (sessions.account, sessions.device);
    let mut notices = Vec::new();
    if place == Standing::Active {
        match error {
            RatchetError::BadHeader => sessions.is_copied = true,
            RatchetError::Ahead => sessions.is_self_copied = true,
            RatchetError::Crypto(CryptoError::Unauthentic) => sessions.is_due = true,
            _ => {}
        }
        if sessions.is_copied && !before.is_copied {
            notices.push(Notice::Copied(account, device));
        }
        if sessions.is_self_copied && !before.is_self_copied {
            notices.push(Notice::SelfCopied(account, device));
        }
        sessions.is_due |= !notices.is_empty();
        if sessions.is_renewal_due(ctx.now) {
            notices.push(Notice::HandshakeDue(account, device));
        }
        if sessions != before {
            ctx.tx.put(slot, &sessions)?;
        }
    }
    Ok(Received::Refused { error: error.into(), notices })
}

/// Writes everything.
pub(super) fn finish(
    ctx: &mut Context<'_, '_>,
    incoming: Incoming,
    place: Standing,
    message: &[u8],
    heard: Heard,
) -> Result<Received, Stopped> {
    let Incoming { contact, sessions: (slot, mut sessions), mut session, tags } = incoming;
    let name = (sessions.account, sessions.device);
    // Of a new session it was changed before.
    let before = session.slots.is_some().then(|| sessions.clone());
    let mut notices = Vec::new();
    let Heard { opened, body, shared, studied } = heard;
    let content = content(&shared);
    let is_lost = body.shared.is_some() && matches!(shared, Err(SessionError::Crypto(_)));

    heed::session(ctx, &mut session, &mut sessions, (place, message, &opened, &body), &mut notices);
    if is_lost && place != Standing::Contested {
        sessions.gaps.miss(&[Gap { from: opened.position, count: 1 }], ctx.now);
        let lost = sessions.gaps.give_up(ctx.now);
        notices.extend(lost.into_iter().map(|gap| Notice::Lost(name.0, name.1, gap)));
    }
    match place {
        Standing::Active => heed::acks(ctx, &session, &mut sessions, &body, &mut notices)?,
        // Whoever still seals in a former session does not know of the active one.
        Standing::Former if sessions.waiting.heard(ctx.now) => sessions.is_due = true,
        Standing::Former | Standing::Contested => {}
    }
    let trust = heed::manifests(ctx, (contact, studied), &body, &mut notices)?;
    if opened.closed_lane {
        notices.push(Notice::LaneClosed(name.0, name.1));
    }
    if session.ratchet.is_renewal_due(ctx.now) && place == Standing::Active {
        sessions.is_due = true;
    }
    if sessions.is_renewal_due(ctx.now) {
        notices.push(Notice::HandshakeDue(name.0, name.1));
    }
    let received = Message {
        from: name,
        session: session.ratchet.transcript(),
        place,
        standing: session.ratchet.standing(),
        trust,
        position: opened.position,
        is_late: opened.is_late,
        content,
        notices,
    };
    blocks(ctx, &received.session, opened.blocks)?;
    super::begin::index(ctx.tx, &session.ratchet, &tags, name)?;
    let next = [sessions.next_expiry(), session.ratchet.next_expiry()];
    sessions.set_timer(next.into_iter().flatten().min(), ctx.tx, ctx.now)?;
    super::seal::store(ctx, session)?;
    if before.as_ref() != Some(&sessions) {
        ctx.tx.put(slot, &sessions)?;
    }
    Ok(Received::Message(Box::new(received)))
}

fn content(shared: &Result<Option<SharedBody>, SessionError>) -> Result<Option<Vec<u8>>, SessionError> {
    match shared {
        Ok(shared) => Ok(shared.as_ref().and_then(|shared| shared.content.clone())),
        Err(error) => Err(*error),
    }
}

/// Kept keys, whose records nobody writes but the one who writes the ratchet.
pub(super) fn blocks(
    ctx: &mut Context<'_, '_>,
    session: &Hash,
    changes: Vec<BlockChange>,
) -> Result<(), Stopped> {
    for change in changes {
        match change {
            BlockChange::Put(block) => {
                let key = block_key(ctx.tx.vault(), session, block.id());
                ctx.tx.put_unseen(key, &block)?;
            }
            BlockChange::Delete(id) => ctx.tx.delete_unseen(block_key(ctx.tx.vault(), session, id)),
        }
    }
    Ok(())
}
