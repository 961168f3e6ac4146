//! Vectors of single calls on a session of the ratchet: how it begins, what is opened, and above all what is refused.

use hex::encode as hex;
use serde_json::json;
use sottovoce::crypto::mlkem::Ciphertext;

use crate::edit::{To, get, set};
use crate::make::{File, counting, flipped};
use crate::make_ratchet::bad_bodies;
use crate::make_wire::{bytes as bytes_field, number};
use crate::ratchet_forge::{
    At, Forged, OPEN, RECEIVING, States, acknowledged, body, plain_body, sealed_once, states, stranger,
};
use crate::ratchet_talk::{BEGUN, lane, session};
use crate::{make_ratchet_kept, make_ratchet_lane, make_ratchet_seal};

pub fn sessions() -> File {
    let mut file = File::new("6", "single calls on a session of the ratchet");
    let states = states();
    beginnings(&mut file, &states);
    shapes(&mut file, &states);
    headers(&mut file, &states);
    next_chains(&mut file, &states);
    bodies(&mut file, &states);
    make_ratchet_kept::closed_chains(&mut file);
    make_ratchet_kept::gaps(&mut file, &states);
    make_ratchet_lane::lanes(&mut file, &states);
    make_ratchet_seal::answers(&mut file, &states);
    make_ratchet_seal::sealing(&mut file, &states);
    make_ratchet_lane::retired(&mut file);
    make_ratchet_seal::ages(&mut file, &states);
    file
}

/// A session at B begins with a message of A's first chain.
fn beginnings(file: &mut File, states: &States) {
    let mut input = session(20);
    let mut begin = input.clone();
    begin["now"] = BEGUN.to_string().into();
    begin["random"] = hex(counting(1, 96)).into();
    let out = file.good("begin", "ratchet.begin", begin.clone());
    let state = out["state"].as_str().unwrap().to_owned();
    for (name, random) in [
        ("the first draw", [vec![9; 32], counting(1, 64)]),
        ("the second draw", [counting(1, 32), vec![9; 64]]),
    ] {
        begin["random"] = hex(random.concat()).into();
        file.bad(&format!("begin, {name} is stuck"), "ratchet.begin", begin.clone(), "weak-randomness");
    }
    let seal = |state: &str, random: u8| json!({ "state": state, "ciphertext": "", "k3": "", "content": "", "now": BEGUN.to_string(), "random": hex(counting(random, 32)) });
    let sealed = file.good("seal the first message", "ratchet.seal", seal(&state, 3));
    let next =
        file.good("seal the second message", "ratchet.seal", seal(sealed["state"].as_str().unwrap(), 4));
    input["now"] = (BEGUN + 5).to_string().into();
    for (name, sealed) in [("the first message", &sealed), ("the second message", &next)] {
        input["message"] = sealed["message"].clone();
        file.good(&format!("begin with {name}"), "ratchet.accept", input.clone());
    }
    let (message, state) = (next["message"].as_str().unwrap(), hex::decode(&state).unwrap());
    for (name, changed, class) in [
        ("another tag", flipped(message, 3), "unknown-tag"),
        ("another salt", flipped(message, 9), "unauthentic"),
        ("another header", flipped(message, 30), "unauthentic"),
        ("another hm", flipped(message, 75), "unauthentic"),
        ("another body", flipped(message, -1), "unauthentic"),
        ("a message that is cut", message[..message.len() - 2].to_owned(), "bad-length"),
        ("seven bytes", message[..14].to_owned(), "truncated"),
        ("nothing", String::new(), "truncated"),
    ] {
        input["message"] = changed.into();
        file.bad(&format!("begin with {name}"), "ratchet.accept", input.clone(), class);
    }
    // What A would seal in a state that has its own keys of the first chain where those of the other side stand.
    let keys = get(&state, &[OPEN, 3]).unwrap();
    for (name, numbers, class) in
        [("a chain before it", [0, 1, 0], "bad-header"), ("an epoch", [0, 0, 1], "bad-header")]
    {
        let forged = Forged::next(numbers, None);
        input["message"] = hex(forged.seal(&set(&state, &[7], To::Bytes(keys.clone())))).into();
        file.bad(&format!("begin with a header that names {name}"), "ratchet.accept", input.clone(), class);
    }
    let forged = |padded| Forged::current(&states.due).padded(padded).seal(&states.due);
    for (name, padded, class) in [
        (
            "a byte after the content",
            [plain_body(1, b"hi")[..190].to_vec(), vec![0, 1]].concat(),
            "bad-message",
        ),
        ("symbols in no epoch", body(0, 0, &[(3, [1; 32])], 192), "bad-lane"),
        ("symbols in another epoch", body(7, 1, &[(3, [1; 32])], 192), ""),
    ] {
        input["message"] = hex(forged(padded)).into();
        let name = format!("begin with {name}");
        if class.is_empty() {
            file.good(&name, "ratchet.accept", input.clone());
        } else {
            file.bad(&name, "ratchet.accept", input.clone(), class);
        }
    }
    input["message"] = hex(Forged::next([0, 1, 0], None).seal(&states.due)).into();
    file.bad("begin with a message of A's second chain", "ratchet.accept", input.clone(), "unknown-tag");
    input["message"] = sealed["message"].clone();
    input["transcript"] = flipped(input["transcript"].as_str().unwrap(), 0).into();
    file.bad("begin with a message of another handshake", "ratchet.accept", input, "unauthentic");
}

/// Tags and lengths.
fn shapes(file: &mut File, states: &States) {
    let state = states.due.clone();
    let good = Forged::current(&state).seal(&state);
    let mut at = At { file, place: "B, sending due", state };
    at.accept("the next message", &good);
    at.refuse("nothing", &[], "truncated");
    at.refuse("seven bytes", &good[..7], "truncated");
    at.refuse("a tag alone", &good[..8], "bad-length");
    at.refuse("no body", &good[..96], "bad-length");
    at.refuse("a byte less", &good[..good.len() - 1], "bad-length");
    at.refuse("a byte more", &[good.as_slice(), &[0]].concat(), "bad-length");
    at.refuse("a length between buckets", &[good.as_slice(), &[0; 96]].concat(), "bad-length");
    at.refuse("a length between large buckets", &[good.as_slice(), &[0; 2112]].concat(), "bad-length");
    at.refuse("the length of B's first chain", &[good.as_slice(), &[0; 1088]].concat(), "bad-length");
    at.refuse("another bucket's length", &[good.as_slice(), &[0; 192]].concat(), "unauthentic");
    let changed = |index: usize| {
        let mut bytes = good.clone();
        bytes[index] ^= 0x10;
        bytes
    };
    for index in [0, 7] {
        at.refuse(&format!("byte {index} changed"), &changed(index), "unknown-tag");
    }
    for index in [8, 19, 20, 23, 24, 25, 57, 64, 71, 72, 79, 80, 200, 271, 272, 287] {
        at.refuse(&format!("byte {index} changed"), &changed(index), "unauthentic");
    }
    at.refuse(
        "a message of its own next chain",
        &Forged::next([0; 3], None).seal(&states.heard),
        "unknown-tag",
    );
}

fn headers(file: &mut File, states: &States) {
    let current = || Forged::current(&states.due);
    let order_8 = hex::decode("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").unwrap();
    let mut at = At { file, place: "B, a header with", state: states.due.clone() };
    for index in [0, 45, 46, 47] {
        at.forged(&format!("byte {index} not zero"), &current().byte(index, 1), "bad-header");
    }
    at.forged("number 65,536", &current().number(65_536), "bad-header");
    at.forged("the highest number", &current().number(u32::MAX), "bad-header");
    at.forged("65,537 messages before", &current().previous(65_537), "bad-header");
    at.forged("65,536 messages before", &current().previous(65_536), "bad-header");
    at.forged("a key of order 8", &current().key(&order_8), "invalid-key");
    at.forged("a key of zeros", &current().key(&[0; 32]), "invalid-key");
    at.forged("a key that is not canonical", &current().key(&[0xff; 32]), "invalid-key");
    at.forged("a key of order 8 and number 65,536", &current().key(&order_8).number(65_536), "bad-header");
    at.forged(
        "a key of order 8 and another chain before",
        &current().key(&order_8).previous(1),
        "invalid-key",
    );
    at.forged("another key", &current().key(stranger().as_bytes()), "bad-header");
    at.forged("another chain before", &current().previous(1), "bad-header");
    at.forged("another epoch", &current().epoch(1), "bad-header");
    at.forged("the number of a message that was opened", &current().number(0), "used");
    at.forged("such a number, and another epoch", &current().number(0).epoch(1), "bad-header");
    let mut ahead = current().number(5);
    ahead.ahead = 4;
    at.accept("a number that is ahead", &ahead.seal(&at.state));
    ahead.ahead = 3;
    at.forged("a number that is not the message's", &ahead, "unauthentic");
}

fn next_chains(file: &mut File, states: &States) {
    let mut at = At { file, place: "B, sending due, the next chain", state: states.due.clone() };
    at.forged("ahead", &Forged::next([0, 1, 0], None), "ahead");
    at.forged("ahead, with nothing before it", &Forged::next([0, 0, 0], None), "ahead");
    at.forged("ahead, with an epoch", &Forged::next([0, 1, 1], None), "ahead");
    at.forged("ahead, with a bad key", &Forged::next([0, 1, 0], None).key(&[0; 32]), "invalid-key");

    at.place = "B, sending open, the next chain";
    at.state.clone_from(&states.later);
    at.forged("with fewer messages before it than were opened", &Forged::next([0, 0, 0], None), "bad-header");
    at.forged("with epoch 1 while the key is collected", &Forged::next([0, 1, 1], None), "bad-header");
    at.forged("with epoch 2", &Forged::next([0, 1, 2], None), "bad-header");
    let same = get(&states.later, &[RECEIVING, 4]).unwrap();
    at.forged(
        "with the ratchet key of the current one",
        &Forged::next([0, 1, 0], None).key(&same),
        "bad-header",
    );
    at.forged("of somebody who does not know the root", &Forged::next([0, 1, 0], None), "unauthentic");

    let ciphertext = || Ciphertext::from_bytes(&counting(20, 1088)).ok();
    at.place = "A, which has sealed nothing, the answer's chain";
    at.state = acknowledged(&states.begun);
    at.forged("ahead", &Forged::next([0, 0, 0], ciphertext()), "ahead");
    at.place = "A, the answer's chain";
    at.state = acknowledged(&sealed_once(&states.begun));
    at.forged("with a chain before it", &Forged::next([0, 1, 0], ciphertext()), "bad-header");
    at.forged("with an epoch", &Forged::next([0, 0, 1], ciphertext()), "bad-header");
    at.forged("without ct3", &Forged::next([0, 0, 0], None), "bad-length");
    at.forged("and no k3", &Forged::next([0, 0, 0], ciphertext()), "not-given");

    at.place = "A, sending due, the next chain";
    at.state.clone_from(&states.heard);
    at.forged("ahead", &Forged::next([0, 1, 0], None), "ahead");
    at.forged("with ct3", &Forged::next([0, 1, 0], ciphertext()), "bad-length");
    at.place = "A, sending open, the next chain";
    at.state = acknowledged(&states.second);
    at.forged("with an epoch of A's lane", &Forged::next([0, 1, 1], None), "bad-header");
    at.forged("with nothing before it", &Forged::next([0, 0, 0], None), "bad-header");
    at.forged("of somebody who does not know the root", &Forged::next([0, 1, 0], None), "unauthentic");
}

fn bodies(file: &mut File, states: &States) {
    let (to_b, to_a) = (states.due.clone(), states.heard.clone());
    for (what, direction, padded) in bad_bodies() {
        let (place, state) =
            if direction == 0 { ("B, a body", to_b.clone()) } else { ("A, a body", to_a.clone()) };
        let forged = Forged::current(&state).padded(padded);
        At { file, place, state }.forged(what, &forged, "bad-message");
    }
    let mut at = At { file, place: "B, a body", state: to_b };
    let forged = |padded| Forged::current(&states.due).padded(padded);
    at.forged("of no epoch that acknowledges", &forged(body(0, 1, &[], 192)), "bad-lane");
    at.forged("of no epoch with a symbol", &forged(body(0, 0, &[(3, [1; 32])], 192)), "bad-lane");
    at.forged(
        "of no epoch with a symbol there is not",
        &forged(body(0, 0, &[(38, [1; 32])], 192)),
        "bad-message",
    );
    let out = at.accept("of no epoch", &forged(plain_body(0, b"closed")).seal(&states.due));
    assert_eq!(lane(&out).0, "collecting");
    at.accept(
        "of another epoch, with other symbols",
        &forged(body(2, 5, &[(0, [1; 32])], 192)).seal(&states.due),
    );
    let held = [number(1, 1), bytes_field(2, &[2; 32])].concat();
    at.state = set(&states.due, &[13, 2], To::Bytes(held));
    at.forged("that contradicts a symbol", &forged(body(1, 0, &[(0, [1; 32])], 192)), "bad-lane");
    at.accept("with a symbol that is held", &forged(body(1, 0, &[(0, [2; 32])], 192)).seal(&at.state));
    at.state.clone_from(&states.due);
    at.accept("that acknowledges what was not sent", &forged(body(1, 7, &[], 192)).seal(&states.due));
    at.accept(
        "in a bucket that is too large",
        &forged([plain_body(1, b"large"), vec![0; 576]].concat()).seal(&states.due),
    );
}
