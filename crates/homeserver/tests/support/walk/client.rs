//! Accounts and devices as far as a server sees them: what an item holds is random, and nobody encrypts it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account as Chain;
use sottovoce::identity::chain::{Author, Order, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId, ServerId};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::server::discovery::SignedDiscovery;

use sottovoce::server::mailbox::{Drained, MailboxCursor, TokenChange, What};
use sottovoce::server::service::{
    Destination, Hello, Operation, Outcome, Refused, Register, Request, Response, SessionToken, SignedHello,
    Submit, SubmitItem, Submitted,
};
use sottovoce::server::{Code, DeviceItem, ItemId, Status, Token};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::dice::Dice;
use super::stage::{Home, Place};
use super::support::call;
use super::{Arrived, Failure};

/// Devices of an account.
const DEVICES: usize = 2;
/// Items of one submission.
const BATCH: usize = 10;
/// Items that a device has under way. With fewer than its server loses when it is put back, there are some that only the device has.
const WINDOW: usize = 20;
/// Without any word on an item for so long, it is submitted again. Longer than a link waits at first after a failure.
const SILENCE: Duration = Duration::from_secs(12);

/// What somebody needs to send to an account.
#[derive(Debug)]
pub struct Invitation {
    domain: &'static str,
    token: Token,
    order: Order,
    devices: Vec<DeviceId>,
}

/// An account with its devices.
#[derive(Debug)]
pub struct Account {
    manifest: Verified<Chain>,
    domain: &'static str,
    token: Token,
    pub devices: Vec<Device>,
}

/// An item on its way: to whom, and whether the server has it as far as is known.
#[derive(Debug)]
struct Outgoing {
    to: &'static str,
    item: DeviceItem,
    payload: Option<Arc<(ItemId, Vec<u8>)>>,
    content: Hash,
    submitted: Option<Instant>,
}

/// A request, and the items in it.
type Submission = (Vec<u8>, Vec<ItemId>);

/// A device. It keeps what it has sent until it has heard what became of it.
#[derive(Debug)]
pub struct Device {
    /// Whose: alice's or bob's.
    side: usize,
    secret: DeviceSecret,
    account: AccountId,
    server: ServerId,
    place: Place,
    dice: Dice,
    session: Option<SessionToken>,
    /// A submission of which the answer is not known. It is sent again as it is.
    open: Option<Submission>,
    cursor: MailboxCursor,
    rest_until: Option<Instant>,
    outgoing: BTreeMap<ItemId, Outgoing>,
    unsent: VecDeque<ItemId>,
    /// By id, what was fetched.
    pub got: BTreeMap<ItemId, Hash>,
    pub settled: BTreeMap<ItemId, Status>,
    pub twice: u64,
    pub resubmitted: u64,
    pub silent: u64,
    pub set_back: u64,
}

#[expect(clippy::disallowed_methods, reason = "a client has a clock")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(since.as_millis().try_into().unwrap_or(u64::MAX))
}

fn rng(dice: &mut Dice) -> Result<Generator, Failure> {
    let halves = [dice.id(), dice.id()];
    Ok(Seed::from_bytes(*halves.as_flattened().first_chunk().ok_or("32 bytes")?)?.into_generator())
}

impl Account {
    /// Founds an account, registers it with its first device, and lets all of them say hello.
    pub fn register(address: &str, home: &Home, side: usize, dice: &mut Dice) -> Result<Self, Failure> {
        let place = home.place.lock().unwrap().ok_or("the server does not run")?;
        let (_, document) = call(place, "GET", "/.well-known/sottovoce", b"")?;
        let bound = SignedDiscovery::decode(&document)?.verify(&home.domain.parse()?, now())?;
        let secrets = (0..DEVICES).map(|_| DeviceSecret::generate(&mut rng(dice)?).map_err(Failure::from));
        let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
        let manifest = found(&secrets, dice)?;
        let device = |secret, dice: &mut Dice| Device {
            side,
            secret,
            account: manifest.id(),
            server: bound.server().id(),
            place: Arc::clone(&home.place),
            dice: Dice(dice.next()),
            session: None,
            open: None,
            cursor: MailboxCursor::default(),
            rest_until: None,
            outgoing: BTreeMap::new(),
            unsent: VecDeque::new(),
            got: BTreeMap::new(),
            settled: BTreeMap::new(),
            twice: 0,
            resubmitted: 0,
            silent: 0,
            set_back: 0,
        };
        let mut devices: Vec<_> = secrets.into_iter().map(|secret| device(secret, dice)).collect();
        let first = devices.first_mut().ok_or("an account without devices")?;
        let register = Register {
            hello: first.hello(Some(address))?,
            manifest: manifest.manifest(),
            invite: None,
            certificate: None,
            findable: true,
        };
        match first.ask(Operation::Register(Box::new(register)))? {
            Outcome::Welcome(_) => {}
            other => return Err(format!("not registered: {other:?}").into()),
        }
        for device in &mut devices {
            device.greet()?;
        }
        Ok(Self { manifest, domain: home.domain, token: Token::from_bytes(dice.id()), devices })
    }

    /// Makes a token for others, and what they need besides.
    pub fn give(&mut self) -> Result<Invitation, Failure> {
        let change = Operation::Token(TokenChange::Add(self.token));
        let device = self.devices.first_mut().ok_or("an account without devices")?;
        match device.ask(change)? {
            Outcome::Done => {}
            other => return Err(format!("no token: {other:?}").into()),
        }
        Ok(Invitation {
            domain: self.domain,
            token: self.token,
            order: self.manifest.order(),
            devices: self.devices.iter().map(Device::id).collect(),
        })
    }

    /// Decides what each device is to send: bodies of all sizes, a third of them with a payload that some share.
    pub fn plan(&mut self, to: &Invitation, items: u32, dice: &mut Dice) {
        for device in &mut self.devices {
            let mut payload = None;
            for number in 0..items {
                if number % 12 == 0 {
                    let length = 1 + dice.below(20_000);
                    payload = Some(Arc::new((ItemId::from_bytes(dice.id()), dice.bytes(length))));
                }
                let payload = payload.clone().filter(|_| dice.below(3) == 0);
                device.plan(to, payload, dice);
            }
        }
    }
}

fn found(secrets: &[DeviceSecret], dice: &mut Dice) -> Result<Verified<Chain>, Failure> {
    let recovery = RecoveryKey::generate(&mut rng(dice)?)?;
    let at = |key| Author { key, issued_at: now(), refresh_after: now().plus(Span::from_days(30)) };
    let first = secrets.first().ok_or("an account without devices")?;
    let founded = Verified::<Chain>::found(&at(recovery.signing()), first)?;
    let mut draft = Draft::after(&founded);
    for secret in secrets.iter().skip(1) {
        draft.add(secret.possess(founded.id()), Capabilities::MANAGE)?;
    }
    Ok(if secrets.len() > 1 { draft.sign(&at(first.signing()))? } else { founded })
}

impl Device {
    pub const fn id(&self) -> DeviceId {
        self.secret.id()
    }

    /// Everything that it ever had to send: to which device, and what.
    pub fn sent(&self) -> impl Iterator<Item = (ItemId, (DeviceId, Hash))> {
        self.outgoing.iter().map(|(id, outgoing)| (*id, (outgoing.item.device, outgoing.content)))
    }

    fn plan(&mut self, to: &Invitation, payload: Option<Arc<(ItemId, Vec<u8>)>>, dice: &mut Dice) {
        let length = 1 + dice.below(2_000);
        let body = dice.bytes(length);
        let hash = payload.as_ref().map(|payload| Hash::of(&payload.1));
        let content = content(&body, hash);
        let device = to.devices[usize::try_from(dice.below(to.devices.len() as u64)).unwrap_or(0)];
        let item = DeviceItem { token: to.token, device, order: to.order, payload: hash, body };
        let id = ItemId::from_bytes(dice.id());
        self.outgoing.insert(id, Outgoing { to: to.domain, item, payload, content, submitted: None });
        self.unsent.push_back(id);
    }

    /// Sends and fetches until all has arrived everywhere, or it is told to stop.
    pub fn run(&mut self, arrived: &Arrived, done: &AtomicBool, forgetful: bool) -> Result<(), Failure> {
        while !done.load(Ordering::SeqCst) {
            if self.settled.len() == self.outgoing.len() && arrived.reaches(100) {
                return Ok(());
            }
            if self.session.is_none() {
                self.greet()?;
            }
            if self.rest_until.is_none_or(|until| Instant::now() > until) {
                self.submit()?;
            }
            self.drain(arrived, forgetful)?;
        }
        Ok(())
    }

    /// Says hello until there is a session. A server that does not run is waited for.
    fn greet(&mut self) -> Result<(), Failure> {
        let hello = self.hello(None)?;
        match self.ask(Operation::Hello(hello))? {
            Outcome::Welcome(welcome) => self.session = Some(welcome.session),
            Outcome::Pending(_) => {}
            other => return Err(format!("no welcome: {other:?}").into()),
        }
        Ok(())
    }

    fn hello(&mut self, address: Option<&str>) -> Result<SignedHello, Failure> {
        let hello = Hello {
            server: self.server,
            account: self.account,
            device: self.id(),
            time: now(),
            nonce: self.dice.id(),
            address: address.map(str::parse).transpose()?,
        };
        Ok(hello.sign(self.secret.signing())?)
    }

    /// Asks, and gives what came of it; [`Outcome::Pending`] also if the server did not answer.
    fn ask(&mut self, operation: Operation) -> Result<Outcome, Failure> {
        let request = RequestId::from_bytes(self.dice.id());
        let request = Request { request, session: self.session, operation }.encode()?;
        self.post(&request)
    }

    fn post(&mut self, request: &[u8]) -> Result<Outcome, Failure> {
        let place = *self.place.lock().unwrap();
        let answer = place.map(|place| call(place, "POST", "/sottovoce/1/client", request));
        match answer {
            Some(Ok((200, body))) => {
                let outcome = Response::decode(&body)?.outcome;
                if outcome == Outcome::Refused(Refused::Session) {
                    self.session = None;
                    return Ok(Outcome::Pending(Span::default()));
                }
                Ok(outcome)
            }
            Some(Ok((503, _)) | Err(_)) | None => {
                thread::sleep(Duration::from_millis(20));
                Ok(Outcome::Pending(Span::default()))
            }
            Some(Ok((status, _))) => Err(format!("status {status}").into()),
        }
    }

    fn submit(&mut self) -> Result<(), Failure> {
        if self.open.is_none() && self.under_way() < WINDOW {
            self.open = self.next_batch()?;
        }
        let Some((request, ids)) = self.open.take() else { return Ok(()) };
        match self.post(&request)? {
            Outcome::Submitted(results) if results.len() == ids.len() => {
                for (id, result) in ids.into_iter().zip(results) {
                    self.took(id, result);
                }
            }
            Outcome::Refused(Refused::Busy(after)) => {
                self.open = Some((request, ids));
                self.rest(after);
            }
            // With a session that holds it is another request.
            Outcome::Pending(_) if self.session.is_none() => self.unsent.extend(ids),
            Outcome::Pending(_) => self.open = Some((request, ids)),
            other => return Err(format!("not submitted: {other:?}").into()),
        }
        Ok(())
    }

    /// Items that its server has and has said nothing of.
    fn under_way(&self) -> usize {
        let waits = |(id, outgoing): &(&ItemId, &Outgoing)| {
            outgoing.submitted.is_some() && !self.settled.contains_key(id)
        };
        self.outgoing.iter().filter(waits).count()
    }

    fn took(&mut self, id: ItemId, result: Submitted) {
        match result {
            Submitted::Queued { .. } => {
                if let Some(outgoing) = self.outgoing.get_mut(&id) {
                    outgoing.submitted = Some(Instant::now());
                }
            }
            Submitted::Decided(verdict) => match verdict.code {
                Code::Busy(after) => {
                    self.unsent.push_back(id);
                    self.rest(after);
                }
                Code::Accepted => self.settle(id, Status::Delivered),
                Code::Refused(reason) => self.settle(id, Status::Refused(reason)),
                Code::Gone => self.settle(id, Status::Gone),
            },
        }
    }

    fn rest(&mut self, after: Span) {
        self.rest_until = Some(Instant::now() + Duration::from_millis(after.as_millis().min(2_000)));
    }

    /// Items that are not with the server, with the one payload that they may name.
    fn next_batch(&mut self) -> Result<Option<Submission>, Failure> {
        let mut payload: Option<Arc<(ItemId, Vec<u8>)>> = None;
        let (mut items, mut ids, mut later) = (Vec::new(), Vec::new(), VecDeque::new());
        while ids.len() < BATCH
            && let Some(id) = self.unsent.pop_front()
        {
            let Some(outgoing) = self.outgoing.get(&id).filter(|_| !self.settled.contains_key(&id)) else {
                continue;
            };
            match (&payload, &outgoing.payload) {
                (Some(one), Some(other)) if one.0 != other.0 => {
                    later.push_back(id);
                    continue;
                }
                (None, Some(one)) => payload = Some(Arc::clone(one)),
                _ => {}
            }
            let to = Destination::Device { domain: outgoing.to.parse()?, item: outgoing.item.clone() };
            items.push(SubmitItem { id, to });
            ids.push(id);
        }
        self.unsent.extend(later);
        if ids.is_empty() {
            return Ok(None);
        }
        let payload = payload.map(|payload| payload.as_ref().clone());
        let operation = Operation::Submit(Submit { payload, items });
        let request = RequestId::from_bytes(self.dice.id());
        Ok(Some((Request { request, session: self.session, operation }.encode()?, ids)))
    }

    fn drain(&mut self, arrived: &Arrived, forgetful: bool) -> Result<(), Failure> {
        let wait = if self.unsent.is_empty() && self.open.is_none() {
            Span::from_millis(500)
        } else {
            Span::default()
        };
        match self.ask(Operation::Drain { cursor: self.cursor, max: 100, wait })? {
            Outcome::Drained(drained) => self.take(*drained, arrived, forgetful),
            Outcome::Refused(Refused::Busy(after)) => self.rest(after),
            Outcome::Pending(_) => {}
            other => return Err(format!("not drained: {other:?}").into()),
        }
        Ok(())
    }

    fn take(&mut self, drained: Drained, arrived: &Arrived, forgetful: bool) {
        // What is taken is kept before the cursor says so.
        for entry in drained.entries {
            match entry.what {
                What::Item(item) => {
                    let is_there = item
                        .payload
                        .is_none_or(|hash| drained.payloads.iter().any(|body| Hash::of(body) == hash));
                    // Without its payload it is not the item that was sent.
                    let content = content(&item.body, item.payload.filter(|_| is_there));
                    if self.got.insert(item.id, content).is_some() {
                        self.twice += 1;
                    } else {
                        arrived.one(self.side);
                    }
                }
                What::Status(status) => self.settle(status.id, status.status),
            }
        }
        self.cursor = drained.next;
        if drained.lost {
            self.set_back += 1;
            // The server was put back to a time when it did not have what it had.
            let again = self.unsettled(|_| true);
            if !forgetful {
                self.resubmitted += again.len() as u64;
                self.unsent.extend(again);
            }
        }
        let silent = self.unsettled(|submitted| !forgetful && submitted.elapsed() > SILENCE);
        self.silent += silent.len() as u64;
        self.unsent.extend(silent);
    }

    /// Items that the server has, as far as is known, and that are to be submitted again.
    fn unsettled(&mut self, which: impl Fn(&Instant) -> bool) -> Vec<ItemId> {
        let settled = &self.settled;
        let of = self.outgoing.iter_mut().filter(|(id, _)| !settled.contains_key(*id));
        let of = of.filter(|(_, outgoing)| outgoing.submitted.as_ref().is_some_and(&which));
        of.map(|(id, outgoing)| {
            outgoing.submitted = None;
            *id
        })
        .collect()
    }

    fn settle(&mut self, id: ItemId, status: Status) {
        match status {
            Status::Waiting(_) => {}
            // Nobody knows: it may be sent once more, since its id is known to whoever has it.
            Status::Uncertain | Status::Expired => {
                if let Some(outgoing) = self.outgoing.get_mut(&id)
                    && outgoing.submitted.take().is_some()
                {
                    self.resubmitted += 1;
                    self.unsent.push_back(id);
                }
            }
            // A payload has a status too, on which nothing depends here.
            _ if self.outgoing.contains_key(&id) => {
                self.settled.entry(id).or_insert(status);
            }
            _ => {}
        }
    }
}

fn content(body: &[u8], payload: Option<Hash>) -> Hash {
    let payload = payload.map_or([0; 32], |hash| *hash.as_bytes());
    Hash::of(&[body, &payload].concat())
}
