use sottovoce::crypto::hash::Hash;
use sottovoce::server::mailbox::{MailboxCursor, TokenChange, limits};
use sottovoce::server::{Code, Item, Kind, Verdict};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::support::*;

/// P-11: whoever floods with a token runs into its budget, and nobody else does.
#[test]
fn p_11_a_flood_ends_at_the_budget_of_its_token() {
    let mut world = World::new();
    world.tokens(1, TokenChange::Add(token(3)));
    let mut accepted = 0;
    for batch in 0..4_u16 {
        let items: Vec<_> = (0..1_000).map(|number| item(batch * 1_000 + number)).collect();
        accepted += world.deliver(&peer(1), &items).iter().filter(|v| v.code == Code::Accepted).count();
    }
    assert_eq!(u64::try_from(accepted).unwrap(), limits::TOKEN_ITEMS.burst);
    let Code::Busy(wait) = world.send(item(9_000)) else { panic!("over the budget") };
    assert!(wait > Span::default() && wait <= HOUR);
    // Another token of the same account, from the same origin.
    assert_eq!(world.send(item_to(9_001, token(3), device(1), None)), Code::Accepted);
    world.now = world.now.plus(wait);
    assert_eq!(world.send(item(9_000)), Code::Accepted);
    // Tokens that nobody gave away cost nothing but the answer.
    let before = world.snapshot();
    let guessed: Vec<_> = (4..=250).map(|n| item_to(n.into(), token(n), device(1), None)).collect();
    assert!(world.deliver(&peer(1), &guessed).iter().all(|verdict| verdict.code == UNKNOWN));
    assert!(world.snapshot() == before);
    // Bytes are counted too, with the payload's.
    let mut world = World::new();
    let body = vec![3; 524_288];
    assert_eq!(world.send(payload(1, &body)), Code::Accepted);
    let named = (0..100).map(|n| item_to(n, token(1), device(1), Some(Hash::of(&body))));
    let verdicts = world.deliver(&peer(1), &named.collect::<Vec<_>>());
    assert_eq!(verdicts.iter().filter(|v| v.code == Code::Accepted).count(), 63);
}

/// P-12: with the same history, the verdicts of a blocked sender are those of one whose recipient is offline, byte for byte: up to a full
/// mailbox, and beyond the age at which what waits goes.
#[test]
fn p_12_blocked_and_offline_are_one_to_the_sender() {
    let bodies = [b"one".to_vec(), vec![2; 300_000]];
    let said: Vec<Vec<Vec<u8>>> = [false, true]
        .into_iter()
        .map(|is_blocked| {
            let mut world = World::new();
            world.tokens(1, TokenChange::Add(token(3)));
            let _ = world.deliver(&peer(1), &(0..500).map(item).collect::<Vec<_>>());
            let before = world.snapshot();
            if is_blocked {
                world.tokens(1, TokenChange::Sink(token(1)));
            }
            assert_eq!(world.snapshot() != before, is_blocked);
            let start = world.now;
            let mut said = Vec::new();
            for hour in 0..48_u16 {
                let mut batch = vec![payload(60_000, &bodies[usize::from(hour % 2)])];
                batch.extend((0..300).map(|number| {
                    let hash = (number % 50 == 0).then(|| Hash::of(&bodies[usize::from(number / 50 % 2)]));
                    // Some come twice; some to a device that is not there, some with an old manifest.
                    let to = if number % 17 == 0 { 9 } else { 1 };
                    let mut item = item_to(300 + hour * 280 + number, token(1), device(to), hash);
                    if let Kind::Device(device) = &mut item.kind {
                        device.order.version -= u64::from(number % 5 == 0);
                    }
                    item
                }));
                said.extend(world.deliver(&peer(1), &batch));
                if hour == 40 {
                    world.now = start.plus(Span::from_days(31));
                    world.wake();
                }
                world.now = world.now.plus(HOUR);
            }
            // Somebody else is not kept out by what the blocked one has sent.
            let other = world.deliver(&peer(1), &[item_to(50_000, token(3), device(1), None)]);
            if is_blocked {
                assert_eq!(other[0].code, Code::Accepted);
                let mine = world.drain_all(owner(1, 1));
                assert_eq!(numbers(&mine), [50_000], "the blocked sender reaches nobody");
            }
            said.iter().map(|verdict: &Verdict| verdict.encode().unwrap()).collect()
        })
        .collect();
    let first = said[0].iter().zip(&said[1]).position(|(one, other)| one != other);
    assert!(said[0] == said[1], "the {first:?}th verdict");
    let kinds: std::collections::BTreeSet<_> = said[0].iter().collect();
    println!("{} verdicts, {} different", said[0].len(), kinds.len());
    assert!(kinds.len() > 4, "the history has verdicts of all kinds");
}

/// L-13: a mailbox that is full says so, and holds on to what it has.
#[test]
fn l_13_a_full_mailbox_is_busy_and_evicts_nothing() {
    let mut world = World::new();
    let tokens: Vec<_> = (10..16).map(token).collect();
    for token in &tokens {
        world.tokens(1, TokenChange::Add(*token));
    }
    let (mut number, mut full) = (0_u16, 0);
    for token in &tokens {
        for _ in 0..4 {
            let batch: Vec<_> = (0..500).map(|n| item_to(number + n, *token, device(1), None)).collect();
            number += 500;
            for verdict in world.deliver(&peer(1), &batch) {
                match verdict.code {
                    Code::Accepted => assert_eq!(full, 0),
                    Code::Busy(wait) => {
                        assert_eq!(wait, limits::FULL);
                        full += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(full, 12_000 - limits::ENTRIES);
    // The device's other mailbox and statuses are not concerned.
    assert_eq!(world.send(item_to(60_000, token(10), device(2), None)), Code::Busy(Span::from_millis(1_800)));
    assert_eq!(world.send(item_to(60_000, token(15), device(2), None)), Code::Accepted);
    world.report(owner(1, 1), 60_001, sottovoce::server::Status::Expired);
    let entries = world.drain_all(owner(1, 1));
    assert_eq!(numbers(&entries[..10_000]), (0..10_000).collect::<Vec<_>>());
    assert_eq!(numbers(&entries[10_000..]), [60_001]);
    assert_eq!(world.send(item(60_002)), Code::Accepted);
}

/// An item that comes again and again finds its payload, however long its recipient is busy.
#[test]
fn l_13_who_is_busy_loses_no_payload() {
    let mut world = World::new();
    let tokens: Vec<_> = (10..16).map(token).collect();
    for token in &tokens {
        world.tokens(1, TokenChange::Add(*token));
    }
    for (token, start) in tokens[..5].iter().zip((0..).step_by(2_000)) {
        for batch in 0..5_u16 {
            let from = start + batch * 400;
            let items: Vec<_> = (from..from + 400).map(|n| item_to(n, *token, device(1), None)).collect();
            world.deliver(&peer(1), &items);
        }
    }
    assert_eq!(world.send(payload(60_000, b"for later")), Code::Accepted);
    let waiting = item_to(60_001, tokens[5], device(1), Some(Hash::of(b"for later")));
    for _ in 0..60 {
        assert_eq!(world.send(waiting.clone()), Code::Busy(limits::FULL));
        world.wait(Span::from_secs(3_600));
        world.wake();
    }
    let full = world.snapshot();
    world.drain_all(owner(1, 1));
    assert_eq!(world.send(waiting.clone()), Code::Accepted);
    // One that does not come again for two days is another matter.
    world.restore(&full);
    world.wait(Span::from_secs(50 * 3_600));
    world.wake();
    world.drain_all(owner(1, 1));
    assert_eq!(world.send(waiting), Code::Refused(sottovoce::server::Reason::NoPayload));
}

/// L-13: by bytes.
#[test]
fn l_13_a_mailbox_is_full_by_bytes() {
    let mut world = World::new();
    for token in 10..14 {
        world.tokens(1, TokenChange::Add(self::token(token)));
    }
    let mut accepted = 0_u64;
    for token in 10..14 {
        for batch in 0..8_u16 {
            let items: Vec<_> = (0..50)
                .map(|n| {
                    let number = u16::from(token) * 1_000 + batch * 50 + n;
                    let Item { id, kind: Kind::Device(mut device) } = sized(number, 65_536) else { panic!() };
                    device.token = self::token(token);
                    Item { id, kind: Kind::Device(device) }
                })
                .collect();
            let verdicts = world.deliver(&peer(1), &items);
            accepted += u64::try_from(verdicts.iter().filter(|v| v.code == Code::Accepted).count()).unwrap();
        }
    }
    assert_eq!(accepted, limits::BYTES / (65_536 + limits::ENTRY));
}

/// F-07: wherever in a batch the bad items are, all others are delivered, in their order, and the next batch too.
#[test]
fn f_07_a_bad_item_spoils_nothing_around_it() {
    let poison: [fn(u16) -> Item; 6] = [
        |n| item_to(n, token(99), device(1), None),
        |n| item_to(n, token(1), device(99), None),
        |n| item_to(n, token(1), device(1), Some(Hash::of(b"none"))),
        |n| request(n, "user1@elsewhere.example", 1),
        |n| request(n, "nobody@here.example", n),
        |n| {
            let mut item = item_to(n, token(1), device(9), None);
            if let Kind::Device(device) = &mut item.kind {
                device.order.version = u64::MAX;
            }
            item
        },
    ];
    for position in 0..100_u16 {
        let mut world = World::new();
        let bad = poison[usize::from(position) % poison.len()](position);
        let batch: Vec<_> =
            (0..100).map(|number| if number == position { bad.clone() } else { item(number) }).collect();
        let verdicts = world.deliver(&peer(1), &batch);
        let alone = World::new().deliver(&peer(1), &[bad]);
        assert_eq!(verdicts[usize::from(position)], alone[0], "no neighbour changes a verdict");
        let good = (0..100).filter(|number| *number != position).collect::<Vec<_>>();
        assert!(good.iter().all(|number| verdicts[usize::from(*number)].code == Code::Accepted));
        assert_eq!(world.send(item(100)), Code::Accepted);
        let expected: Vec<_> = good.into_iter().chain([100]).collect();
        assert_eq!(numbers(&world.drain_all(owner(1, 1))), expected);
    }
}

/// F-07: payloads that have to wait make those wait that name them, and lose none.
#[test]
fn f_07_items_wait_with_their_payload() {
    let mut world = World::new();
    let body = |number: u16| [number.to_be_bytes().as_slice(), &vec![0; 524_000]].concat();
    let mut number = 0;
    let wait = loop {
        match world.send(payload(number, &body(number))) {
            Code::Accepted => number += 1,
            Code::Busy(wait) => break wait,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u64::from(number), limits::ORIGIN_PAYLOADS.burst / (524_002 + limits::PAYLOAD_ENTRY));
    let named = item_to(1, token(1), device(1), Some(Hash::of(&body(number))));
    assert!(matches!(world.send(named.clone()), Code::Busy(_)));
    // What names another one of before does not wait.
    assert_eq!(world.send(item_to(2, token(1), device(1), Some(Hash::of(&body(0))))), Code::Accepted);
    assert_eq!(world.deliver(&peer(2), std::slice::from_ref(&named))[0].code, NO_PAYLOAD);
    world.now = world.now.plus(wait);
    assert_eq!(world.send(payload(number, &body(number))), Code::Accepted);
    assert_eq!(world.send(named), Code::Accepted);
    assert_eq!(numbers(&world.drain_all(owner(1, 1))), [2, 1]);
}

/// F-09: clocks that jump reorder nothing, and bring nothing back that has ended.
#[test]
fn f_09_clocks_that_jump() {
    let mut world = World::new();
    let rotate = TokenChange::Rotate { old: token(1), new: token(3) };
    world.tokens(1, rotate);
    assert_eq!(world.send(item(1)), Code::Accepted);
    // Ahead: the token ends, and does not begin again.
    world.wait(limits::GRACE.plus(HOUR));
    assert_eq!(world.send(item(2)), UNKNOWN);
    world.now = START;
    assert_eq!(world.send(item(2)), UNKNOWN);
    // What came in a wrong future is in its place, and goes when what is after it goes.
    world.now = START.plus(Span::from_days(10_000));
    assert_eq!(world.send(item_to(3, token(3), device(2), None)), Code::Accepted);
    world.now = START;
    world.wake();
    assert_eq!(world.send(item_to(4, token(3), device(2), None)), Code::Accepted);
    assert_eq!(numbers(&world.drain(owner(1, 2), &MailboxCursor::default(), 10).entries), [3, 4]);
    world.wait(limits::LIFETIME.plus(DAY));
    let drained = world.drain(owner(1, 2), &MailboxCursor::default(), 10);
    assert_eq!((drained.entries.len(), drained.aged.unwrap().count), (0, 2));
    // The ends of time.
    for now in [0, u64::MAX] {
        world.now = Timestamp::from_millis(now);
        let _ = world.send(item_to(5, token(3), device(1), None));
        let _ = world.drain(owner(1, 1), &MailboxCursor::default(), 10);
        let _ = world.tokens(1, TokenChange::Rotate { old: token(3), new: token(4) });
    }
}

/// F-13: what one origin makes a server keep is capped, and nobody else pays for it.
#[test]
fn f_13_payloads_of_an_origin_are_capped() {
    let mut world = World::new();
    let records = world.store.memory.records();
    // Small ones cost records and timers: 2,000 of 2 bytes are not nothing.
    let small: Vec<_> = (0..2_000_u16).map(|number| payload(number, &number.to_be_bytes())).collect();
    for batch in small.chunks(400) {
        assert!(world.deliver(&peer(1), batch).iter().all(|verdict| verdict.code == Code::Accepted));
    }
    let left = limits::ORIGIN_PAYLOADS.burst - 2_000 * (limits::PAYLOAD_ENTRY + 2);
    let mut kept = 0_u64;
    for number in 0..600_u16 {
        let body = [number.to_be_bytes().as_slice(), &vec![0; 524_286]].concat();
        kept += u64::from(world.send(payload(number, &body)) == Code::Accepted);
    }
    assert_eq!(kept, left / (524_288 + limits::PAYLOAD_ENTRY));
    assert_eq!(world.deliver(&peer(2), &[payload(1, b"another")])[0].code, Code::Accepted);
    world.wait(limits::PAYLOAD.plus(HOUR));
    assert_eq!(world.store.memory.records(), records + 2);
}

/// F-13: an account's tokens.
#[test]
fn f_13_tokens_of_an_account_are_capped() {
    let mut world = World::new();
    let mut added = 1;
    for number in 0..9_000_u16 {
        let mut bytes = [0xaa; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        let token = sottovoce::server::Token::from_bytes(bytes);
        let changed = world.tokens(1, TokenChange::Add(token));
        added += u32::from(changed == sottovoce::server::mailbox::TokenChanged::Done);
    }
    assert_eq!(added, limits::TOKENS);
}
