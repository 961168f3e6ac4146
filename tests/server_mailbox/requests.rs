use sottovoce::crypto::hash::Hash;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::mailbox::{Settle, limits};
use sottovoce::server::{Code, Item, Kind, Output};

use crate::support::*;

const ADDRESS: &str = "user1@here.example";

#[test]
fn requests_wait_until_they_are_settled() {
    let mut world = World::new();
    let records = world.store.memory.records();
    assert_eq!(world.send(request(1, ADDRESS, 1)), Code::Accepted);
    assert_eq!(world.outputs, [Output::Notify(device(1))]);
    assert_eq!(world.send(request(2, ADDRESS, 2)), Code::Accepted);
    // The same once more is the same.
    assert_eq!(world.send(request(2, ADDRESS, 2)), Code::Accepted);
    let listed = world.listed(None);
    let bodies = |listed: &sottovoce::server::mailbox::Listed| {
        listed.requests.iter().map(|r| String::from_utf8(r.body.clone()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((bodies(&listed), listed.more), (vec!["request 1".into(), "request 2".into()], false));
    assert_eq!(listed.requests[0].domain.as_str(), "peer1.example");
    let [first, second] = [0, 1].map(|index: usize| listed.requests[index].handle);
    assert_eq!(bodies(&world.listed(Some(first))), ["request 2"]);
    assert!(world.settle(first, Settle::Accept));
    assert!(!world.settle(first, Settle::Accept));
    assert_eq!(bodies(&world.listed(None)), ["request 2"]);
    assert!(world.settle(second, Settle::Drop));
    assert!(world.listed(None).requests.is_empty());
    world.wait(limits::LIFETIME.plus(DAY));
    assert_eq!(world.store.memory.records(), records + 1, "what the origin may do");
}

#[test]
fn requests_carry_payloads_and_go_by_age() {
    let mut world = World::new();
    let body = vec![5; 524_288];
    let with = |number, hash| {
        let Item { id, kind: Kind::Request(mut item) } = request(number, ADDRESS, number) else {
            panic!("another kind")
        };
        item.payload = Some(hash);
        Item { id, kind: Kind::Request(item) }
    };
    let records = world.store.memory.records();
    assert_eq!(world.send(with(1, Hash::of(b"none"))), NO_PAYLOAD);
    assert_eq!(world.send(payload(2, &body)), Code::Accepted);
    for number in 1..=3 {
        assert_eq!(world.send(with(number, Hash::of(&body))), Code::Accepted);
    }
    let listed = world.listed(None);
    assert_eq!((listed.requests.len(), listed.more), (1, true));
    assert_eq!(listed.requests[0].payload.as_ref(), Some(&body));
    assert_eq!(world.listed(Some(listed.requests[0].handle)).requests.len(), 1);
    world.wait(limits::LIFETIME.plus(DAY));
    assert!(world.listed(None).requests.is_empty());
    assert_eq!(world.store.memory.records(), records + 1, "what the origin may do");
}

#[test]
fn a_pseudonym_asks_once_a_day() {
    let mut world = World::new();
    assert_eq!(world.send(request(1, ADDRESS, 1)), Code::Accepted);
    let Code::Busy(wait) = world.send(request(2, ADDRESS, 1)) else { panic!("twice a day") };
    assert_eq!(wait, DAY);
    // Also if the first is settled, and from elsewhere it is somebody else.
    let handle = world.listed(None).requests[0].handle;
    assert!(world.settle(handle, Settle::Drop));
    assert!(matches!(world.send(request(2, ADDRESS, 1)), Code::Busy(_)));
    assert_eq!(world.deliver(&peer(2), &[request(2, ADDRESS, 1)])[0].code, Code::Accepted);
    world.wait(DAY);
    assert_eq!(world.send(request(2, ADDRESS, 1)), Code::Accepted);
}

/// What is said to a stranger about an address does not say whether it is somebody's, whether it blocks, or whether the device is listed.
#[test]
fn p_07_existing_absent_and_blocked_addresses_answer_alike() {
    let existing = World::new();
    let absent = World::empty();
    let mut blocking = World::new();
    assert_eq!(blocking.send(request(900, ADDRESS, 77)), Code::Accepted);
    let handle = blocking.listed(None).requests[0].handle;
    assert!(blocking.settle(handle, Settle::Block));
    blocking.wait(limits::LIFETIME.plus(DAY));
    let mut closed = World::new();
    let mut entry = entry(1);
    entry.state = sottovoce::server::directory::AccountState::Closed;
    closed.run(&Operation::Account(entry));
    let mut verdicts = Vec::new();
    for mut world in [existing, absent, blocking, closed] {
        let start = world.now;
        let mut said = Vec::new();
        for round in 0..4_u16 {
            for origin in 1..=6_u8 {
                let batch: Vec<_> =
                    (0..20).map(|n| request(round * 20 + n, ADDRESS, 77 + n % 19 + round)).collect();
                said.extend(world.deliver(&peer(origin), &batch));
            }
            // The same hours in each world, and nobody settles anything.
            world.wake();
            world.now = start.plus(sottovoce::time::Span::from_days(9 * u64::from(round + 1)));
            world.wake();
        }
        said.push(world.deliver(&peer(9), &[request(1, "nobody@elsewhere.example", 1)])[0]);
        verdicts.push(said);
    }
    let busy = verdicts[0].iter().filter(|verdict| matches!(verdict.code, Code::Busy(_))).count();
    assert!(busy > 100 && verdicts[0].len() - busy > 60, "{busy} of {}", verdicts[0].len());
    for said in &verdicts[1..] {
        let first = said.iter().zip(&verdicts[0]).position(|(one, other)| one != other);
        assert!(said == &verdicts[0], "the {first:?}th verdict");
    }
}

#[test]
fn an_inbox_is_never_flooded() {
    let mut world = World::new();
    // 16 of one origin, 64 of all; nothing that waits gives way.
    let accepted = |world: &mut World, origin: u8| {
        let batch: Vec<_> = (0..30).map(|n| request(n, ADDRESS, n)).collect();
        let verdicts = world.deliver(&peer(origin), &batch);
        verdicts.iter().filter(|verdict| verdict.code == Code::Accepted).count()
    };
    let counts: Vec<_> = (1..=6).map(|origin| accepted(&mut world, origin)).collect();
    assert_eq!(counts, [16, 16, 16, 16, 0, 0]);
    let (mut after, mut seen) = (None, 0);
    loop {
        let listed = world.listed(after);
        seen += listed.requests.len();
        after = listed.requests.last().map(|request| request.handle);
        if !listed.more {
            break;
        }
    }
    assert_eq!(seen, 64);
    let handle = world.listed(None).requests[0].handle;
    assert!(world.settle(handle, Settle::Accept));
    assert_eq!(world.deliver(&peer(7), &[request(1, ADDRESS, 1)])[0].code, Code::Accepted);
}

/// What one origin can make a server remember of addresses that do not exist has an end.
#[test]
fn f_13_requests_of_an_origin_are_capped() {
    let mut world = World::empty();
    let mut accepted = 0;
    for number in 0..600_u16 {
        let code = world.send(request(number, &format!("nobody{number}@here.example"), number));
        accepted += usize::from(code == Code::Accepted);
    }
    assert_eq!(u64::try_from(accepted).unwrap(), limits::ORIGIN_REQUESTS.burst);
    // What does not depend on the origin's budget is unharmed.
    assert_eq!(world.deliver(&peer(2), &[request(1, ADDRESS, 1)])[0].code, Code::Accepted);
    world.wait(limits::LIFETIME.plus(DAY));
    assert_eq!(world.store.memory.records(), 2, "what two origins may do");
}

/// An owner who drops what one origin sends, again and again, still hears of others on the same day.
#[test]
fn f_13_one_origin_does_not_use_up_the_day_of_an_inbox() {
    let mut world = World::new();
    let mut accepted = 0;
    for round in 0..16_u16 {
        let batch: Vec<_> = (0..16).map(|n| request(round * 16 + n, ADDRESS, round * 16 + n)).collect();
        let verdicts = world.deliver(&peer(1), &batch);
        accepted += verdicts.iter().filter(|verdict| verdict.code == Code::Accepted).count();
        for waiting in world.listed(None).requests {
            assert!(world.settle(waiting.handle, Settle::Drop));
        }
    }
    assert_eq!(accepted, limits::SLOTS_OF_ORIGIN);
    assert_eq!(world.deliver(&peer(2), &[request(1, ADDRESS, 1)])[0].code, Code::Accepted);
    world.wait(DAY);
    assert_eq!(world.send(request(900, ADDRESS, 900)), Code::Accepted);
}
