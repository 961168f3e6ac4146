//! Vectors of the messages of the ratchet: a frame, and what is kept.

use serde_json::json;
use sottovoce::pairwise::Frame;
use sottovoce::ratchet::SkippedBlock;
use sottovoce::wire::Wire;

use crate::edit::{To, get, set};
use crate::make::{File, counting};
use crate::make_identity_wire::shapes;
use crate::make_ratchet_wire_lane;
use crate::make_wire::{bytes, number};
use crate::ratchet_talk::Script;

/// A state of each kind, as small as can be.
pub struct States {
    /// A, nothing heard: open, offering.
    pub begun: Vec<u8>,
    /// B, unanswered: due, collecting.
    pub due: Vec<u8>,
    /// B, its first chain.
    pub answered: Vec<u8>,
    /// A, sending due.
    pub heard: Vec<u8>,
    /// B, a later chain; keys of closed chains are kept, and others are remembered.
    pub later: Vec<u8>,
    pub block: Vec<u8>,
}

fn states() -> States {
    let mut script = Script::new(30);
    let begun = script.a.state.clone();
    // Content leaves room for one symbol only.
    let first = script.burst("A", 2, 144);
    script.open("B", first[1]);
    let due = script.b.state.clone();
    let answer = script.burst("B", 1, 144);
    let answered = script.b.state.clone();
    script.open("A", answer[0]);
    let heard = script.a.state.clone();
    for count in [1, 1, 1] {
        let message = *script.burst("A", count, 144).last().unwrap();
        script.open("B", message);
        let answer = script.seal("B", &[7; 144]);
        script.open("A", answer);
    }
    let later = script.b.state.clone();
    let block = script.b.blocks.values().next().unwrap().clone();
    States { begun, due, answered, heard, later, block }
}

/// A state and a block of kept keys.
pub fn kept() -> (Vec<u8>, Vec<u8>) {
    let states = states();
    (states.due, states.block)
}

pub type Case = (&'static str, Vec<u8>, &'static str);

pub fn messages() -> File {
    let mut file = File::new("6.12", "messages of the ratchet");
    let states = states();
    let frame = Frame { initial: None, message: counting(3, 288) };
    let with_initial = Frame { initial: Some(counting(9, 40)), ..frame.clone() };
    let samples = vec![
        ("PairwiseFrame", frame.encode().unwrap(), false),
        ("PairwiseFrame", with_initial.encode().unwrap(), false),
        ("RatchetState", states.begun.clone(), false),
        ("RatchetState", states.due.clone(), false),
        ("RatchetState", states.answered.clone(), false),
        ("RatchetState", states.heard.clone(), false),
        ("RatchetState", states.later.clone(), false),
        ("SkippedBlock", states.block.clone(), false),
    ];
    shapes(&mut file, samples);
    for (message, cases) in [
        ("PairwiseFrame", frames(&frame)),
        ("RatchetState", fields(&states)),
        ("RatchetState", sending(&states)),
        ("RatchetState", receiving(&states)),
        ("RatchetState", past(&states)),
        ("RatchetState", sides(&states)),
        ("RatchetState", make_ratchet_wire_lane::lanes(&states)),
        ("SkippedBlock", blocks(&states.block)),
    ] {
        for (name, bytes, class) in cases {
            let (name, input) =
                (format!("{message}: {name}"), json!({ "message": message, "bytes": hex::encode(bytes) }));
            if class.is_empty() {
                file.good(&name, "wire.decode", input);
            } else {
                file.bad(&name, "wire.decode", input, class);
            }
        }
    }
    file
}

/// A length without what should follow: it is judged first.
fn declared(field: u64, length: u64) -> Vec<u8> {
    let whole = bytes(field, &vec![0; length.try_into().unwrap()]);
    whole[..whole.len() - usize::try_from(length).unwrap()].to_vec()
}

fn frames(frame: &Frame) -> Vec<Case> {
    let good = frame.encode().unwrap();
    vec![
        ("no message", bytes(1, b"initial"), "missing"),
        ("an empty message", bytes(2, b""), ""),
        ("an Initial that is too long", declared(1, 2823), "bad-length"),
        ("an Initial of the greatest length that is cut", declared(1, 2822), "truncated"),
        ("a message that is too long", declared(2, 50_337), "bad-length"),
        ("a message of the greatest length that is cut", declared(2, 50_336), "truncated"),
        ("a field more", [good.clone(), number(3, 1)].concat(), "unknown-field"),
        ("the message twice", [good.clone(), good.clone()].concat(), "duplicate"),
        ("the message before the Initial", [good, bytes(1, b"")].concat(), "out-of-order"),
    ]
}

fn short(state: &[u8], path: &[u64]) -> Vec<u8> {
    let value = get(state, path).unwrap();
    set(state, path, To::Bytes(value[1..].to_vec()))
}

fn fields(states: &States) -> Vec<Case> {
    let good = &states.later;
    let absent = |field| set(good, &[field], To::Absent);
    let mut cases: Vec<Case> = [
        ("no standing", 1),
        ("no transcript", 2),
        ("no time when it began", 3),
        ("nothing about receiving only", 4),
        ("no root", 5),
        ("no next header key for sending", 6),
        ("no next header keys for receiving", 7),
        ("no sending side", 8),
        ("no lane", 13),
        ("no time of classical healing", 19),
        ("no time of post-quantum healing", 20),
    ]
    .map(|(name, field)| (name, absent(field), "missing"))
    .into();
    cases.extend(
        [
            ("a short transcript", 2),
            ("a short root", 5),
            ("a short header key", 6),
            ("short header keys", 7),
            ("a short link of sending", 17),
            ("a short link of receiving", 18),
        ]
        .map(|(name, field)| (name, short(good, &[field]), "bad-length")),
    );
    let both = set(good, &[9], To::Bytes(number(1, 1)));
    cases.extend([
        ("receiving only", set(good, &[4], To::Number(1)), ""),
        ("receiving only is 2", set(good, &[4], To::Number(2)), "bad-value"),
        ("two sending sides", both, "duplicate"),
        ("two lanes", set(good, &[16], To::Bytes(number(1, 1))), "duplicate"),
        ("the end of time", set(&set(good, &[3], To::Number(u64::MAX)), &[19], To::Number(u64::MAX)), ""),
        ("17 closed chains", set(good, &[21], To::Each(vec![get(good, &[21]).unwrap(); 17])), "too-many"),
        ("9 remembered chains", set(good, &[22], To::Each(vec![remembered(); 9])), "too-many"),
        ("8 remembered chains", set(good, &[22], To::Each(vec![remembered(); 8])), ""),
    ]);
    cases
}

fn remembered() -> Vec<u8> {
    [bytes(1, &[1; 8]), number(2, 1)].concat()
}

const ZERO_KEY: [u8; 32] = [0; 32];

fn sending(states: &States) -> Vec<Case> {
    let good = &states.later;
    let number_at = |path: &[u64], value| set(good, path, To::Number(value));
    let mut cases: Vec<Case> = [
        ("an open chain without a key", 1),
        ("an open chain without a number", 2),
        ("an open chain without header keys", 3),
        ("an open chain without its ratchet secret", 4),
        ("an open chain without its ratchet key", 5),
        ("an open chain without pn", 6),
        ("an open chain without epoch", 7),
    ]
    .map(|(name, field)| (name, set(good, &[8, field], To::Absent), "missing"))
    .into();
    cases.extend(
        [
            ("a short chain key", 1),
            ("short header keys of a chain", 3),
            ("a short ratchet secret", 4),
            ("a short ratchet key", 5),
        ]
        .map(|(name, field)| (name, short(good, &[8, field]), "bad-length")),
    );
    cases.extend([
        ("an open chain that is used up", number_at(&[8, 2], 65_536), ""),
        ("an open chain beyond its numbers", number_at(&[8, 2], 65_537), "bad-value"),
        ("the longest chain before", number_at(&[8, 6], 65_536), ""),
        ("a chain before that is too long", number_at(&[8, 6], 65_537), "bad-value"),
        ("a ratchet key of zeros", set(good, &[8, 5], To::Bytes(ZERO_KEY.to_vec())), "invalid-key"),
        ("a short ct3", short(&states.answered, &[8, 8]), "bad-length"),
        ("no ct3 in B's first chain", set(&states.answered, &[8, 8], To::Absent), "bad-value"),
        ("ct3 in a later chain of B", set(good, &[8, 8], To::Bytes(vec![0; 1088])), "bad-value"),
        ("ct3 in a chain of A", set(&states.begun, &[8, 8], To::Bytes(vec![0; 1088])), "bad-value"),
        ("nothing about the chain that ended", set(&states.heard, &[9, 1], To::Absent), "missing"),
        ("a chain that ended without messages", set(&states.heard, &[9, 1], To::Number(0)), "bad-value"),
        ("a chain that ended, too long", set(&states.heard, &[9, 1], To::Number(65_537)), "bad-value"),
        ("a chain of B before its first", set(&states.due, &[9, 1], To::Number(1)), "bad-value"),
    ]);
    cases
}

fn block(index: u64) -> Vec<u8> {
    [number(1, index), number(2, 5)].concat()
}

fn receiving(states: &States) -> Vec<Case> {
    let good = &states.later;
    let number_at = |path: &[u64], value| set(good, path, To::Number(value));
    let blocks = |state: &[u8], indices: &[u64]| {
        set(state, &[10, 8], To::Each(indices.iter().map(|index| block(*index)).collect()))
    };
    let mut cases: Vec<Case> = [
        ("a receiving chain without a key", 1),
        ("a receiving chain without a number", 2),
        ("a receiving chain without header keys", 3),
        ("a receiving chain without ratchet key", 4),
        ("a receiving chain without pn", 5),
        ("a receiving chain without epoch", 6),
        ("a receiving chain that does not say what was dropped", 7),
    ]
    .map(|(name, field)| (name, set(good, &[10, field], To::Absent), "missing"))
    .into();
    cases.extend(
        [
            ("a short receiving key", 1),
            ("short receiving header keys", 3),
            ("a short ratchet key of the other side", 4),
        ]
        .map(|(name, field)| (name, short(good, &[10, field]), "bad-length")),
    );
    let long = number_at(&[10, 2], 65_536);
    let indices: Vec<u64> = (0..65).collect();
    cases.extend([
        ("a receiving chain beyond its numbers", number_at(&[10, 2], 65_537), "bad-value"),
        ("a receiving chain with too long a one before", number_at(&[10, 5], 65_537), "bad-value"),
        (
            "a ratchet key of order 4",
            set(good, &[10, 4], To::Bytes([[1].as_slice(), &[0; 31]].concat())),
            "invalid-key",
        ),
        ("the last block of the longest chain", blocks(&long, &[0, 1023]), ""),
        ("a block beyond the longest chain", blocks(&long, &[0, 1024]), "bad-value"),
        ("the last block of a chain", blocks(&number_at(&[10, 2], 65), &[1]), ""),
        ("a block beyond the chain", blocks(&number_at(&[10, 2], 64), &[1]), "bad-value"),
        ("blocks out of order", blocks(&long, &[2, 1]), "bad-value"),
        ("a block twice", blocks(&long, &[1, 1]), "bad-value"),
        ("63 blocks, with one of a closed chain", blocks(&long, &indices[..63]), ""),
        ("64 blocks, with one of a closed chain", blocks(&long, &indices[..64]), "bad-value"),
        ("65 blocks", blocks(&long, &indices), "too-many"),
        ("a block without index", set(&long, &[10, 8], To::Bytes(number(2, 5))), "missing"),
        ("a block without time", set(&long, &[10, 8], To::Bytes(number(1, 5))), "missing"),
    ]);
    cases
}

fn past(states: &States) -> Vec<Case> {
    let good = &states.later;
    let mut cases: Vec<Case> = [
        ("a closed chain without header keys", 1),
        ("a closed chain without length", 2),
        ("a closed chain that does not say whether it answers", 3),
        ("a closed chain that does not say what was dropped", 4),
    ]
    .map(|(name, field)| (name, set(good, &[21, field], To::Absent), "missing"))
    .into();
    let blocks =
        |indices: &[u64]| set(good, &[21, 5], To::Each(indices.iter().map(|index| block(*index)).collect()));
    let last = get(good, &[22]).unwrap_or_else(remembered);
    cases.extend([
        ("short header keys of a closed chain", short(good, &[21, 1]), "bad-length"),
        ("a closed chain that is too long", set(good, &[21, 2], To::Number(65_537)), "bad-value"),
        ("a closed chain without blocks", blocks(&[]), "bad-value"),
        ("a closed chain with a block beyond it", blocks(&[0, 1]), "bad-value"),
        ("a closed chain without messages", set(good, &[21, 2], To::Number(0)), "bad-value"),
        ("a remembered chain without tag", set(good, &[22], To::Bytes(number(2, 0))), "missing"),
        (
            "a remembered chain with a short tag",
            set(good, &[22], To::Bytes([bytes(1, &[1; 7]), number(2, 0)].concat())),
            "bad-length",
        ),
        (
            "a remembered chain that does not say what was dropped",
            set(good, &[22], To::Bytes(last[..10].to_vec())),
            "missing",
        ),
    ]);
    cases
}

/// What the two sides cannot be in.
fn sides(states: &States) -> Vec<Case> {
    let States { begun, due, answered, heard, later, .. } = states;
    let link = || To::Bytes(vec![7; 32]);
    let receiving = || To::Bytes(get(heard, &[10]).unwrap());
    vec![
        ("A becomes B", set(begun, &[1], To::Bytes(get(due, &[1]).unwrap())), "bad-value"),
        ("B becomes A", set(due, &[1], To::Bytes(get(begun, &[1]).unwrap())), "bad-value"),
        ("a standing that is none", set(due, &[1, 3], To::Number(1)), "bad-value"),
        ("B has heard nothing", set(due, &[10], To::Absent), "bad-value"),
        ("B has answered without a step", set(due, &[1, 2], To::Number(1)), "bad-value"),
        (
            "B has stepped without an answer",
            set(&set(answered, &[1, 3], To::Number(2)), &[1, 2], To::Number(0)),
            "bad-value",
        ),
        ("B has a link and has not answered", set(due, &[17], link()), "bad-value"),
        ("B has answered and no link", set(later, &[17], To::Absent), "bad-value"),
        ("A has a chain of B and no link", set(heard, &[18], To::Absent), "bad-value"),
        ("A has a link and no chain of B", set(begun, &[18], link()), "bad-value"),
        ("A has no link of its beginning", set(begun, &[17], To::Absent), "bad-value"),
        ("B has no link of the beginning", set(due, &[18], To::Absent), "bad-value"),
        ("A has heard B and no link of its own", set(heard, &[17], To::Absent), "bad-value"),
        ("B has answered and no link of A", set(answered, &[18], To::Absent), "bad-value"),
        ("A has heard B without a step", set(begun, &[10], receiving()), "bad-value"),
        (
            "A is due without a chain of B",
            set(&set(heard, &[10], To::Absent), &[18], To::Absent),
            "bad-value",
        ),
        (
            "A collects a key",
            set(&set(begun, &[11], To::Absent), &[13], To::Bytes(get(due, &[13]).unwrap())),
            "bad-value",
        ),
        (
            "B offers a key",
            set(&set(due, &[13], To::Absent), &[11], To::Bytes(get(begun, &[11]).unwrap())),
            "bad-value",
        ),
    ]
}

fn blocks(good: &[u8]) -> Vec<Case> {
    let full = [bytes(1, &[2; 8]), number(2, 3), number(3, u64::MAX), bytes(4, &counting(1, 2048))].concat();
    let with = |path: u64, to| set(good, &[path], to);
    let keys = |held, length| {
        [bytes(1, &[2; 8]), number(2, 3), number(3, held), bytes(4, &counting(1, length))].concat()
    };
    assert_eq!(SkippedBlock::decode(&full).unwrap().id().index, 3);
    vec![
        ("full", full.clone(), ""),
        ("no tag", with(1, To::Absent), "missing"),
        ("no index", with(2, To::Absent), "missing"),
        ("nothing held", with(3, To::Absent), "missing"),
        ("no keys", with(4, To::Absent), "missing"),
        ("a short tag", short(good, &[1]), "bad-length"),
        ("the last index", with(2, To::Number(1023)), ""),
        ("an index beyond the last", with(2, To::Number(1024)), "bad-value"),
        ("no key held", keys(0, 32), "bad-value"),
        ("a key less than is held", keys(7, 64), "bad-value"),
        ("a key more than is held", keys(7, 128), "bad-value"),
        ("a key that is cut", keys(3, 63), "bad-value"),
        ("less than a key", keys(1, 31), "bad-length"),
        ("the highest bit alone", keys(1 << 63, 32), ""),
        ("65 keys", keys(u64::MAX, 2080), "too-large"),
        ("a byte more than 64 keys", keys(u64::MAX, 2049), "bad-length"),
    ]
}
