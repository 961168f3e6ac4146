//! What the answers of the server mean. `docs/PROTOCOL.md` §11.2.

use super::context::Context;
use super::errand::{Done, Errand};
use super::error::{Stopped, of_peer, refuse};
use super::event::Event;
use super::outgoing::{self, Blob};
use super::{contact, inbox, notice, progress, waiting};
use crate::error::Blame as _;
use crate::handshake::OwnManifest;
use crate::identity::IdentityError;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::certificate::{AddressCertificate, SignedCertificate};
use crate::identity::chain::Manifest;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::prekeys::{ClaimAnswer, ClaimRequest};
use crate::server::frame::Reply;
use crate::server::service::{ClaimDevice, Operation, Outcome, Refused};
use crate::session::{self, SessionError};
use crate::time::Span;
use crate::wire::Wire as _;

/// When prekeys are claimed again that were not there, or not right.
const LATER: Span = Span::from_secs(3_600);

/// Takes an answer that is one.
pub(super) fn handle(ctx: &mut Context<'_, '_>, errand: &Errand, outcome: Outcome) -> Result<Done, Stopped> {
    match (&errand.request.operation, outcome) {
        (Operation::Lookup(asked), Outcome::Answer(answer)) => {
            looked_up(ctx, &asked.address, answer.reply, errand.introduces)?;
            Ok(Done::Over)
        }
        (Operation::Claim(asked), Outcome::Answer(answer)) => {
            let request = ClaimRequest {
                request: errand.request.request,
                account: asked.account,
                device: asked.device,
            };
            match answer.reply {
                Reply::Claimed(answer) => claimed(ctx, asked, &request, &answer),
                _ => claim_later(ctx, (asked.account, asked.device)),
            }
        }
        (Operation::Claim(asked), _) => claim_later(ctx, (asked.account, asked.device)),
        (Operation::Submit(submit), Outcome::Submitted(results)) => {
            progress::submitted(ctx, submit, results)?;
            Ok(Done::Over)
        }
        (Operation::Submit(submit), _) => {
            progress::refused(ctx, submit)?;
            Ok(Done::Over)
        }
        (Operation::Requests(_), Outcome::Requests(listed)) => inbox::listed(ctx, &listed),
        (Operation::PutPrekeys(_), Outcome::Refused(_)) => {
            // The server holds others, from before this device was set back: new ones have a number above.
            ctx.state.prekeys = ctx.state.prekeys.saturating_add(1_000);
            ctx.state.prekeys_at = None;
            Ok(Done::Over)
        }
        (Operation::PutManifest { .. }, Outcome::Refused(Refused::Conflict(Some(held))))
            if held.order > ctx.me.account.order() =>
        {
            super::connect::refetch_own(ctx)?;
            Ok(Done::Over)
        }
        _ => Ok(Done::Over),
    }
}

/// The certificate, if it says that the address is the account's. Who signed it is the servers' affair: this device has it from its own.
fn names(certificate: &SignedCertificate, address: &Address, account: AccountId) -> bool {
    AddressCertificate::decode(&certificate.certificate)
        .is_ok_and(|certificate| certificate.address == *address && certificate.account == account)
}

fn looked_up(
    ctx: &mut Context<'_, '_>,
    address: &Address,
    reply: Reply,
    introduces: bool,
) -> Result<(), Stopped> {
    let Reply::Found { manifest, certificate } = reply else {
        return Ok(ctx.tell(&Event::LookedUp(address.clone(), None))?);
    };
    match account(ctx, address, manifest, certificate)? {
        Ok(account) => {
            ctx.tell(&Event::LookedUp(address.clone(), Some(account)))?;
            if introduces {
                return contact::introduce(ctx, account);
            }
            if waiting::is_behind(ctx, account)? && waiting::is_any(ctx, account)? {
                // There is said to be a newer manifest, which the server does not have, or not yet.
                return refetch(ctx, account, LATER);
            }
            waiting::resume(ctx, account)
        }
        Err(class) => Ok(ctx.tell(&Event::Unreadable { class: class.into(), from: None })?),
    }
}

fn is_forked(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<bool, Stopped> {
    let slot = ctx.tx.read::<session::Contact>(session::Contact::key(ctx.tx.vault(), account))?;
    Ok(slot.value().is_some_and(|held| held.is_forked))
}

/// Follows the account that was found.
fn account(
    ctx: &mut Context<'_, '_>,
    address: &Address,
    manifest: Manifest,
    certificate: SignedCertificate,
) -> Result<Result<AccountId, &'static str>, Stopped> {
    let account = match manifest.verify::<Account>() {
        Ok(account) => account,
        Err(error) => return Ok(Err(error.class())),
    };
    let id = account.id();
    if !names(&certificate, address, id) || !contact::is_at(ctx, id, address)? {
        return Ok(Err("mismatch"));
    }
    let newest = account.clone();
    if id == ctx.own_account() && OwnManifest::new(&newest, ctx.me.kept.secret.id()).is_err() {
        // Another device, or whoever has the recovery key, has removed this one.
        return Ok(Err(SessionError::NotListed.class()));
    }
    let notices = match of_peer(session::learn(&mut ctx.session(), account, Some(certificate)))? {
        Ok(notices) => notices,
        Err(error) => return Ok(Err(error.class())),
    };
    let is_forked = is_forked(ctx, id)?;
    if id == ctx.own_account() && !is_forked && newest.order() > ctx.me.account.order() {
        ctx.change_account(|kept| kept.hold(&newest).map_err(SessionError::from).map_err(refuse))?;
    }
    contact::located(ctx, id, address)?;
    notice::heed(ctx, notices)?;
    Ok(Ok(id))
}

/// Prekeys have come: a session begins with the first thing that waits for it, if there is one.
fn claimed(
    ctx: &mut Context<'_, '_>,
    asked: &ClaimDevice,
    request: &ClaimRequest,
    answer: &ClaimAnswer,
) -> Result<Done, Stopped> {
    let name = (asked.account, asked.device);
    let Some(address) = contact::address(ctx, asked.account)? else { return claim_later(ctx, name) };
    let waiting = waiting::first_for(ctx, name)?;
    if waiting.is_none() && !contact::is_wanted(ctx, asked.account)? {
        contact::claimed(ctx, name)?;
        return Ok(Done::Over);
    }
    let claimed = session::Claimed { request, answer, address: &address };
    let blob = match &waiting {
        Some(outgoing) => Some(Blob::seal(ctx, &outgoing.content, true)?),
        None => None,
    };
    let shared =
        blob.as_ref().zip(waiting.as_ref()).map(|(blob, outgoing)| (&blob.pointer, *outgoing.id.as_bytes()));
    let say = session::Say { shared, repairs: None };
    match of_peer(session::begin(&mut ctx.session(), name, &claimed, &say))? {
        Ok((frame, _)) => {
            contact::claimed(ctx, name)?;
            outgoing::begun(ctx, frame, waiting.zip(blob))?;
            Ok(Done::Over)
        }
        // Not due any more, or not before something else has happened, which looks after what waits.
        Err(
            SessionError::TooSoon
            | SessionError::NotListed
            | SessionError::Refetch
            | SessionError::Identity(
                IdentityError::IdentityChanged | IdentityError::Latched | IdentityError::Forked,
            ),
        ) => {
            contact::claimed(ctx, name)?;
            Ok(Done::Over)
        }
        Err(error) => {
            let from = Some((name.0, Some(name.1)));
            ctx.tell(&Event::Unreadable { class: error.class().into(), from })?;
            claim_later(ctx, name)
        }
    }
}

/// Prekeys were not there, or not right. They are claimed anew in a while, with what gives the right to that then.
fn claim_later(ctx: &mut Context<'_, '_>, name: (AccountId, DeviceId)) -> Result<Done, Stopped> {
    contact::claimed(ctx, name)?;
    outgoing::claim(ctx, name, LATER)?;
    Ok(Done::Over)
}

/// A look-up for a newer manifest.
pub(super) fn refetch(ctx: &mut Context<'_, '_>, account: AccountId, wait: Span) -> Result<(), Stopped> {
    let Some(address) = contact::address(ctx, account)? else { return Ok(()) };
    super::errand::start_after(ctx, wait, |_| {
        Operation::Lookup(crate::server::service::FindAddress { address })
    })
}
