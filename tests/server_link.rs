//! Items between servers, by frames over wires.

#![allow(clippy::unwrap_used, missing_docs)]

mod servers;

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::hazmat::{self, Plain, Said};
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::mailbox::{Drained, MailboxCursor, TokenChange, What};
use sottovoce::server::{DeviceItem, Item, ItemId, Kind, Server, Status, Submitter, Token};
use sottovoce::time::Span;

use servers::{Net, domain};

const ALICE: Submitter =
    Submitter { account: AccountId::from_bytes([0xa1; 32]), device: DeviceId::from_bytes([0xa2; 16]) };
const BOB: Submitter =
    Submitter { account: AccountId::from_bytes([0xb1; 32]), device: DeviceId::from_bytes([0xb2; 16]) };
const TOKEN: Token = Token::from_bytes([0x70; 16]);

fn plain(net: &mut Net, at: &Domain, input: &hazmat::Input) -> Vec<Said> {
    let host = net.hosts.get_mut(at).unwrap();
    let released =
        sottovoce::storage::run(&Plain(&host.server), &mut host.store, net.now, &mut net.rng, input);
    let released = released.unwrap();
    host.note(released.wake_at);
    released.send
}

fn mailboxes(net: &mut Net, at: &Domain, operation: Operation) -> Outcome {
    let said = plain(net, at, &hazmat::Input::Mailboxes(operation));
    let outcome = said.into_iter().find_map(|said| match said {
        Said::Mailboxes(outcome) => Some(*outcome),
        _ => None,
    });
    outcome.unwrap()
}

fn account(net: &mut Net, at: &Domain, who: Submitter, address: &str) {
    let entry = AccountEntry {
        account: who.account,
        address: address.parse().unwrap(),
        order: Order { term: 0, version: 1 },
        manifest_hash: Hash::of(b"manifest"),
        devices: vec![who.device],
        state: AccountState::Open,
        findable: true,
    };
    assert_eq!(mailboxes(net, at, Operation::Account(entry)), Outcome::Done);
}

fn item(number: u16) -> Item {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let kind = Kind::Device(DeviceItem {
        token: TOKEN,
        device: BOB.device,
        order: Order { term: 0, version: 1 },
        payload: None,
        body: number.to_be_bytes().to_vec(),
    });
    Item { id: ItemId::from_bytes(id), kind }
}

fn submit(net: &mut Net, number: u16) {
    let submit = hazmat::Input::Submit {
        by: ALICE,
        request: RequestId::from_bytes([1; 16]),
        to: domain("b.test"),
        item: item(number),
    };
    assert_eq!(plain(net, &domain("a.test"), &submit), [Said::Taken(true)]);
}

fn drain(net: &mut Net, at: &str, who: Submitter) -> Vec<What> {
    let mut cursor = MailboxCursor::default();
    let mut all = Vec::new();
    loop {
        let Outcome::Drained(drained) = mailboxes(net, &domain(at), Operation::Drain(who, cursor, 100))
        else {
            panic!("not drained");
        };
        let Drained { entries, .. } = *drained;
        let Some(last) = entries.last() else { return all };
        cursor = MailboxCursor { entry: Some(last.place), ..cursor };
        all.extend(entries.into_iter().map(|entry| entry.what));
    }
}

fn pair() -> Net {
    let mut net = Net::new(&["a.test", "b.test"], 1);
    account(&mut net, &domain("a.test"), ALICE, "alice@a.test");
    account(&mut net, &domain("b.test"), BOB, "bob@b.test");
    let add = Operation::Tokens(BOB.account, TokenChange::Add(TOKEN));
    mailboxes(&mut net, &domain("b.test"), add);
    net
}

#[test]
fn items_arrive_in_order_and_their_fate_comes_back() {
    let mut net = pair();
    (0..20).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(10));
    (20..300).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(10));
    let bodies: Vec<_> = drain(&mut net, "b.test", BOB)
        .into_iter()
        .map(|what| match what {
            What::Item(item) => item.body,
            other => panic!("{other:?}"),
        })
        .collect();
    let sent: Vec<_> = (0..300_u16).map(|number| number.to_be_bytes().to_vec()).collect();
    assert_eq!(bodies, sent);
    let fates = drain(&mut net, "a.test", ALICE);
    assert_eq!(fates.len(), 300);
    let is_delivered =
        |what: &What| matches!(what, What::Status(status) if status.status == Status::Delivered);
    assert!(fates.iter().all(is_delivered), "{:?}", fates.first());
    println!("{} frames, {:?} bytes", net.frames, net.bytes);
}

fn _unused(_: &Server) {}
