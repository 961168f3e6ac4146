//! Who the server is, a session with it, and what it has to hold. `docs/PROTOCOL.md` §11.2, §11.3.

use super::account::Registration;
use super::context::Context;
use super::error::{Stopped, lift, refuse};
use super::event::{Event, NoticeKind, Refusal};
use super::machine::{FRESH, GREET, Output, TEND};
use super::{drain, errand, notice, prekeys};
use crate::content::DeliveryToken;
use crate::crypto::random;
use crate::identity::chain::{Author, Subject as _};
use crate::identity::device::Device;
use crate::identity::draft::Draft;
use crate::identity::ids::{RequestId, ServerId};
use crate::server::Token;
use crate::server::discovery::SignedDiscovery;
use crate::server::mailbox::TokenChange;
use crate::server::service::{
    FindAddress, Hello, Operation, Outcome, Refused, Register, Request, Response, SessionToken, SignedHello,
    Welcome,
};
use crate::session;
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// What the name of a hello begins with.
const NAME: u8 = b'h';
/// How long an answer to a hello, or the document, is waited for.
const AGAIN: Span = Span::from_secs(10);
/// How long before its end a session is not used any more.
const MARGIN: Span = Span::from_secs(30);
/// How often is looked after what the server holds.
const TENDED: Span = Span::from_days(1);

/// The session with the server, if there is one that lasts.
pub(super) fn session(ctx: &Context<'_, '_>) -> Option<SessionToken> {
    let (token, until) = ctx.state.session.as_ref()?;
    (ctx.now.plus(MARGIN) < *until).then_some(*token)
}

/// Whether the server does not want the account.
pub(super) fn is_refused(ctx: &Context<'_, '_>) -> bool {
    ctx.me.kept.registration == Registration::Refused
}

/// Sees to it that there is a session: asks for the document of the own domain, or for a session.
pub(super) fn greet(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let is_underway = ctx.state.greeted_at.is_some_and(|at| at <= ctx.now && ctx.now.since(at) < AGAIN);
    if is_underway || is_refused(ctx) {
        return Ok(());
    }
    ctx.state.greeted_at = Some(ctx.now);
    ctx.wake(GREET, &[], ctx.now.plus(AGAIN))?;
    let Some(server) = ctx.me.kept.server else {
        ctx.send.push(Output::Fetch { domain: ctx.me.home.clone() });
        return Ok(());
    };
    hello(ctx, server)
}

/// The document of the own domain has come, or has not.
pub(super) fn document(ctx: &mut Context<'_, '_>, document: Option<&[u8]>) -> Result<(), Stopped> {
    let bound = document
        .and_then(|bytes| SignedDiscovery::decode(bytes).ok())
        .and_then(|document| document.verify(&ctx.me.home, ctx.now).ok());
    let Some(bound) = bound else { return Ok(()) };
    let server = bound.server().id();
    match ctx.me.kept.server {
        Some(known) if known != server => {
            let account = ctx.own_account();
            let what = NoticeKind::ServerChanged;
            Ok(ctx.tell(&Event::Notice { what, account, device: None, count: None })?)
        }
        Some(_) => Ok(()),
        None => {
            ctx.change_account(|kept| {
                kept.server = Some(server);
                Ok(())
            })?;
            hello(ctx, server)
        }
    }
}

fn hello(ctx: &mut Context<'_, '_>, server: ServerId) -> Result<(), Stopped> {
    let is_new = ctx.me.kept.registration == Registration::Wanted;
    let hello = Hello {
        server,
        account: ctx.own_account(),
        device: ctx.me.kept.secret.id(),
        time: ctx.now,
        nonce: *random::draw::<16>(ctx.tx.rng()).map_err(refuse)?.expose(),
        address: is_new.then(|| ctx.me.kept.address.clone()),
    };
    let signed = hello.sign(ctx.me.kept.secret.signing()).map_err(refuse)?;
    let operation = if is_new { register(ctx, signed) } else { Operation::Hello(signed) };
    let mut name = *errand::name(ctx, 0)?.as_bytes();
    if let Some(first) = name.first_mut() {
        *first = NAME;
    }
    let request = RequestId::from_bytes(name);
    let body = Request { request, session: None, operation }.encode().map_err(refuse)?;
    ctx.send.push(Output::Post { request, body });
    Ok(())
}

fn register(ctx: &Context<'_, '_>, hello: SignedHello) -> Operation {
    Operation::Register(Box::new(Register {
        hello,
        manifest: ctx.me.account.manifest(),
        invite: ctx.me.kept.invite,
        certificate: ctx.me.kept.certificate.clone(),
        findable: true,
    }))
}

/// The server has answered a hello or a registration, or has not.
pub(super) fn greeted(
    ctx: &mut Context<'_, '_>,
    name: RequestId,
    response: Option<&[u8]>,
) -> Result<(), Stopped> {
    let answer = response.and_then(|bytes| Response::decode(bytes).ok());
    let Some(answer) = answer.filter(|answer| answer.request == name) else { return Ok(()) };
    match answer.outcome {
        Outcome::Welcome(welcome) => welcomed(ctx, *welcome),
        Outcome::Refused(refused) => refused_by(ctx, refused),
        _ => Ok(()),
    }
}

fn refused_by(ctx: &mut Context<'_, '_>, refused: Refused) -> Result<(), Stopped> {
    let is_new = ctx.me.kept.registration == Registration::Wanted;
    let why = match refused {
        // It has lost the account, or never had it: the next greeting is a registration.
        Refused::Unknown if !is_new => {
            return ctx.change_account(|kept| {
                kept.registration = Registration::Wanted;
                Ok(())
            });
        }
        Refused::Denied if is_new => Refusal::Denied,
        Refused::Taken if is_new => Refusal::Taken,
        Refused::Invalid | Refused::Unknown if is_new => Refusal::Invalid,
        // The next timer greets again.
        _ => return Ok(()),
    };
    ctx.change_account(|kept| {
        kept.registration = Registration::Refused;
        Ok(())
    })?;
    Ok(ctx.tell(&Event::RegistrationRefused(why))?)
}

fn welcomed(ctx: &mut Context<'_, '_>, welcome: Welcome) -> Result<(), Stopped> {
    let Welcome { session, expires, held, certificate, .. } = welcome;
    // An hour at most, whatever the server says.
    ctx.state.session = Some((session, expires.min(ctx.now.plus(Span::from_secs(3_600)))));
    ctx.state.greeted_at = None;
    let was = ctx.me.kept.registration;
    ctx.change_account(|kept| {
        kept.registration = Registration::Done;
        kept.certificate = certificate.or(kept.certificate.take());
        Ok(())
    })?;
    if was != Registration::Done {
        let account = ctx.own_account();
        let token = server_token(&ctx.me.kept.own_token);
        errand::start(ctx, false, |_| Operation::Token(TokenChange::Add(token)))?;
        ctx.tell(&Event::Registered(account))?;
    }
    let mine = ctx.me.account.order();
    if held.order < mine {
        let manifest = ctx.me.account.manifest();
        errand::start(ctx, false, |_| Operation::PutManifest { previous: held.hash, manifest })?;
    } else if held.order > mine {
        refetch_own(ctx)?;
    }
    prekeys::tend(ctx)?;
    drain::ask(ctx, Span::from_millis(0))
}

pub(super) fn server_token(token: &DeliveryToken) -> Token {
    Token::from_bytes(*token.secret().expose())
}

/// Fetches a newer manifest of the own account.
pub(super) fn refetch_own(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let address = ctx.me.kept.address.clone();
    errand::start(ctx, false, |_| Operation::Lookup(FindAddress { address }))
}

/// A greeting may have been lost.
pub(super) fn greet_again(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    if session(ctx).is_some() { Ok(()) } else { greet(ctx) }
}

/// Looks after the connection, the prekeys and the manifest. There is one timer for it, which each time sets the next.
pub(super) fn tend(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    follow_own(ctx)?;
    if session(ctx).is_none() {
        let again = if is_refused(ctx) { TENDED } else { AGAIN };
        ctx.wake(TEND, &[], ctx.now.plus(again))?;
        return greet(ctx);
    }
    ctx.wake(TEND, &[], ctx.now.plus(TENDED))?;
    // The domain may name another server by now.
    ctx.send.push(Output::Fetch { domain: ctx.me.home.clone() });
    prekeys::tend(ctx)?;
    refresh(ctx)
}

/// The own account is followed like others: its devices are sent to.
fn follow_own(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let key = session::Contact::key(ctx.tx.vault(), ctx.own_account());
    let slot = ctx.tx.read::<session::Contact>(key)?;
    if slot.value().is_some_and(|held| held.order >= ctx.me.account.order()) {
        return Ok(());
    }
    let account = ctx.me.account.clone();
    let notices = lift(session::learn(&mut ctx.session(), account, None))?;
    notice::heed(ctx, notices)
}

/// Signs the manifest again before it is stale, if this device may.
fn refresh(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let newest: Timestamp = ctx.me.account.chain().newest().refresh_after;
    let manages = ctx.me.account.device(ctx.me.kept.secret.id()).is_some_and(Device::manages);
    if !manages || ctx.now.plus(TENDED).plus(TENDED) < newest {
        return Ok(());
    }
    let key = ctx.me.kept.secret.signing();
    let by = Author { key, issued_at: ctx.now, refresh_after: ctx.now.plus(FRESH) };
    let previous = ctx.me.account.hash();
    let newer = Draft::after(&ctx.me.account).sign(&by).map_err(refuse)?;
    ctx.change_account(|kept| kept.hold(&newer).map_err(session::SessionError::from).map_err(refuse))?;
    let manifest = newer.manifest();
    let notices = lift(session::learn(&mut ctx.session(), newer, None))?;
    notice::heed(ctx, notices)?;
    errand::start(ctx, false, |_| Operation::PutManifest { previous, manifest })
}
