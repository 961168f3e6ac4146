//! Vectors of sealing, of the first answer, and of a session's age.

use crate::edit::{To, get_number, set};
use crate::make::{File, counting, flipped};
use crate::make_ratchet::DAY;
use crate::make_wire::number;
use crate::ratchet_forge::{OPEN, States, acknowledged, open, seal, sealed_once};
use crate::ratchet_talk::BEGUN;
use hex::encode as hex;
use serde_json::json;

/// The first answer at A, and how it proves B.
pub fn answers(file: &mut File, states: &States) {
    let (k3, now, begun) = (hex(counting(120, 32)), BEGUN + DAY, acknowledged(&sealed_once(&states.begun)));
    let input = |state: &[u8], k3: &str| {
        let mut input = open(state, &[], &states.answer, now);
        input["k3"] = k3.into();
        input
    };
    file.good("first answer", "ratchet.open", input(&begun, &k3));
    file.bad("first answer with another k3", "ratchet.open", input(&begun, &flipped(&k3, 0)), "unauthentic");
    file.bad("first answer without k3", "ratchet.open", input(&begun, ""), "not-given");
    let reduced = set(&begun, &[1, 4], To::Number(1));
    let out = file.good("first answer, forward secrecy was reduced", "ratchet.open", input(&reduced, &k3));
    assert_eq!(get_number(&hex::decode(out["state"].as_str().unwrap()).unwrap(), &[1, 4]), Some(0));
    let input = |state: &[u8], answer: bool| {
        let mut input = seal(state, b"answer", now, &[counting(3, 32), counting(4, 32)].concat());
        if answer {
            input["ciphertext"] = hex(counting(20, 1088)).into();
            input["k3"] = k3.clone().into();
        }
        input
    };
    file.good("seal the first answer", "ratchet.seal", input(&states.due, true));
    file.bad("seal without the first answer", "ratchet.seal", input(&states.due, false), "unanswered");
    let mut again = seal(&states.answered, b"more", now, &counting(3, 32));
    file.good("seal after the first answer", "ratchet.seal", again.clone());
    again["ciphertext"] = hex(counting(33, 1088)).into();
    again["k3"] = k3.into();
    file.good("seal after the first answer, which is given again", "ratchet.seal", again);
}

pub fn sealing(file: &mut File, states: &States) {
    let op = "ratchet.seal";
    let at =
        |state: &[u8], content: usize, now: u64| seal(state, &counting(1, content), now, &counting(5, 32));
    let state = &states.later;
    for length in [144, 145, 720, 721, 1489] {
        file.good(&format!("seal {length} bytes"), op, at(state, length, BEGUN));
    }
    file.bad("seal 49,105 bytes", op, at(state, 49_105, BEGUN), "too-long");
    file.bad("seal from a stuck source", op, seal(state, &[], BEGUN, &[8; 32]), "weak-randomness");
    let begun = get_number(state, &[3]).unwrap();
    file.good("seal after 90 days", op, at(state, 0, begun + 90 * DAY));
    file.bad("seal after more than 90 days", op, at(state, 0, begun + 90 * DAY + 1), "exhausted");
    file.good("seal by a clock that was put back", op, at(state, 0, 0));
    let last = set(state, &[OPEN, 2], To::Number(65_535));
    file.good("seal the last message of a chain", op, at(&last, 0, BEGUN));
    let used_up = set(state, &[OPEN, 2], To::Number(65_536));
    file.bad("seal in a chain that is used up", op, at(&used_up, 0, BEGUN), "exhausted");
    // A has symbols that wait, B none.
    let (a, healed) = (&states.second, BEGUN);
    for (name, state, now) in [
        ("A, 7 days after healing", a, healed + 7 * DAY),
        ("A, healing overdue", a, healed + 7 * DAY + 1),
        ("B, healing overdue, no symbols", state, begun + 8 * DAY),
    ] {
        file.good(&format!("seal: {name}"), op, at(state, 10, now));
    }
    let (classical, quantum) = (set(a, &[19], To::Number(0)), set(a, &[20], To::Number(0)));
    file.good("seal: A, only classical healing overdue", op, at(&classical, 10, BEGUN));
    file.good("seal: A, only post-quantum healing overdue", op, at(&quantum, 10, BEGUN));
}

/// When healing is overdue, and when another handshake is due.
pub fn ages(file: &mut File, states: &States) {
    let state = &states.later;
    let begun = get_number(state, &[3]).unwrap();
    let closed = set(&set(state, &[13], To::Absent), &[16], To::Bytes(number(1, 1)));
    let at = |field: u64, time: u64| set(state, &[field], To::Number(time));
    for (name, state, now, overdue, renewal) in [
        ("a new session", state.clone(), begun, false, false),
        ("a clock that was put back", state.clone(), 0, false, false),
        ("60 days", at(19, begun + 60 * DAY), begun + 60 * DAY, true, false),
        ("more than 60 days", state.clone(), begun + 60 * DAY + 1, true, true),
        ("59,999 messages", set(state, &[OPEN, 2], To::Number(59_999)), begun, false, false),
        ("60,000 messages", set(state, &[OPEN, 2], To::Number(60_000)), begun, false, true),
        ("60,000 messages before", set(state, &[OPEN, 6], To::Number(60_000)), begun, false, false),
        ("a closed lane", closed, begun, false, true),
        ("classical healing 7 days ago", at(19, begun - 7 * DAY), begun, false, false),
        ("classical healing more than 7 days ago", at(19, begun - 7 * DAY - 1), begun, true, false),
        ("post-quantum healing 7 days ago", at(20, begun - 7 * DAY), begun, false, false),
        ("post-quantum healing more than 7 days ago", at(20, begun - 7 * DAY - 1), begun, true, false),
    ] {
        let input = json!({ "state": hex(state), "now": now.to_string() });
        let out = file.good(&format!("age: {name}"), "ratchet.age", input);
        assert_eq!(out, json!({ "overdue": overdue, "renewal": renewal }), "{name}");
    }
}
