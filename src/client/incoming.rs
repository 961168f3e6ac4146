//! What comes: a message of a session, what is said in it, and what follows. `docs/PROTOCOL.md` §9.3, §10.3, §11.4.

use zeroize::Zeroizing;

use super::context::Context;
use super::error::Stopped;
use super::event::{Event, Said};
use super::record::{KnownContent, TokenOwner};
use super::{contact, notice, receipts};
use crate::content::{self, Body, Class, ContentId, Known, Own, Resolution, Sender};
use crate::error::Blame as _;
use crate::identity::ids::AccountId;
use crate::identity::trust::TrustState;
use crate::ratchet::RatchetError;
use crate::server::Token;
use crate::session::{self, Arrival, Message, SessionError, Standing};
use crate::storage::Want;
use crate::time::Timestamp;

/// What came from the server.
pub(super) struct Came<'a> {
    pub(super) frame: &'a [u8],
    pub(super) blob: Option<&'a [u8]>,
    /// Under which token; none in the inbox.
    pub(super) token: Option<Token>,
    pub(super) at: Timestamp,
}

/// Takes it: who said it, if it could be read. What cannot be read is one event.
pub(super) fn take(ctx: &mut Context<'_, '_>, came: &Came<'_>) -> Result<Option<AccountId>, Stopped> {
    let arrival = Arrival { frame: came.frame, blob: came.blob };
    match session::receive(&mut ctx.session(), &arrival)? {
        session::Received::Message(message) => {
            let account = message.from.0;
            opened(ctx, *message, came.at)?;
            Ok(Some(account))
        }
        session::Received::Refused { error, notices } => {
            let owner = owner(ctx, came.token)?;
            let class = error.class().into();
            ctx.tell(&Event::Unreadable { class, from: owner.map(|account| (account, None)) })?;
            if let (SessionError::Ratchet(RatchetError::UnknownTag), Some(account)) = (error, owner) {
                let due = super::error::lift(session::unknown_tag(&mut ctx.session(), account))?;
                notice::heed(ctx, due)?;
            }
            notice::heed(ctx, notices)?;
            Ok(None)
        }
    }
}

/// To whom the token was given under which something came.
fn owner(ctx: &mut Context<'_, '_>, token: Option<Token>) -> Result<Option<AccountId>, Stopped> {
    let Some(token) = token else { return Ok(None) };
    let slot = ctx.tx.read::<TokenOwner>(TokenOwner::key(ctx.tx.vault(), token))?;
    Ok(slot.value().map(|owner| owner.0))
}

fn opened(ctx: &mut Context<'_, '_>, message: Message, at: Timestamp) -> Result<(), Stopped> {
    let from = (message.from.0, Some(message.from.1));
    let unreadable = |class: &str| Event::Unreadable { class: class.into(), from: Some(from) };
    let Message { from: (account, device), place, trust, content, notices, .. } = message;
    match content {
        Ok(Some(bytes)) => {
            let said = Said {
                content: Zeroizing::new(bytes),
                account,
                device,
                arrived: at,
                is_proven: place != Standing::Contested,
                is_verified: trust == TrustState::Verified,
                is_copy: account == ctx.own_account(),
            };
            if let Err(class) = said_by(ctx, said)? {
                ctx.tell(&unreadable(class))?;
            }
        }
        Ok(None) => {}
        Err(error) => ctx.tell(&unreadable(error.class()))?,
    }
    notice::heed(ctx, notices)
}

/// Something was said. The class of the error, if it may not be.
fn said_by(ctx: &mut Context<'_, '_>, said: Said) -> Result<Result<(), &'static str>, Stopped> {
    let own = Own::of(&ctx.me.account);
    let (account, device, is_proven) = (said.account, said.device, said.is_proven);
    let sender = Sender { account, device, is_proven };
    contact::need(ctx, said.account)?;
    let contact = contact::read(ctx, said.account)?.1;
    let received = match content::receive(&said.content, sender, &own, |_| Some(&contact)) {
        Ok(received) => received,
        Err(error) => return Ok(Err(error.class())),
    };
    if is_known(ctx, received.id())? {
        return Ok(Ok(()));
    }
    if let Some(class) = forbidden(ctx, &received)? {
        return Ok(Err(class));
    }
    if received.kind().class() == Class::Stored {
        let known = Known { by: said.account, conversation: received.conversation(), kind: received.kind() };
        ctx.tx.put_unseen(KnownContent::key(ctx.tx.vault(), received.id()), &KnownContent(known))?;
        if let Some(receivable) = received.receivable(&contact, ctx.now) {
            receipts::delivered(ctx, receivable)?;
        }
    }
    let (is_copy, version) = (received.is_copy(), received.version(ctx.now));
    match received.into_body() {
        Body::Consent(consent) if !is_copy => contact::hear_consent(ctx, account, (&consent, version))?,
        Body::Token(grant) if !is_copy => contact::hear_token(ctx, account, (&grant, version))?,
        Body::Consent(_) | Body::Token(_) => {}
        Body::Contact(sync) => return contact::synced(ctx, &sync),
        Body::Delete(delete) => {
            receipts::withdrawn(ctx, account, delete.target)?;
            ctx.tell(&Event::Message(said))?;
        }
        Body::Receipt(receipt) => {
            if is_copy {
                receipts::covered(ctx, &said, &receipt)?;
            } else {
                ctx.tell(&Event::Message(said))?;
            }
        }
        _ => ctx.tell(&Event::Message(said))?,
    }
    Ok(Ok(()))
}

fn is_known(ctx: &mut Context<'_, '_>, id: ContentId) -> Result<bool, Stopped> {
    let slot = ctx.tx.read::<KnownContent>(KnownContent::key(ctx.tx.vault(), id))?;
    Ok(slot.value().is_some())
}

/// Whether a rule forbids what it would do to another content.
fn forbidden(
    ctx: &mut Context<'_, '_>,
    received: &content::Received,
) -> Result<Option<&'static str>, Stopped> {
    let targets = received.targets();
    let vault = ctx.tx.vault();
    ctx.tx.need(targets.iter().map(|id| Want::Record(KnownContent::key(vault, *id))))?;
    for id in targets {
        let slot = ctx.tx.read::<KnownContent>(KnownContent::key(vault, id))?;
        let known = slot.value().map(|known| &known.0);
        if received.resolve(known) == Resolution::Refused {
            return Ok(Some("not-permitted"));
        }
    }
    Ok(None)
}
