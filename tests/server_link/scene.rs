//! Alice at a.test, who has a token of bob's at b.test.

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::hazmat::{self, Plain, Said};
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::mailbox::{Drained, MailboxCursor, TokenChange, What};
use sottovoce::server::{DeviceItem, Item, ItemId, Kind, Status, Submitter, Token};

use crate::servers::{Net, domain};

pub const ALICE: Submitter =
    Submitter { account: AccountId::from_bytes([0xa1; 32]), device: DeviceId::from_bytes([0xa2; 16]) };
pub const BOB: Submitter =
    Submitter { account: AccountId::from_bytes([0xb1; 32]), device: DeviceId::from_bytes([0xb2; 16]) };
pub const TOKEN: Token = Token::from_bytes([0x70; 16]);

pub fn plain(net: &mut Net, at: &Domain, input: &hazmat::Input) -> Vec<Said> {
    let host = net.hosts.get_mut(at).unwrap();
    let released =
        sottovoce::storage::run(&Plain(&host.server), &mut host.store, net.now, &mut net.rng, input);
    let released = released.unwrap();
    host.note(released.wake_at);
    released.send
}

pub fn mailboxes(net: &mut Net, at: &Domain, operation: Operation) -> Outcome {
    let said = plain(net, at, &hazmat::Input::Mailboxes(operation));
    let outcome = said.into_iter().find_map(|said| match said {
        Said::Mailboxes(outcome) => Some(*outcome),
        _ => None,
    });
    outcome.unwrap()
}

pub fn account(net: &mut Net, at: &Domain, who: Submitter, address: &str) {
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

pub fn item(number: u16) -> Item {
    item_under(number, TOKEN)
}

pub fn item_under(number: u16, token: Token) -> Item {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let kind = Kind::Device(DeviceItem {
        token,
        device: BOB.device,
        order: Order { term: 0, version: 1 },
        payload: None,
        body: number.to_be_bytes().to_vec(),
    });
    Item { id: ItemId::from_bytes(id), kind }
}

pub fn submit(net: &mut Net, number: u16) {
    submit_item(net, item(number));
}

pub fn submit_item(net: &mut Net, item: Item) {
    let submit = hazmat::Input::Submit {
        by: ALICE,
        request: RequestId::from_bytes([1; 16]),
        to: domain("b.test"),
        item,
    };
    assert_eq!(plain(net, &domain("a.test"), &submit), [Said::Taken(true)]);
}

pub fn drain(net: &mut Net, at: &str, who: Submitter) -> Vec<What> {
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

pub fn pair() -> Net {
    let mut net = Net::new(&["a.test", "b.test"], 1);
    account(&mut net, &domain("a.test"), ALICE, "alice@a.test");
    account(&mut net, &domain("b.test"), BOB, "bob@b.test");
    let add = Operation::Tokens(BOB.account, TokenChange::Add(TOKEN));
    mailboxes(&mut net, &domain("b.test"), add);
    net
}

/// What bob finds, as numbers.
pub fn found(net: &mut Net) -> Vec<u16> {
    let number = |what| match what {
        What::Item(item) => Some(u16::from_be_bytes(item.body.try_into().ok()?)),
        What::Status(_) => None,
    };
    drain(net, "b.test", BOB).into_iter().filter_map(number).collect()
}

/// What alice is told, in order: the number of the item, and its status.
pub fn told(net: &mut Net) -> Vec<(u16, Status)> {
    let told = |what| match what {
        What::Status(status) => {
            let [first, second, ..] = *status.id.as_bytes();
            Some((u16::from_be_bytes([first, second]), status.status))
        }
        What::Item(_) => None,
    };
    drain(net, "a.test", ALICE).into_iter().filter_map(told).collect()
}

/// The same status for each of these items.
pub fn all(numbers: std::ops::Range<u16>, status: Status) -> Vec<(u16, Status)> {
    numbers.map(|number| (number, status)).collect()
}
