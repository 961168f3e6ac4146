//! Sessions of devices: a hello is verified once, then a token speaks for an hour. `docs/PROTOCOL.md` §8.2.

use subtle::ConstantTimeEq as _;

use super::hello::{Hello, Limits, SessionToken, SignedHello, Welcome};
use super::refused::{Halt, Refused};
use super::request::Register;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::kdf::Mac;
use crate::crypto::label;
use crate::crypto::secret::Secret;
use crate::identity::account::Account;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::validity::TOLERANCE;
use crate::server::directory::{self, AccountEntry, AccountState, DevicePrekeys, Newcomer};
use crate::server::frame::Seen;
use crate::server::{Context, Server, Submitter};
use crate::storage::Want;
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// How long a token speaks for a device.
const LASTS: Span = Span::from_secs(3_600);

/// A token for a device, until a time.
pub(super) fn issue(server: &Server, who: Submitter, expires: Timestamp) -> SessionToken {
    let said = said(who, expires);
    let mac = Mac::labelled(&server.secret, label::mac::SESSION).array(&said).finish();
    let mut token = [0; SessionToken::LENGTH];
    token.iter_mut().zip(said.iter().chain(mac.expose())).for_each(|(to, from)| *to = *from);
    SessionToken::from_bytes(token)
}

fn said(who: Submitter, expires: Timestamp) -> [u8; 56] {
    let bytes = Input::new().array(who.account.as_bytes()).array(who.device.as_bytes());
    let bytes = bytes.u64(expires.as_millis()).finish();
    let mut said = [0; 56];
    said.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    said
}

/// Whose token it is, if this server made it and it still holds.
pub(super) fn read(server: &Server, token: &SessionToken, now: Timestamp) -> Option<Submitter> {
    let (said, mac) = token.as_bytes().split_first_chunk::<56>()?;
    let expected = Mac::labelled(&server.secret, label::mac::SESSION).array(said).finish();
    let mac = Secret::new(mac.try_into().ok()?);
    if !bool::from(expected.ct_eq(&mac)) {
        return None;
    }
    let (account, rest) = said.split_first_chunk::<32>()?;
    let (device, expires) = rest.split_first_chunk::<16>()?;
    let expires = Timestamp::from_millis(u64::from_be_bytes(*expires.first_chunk()?));
    // A token from what is now the future was made before a clock was put back: it would last too long.
    let is_current = now <= expires && expires <= now.plus(LASTS);
    let (account, device) = (AccountId::from_bytes(*account), DeviceId::from_bytes(*device));
    is_current.then_some(Submitter { account, device })
}

/// Who a request is from. The account must be open and list the device, at each request.
pub(super) fn enter(ctx: &mut Context<'_, '_>, session: Option<&SessionToken>) -> Result<Submitter, Halt> {
    let who = owner(ctx, session)?;
    let entry = directory::listed(ctx, who.account)?;
    if entry.is_some_and(|entry| entry.reaches(who.device)) { Ok(who) } else { Err(Refused::Session.into()) }
}

/// As [`enter`], also of an account that was closed since: for closing it once more.
pub(super) fn enter_closed(
    ctx: &mut Context<'_, '_>,
    session: Option<&SessionToken>,
) -> Result<Submitter, Halt> {
    let who = owner(ctx, session)?;
    let entry = directory::listed(ctx, who.account)?;
    let is_its = |entry: AccountEntry| entry.state == AccountState::Closed || entry.reaches(who.device);
    if entry.is_some_and(is_its) { Ok(who) } else { Err(Refused::Session.into()) }
}

fn owner(ctx: &Context<'_, '_>, session: Option<&SessionToken>) -> Result<Submitter, Refused> {
    session.and_then(|token| read(ctx.server, token, ctx.now)).ok_or(Refused::Session)
}

/// What a hello says, if it is for this server and of this time.
pub(super) fn opened(server: &Server, now: Timestamp, signed: &SignedHello) -> Result<Hello, Refused> {
    let hello = Hello::decode(&signed.hello).map_err(|_| Refused::Invalid)?;
    if hello.server != server.manifest.id() {
        return Err(Refused::Invalid);
    }
    let is_near = now.since(hello.time) <= TOLERANCE && hello.time.since(now) <= TOLERANCE;
    if is_near { Ok(hello) } else { Err(Refused::Clock(now)) }
}

/// Answers a hello.
pub(super) fn hello(ctx: &mut Context<'_, '_>, signed: &SignedHello) -> Result<Welcome, Halt> {
    let hello = opened(ctx.server, ctx.now, signed)?;
    let vault = ctx.tx.vault();
    let (entry, head) = (AccountEntry::key(vault, hello.account), DevicePrekeys::key(vault, hello.device));
    ctx.tx.need([entry, head].map(Want::Record))?;
    let (entry, head) = (ctx.tx.read::<AccountEntry>(entry)?, ctx.tx.read::<DevicePrekeys>(head)?);
    let is_listed = entry.value().is_some_and(|entry| entry.reaches(hello.device));
    let head = head.value().filter(|head| is_listed && head.account == hello.account);
    let head = head.ok_or(Refused::Unknown)?;
    if hello.address.is_some() || !signed.is_signed_by(&head.signing) {
        return Err(Refused::Invalid.into());
    }
    welcome(ctx, Submitter { account: hello.account, device: hello.device })
}

/// Registers an account, and answers its hello.
pub(super) fn register(ctx: &mut Context<'_, '_>, request: &Register) -> Result<Welcome, Halt> {
    let hello = opened(ctx.server, ctx.now, &request.hello)?;
    let address = hello.address.as_ref().ok_or(Refused::Invalid)?;
    let account = request.manifest.clone().verify::<Account>().map_err(|_| Refused::Invalid)?;
    // The manifest is public: only a device that it lists can register it.
    let device = account.device(hello.device).filter(|_| account.id() == hello.account);
    if !device.is_some_and(|device| request.hello.is_signed_by(device.signing())) {
        return Err(Refused::Invalid.into());
    }
    let (invite, certificate) = (request.invite, request.certificate.as_ref());
    let newcomer = Newcomer { address, account: &account, invite, certificate, findable: request.findable };
    directory::register(ctx, &newcomer)?;
    let who = Submitter { account: hello.account, device: hello.device };
    let entry = directory::listed(ctx, who.account)?;
    if !entry.is_some_and(|entry| entry.reaches(who.device)) {
        return Err(Refused::Unknown.into());
    }
    welcome(ctx, who)
}

fn welcome(ctx: &mut Context<'_, '_>, who: Submitter) -> Result<Welcome, Halt> {
    let entry = directory::listed(ctx, who.account)?.ok_or(Refused::Unknown)?;
    let expires = ctx.now.plus(LASTS);
    Ok(Welcome {
        session: issue(ctx.server, who, expires),
        expires,
        time: ctx.now,
        limits: Limits::CURRENT,
        held: Seen { order: entry.order, hash: entry.manifest_hash },
        forked: directory::is_forked(ctx, who.account)?,
        certificate: directory::certificate(ctx, &entry.address, who.account),
    })
}
