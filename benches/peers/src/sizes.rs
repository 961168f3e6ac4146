//! Bytes on the wire and at rest.

use std::collections::VecDeque;

use rand_core::Rng as _;
use sottovoce::crypto::random::Generator;
use sottovoce::pairwise::Frame;
use sottovoce::wire::Wire as _;

use crate::ours::{End, Pair, Randomness, begin};
use crate::scene::Scene;
use crate::table::Table;

/// Messages of a long conversation.
const LONG: u32 = 20_000;
/// Messages that are passed by one.
const PASSED: u32 = 1_000;

pub fn run(table: &mut Table, scene: &Scene) {
    if !table.wants("sizes") {
        return;
    }
    let mut pair = Pair::new(scene);
    let message = pair.alice.seal(&mut pair.randomness);
    pair.bob.open(&message);
    let frame = Frame { initial: None, message }.encode().unwrap();
    table.size("on the wire: frame of 32 B", length(&frame), 300);
    let first = begin(scene, scene.prekeys(true), &mut Randomness::new()).frame;
    table.size("on the wire: first frame of 32 B, no path stapled", length(&first), 3_000);
    let kept = passed(&pair);
    table.size(&format!("kept keys of {PASSED} messages, each"), kept.div_ceil(PASSED), 48);
    let messages = if table.is_quick() { LONG / 100 } else { LONG };
    let Largest { idle, busy } = converse(scene, messages, 0);
    table.size("state at rest, lane idle, largest", idle, 1_024);
    table.size("state at rest, largest", busy, 4_608);
    let Largest { idle, busy } = converse(scene, messages, 25);
    table.size("state at rest, lane idle, largest, 25 % of messages lost", idle, 0);
    table.size("state at rest, largest, 25 % of messages lost", busy, 4_608);
}

/// The largest states seen.
#[derive(Default)]
struct Largest {
    idle: u32,
    busy: u32,
}

impl Largest {
    fn see(&mut self, end: &End) {
        let state = end.ratchet.encode().unwrap();
        let largest = if is_idle(&state) { &mut self.idle } else { &mut self.busy };
        *largest = (*largest).max(length(&state));
    }
}

/// A conversation in which either side has something to say at any time. Without loss, half of the messages are under way at a time when
/// the other side speaks; what is lost never comes.
fn converse(scene: &Scene, messages: u32, lost: u32) -> Largest {
    let (mut pair, mut largest) = (Pair::new(scene), Largest::default());
    let mut coins = Randomness::new().generator();
    let mut under_way = [VecDeque::new(), VecDeque::new()];
    for _ in 0..messages {
        let is_alice = one_in(2, &mut coins);
        let Pair { alice, bob, randomness } = &mut pair;
        let (from, to) = if is_alice { (alice, bob) } else { (bob, alice) };
        let way = &mut under_way[usize::from(is_alice)];
        let message = from.seal(randomness);
        largest.see(from);
        if coins.next_u32() % 100 >= lost {
            way.push_back(message);
        }
        if one_in(2, &mut coins) {
            for message in way.drain(..) {
                to.open(&message);
                largest.see(to);
            }
        }
    }
    largest
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

fn one_in(many: u32, coins: &mut Generator) -> bool {
    coins.next_u32().is_multiple_of(many)
}

/// Bytes of the blocks that a message leaves which passes others.
fn passed(pair: &Pair) -> u32 {
    let mut pair = pair.copy();
    let last = pair.sealed(PASSED + 1).pop().unwrap();
    pair.bob.open(&last);
    pair.bob.blocks.values().map(|block| length(&block.encode().unwrap())).sum()
}

/// Whether a state has neither symbols that wait nor symbols that have come: no `LaneOutgoing`, no `LaneHolding`, nothing in a `LaneIncoming`.
fn is_idle(state: &[u8]) -> bool {
    fields(state).into_iter().all(|(number, lane)| match number {
        // Offering: key, answer.
        11 => fields(lane).into_iter().all(|(number, part)| number != 4 && (number != 5 || is_empty(part))),
        // Collecting: key.
        13 => fields(lane).into_iter().all(|(number, part)| number != 2 || is_empty(part)),
        14 => false,
        // Answering: answer.
        15 => fields(lane).into_iter().all(|(number, _)| number != 4),
        _ => true,
    })
}

/// Whether a `LaneIncoming` has no symbols.
fn is_empty(incoming: &[u8]) -> bool {
    fields(incoming).into_iter().all(|(number, symbols)| number != 2 || symbols.is_empty())
}

/// Number and content of each field of a message that has bytes.
fn fields(message: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut found, mut rest) = (Vec::new(), message);
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let value = varint(&mut rest);
        if key % 8 == 2 {
            let (content, after) = rest.split_at(usize::try_from(value).unwrap());
            found.push((key / 8, content));
            rest = after;
        }
    }
    found
}

fn varint(rest: &mut &[u8]) -> u64 {
    let length = rest.iter().position(|byte| *byte < 128).unwrap() + 1;
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte % 128))
}
