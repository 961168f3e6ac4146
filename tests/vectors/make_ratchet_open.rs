//! Vectors of single calls on a session: what is refused, and what is rare.

use std::collections::BTreeMap;

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::x25519::{PublicKey, SecretKey};
use sottovoce::ratchet::hazmat::{self, Plain};
use sottovoce::ratchet::{Ratchet, SkippedBlock};
use sottovoce::wire::Wire as _;

use crate::edit::{To, get, get_number, set};
use crate::inputs::Inputs;
use crate::make::{File, counting, flipped};
use crate::make_ratchet::{DAY, bad_bodies};
use crate::make_wire::{bytes as bytes_field, number};
use crate::ops;
use crate::ops_ratchet::bound;
use crate::ratchet_talk::{BEGUN, Script, Side, lane, session};

/// Numbers of fields of `RatchetState`.
const OPEN: u64 = 8;
const RECEIVING: u64 = 10;

/// Which chain a message is to be of.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Current,
    Next,
}

/// A message by someone who knows the state of the one who receives it, and can say anything.
struct Forged {
    header: Vec<u8>,
    padded: Vec<u8>,
    /// How far ahead of the next number the message key is.
    ahead: u32,
    place: Place,
}

/// A ratchet key of nobody.
fn stranger() -> PublicKey {
    SecretKey::from_secret(&Secret::new(counting(77, 32).try_into().unwrap())).public_key()
}

/// A body with no symbols.
fn plain_body(epoch: u32, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut padded = [&epoch.to_be_bytes(), [0; 10].as_slice(), &length, content].concat();
    padded.resize(192, 0);
    padded
}

/// A body with symbols and nothing else.
fn body(epoch: u32, received: u64, symbols: &[(u32, [u8; 32])], length: usize) -> Vec<u8> {
    let present: u64 = symbols.iter().map(|(number, _)| 1 << number).sum();
    let bitmaps = [received, present].map(|bits| bits.to_be_bytes()[3..].to_vec()).concat();
    let rising: BTreeMap<u32, [u8; 32]> = symbols.iter().copied().collect();
    let symbols: Vec<u8> = rising.into_values().flatten().collect();
    let mut padded = [epoch.to_be_bytes().to_vec(), bitmaps, symbols].concat();
    padded.resize(length, 0);
    padded
}

impl Forged {
    /// The next message of the current chain.
    fn current(state: &[u8]) -> Self {
        let at = |field: u64| u32::try_from(get_number(state, &[RECEIVING, field]).unwrap()).unwrap();
        let key = PublicKey::from_bytes(&get(state, &[RECEIVING, 4]).unwrap()).unwrap();
        let is_first_answer = get_number(state, &[1, 1]) == Some(1) && at(5) == 0;
        let ciphertext = is_first_answer.then(|| Ciphertext::from_bytes(&counting(20, 1088)).unwrap());
        let header = hazmat::header(key, [at(2), at(5), at(6)], ciphertext);
        Self { header, padded: plain_body(1, b"hello"), ahead: 0, place: Place::Current }
    }

    /// A first message of the next chain: what is in its body cannot be read.
    fn next(numbers: [u32; 3], answer: Option<Ciphertext>) -> Self {
        let header = hazmat::header(stranger(), numbers, answer);
        Self { header, padded: plain_body(1, b"hello"), ahead: 0, place: Place::Next }
    }

    fn key(mut self, key: &[u8]) -> Self {
        self.header[1..33].copy_from_slice(key);
        self
    }

    fn byte(mut self, at: usize, value: u8) -> Self {
        self.header[at] = value;
        self
    }

    fn number(mut self, number: u32) -> Self {
        self.header[33..37].copy_from_slice(&number.to_be_bytes());
        self
    }

    fn previous(mut self, number: u32) -> Self {
        self.header[37..41].copy_from_slice(&number.to_be_bytes());
        self
    }

    fn epoch(mut self, number: u32) -> Self {
        self.header[41..45].copy_from_slice(&number.to_be_bytes());
        self
    }

    fn padded(mut self, padded: Vec<u8>) -> Self {
        self.padded = padded;
        self
    }

    /// The message for a session in this state.
    fn seal(&self, state: &[u8]) -> Vec<u8> {
        let ratchet = Ratchet::decode(state).unwrap();
        let keys = match self.place {
            Place::Current => get(state, &[RECEIVING, 3]),
            Place::Next => get(state, &[7]),
        };
        let keys = Secret::new(keys.unwrap().try_into().unwrap());
        let chain = get(state, &[RECEIVING, 1]).unwrap_or_else(|| vec![1; 32]);
        let mut chain = Secret::new(chain.try_into().unwrap());
        for _ in 0..self.ahead {
            chain = hazmat::chain_step(&chain).unwrap().1;
        }
        let (key, _) = hazmat::chain_step(&chain).unwrap();
        hazmat::seal_message(&Plain {
            header_keys: &keys,
            header: &self.header,
            key: &key,
            random: &Secret::new(counting(66, 32).try_into().unwrap()),
            bound: &bound(&ratchet, ratchet.role().receives()),
            padded: &self.padded,
        })
        .unwrap()
    }
}

fn open(state: &[u8], blocks: &[&Vec<u8>], message: &[u8], now: u64) -> Value {
    let blocks: Vec<_> = blocks.iter().map(hex).collect();
    json!({ "state": hex(state), "blocks": blocks, "k3": "", "message": hex(message), "now": now.to_string() })
}

/// Cases of opening at one state, without kept keys.
struct At<'a> {
    file: &'a mut File,
    place: &'a str,
    state: Vec<u8>,
}

impl At<'_> {
    fn refuse(&mut self, what: &str, message: &[u8], class: &str) {
        let name = format!("{}: {what}", self.place);
        self.file.bad(&name, "ratchet.open", open(&self.state, &[], message, BEGUN + DAY), class);
    }

    fn accept(&mut self, what: &str, message: &[u8]) -> Vec<u8> {
        let name = format!("{}: {what}", self.place);
        let out = self.file.good(&name, "ratchet.open", open(&self.state, &[], message, BEGUN + DAY));
        hex::decode(out["state"].as_str().unwrap()).unwrap()
    }

    fn forged(&mut self, what: &str, forged: &Forged, class: &str) {
        self.refuse(what, &forged.seal(&self.state), class);
    }
}

/// States of one conversation, as small as can be.
struct States {
    /// A before it has heard of B.
    begun: Vec<u8>,
    /// B after the first message: sending is due.
    due: Vec<u8>,
    /// B with its first chain open.
    answered: Vec<u8>,
    /// A after B's first message.
    heard: Vec<u8>,
    /// A with its second chain open.
    second: Vec<u8>,
    /// B with its second chain open.
    later: Vec<u8>,
    /// B's first message.
    answer: Vec<u8>,
}

/// A state of A in which all of the key is acknowledged.
fn acknowledged(state: &[u8]) -> Vec<u8> {
    set(state, &[11, 4], To::Absent)
}

fn states() -> States {
    let mut script = Script::new(20);
    let begun = script.a.state.clone();
    let first = script.seal("A", &counting(1, 170));
    script.open("B", first);
    let due = script.b.state.clone();
    let second = script.seal("B", b"answer");
    let answered = script.b.state.clone();
    script.open("A", second);
    let heard = acknowledged(&script.a.state);
    let answer = script.message(second);
    let third = script.seal("A", &counting(1, 170));
    let second = script.a.state.clone();
    script.open("B", third);
    script.seal("B", b"later");
    States { begun, due, answered, heard, second, later: script.b.state, answer }
}

pub fn sessions() -> File {
    let mut file = File::new("6", "single calls on a session of the ratchet");
    let states = states();
    beginnings(&mut file, &states);
    shapes(&mut file, &states);
    headers(&mut file, &states);
    next_chains(&mut file, &states);
    bodies(&mut file, &states);
    closed_chains(&mut file);
    gaps(&mut file, &states);
    lanes(&mut file, &states);
    answers(&mut file, &states);
    sealing(&mut file, &states);
    retired(&mut file);
    ages(&mut file, &states);
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

    at.place = "A, the answer's chain";
    at.state = acknowledged(&states.begun);
    let ciphertext = || Ciphertext::from_bytes(&counting(20, 1088)).ok();
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

/// Seals at a state; the random bytes are those that are drawn.
fn seal(state: &[u8], content: &[u8], now: u64, random: &[u8]) -> Value {
    json!({ "state": hex(state), "ciphertext": "", "k3": "", "content": hex(content), "now": now.to_string(), "random": hex(random) })
}

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

fn closed_chains(file: &mut File) {
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
    let good = file.good("closed chain: a late message", op, open(&state, &[block], &message(3), late));
    let [put] = &good["put"].as_array().unwrap()[..] else { panic!("the block is put back") };
    let (state_after, put) =
        (hex::decode(good["state"].as_str().unwrap()).unwrap(), hex::decode(put.as_str().unwrap()).unwrap());
    let mut refuse =
        |name: &str, input: Value, class: &str| file.bad(&format!("closed chain: {name}"), op, input, class);
    refuse("the late message again", open(&state_after, &[&put], &message(3), late), "used");
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
    last_of_a_closed_chain(file, &state, block, &[message(0), message(1), message(3), message(4)], late);
}

/// One message after the other, until the chain is only remembered.
fn last_of_a_closed_chain(file: &mut File, state: &[u8], block: &[u8], messages: &[Vec<u8>], now: u64) {
    let (mut state, mut block) = (state.to_vec(), Some(block.to_vec()));
    for message in messages {
        let given: Vec<_> = block.iter().collect();
        let input = open(&state, &given, message, now);
        let out = ops::run("ratchet.open", &Inputs(&input)).unwrap();
        block = out["put"].get(0).map(|block| hex::decode(block.as_str().unwrap()).unwrap());
        if block.is_none() {
            file.good("closed chain: the last late message", "ratchet.open", input);
        }
        state = hex::decode(out["state"].as_str().unwrap()).unwrap();
    }
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

fn gaps(file: &mut File, states: &States) {
    let (sender, receiver, op) = (&states.begun, &states.due, "ratchet.open");
    let now = BEGUN + DAY;
    let message = |number: u64| sealed(&ahead(sender, number));
    let out = file.good("gap of 2,199 messages", op, open(receiver, &[], &message(2200), now));
    let state = hex::decode(out["state"].as_str().unwrap()).unwrap();
    let blocks: Vec<Vec<u8>> = out["put"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| hex::decode(block.as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(blocks.len(), 17);
    let of = |number: u32| {
        blocks.iter().filter(move |block| SkippedBlock::decode(block).unwrap().id().index == number / 64)
    };
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
    file.good("gap: none, the next message needs no block", op, open(&state, &[], &message(2201), now));

    let near = set(receiver, &[RECEIVING, 2], To::Number(65_533));
    let end = set(sender, &[OPEN, 2], To::Number(65_533));
    let end = set(&end, &[OPEN, 1], To::Bytes(get(&near, &[RECEIVING, 1]).unwrap()));
    let last = sealed(&ahead(&end, 65_535));
    let out = file.good("the last message of a chain", op, open(&near, &[], &last, now));
    let used_up = hex::decode(out["state"].as_str().unwrap()).unwrap();
    let kept = hex::decode(out["put"][0].as_str().unwrap()).unwrap();
    file.bad("the last message of a chain again", op, open(&used_up, &[&kept], &last, now), "used");
    let beyond = Forged::current(&used_up).seal(&used_up);
    file.bad("a message beyond the last", op, open(&used_up, &[], &beyond, now), "bad-header");
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

/// The lane of A while it offers and of B while it answers, with nothing sent of the answer.
fn offered() -> Script {
    let mut script = Script::new(22);
    let first = script.seal("A", &[0; 300]);
    script.open("B", first);
    let answer = script.seal("B", &[]);
    script.open("A", answer);
    while lane(&script.b.state).0 == "collecting" {
        let message = script.seal("A", &[]);
        script.open("B", message);
    }
    script
}

fn symbol(bytes: &[u8], number: u32) -> (u32, [u8; 32]) {
    let mut symbol = [0; 32];
    let part = bytes.chunks(32).nth(number.try_into().unwrap()).unwrap();
    symbol[..part.len()].copy_from_slice(part);
    (number, symbol)
}

/// What is held of `bytes` when all symbols have come but one.
fn all_but(bytes: &[u8], missing: u32) -> Vec<u8> {
    let numbers: Vec<u32> =
        (0..u32::try_from(bytes.len().div_ceil(32)).unwrap()).filter(|number| *number != missing).collect();
    let held = numbers.iter().map(|number| 1 << number).sum();
    let symbols: Vec<u8> = numbers.iter().flat_map(|each| symbol(bytes, *each).1).collect();
    [number(1, held), bytes_field(2, &symbols)].concat()
}

fn lanes(file: &mut File, states: &States) {
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
    for (name, epoch) in [("", 1), (", the last epoch", u64::from(u32::MAX))] {
        let (a, b) = (set(&a, &[12, 1], To::Number(epoch)), set(&b, &[15, 1], To::Number(epoch)));
        let random = if epoch == 1 { random.concat() } else { [counting(7, 32), counting(9, 32)].concat() };
        let out = file.good(
            &format!("a step that mixes{name}"),
            "ratchet.seal",
            seal(&a, b"mixed", script.now, &random),
        );
        let message = hex::decode(out["message"].as_str().unwrap()).unwrap();
        let input = open(&b, &[], &message, script.now);
        let out = file.good(&format!("a step that mixes{name}, at B"), "ratchet.open", input);
        let phase = lane(&hex::decode(out["state"].as_str().unwrap()).unwrap());
        assert_eq!(phase, if epoch == 1 { ("collecting", 2) } else { ("closed", epoch) });
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

/// The first answer at A, and how it proves B.
fn answers(file: &mut File, states: &States) {
    let (k3, now, begun) = (hex(counting(120, 32)), BEGUN + DAY, acknowledged(&states.begun));
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

fn sealing(file: &mut File, states: &States) {
    let op = "ratchet.seal";
    let at =
        |state: &[u8], content: usize, now: u64| seal(state, &counting(1, content), now, &counting(5, 32));
    let state = &states.later;
    for length in [176, 177, 752, 753] {
        file.good(&format!("seal {length} bytes"), op, at(state, length, BEGUN));
    }
    file.bad("seal 49,137 bytes", op, at(state, 49_137, BEGUN), "too-long");
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

/// Sessions for receiving only.
fn retired(file: &mut File) {
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

/// When healing is overdue, and when another handshake is due.
fn ages(file: &mut File, states: &States) {
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
