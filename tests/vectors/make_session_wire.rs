//! Vectors of the messages of sessions.

use serde_json::json;

use crate::edit::{To, set};
use crate::fixtures::NOW;
use crate::make::{File, counting};
use crate::make_handshake::{answering_state, awaiting};
use crate::make_identity_wire::shapes;
use crate::make_ratchet_wire::Case;
use crate::make_session::{certificate, introduction};
use crate::make_wire::{bytes, number};

const MAX: u64 = 0xffff_ffff;

fn ack(next: u64) -> Vec<u8> {
    [bytes(1, &[1; 8]), number(2, next), bytes(3, &[2; 8])].concat()
}

fn proof(of: u8) -> Vec<u8> {
    bytes(1, &[bytes(1, &[of; 8]), bytes(2, &[of; 32])].concat())
}

fn linking(proofs: u8, next: u64) -> Vec<u8> {
    let proofs: Vec<u8> = (0..proofs).flat_map(proof).collect();
    [proofs, bytes(2, &[3; 8]), number(3, next)].concat()
}

pub fn gap(from: u64, count: u64) -> Vec<u8> {
    [bytes(1, &[4; 8]), number(2, from), number(3, count)].concat()
}

fn pointer() -> Vec<u8> {
    [bytes(1, &counting(0, 32)), bytes(2, &counting(9, 32))].concat()
}

fn body() -> Vec<u8> {
    [
        number(1, 1),
        number(2, 7),
        number(3, 0),
        number(4, 300),
        bytes(5, &[5; 16]),
        bytes(6, &[6; 8]),
        number(7, 0),
    ]
    .concat()
}

/// With everything, as long as it can be.
fn full() -> Vec<u8> {
    let order = [number(1, MAX), number(2, u64::MAX), number(3, MAX), number(4, u64::MAX)].concat();
    let head = [order, bytes(5, &[5; 16]), bytes(6, &[6; 8]), number(7, 3)].concat();
    let acks = bytes(8, &ack(MAX)).repeat(4);
    let gaps = bytes(11, &gap(MAX, MAX)).repeat(32);
    let begun = [bytes(9, &[7; 16]), bytes(10, &linking(8, MAX))].concat();
    [head, acks, begun, gaps, bytes(12, &pointer()), bytes(13, &gap(MAX, MAX))].concat()
}

fn shared() -> Vec<u8> {
    [bytes(1, &[1; 32]), bytes(2, &[2; 16]), bytes(3, &introduction(false)), bytes(4, b"content")].concat()
}

fn contact() -> Vec<u8> {
    let held = [number(2, 1), number(3, 7), bytes(4, &counting(0, 32)), number(5, NOW)].concat();
    let devices = [bytes(6, &[2; 16]), bytes(6, &[3; 16])].concat();
    let trust = [bytes(1, &[1; 32]), number(2, 1)].concat();
    let mentioned = [number(9, 2), number(10, 8)].concat();
    [bytes(1, &[1; 32]), held, devices, number(7, 0), bytes(8, &trust), mentioned, number(11, 2)].concat()
}

fn place() -> Vec<u8> {
    let head = [bytes(1, &counting(1, 32)), number(2, 1), number(3, 0)].concat();
    [head, number(4, NOW), bytes(5, &[1; 8]), number(6, 9)].concat()
}

fn contested() -> Vec<u8> {
    [bytes(1, &place()), number(2, NOW), bytes(3, &[1; 8]), number(4, 9)].concat()
}

fn name() -> Vec<u8> {
    [bytes(1, &[1; 32]), bytes(2, &[2; 16])].concat()
}

fn sessions() -> Vec<u8> {
    let places = [bytes(3, &place()), bytes(4, &place()).repeat(2), bytes(5, &contested())].concat();
    let withdrawn = [bytes(6, &[1; 16]), bytes(6, &[2; 16]), bytes(7, &[3; 16])].concat();
    let floor = [number(1, 1), number(2, 0x20)].concat();
    let seen = bytes(1, &[number(1, 300), bytes(2, &[1; 32])].concat());
    let known = [number(10, 1), number(11, 7), number(12, 15)].concat();
    let times: Vec<u8> = (13..=18).flat_map(|field| number(field, NOW + field)).collect();
    [
        name(),
        places,
        withdrawn,
        bytes(8, &floor),
        bytes(9, &seen),
        known,
        times,
        bytes(19, &unfilled()).repeat(2),
    ]
    .concat()
}

fn unfilled() -> Vec<u8> {
    [bytes(1, &gap(3, 2)), number(2, NOW)].concat()
}

fn state(handshake: &[u8]) -> Vec<u8> {
    let newest = [bytes(7, &ack(1)), bytes(8, &ack(5))].concat();
    [name(), handshake.to_vec(), newest].concat()
}

fn tag() -> Vec<u8> {
    [bytes(1, &[9; 32]), bytes(2, &[1; 32]), bytes(3, &[2; 16])].concat()
}

fn sent(number_of: u64, at: u64) -> Vec<u8> {
    [bytes(1, &[9; 32]), bytes(2, &[1; 8]), number(3, number_of), number(4, at), bytes(5, &[7; 16])].concat()
}

fn fan_out() -> Vec<u8> {
    [bytes(1, &pointer()), bytes(2, &[7; 16]), number(3, 0), number(4, 2)].concat()
}

fn recipients(count: usize) -> Vec<u8> {
    bytes(1, &[1; 32]).repeat(count)
}

pub fn messages() -> File {
    let mut file = File::new("9.8", "messages of sessions");
    let answering = [bytes(5, &answering_state()), bytes(6, &[8; 32])].concat();
    let samples = vec![
        ("SessionBody", body(), false),
        ("SessionBody", full(), false),
        ("SessionAck", ack(1), false),
        ("SessionAck", ack(MAX), true),
        ("Linking", linking(1, 4), false),
        ("Linking", linking(8, MAX), true),
        ("SessionGap", gap(0, 1), false),
        ("SessionGap", gap(MAX, MAX), true),
        ("SharedBody", name(), false),
        ("SharedBody", shared(), false),
        ("Introduction", introduction(false), false),
        ("Introduction", introduction(true), false),
        ("Contact", contact(), false),
        ("ContactManifest", introduction(true), false),
        ("DeviceSessions", [name(), number(12, 0)].concat(), false),
        ("DeviceSessions", sessions(), false),
        ("SessionState", name(), false),
        ("SessionState", state(&bytes(3, &awaiting())), false),
        ("SessionState", state(&answering), false),
        ("SessionTag", tag(), true),
        ("SentMessage", sent(3, NOW), false),
        ("SentMessage", sent(MAX, u64::MAX), true),
        ("FanOut", fan_out(), false),
        ("Recipients", recipients(2), false),
        ("Recipients", recipients(64), true),
    ];
    shapes(&mut file, samples);
    for (message, cases) in [
        ("SessionBody", bodies()),
        ("SessionAck", of_ack()),
        ("Linking", linkings()),
        ("SessionGap", gaps()),
        ("SharedBody", shareds()),
        ("Introduction", introductions()),
        ("ContactManifest", introductions()),
        ("Contact", contacts()),
        ("DeviceSessions", devices()),
        ("DeviceSessions", places()),
        ("SessionState", states()),
        ("SessionTag", each(&tag(), &[], &[1, 2, 3])),
        ("SentMessage", each(&sent(3, NOW), &[3, 4], &[1, 2, 5])),
        ("FanOut", fan_outs()),
        (
            "Recipients",
            vec![
                ("65 accounts", recipients(65), "too-large"),
                ("a short account", bytes(1, &[1; 31]), "bad-length"),
            ],
        ),
    ] {
        for (name, bytes, class) in cases {
            let name = format!("{message}: {name}");
            let input = json!({ "message": message, "bytes": hex::encode(bytes) });
            if class.is_empty() {
                file.good(&name, "wire.decode", input);
            } else {
                file.bad(&name, "wire.decode", input, class);
            }
        }
    }
    file
}

const ABSENT: [&str; 13] = [
    "no field 1",
    "no field 2",
    "no field 3",
    "no field 4",
    "no field 5",
    "no field 6",
    "no field 7",
    "no field 8",
    "no field 9",
    "no field 10",
    "no field 11",
    "no field 12",
    "no field 13",
];
const SHORT: [&str; 9] = [
    "a short field 1",
    "a short field 2",
    "a short field 3",
    "a short field 4",
    "a short field 5",
    "a short field 6",
    "a short field 7",
    "a short field 8",
    "a short field 9",
];

/// Fields that must be there: numbers and messages, and bytes of a fixed length.
pub fn each(good: &[u8], others: &[u64], lengths: &[u64]) -> Vec<Case> {
    let at = |field: &u64| usize::try_from(*field).unwrap() - 1;
    let absent = others
        .iter()
        .chain(lengths)
        .map(|field| (ABSENT[at(field)], set(good, &[*field], To::Absent), "missing"));
    let short = lengths.iter().map(|field| {
        let mut value = crate::edit::get(good, &[*field]).unwrap();
        value.pop();
        (SHORT[at(field)], set(good, &[*field], To::Bytes(value)), "bad-length")
    });
    absent.chain(short).collect()
}

pub fn to(good: &[u8], path: &[u64], value: u64) -> Vec<u8> {
    set(good, path, To::Number(value))
}

pub fn without(good: &[u8], path: &[u64]) -> Vec<u8> {
    set(good, path, To::Absent)
}

pub fn part(good: &[u8], path: &[u64], value: &[u8]) -> Vec<u8> {
    set(good, path, To::Bytes(value.to_vec()))
}

pub fn several(good: &[u8], field: u64, value: &[u8], count: usize) -> Vec<u8> {
    set(good, &[field], To::Each(vec![value.to_vec(); count]))
}

fn bodies() -> Vec<Case> {
    let (small, good) = (body(), full());
    let mut cases = each(&small, &[1, 2, 3, 4, 7], &[5, 6]);
    cases.extend([
        ("asks", to(&small, &[7], 1), ""),
        ("an alarm", to(&small, &[7], 2), ""),
        ("a flag that does not exist", to(&small, &[7], 4), "bad-value"),
        ("all flags", to(&small, &[7], MAX), "bad-value"),
        ("flags beyond 32 bits", to(&small, &[7], MAX + 1), "bad-value"),
        ("a term beyond 32 bits", to(&small, &[1], MAX + 1), "bad-value"),
        ("a term of the other beyond 32 bits", to(&small, &[3], MAX + 1), "bad-value"),
        ("5 acks", several(&small, 8, &ack(1), 5), "too-many"),
        ("an ack without its chain", part(&small, &[8], &ack(1)[10..]), "missing"),
        ("an ack without its history", part(&small, &[8], &ack(1)[..12]), "missing"),
        ("a short name that was withdrawn", part(&small, &[9], &[7; 15]), "bad-length"),
        ("an empty name that was withdrawn", part(&small, &[9], b""), "bad-length"),
        ("linking without proofs", part(&small, &[10], &linking(0, 1)), "missing"),
        ("linking with 9 proofs", part(&small, &[10], &linking(9, 1)), "too-large"),
        ("linking without its end", part(&small, &[10], &linking(1, 1)[..46]), "missing"),
        ("33 gaps", several(&small, 11, &gap(1, 1), 33), "too-many"),
        ("an empty gap", part(&small, &[11], &gap(1, 0)), "bad-value"),
        (
            "an empty gap among others",
            [several(&small, 11, &gap(1, 1), 2), bytes(11, &gap(2, 0))].concat(),
            "bad-value",
        ),
        ("something said without its key", without(&good, &[12, 1]), "missing"),
        ("something said without its hash", without(&good, &[12, 2]), "missing"),
        ("something said with a short key", part(&good, &[12, 1], &[1; 31]), "bad-length"),
        ("something said with a short hash", part(&good, &[12, 2], &[1; 31]), "bad-length"),
        ("repairs of nothing", part(&small, &[13], &gap(1, 0)), "bad-value"),
        ("repairs without a place", part(&small, &[13], &number(3, 1)), "missing"),
        (
            "repairs before what is said",
            [small.clone(), bytes(13, &gap(1, 1)), bytes(12, &pointer())].concat(),
            "out-of-order",
        ),
        ("two that were withdrawn", [small.clone(), bytes(9, &[1; 16]).repeat(2)].concat(), "duplicate"),
        ("two that are said", [small.clone(), bytes(12, &pointer()).repeat(2)].concat(), "duplicate"),
        (
            "a view that is a number",
            [number(1, 1), number(2, 7), number(3, 0), number(4, 0), number(5, 1)].concat(),
            "wrong-wire-type",
        ),
        ("beyond the greatest length", [good, vec![0; 5]].concat(), "too-large"),
    ]);
    cases
}

fn of_ack() -> Vec<Case> {
    let mut cases = each(&ack(1), &[2], &[1, 3]);
    cases.push(("nothing before it", ack(0), ""));
    cases.push(("a place beyond 32 bits", to(&ack(1), &[2], MAX + 1), "bad-value"));
    cases
}

fn linkings() -> Vec<Case> {
    let mut cases = each(&linking(2, 4), &[3], &[2]);
    cases.extend([
        ("without proofs", linking(0, 4), "missing"),
        ("9 proofs", linking(9, 4), "too-large"),
        (
            "proofs that are empty",
            [bytes(1, b"").repeat(3), bytes(2, &[3; 8]), number(3, 1)].concat(),
            "missing",
        ),
        (
            "a proof without its link",
            [bytes(1, &bytes(2, &[1; 32])), bytes(2, &[3; 8]), number(3, 1)].concat(),
            "missing",
        ),
        ("nothing was sealed", [proof(1), bytes(2, &[0; 8]), number(3, 0)].concat(), ""),
    ]);
    cases
}

fn gaps() -> Vec<Case> {
    let mut cases = each(&gap(1, 1), &[2, 3], &[1]);
    cases.push(("of nothing", gap(1, 0), "bad-value"));
    cases.push(("a number beyond 32 bits", gap(MAX + 1, 1), "bad-value"));
    cases.push(("a count beyond 32 bits", gap(1, MAX + 1), "bad-value"));
    cases
}

/// A field whose length is announced, and no more.
pub fn declared(field: u64, length: usize) -> Vec<u8> {
    let whole = bytes(field, &vec![0; length]);
    whole[..whole.len() - length].to_vec()
}

fn shareds() -> Vec<Case> {
    let good = shared();
    let mut cases = each(&good, &[], &[1, 2]);
    cases.extend([
        ("no content", without(&good, &[4]), ""),
        ("empty content", part(&good, &[4], b""), ""),
        ("no introduction", without(&good, &[3]), ""),
        ("content that is too long", [name(), declared(4, 65_537)].concat(), "bad-length"),
        ("content of the greatest length that is cut", [name(), declared(4, 65_536)].concat(), "truncated"),
        ("an introduction that is empty", part(&good, &[3], b""), "missing"),
        ("an introduction that is too long", [name(), declared(3, 452_723)].concat(), "too-large"),
        (
            "content before the introduction",
            [name(), bytes(4, b""), bytes(3, &introduction(false))].concat(),
            "out-of-order",
        ),
        ("content twice", [good.clone(), bytes(4, b"")].concat(), "duplicate"),
    ]);
    cases
}

fn introductions() -> Vec<Case> {
    let good = introduction(true);
    vec![
        ("no manifest", bytes(2, &certificate()), "missing"),
        ("an empty manifest", part(&good, &[1], b""), "missing"),
        ("a certificate that is empty", part(&good, &[2], b""), "missing"),
        ("a certificate with a short signature", part(&good, &[2, 3], &[4; 63]), "bad-length"),
        ("two manifests", [introduction(false), introduction(false)].concat(), "duplicate"),
        ("two certificates", [good.clone(), bytes(2, &certificate())].concat(), "duplicate"),
        ("the certificate first", [bytes(2, &certificate()), introduction(false)].concat(), "out-of-order"),
        ("a manifest that is too long", declared(1, 452_723), "too-large"),
    ]
}

fn contacts() -> Vec<Case> {
    let good = contact();
    let mut cases = each(&good, &[2, 3, 5, 7, 8, 11], &[1, 4]);
    let unmentioned = without(&without(&good, &[9]), &[10]);
    let plain = without(&unmentioned, &[6]);
    cases.extend([
        ("nothing was mentioned", unmentioned, ""),
        ("no devices", plain.clone(), ""),
        ("16 devices", several(&plain, 6, &[1; 16], 16), ""),
        ("17 devices", several(&plain, 6, &[1; 16], 17), "too-many"),
        ("a short device", part(&plain, &[6], &[1; 15]), "bad-length"),
        ("a term that was mentioned without version", without(&good, &[10]), "missing"),
        ("a version that was mentioned without term", without(&good, &[9]), "missing"),
        ("forked is 2", to(&good, &[7], 2), "bad-value"),
        ("it has forked", to(&good, &[7], 1), ""),
        ("trust without what is pinned", without(&good, &[8, 1]), "missing"),
        ("trust that observes what is pinned", part(&good, &[8, 3], &[1; 32]), "bad-value"),
        ("trust that observes something else", part(&good, &[8, 3], &[2; 32]), ""),
    ]);
    cases
}

fn devices() -> Vec<Case> {
    let good = sessions();
    let mut cases = each(&good, &[12], &[1, 2]);
    let bare = without(&without(&good, &[4]), &[6]);
    let ungapped = without(&good, &[19]);
    cases.extend([
        ("no active session", without(&good, &[3]), ""),
        ("12 former sessions", several(&bare, 4, &place(), 12), ""),
        ("13 former sessions", several(&bare, 4, &place(), 13), "too-many"),
        ("4 names that were withdrawn", several(&bare, 6, &[1; 16], 4), ""),
        ("5 names that were withdrawn", several(&bare, 6, &[1; 16], 5), "too-many"),
        ("a short name that was withdrawn there", part(&bare, &[6], &[1; 15]), "bad-length"),
        ("a short name that was withdrawn here", part(&good, &[7], &[1; 15]), "bad-length"),
        ("an empty floor", part(&good, &[8], b""), "missing"),
        ("a floor with the right to manage", to(&good, &[8, 2], 1), "bad-value"),
        ("a floor beyond all suites", to(&good, &[8, 1], 65_536), "bad-value"),
        ("prekeys of which nothing was seen", part(&good, &[9], b""), "bad-value"),
        ("prekeys with a short hash", part(&good, &[9, 1, 2], &[1; 31]), "bad-length"),
        ("a known term without version", without(&good, &[11]), "missing"),
        ("a known version without term", without(&good, &[10]), "missing"),
        ("a flag that does not exist", to(&good, &[12], 16), "bad-value"),
        ("all flags", to(&good, &[12], MAX), "bad-value"),
        ("a timer that is due and was not set", without(&good, &[18]), "missing"),
        ("a timer that was set and is not due", without(&good, &[17]), "missing"),
        ("no timer", without(&without(&good, &[17]), &[18]), ""),
        ("two active ones", [name(), bytes(3, &place()).repeat(2)].concat(), "duplicate"),
        ("32 gaps", several(&ungapped, 19, &unfilled(), 32), ""),
        ("33 gaps", several(&ungapped, 19, &unfilled(), 33), "too-many"),
        ("a gap without time", several(&ungapped, 19, &without(&unfilled(), &[2]), 1), "missing"),
        ("a time without gap", several(&ungapped, 19, &number(2, 1), 1), "missing"),
        (
            "a gap of nothing",
            several(&ungapped, 19, &[bytes(1, &gap(1, 0)), number(2, 1)].concat(), 1),
            "bad-value",
        ),
    ]);
    cases
}

fn places() -> Vec<Case> {
    let good = sessions();
    let mut cases: Vec<Case> = Vec::new();
    cases.extend([
        ("an active one without name", without(&good, &[3, 1]), "missing"),
        ("an active one that does not say who began it", without(&good, &[3, 2]), "missing"),
        ("an active one that does not say whether it is settled", without(&good, &[3, 3]), "missing"),
        ("an active one with a short name", part(&good, &[3, 1], &[1; 31]), "bad-length"),
        ("an active one without end", without(&without(&good, &[3, 5]), &[3, 6]), ""),
        ("an active one, closed in a chain and not where", without(&good, &[3, 6]), "missing"),
        ("an active one, closed and not in which chain", without(&good, &[3, 5]), "missing"),
        ("an active one, closed in a short chain", part(&good, &[3, 5], &[1; 7]), "bad-length"),
        ("begun by 2", to(&good, &[3, 2], 2), "bad-value"),
        ("settled is 2", to(&good, &[3, 3], 2), "bad-value"),
        (
            "a former one, closed in a chain and not where",
            several(&good, 4, &without(&place(), &[6]), 1),
            "missing",
        ),
        ("a contested one without session", without(&good, &[5, 1]), "missing"),
        ("a contested one without time", without(&good, &[5, 2]), "missing"),
        ("a contested one without probe", without(&without(&good, &[5, 3]), &[5, 4]), ""),
        ("a probe without number", without(&good, &[5, 4]), "missing"),
        ("a probe without chain", without(&good, &[5, 3]), "missing"),
        ("a contested one, closed in a chain and not where", without(&good, &[5, 1, 6]), "missing"),
    ]);
    cases
}

fn states() -> Vec<Case> {
    let waits = state(&bytes(3, &awaiting()));
    let with_link = state(&[bytes(3, &awaiting()), bytes(4, &linking(3, 9))].concat());
    let answers = state(&bytes(5, &answering_state()));
    let done = state(b"");
    let mut cases = each(&done, &[], &[1, 2]);
    cases.extend([
        ("nothing sealed nor opened", without(&without(&done, &[7]), &[8]), ""),
        ("awaiting, linked", with_link.clone(), ""),
        ("linked and not awaiting", state(&bytes(4, &linking(1, 9))), "bad-value"),
        (
            "linked and answering",
            state(&[bytes(4, &linking(1, 9)), bytes(5, &answering_state())].concat()),
            "bad-value",
        ),
        (
            "awaiting and answering",
            state(&[bytes(3, &awaiting()), bytes(5, &answering_state())].concat()),
            "bad-value",
        ),
        ("linked without proofs", part(&with_link, &[4], &linking(0, 9)), "missing"),
        ("awaiting without the Initial", without(&waits, &[3, 1]), "missing"),
        ("awaiting with something that is no Initial", part(&waits, &[3, 1], b""), "bad-value"),
        ("awaiting with a short transcript", part(&waits, &[3, 2], &[1; 31]), "bad-length"),
        ("answering without a device", without(&answers, &[5, 2]), "missing"),
        ("a short hash of the Initial", part(&done, &[6], &[1; 31]), "bad-length"),
        ("sealed without a history", without(&done, &[7, 3]), "missing"),
        ("opened without a chain", without(&done, &[8, 1]), "missing"),
    ]);
    cases
}

fn fan_outs() -> Vec<Case> {
    let mut cases = each(&fan_out(), &[1, 3, 4], &[2]);
    cases.push(("without a key", without(&fan_out(), &[1, 1]), "missing"));
    cases.push(("with a short hash", part(&fan_out(), &[1, 2], &[1; 31]), "bad-length"));
    cases
}
