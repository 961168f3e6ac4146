//! Who takes part: three servers that know each other, each with one user.

use std::sync::OnceLock;

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::discovery::Bound;
use sottovoce::server::hazmat::{Input, Plain, Said};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::{DeviceItem, Item, ItemId, Kind as ItemKind, Server, Submitter, Token};
use sottovoce::storage::{MemoryStore, run};
use sottovoce::time::{Span, Timestamp};

use super::plan::Kind;
use crate::servers::wires::{Identities, START, generator};

/// When seeds begin.
pub(super) const BEGIN: Timestamp = START.plus(Span::from_secs(3_600));

/// A server before anything happens.
pub(super) struct Member {
    pub(super) identities: Identities,
    pub(super) bound: Bound,
    /// With its user, who has given tokens.
    pub(super) bare: MemoryStore,
    /// … and it has exchanged items with the others.
    pub(super) ready: MemoryStore,
}

/// All of them.
pub(super) struct Cast {
    pub(super) members: Vec<Member>,
}

/// The same for all seeds: their keys take time.
pub(super) fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(Cast::new)
}

/// The devices of a user: one that is listed, one that will be, one that no longer is.
pub(super) const LISTED: u8 = 0;
pub(super) const NEW: u8 = 1;
pub(super) const GONE: u8 = 2;

pub(super) const fn account(server: u8) -> AccountId {
    AccountId::from_bytes([0xa0 + server; 32])
}

pub(super) const fn device(server: u8, which: u8) -> DeviceId {
    DeviceId::from_bytes([0x10 + server * 0x10 + which; 16])
}

/// Whose a device is: its server, and which of the user's.
pub(super) const fn owner(device: DeviceId) -> (u8, u8) {
    let [first, ..] = *device.as_bytes();
    (first / 0x10 - 1, first % 0x10)
}

pub(super) const fn submitter(server: u8) -> Submitter {
    Submitter { account: account(server), device: device(server, LISTED) }
}

/// The token that the user of one server gave to that of another.
pub(super) const fn token(of: u8, to: u8, which: Kind) -> Token {
    Token::from_bytes([of, to, which as u8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
}

/// The account of a server's user, with the new device or without.
pub(super) fn entry(server: u8, is_admitted: bool) -> AccountEntry {
    let version = if is_admitted { 2 } else { 1 };
    let mut devices = vec![device(server, LISTED)];
    devices.extend(is_admitted.then_some(device(server, NEW)));
    AccountEntry {
        account: account(server),
        address: format!("user@{}", domain(server)).parse().unwrap(),
        order: Order { term: 0, version },
        manifest_hash: Hash::of(&[server, u8::from(is_admitted)]),
        devices,
        state: AccountState::Open,
        findable: true,
    }
}

pub(super) fn domain(server: u8) -> Domain {
    ["a.test", "b.test", "c.test"][usize::from(server)].parse().unwrap()
}

/// An item of this number.
pub(super) fn item(kind: Kind, from: u8, to: u8, number: u32) -> Item {
    let mut id = [from; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let (which, version) = match kind {
        Kind::New => (NEW, 2),
        Kind::Gone => (GONE, 1),
        _ => (LISTED, 1),
    };
    let secret = match kind {
        Kind::Sink | Kind::Unknown => kind,
        _ => Kind::Good,
    };
    let payload = match kind {
        Kind::Payload => Some(Hash::of(&payload(from, number))),
        Kind::Missing => Some(Hash::of(b"never sent")),
        _ => None,
    };
    let kind = ItemKind::Device(DeviceItem {
        token: token(to, from, secret),
        device: device(to, which),
        order: Order { term: 0, version },
        payload,
        body: number.to_be_bytes().to_vec(),
    });
    Item { id: ItemId::from_bytes(id), kind }
}

/// The body of a payload.
pub(super) fn payload(from: u8, number: u32) -> Vec<u8> {
    [&[from][..], &number.to_be_bytes()].concat()
}

/// The payload itself, as an item.
pub(super) fn payload_item(from: u8, number: u32) -> Item {
    let mut id = [from; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id[15] = 0xff;
    Item { id: ItemId::from_bytes(id), kind: ItemKind::Payload(payload(from, number)) }
}

impl Cast {
    fn new() -> Self {
        let mut rng = generator(0xca57);
        let members = (0..3).map(|server| Member::new(server, &mut rng)).collect();
        let mut cast = Self { members };
        for at in 0..3 {
            for other in 0..3 {
                if at != other {
                    let bound = cast.members[usize::from(other)].bound.clone();
                    cast.input(at, &Input::Introduce(domain(other), Box::new(bound)), &mut rng);
                }
            }
        }
        for from in 0..3 {
            for to in 0..3 {
                if from != to {
                    cast.exchange(from, to, &mut rng);
                }
            }
        }
        cast
    }

    fn input(&mut self, at: u8, input: &Input, rng: &mut Generator) -> Vec<Said> {
        let member = &mut self.members[usize::from(at)];
        let server = member.identities.start(0);
        run(&Plain(&server), &mut member.ready, START, rng, input).unwrap().send
    }

    /// One item, whose delivery shows that the other server answers. It goes into a sink, and its status stays.
    fn exchange(&mut self, from: u8, to: u8, rng: &mut Generator) {
        let item = item(Kind::Sink, from, to, u32::MAX);
        let request = RequestId::from_bytes([0xee; 16]);
        let submit = Input::Submit { by: submitter(from), request, to: domain(to), item };
        assert_eq!(self.input(from, &submit, rng), [Said::Taken(true)]);
        for _ in 0..4 {
            for said in self.input(from, &Input::Wake, rng) {
                let Said::Post(post) = said else { continue };
                let (to, request) = (post.to, post.frame.request);
                let answers = self.input(index(&to), &Input::Peer(post.frame), rng);
                let reply = answers.into_iter().find_map(|said| match said {
                    Said::Reply(reply) => Some(*reply),
                    _ => None,
                });
                assert!(reply.is_some());
                drop(self.input(from, &Input::PeerReply { to, request, reply }, rng));
                return;
            }
        }
        panic!("nothing is sent from {from} to {to}");
    }
}

/// The number of a server.
pub(super) fn index(name: &Domain) -> u8 {
    (0..3).find(|server| domain(*server) == *name).unwrap()
}

impl Member {
    fn new(number: u8, rng: &mut Generator) -> Self {
        let identities = Identities::found(domain(number).as_str(), rng);
        let bound = identities.bound(START);
        let mut bare = MemoryStore::new();
        let server: Server = identities.start(0);
        let mut operations = vec![Operation::Account(entry(number, false))];
        for other in (0..3).filter(|other| *other != number) {
            for which in [Kind::Good, Kind::Sink] {
                operations
                    .push(Operation::Tokens(account(number), TokenChange::Add(token(number, other, which))));
            }
            let sink = TokenChange::Sink(token(number, other, Kind::Sink));
            operations.push(Operation::Tokens(account(number), sink));
        }
        for operation in operations {
            let input = Input::Mailboxes(operation);
            drop(run(&Plain(&server), &mut bare, START, rng, &input).unwrap());
        }
        drop(run(&Plain(&server), &mut bare, START, rng, &Input::Wake).unwrap());
        Self { identities, bound, ready: bare.clone(), bare }
    }
}
