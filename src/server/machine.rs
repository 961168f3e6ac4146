//! The server as a machine: bytes in, bytes out. `docs/PROTOCOL.md` §7, §8.

use crate::crypto::random::Seed;
use crate::identity::address::Domain;
use crate::identity::ids::RequestId;
use crate::identity::server::{OnlineKey, ServerBody};
use crate::storage::timer::{self, Timer};
use crate::storage::{Interrupt, Loaded, Machine, Step, Stop, StorageError, step};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

use super::context::{Context, Output, Server};
use super::frame::{Arrived, Authentic, Frame, Unverified};
use super::link::{Alarm, ServerAlarm};
use super::{directory, link, mailbox, service};

/// What the owner of a timer begins with whose step failed.
const AGAIN_OWNER: u8 = 2;
/// After which it is tried again.
const RETRY: Span = Span::from_secs(3_600);

/// What happens to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Another server has sent this: the body of a request. It is answered by [`Output::Reply`]; without one there is nothing to say.
    Peer(Arrived),
    /// A device of a user has sent this: the body of a request. It is answered by [`Output::Reply`].
    Client(Vec<u8>),
    /// What came of an [`Output::Post`]: the body of the response, or `None` if there is none.
    PeerReply {
        /// To whom it was sent.
        to: Domain,
        /// The frame.
        request: RequestId,
        /// What came back.
        reply: Option<Arrived>,
    },
    /// What came of an [`Output::Fetch`]: the body, or `None` if there is none.
    Fetched {
        /// Of which domain.
        domain: Domain,
        /// What came back.
        document: Option<Vec<u8>>,
    },
    /// The operator lets the link to a domain go on that was held.
    Resume(Domain),
    /// The operator invites whoever has this code, until a time.
    Invite([u8; 16], Timestamp),
    /// Something may be due. Always the first input after a start.
    Wake,
}

impl Machine for Server {
    type Input = Input;
    type Output = Output;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Output>, StorageError> {
        step(&self.vault, loaded, seed, |tx| {
            let mut ctx = Context::new(self, now, tx);
            run(&mut ctx, input)?;
            Ok(ctx.finish()?)
        })
    }
}

fn run(ctx: &mut Context<'_, '_>, input: &Input) -> Result<(), Stop<StorageError>> {
    match input {
        Input::Peer(arrived) => peer(ctx, arrived)?,
        Input::PeerReply { to, request, reply } => peer_reply(ctx, to, *request, reply.as_ref())?,
        Input::Fetched { domain, document } => link::fetched(ctx, domain, document.as_deref())?,
        Input::Resume(domain) => link::resume(ctx, domain)?,
        Input::Client(request) => {
            let response = service::answer(ctx, request)?;
            ctx.send.push(Output::Reply(response));
        }
        Input::Invite(code, until) => directory::invite(ctx, code, *until)?,
        Input::Wake => wake(ctx)?,
    }
    Ok(())
}

/// One timer that is due; if there are more, the next wake is at once. What cannot be done is tried again later, and keeps nothing up.
pub(super) fn wake(ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
    match next(ctx) {
        Err(Interrupt::Failed(_)) => put_off(ctx),
        done => done,
    }
}

fn next(ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
    let taken = timer::take_due(ctx.tx, ctx.now, 1)?;
    for timer in &taken.timers {
        match timer.owner.split_first() {
            Some((&AGAIN_OWNER, owner)) => due(ctx, &Timer { owner: owner.to_vec(), ..*timer })?,
            _ => due(ctx, timer)?,
        }
    }
    Ok(ctx.tx.measure()?)
}

/// Takes the timer that failed, and nothing else. An operator is told the first time.
fn put_off(ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
    ctx.undo();
    let again = ctx.now.plus(RETRY);
    for Timer { owner, .. } in timer::take_due(ctx.tx, ctx.now, 1)?.timers {
        let is_first = owner.first() != Some(&AGAIN_OWNER);
        let again_owner = if is_first { [&[AGAIN_OWNER], &owner[..]].concat() } else { owner.clone() };
        Timer { owner: again_owner, due: again, set: ctx.now }.start(None, ctx.tx)?;
        if is_first {
            let domain = ctx.server.domain();
            ctx.tx.event(&ServerAlarm { domain: domain.clone(), alarm: Alarm::Damaged { timer: owner } })?;
        }
    }
    Ok(())
}

fn due(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<(), Interrupt> {
    match timer.owner.split_first() {
        Some((&link::LINK_OWNER, name)) => named(name).map_or(Ok(()), |name| link::drive(ctx, name)),
        Some((&link::PARKED_OWNER, name)) => named(name).map_or(Ok(()), |name| link::unpark(ctx, name)),
        Some((&link::DOMAIN_OWNER, name)) => {
            named(name).map_or(Ok(()), |name| link::forget_domain(ctx, name))
        }
        Some((&link::QUESTION_OWNER, name)) => {
            named(name).map_or(Ok(()), |name| link::forget_question(ctx, RequestId::from_bytes(*name)))
        }
        _ if service::due(ctx, timer)? => Ok(()),
        _ => mailbox::due(ctx, core::slice::from_ref(timer)),
    }
}

fn named<const N: usize>(name: &[u8]) -> Option<&[u8; N]> {
    name.try_into().ok()
}

fn peer(ctx: &mut Context<'_, '_>, arrived: &Arrived) -> Result<(), Stop<StorageError>> {
    let Ok(frame) = arrived.open() else { return Ok(()) };
    let reply = match link::sender(ctx, frame.from())? {
        None => stranger(ctx, frame)?,
        Some(peer) => match frame.verify(&peer.online_keys, ctx.server.manifest.id(), ctx.now) {
            Ok(authentic) => link::receive(ctx, &authentic)?,
            Err(error) => {
                link::distrust(ctx, &peer.domain, error)?;
                None
            }
        },
    };
    if let Some(reply) = reply {
        let signed = ctx.sign(&reply)?;
        ctx.send.push(Output::Reply(signed));
    }
    Ok(())
}

/// A server that nothing is known of says who it is. That is not believed, but looked into: only its domain can say whether it is so.
fn stranger(ctx: &mut Context<'_, '_>, frame: &Unverified) -> Result<Option<Frame>, Interrupt> {
    let body = frame.manifest().and_then(|manifest| ServerBody::decode(&manifest.body).ok());
    let Some(body) = body else { return Ok(None) };
    match frame.verify(&body.online_keys, ctx.server.manifest.id(), ctx.now) {
        Ok(authentic) => link::stranger(ctx, &authentic, body).map(Some),
        Err(_) => Ok(None),
    }
}

fn peer_reply(
    ctx: &mut Context<'_, '_>,
    to: &Domain,
    request: RequestId,
    reply: Option<&Arrived>,
) -> Result<(), Interrupt> {
    match reply.map_or(Ok(None), |arrived| authentic_reply(ctx, to, request, arrived))? {
        Some(authentic) => link::receive_reply(ctx, &authentic),
        None => link::unreachable(ctx, to, request),
    }
}

fn authentic_reply(
    ctx: &mut Context<'_, '_>,
    to: &Domain,
    request: RequestId,
    arrived: &Arrived,
) -> Result<Option<Authentic>, Interrupt> {
    let Ok(frame) = arrived.open() else { return Ok(None) };
    let Some(peer) = link::sender(ctx, frame.from())? else { return Ok(None) };
    match frame.verify(&peer.online_keys, ctx.server.manifest.id(), ctx.now) {
        Ok(authentic) if authentic.reply_to == Some(request) && peer.domain == *to => Ok(Some(authentic)),
        Ok(_) => Ok(None),
        Err(error) => {
            link::distrust(ctx, to, error)?;
            Ok(None)
        }
    }
}

impl<'a, 't> Context<'a, 't> {
    pub(super) const fn new(
        server: &'a Server,
        now: Timestamp,
        tx: &'a mut crate::storage::Transaction<'t>,
    ) -> Self {
        Self { server, now, tx, send: Vec::new(), frames: Vec::new() }
    }

    /// Takes back all that the step has decided.
    fn undo(&mut self) {
        self.tx.undo();
        self.send.clear();
        self.frames.clear();
    }

    /// Signs what is to be sent to other servers.
    fn finish(mut self) -> Result<Vec<Output>, StorageError> {
        for outgoing in core::mem::take(&mut self.frames) {
            let frame = self.sign(&outgoing.frame)?;
            let link::Outgoing { to, endpoints, frame: Frame { request, .. } } = outgoing;
            let policy = self.server.config.fetch.clone();
            self.send.push(Output::Post { to, endpoints, policy, request, frame });
        }
        Ok(self.send)
    }

    fn sign(&self, frame: &Frame) -> Result<Vec<u8>, StorageError> {
        let public = self.server.online.public_key();
        let listed = self.server.manifest.online_keys().iter().find(|key| key.key == public);
        let validity = crate::identity::validity::Validity::starting(self.now, super::frame::LIFETIME);
        // A key that the manifest does not list signs what nobody believes; that is for the operator's set-up to see to.
        let key = listed.copied().unwrap_or(OnlineKey { key: public, validity });
        Ok(frame.sign(&key, &self.server.online)?.encode()?)
    }
}
