//! Vectors of the lane as it is kept in a state.

use crate::edit::{To, get, set};
use crate::make::counting;
use crate::make_ratchet_wire::{Case, States};
use crate::make_wire::{bytes, number};
use crate::ratchet_talk::lane;

/// A state with another lane.
fn with_lane(state: &[u8], field: u64, value: &[Vec<u8>]) -> Vec<u8> {
    let without = (11..=16).fold(state.to_vec(), |state, each| set(&state, &[each], To::Absent));
    set(&without, &[field], To::Bytes(value.concat()))
}

fn incoming(held: u64, symbols: usize) -> Vec<u8> {
    [number(1, held), bytes(2, &vec![5; symbols])].concat()
}

fn outgoing(length: usize, acknowledged: u64, cursor: u64) -> Vec<u8> {
    [bytes(1, &counting(1, length)), number(2, acknowledged), number(3, cursor)].concat()
}

const ALL_OF_A_KEY: u64 = (1 << 37) - 1;
const ALL_OF_AN_ANSWER: u64 = (1 << 35) - 1;

pub fn lanes(states: &States) -> Vec<Case> {
    let offering = |epoch, key: Option<Vec<u8>>, answer: Vec<u8>| {
        let key = key.map(|key| bytes(4, &key)).unwrap_or_default();
        with_lane(
            &states.heard,
            11,
            &[number(1, epoch), bytes(2, &counting(1, 64)), number(3, 9), key, bytes(5, &answer)],
        )
    };
    let collecting = |epoch, key: Vec<u8>| with_lane(&states.due, 13, &[number(1, epoch), bytes(2, &key)]);
    let answering = |epoch, answer: Option<Vec<u8>>| {
        let answer = answer.map(|answer| bytes(4, &answer)).unwrap_or_default();
        with_lane(&states.due, 15, &[number(1, epoch), bytes(2, &[1; 32]), number(3, 9), answer])
    };
    let ready = |epoch| with_lane(&states.heard, 12, &[number(1, epoch), bytes(2, &[1; 32]), number(3, 9)]);
    let key = get(&states.begun, &[11, 4, 1]).unwrap();
    let holding = |epoch, key: &[u8]| with_lane(&states.due, 14, &[number(1, epoch), bytes(2, key)]);
    let closed = |state: &[u8], epoch| with_lane(state, 16, &[number(1, epoch)]);
    let bad_key = [vec![0xff; 3], key[3..].to_vec()].concat();
    let nothing = || incoming(0, 0);
    let good = with_lane(&states.due, 15, &[number(1, 7), bytes(2, &[1; 32]), number(3, 9)]);
    assert_eq!(lane(&good), ("answering", 7));
    let mut cases = vec![
        ("offering, all of the key acknowledged", offering(1, None, nothing()), ""),
        ("offering in the last epoch", offering(u64::from(u32::MAX), None, incoming(0x11, 64)), ""),
        ("offering in epoch 0", offering(0, None, nothing()), "bad-value"),
        ("offering in epoch 2^32", offering(1 << 32, None, nothing()), "bad-value"),
        ("offering, symbol 34 held", offering(1, None, incoming(1 << 34, 32)), ""),
        ("offering, symbol 35 held", offering(1, None, incoming(1 << 35, 32)), "bad-value"),
        (
            "offering, all of the answer held",
            offering(1, None, incoming(ALL_OF_AN_ANSWER, 1120)),
            "bad-value",
        ),
        ("offering, a symbol less than is held", offering(1, None, incoming(3, 32)), "bad-value"),
        ("offering, a symbol more than is held", offering(1, None, incoming(3, 96)), "bad-value"),
        ("offering, a symbol that is cut", offering(1, None, incoming(3, 63)), "bad-value"),
        ("offering, more symbols than there are", offering(1, None, incoming(3, 1185)), "bad-length"),
        (
            "offering a key, all but one acknowledged",
            offering(1, Some(outgoing(1184, ALL_OF_A_KEY - 4, 37)), nothing()),
            "",
        ),
        (
            "offering a key that was acknowledged",
            offering(1, Some(outgoing(1184, ALL_OF_A_KEY, 0)), nothing()),
            "bad-value",
        ),
        (
            "offering a key, symbol 37 acknowledged",
            offering(1, Some(outgoing(1184, 1 << 37, 0)), nothing()),
            "bad-value",
        ),
        ("offering a key, beyond its end", offering(1, Some(outgoing(1184, 0, 38)), nothing()), "bad-value"),
        ("offering a key that is too short", offering(1, Some(outgoing(1183, 0, 0)), nothing()), "bad-value"),
        (
            "offering a key as long as an answer",
            offering(1, Some(outgoing(1104, 0, 0)), nothing()),
            "bad-value",
        ),
        ("offering far too short a key", offering(1, Some(outgoing(1103, 0, 0)), nothing()), "bad-length"),
        ("offering far too long a key", offering(1, Some(outgoing(1185, 0, 0)), nothing()), "bad-length"),
    ];
    cases.extend([
        ("ready", ready(1), ""),
        ("ready in epoch 0", ready(0), "bad-value"),
        (
            "ready at B",
            with_lane(&states.due, 12, &[number(1, 1), bytes(2, &[1; 32]), number(3, 9)]),
            "bad-value",
        ),
        ("collecting in epoch 0", collecting(0, nothing()), "bad-value"),
        ("collecting, symbol 36 held", collecting(1, incoming(1 << 36, 32)), ""),
        ("collecting, symbol 37 held", collecting(1, incoming(1 << 37, 32)), "bad-value"),
        ("collecting, all held", collecting(1, incoming(ALL_OF_A_KEY, 1184)), "bad-value"),
        ("collecting, a symbol less than is held", collecting(1, incoming(6, 32)), "bad-value"),
        ("holding", holding(1, &key), ""),
        ("holding in epoch 0", holding(0, &key), "bad-value"),
        ("holding a key that is none", holding(1, &bad_key), "invalid-key"),
        ("holding a key that is too short", holding(1, &key[1..]), "bad-length"),
        ("holding in epoch 0 a key that is none", holding(0, &bad_key), "bad-value"),
        ("answering, all acknowledged", answering(1, None), ""),
        ("answering in epoch 0", answering(0, None), "bad-value"),
        (
            "answering, all but one acknowledged",
            answering(1, Some(outgoing(1104, ALL_OF_AN_ANSWER - 1, 35))),
            "",
        ),
        (
            "answering with what was acknowledged",
            answering(1, Some(outgoing(1104, ALL_OF_AN_ANSWER, 0))),
            "bad-value",
        ),
        ("answering, symbol 35 acknowledged", answering(1, Some(outgoing(1104, 1 << 35, 0))), "bad-value"),
        ("answering, beyond its end", answering(1, Some(outgoing(1104, 0, 36))), "bad-value"),
        ("answering with zeros at the end", answering(1, Some(outgoing(1120, 0, 0))), "bad-value"),
        ("closed at A", closed(&states.heard, 3), ""),
        ("closed at B", closed(&states.due, 3), ""),
        ("closed in epoch 0", closed(&states.due, 0), "bad-value"),
        ("closed in no epoch", with_lane(&states.due, 16, &[]), "missing"),
    ]);
    for (name, state, path) in [
        ("offering without a seed", offering(1, None, nothing()), [11, 2]),
        ("offering without a time", offering(1, None, nothing()), [11, 3]),
        ("offering without a place for the answer", offering(1, None, nothing()), [11, 5]),
        ("ready without a secret", ready(1), [12, 2]),
        ("ready without a time", ready(1), [12, 3]),
        ("collecting without a place for the key", collecting(1, nothing()), [13, 2]),
        ("holding no key", holding(1, &key), [14, 2]),
        ("answering without a secret", answering(1, None), [15, 2]),
        ("answering without a time", answering(1, None), [15, 3]),
    ] {
        cases.push((name, set(&state, &path, To::Absent), "missing"));
    }
    cases
}
