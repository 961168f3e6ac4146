//! What is said: kept, sealed for each device when that is possible, handed to the server. `docs/PROTOCOL.md` §11.4.

use zeroize::Zeroizing;

use super::context::Context;
use super::error::{ClientError, Stopped, of_peer, refuse};
use super::event::Stage;
use super::record::{CommandId, KnownContent, Outgoing, PendingDevice, Person, SubmittedItem};
use super::{connect, contact, errand, progress, reply, waiting};
use crate::content::{Body, Class, Content, Conversation, Kind, Known};
use crate::crypto::blob::BlobPointer;
use crate::crypto::hash::Hash;
use crate::crypto::random;
use crate::identity::IdentityError;
use crate::identity::chain::Subject as _;
use crate::identity::ids::{AccountId, DeviceId};
use crate::server::service::{ClaimDevice, Destination, Operation, Right, Submit, SubmitItem};
use crate::server::{DeviceItem, ItemId};
use crate::session::{self, Contact, Introduction, Say, SealedFrame, SessionError, SharedBody};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// What the owner of the timer begins with at which something said is forgotten.
pub(super) const TIMER: u8 = 0x63;
/// For how long it can be asked for again.
pub(super) const KEPT: Span = Span::from_days(30);
/// Devices for which one thing is sealed.
pub(super) const MOST_DEVICES: usize = 64;

/// What is sealed for all recipients.
pub(super) struct Blob {
    pub(super) bytes: Vec<u8>,
    pub(super) pointer: BlobPointer,
}

impl Blob {
    pub(super) fn seal(ctx: &mut Context<'_, '_>, content: &[u8], introduces: bool) -> Result<Self, Stopped> {
        let me = ctx.me;
        let introduction = introduces.then(|| Introduction {
            manifest: me.account.manifest(),
            certificate: me.kept.certificate.clone(),
        });
        let body = SharedBody {
            account: me.account.id(),
            device: me.kept.secret.id(),
            introduction,
            content: Some(content.to_vec()),
        };
        let (bytes, pointer) = body.seal(ctx.tx.rng()).map_err(refuse)?;
        Ok(Self { bytes, pointer })
    }
}

/// Whether this was said already.
pub(super) fn is_there(ctx: &mut Context<'_, '_>, id: CommandId) -> Result<bool, Stopped> {
    Ok(ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?.value().is_some())
}

/// Says something to all devices of an account, and to the own other ones.
pub(super) fn say(
    ctx: &mut Context<'_, '_>,
    id: CommandId,
    with: AccountId,
    (body, at): (&Body, Timestamp),
) -> Result<(), Stopped> {
    contact::need(ctx, with)?;
    let own = ctx.own_account();
    let content = Content::new(Conversation::Direct { with }, body, at, ctx.tx.rng()).map_err(refuse)?;
    let content_id = content.id(own).map_err(refuse)?;
    if content.kind().class() == Class::Stored {
        let known = Known { by: own, conversation: content.conversation().id(own), kind: content.kind() };
        ctx.tx.put_unseen(KnownContent::key(ctx.tx.vault(), content_id), &KnownContent(known))?;
    }
    let mut pending = devices(ctx, with)?;
    // Consent is between two accounts; the own devices hear what came of it.
    if with != own && !matches!(body, Body::Consent(_) | Body::Token(_)) {
        pending.extend(devices(ctx, own)?);
    }
    if pending.is_empty() {
        return Ok(());
    }
    if pending.len() > MOST_DEVICES {
        return Err(refuse(ClientError::TooMuch));
    }
    let content = Zeroizing::new(content.encode().map_err(refuse)?);
    let outgoing = Outgoing { id, with, content, at: ctx.now, pending };
    ctx.wake(TIMER, id.as_bytes(), ctx.now.plus(KEPT))?;
    // The name is new: it was drawn here, or looked for before.
    ctx.tx.put_unseen(Outgoing::key(ctx.tx.vault(), id), &outgoing)?;
    prepare(ctx, id)
}

/// The devices of an account, but this one.
fn devices(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Vec<PendingDevice>, Stopped> {
    let slot = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    let contact = slot.value().ok_or_else(|| refuse(ClientError::Unknown))?;
    let this = (ctx.own_account(), ctx.me.kept.secret.id());
    let others = contact.devices.iter().filter(|device| (account, **device) != this);
    Ok(others.map(|device| PendingDevice { account, device: *device, repairs: None }).collect())
}

/// Seals what can be sealed now, and has claimed what is needed for the rest.
pub(super) fn prepare(ctx: &mut Context<'_, '_>, id: CommandId) -> Result<(), Stopped> {
    let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
    let Some(mut outgoing) = slot.take() else { return Ok(()) };
    let names: Vec<_> = outgoing.pending.iter().map(|one| (one.account, one.device)).collect();
    let introduces = session::needs_introduction(&mut ctx.session(), &names)?;
    let kind = kind(&outgoing);
    let mut blob = None;
    let mut sealed = Vec::new();
    let mut left = Vec::new();
    for pending in core::mem::take(&mut outgoing.pending) {
        if !is_reached(ctx, pending.account, kind)? {
            left.push(pending);
            continue;
        }
        if blob.is_none() {
            blob = Some(Blob::seal(ctx, &outgoing.content, introduces)?);
        }
        let pointer = blob.as_ref().map(|blob: &Blob| &blob.pointer);
        let shared = pointer.map(|pointer| (pointer, *id.as_bytes()));
        let say = Say { shared, repairs: pending.repairs };
        let name = (pending.account, pending.device);
        match of_peer(session::seal(&mut ctx.session(), name, &say))? {
            Ok(frame) => sealed.push(frame),
            Err(error) => {
                if stays(ctx, &outgoing, name, error)? {
                    left.push(pending);
                }
            }
        }
    }
    waiting::wait(ctx, id, &left)?;
    outgoing.pending = left;
    ctx.tx.put(slot, &outgoing)?;
    submit(ctx, is_told(&outgoing).then_some(id), sealed, blob)
}

pub(super) fn kind(outgoing: &Outgoing) -> Option<Kind> {
    Content::decode(&outgoing.content).ok().map(|content| content.kind())
}

/// Whether the application is told how far it is: it knows nothing of receipts, tokens and what own devices tell each other.
fn is_told(outgoing: &Outgoing) -> bool {
    let by_itself = [Kind::RECEIPT, Kind::TOKEN, Kind::CONSENT, Kind::CONTACT];
    kind(outgoing).is_some_and(|kind| !by_itself.contains(&kind))
}

pub(super) fn tell(
    ctx: &mut Context<'_, '_>,
    outgoing: &Outgoing,
    name: (AccountId, DeviceId),
    stage: Stage,
) -> Result<(), Stopped> {
    if is_told(outgoing) { progress::tell(ctx, outgoing.id, name, stage) } else { Ok(()) }
}

/// Nothing was sealed for a device: whether it is to be tried again.
fn stays(
    ctx: &mut Context<'_, '_>,
    outgoing: &Outgoing,
    name: (AccountId, DeviceId),
    error: SessionError,
) -> Result<bool, Stopped> {
    match error {
        SessionError::NoSession => claim(ctx, name, Span::from_millis(0)).map(|()| true),
        SessionError::Refetch => reply::refetch(ctx, name.0, Span::from_millis(0)).map(|()| true),
        SessionError::Identity(
            IdentityError::IdentityChanged | IdentityError::Latched | IdentityError::Forked,
        ) => {
            tell(ctx, outgoing, name, Stage::Held)?;
            Ok(true)
        }
        _ => {
            tell(ctx, outgoing, name, Stage::Failed)?;
            Ok(false)
        }
    }
}

/// Whether an account can be reached: with a token, as a stranger that asks, or because it is the own one.
/// What was said before a person has ended a contact, and waits or is asked for again, does not reach it any more.
pub(super) fn is_reached(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    kind: Option<Kind>,
) -> Result<bool, Stopped> {
    if account == ctx.own_account() {
        return Ok(true);
    }
    let contact = contact::read(ctx, account)?.1;
    if !kind.is_some_and(|kind| contact.may_send(kind)) {
        return Ok(false);
    }
    Ok(contact::grant(ctx, account)?.is_some()
        || (kind == Some(Kind::CONSENT) && contact::address(ctx, account)?.is_some()))
}

/// A session has begun: its first message goes out, and what else waits.
pub(super) fn begun(
    ctx: &mut Context<'_, '_>,
    frame: SealedFrame,
    first: Option<(Outgoing, Blob)>,
) -> Result<(), Stopped> {
    let account = frame.account;
    let name = (frame.account, frame.device);
    let (id, blob) = match first {
        Some((mut outgoing, blob)) => {
            outgoing.pending.retain(|pending| (pending.account, pending.device) != name);
            let slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), outgoing.id))?;
            ctx.tx.put(slot, &outgoing)?;
            (is_told(&outgoing).then_some(outgoing.id), Some(blob))
        }
        None => (None, None),
    };
    submit(ctx, id, vec![frame], blob)?;
    waiting::resume(ctx, account)
}

/// Claims prekeys of a device, once at a time, now or after a while.
pub(super) fn claim(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    wait: Span,
) -> Result<(), Stopped> {
    let listed = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    let is_listed =
        |device: &DeviceId| listed.value().is_some_and(|contact| contact.devices.contains(device));
    let (slot, mut person): (_, Person) = contact::read_person(ctx, account)?;
    if person.claiming.contains(&device) || !is_listed(&device) {
        return Ok(());
    }
    // An account has devices without end, one after the other, but not so many at a time.
    person.claiming.retain(is_listed);
    let by = if account == ctx.own_account() {
        let token = connect::server_token(&ctx.me.kept.own_token);
        Right::Token { domain: ctx.me.home.clone(), token }
    } else if let Some((domain, token)) = contact::grant(ctx, account)? {
        Right::Token { domain, token }
    } else if let Some(address) = person.address.clone() {
        Right::Address(address)
    } else {
        return Ok(());
    };
    person.claiming.push(device);
    ctx.tx.put(slot, &person)?;
    errand::start_after(ctx, wait, |_| Operation::Claim(ClaimDevice { account, device, by }))
}

/// Hands sealed messages to the server.
pub(super) fn submit(
    ctx: &mut Context<'_, '_>,
    id: Option<CommandId>,
    frames: Vec<SealedFrame>,
    blob: Option<Blob>,
) -> Result<(), Stopped> {
    let payload = blob.map(|blob| blob.bytes);
    let hash = payload.as_deref().map(Hash::of);
    let mut items = Vec::new();
    for frame in frames {
        let name = (frame.account, frame.device);
        let Some(to) = destination(ctx, frame, hash)? else { continue };
        let item = item_id(ctx)?;
        if let Some(id) = id {
            let part = SubmittedItem { outgoing: id, account: name.0, device: name.1 };
            ctx.tx.put_unseen(SubmittedItem::key(ctx.tx.vault(), item), &part)?;
        }
        items.push(SubmitItem { id: item, to });
    }
    if items.is_empty() {
        return Ok(());
    }
    let payload = match payload {
        Some(bytes) => Some((item_id(ctx)?, bytes)),
        None => None,
    };
    errand::start(ctx, false, |_| Operation::Submit(Submit { payload, items }))
}

fn item_id(ctx: &mut Context<'_, '_>) -> Result<ItemId, Stopped> {
    Ok(ItemId::from_bytes(*random::draw::<16>(ctx.tx.rng()).map_err(refuse)?.expose()))
}

/// Where a message goes.
fn destination(
    ctx: &mut Context<'_, '_>,
    frame: SealedFrame,
    payload: Option<Hash>,
) -> Result<Option<Destination>, Stopped> {
    let SealedFrame { account, device, order, frame: body } = frame;
    let grant = if account == ctx.own_account() {
        Some((ctx.me.home.clone(), connect::server_token(&ctx.me.kept.own_token)))
    } else {
        contact::grant(ctx, account)?
    };
    if let Some((domain, token)) = grant {
        let item = DeviceItem { token, device, order, payload, body };
        return Ok(Some(Destination::Device { domain, item }));
    }
    let address = contact::address(ctx, account)?;
    Ok(address.map(|address| Destination::Request { address, device, payload, body }))
}

/// A device has not received something, and may have it again.
pub(super) fn again(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    reference: [u8; 16],
    repairs: Option<crate::ratchet::Gap>,
) -> Result<(), Stopped> {
    let id = CommandId::from_bytes(reference);
    let mut slot = ctx.tx.read::<Outgoing>(Outgoing::key(ctx.tx.vault(), id))?;
    let Some(mut outgoing) = slot.take() else { return Ok(()) };
    let is_there = outgoing.pending.iter().any(|one| (one.account, one.device) == (account, device));
    if is_there || outgoing.pending.len() >= MOST_DEVICES {
        return Ok(());
    }
    outgoing.pending.push(PendingDevice { account, device, repairs });
    ctx.tx.put(slot, &outgoing)?;
    prepare(ctx, id)
}

/// A message that says nothing, for a device that wants an answer.
pub(super) fn nod(ctx: &mut Context<'_, '_>, name: (AccountId, DeviceId)) -> Result<(), Stopped> {
    match of_peer(session::seal(&mut ctx.session(), name, &Say::default()))? {
        Ok(frame) => submit(ctx, None, vec![frame], None),
        Err(_) => Ok(()),
    }
}
