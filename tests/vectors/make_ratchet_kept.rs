//! Vectors of messages that come late, and of what is kept for them.

use serde_json::Value;
use sottovoce::crypto::secret::Secret;
use sottovoce::ratchet::hazmat;

use crate::edit::{To, get, get_number, set};
use crate::inputs::Inputs;
use crate::make::{File, counting};
use crate::make_ratchet::DAY;
use crate::make_wire::number;
use crate::ops;
use crate::ops_ratchet::Blocks;
use crate::ratchet_forge::{Forged, OPEN, Place, RECEIVING, States, after, open, seal};
use crate::ratchet_talk::{BEGUN, Script, Side};

/// What a state seals with one draw.
fn sealed(state: &[u8]) -> Vec<u8> {
    let out = ops::run("ratchet.seal", &Inputs(&seal(state, b"late", BEGUN, &counting(44, 32)))).unwrap();
    hex::decode(out["message"].as_str().unwrap()).unwrap()
}

/// The state after it has sealed messages that nobody sees.
fn ahead(state: &[u8], number: u64) -> Vec<u8> {
    let mut chain = Secret::new(get(state, &[OPEN, 1]).unwrap().try_into().unwrap());
    for _ in get_number(state, &[OPEN, 2]).unwrap()..number {
        chain = hazmat::chain_step(&chain).unwrap().1;
    }
    let state = set(state, &[OPEN, 1], To::Bytes(chain.expose().to_vec()));
    set(&state, &[OPEN, 2], To::Number(number))
}

const CLOSED: u64 = 21;

pub fn closed_chains(file: &mut File) {
    let mut script = Script::new(21);
    let first = script.burst("A", 5, 3);
    script.open_all("B", &[first[2]]);
    let answer = script.seal("B", &[]);
    script.open("A", answer);
    let second = script.seal("A", &[]);
    script.open("B", second);
    let Side { state, blocks } = script.b.clone();
    let [block] = blocks.values().collect::<Vec<_>>()[..] else { panic!("one block") };
    let message = |index: usize| script.message(first[index]);
    let late = script.now + 1000;
    let op = "ratchet.open";
    file.good("closed chain: a late message", op, open(&state, &[block], &message(3), late));
    let opened = after(&script.b, &message(3), late);
    let [put] = opened.blocks.values().collect::<Vec<_>>()[..] else { panic!("the block is put back") };
    let mut refuse =
        |name: &str, input: Value, class: &str| file.bad(&format!("closed chain: {name}"), op, input, class);
    refuse("the late message again", open(&opened.state, &[put], &message(3), late), "used");
    refuse("a message that opened in time", open(&state, &[block], &message(2), late), "used");
    refuse("a late message without its block", open(&state, &[], &message(3), late), "not-given");
    let other = set(block, &[2], To::Number(1));
    refuse("a late message with another block", open(&state, &[&other], &message(3), late), "not-given");
    let mut changed = message(1);
    changed[150] ^= 1;
    refuse("a late message with another body", open(&state, &[block], &changed, late), "unauthentic");
    refuse("a late message that is cut", open(&state, &[block], &changed[..200], late), "bad-length");
    let keys = get(&state, &[CLOSED, 1]).unwrap();
    let closed = |forged: Forged| {
        let forged = Forged { place: Place::Current, ..forged };
        forged.seal(&set(&state, &[RECEIVING, 3], To::Bytes(keys.clone())))
    };
    let beyond = closed(Forged::current(&state).number(5));
    refuse("a number beyond its length", open(&state, &[block], &beyond, late), "bad-header");
    let wrong = closed(Forged::current(&state).number(0).byte(47, 1));
    refuse("a header that is malformed", open(&state, &[block], &wrong, late), "bad-header");
    let other = closed(Forged::current(&state).number(0));
    refuse("a message by somebody without the chain", open(&state, &[block], &other, late), "unauthentic");
    let forgotten = set(&state, &[CLOSED, 4], To::Number(1));
    refuse(
        "a message that opened, after keys were dropped",
        open(&forgotten, &[block], &message(2), late),
        "too-old",
    );
    let far = script.now + 30 * DAY;
    refuse("a late message after more than 30 days", open(&state, &[block], &message(3), far + 1), "too-old");
    file.good("closed chain: a late message after 30 days", op, open(&state, &[block], &message(3), far));
    last_of_a_closed_chain(file, &script.b, &[message(0), message(1), message(3), message(4)], late);
}

/// One message after the other, until the chain is only remembered.
fn last_of_a_closed_chain(file: &mut File, side: &Side, messages: &[Vec<u8>], now: u64) {
    let mut side = side.clone();
    for message in messages {
        if Some(message) == messages.last() {
            let blocks: Vec<_> = side.blocks.values().collect();
            let input = open(&side.state, &blocks, message, now);
            file.good("closed chain: the last late message", "ratchet.open", input);
        }
        side = after(&side, message, now);
    }
    let Side { state, blocks } = side;
    assert!(blocks.is_empty());
    let name = "remembered chain: a message again";
    file.bad(name, "ratchet.open", open(&state, &[], &messages[0], now), "used");
    file.bad(
        "remembered chain: its tag alone",
        "ratchet.open",
        open(&state, &[], &messages[0][..8], now),
        "used",
    );
    let forgotten = set(&state, &[22, 2], To::Number(1));
    let name = "remembered chain: a message again, after keys were dropped";
    file.bad(name, "ratchet.open", open(&forgotten, &[], &messages[0], now), "too-old");
}

pub fn gaps(file: &mut File, states: &States) {
    let (sender, receiver, op) = (&states.begun, &states.due, "ratchet.open");
    let now = BEGUN + DAY;
    let message = |number: u64| sealed(&ahead(sender, number));
    let before = Side { state: receiver.clone(), blocks: Blocks::new() };
    for (name, number, dropped) in [("1,000", 1001, false), ("1,001", 1002, true), ("2,199", 2200, true)] {
        file.good(&format!("gap of {name} messages"), op, open(receiver, &[], &message(number), now));
        let state = after(&before, &message(number), now).state;
        assert_eq!(get_number(&state, &[RECEIVING, 7]), Some(u64::from(dropped)));
    }
    let Side { state, blocks } = after(&before, &message(2200), now);
    assert_eq!(blocks.len(), 17);
    let of =
        |number: u32| blocks.iter().filter(move |(id, _)| id.index == number / 64).map(|(_, block)| block);
    let given = |number: u32| of(number).collect::<Vec<_>>();
    let mut refuse =
        |name: &str, input: Value, class: &str| file.bad(&format!("gap: {name}"), op, input, class);
    refuse("a number that was not kept", open(&state, &given(1199), &message(1199), now), "too-old");
    refuse("a number before all that were kept", open(&state, &[], &message(7), now), "too-old");
    refuse("the message that made it", open(&state, &given(2200), &message(2200), now), "too-old");
    refuse("a kept number without its block", open(&state, &[], &message(1300), now), "not-given");
    refuse(
        "a further message without the block in which its gap begins",
        open(&state, &[], &message(2203), now),
        "not-given",
    );
    file.good("gap: the lowest number that was kept", op, open(&state, &given(1200), &message(1200), now));
    file.good("gap: the highest number", op, open(&state, &given(2199), &message(2199), now));
    file.good("gap: a further one", op, open(&state, &given(2201), &message(2203), now));
    let late = now + 31 * DAY;
    let name = "gap: a further one in a block that is too old";
    file.good(name, op, open(&state, &given(2201), &message(2203), late));
    file.good("gap: none, the next message needs no block", op, open(&state, &[], &message(2201), now));

    let near = set(receiver, &[RECEIVING, 2], To::Number(65_533));
    let end = set(sender, &[OPEN, 2], To::Number(65_533));
    let end = set(&end, &[OPEN, 1], To::Bytes(get(&near, &[RECEIVING, 1]).unwrap()));
    let last = sealed(&ahead(&end, 65_535));
    file.good("the last message of a chain", op, open(&near, &[], &last, now));
    let Side { state: used_up, blocks } =
        after(&Side { state: near.clone(), blocks: Blocks::new() }, &last, now);
    let given: Vec<_> = blocks.values().collect();
    file.bad("the last message of a chain again", op, open(&used_up, &given, &last, now), "used");
    let beyond = Forged::current(&used_up).seal(&used_up);
    file.bad("a message beyond the last", op, open(&used_up, &[], &beyond, now), "bad-header");
    let before = set(&states.answered, &[RECEIVING, 2], To::Number(65_534));
    let follows = sealed(&set(&states.second, &[OPEN, 6], To::Number(65_536)));
    file.good("a message after the longest chain", op, open(&before, &[], &follows, now));
    limits(file, receiver);
}

fn kept_block(index: u64, at: u64) -> Vec<u8> {
    [number(1, index), number(2, at)].concat()
}

/// Blocks that are dropped for their age or their number.
fn limits(file: &mut File, receiver: &[u8]) {
    let at = set(receiver, &[RECEIVING, 2], To::Number(4096));
    let with = |kept_at: &dyn Fn(u64) -> u64, count: u64| {
        let blocks = (0..count).map(|index| kept_block(index, kept_at(index))).collect();
        set(&at, &[RECEIVING, 8], To::Each(blocks))
    };
    let gap = |state: &[u8]| {
        let forged = Forged { ahead: 1, ..Forged::current(state) };
        forged.number(4097).seal(state)
    };
    let now = BEGUN + 40 * DAY;
    let mut good = |name: &str, state: &[u8], message: Vec<u8>| {
        file.good(&format!("blocks: {name}"), "ratchet.open", open(state, &[], &message, now));
    };
    let state = with(&|index| now - index % 7 * DAY, 64);
    good("the one that is too many is the oldest", &state, gap(&state));
    let state = with(&|_| now - DAY, 64);
    good("of equally old ones the lowest is dropped", &state, gap(&state));
    let state = with(&|index| now - 29 * DAY - index * DAY / 2, 4);
    good("those of more than 30 days are dropped", &state, Forged::current(&state).seal(&state));
    let state = with(&|index| now - 30 * DAY - index, 2);
    good("to the millisecond", &state, Forged::current(&state).seal(&state));
    let state = with(&|index| now + index * DAY, 3);
    good("a time that is ahead is set to now", &state, Forged::current(&state).seal(&state));
}
