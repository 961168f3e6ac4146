//! Vectors of what the ratchet is made of, and of conversations.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::mlkem::DecapsulationKey;
use sottovoce::crypto::secret::Secret;

use crate::make::{File, counting, flipped};
use crate::ratchet_talk::{BEGUN, Script, lane};

const ORDER_8: &str = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub fn parts() -> File {
    let mut file = File::new("6", "what the ratchet is made of");
    roots(&mut file);
    chains(&mut file);
    messages(&mut file);
    bodies(&mut file);
    lanes(&mut file);
    file
}

fn public(secret: &[u8]) -> String {
    let secret = Secret::new(secret.try_into().unwrap());
    hex(sottovoce::crypto::x25519::SecretKey::from_secret(&secret).public_key().as_bytes())
}

fn roots(file: &mut File) {
    let receiver = public(&counting(90, 32));
    let input = |mixed: &str, direction: u8, epoch: u32| json!({ "root": hex(counting(1, 32)), "secret": hex(counting(60, 32)), "receiver": receiver, "mixed": mixed, "direction": direction, "epoch": epoch });
    let secret = hex(counting(150, 32));
    for (name, mixed, direction, epoch) in [
        ("of A, without a secret", "", 0, 0),
        ("of B, without a secret", "", 1, 0),
        ("of B with k3", secret.as_str(), 1, 0),
        ("of A, epoch 1", &secret, 0, 1),
        ("of A, epoch 0x01020304", &secret, 0, 0x0102_0304),
        ("of A, the last epoch", &secret, 0, u32::MAX),
    ] {
        file.good(&format!("root step {name}"), "ratchet.root", input(mixed, direction, epoch));
    }
    let nothing =
        file.good("root step with zeros for a secret", "ratchet.root", input(&"00".repeat(32), 0, 0));
    let same = file.good("root step with nothing for a secret", "ratchet.root", input("", 0, 0));
    assert_eq!(nothing, same);
    for (name, key) in [
        ("of order 8", ORDER_8.to_owned()),
        ("of zeros", "00".repeat(32)),
        ("of 31 bytes", receiver[2..].to_owned()),
    ] {
        let mut input = input("", 0, 0);
        input["receiver"] = key.into();
        file.bad(&format!("root step to a key {name}"), "ratchet.root", input, "invalid-key");
    }
}

fn chains(file: &mut File) {
    let mut chain = hex(counting(7, 32));
    for step in 0..3 {
        let out = file.good(&format!("chain step {step}"), "ratchet.chain", json!({ "chain": chain }));
        text(&out["chain"]).clone_into(&mut chain);
    }
    for first in [3, 200] {
        let input = json!({ "header": hex(counting(first, 32)) });
        file.good(&format!("header keys of {first}, …"), "ratchet.header_keys", input);
    }
}

fn messages(file: &mut File) {
    let input = |numbers: [u32; 3], answer: &[u8], padded: &[u8], random: &[u8]| json!({ "message_key": hex(counting(11, 32)), "header": hex(counting(12, 32)), "ad": hex(counting(13, 32)), "ratchet_key": public(&counting(14, 32)), "number": numbers[0], "previous": numbers[1], "epoch": numbers[2], "answer": hex(answer), "padded": hex(padded), "random": hex(random) });
    let (padded, random) = (counting(0, 192), counting(99, 32));
    for (name, numbers, answer, padded) in [
        ("the first", [0, 0, 0], vec![], padded.clone()),
        ("one of many", [65_535, 65_536, u32::MAX], vec![], padded.clone()),
        ("the next bucket", [0x0102, 0x0304, 0x0506], vec![], counting(0, 384)),
        ("with an answer", [1, 0, 0], counting(5, 1088), padded.clone()),
    ] {
        file.good(&format!("message, {name}"), "ratchet.message", input(numbers, &answer, &padded, &random));
    }
    let other = [&padded[..191], &[0]].concat();
    file.good(
        "message, another body with the same randomness",
        "ratchet.message",
        input([0; 3], &[], &other, &random),
    );
    file.good(
        "message, the same body with other randomness",
        "ratchet.message",
        input([0; 3], &[], &padded, &counting(98, 32)),
    );
    file.bad(
        "message from a stuck source",
        "ratchet.message",
        input([0; 3], &[], &padded, &[4; 32]),
        "weak-randomness",
    );
    for (name, key) in [("of order 8", ORDER_8.to_owned()), ("that is not canonical", "ff".repeat(32))] {
        let mut input = input([0; 3], &[], &padded, &random);
        input["ratchet_key"] = key.into();
        file.bad(&format!("message with a ratchet key {name}"), "ratchet.message", input, "invalid-key");
    }
}

/// Symbols with these numbers.
pub fn symbols(numbers: &[u32]) -> Value {
    numbers.iter().map(|number| json!([number, hex(counting(number.to_le_bytes()[0], 32))])).collect()
}

fn bodies(file: &mut File) {
    for (name, direction, epoch, received, numbers, content, length) in [
        ("with nothing", 0, 1, 0, vec![], 0, 192),
        ("full of content", 0, 1, 0, vec![], 176, 192),
        ("of a closed lane", 1, 0, 0, vec![], 9, 384),
        ("with symbols of a key", 0, 1, 0, vec![0, 1, 2, 3, 36], 16, 192),
        ("with symbols of an answer", 1, 0x0102_0304, (1_u64 << 37) - 1, vec![0, 7, 34], 1, 192),
        ("that acknowledges an answer", 0, 2, (1 << 35) - 1, vec![], 20, 192),
        ("with a whole key", 0, 3, 0x4_0000_0001, (0..37).collect(), 100, 1536),
        ("with a whole answer", 1, u32::MAX, 0, (0..35).collect(), 0, 1536),
        ("in the next larger bucket", 1, 1, 0, (0..11).collect(), 0, 384),
    ] {
        let input = json!({ "epoch": epoch, "received": received.to_string(), "symbols": symbols(&numbers), "content": hex(counting(3, content)), "length": length });
        let out = file.good(&format!("body {name}"), "ratchet.body", input);
        let input = json!({ "direction": direction, "padded": out["padded"] });
        file.good(&format!("read a body {name}"), "ratchet.read_body", input);
    }
    for (name, direction, padded) in bad_bodies() {
        let input = json!({ "direction": direction, "padded": hex(padded) });
        file.bad(&format!("read a body: {name}"), "ratchet.read_body", input, "bad-message");
    }
}

/// A body without symbols, of 192 bytes, whose bytes from `at` on are others.
fn body_with(at: usize, others: &[u8]) -> Vec<u8> {
    let mut padded = [vec![0, 0, 0, 1], vec![0; 12], vec![0; 176]].concat();
    padded[15] = 20;
    padded[16..36].copy_from_slice(&counting(1, 20));
    padded[at..at + others.len()].copy_from_slice(others);
    padded
}

/// Bodies that are not formed as they should be, by direction.
pub fn bad_bodies() -> Vec<(&'static str, u8, Vec<u8>)> {
    let bit = |number: u32| (1_u64 << number).to_be_bytes()[3..].to_vec();
    let all = vec![0x1f, 0xff, 0xff, 0xff, 0xff];
    vec![
        ("A acknowledges symbol 35", 0, body_with(4, &bit(35))),
        ("A acknowledges symbol 39", 0, body_with(4, &bit(39))),
        ("B acknowledges symbol 37", 1, body_with(4, &bit(37))),
        ("A sends symbol 37", 0, body_with(9, &bit(37))),
        ("A sends symbol 39", 0, body_with(9, &bit(39))),
        ("B sends symbol 35", 1, body_with(9, &bit(35))),
        ("all symbols of a key, beyond the bucket", 0, body_with(9, &all)),
        ("symbols up to the end", 0, body_with(9, &[0, 0, 0, 0, 0x3f])),
        ("content one longer than the bucket", 0, body_with(14, &[0, 177])),
        ("content of 65,535 bytes", 1, body_with(14, &[0xff; 2])),
        ("a byte after the content", 0, body_with(36, &[1])),
        ("a byte at the end", 1, body_with(191, &[0x80])),
        ("content that ends early", 0, body_with(14, &[0, 19])),
    ]
}

fn lanes(file: &mut File) {
    let key = DecapsulationKey::from_seed(&Secret::new(counting(5, 64).try_into().unwrap()));
    let key = hex(key.public_key().as_bytes());
    let input = |key: &str, epoch: u32| json!({ "shared": hex(counting(8, 32)), "epoch": epoch, "key": key, "ciphertext": hex(counting(2, 1088)) });
    for epoch in [1, 2, 0x0102_0304, u32::MAX] {
        file.good(&format!("secret of epoch {epoch}"), "ratchet.lane", input(&key, epoch));
    }
    file.good("secret with another ciphertext", "ratchet.lane", {
        let mut input = input(&key, 1);
        input["ciphertext"] = flipped(&hex(counting(2, 1088)), -1).into();
        input
    });
    for (name, key) in [
        ("a key that is too short", key[2..].to_owned()),
        ("a key with a coefficient too large", "ff".repeat(1184)),
    ] {
        file.bad(&format!("secret of {name}"), "ratchet.lane", input(&key, 1), "invalid-key");
    }
}

pub fn conversations() -> File {
    let mut file = File::new("6", "conversations of the ratchet, with every value on the way");
    for (name, script) in [
        ("in order", in_order()),
        ("out of order, and late over changes of chains", out_of_order()),
        ("the first answer is late and out of order", late_answer()),
        ("two epochs of the lane", epochs()),
        ("epochs of the lane over a bad line", bad_line()),
        ("both sides are silent for weeks", silence()),
        ("many chains with gaps", many_chains()),
    ] {
        file.good(name, "ratchet.converse", script.input());
    }
    file
}

fn in_order() -> Script {
    let mut script = Script::new(1);
    for (side, other, count, content) in [
        ("A", "B", 3, 0),
        ("B", "A", 2, 10),
        ("A", "B", 1, 144),
        ("B", "A", 2, 145),
        ("A", "B", 2, 800),
        ("B", "A", 1, 0),
    ] {
        for message in script.burst(side, count, content) {
            script.open(other, message);
        }
    }
    script
}

fn out_of_order() -> Script {
    let mut script = Script::new(2);
    let first = script.burst("A", 6, 5);
    script.open_all("B", &[first[3], first[0]]);
    script.refuse("B", first[0], "used");
    script.refuse("B", first[3], "used");
    let answer = script.burst("B", 4, 5);
    script.open_all("A", &[answer[2], answer[0]]);
    let second = script.burst("A", 4, 5);
    // The second chain shows how long the first one was.
    script.open("B", second[2]);
    script.open_all("B", &[first[5], first[1], second[0]]);
    for at in [0, 8, 24, 60, 72, 80, 200] {
        script.damage("B", second[1], at, if at == 0 { "unknown-tag" } else { "unauthentic" });
    }
    script.open("B", second[1]);
    script.refuse("B", second[1], "used");
    script.refuse("B", first[5], "used");
    let third = script.burst("B", 2, 5);
    script.open("A", third[1]);
    script.open_all("A", &[answer[3], answer[1], third[0]]);
    script.refuse("A", answer[1], "used");
    script.open_all("B", &[first[2], second[3], first[4]]);
    // Nothing is kept of the first chain, but its tag.
    script.refuse("B", first[4], "used");
    script.damage("B", first[4], 100, "used");
    script
}

fn late_answer() -> Script {
    let mut script = Script::new(3);
    let first = script.burst("A", 2, 0);
    script.open("B", first[1]);
    let answer = script.burst("B", 3, 40);
    let more = script.burst("A", 1, 0);
    script.open_all("B", &[more[0], first[0]]);
    script.damage("A", answer[1], 300, "unauthentic");
    script.damage("A", answer[1], 1300, "unauthentic");
    script.open_all("A", &[answer[1], answer[0]]);
    let second = script.burst("A", 1, 0);
    script.open("B", second[0]);
    let third = script.burst("B", 1, 0);
    script.open_all("A", &[third[0], answer[2]]);
    script.refuse("A", answer[2], "used");
    script
}

/// A round: messages of one side reach the other, and the other way round. More are sent by the one whose symbols are needed.
fn round(script: &mut Script, mut reach: impl FnMut(&mut Script, &str, &[usize])) {
    let (of_a, of_b) = if lane(&script.b.state).0 == "collecting" { (4, 1) } else { (1, 4) };
    for (side, other, count) in [("A", "B", of_a), ("B", "A", of_b)] {
        let messages = script.burst(side, count, 0);
        reach(script, other, &messages);
    }
}

fn begun(number: u8) -> Script {
    let mut script = Script::new(number);
    let first = script.seal("A", &[]);
    script.open("B", first);
    script
}

fn epochs() -> Script {
    let mut script = begun(4);
    while lane(&script.a.state).1 < 3 {
        round(&mut script, Script::open_all);
    }
    script
}

/// Every fourth message is lost, every fifth one comes last.
fn bad_line() -> Script {
    let (mut script, mut count) = (begun(5), 0);
    while lane(&script.a.state).1 < 3 {
        round(&mut script, |script, side, messages| {
            let mut held = Vec::new();
            for message in messages {
                count += 1;
                match count {
                    _ if count % 5 == 0 => held.push(*message),
                    _ if count % 4 == 0 => {}
                    _ => script.open(side, *message),
                }
            }
            script.open_all(side, &held);
        });
    }
    script
}

pub const DAY: u64 = 24 * 60 * 60 * 1000;

fn silence() -> Script {
    let mut script = Script::new(6);
    let first = script.burst("A", 3, 0);
    script.open("B", first[2]);
    // Post-quantum healing is overdue from here on: A's symbols make a message longer by a bucket.
    script.now = BEGUN + 8 * DAY;
    let answer = script.burst("B", 2, 0);
    script.open("A", answer[1]);
    let second = script.burst("A", 2, 0);
    script.open("B", second[0]);
    script.now = BEGUN + 30 * DAY;
    script.open("B", first[0]);
    script.now = BEGUN + 31 * DAY;
    script.refuse("B", first[1], "too-old");
    // Only now are its keys dropped, and of its chain the tag is left.
    script.open("B", second[1]);
    script.refuse("B", first[1], "too-old");
    let third = script.burst("B", 1, 0);
    script.open("A", third[0]);
    script.now = BEGUN + 39 * DAY;
    script.refuse("A", answer[0], "too-old");
    script
}

/// So many closed chains with gaps that the oldest are dropped.
fn many_chains() -> Script {
    let mut script = Script::new(8);
    let mut lost = Vec::new();
    for _ in 0..19 {
        let sealed = script.burst("A", 2, 0);
        script.open("B", sealed[1]);
        lost.push(sealed[0]);
        let answer = script.seal("B", &[]);
        script.open("A", answer);
    }
    script.refuse("B", lost[0], "too-old");
    script.open_all("B", &lost[3..5]);
    script.refuse("B", lost[3], "used");
    script
}
