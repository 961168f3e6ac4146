//! People with real keys, and a server that they are users of.
#![allow(dead_code, reason = "each test file uses a part of it")]

use sottovoce::crypto::ed25519;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Author, Authorities, Manifest, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{DeviceId, RequestId};
use sottovoce::identity::prekeys::{Bundle, ClaimRequest, OneTimePair, SignedBundle, SignedStock, Stock};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server as ServerIdentity, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::server::directory::NewPrekeys;
use sottovoce::server::discovery::{FetchPolicy, Rates};
use sottovoce::server::frame::{Access, Answer, Claim, Lookup, Reply};
use sottovoce::server::service::hazmat::{Call, Service, Told};
use sottovoce::server::service::{
    Hello, Operation, Outcome, Refused, Register, Request, Response, SessionToken, Welcome,
};
use sottovoce::server::{Config, Instance, Origin, Pseudonym, Registration, Server, Setup};
use sottovoce::storage::{MemoryStore, Vault, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
pub const DOMAIN: &str = "a.example";

pub fn generator(number: u64) -> Generator {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(seed).unwrap().into_generator()
}

pub fn at(key: &sottovoce::crypto::hybrid::SecretKey, now: Timestamp) -> Author<'_> {
    Author { key, issued_at: now, refresh_after: now.plus(Span::from_days(7)) }
}

/// A server that runs, and its store.
pub struct Home {
    pub server: Server,
    pub store: MemoryStore,
    pub now: Timestamp,
    rng: Generator,
    requests: u64,
}

impl Home {
    pub fn new(registration: Registration) -> Self {
        Self::of(registration, 1)
    }

    /// One whose chain begins with another key.
    pub fn of(registration: Registration, root: u8) -> Self {
        let key = ed25519::SecretKey::from_seed(&Secret::new([3; 32]));
        let root = RecoveryKey::from_entropy(Secret::new([root; 32]));
        let domain: sottovoce::identity::address::Domain = DOMAIN.parse().unwrap();
        let validity = Validity::starting(NOW.minus(Span::from_days(1)), LONGEST);
        let body = ServerBody {
            domain: domain.clone(),
            endpoints: vec![Endpoint { host: domain, port: 443.try_into().unwrap() }],
            online_keys: vec![OnlineKey { key: key.public_key(), validity }],
        };
        let authorities = Authorities::new(vec![root.pair()], Vec::new()).unwrap();
        let manifest =
            Verified::<ServerIdentity>::found(&at(root.signing(), NOW), authorities, &body).unwrap();
        let server = Server::new(Setup {
            vault: Vault::new(&Secret::new([5; 32]), b"server"),
            config: Config { registration, fetch: FetchPolicy::default(), fetches: Rates::default() },
            online: key,
            manifest,
            instance: Instance::from_bytes([6; 16]),
            secret: Secret::new([7; 32]),
        });
        Self { server, store: MemoryStore::new(), now: NOW, rng: generator(77), requests: 0 }
    }

    pub fn id(&self) -> sottovoce::identity::ids::ServerId {
        self.identity().id()
    }

    /// As anyone would verify it.
    pub fn identity(&self) -> Verified<ServerIdentity> {
        self.server.identity().clone()
    }

    pub fn call(&mut self, call: &Call) -> Vec<Told> {
        run(&Service(&self.server), &mut self.store, self.now, &mut self.rng, call).unwrap().send
    }

    pub fn told(&mut self, call: &Call) -> Told {
        self.call(call).swap_remove(0)
    }

    pub fn request_id(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::from_bytes(Hash::of(&self.requests.to_be_bytes()).truncated())
    }

    /// The response to bytes, as bytes.
    pub fn raw(&mut self, request: &[u8]) -> Vec<u8> {
        match self.told(&Call::Client(request.to_vec())) {
            Told::Response(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&mut self, request: &Request) -> Outcome {
        let response = Response::decode(&self.raw(&request.encode().unwrap())).unwrap();
        assert_eq!(response.request, request.request);
        response.outcome
    }

    /// Sends an operation, and once more with the same id: nothing happens twice, and the answer is the same.
    pub fn twice(&mut self, session: Option<SessionToken>, operation: Operation) -> Outcome {
        let request = Request { request: self.request_id(), session, operation };
        let first = self.send(&request);
        let settled = self.contents();
        let second = self.send(&request);
        assert_eq!(first, second);
        assert_eq!(settled, self.contents(), "{first:?}");
        first
    }

    pub fn once(&mut self, session: Option<SessionToken>, operation: Operation) -> Outcome {
        let request = Request { request: self.request_id(), session, operation };
        self.send(&request)
    }

    /// What a lookup by another server is answered, as bytes.
    pub fn lookup(&mut self, from: &str, address: &str) -> Answer {
        let request = RequestId::from_bytes([1; 16]);
        let (address, pseudonym) = (address.parse().unwrap(), Pseudonym::from_bytes([2; 16]));
        let lookup = Lookup { request, address, pseudonym };
        match self.told(&Call::Lookup(Origin::Peer(from.parse().unwrap()), lookup)) {
            Told::Answer(answer) => *answer,
            other => panic!("{other:?}"),
        }
    }

    pub fn claim(&mut self, origin: Origin, claim: ClaimRequest, address: &str) -> Reply {
        let address = address.parse().unwrap();
        let access = Access::Address { address, pseudonym: Pseudonym::from_bytes([2; 16]) };
        match self.told(&Call::Claim(origin, Claim { claim, access })) {
            Told::Answer(answer) => answer.reply,
            other => panic!("{other:?}"),
        }
    }

    /// How many records there are: what a repetition must leave as it is.
    fn contents(&self) -> usize {
        self.store.records()
    }

    /// Runs timers until none is due.
    pub fn wake(&mut self) {
        for _ in 0..1_000 {
            if self.told(&Call::Wake) == Told::Woken(0) {
                return;
            }
        }
        panic!("timers without end");
    }
}

/// Someone with a recovery key and a device.
pub struct Person {
    pub recovery: RecoveryKey,
    pub device: DeviceSecret,
    pub account: Verified<Account>,
    pub address: String,
    pub session: Option<SessionToken>,
}

impl Person {
    pub fn new(name: &str, seed: u64) -> Self {
        let mut rng = generator(seed);
        let recovery = RecoveryKey::generate(&mut rng).unwrap();
        let device = DeviceSecret::generate(&mut rng).unwrap();
        let account = Verified::<Account>::found(&at(recovery.signing(), NOW), &device).unwrap();
        Self { recovery, device, account, address: format!("{name}@{DOMAIN}"), session: None }
    }

    /// A registered person, with prekeys of a stock of this depth.
    pub fn at_home(home: &mut Home, name: &str, seed: u64, depth: u32) -> Self {
        let mut person = Self::new(name, seed);
        person.register(home);
        let prekeys = person.prekeys(1, depth);
        for chunk in prekeys.2.chunks(256) {
            let new = NewPrekeys {
                bundle: Some(prekeys.0.clone()),
                stock: Some(prekeys.1.clone()),
                pairs: chunk.to_vec(),
            };
            let held = home.once(person.session, Operation::PutPrekeys(Box::new(new)));
            assert!(matches!(held, Outcome::Prekeys(_)), "{held:?}");
        }
        person
    }

    pub fn hello(&self, home: &Home, address: Option<&str>) -> Hello {
        Hello {
            server: home.id(),
            account: self.account.id(),
            device: self.device.id(),
            time: home.now,
            nonce: [8; 16],
            address: address.map(|address| address.parse().unwrap()),
        }
    }

    pub fn registration(&self, home: &Home) -> Register {
        let hello = self.hello(home, Some(&self.address)).sign(self.device.signing()).unwrap();
        Register { hello, manifest: self.account.manifest(), invite: None, certificate: None, findable: true }
    }

    pub fn register(&mut self, home: &mut Home) -> Welcome {
        let registration = self.registration(home);
        match home.twice(None, Operation::Register(Box::new(registration))) {
            Outcome::Welcome(welcome) => {
                self.session = Some(welcome.session);
                *welcome
            }
            other => panic!("{other:?}"),
        }
    }

    /// A bundle, a stock and its pairs.
    pub fn prekeys(&self, number: u64, depth: u32) -> (SignedBundle, SignedStock, Vec<OneTimePair>) {
        let mut rng = generator(5_000 + number);
        let validity = Validity::starting(NOW, LONGEST);
        let (bundle, _) = Bundle::generate(&self.device, &self.account, number, validity, &mut rng).unwrap();
        let owner = (self.account.id(), self.device.id());
        let (stock, pairs, _) = Stock::generate(owner, number, depth, validity, &mut rng).unwrap();
        let key = self.device.signing();
        (bundle.sign(key).unwrap(), stock.sign(key).unwrap(), pairs)
    }

    /// The account with another device.
    pub fn with_device(&self, seed: u64) -> (Verified<Account>, DeviceSecret) {
        let device = DeviceSecret::generate(&mut generator(seed)).unwrap();
        let mut draft = Draft::after(&self.account);
        draft.add(device.possess(self.account.id()), Capabilities::NONE).unwrap();
        (draft.sign(&at(self.device.signing(), NOW)).unwrap(), device)
    }

    pub fn put(&self, home: &mut Home, previous: Hash, manifest: Manifest) -> Outcome {
        home.twice(self.session, Operation::PutManifest { previous, manifest })
    }

    pub fn claim(&self, request: u64) -> ClaimRequest {
        claim_of(self, self.device.id(), request)
    }
}

pub fn claim_of(person: &Person, device: DeviceId, request: u64) -> ClaimRequest {
    let request = RequestId::from_bytes(Hash::of(&request.to_be_bytes()).truncated());
    ClaimRequest { request, account: person.account.id(), device }
}

pub fn refused(outcome: &Outcome) -> Refused {
    match outcome {
        Outcome::Refused(refused) => *refused,
        other => panic!("{other:?}"),
    }
}

pub fn peer(domain: &str) -> Origin {
    Origin::Peer(domain.parse().unwrap())
}

/// The index of the pair in a reply; `None` without one.
pub fn pair(reply: &Reply) -> Option<u32> {
    match reply {
        Reply::Claimed(answer) => answer.one_time.as_ref().map(|one_time| one_time.pair.index),
        other => panic!("{other:?}"),
    }
}
