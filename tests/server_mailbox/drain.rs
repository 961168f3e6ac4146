use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::mailbox::{LogPlace, MailboxCursor, limits};
use sottovoce::server::{Code, Status};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::support::*;

const FIRST: MailboxCursor = MailboxCursor { entry: None, gap: None };

#[test]
fn fetching_after_an_entry_acknowledges_it() {
    let (mut world, me) = (World::new(), owner(1, 1));
    let _ = world.deliver(&peer(1), &[item(1), item(2), item(3)]);
    let one = world.drain(me, &FIRST, 2);
    assert_eq!((numbers(&one.entries), one.more), (vec![1, 2], true));
    // Nothing was acknowledged yet.
    assert_eq!(world.drain(me, &FIRST, 2), one);
    let part = MailboxCursor { entry: Some(one.entries[0].place), gap: None };
    let two = world.drain(me, &part, 2);
    assert_eq!((numbers(&two.entries), two.more), (vec![2, 3], false));
    // The answer was lost: the same once more.
    assert_eq!(world.drain(me, &part, 2), two);
    let end = world.drain(me, &two.next, 2);
    assert_eq!((numbers(&end.entries), end.lost, end.next), (vec![], false, two.next));
    // A device that was set back.
    let old = world.drain(me, &part, 2);
    assert!(old.lost && old.next == two.next);
}

#[test]
fn a_server_that_was_set_back_is_noticed() {
    let (mut world, me) = (World::new(), owner(1, 1));
    let _ = world.deliver(&peer(1), &[item(1), item(2)]);
    let snapshot = world.snapshot();
    let _ = world.deliver(&peer(1), &[item(3), item(4)]);
    let all = world.drain(me, &FIRST, 10);
    assert_eq!(numbers(&all.entries), [1, 2, 3, 4]);
    world.restore(&snapshot);
    let _ = world.deliver(&peer(1), &[item(5)]);
    // Number 4 is not there …
    let drained = world.drain(me, &all.next, 10);
    assert_eq!((drained.lost, numbers(&drained.entries)), (true, vec![1, 2, 5]));
    let _ = world.deliver(&peer(1), &[item(6)]);
    // … and then it is another one, which the old cursor does not acknowledge.
    let drained = world.drain(me, &all.next, 10);
    assert_eq!((drained.lost, numbers(&drained.entries)), (true, vec![1, 2, 5, 6]));
    // What was there before is acknowledged.
    let before = MailboxCursor { entry: Some(all.entries[1].place), gap: None };
    let drained = world.drain(me, &before, 10);
    assert_eq!((drained.lost, numbers(&drained.entries)), (false, vec![5, 6]));
}

#[test]
fn forged_cursors_acknowledge_nothing() {
    let (mut world, me) = (World::new(), owner(1, 1));
    let _ = world.deliver(&peer(1), &[item(1), item_to(2, token(1), device(2), None)]);
    let other = world.drain(owner(1, 2), &FIRST, 10).next;
    for number in [0, 1, 2, 3, u64::MAX] {
        for tag in [[0; 8], other.entry.unwrap().tag] {
            let entry = Some(LogPlace { number, tag });
            let drained = world.drain(me, &MailboxCursor { entry, gap: entry }, 10);
            assert_eq!((drained.lost, numbers(&drained.entries)), (true, vec![1]));
        }
    }
}

#[test]
fn answers_are_bounded() {
    let (mut world, me) = (World::new(), owner(1, 1));
    let _ = world.deliver(&peer(1), &(0..250).map(item).collect::<Vec<_>>());
    let one = world.drain(me, &FIRST, u16::MAX);
    assert_eq!((one.entries.len(), one.more), (100, true));
    assert_eq!(world.drain(me, &FIRST, 0).entries.len(), 1);
    assert_eq!(numbers(&world.drain_all(me)), (0..250).collect::<Vec<_>>());
    // The largest that there are.
    let bodies: Vec<Vec<u8>> = (0..4).map(|number| vec![number; 524_288]).collect();
    for (number, body) in (0..).zip(&bodies) {
        assert_eq!(world.send(payload(100 + number, body)), Code::Accepted);
        let hash = sottovoce::crypto::hash::Hash::of(body);
        let mut large = sized(number, 65_536);
        if let sottovoce::server::Kind::Device(device) = &mut large.kind {
            device.payload = Some(hash);
        }
        assert_eq!(world.send(large), Code::Accepted);
    }
    let mut cursor = FIRST;
    for body in &bodies {
        let drained = world.drain(me, &cursor, 100);
        assert!(drained.payloads.iter().eq([body]));
        let encoded = drained.encode().unwrap();
        assert!(encoded.len() <= 1 << 20);
        assert_eq!(sottovoce::server::mailbox::Drained::decode(&encoded).unwrap(), drained);
        cursor = drained.next;
    }
    assert_eq!(world.store.loads, 4);
}

#[test]
fn what_nobody_drains_goes_behind_a_mark() {
    let (mut world, me) = (World::new(), owner(1, 1));
    let records = world.store.memory.records();
    let _ = world.deliver(&peer(1), &(0..150).map(item).collect::<Vec<_>>());
    let first = world.now;
    world.wait(DAY);
    let second = world.now;
    world.report(me, 200, Status::Expired);
    world.wait(Span::from_days(15));
    let _ = world.deliver(&peer(1), &[item(300)]);
    let page = world.drain(me, &FIRST, 10);
    assert_eq!(page.aged, None);
    world.wait(Span::from_days(15));
    // 16 days and more: those of the first two days are gone.
    let drained = world.drain(me, &FIRST, 100);
    let aged = drained.aged.unwrap();
    assert_eq!((aged.count, aged.from, aged.to), (151, first, second));
    assert_eq!((drained.lost, numbers(&drained.entries)), (false, vec![300]));
    // It is shown until it is acknowledged; a cursor of before is not that.
    let old = world.drain(me, &page.next, 100);
    assert_eq!((old.lost, old.aged), (true, Some(aged)));
    let last = world.drain(me, &drained.next, 100);
    assert_eq!((last.lost, last.aged, last.entries.len()), (false, None, 0));
    // Where all went by age, too.
    let _ = world.deliver(&peer(1), &[item(301)]);
    world.wait(limits::LIFETIME.plus(DAY));
    let drained = world.drain(me, &last.next, 100);
    assert_eq!((drained.lost, drained.aged.unwrap().count), (true, 1));
    let drained = world.drain(me, &drained.next, 100);
    assert_eq!((drained.lost, drained.aged), (false, None));
    world.wait(DAY);
    assert_eq!(world.store.memory.records(), records + 1);
}

#[test]
fn gaps_are_told_to_every_device() {
    let mut world = World::new();
    let gap = |domain: &str, from: u64| {
        let time = |millis| Timestamp::from_millis(millis);
        Operation::Gap(domain.parse().unwrap(), time(from), time(from + 10))
    };
    assert_eq!(world.run(&gap("a.example", 1)), Outcome::Said(true));
    let one = world.drain(owner(1, 1), &FIRST, 10);
    assert_eq!((one.gaps.len(), one.gaps[0].domain.as_str()), (1, "a.example"));
    assert_eq!(world.drain(owner(1, 1), &FIRST, 10).gaps.len(), 1);
    assert_eq!(world.run(&gap("b.example", 2)), Outcome::Said(true));
    let two = world.drain(owner(1, 1), &one.next, 10);
    assert_eq!(two.gaps[0].domain.as_str(), "b.example");
    assert!(!two.lost && world.drain(owner(1, 1), &two.next, 10).gaps.is_empty());
    assert_eq!(world.drain(owner(1, 2), &FIRST, 10).gaps.len(), 2);
    // A server that tells too many is not heard.
    let told = (0..20).filter(|n| world.run(&gap("c.example", *n)) == Outcome::Said(true)).count();
    assert_eq!(told, 4);
    // No more than so many are kept, or for so long.
    for number in 0..300_u64 {
        assert_eq!(world.run(&gap(&format!("d{number}.example"), number)), Outcome::Said(true));
    }
    let (mut cursor, mut gaps) = (FIRST, Vec::new());
    loop {
        let drained = world.drain(owner(1, 2), &cursor, 10);
        gaps.extend(drained.gaps);
        cursor = drained.next;
        if !drained.more {
            break;
        }
    }
    assert_eq!(gaps.len(), 256);
    assert_eq!(gaps.last().unwrap().domain.as_str(), "d299.example");
    world.wait(limits::LIFETIME);
    let _ = world.run(&gap("e.example", 3));
    assert_eq!(world.drain(owner(1, 1), &FIRST, 10).gaps.len(), 1);
}
