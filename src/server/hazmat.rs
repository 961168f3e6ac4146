//! A server without signatures, for simulations and attackers: what is said to come from a server is believed to.
//!
//! A test keeps the library itself away from it.

use crate::crypto::random::Seed;
use crate::identity::address::Domain;
use crate::identity::ids::RequestId;
use crate::storage::{Interrupt, Loaded, Machine, Step, Stop, StorageError, step};
use crate::time::Timestamp;

pub use super::kept::{Kept, all as kept};

use super::discovery::Bound;
use super::frame::{Authentic, Frame};
use super::link::{self, Enqueued, Outgoing, Parcel, Recipient};
use super::mailbox::hazmat::{self as mailboxes, Operation, Outcome};
use super::{Context, Item, Output, Server, Submitter, machine};
use crate::wire::Wire as _;

/// A frame that nobody has verified, as if somebody had.
pub fn authentic(frame: Frame) -> Authentic {
    Authentic::assumed(frame)
}

/// A server that believes whatever frame it is shown.
#[derive(Debug)]
pub struct Plain<'a>(pub &'a Server);

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A frame of another server.
    Peer(Frame),
    /// What came of a frame.
    PeerReply {
        /// To whom it was sent.
        to: Domain,
        /// The frame.
        request: RequestId,
        /// What came back.
        reply: Option<Frame>,
    },
    /// A domain is known to have this server.
    Introduce(Domain, Box<Bound>),
    /// A device submits an item for another domain. The request makes a repetition known.
    Submit {
        /// The device.
        by: Submitter,
        /// Names the submission.
        request: RequestId,
        /// Where the item goes.
        to: Domain,
        /// The item.
        item: Item,
    },
    /// Something that happens to mailboxes.
    Mailboxes(Operation),
    /// The operator lets a link go on.
    Resume(Domain),
    /// Something may be due.
    Wake,
}

/// What it wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The answer to a frame.
    Reply(Box<Frame>),
    /// A frame for another server.
    Post(Box<Outgoing>),
    /// Whether an item was taken.
    Taken(bool),
    /// What came of an operation on mailboxes.
    Mailboxes(Box<Outcome>),
    /// Anything else.
    Other(Output),
}

impl Machine for Plain<'_> {
    type Input = Input;
    type Output = Said;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Said>, StorageError> {
        step(&self.0.vault, loaded, seed, |tx| {
            let mut ctx = Context::new(self.0, now, tx);
            let said = run(&mut ctx, input).map_err(Stop::<StorageError>::from)?;
            let posts = ctx.frames.into_iter().map(|post| Said::Post(Box::new(post)));
            let others = ctx.send.into_iter().map(Said::Other);
            Ok(said.into_iter().chain(posts).chain(others).collect())
        })
    }
}

fn run(ctx: &mut Context<'_, '_>, input: &Input) -> Result<Option<Said>, Interrupt> {
    match input {
        Input::Peer(frame) => {
            let reply = link::receive(ctx, &authentic(frame.clone()))?;
            return Ok(reply.map(|reply| Said::Reply(Box::new(reply))));
        }
        Input::PeerReply { request, reply: Some(frame), .. } if frame.reply_to == Some(*request) => {
            link::receive_reply(ctx, &authentic(frame.clone()))?;
        }
        Input::PeerReply { to, request, .. } => link::unreachable(ctx, to, *request)?,
        Input::Introduce(domain, bound) => link::introduce(ctx, domain, bound)?,
        Input::Submit { by, request, to, item } => {
            let Ok(encoded) = item.encode() else { return Ok(Some(Said::Taken(false))) };
            let recipient = Recipient::of(&item.kind);
            let parcel = Parcel { submitter: *by, request: *request, id: item.id, recipient, item: encoded };
            let enqueued = link::enqueue(ctx, to, parcel)?;
            return Ok(Some(Said::Taken(matches!(enqueued, Enqueued::Taken { .. }))));
        }
        Input::Mailboxes(operation) => {
            return Ok(Some(Said::Mailboxes(Box::new(mailboxes::run(ctx, operation)?))));
        }
        Input::Resume(domain) => link::resume(ctx, domain)?,
        Input::Wake => machine::wake(ctx)?,
    }
    Ok(None)
}
