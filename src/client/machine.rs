//! One device as a machine. `docs/PROTOCOL.md` §11.

use core::fmt;

use super::account::{ClientAccount, Me, Registration};
use super::command::{self, Command};
use super::context::Context;
use super::error::{ClientError, Stopped, refuse};
use super::record::CommandId;
use super::state::ClientState;
use super::{connect, drain, errand, notice, outgoing, receipts, waiting};
use crate::content::DeliveryToken;
use crate::crypto::random::Seed;
use crate::handshake::OwnManifest;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::{Address, Domain};
use crate::identity::chain::{Author, Subject as _};
use crate::identity::device::DeviceSecret;
use crate::identity::ids::RequestId;
use crate::identity::recovery::RecoveryKey;
use crate::session;
use crate::storage::timer::{Timer, take_due};
use crate::storage::{Interrupt, Loaded, Machine, Step, Transaction, Vault, step};
use crate::time::{Span, Timestamp};

/// How long a manifest is fresh.
pub(super) const FRESH: Span = Span::from_days(7);
/// What the owner of the timer begins with at which is looked after the connection, and of that at which a greeting is repeated.
pub(super) const TEND: u8 = 0x62;
pub(super) const GREET: u8 = 0x65;

/// One device. It has no state: all of that is in the store that its vault seals.
pub struct Client {
    vault: Vault,
}

/// An account to be created, with this as its first device.
pub struct Create {
    /// Under which address.
    pub address: Address,
    /// The key that goes on paper: draw it, show its [phrase](RecoveryKey::phrase), and forget it when the account is registered.
    pub recovery: RecoveryKey,
    /// What the operator has given, if registering needs that.
    pub invite: Option<[u8; 16]>,
}

/// What happens to a device.
#[derive(Debug)]
pub enum Input {
    /// An account is to be created in this empty store.
    Create(Box<Create>),
    /// The application wants something.
    Command(CommandId, Command),
    /// What has come is to be fetched; the device would wait for so long if there is nothing.
    Fetch {
        /// How long, at most 55 seconds.
        wait: Span,
    },
    /// What came of an [`Output::Post`]: the body of the response, or `None` if there is none.
    Posted {
        /// Its name.
        request: RequestId,
        /// What came back.
        response: Option<Vec<u8>>,
    },
    /// What came of an [`Output::Fetch`]: the body, or `None` if there is none.
    Fetched {
        /// What came back.
        document: Option<Vec<u8>>,
    },
    /// Something may be due. Always the first input after a start.
    Wake,
}

/// What a device wants done once its step is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A request for the server of the own domain, §8.
    Post {
        /// Names the outcome.
        request: RequestId,
        /// The body.
        body: Vec<u8>,
    },
    /// The [discovery document](crate::server::discovery) of the own domain, from the host of that name and nowhere else.
    Fetch {
        /// The domain.
        domain: Domain,
    },
    /// The same input again: there is more in it than one step does.
    Again,
}

impl Client {
    /// The device whose store this vault seals.
    pub const fn new(vault: Vault) -> Self {
        Self { vault }
    }

    pub(super) const fn vault(&self) -> &Vault {
        &self.vault
    }
}

impl Machine for Client {
    type Input = Input;
    type Output = Output;
    type Refused = ClientError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Output>, ClientError> {
        step(&self.vault, loaded, seed, |tx| match input {
            Input::Create(create) => found(tx, create, now),
            input => run(tx, input, now),
        })
    }
}

/// Founds an account.
fn found(tx: &mut Transaction<'_>, create: &Create, now: Timestamp) -> Result<Vec<Output>, Stopped> {
    let mut slot = tx.read::<ClientAccount>(ClientAccount::key(tx.vault()))?;
    let state_slot = tx.read::<ClientState>(ClientState::key(tx.vault()))?;
    if let Some(mut there) = slot.take() {
        // Another one needs another store.
        if there.address != create.address {
            return Err(refuse(ClientError::NoAccount));
        }
        if there.registration != Registration::Refused {
            tx.already_done();
            return Ok(Vec::new());
        }
        // Perhaps there is an invitation now, or the address is free.
        (there.registration, there.invite) = (Registration::Wanted, create.invite);
        tx.put(slot, &there)?;
        Timer { owner: vec![GREET], due: now, set: now }.start(None, tx)?;
        return Ok(Vec::new());
    }
    let secret = DeviceSecret::generate(tx.rng()).map_err(refuse)?;
    let by = Author { key: create.recovery.signing(), issued_at: now, refresh_after: now.plus(FRESH) };
    let account = Verified::<Account>::found(&by, &secret).map_err(refuse)?;
    let own = OwnManifest::new(&account, secret.id()).map_err(session::SessionError::from).map_err(refuse)?;
    let kept = ClientAccount {
        address: create.address.clone(),
        secret,
        manifest: account.manifest(),
        manifests: vec![own],
        own_token: DeliveryToken::generate(tx.rng()).map_err(refuse)?,
        registration: Registration::Wanted,
        invite: create.invite,
        server: None,
        certificate: None,
    };
    tx.put(slot, &kept)?;
    tx.put(state_slot, &ClientState::new())?;
    Timer { owner: vec![TEND], due: now, set: now }.start(None, tx)?;
    Ok(Vec::new())
}

fn run(tx: &mut Transaction<'_>, input: &Input, now: Timestamp) -> Result<Vec<Output>, Stopped> {
    let mut slot = tx.read::<ClientAccount>(ClientAccount::key(tx.vault()))?;
    let me = Me::new(slot.take().ok_or_else(|| refuse(ClientError::NoAccount))?)?;
    let mut ctx = Context::new(&me, now, tx)?;
    match input {
        Input::Create(_) => {}
        Input::Command(id, command) => command::run(&mut ctx, *id, command)?,
        Input::Fetch { wait } => drain::fetch(&mut ctx, *wait)?,
        Input::Posted { request, response } => posted(&mut ctx, *request, response.as_deref())?,
        Input::Fetched { document } => connect::document(&mut ctx, document.as_deref())?,
        Input::Wake => wake(&mut ctx)?,
    }
    Ok(ctx.finish()?)
}

fn posted(ctx: &mut Context<'_, '_>, request: RequestId, response: Option<&[u8]>) -> Result<(), Stopped> {
    match (errand::number(request), request.as_bytes().first()) {
        (0, Some(&drain::NAME)) => drain::drained(ctx, request, response),
        (0, _) => connect::greeted(ctx, request, response),
        _ => errand::posted(ctx, request, response),
    }
}

/// One timer that is due; if there are more, the next wake is at once.
fn wake(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    for timer in take_due(ctx.tx, ctx.now, 1)?.timers {
        due(ctx, &timer)?;
    }
    Ok(ctx.tx.measure().map_err(Interrupt::from)?)
}

fn due(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<(), Stopped> {
    let tended = super::error::lift(session::tend(&mut ctx.session(), timer))?;
    if let Some(notices) = tended {
        return notice::heed(ctx, notices);
    }
    match timer.owner.split_first() {
        Some((&TEND, _)) => connect::tend(ctx),
        Some((&GREET, _)) => connect::greet_again(ctx),
        Some((&errand::TIMER, number)) => match number.try_into() {
            Ok(number) => errand::due(ctx, u64::from_be_bytes(number), timer.set > ctx.now),
            Err(_) => Ok(()),
        },
        Some((&receipts::TIMER, account)) => receipts::due(ctx, account),
        Some((&waiting::TIMER, account)) => waiting::due(ctx, account),
        Some((&outgoing::TIMER, id)) => waiting::expire(ctx, id),
        _ => Ok(()),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl fmt::Debug for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Create({})", self.address)
    }
}
