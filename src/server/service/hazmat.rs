//! Directory and service without the frames around them, for tests, simulations and attackers: whoever calls says who it is.

use super::{AskBlob, Hello, Refused, SessionToken, SignedBlobGrant, SignedHello, blob, session};
use crate::crypto::random::Seed;
use crate::identity::address::Address;
use crate::identity::ids::AccountId;
use crate::server::frame::{Answer, Claim, Lookup};
use crate::server::{Context, Origin, Output, Pseudonym, Server, Submitter, directory, mailbox};
use crate::storage::{Interrupt, Loaded, Machine, Step, Stop, StorageError, step, timer};
use crate::time::Timestamp;
use crate::wire::EncodeError;

/// A token for a device, until a time. §8.2.
pub fn session_token(server: &Server, who: Submitter, expires: Timestamp) -> SessionToken {
    session::issue(server, who, expires)
}

/// Whose token it is, if the server made it and it holds. §8.2.
pub fn session_of(server: &Server, token: &SessionToken, now: Timestamp) -> Option<Submitter> {
    session::read(server, token, now)
}

/// What a hello says, if it is for the server and of this time. Whose signature it has is not looked at. §8.2.
pub fn open_hello(server: &Server, signed: &SignedHello, now: Timestamp) -> Result<Hello, Refused> {
    session::opened(server, now, signed)
}

/// How the server names a user towards an address. §8.5.
pub fn pseudonym(server: &Server, account: AccountId, address: &Address) -> Pseudonym {
    super::pseudonym::of(server, account, address)
}

/// The permission to upload a blob. §8.7.
pub fn blob_grant(server: &Server, ask: AskBlob, now: Timestamp) -> Result<SignedBlobGrant, EncodeError> {
    blob::grant(server, ask, now)
}

/// What a server does for its users, as a machine of its own.
#[derive(Debug)]
pub struct Service<'a>(pub &'a Server);

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A device sends a request.
    Client(Vec<u8>),
    /// Somebody looks up an address.
    Lookup(Origin, Lookup),
    /// Somebody claims prekeys.
    Claim(Origin, Claim),
    /// The operator invites whoever has this code, until a time.
    Invite([u8; 16], Timestamp),
    /// Up to 16 timers that are due.
    Wake,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing to tell.
    Done,
    /// The response to a device.
    Response(Vec<u8>),
    /// The answer to a question.
    Answer(Box<Answer>),
    /// How many timers were due.
    Woken(usize),
    /// What the server wants done.
    Output(Output),
}

impl Machine for Service<'_> {
    type Input = Call;
    type Output = Told;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Call,
    ) -> Result<Step<Told>, StorageError> {
        step(&self.0.vault, loaded, seed, |transaction| {
            let mut ctx = Context::new(self.0, now, transaction);
            let told = run(&mut ctx, input).map_err(Stop::<StorageError>::from)?;
            Ok(core::iter::once(told).chain(ctx.send.into_iter().map(Told::Output)).collect())
        })
    }
}

fn run(ctx: &mut Context<'_, '_>, input: &Call) -> Result<Told, Interrupt> {
    Ok(match input {
        Call::Client(request) => Told::Response(super::answer(ctx, request)?),
        Call::Lookup(origin, lookup) => Told::Answer(Box::new(directory::lookup(ctx, origin, lookup)?)),
        Call::Claim(origin, claim) => Told::Answer(Box::new(directory::claim(ctx, origin, claim)?)),
        Call::Invite(code, until) => {
            directory::invite(ctx, code, *until)?;
            Told::Done
        }
        Call::Wake => {
            let taken = timer::take_due(ctx.tx, ctx.now, 16)?;
            for timer in &taken.timers {
                super::due(ctx, timer)?;
            }
            mailbox::due(ctx, &taken.timers)?;
            Told::Woken(taken.timers.len())
        }
    })
}
