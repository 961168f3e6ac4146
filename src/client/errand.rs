//! Requests to the server, until they are answered. `docs/PROTOCOL.md` §11.2.

use core::fmt;

use super::context::Context;
use super::error::{Stopped, refuse};
use super::machine::Output;
use super::{connect, reply};
use crate::crypto::random;
use crate::identity::ids::RequestId;
use crate::server::service::{Operation, Outcome, Refused, Request, Response};
use crate::storage::{Format, Key, Record, Slot, Table, Vault};
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};
use crate::wire::{Rule, Wire as _};

/// What the owner of an errand's timer begins with.
pub(super) const TIMER: u8 = 0x60;
/// How long an answer is waited for …
const PATIENCE: Span = Span::from_secs(30);
/// … which doubles with every attempt, up to this.
const LONGEST: Span = Span::from_secs(900);
/// When to look again whether there is a session.
const SESSION: Span = Span::from_secs(5);
/// When to look again whether it knows of a token …
const TOKEN: Span = Span::from_secs(1);
/// … among so many errands that came before.
const BEFORE: u16 = 16;
/// What a server may ask to wait for.
const AT_MOST: Span = Span::from_secs(3_600);
/// When to come again to a server whose clock is another.
const CLOCK: Span = Span::from_secs(600);

/// Something that the server is asked to do, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Errand {
    pub(super) number: u64,
    pub(super) request: Request,
    /// Of a look-up: whether a request for contact follows.
    pub(super) introduces: bool,
    pub(super) attempts: u32,
    pub(super) due: Timestamp,
}

/// What an answer means for an errand.
pub(super) enum Done {
    /// It is over.
    Over,
    /// It is to be repeated.
    Later(Span),
    /// It is not over before the same input has come again: there is more in it than one step does.
    Again,
}

fn key(vault: &Vault, number: u64) -> Key {
    vault.partition(Table::ERRANDS, b"").key(number)
}

/// The number of the errand that a request belongs to; 0 is none.
pub(super) fn number(request: RequestId) -> u64 {
    request.as_bytes().last_chunk::<8>().map_or(0, |number| u64::from_be_bytes(*number))
}

/// Draws the name of a request.
pub(super) fn name(ctx: &mut Context<'_, '_>, number: u64) -> Result<RequestId, Stopped> {
    let drawn = random::draw::<16>(ctx.tx.rng()).map_err(refuse)?;
    let mut name = *drawn.expose();
    for (to, from) in name.iter_mut().skip(8).zip(number.to_be_bytes()) {
        *to = from;
    }
    Ok(RequestId::from_bytes(name))
}

/// Asks the server to do something. `operation` gets the name of the request.
pub(super) fn start(
    ctx: &mut Context<'_, '_>,
    introduces: bool,
    operation: impl FnOnce(RequestId) -> Operation,
) -> Result<(), Stopped> {
    begin(ctx, (introduces, Span::from_millis(0)), operation)
}

/// As [`start`], after a while.
pub(super) fn start_after(
    ctx: &mut Context<'_, '_>,
    wait: Span,
    operation: impl FnOnce(RequestId) -> Operation,
) -> Result<(), Stopped> {
    begin(ctx, (false, wait), operation)
}

fn begin(
    ctx: &mut Context<'_, '_>,
    (introduces, wait): (bool, Span),
    operation: impl FnOnce(RequestId) -> Operation,
) -> Result<(), Stopped> {
    // Timers of one millisecond come in any order; what one step asks for is sent in its order: a token is known before it is told, and
    // what waited comes as it was said.
    let due = ctx.now.plus(wait.min(AT_MOST)).plus(Span::from_millis(ctx.begun));
    ctx.begun = ctx.begun.saturating_add(1);
    let number = ctx.state.next_errand;
    ctx.state.next_errand = number.saturating_add(1);
    let name = name(ctx, number)?;
    let request = Request { request: name, session: None, operation: operation(name) };
    let errand = Errand { number, request, introduces, attempts: 0, due };
    ctx.tx.put_unseen(key(ctx.tx.vault(), number), &errand)?;
    Ok(ctx.wake(TIMER, &number.to_be_bytes(), due)?)
}

/// Its timer is due, or was set by a clock that was put back since: then no other timer comes before that time.
pub(super) fn due(ctx: &mut Context<'_, '_>, number: u64, is_put_back: bool) -> Result<(), Stopped> {
    let mut slot = ctx.tx.read::<Errand>(key(ctx.tx.vault(), number))?;
    let Some(mut errand) = slot.take() else { return Ok(()) };
    if errand.due > ctx.now && !is_put_back {
        // Another timer will come for it.
        return Ok(());
    }
    let Some(session) = connect::session(ctx) else {
        connect::greet(ctx)?;
        if connect::is_refused(ctx) {
            // There is none before somebody asks again.
            return put_off(ctx, slot, errand, LONGEST);
        }
        // In their order, as far as it goes, also if many wait for the session.
        let place = Span::from_millis(errand.number & 1_023);
        return put_off(ctx, slot, errand, SESSION.plus(place));
    };
    if matches!(errand.request.operation, Operation::Submit(_)) && is_token_open(ctx, number)? {
        return put_off(ctx, slot, errand, TOKEN);
    }
    let request = Request { session: Some(session), ..errand.request.clone() };
    let body = request.encode().map_err(refuse)?;
    ctx.send.push(Output::Post { request: request.request, body });
    let wait = patience(errand.attempts);
    errand.attempts = errand.attempts.saturating_add(1);
    put_off(ctx, slot, errand, wait)
}

/// Whether the server is still to learn of a token: what is sent may carry it, and be answered with it.
fn is_token_open(ctx: &mut Context<'_, '_>, number: u64) -> Result<bool, Stopped> {
    let range = ctx.tx.vault().partition(Table::ERRANDS, b"").range(0..=number, BEFORE);
    let errands = ctx.tx.scan::<Errand>(range)?;
    let is_token = |errand: &Errand| matches!(errand.request.operation, Operation::Token(_));
    Ok(errands.iter().filter_map(Slot::value).any(is_token))
}

fn patience(attempts: u32) -> Span {
    let millis = PATIENCE.as_millis().saturating_mul(1_u64 << attempts.min(10));
    Span::from_millis(millis.min(LONGEST.as_millis()))
}

fn put_off(
    ctx: &mut Context<'_, '_>,
    slot: Slot<Errand>,
    mut errand: Errand,
    wait: Span,
) -> Result<(), Stopped> {
    errand.due = ctx.now.plus(wait.min(AT_MOST));
    ctx.wake(TIMER, &errand.number.to_be_bytes(), errand.due)?;
    Ok(ctx.tx.put(slot, &errand)?)
}

/// What came of a request; nothing, if it was lost.
pub(super) fn posted(
    ctx: &mut Context<'_, '_>,
    name: RequestId,
    response: Option<&[u8]>,
) -> Result<(), Stopped> {
    let mut slot = ctx.tx.read::<Errand>(key(ctx.tx.vault(), number(name)))?;
    let Some(errand) = slot.take().filter(|errand| errand.request.request == name) else {
        ctx.tx.already_done();
        return Ok(());
    };
    let answer = response.and_then(|bytes| Response::decode(bytes).ok());
    let Some(answer) = answer.filter(|answer| answer.request == name) else {
        let wait = patience(errand.attempts);
        return put_off(ctx, slot, errand, wait);
    };
    match done(ctx, &errand, answer.outcome)? {
        Done::Over => Ok(ctx.tx.delete(slot)?),
        Done::Later(wait) => put_off(ctx, slot, errand, wait),
        Done::Again => {
            ctx.send.push(Output::Again);
            Ok(())
        }
    }
}

fn done(ctx: &mut Context<'_, '_>, errand: &Errand, outcome: Outcome) -> Result<Done, Stopped> {
    match outcome {
        Outcome::Refused(Refused::Session | Refused::Unknown) => {
            ctx.state.session = None;
            connect::greet(ctx)?;
            Ok(Done::Later(SESSION))
        }
        Outcome::Refused(Refused::Busy(wait)) | Outcome::Pending(wait) => Ok(Done::Later(wait)),
        Outcome::Refused(Refused::Clock(_)) => Ok(Done::Later(CLOCK)),
        outcome => reply::handle(ctx, errand, outcome),
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errand({}, due {:?})", self.number, self.due)
    }
}

impl Format for Errand {
    const FORMAT: u8 = 1;
}

impl Record for Errand {
    const TABLE: Table = Table::ERRANDS;
}

impl Message for Errand {
    type Proto = proto::Errand;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let request = Request::from_proto(required(proto.request)?)?;
        let introduces = required(proto.introduces)?;
        let its_number = required(proto.number)?;
        // An answer is led to the errand by its name, in which 0 is none.
        let is_named = its_number != 0 && number(request.request) == its_number;
        let is_look_up = matches!(request.operation, Operation::Lookup(_));
        if !is_named || request.session.is_some() || (introduces && !is_look_up) {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            number: its_number,
            request,
            introduces,
            attempts: required(proto.attempts)?,
            due: Timestamp::from_millis(required(proto.due)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Errand {
            number: Some(self.number),
            request: Some(self.request.to_proto()),
            introduces: Some(self.introduces),
            attempts: Some(self.attempts),
            due: Some(self.due.as_millis()),
        }
    }
}
