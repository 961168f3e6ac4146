//! A server with a store in memory, and its users.

use std::sync::OnceLock;

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid};
use sottovoce::identity::Verified;
use sottovoce::identity::chain::{Author, Authorities, Order};
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::identity::server::{Endpoint, OnlineKey, Server as Identity, ServerBody};
use sottovoce::identity::validity::Validity;
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::discovery::{FetchPolicy, Rates};
use sottovoce::server::mailbox::hazmat::{Mailboxes, Operation, Outcome};
use sottovoce::server::mailbox::{
    Drained, Listed, MailboxCursor, MailboxEntry, Settle, TokenChange, TokenChanged, What,
};
use sottovoce::server::{
    Code, Config, DeviceItem, Instance, Item, ItemId, Kind, Origin, Output, Pseudonym, Reason, Registration,
    RequestItem, Server, Setup, Status, Submitter, Token, Verdict,
};
use sottovoce::storage::{Loaded, MemoryStore, Outcome as Written, Snapshot, Store, Vault, Want, Write, run};
use sottovoce::time::{Span, Timestamp};

pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
pub const HOUR: Span = Span::from_secs(3_600);
pub const DAY: Span = Span::from_days(1);

pub fn generator(number: u64) -> Generator {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let mut rng = generator(1);
        let root = hybrid::SecretKey::generate(&mut rng).unwrap();
        let online = ed25519::SecretKey::generate(&mut rng).unwrap();
        let validity = Validity::starting(START, Span::from_days(30));
        let body = ServerBody {
            domain: "here.example".parse().unwrap(),
            endpoints: vec![Endpoint {
                host: "here.example".parse().unwrap(),
                port: 443.try_into().unwrap(),
            }],
            online_keys: vec![OnlineKey { key: online.public_key(), validity }],
        };
        let authorities = Authorities::new(vec![*root.public_key().pair()], Vec::new()).unwrap();
        let author = Author { key: &root, issued_at: START, refresh_after: START.plus(DAY) };
        Server::new(Setup {
            vault: Vault::new(&Secret::new([7; 32]), b"tests"),
            config: Config {
                registration: Registration::Open,
                fetch: FetchPolicy::default(),
                fetches: Rates::default(),
            },
            online,
            manifest: Verified::<Identity>::found(&author, authorities, &body).unwrap(),
            instance: Instance::from_bytes([1; 16]),
            secret: Secret::new([9; 32]),
        })
    })
}

/// A store that counts.
#[derive(Default)]
pub struct Counted {
    pub memory: MemoryStore,
    pub loads: usize,
    pub wants: usize,
    pub rows: usize,
    pub puts: usize,
    pub bytes: usize,
}

impl Store for Counted {
    type Error = core::convert::Infallible;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Self::Error> {
        self.loads += 1;
        self.wants += wants.len();
        self.memory.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Written, Self::Error> {
        self.rows =
            write.expect.len() + write.delete.len() + write.put.len() + write.trim.len() + write.append.len();
        self.puts = write.put.len();
        self.bytes = write.put.iter().map(|put| put.body.len()).sum::<usize>()
            + write.append.iter().map(|append| append.body.len()).sum::<usize>();
        self.memory.apply(write)
    }
}

/// A server, its store, its clock.
pub struct World {
    pub store: Counted,
    pub now: Timestamp,
    rng: Generator,
    /// What the last operation wanted done.
    pub outputs: Vec<Output>,
}

impl World {
    /// With the account `account(1)`, its devices `device(1)` and `device(2)`, and the token `token(1)`.
    pub fn new() -> Self {
        let mut world = Self::empty();
        world.run(&Operation::Account(entry(1)));
        world.tokens(1, TokenChange::Add(token(1)));
        world
    }

    pub fn empty() -> Self {
        Self { store: Counted::default(), now: START, rng: generator(2), outputs: Vec::new() }
    }

    pub fn run(&mut self, operation: &Operation) -> Outcome {
        (self.store.loads, self.store.wants) = (0, 0);
        let released =
            run(&Mailboxes(server()), &mut self.store, self.now, &mut self.rng, operation).unwrap();
        let mut send = released.send.into_iter();
        let outcome = send.next().unwrap();
        self.outputs = send
            .map(|outcome| match outcome {
                Outcome::Output(output) => output,
                other => panic!("{other:?} is no output"),
            })
            .collect();
        outcome
    }

    pub fn deliver(&mut self, origin: &Origin, items: &[Item]) -> Vec<Verdict> {
        match self.run(&Operation::Deliver(origin.clone(), items.to_vec())) {
            Outcome::Verdicts(verdicts) => verdicts,
            other => panic!("{other:?}"),
        }
    }

    /// One item from the peer that is usual.
    pub fn send(&mut self, item: Item) -> Code {
        self.deliver(&peer(1), &[item])[0].code
    }

    pub fn drain(&mut self, who: Submitter, cursor: &MailboxCursor, max: u16) -> Drained {
        match self.run(&Operation::Drain(who, *cursor, max)) {
            Outcome::Drained(drained) => *drained,
            other => panic!("{other:?}"),
        }
    }

    /// Everything in a mailbox, acknowledged.
    pub fn drain_all(&mut self, who: Submitter) -> Vec<MailboxEntry> {
        let (mut cursor, mut entries) = (MailboxCursor::default(), Vec::new());
        loop {
            let drained = self.drain(who, &cursor, 100);
            assert!(!drained.lost);
            cursor = drained.next;
            let is_empty = drained.entries.is_empty();
            entries.extend(drained.entries);
            if is_empty && !drained.more {
                return entries;
            }
        }
    }

    pub fn tokens(&mut self, account: u8, change: TokenChange) -> TokenChanged {
        match self.run(&Operation::Tokens(self::account(account), change)) {
            Outcome::Tokens(changed) => changed,
            other => panic!("{other:?}"),
        }
    }

    pub fn listed(&mut self, after: Option<[u8; 16]>) -> Listed {
        match self.run(&Operation::Requests(account(1), after)) {
            Outcome::Listed(listed) => *listed,
            other => panic!("{other:?}"),
        }
    }

    pub fn settle(&mut self, handle: [u8; 16], settle: Settle) -> bool {
        self.run(&Operation::Settle(account(1), handle, settle)) == Outcome::Said(true)
    }

    pub fn report(&mut self, who: Submitter, number: u16, status: Status) {
        assert_eq!(self.run(&Operation::Report(who, id(number), status)), Outcome::Done);
    }

    /// Time passes, and whatever is due is done.
    pub fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
        self.wake();
    }

    pub fn wake(&mut self) {
        for _ in 0..10_000 {
            if self.run(&Operation::Wake) == Outcome::Woken(0) {
                return;
            }
            self.now = self.now.plus(Span::from_millis(1));
        }
        panic!("timers without end");
    }

    pub fn snapshot(&self) -> Snapshot {
        self.store.memory.snapshot()
    }

    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.store.memory.restore(snapshot);
    }
}

pub fn account(number: u8) -> AccountId {
    AccountId::from_bytes([number; 32])
}

pub fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

pub fn token(number: u8) -> Token {
    Token::from_bytes([number; 16])
}

pub fn owner(account: u8, device: u8) -> Submitter {
    Submitter { account: self::account(account), device: self::device(device) }
}

pub fn peer(number: u8) -> Origin {
    Origin::Peer(format!("peer{number}.example").parse().unwrap())
}

pub fn id(number: u16) -> ItemId {
    let mut bytes = [0xee; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    ItemId::from_bytes(bytes)
}

pub const ORDER: Order = Order { term: 0, version: 5 };

/// Account n has the devices 2n − 1 and 2n.
pub fn entry(number: u8) -> AccountEntry {
    AccountEntry {
        account: account(number),
        address: format!("user{number}@here.example").parse().unwrap(),
        order: ORDER,
        manifest_hash: Hash::of(&[number]),
        devices: vec![device(2 * number - 1), device(2 * number)],
        state: AccountState::Open,
        findable: true,
    }
}

/// An item for device 1 with token 1.
pub fn item(number: u16) -> Item {
    item_to(number, token(1), device(1), None)
}

pub fn item_to(number: u16, token: Token, device: DeviceId, payload: Option<Hash>) -> Item {
    let body = format!("body {number}").into_bytes();
    Item { id: id(number), kind: Kind::Device(DeviceItem { token, device, order: ORDER, payload, body }) }
}

pub fn sized(number: u16, size: usize) -> Item {
    let Item { id, kind: Kind::Device(device) } = item(number) else { panic!("another kind") };
    Item { id, kind: Kind::Device(DeviceItem { body: vec![1; size], ..device }) }
}

pub fn payload(number: u16, body: &[u8]) -> Item {
    Item { id: id(number), kind: Kind::Payload(body.to_vec()) }
}

pub fn request(number: u16, address: &str, pseudonym: u16) -> Item {
    let mut name = [0xdd; 16];
    name[..2].copy_from_slice(&pseudonym.to_be_bytes());
    let item = RequestItem {
        address: address.parse().unwrap(),
        device: device(1),
        pseudonym: Pseudonym::from_bytes(name),
        payload: None,
        body: format!("request {number}").into_bytes(),
    };
    Item { id: id(number), kind: Kind::Request(item) }
}

/// The numbers of items in entries, in order.
pub fn numbers(entries: &[MailboxEntry]) -> Vec<u16> {
    let number = |id: &ItemId| u16::from_be_bytes(id.as_bytes()[..2].try_into().unwrap());
    entries
        .iter()
        .map(|entry| match &entry.what {
            What::Item(item) => number(&item.id),
            What::Status(status) => number(&status.id),
        })
        .collect()
}

pub const UNKNOWN: Code = Code::Refused(Reason::Unknown);
pub const NO_PAYLOAD: Code = Code::Refused(Reason::NoPayload);
