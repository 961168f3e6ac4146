//! Vectors of the lane in single calls.

use crate::edit::{To, get, get_number, set};
use crate::make::{File, counting};
use crate::make_ratchet::DAY;
use crate::ratchet_forge::{
    At, Forged, RECEIVING, States, acknowledged, all_but, body, offered, open, seal, symbol,
};
use crate::ratchet_talk::{BEGUN, lane};

pub fn lanes(file: &mut File, states: &States) {
    let mut script = offered();
    let (a, holding) = (script.a.state.clone(), script.b.state.clone());
    assert_eq!(lane(&holding).0, "holding");
    let message = script.seal("B", &[]);
    let answering = script.b.state.clone();
    let random = |coins: Vec<u8>| [counting(3, 32), coins, counting(2, 32)].concat();
    let input = seal(&holding, &[], script.now, &random(counting(1, 32)));
    file.good("lane: B seals the answer to a key", "ratchet.seal", input);
    file.bad(
        "lane: B answers from a stuck source",
        "ratchet.seal",
        seal(&holding, &[], script.now, &random(vec![3; 32])),
        "weak-randomness",
    );

    let answer = get(&answering, &[15, 4, 1]).unwrap();
    let with = |missing| set(&acknowledged(&a), &[11, 5], To::Bytes(all_but(&answer, missing)));
    let complete = |file: &mut File, name: &str, missing: u32, symbols: &[(u32, [u8; 32])]| {
        let state = with(missing);
        let forged = Forged::current(&state).padded(body(1, 0, symbols, 192));
        let out = At { file, place: "A, the lane", state: state.clone() }.accept(name, &forged.seal(&state));
        lane(&out)
    };
    assert_eq!(complete(file, "the last symbol", 34, &[symbol(&answer, 34)]), ("ready", 1));
    assert_eq!(
        complete(file, "the first symbol, the last to come", 0, &[symbol(&answer, 0), symbol(&answer, 1)]),
        ("ready", 1)
    );
    assert_eq!(
        complete(file, "another symbol than is missing", 5, &[symbol(&answer, 34), symbol(&answer, 0)]),
        ("offering", 1)
    );
    let mut wrong = symbol(&answer, 34);
    wrong.1[15] ^= 1;
    assert_eq!(complete(file, "a wrong confirmation closes it", 34, &[wrong]), ("closed", 1));
    let mut other = symbol(&answer, 9);
    other.1[0] ^= 1;
    assert_eq!(complete(file, "another ciphertext closes it", 9, &[other]), ("closed", 1));

    let state = with(7);
    let forged = |symbols: &[(u32, [u8; 32])]| Forged::current(&state).padded(body(1, 0, symbols, 192));
    let mut at = At { file, place: "A, the lane", state: state.clone() };
    at.forged("a symbol that differs", &forged(&[other, symbol(&answer, 7)]), "bad-lane");
    let mut tail = symbol(&answer, 34);
    tail.1[31] = 1;
    at.forged("a last symbol that does not end in zeros", &forged(&[tail]), "bad-lane");
    at.state = with(34);
    let forged = Forged::current(&at.state).padded(body(1, 0, &[tail], 192));
    at.forged("a last symbol that does not end in zeros, the last to come", &forged, "bad-lane");
    at.state.clone_from(&a);
    let all = Forged::current(&a).padded(body(1, (1 << 37) - 1, &[], 192)).seal(&a);
    at.accept("all of the key acknowledged", &all);
    let some = Forged::current(&a).padded(body(1, 0x5, &[], 192)).seal(&a);
    at.accept("some of the key acknowledged", &some);
    script.open("A", message);
    keys(file, states);
    steps(file);
}

/// The key that B collects.
fn keys(file: &mut File, states: &States) {
    let key = get(&states.begun, &[11, 4, 1]).unwrap();
    let mut at =
        At { file, place: "B, the lane", state: set(&states.due, &[13, 2], To::Bytes(all_but(&key, 36))) };
    let forged = |state: &[u8], symbols: &[(u32, [u8; 32])]| {
        Forged::current(state).padded(body(1, 0, symbols, 192)).seal(state)
    };
    let message = forged(&at.state, &[symbol(&key, 36)]);
    assert_eq!(lane(&at.accept("the last symbol of a key", &message)), ("holding", 1));
    let message = forged(&at.state, &[(35, [0; 32]), symbol(&key, 36)]);
    at.refuse("a symbol that differs", &message, "bad-lane");
    at.state = set(&states.due, &[13, 2], To::Bytes(all_but(&key, 3)));
    let message = forged(&at.state, &[(3, [0xff; 32])]);
    assert_eq!(lane(&at.accept("a key that is none closes it", &message)), ("closed", 1));
}

/// Steps that mix, and that may not.
fn steps(file: &mut File) {
    let mut script = offered();
    while lane(&script.a.state).0 == "offering" {
        let message = script.seal("B", &[]);
        script.open("A", message);
    }
    let (a, b) = (script.a.state.clone(), script.b.state.clone());
    assert_eq!((lane(&a), lane(&b)), (("ready", 1), ("answering", 1)));
    let mut at = At { file, place: "A, ready", state: a.clone() };
    let message = Forged::current(&a).padded(body(1, 0, &[(0, [1; 32])], 192)).seal(&a);
    at.accept("symbols of what is complete are ignored", &message);
    at.place = "B, answering, the next chain";
    at.state.clone_from(&b);
    let previous = u32::try_from(get_number(&b, &[RECEIVING, 2]).unwrap()).unwrap();
    at.forged("with the next epoch", &Forged::next([0, previous, 2], None), "bad-header");
    at.forged(
        "with its epoch, of somebody who does not know the root",
        &Forged::next([0, previous, 1], None),
        "unauthentic",
    );
    let message = Forged::current(&b).padded(body(1, (1 << 35) - 1, &[], 192)).seal(&b);
    at.place = "B, answering";
    let out = at.accept("all of the answer acknowledged", &message);
    assert!(get(&out, &[15, 4]).is_none());

    let random = [counting(7, 32), counting(8, 64), counting(9, 32)];
    for (draw, class) in [(0, "the ratchet key"), (1, "the key of the lane"), (2, "the salt")] {
        let mut random = random.clone();
        random[draw].fill(1);
        file.bad(
            &format!("a step that mixes, {class} from a stuck source"),
            "ratchet.seal",
            seal(&a, &[], script.now, &random.concat()),
            "weak-randomness",
        );
    }
    // What it mixes was made a moment ago, so that its own message is as short as can be.
    let overdue = set(&a, &[20], To::Number(BEGUN - 8 * DAY));
    file.good(
        "a step that mixes when healing was overdue",
        "ratchet.seal",
        seal(&overdue, &[], script.now, &random.concat()),
    );
    let last = u64::from(u32::MAX);
    for (name, epoch) in [("", 1), (", the last epoch but one", last - 1), (", the last epoch", last)] {
        let (a, b) = (set(&a, &[12, 1], To::Number(epoch)), set(&b, &[15, 1], To::Number(epoch)));
        let random =
            if epoch == last { [counting(7, 32), counting(9, 32)].concat() } else { random.concat() };
        let out = file.good(
            &format!("a step that mixes{name}"),
            "ratchet.seal",
            seal(&a, b"mixed", script.now, &random),
        );
        let message = hex::decode(out["message"].as_str().unwrap()).unwrap();
        let input = open(&b, &[], &message, script.now);
        let out = file.good(&format!("a step that mixes{name}, at B"), "ratchet.open", input);
        let phase = lane(&hex::decode(out["state"].as_str().unwrap()).unwrap());
        assert_eq!(phase, if epoch == last { ("closed", epoch) } else { ("collecting", epoch + 1) });
        if epoch == 1 {
            let retired = set(&b, &[4], To::Number(1));
            file.good(
                "a step that mixes, at B for receiving only",
                "ratchet.open",
                open(&retired, &[], &message, script.now),
            );
        }
    }
}

/// Sessions for receiving only.
pub fn retired(file: &mut File) {
    let mut script = offered();
    let retire = |state: &[u8]| set(state, &[4], To::Number(1));
    let (a, b) = (retire(&acknowledged(&script.a.state)), retire(&script.b.state));
    for (side, state) in [("A", &a), ("B", &b)] {
        let op = "ratchet.seal";
        file.bad(
            &format!("receiving only: {side} seals"),
            op,
            seal(state, &[], script.now, &[]),
            "receive-only",
        );
        file.bad(
            &format!("receiving only: {side} seals after 91 days"),
            op,
            seal(state, &[], script.now + 91 * DAY, &[]),
            "receive-only",
        );
    }
    let message = script.seal("B", &[]);
    let input = open(&a, &[], &script.message(message), script.now);
    let out = file.good("receiving only: A ignores symbols", "ratchet.open", input);
    let after = hex::decode(out["state"].as_str().unwrap()).unwrap();
    assert_eq!(get(&after, &[11]), get(&a, &[11]));
    let message = script.seal("A", &[]);
    let input = open(&b, &[], &script.message(message), script.now);
    file.good("receiving only: B opens", "ratchet.open", input);
}
