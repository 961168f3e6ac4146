//! Devices with sessions, real cryptography and a store each, for tests and simulations.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::needless_pass_by_value, reason = "inputs are made for one call")]

use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::handshake::{OwnBundle, OwnManifest};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::{Author, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, OneTime, OneTimePair, SignedBundle, SignedStock, Stock,
};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::ratchet::Gap;
use sottovoce::session::{
    DeviceSessions, Introduction, Notice, OwnDevice, Received, SealedFrame, SessionError, SharedBody, fan_out,
};
use sottovoce::storage::job::JobId;
use sottovoce::storage::{Effects, Machine as _, MemoryStore, RunError, Step, Store as _, Vault, run};
use sottovoce::time::{Span, Timestamp};

mod machine;

use machine::Device;
pub use machine::{Input, Offer, Output};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub type Name = (AccountId, DeviceId);

pub fn generator(number: u64) -> Generator {
    let mut seed = [0x5e; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(seed).unwrap().into_generator()
}

pub fn hours(hours: u64) -> Span {
    Span::from_secs(hours * 3_600)
}

fn at(key: &sottovoce::crypto::hybrid::SecretKey, now: Timestamp) -> Author<'_> {
    Author { key, issued_at: now, refresh_after: now.plus(Span::from_days(7)) }
}

/// A person: an account and the seeds of its devices.
pub struct Person {
    pub account: Verified<Account>,
    pub devices: Vec<DeviceSecret>,
    pub address: Address,
}

impl Person {
    pub fn new(name: &str, devices: u64) -> Self {
        let salt = Hash::of(name.as_bytes()).truncated::<8>();
        let salt = u64::from_be_bytes(salt);
        let recovery = RecoveryKey::generate(&mut generator(salt)).unwrap();
        let first = DeviceSecret::generate(&mut generator(salt ^ 1)).unwrap();
        let account = Verified::<Account>::found(&at(recovery.signing(), NOW), &first).unwrap();
        let mut person =
            Self { account, devices: vec![first], address: format!("{name}@x.example").parse().unwrap() };
        for number in 2..=devices {
            person.add(DeviceSecret::generate(&mut generator(salt ^ (number << 8))).unwrap());
        }
        person
    }

    pub fn add(&mut self, device: DeviceSecret) {
        let mut draft = Draft::after(&self.account);
        draft.add(device.possess(self.account.id()), Capabilities::NONE).unwrap();
        let next = draft.sign(&at(self.devices[0].signing(), NOW)).unwrap();
        self.account = next;
        self.devices.push(device);
    }

    pub fn remove(&mut self, device: usize) -> DeviceSecret {
        let secret = self.devices.remove(device);
        let mut draft = Draft::after(&self.account);
        assert!(draft.remove(secret.id()));
        self.account = draft.sign(&at(self.devices[0].signing(), NOW)).unwrap();
        secret
    }

    pub fn name(&self, device: usize) -> Name {
        (self.account.id(), self.devices[device].id())
    }
}

/// One device with its store.
pub struct Phone {
    pub name: Name,
    pub account: Verified<Account>,
    pub secret: DeviceSecret,
    pub addresses: Vec<Address>,
    pub manifests: Vec<OwnManifest>,
    pub vault: Vault,
    pub store: MemoryStore,
    pub rng: Generator,
    pub now: Timestamp,
    pub bundle: SignedBundle,
    pub stock: SignedStock,
    pub pairs: Vec<OneTimePair>,
    requests: u64,
}

/// What is on its way to a device.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: Name,
    pub to: Name,
    pub frame: Vec<u8>,
    pub blob: Option<Vec<u8>>,
}

pub fn duplicate(pointer: &BlobPointer) -> BlobPointer {
    BlobPointer { key: pointer.key.duplicate(), hash: pointer.hash }
}

impl Phone {
    pub fn new(person: &Person, device: usize, seed: u64) -> Self {
        let secret_of = |secret: &DeviceSecret| {
            use sottovoce::wire::Wire as _;
            DeviceSecret::decode(&secret.encode().unwrap()).unwrap()
        };
        let secret = secret_of(&person.devices[device]);
        let mut rng = generator(seed);
        let validity = Validity::starting(NOW, LONGEST);
        let (bundle, bundle_secret) =
            Bundle::generate(&secret, &person.account, 1, validity, &mut rng).unwrap();
        let name = person.name(device);
        let (stock, pairs, secrets) = Stock::generate(name, 1, 4, validity, &mut rng).unwrap();
        let signed = bundle.sign(secret.signing()).unwrap();
        let own_bundle = OwnBundle::new(&signed, bundle_secret).unwrap();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_be_bytes());
        let mut phone = Self {
            name,
            account: person.account.clone(),
            manifests: vec![OwnManifest::new(&person.account, secret.id()).unwrap()],
            stock: stock.sign(secret.signing()).unwrap(),
            bundle: signed,
            secret,
            addresses: vec![person.address.clone()],
            vault: Vault::new(&Secret::new(key), b"phone"),
            store: MemoryStore::new(),
            rng,
            now: NOW,
            pairs,
            requests: 0,
        };
        phone.run(Input::KeepPrekeys(own_bundle, secrets)).unwrap();
        phone.learn(&person.account);
        phone
    }

    pub fn run(&mut self, input: Input) -> Result<Output, SessionError> {
        let own = OwnDevice {
            account: &self.account,
            secret: &self.secret,
            addresses: &self.addresses,
            manifests: &self.manifests,
        };
        let device = Device { vault: &self.vault, own };
        match run(&device, &mut self.store, self.now, &mut self.rng, &input) {
            Ok(mut released) => Ok(released.send.pop().unwrap()),
            Err(RunError::Refused(error)) => Err(error),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Decides on what is in the store now, and does not commit it.
    pub fn decide(&mut self, input: &Input) -> Effects<Output> {
        let own = OwnDevice {
            account: &self.account,
            secret: &self.secret,
            addresses: &self.addresses,
            manifests: &self.manifests,
        };
        let device = Device { vault: &self.vault, own };
        let mut wants = Vec::new();
        loop {
            let loaded = self.store.load(&wants).unwrap();
            match device.step(&loaded, self.now, Seed::draw(&mut self.rng).unwrap(), input).unwrap() {
                Step::Ready(effects) => return effects,
                Step::Load(more) => wants.extend(more),
            }
        }
    }

    /// What is kept of a device, if anything.
    pub fn look(&mut self, name: Name) -> Option<DeviceSessions> {
        match self.run(Input::Look(name)) {
            Ok(Output::Sessions(sessions)) => Some(*sessions),
            Err(SessionError::NoSession) => None,
            other => panic!("{other:?}"),
        }
    }

    /// th2 of the session in which it seals for a device.
    pub fn active(&mut self, name: Name) -> Option<Hash> {
        Some(self.look(name)?.lineage.active?.session)
    }

    /// Takes a newer manifest of its own account.
    pub fn update(&mut self, person: &Person) {
        self.account = person.account.clone();
        if let Ok(manifest) = OwnManifest::new(&person.account, self.secret.id()) {
            self.manifests.push(manifest);
        }
        self.learn(&person.account);
    }

    pub fn learn(&mut self, account: &Verified<Account>) -> Vec<Notice> {
        self.notices(Input::Learn(Box::new(account.clone())))
    }

    pub fn notices(&mut self, input: Input) -> Vec<Notice> {
        match self.run(input).unwrap() {
            Output::Notices(notices) => notices,
            other => panic!("{other:?}"),
        }
    }

    pub fn wake(&mut self) -> Vec<Notice> {
        let mut all = Vec::new();
        for _ in 0..8 {
            all.extend(self.notices(Input::Wake));
        }
        all
    }

    /// Seals content for all devices of these accounts and its own others: what every step came to, and the blob.
    pub fn fan_out(&mut self, content: &[u8], to: &[Name]) -> (Vec<fan_out::Progress>, Vec<u8>) {
        let (blob, pointer) = self.share(content, to);
        let mut accounts: Vec<_> = to.iter().map(|name| name.0).collect();
        accounts.dedup();
        self.requests += 1;
        let id = JobId(Hash::of(&self.requests.to_be_bytes()).truncated());
        self.run(Input::FanOut(id, pointer, reference(content), accounts)).unwrap();
        let mut steps = Vec::new();
        loop {
            match self.run(Input::Wake).unwrap() {
                Output::Progress(progress) => {
                    let is_done = progress.is_done;
                    steps.push(progress);
                    if is_done {
                        return (steps, blob);
                    }
                }
                // Another timer.
                Output::Notices(_) => {}
                other => panic!("{other:?}"),
            }
            self.now = self.now.plus(Span::from_millis(1));
        }
    }

    /// A claim of its prekeys that was answered.
    pub fn offer(&mut self) -> Offer {
        let (account, device) = self.name;
        let request = ClaimRequest { request: RequestId::from_bytes(*device.as_bytes()), account, device };
        let answer = self.claimed(&request);
        Offer { request, answer, address: self.addresses[0].clone() }
    }

    /// What a server would answer to a claim.
    pub fn claimed(&mut self, request: &ClaimRequest) -> ClaimAnswer {
        let one_time = self.pairs.pop().map(|pair| OneTime { stock: self.stock.clone(), pair });
        ClaimAnswer { request: request.request, bundle: self.bundle.clone(), one_time }
    }

    /// Seals content for all recipients, with an introduction if one of them needs it.
    pub fn share(&mut self, content: &[u8], to: &[Name]) -> (Vec<u8>, BlobPointer) {
        let needs = to.chunks(64).any(|some| match self.run(Input::Introduces(some.to_vec())).unwrap() {
            Output::Introduces(needs) => needs,
            other => panic!("{other:?}"),
        });
        let introduction =
            needs.then(|| Introduction { manifest: self.account.manifest(), certificate: None });
        let body = SharedBody {
            account: self.name.0,
            device: self.name.1,
            introduction,
            content: Some(content.to_vec()),
        };
        body.seal(&mut self.rng).unwrap()
    }

    fn mail(&self, frame: SealedFrame, blob: Option<Vec<u8>>) -> Mail {
        Mail { from: self.name, to: (frame.account, frame.device), frame: frame.frame, blob }
    }

    /// Seals in the session that there is.
    pub fn say(&mut self, to: Name, content: &[u8]) -> Result<Mail, SessionError> {
        self.say_again(to, content, None)
    }

    pub fn say_again(
        &mut self,
        to: Name,
        content: &[u8],
        repairs: Option<Gap>,
    ) -> Result<Mail, SessionError> {
        let (blob, pointer) = self.share(content, &[to]);
        match self.run(Input::Seal(to, Some((pointer, reference(content))), repairs))? {
            Output::Frame(frame) => Ok(self.mail(frame, Some(blob))),
            other => panic!("{other:?}"),
        }
    }

    /// A message that says nothing.
    pub fn nod(&mut self, to: Name) -> Result<Mail, SessionError> {
        match self.run(Input::Seal(to, None, None))? {
            Output::Frame(frame) => Ok(self.mail(frame, None)),
            other => panic!("{other:?}"),
        }
    }

    /// Begins a session, with another one there or not.
    pub fn begin(&mut self, to: &mut Phone, content: &[u8]) -> Result<Mail, SessionError> {
        let (blob, pointer) = self.share(content, &[to.name]);
        self.requests += 1;
        let request = RequestId::from_bytes(Hash::of(&self.requests.to_be_bytes()).truncated());
        let request = ClaimRequest { request, account: to.name.0, device: to.name.1 };
        let answer = to.claimed(&request);
        let address = to.addresses[0].clone();
        let shared = Some((pointer, reference(content)));
        match self.run(Input::Begin(to.name, shared, request, Box::new(answer), address))? {
            Output::Frame(frame) => Ok(self.mail(frame, Some(blob))),
            other => panic!("{other:?}"),
        }
    }

    pub fn receive(&mut self, mail: &Mail) -> Received {
        match self.run(Input::Receive(mail.frame.clone(), mail.blob.clone())).unwrap() {
            Output::Received(received) => received,
            other => panic!("{other:?}"),
        }
    }

    /// Receives what must open, and gives its content.
    pub fn hears(&mut self, mail: &Mail) -> sottovoce::session::Message {
        match self.receive(mail) {
            Received::Message(message) => *message,
            Received::Refused { error, .. } => panic!("refused: {error:?}"),
        }
    }

    pub fn refuses(&mut self, mail: &Mail) -> (SessionError, Vec<Notice>) {
        match self.receive(mail) {
            Received::Refused { error, notices } => (error, notices),
            Received::Message(message) => panic!("opened: {message:?}"),
        }
    }
}

/// What the application calls a content.
pub fn reference(content: &[u8]) -> [u8; 16] {
    Hash::of(content).truncated()
}

/// The content of a message.
pub fn text(message: &sottovoce::session::Message) -> &[u8] {
    message.content.as_ref().unwrap().as_deref().unwrap()
}

/// Two people with a device each that know each other's accounts.
pub fn two() -> (Phone, Phone) {
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    let (mut a, mut b) = (Phone::new(&alice, 0, 1), Phone::new(&bob, 0, 2));
    a.learn(&bob.account);
    b.learn(&alice.account);
    (a, b)
}

/// Two with a session that both have proven.
pub fn acquainted() -> (Phone, Phone) {
    let (mut a, mut b) = two();
    let mail = a.begin(&mut b, b"hello").unwrap();
    b.hears(&mail);
    let mail = b.say(a.name, b"hello too").unwrap();
    a.hears(&mail);
    let mail = a.say(b.name, b"how are you").unwrap();
    b.hears(&mail);
    (a, b)
}
