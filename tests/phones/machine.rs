//! The steps of a device, as a machine over a store.

use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::random::Seed;
use sottovoce::handshake::OwnBundle;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::prekeys::{ClaimAnswer, ClaimRequest};
use sottovoce::ratchet::Gap;
use sottovoce::session::{
    Arrival, Claimed, Context, DeviceSessions, Notice, OwnDevice, Received, Say, SealedFrame, SessionError,
    fan_out,
};
use sottovoce::storage::job::JobId;
use sottovoce::storage::timer::take_due;
use sottovoce::storage::{Loaded, Machine, Step, Stop, Vault, step};
use sottovoce::time::Timestamp;

use super::{Name, duplicate};

pub enum Input {
    Seal(Name, Option<(BlobPointer, [u8; 16])>, Option<Gap>),
    Begin(Name, Option<(BlobPointer, [u8; 16])>, ClaimRequest, Box<ClaimAnswer>, Address),
    BeginAll(AccountId, (BlobPointer, [u8; 16]), Vec<Offer>),
    Receive(Vec<u8>, Option<Vec<u8>>),
    Introduces(Vec<Name>),
    Learn(Box<Verified<Account>>),
    Decide(Name, bool),
    Unknown(AccountId),
    Look(Name),
    FanOut(JobId, BlobPointer, [u8; 16], Vec<AccountId>),
    KeepPrekeys(OwnBundle, Vec<sottovoce::identity::prekeys::OneTimeSecret>),
    Wake,
}

/// Prekeys of a device, as they were claimed.
#[derive(Clone)]
pub struct Offer {
    pub request: ClaimRequest,
    pub answer: ClaimAnswer,
    pub address: Address,
}

#[derive(Debug)]
pub enum Output {
    Frame(SealedFrame),
    Frames(Vec<Result<SealedFrame, SessionError>>),
    Received(Received),
    Introduces(bool),
    Notices(Vec<Notice>),
    Sessions(Box<DeviceSessions>),
    Progress(fan_out::Progress),
}

pub struct Device<'a> {
    pub vault: &'a Vault,
    pub own: OwnDevice<'a>,
}

impl Machine for Device<'_> {
    type Input = Input;
    type Output = Output;
    type Refused = SessionError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Output>, SessionError> {
        step(self.vault, loaded, seed, |tx| {
            let mut ctx = Context { own: self.own, now, tx };
            Self::body(&mut ctx, input).map(|output| vec![output])
        })
    }
}

impl Device<'_> {
    fn body(ctx: &mut Context<'_, '_>, input: &Input) -> Result<Output, Stop<SessionError>> {
        use sottovoce::session as s;
        let say = |shared: &'_ Option<(BlobPointer, [u8; 16])>| {
            shared.as_ref().map(|(pointer, reference)| (duplicate(pointer), *reference))
        };
        Ok(match input {
            Input::Seal(to, shared, repairs) => {
                let shared = say(shared);
                let shared = shared.as_ref().map(|(pointer, reference)| (pointer, *reference));
                Output::Frame(s::seal(ctx, *to, &Say { shared, repairs: *repairs })?)
            }
            Input::Begin(to, shared, request, answer, address) => {
                let shared = say(shared);
                let shared = shared.as_ref().map(|(pointer, reference)| (pointer, *reference));
                let say = Say { shared, repairs: None };
                Output::Frame(s::begin(ctx, *to, &Claimed { request, answer, address }, &say)?.0)
            }
            Input::BeginAll(account, shared, offers) => Self::begin_all(ctx, *account, shared, offers)?,
            Input::Receive(frame, blob) => {
                Output::Received(s::receive(ctx, &Arrival { frame, blob: blob.as_deref() })?)
            }
            Input::Introduces(to) => Output::Introduces(s::needs_introduction(ctx, to)?),
            Input::Learn(account) => Output::Notices(s::learn(ctx, (**account).clone(), None)?),
            Input::Decide(name, believed) => {
                s::decide(ctx, *name, *believed)?;
                Output::Notices(Vec::new())
            }
            Input::Unknown(account) => Output::Notices(s::unknown_tag(ctx, *account)?),
            Input::Look((account, device)) => {
                let key = DeviceSessions::key(ctx.tx.vault(), *account, *device);
                let sessions = ctx.tx.read::<DeviceSessions>(key)?;
                let none = Stop::Refused(SessionError::NoSession);
                Output::Sessions(Box::new(sessions.value().cloned().ok_or(none)?))
            }
            Input::KeepPrekeys(bundle, pairs) => {
                s::keep_bundle(ctx.tx, bundle, ctx.now)?;
                s::keep_stock(ctx.tx, pairs, ctx.now)?;
                Output::Notices(Vec::new())
            }
            Input::FanOut(id, pointer, reference, accounts) => {
                fan_out::start(ctx, *id, (pointer, *reference), accounts)?;
                Output::Notices(Vec::new())
            }
            Input::Wake => {
                let taken = take_due(ctx.tx, ctx.now, 1)?;
                let mut notices = Vec::new();
                for timer in &taken.timers {
                    if let Some(id) = JobId::of(timer)
                        && let Some(running) = fan_out::job(ctx.tx, id)?
                    {
                        return Ok(Output::Progress(fan_out::go_on(ctx, id, running)?));
                    }
                    notices.extend(s::tend(ctx, timer)?.unwrap_or_default());
                }
                Output::Notices(notices)
            }
        })
    }

    fn begin_all(
        ctx: &mut Context<'_, '_>,
        account: AccountId,
        (pointer, reference): &(BlobPointer, [u8; 16]),
        offers: &[Offer],
    ) -> Result<Output, Stop<SessionError>> {
        let claimed = offers
            .iter()
            .map(|Offer { request, answer, address }| (request.device, Claimed { request, answer, address }));
        let claimed: Vec<_> = claimed.collect();
        let devices: Vec<_> = claimed.iter().map(|(device, claimed)| (*device, claimed)).collect();
        let say = Say { shared: Some((pointer, *reference)), repairs: None };
        let begun = sottovoce::session::begin_all(ctx, account, &devices, &say)?;
        Ok(Output::Frames(begun.into_iter().map(|one| one.map(|(frame, _)| frame)).collect()))
    }
}
