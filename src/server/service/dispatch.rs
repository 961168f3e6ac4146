//! From the bytes of a request to those of its response. `docs/PROTOCOL.md` §8.1.

use super::answered::{self, Cost};
use super::refused::{Halt, Refused};
use super::request::{Operation, Request};
use super::response::{Outcome, Response};
use super::{blob, meet, route, session, submit};
use crate::identity::ids::RequestId;
use crate::server::mailbox::{self, TokenChanged};
use crate::server::{Context, Submitter, directory};
use crate::storage::timer::Timer;
use crate::storage::{Interrupt, StorageError};
use crate::wire::Wire as _;

/// Answers a request. Every request has an answer; bytes that are none have always the same.
pub(crate) fn answer(ctx: &mut Context<'_, '_>, request: &[u8]) -> Result<Vec<u8>, Interrupt> {
    let (request, outcome) = match Request::decode(request) {
        Ok(request) => (request.request, carry_out(ctx, &request)),
        Err(_) => (RequestId::from_bytes([0; 16]), Err(Refused::Malformed.into())),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Halt::Refused(refused)) => Outcome::Refused(refused),
        Err(Halt::Interrupt(interrupt)) => return Err(interrupt),
    };
    Ok(Response { request, outcome }.encode().map_err(StorageError::from)?)
}

/// Does what a timer of directory and service is for. `false` if it is another's.
pub(crate) fn due(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<bool, Interrupt> {
    Ok(meet::due(ctx, timer)? || directory::due(ctx, timer)?)
}

/// What can be asked without a session, or by an account that is closed.
fn carry_out(ctx: &mut Context<'_, '_>, request: &Request) -> Result<Outcome, Halt> {
    let session = request.session.as_ref();
    match &request.operation {
        Operation::Hello(hello) => Ok(Outcome::Welcome(Box::new(session::hello(ctx, hello)?))),
        Operation::Register(register) => Ok(Outcome::Welcome(Box::new(session::register(ctx, register)?))),
        Operation::Meet(wanted) => {
            let who = match wanted.side {
                meet::Side::Inviter => Some(session::enter(ctx, session)?),
                meet::Side::Joiner => None,
            };
            Ok(Outcome::Met(meet::meet(ctx, who, wanted)?))
        }
        Operation::Close => {
            let who = session::enter_closed(ctx, session)?;
            directory::close(ctx, who.account)?;
            Ok(Outcome::Done)
        }
        operation => {
            let who = session::enter(ctx, session)?;
            of_account(ctx, who, request, operation)
        }
    }
}

/// What a device asks as itself.
fn of_account(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    request: &Request,
    operation: &Operation,
) -> Result<Outcome, Halt> {
    match operation {
        Operation::PutManifest { previous, manifest } => {
            answered::pay(ctx, who, Cost::Change)?;
            directory::put_manifest(ctx, who.account, *previous, manifest.clone()).map(Outcome::Manifest)
        }
        Operation::PutPrekeys(new) => {
            answered::pay(ctx, who, Cost::Change)?;
            directory::put_prekeys(ctx, who, new).map(Outcome::Prekeys)
        }
        Operation::Lookup(wanted) => route::lookup(ctx, who, request.request, wanted),
        Operation::Claim(wanted) => route::claim(ctx, who, request.request, wanted),
        Operation::Submit(wanted) => answered::once(ctx, who, request, wanted.cost(), |ctx| {
            submit::submit(ctx, who, request.request, wanted).map(Outcome::Submitted)
        }),
        Operation::Blob(ask) => {
            ask.check()?;
            answered::once(ctx, who, request, Cost::Blob(ask.size), |ctx| {
                let grant = blob::grant(ctx.server, *ask, ctx.now).map_err(StorageError::from)?;
                Ok(Outcome::Blob(grant))
            })
        }
        Operation::Export => Ok(Outcome::Export(Box::new(directory::export(ctx, who.account)?))),
        Operation::Settings { findable } => {
            directory::set_findable(ctx, who.account, *findable)?;
            Ok(Outcome::Done)
        }
        operation => of_mailbox(ctx, who, operation),
    }
}

/// What a device asks of its mailbox.
fn of_mailbox(ctx: &mut Context<'_, '_>, who: Submitter, operation: &Operation) -> Result<Outcome, Halt> {
    match operation {
        Operation::Drain { cursor, max, wait: _ } => {
            let max = u16::try_from(*max).unwrap_or(u16::MAX);
            Ok(Outcome::Drained(Box::new(mailbox::drain(ctx, &who, cursor, max)?)))
        }
        Operation::Token(change) => match mailbox::tokens(ctx, who.account, change)? {
            TokenChanged::Done => Ok(Outcome::Done),
            TokenChanged::Refused => Err(Refused::Conflict(None).into()),
        },
        Operation::Push(endpoint) => {
            let is_set = mailbox::push(ctx, &who, endpoint.as_deref())?;
            if is_set { Ok(Outcome::Done) } else { Err(Refused::Invalid.into()) }
        }
        Operation::Requests(after) => Ok(Outcome::Requests(mailbox::requests(ctx, who.account, *after)?)),
        // One that waits no more was settled before, or went by age.
        Operation::Settle(handle, settle) => {
            mailbox::settle(ctx, who.account, *handle, *settle)?;
            Ok(Outcome::Done)
        }
        _ => Err(Refused::Malformed.into()),
    }
}
