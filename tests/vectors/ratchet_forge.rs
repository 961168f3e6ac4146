//! Messages of the ratchet by somebody who says anything, states to open them in, and inputs of single calls.

use std::collections::BTreeMap;

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::x25519::{PublicKey, SecretKey};
use sottovoce::ratchet::Ratchet;
use sottovoce::ratchet::hazmat::{self, Plain};
use sottovoce::wire::Wire as _;

use crate::edit::{To, get, get_number, set};
use crate::make::{File, counting};
use crate::make_ratchet::DAY;
use crate::make_wire::{bytes as bytes_field, number};
use crate::ops_ratchet::{self, bound};
use crate::ratchet_talk::{BEGUN, Script, Side, lane};

/// Numbers of fields of `RatchetState`.
pub const OPEN: u64 = 8;
pub const RECEIVING: u64 = 10;

/// Which chain a message is to be of.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    Current,
    Next,
}

/// A message by someone who knows the state of the one who receives it, and can say anything.
pub struct Forged {
    pub header: Vec<u8>,
    pub padded: Vec<u8>,
    /// How far ahead of the next number the message key is.
    pub ahead: u32,
    pub place: Place,
}

/// A ratchet key of nobody.
pub fn stranger() -> PublicKey {
    SecretKey::from_secret(&Secret::new(counting(77, 32).try_into().unwrap())).public_key()
}

/// A body with no symbols.
pub fn plain_body(epoch: u32, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut padded = [&epoch.to_be_bytes(), [0; 10].as_slice(), &length, content].concat();
    padded.resize(192, 0);
    padded
}

/// A body with symbols and nothing else.
pub fn body(epoch: u32, received: u64, symbols: &[(u32, [u8; 32])], length: usize) -> Vec<u8> {
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
    pub fn current(state: &[u8]) -> Self {
        let at = |field: u64| u32::try_from(get_number(state, &[RECEIVING, field]).unwrap()).unwrap();
        let key = PublicKey::from_bytes(&get(state, &[RECEIVING, 4]).unwrap()).unwrap();
        let is_first_answer = get_number(state, &[1, 1]) == Some(1) && at(5) == 0;
        let ciphertext = is_first_answer.then(|| Ciphertext::from_bytes(&counting(20, 1088)).unwrap());
        let header = hazmat::header(key, [at(2), at(5), at(6)], ciphertext);
        Self { header, padded: plain_body(1, b"hello"), ahead: 0, place: Place::Current }
    }

    /// A first message of the next chain: what is in its body cannot be read.
    pub fn next(numbers: [u32; 3], answer: Option<Ciphertext>) -> Self {
        let header = hazmat::header(stranger(), numbers, answer);
        Self { header, padded: plain_body(1, b"hello"), ahead: 0, place: Place::Next }
    }

    pub fn key(mut self, key: &[u8]) -> Self {
        self.header[1..33].copy_from_slice(key);
        self
    }

    pub fn byte(mut self, at: usize, value: u8) -> Self {
        self.header[at] = value;
        self
    }

    pub fn number(mut self, number: u32) -> Self {
        self.header[33..37].copy_from_slice(&number.to_be_bytes());
        self
    }

    pub fn previous(mut self, number: u32) -> Self {
        self.header[37..41].copy_from_slice(&number.to_be_bytes());
        self
    }

    pub fn epoch(mut self, number: u32) -> Self {
        self.header[41..45].copy_from_slice(&number.to_be_bytes());
        self
    }

    pub fn padded(mut self, padded: Vec<u8>) -> Self {
        self.padded = padded;
        self
    }

    /// The message for a session in this state.
    pub fn seal(&self, state: &[u8]) -> Vec<u8> {
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

pub fn open(state: &[u8], blocks: &[&Vec<u8>], message: &[u8], now: u64) -> Value {
    let blocks: Vec<_> = blocks.iter().map(hex).collect();
    json!({ "state": hex(state), "blocks": blocks, "k3": "", "message": hex(message), "now": now.to_string() })
}

/// Cases of opening at one state, without kept keys.
pub struct At<'a> {
    pub file: &'a mut File,
    pub place: &'a str,
    pub state: Vec<u8>,
}

impl At<'_> {
    pub fn refuse(&mut self, what: &str, message: &[u8], class: &str) {
        let name = format!("{}: {what}", self.place);
        self.file.bad(&name, "ratchet.open", open(&self.state, &[], message, BEGUN + DAY), class);
    }

    pub fn accept(&mut self, what: &str, message: &[u8]) -> Vec<u8> {
        let name = format!("{}: {what}", self.place);
        let out = self.file.good(&name, "ratchet.open", open(&self.state, &[], message, BEGUN + DAY));
        hex::decode(out["state"].as_str().unwrap()).unwrap()
    }

    pub fn forged(&mut self, what: &str, forged: &Forged, class: &str) {
        self.refuse(what, &forged.seal(&self.state), class);
    }
}

/// States of one conversation, as small as can be.
pub struct States {
    /// A before it has heard of B.
    pub begun: Vec<u8>,
    /// B after the first message: sending is due.
    pub due: Vec<u8>,
    /// B with its first chain open.
    pub answered: Vec<u8>,
    /// A after B's first message.
    pub heard: Vec<u8>,
    /// A with its second chain open.
    pub second: Vec<u8>,
    /// B with its second chain open.
    pub later: Vec<u8>,
    /// B's first message.
    pub answer: Vec<u8>,
}

/// A state of A in which all of the key is acknowledged.
pub fn acknowledged(state: &[u8]) -> Vec<u8> {
    set(state, &[11, 4], To::Absent)
}

/// The state of A with the number of its first message used.
pub fn sealed_once(state: &[u8]) -> Vec<u8> {
    set(state, &[8, 2], To::Number(1))
}

pub fn states() -> States {
    let mut script = Script::new(20);
    let begun = script.a.state.clone();
    let first = script.seal("A", &counting(1, 144));
    script.open("B", first);
    let due = script.b.state.clone();
    let second = script.seal("B", b"answer");
    let answered = script.b.state.clone();
    script.open("A", second);
    let heard = acknowledged(&script.a.state);
    let answer = script.message(second);
    let third = script.seal("A", &counting(1, 144));
    let second = script.a.state.clone();
    script.open("B", third);
    script.seal("B", b"later");
    States { begun, due, answered, heard, second, later: script.b.state, answer }
}

/// Seals at a state; the random bytes are those that are drawn.
pub fn seal(state: &[u8], content: &[u8], now: u64, random: &[u8]) -> Value {
    json!({ "state": hex(state), "ciphertext": "", "k3": "", "content": hex(content), "now": now.to_string(), "random": hex(random) })
}

/// The lane of A while it offers and of B while it answers, with nothing sent of the answer.
pub fn offered() -> Script {
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

pub fn symbol(bytes: &[u8], number: u32) -> (u32, [u8; 32]) {
    let mut symbol = [0; 32];
    let part = bytes.chunks(32).nth(number.try_into().unwrap()).unwrap();
    symbol[..part.len()].copy_from_slice(part);
    (number, symbol)
}

/// What is held of `bytes` when all symbols have come but one.
pub fn all_but(bytes: &[u8], missing: u32) -> Vec<u8> {
    let numbers: Vec<u32> =
        (0..u32::try_from(bytes.len().div_ceil(32)).unwrap()).filter(|number| *number != missing).collect();
    let held = numbers.iter().map(|number| 1 << number).sum();
    let symbols: Vec<u8> = numbers.iter().flat_map(|each| symbol(bytes, *each).1).collect();
    [number(1, held), bytes_field(2, &symbols)].concat()
}

/// A session that has opened a message.
pub fn after(before: &Side, message: &[u8], now: u64) -> Side {
    let mut side = before.clone();
    let state = ops_ratchet::decoded(&before.state).unwrap();
    side.take(&ops_ratchet::open(state, &before.blocks, |_| None, message, now).unwrap());
    side
}
