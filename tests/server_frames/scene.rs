//! A server that strangers and others write to, and counters.

use std::convert::Infallible;

use crate::people::{Home, NOW, Person};
use crate::servers::{Identities, generator};
use sottovoce::crypto::ed25519;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{DeviceId, RequestId, ServerId};
use sottovoce::server::frame::{Frame, Part, Seen};
use sottovoce::server::hazmat::{self, Plain};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::stream::{Batch, Route, StreamId};
use sottovoce::server::{DeviceItem, Input, Instance, Item, ItemId, Kind, Output, Registration, Token};
use sottovoce::storage::{Loaded, MemoryStore, Outcome, Store, Want, Write, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;
use sottovoce_heap::Usage;

pub const TOKEN: Token = Token::from_bytes([0x70; 16]);

/// A server with a user, a server that it knows, and one that it has never heard of.
pub struct Scene {
    pub home: Home,
    pub bob: Person,
    pub known: Identities,
    pub stranger: Identities,
    rng: Generator,
}

/// A store that counts.
struct Counted {
    store: MemoryStore,
    wants: usize,
    rows: usize,
}

/// What one frame has cost.
pub struct Cost {
    /// Its bytes.
    pub bytes: usize,
    /// Rows that were loaded.
    pub wants: usize,
    /// Rows that were written, without expectations.
    pub rows: usize,
    pub heap: Usage,
    pub outputs: Vec<Output>,
}

impl Scene {
    pub fn new() -> Self {
        let mut rng = generator(3);
        let mut home = Home::new(Registration::Open);
        let bob = Person::at_home(&mut home, "bob", 1, 5);
        let [known, stranger] = ["known.test", "stranger.test"].map(|name| Identities::found(name, &mut rng));
        let mut scene = Self { home, bob, known, stranger, rng };
        let add = Operation::Tokens(scene.bob.account.id(), TokenChange::Add(TOKEN));
        scene.plain(&hazmat::Input::Mailboxes(add));
        let bound = Box::new(scene.known.bound(NOW));
        scene.plain(&hazmat::Input::Introduce(scene.known.manifest.domain().clone(), bound));
        scene
    }

    fn plain(&mut self, input: &hazmat::Input) {
        let Home { server, store, now, .. } = &mut self.home;
        let _ = run(&Plain(server), store, *now, &mut self.rng, input).unwrap();
    }

    pub fn id(&self) -> ServerId {
        self.home.id()
    }

    /// What it costs the server if these bytes arrive. It is afterwards as it was before.
    pub fn cost(&mut self, bytes: Vec<u8>) -> Cost {
        let mut store = Counted { store: self.home.store.clone(), wants: 0, rows: 0 };
        let (length, input) = (bytes.len(), Input::Peer(bytes.into()));
        let (server, now, rng) = (&self.home.server, self.home.now, &mut self.rng);
        let (released, heap) = sottovoce_heap::measure(|| run(server, &mut store, now, rng, &input));
        let Counted { wants, rows, .. } = store;
        Cost { bytes: length, wants, rows, heap, outputs: released.unwrap().send }
    }

    /// … and it remembers.
    pub fn tell(&mut self, bytes: Vec<u8>) -> Vec<Output> {
        let Home { server, store, now, .. } = &mut self.home;
        run(server, store, *now, &mut self.rng, &Input::Peer(bytes.into())).unwrap().send
    }
}

impl Store for Counted {
    type Error = Infallible;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Infallible> {
        self.wants += wants.len();
        self.store.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Infallible> {
        let Write { expect: _, delete, put, trim, append, events, flush: _ } = write;
        self.rows += delete.len() + put.len() + trim.len() + append.len() + events.len();
        self.store.apply(write)
    }
}

/// A frame as an honest server would make it.
pub fn frame(from: &Identities, to: ServerId, now: Timestamp, parts: Vec<Part>) -> Frame {
    Frame {
        from: from.manifest.id(),
        to,
        sent_at: now,
        expires_at: now.plus(Span::from_secs(600)),
        instance: Instance::from_bytes([1; 16]),
        to_instance: Some(Instance::from_bytes([1; 16])),
        request: RequestId::from_bytes([2; 16]),
        reply_to: None,
        mine: Seen::of(&from.manifest),
        yours: None,
        manifest: None,
        parts,
    }
}

pub fn sign(from: &Identities, frame: &Frame) -> Vec<u8> {
    let online = ed25519::SecretKey::from_seed(&from.online);
    frame.sign(&from.manifest.online_keys()[0], &online).unwrap().encode().unwrap()
}

/// The first batch of a stream.
pub fn batch(from: &Identities, to: ServerId, stream: u32, items: Vec<Vec<u8>>) -> Part {
    let stream = StreamId::new(stream).unwrap();
    let route = Route { from: from.manifest.id(), to, stream };
    let horizon = Timestamp::from_millis(0);
    Part::Batch(Batch { stream, epoch: 1, first: 1, previous: route.start(1), horizon, items })
}

/// An item of about 270 bytes.
pub fn item(number: u64, token: Token, device: DeviceId, order: Order) -> Vec<u8> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let kind = Kind::Device(DeviceItem { token, device, order, payload: None, body: vec![7; 200] });
    Item { id: ItemId::from_bytes(id), kind }.encode().unwrap()
}

impl Scene {
    /// Items for bob.
    pub fn items(&self, count: u64) -> Vec<Vec<u8>> {
        let order = Order { term: 0, version: 1 };
        (0..count).map(|number| item(number, TOKEN, self.bob.device.id(), order)).collect()
    }
}
