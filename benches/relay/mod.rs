//! Frames of items from one server to another: built, verified, committed and settled, each timed by itself beside the hashing and signing
//! that it cannot do without.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads the clock")]

#[path = "../../tests/servers/mod.rs"]
mod servers;

use std::hint::black_box;
use std::time::Instant;

use servers::{Identities, START, domain, generator};
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::ed25519;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::label;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::frame::{Part, SignedFrame};
use sottovoce::server::hazmat::{self, Plain, Said};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::{DeviceItem, Input, Item, ItemId, Kind, Output, Server, Submitter, Token};
use sottovoce::storage::{Released, Store, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

/// Frames that are measured of each kind, after one that opens the link fully.
const ROUNDS: usize = 31;
/// What a server's items go to: so many devices, each with a token of its own.
const RECIPIENTS: u16 = 20;
/// Bytes of an item's body: a message for one device, and a long one.
const BODIES: [usize; 2] = [200, 2_048];
const ITEMS: [usize; 3] = [1, 100, 1_000];

const ALICE: Submitter =
    Submitter { account: AccountId::from_bytes([0xa1; 32]), device: DeviceId::from_bytes([0xa2; 16]) };

struct Side<S> {
    server: Server,
    store: S,
    identity: Identities,
}

/// Two servers that know each other.
struct Relay<S> {
    sides: [Side<S>; 2],
    now: Timestamp,
    rng: Generator,
    submitted: u64,
}

/// Seconds of one frame.
#[derive(Clone, Copy)]
struct Times {
    build: f64,
    verify: f64,
    commit: f64,
    settle: f64,
    /// Hashing the items, their chain, and signing the frame.
    send_alone: f64,
    /// The same, with verification.
    receive_alone: f64,
}

/// One line for each size of frame. `fresh` opens an empty store. Without `measures` each kind is sent twice, which checks that it arrives.
pub fn run_all<S: Store>(
    mut wants: impl FnMut(&str) -> Option<bool>,
    store: &str,
    mut fresh: impl FnMut() -> S,
) where
    S::Error: std::fmt::Debug,
{
    let mut head = true;
    for body in BODIES {
        for items in ITEMS {
            let name = format!("frames of {items} items of {body} B, {store}");
            let Some(measures) = wants(&name) else { continue };
            if core::mem::take(&mut head) && measures {
                println!(
                    "\n{:<46} | {:>6} | {:>18} | {:>18} | {:>18} | {:>18}",
                    "items per second, and time ÷ hashing and signing",
                    "B/item",
                    "build",
                    "decode, verify",
                    "commit",
                    "settle"
                );
            }
            let mut relay = Relay::new(&mut fresh);
            relay.round(20, body);
            let rounds = if measures { ROUNDS } else { 1 };
            let measured: Vec<_> = (0..rounds).map(|_| relay.round(items, body)).collect();
            if measures {
                print(&name, items, &measured);
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, clippy::as_conversions, reason = "figures for people")]
fn print(name: &str, items: usize, rounds: &[(usize, Times)]) {
    let bytes = rounds[0].0 as f64 / items as f64;
    // The fastest: whatever else the machine does only adds.
    let least =
        |value: fn(&Times) -> f64| rounds.iter().map(|(_, times)| value(times)).fold(f64::MAX, f64::min);
    let cell = |time: fn(&Times) -> f64, alone: fn(&Times) -> f64| {
        format!("{:>9.0} ({:>6.2})", items as f64 / least(time), least(time) / least(alone))
    };
    println!(
        "{name:<48} | {bytes:>6.0} | {:>18} | {:>18} | {:>18} | {:>18}",
        cell(|times| times.build, |times| times.send_alone),
        cell(|times| times.verify, |times| times.receive_alone),
        cell(|times| times.commit, |times| times.receive_alone),
        cell(|times| times.settle, |times| times.send_alone),
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_secs_f64())
}

fn recipient(number: u16) -> (Submitter, Token) {
    let [high, low] = number.to_be_bytes();
    let mut id = [0xb0; 32];
    (id[0], id[1]) = (high, low);
    let device = DeviceId::from_bytes([low; 16]);
    (Submitter { account: AccountId::from_bytes(id), device }, Token::from_bytes([low; 16]))
}

fn account(who: Submitter, address: &str) -> Operation {
    Operation::Account(AccountEntry {
        account: who.account,
        address: address.parse().unwrap(),
        order: Order { term: 0, version: 1 },
        manifest_hash: Hash::of(b"manifest"),
        devices: vec![who.device],
        state: AccountState::Open,
        findable: true,
    })
}

impl<S: Store> Relay<S>
where
    S::Error: std::fmt::Debug,
{
    fn new(fresh: &mut impl FnMut() -> S) -> Self {
        let mut rng = generator(1);
        let sides = ["a.test", "b.test"].map(|name| {
            let identity = Identities::found(name, &mut rng);
            Side { server: identity.start(1), store: fresh(), identity }
        });
        let mut relay = Self { sides, now: START, rng, submitted: 0 };
        relay.mailboxes(0, account(ALICE, "alice@a.test"));
        for number in 0..RECIPIENTS {
            let (who, token) = recipient(number);
            relay.mailboxes(1, account(who, &format!("u{number}@b.test")));
            relay.mailboxes(1, Operation::Tokens(who.account, TokenChange::Add(token)));
        }
        for (side, other) in [(0, 1), (1, 0)] {
            let identity = &relay.sides[other].identity;
            let bound = Box::new(identity.bound(relay.now));
            let introduce = hazmat::Input::Introduce(identity.manifest.domain().clone(), bound);
            relay.plain(side, &introduce);
        }
        relay.acquaint();
        relay
    }

    /// The first batch is answered and not taken: it names no process of the receiver. From then on each knows the other's, and after some
    /// more items how many fit into a batch.
    fn acquaint(&mut self) {
        for items in [20, 0, 400, 400] {
            (0..items).for_each(|_| self.submit(200));
            self.now = self.now.plus(Span::from_secs(60));
            let (request, frame, _) = self.build();
            let (said, _) = self.input(1, &Input::Peer(frame.into()));
            let reply = said.into_iter().find_map(|output| match output {
                Output::Reply(bytes) => Some(bytes.into()),
                _ => None,
            });
            self.input(0, &Input::PeerReply { to: domain("b.test"), request, reply });
        }
    }

    fn plain(&mut self, side: usize, input: &hazmat::Input) -> Vec<Said> {
        let Side { server, store, .. } = &mut self.sides[side];
        run(&Plain(server), store, self.now, &mut self.rng, input).unwrap().send
    }

    fn mailboxes(&mut self, side: usize, operation: Operation) {
        let said = self.plain(side, &hazmat::Input::Mailboxes(operation));
        assert!(!said.contains(&Said::Mailboxes(Box::new(Outcome::Said(false)))));
    }

    fn input(&mut self, side: usize, input: &Input) -> (Vec<Output>, f64) {
        let Side { server, store, .. } = &mut self.sides[side];
        let (released, time) = timed(|| run(server, store, self.now, &mut self.rng, input).unwrap());
        let Released { send, .. } = released;
        (send, time)
    }

    /// One frame of so many items goes from the first server to the second, and the answer back. Gives the frame's size.
    fn round(&mut self, items: usize, body: usize) -> (usize, Times) {
        self.now = self.now.plus(Span::from_secs(60));
        (0..items).for_each(|_| self.submit(body));
        let (request, frame, build) = self.build();
        let [from, to] = &self.sides;
        let key = from.identity.manifest.online_keys();
        let (authentic, verify) = timed(|| {
            let open = SignedFrame::decode(&frame).unwrap().open().unwrap();
            open.verify(key, to.identity.manifest.id(), self.now).unwrap()
        });
        let Some(Part::Batch(batch)) = authentic.parts.last() else { panic!("no batch") };
        assert_eq!(batch.items.len(), items);
        let (send_alone, receive_alone) = self.alone(&batch.items, &frame);
        let size = frame.len();
        let (said, commit) = self.input(1, &Input::Peer(frame.into()));
        let reply = said.into_iter().find_map(|output| match output {
            Output::Reply(bytes) => Some(bytes),
            _ => None,
        });
        assert!(reply.is_some(), "not answered");
        let reply = reply.map(Into::into);
        let reply = Input::PeerReply { to: domain("b.test"), request, reply };
        let (told, settle) = self.input(0, &reply);
        assert!(told.contains(&Output::Notify(ALICE.device)), "nothing was decided");
        (size, Times { build, verify, commit, settle, send_alone, receive_alone })
    }

    fn submit(&mut self, body: usize) {
        let (to, token) = recipient(u16::try_from(self.submitted % u64::from(RECIPIENTS)).unwrap());
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.submitted.to_be_bytes());
        self.submitted += 1;
        let kind = Kind::Device(DeviceItem {
            token,
            device: to.device,
            order: Order { term: 0, version: 1 },
            payload: None,
            body: vec![7; body],
        });
        let submit = hazmat::Input::Submit {
            by: ALICE,
            request: RequestId::from_bytes([1; 16]),
            to: domain("b.test"),
            item: Item { id: ItemId::from_bytes(id), kind },
        };
        assert_eq!(self.plain(0, &submit), [Said::Taken(true)]);
    }

    /// Wakes the first server until it posts a frame, and times that wake.
    fn build(&mut self) -> (RequestId, Vec<u8>, f64) {
        loop {
            let (outputs, time) = self.input(0, &Input::Wake);
            for output in outputs {
                if let Output::Post { request, frame, .. } = output {
                    return (request, frame, time);
                }
            }
        }
    }

    /// Hashing of the items and of their chain, with a signature over the frame or its verification.
    fn alone(&self, items: &[Vec<u8>], frame: &[u8]) -> (f64, f64) {
        let online = ed25519::SecretKey::from_seed(&self.sides[0].identity.online);
        let hashes = || {
            items.iter().fold(Hash::of(b""), |hash, item| {
                let item = Item::hash(black_box(item));
                Hasher::new(label::hash::STREAM_STEP).array(hash.as_bytes()).array(item.as_bytes()).finish()
            })
        };
        let (signature, send) = timed(|| {
            black_box(hashes());
            online.sign(label::classical::FRAME, black_box(frame))
        });
        let public = online.public_key();
        let (verified, receive) = timed(|| {
            black_box(hashes());
            public.verify(label::classical::FRAME, black_box(frame), &signature)
        });
        verified.unwrap();
        (send, receive)
    }
}
