use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Order;
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::mailbox::MailboxCursor;
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::mailbox::{TokenChange, TokenChanged, limits};
use sottovoce::server::{Code, DeviceItem, Item, Kind, Origin, Output, Stale, Status};
use sottovoce::storage::limits as store;

use crate::support::*;

#[test]
fn items_wait_in_order_of_arrival() {
    let mut world = World::new();
    let other = item_to(3, token(1), device(2), None);
    let verdicts = world.deliver(&peer(1), &[item(1), item(2), other, item(4)]);
    assert!(verdicts.iter().all(|verdict| verdict.code == Code::Accepted && verdict.stale.is_none()));
    // A clock that was put back changes no order.
    world.now = world.now.minus(DAY);
    assert_eq!(world.send(item(5)), Code::Accepted);
    assert_eq!(numbers(&world.drain_all(owner(1, 1))), [1, 2, 4, 5]);
    assert_eq!(numbers(&world.drain_all(owner(1, 2))), [3]);
    // Not under another account, which knows the device's name.
    assert_eq!(world.send(item(6)), Code::Accepted);
    assert!(world.drain_all(owner(2, 1)).is_empty());
}

#[test]
fn verdicts_of_items() {
    let mut world = World::new();
    world.run(&Operation::Account(AccountEntry { state: AccountState::Closed, ..entry(2) }));
    world.tokens(2, TokenChange::Add(token(2)));
    let of = |order| {
        let Item { id, kind: Kind::Device(device) } = item(9) else { panic!("another kind") };
        let unlisted = Kind::Device(DeviceItem { device: self::device(7), order, ..device.clone() });
        [Item { id, kind: unlisted }, Item { id, kind: Kind::Device(DeviceItem { order, ..device }) }]
    };
    let [unlisted, _] = of(ORDER);
    let old = Order { term: 0, version: 4 };
    let [unlisted_before, listed_before] = of(old);
    let [unlisted_after, listed_after] = of(Order { term: 1, version: 0 });
    let stale = Stale { account: account(1), order: ORDER, hash: entry(1).manifest_hash };
    for (item, code, said) in [
        (item_to(1, token(8), device(1), None), UNKNOWN, None),
        (item_to(2, token(2), device(3), None), Code::Gone, None),
        (unlisted, Code::Gone, None),
        (unlisted_before, Code::Gone, Some(stale)),
        // The sender knows a newer manifest: this server may have been set back.
        (unlisted_after, Code::Busy(limits::FULL), None),
        (item_to(3, token(1), device(1), Some(Hash::of(b"none"))), NO_PAYLOAD, None),
        (listed_before, Code::Accepted, Some(stale)),
        (listed_after, Code::Accepted, None),
    ] {
        let verdict = world.deliver(&peer(1), &[item])[0];
        assert_eq!((verdict.code, verdict.stale), (code, said));
    }
}

/// Whatever is not accepted leaves no record and no entry.
#[test]
fn refused_items_leave_no_trace() {
    let mut world = World::new();
    let before = world.snapshot();
    let items = [
        item_to(1, token(8), device(1), None),
        item_to(2, token(1), device(9), None),
        item_to(3, token(1), device(1), Some(Hash::of(b"none"))),
        request(4, "user1@elsewhere.example", 1),
        sized(5, 1),
    ];
    let _ = world.deliver(&peer(1), &items[..4]);
    assert!(world.snapshot() == before, "refused");
    let _ = world.deliver(&peer(1), &items);
    assert!(world.snapshot() != before, "accepted");
}

#[test]
fn an_item_that_comes_twice_is_one() {
    let mut world = World::new();
    let body = b"for many".to_vec();
    let named = item_to(1, token(1), device(1), Some(Hash::of(&body)));
    let batch = [payload(9, &body), named.clone(), named.clone()];
    assert_eq!(world.deliver(&peer(1), &batch).iter().filter(|v| v.code == Code::Accepted).count(), 3);
    assert_eq!(world.send(named.clone()), Code::Accepted);
    // Not the same: from elsewhere, or with another token.
    world.tokens(1, TokenChange::Add(token(3)));
    let _ = world.deliver(&peer(2), &[item(1)]);
    assert_eq!(world.send(item_to(1, token(3), device(1), None)), Code::Accepted);
    assert_eq!(numbers(&world.drain_all(owner(1, 1))), [1, 1, 1]);
    // Once it has left, it is not known any more; the ratchet knows it.
    assert_eq!(world.send(named), Code::Accepted);
    let drained = world.drain_all(owner(1, 1));
    assert_eq!(numbers(&drained), [1]);
    // All of it was let go.
    world.wait(limits::PAYLOAD.plus(HOUR));
    assert_eq!(world.send(item_to(2, token(1), device(1), Some(Hash::of(b"for many")))), NO_PAYLOAD);
}

#[test]
fn payloads_live_while_somebody_holds_them() {
    let mut world = World::new();
    let (body, hash) = (b"shared".to_vec(), Hash::of(b"shared"));
    let to = |number, device| item_to(number, token(1), device, Some(hash));
    let records = |world: &World| world.store.memory.records();
    let before = records(&world);
    assert_eq!(world.send(payload(1, &body)), Code::Accepted);
    // Each origin its own.
    assert_eq!(world.deliver(&peer(2), &[to(2, device(1))])[0].code, NO_PAYLOAD);
    assert_eq!(world.send(to(3, device(1))), Code::Accepted);
    assert_eq!(world.send(to(4, device(2))), Code::Accepted);
    world.wait(DAY.plus(DAY));
    assert_eq!(world.send(to(5, device(2))), Code::Accepted);
    let drained = world.drain(owner(1, 1), &MailboxCursor::default(), 10);
    assert_eq!(drained.payloads, std::slice::from_ref(&body));
    let _ = world.drain(owner(1, 1), &drained.next, 10);
    // Two entries, one payload.
    let drained = world.drain(owner(1, 2), &MailboxCursor::default(), 10);
    assert_eq!((drained.entries.len(), drained.payloads.len()), (2, 1));
    let _ = world.drain(owner(1, 2), &drained.next, 10);
    assert_eq!(world.send(to(6, device(2))), NO_PAYLOAD);
    // One that came again lives another day.
    assert_eq!(world.send(payload(7, &body)), Code::Accepted);
    world.wait(Span(20));
    assert_eq!(world.send(payload(7, &body)), Code::Accepted);
    world.wait(Span(20));
    assert_eq!(world.send(to(8, device(1))), Code::Accepted);
    let _ = world.drain_all(owner(1, 1));
    world.wait(Span(30));
    assert_eq!(world.send(to(9, device(1))), NO_PAYLOAD);
    // Two mailboxes and their timers, and what the origin may do, are what is left.
    world.wait(limits::LIFETIME);
    assert_eq!(records(&world), before + 3);
}

#[allow(non_snake_case)]
fn Span(hours: u64) -> sottovoce::time::Span {
    sottovoce::time::Span::from_secs(hours * 3_600)
}

#[test]
fn tokens_end_after_their_grace() {
    let mut world = World::new();
    let records = world.store.memory.records();
    let rotate = TokenChange::Rotate { old: token(1), new: token(3) };
    assert_eq!(world.tokens(1, rotate), TokenChanged::Done);
    world.wait(DAY);
    // Repeating it gives no more time.
    assert_eq!(world.tokens(1, rotate), TokenChanged::Done);
    world.now = world.now.plus(Span(13 * 24));
    assert_eq!(world.send(item(1)), Code::Accepted);
    assert_eq!(world.send(item_to(2, token(3), device(1), None)), Code::Accepted);
    world.now = world.now.plus(DAY);
    let expired = world.deliver(&peer(1), &[item(3)]);
    world.wake();
    assert_eq!(expired, world.deliver(&peer(1), &[item(3)]));
    assert_eq!(expired, world.deliver(&peer(1), &[item_to(3, token(99), device(1), None)]));
    assert_eq!(expired[0].code, UNKNOWN);
    let _ = world.drain_all(owner(1, 1));
    world.wait(limits::LIFETIME);
    assert_eq!(world.store.memory.records(), records + 1, "the mailbox");
}

#[test]
fn tokens_are_the_account_s() {
    let mut world = World::new();
    world.run(&Operation::Account(entry(2)));
    assert_eq!(world.tokens(2, TokenChange::Add(token(1))), TokenChanged::Refused);
    assert_eq!(world.tokens(2, TokenChange::Sink(token(1))), TokenChanged::Refused);
    assert_eq!(world.tokens(2, TokenChange::Sink(token(77))), TokenChanged::Refused);
    assert_eq!(world.tokens(2, TokenChange::Rotate { old: token(1), new: token(2) }), TokenChanged::Done);
    assert_eq!(world.tokens(2, TokenChange::Rotate { old: token(2), new: token(1) }), TokenChanged::Refused);
    assert_eq!(world.tokens(2, TokenChange::Rotate { old: token(2), new: token(2) }), TokenChanged::Refused);
    world.wait(limits::GRACE.plus(DAY));
    assert_eq!(world.send(item(1)), Code::Accepted);
    assert_eq!(world.send(item_to(2, token(2), device(3), None)), Code::Accepted);
}

/// A thousand items of a group in one batch: two rounds, and the mailbox's state is written once.
#[test]
fn a_batch_is_loaded_in_two_rounds() {
    let mut world = World::new();
    let items: Vec<_> = (0..1_000).map(item).collect();
    let verdicts = world.deliver(&peer(1), &items);
    assert_eq!(verdicts.len(), 1_000);
    assert!(verdicts.iter().all(|verdict| verdict.code == Code::Accepted));
    assert_eq!(world.store.loads, 2);
    // A thousand that say what is held; token, state, and both rows of its timer.
    assert_eq!(world.store.puts, 1_000 + 4);
    assert_eq!(world.outputs, [Output::Notify(device(1))]);
}

/// Items that share nothing: as many as are taken fit into one step.
#[test]
fn the_dearest_batch_fits_into_a_step() {
    let mut world = World::empty();
    let mut items = Vec::new();
    for number in 0..1_000_u16 {
        let mut bytes = [0xcc; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        let account = sottovoce::identity::ids::AccountId::from_bytes(bytes);
        let device = sottovoce::identity::ids::DeviceId::from_bytes(*bytes.first_chunk().unwrap());
        let token = sottovoce::server::Token::from_bytes(*bytes.first_chunk().unwrap());
        let address = format!("user{number}@here.example").parse().unwrap();
        world.run(&Operation::Account(AccountEntry { account, address, devices: vec![device], ..entry(1) }));
        world.run(&Operation::Tokens(account, TokenChange::Add(token)));
        world.run(&Operation::Tokens(account, TokenChange::Sink(token)));
        let body = number.to_be_bytes();
        assert_eq!(world.send(payload(number, &body)), Code::Accepted);
        items.push(item_to(number, token, device, Some(Hash::of(&body))));
    }
    let verdicts = world.deliver(&peer(1), &items);
    println!("{} items, {} wants, {} rows", verdicts.len(), world.store.wants, world.store.rows);
    assert!(verdicts.len() >= 400);
    assert!(verdicts.iter().all(|verdict| verdict.code == Code::Accepted));
    assert_eq!(world.store.loads, 2);
    assert!(world.store.wants <= store::WANTS * 3 / 4 && world.store.rows <= store::ROWS * 3 / 4);

    let requests: Vec<_> = (0..1_000).map(|n| request(n, &format!("user{n}@here.example"), n)).collect();
    let mut verdicts = 0;
    for origin in 1..=3 {
        let some = world.deliver(&peer(origin), &requests[verdicts..]).len();
        println!("{some} requests, {} wants, {} rows", world.store.wants, world.store.rows);
        assert!(world.store.wants <= store::WANTS * 3 / 4 && world.store.rows <= store::ROWS * 3 / 4);
        verdicts += some;
    }
    assert_eq!(verdicts, 1_000);
}

#[test]
fn statuses_come_once_and_however_full_the_mailbox_is() {
    let mut world = World::new();
    let me = owner(1, 1);
    let waiting = |hours| Status::Waiting(START.plus(Span(hours)));
    world.report(me, 1, waiting(1));
    world.report(me, 1, waiting(2));
    world.report(me, 1, Status::Delivered);
    world.report(me, 1, Status::Delivered);
    assert_eq!(world.outputs, []);
    world.report(me, 2, Status::Uncertain);
    assert_eq!(world.outputs, [Output::Notify(device(1))]);
    assert_eq!(numbers(&world.drain_all(me)), [1, 1, 2]);
    assert_eq!(world.run(&Operation::MaySubmit(me)), Outcome::Said(true));
}

#[test]
fn a_sleeping_device_is_woken_once() {
    let mut world = World::new();
    let me = owner(1, 1);
    assert_eq!(world.run(&Operation::Push(me, Some(vec![1; limits::PUSH + 1]))), Outcome::Said(false));
    assert_eq!(world.run(&Operation::Push(me, Some(Vec::new()))), Outcome::Said(false));
    assert_eq!(world.run(&Operation::Push(me, Some(b"there".to_vec()))), Outcome::Said(true));
    let push = Output::Push { device: device(1), endpoint: b"there".to_vec() };
    assert_eq!(world.send(item(1)), Code::Accepted);
    assert_eq!(world.outputs, [Output::Notify(device(1)), push.clone()]);
    assert_eq!(world.send(item(2)), Code::Accepted);
    assert_eq!(world.outputs, [Output::Notify(device(1))]);
    let _ = world.drain_all(me);
    assert_eq!(world.send(item(3)), Code::Accepted);
    assert_eq!(world.outputs, [Output::Notify(device(1)), push]);
    let _ = world.drain_all(me);
    assert_eq!(world.run(&Operation::Push(me, None)), Outcome::Said(true));
    assert_eq!(world.send(item(4)), Code::Accepted);
    assert_eq!(world.outputs, [Output::Notify(device(1))]);
}

/// Users of this server reach each other in the same way.
#[test]
fn local_senders() {
    let mut world = World::new();
    let local = Origin::Local(account(2));
    assert_eq!(world.deliver(&local, &[item(1)])[0].code, Code::Accepted);
    assert_eq!(world.deliver(&local, &[request(2, "user1@here.example", 1)])[0].code, Code::Accepted);
    assert_eq!(world.listed(None).requests[0].domain.as_str(), "here.example");
}
