//! Vectors of sessions: histories, views, and shared bodies.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::blob;
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Subject as _;
use sottovoce::wire::Wire as _;

use crate::fixtures::account;
use crate::inputs::Fixed;
use crate::make::{File, counting, flipped};
use crate::make_wire::bytes;

pub fn chains() -> File {
    let mut file = File::new("9.1", "histories and views of sessions");
    for (name, messages) in [
        ("nothing sealed", vec![]),
        ("one message", vec![counting(1, 288)]),
        ("an empty message", vec![vec![]]),
        ("zeros", vec![vec![0; 8]]),
        ("three messages", vec![counting(1, 288), counting(2, 288), counting(3, 544)]),
        ("the same in another order", vec![counting(2, 288), counting(1, 288), counting(3, 544)]),
        ("one message twice", vec![counting(1, 288), counting(1, 288)]),
        ("one byte less", vec![counting(1, 287)]),
    ] {
        let messages: Vec<_> = messages.into_iter().map(hex).collect();
        file.good(&format!("history of {name}"), "history.chain", json!({ "messages": messages }));
    }
    for (name, mine, yours) in [("two manifests", 1, 2), ("exchanged", 2, 1), ("one manifest", 3, 3)] {
        let input = json!({ "mine": hex([mine; 32]), "yours": hex([yours; 32]) });
        file.good(&format!("view of {name}"), "view", input);
    }
    file
}

const ACCOUNT: [u8; 32] = [1; 32];
const DEVICE: [u8; 16] = [2; 16];

/// A shared body with so much content.
fn saying(content: Option<usize>) -> Vec<u8> {
    let content = content.map_or_else(Vec::new, |length| bytes(4, &counting(7, length)));
    [bytes(1, &ACCOUNT), bytes(2, &DEVICE), content].concat()
}

/// A certificate that nobody has verified.
pub fn certificate() -> Vec<u8> {
    [bytes(1, b"a certificate"), bytes(2, &[3; 16]), bytes(3, &[4; 64])].concat()
}

pub fn introduction(with_certificate: bool) -> Vec<u8> {
    let certificate = if with_certificate { bytes(2, &certificate()) } else { Vec::new() };
    [bytes(1, &account().manifest().encode().unwrap()), certificate].concat()
}

pub fn shared() -> File {
    let mut file = File::new("9.2", "shared bodies");
    let random = hex(counting(60, 32));
    let introduced = [bytes(1, &ACCOUNT), bytes(2, &DEVICE), bytes(3, &introduction(true))].concat();
    let mut bodies = vec![("nothing said", saying(None)), ("an introduction", introduced)];
    // The last lengths before the next padding, and the first ones after.
    for (name, length) in [
        ("no content", 0),
        ("a text", 30),
        ("256 bytes", 197),
        ("257 bytes", 198),
        ("2,048 bytes", 1_989),
        ("2,049 bytes", 1_990),
        ("2,304 bytes", 2_245),
        ("2,305 bytes", 2_246),
        ("4,096 bytes", 4_037),
        ("4,097 bytes", 4_038),
    ] {
        bodies.push((name, saying(Some(length))));
    }
    let mut sealed = Vec::new();
    for (name, body) in bodies {
        let input = json!({ "shared": hex(body), "random": random });
        let out = file.good(&format!("seal {name}"), "shared.seal", input);
        file.good(&format!("open {name}"), "shared.open", opening(&out, &ACCOUNT, &DEVICE));
        sealed.push(out);
    }
    let refused = [
        ("seal from a stuck source", saying(Some(1)), hex([5; 32]), "weak-randomness"),
        ("seal no account", bytes(2, &DEVICE), random.clone(), "missing"),
        ("seal too much content", saying(Some(65_537)), random.clone(), "bad-length"),
    ];
    for (name, body, random, class) in refused {
        file.bad(name, "shared.seal", json!({ "shared": hex(body), "random": random }), class);
    }
    altered(&mut file, &sealed[3]);
    padded(&mut file);
    file
}

fn opening(sealed: &Value, account: &[u8], device: &[u8]) -> Value {
    json!({ "key": sealed["key"], "hash": sealed["hash"], "blob": sealed["blob"], "account": hex(account), "device": hex(device) })
}

/// What is not what was sealed, or not from whom it is.
fn altered(file: &mut File, sealed: &Value) {
    let good = opening(sealed, &ACCOUNT, &DEVICE);
    let blob = sealed["blob"].as_str().unwrap();
    let mut refuse = |name: &str, key: &str, value: String, fits: bool, class: &str| {
        let mut input = good.clone();
        input[key] = value.into();
        if fits {
            let blob = hex::decode(input["blob"].as_str().unwrap()).unwrap();
            input["hash"] = hex(Hash::of(&blob).as_bytes()).into();
        }
        file.bad(name, "shared.open", input, class);
    };
    refuse("another hash", "hash", flipped(sealed["hash"].as_str().unwrap(), 0), false, "unauthentic");
    refuse(
        "another hash at its end",
        "hash",
        flipped(sealed["hash"].as_str().unwrap(), -1),
        false,
        "unauthentic",
    );
    refuse("another key", "key", flipped(sealed["key"].as_str().unwrap(), 0), false, "unauthentic");
    refuse("an altered blob", "blob", flipped(blob, 40), false, "unauthentic");
    refuse("an altered blob whose hash fits", "blob", flipped(blob, 40), true, "unauthentic");
    refuse("an altered commitment whose hash fits", "blob", flipped(blob, 0), true, "unauthentic");
    refuse("an altered tag whose hash fits", "blob", flipped(blob, -1), true, "unauthentic");
    refuse(
        "a blob that is cut, whose hash fits",
        "blob",
        blob[..blob.len() - 2].to_owned(),
        true,
        "unauthentic",
    );
    refuse("a byte more, whose hash fits", "blob", format!("{blob}00"), true, "unauthentic");
    refuse("another account", "account", flipped(&hex(ACCOUNT), 0), false, "foreign-sender");
    refuse("another account at its end", "account", flipped(&hex(ACCOUNT), -1), false, "foreign-sender");
    refuse("another device", "device", flipped(&hex(DEVICE), 0), false, "foreign-sender");
    refuse("another device at its end", "device", flipped(&hex(DEVICE), -1), false, "foreign-sender");
}

/// Bytes that were sealed as they are.
fn sealed_as(padded: &[u8]) -> Value {
    let (blob, pointer) = blob::seal(padded, &mut Fixed::new(counting(90, 32))).unwrap();
    json!({ "blob": hex(blob), "key": hex(pointer.key.expose()), "hash": hex(pointer.hash.as_bytes()) })
}

fn pad(length: usize, body: &[u8], size: usize) -> Vec<u8> {
    let mut padded = [u32::try_from(length).unwrap().to_be_bytes().as_slice(), body].concat();
    padded.resize(size, 0);
    padded
}

/// Paddings, most of them wrong.
fn padded(file: &mut File) {
    let body = saying(Some(30));
    let (length, long) = (body.len(), saying(Some(1_990)));
    let with = |mut padded: Vec<u8>, at: usize| {
        padded[at] = 1;
        padded
    };
    let good = pad(length, &body, 256);
    file.good("the right padding", "shared.open", opening(&sealed_as(&good), &ACCOUNT, &DEVICE));
    let strange = [body.clone(), bytes(9, b"")].concat();
    for (name, padded, class) in [
        ("nothing", vec![], "bad-message"),
        ("less than a length", vec![0; 3], "bad-message"),
        ("a length alone", pad(0, b"", 4), "bad-message"),
        ("no padding", pad(length, &body, length + 4), "bad-message"),
        ("a byte too few", pad(length, &body, 255), "bad-message"),
        ("a byte too many", pad(length, &body, 257), "bad-message"),
        ("a step too many", pad(length, &body, 512), "bad-message"),
        ("a step too few", pad(long.len(), &long, 2_049), "bad-message"),
        ("the step of a shorter one", pad(long.len(), &long, 2_560), "bad-message"),
        ("the first byte of the padding is not zero", with(good.clone(), length + 4), "bad-message"),
        ("the last byte of the padding is not zero", with(good, 255), "bad-message"),
        ("a length that is too small by one", pad(length - 1, &body, 256), "bad-message"),
        ("a length beyond the end", pad(253, &body, 256), "bad-message"),
        ("the greatest length", pad(0xffff_ffff, &body, 256), "bad-message"),
        ("a length that takes one zero in", pad(length + 1, &body, 256), "unknown-field"),
        ("an empty body", pad(0, b"", 256), "missing"),
        ("a field that does not exist", pad(strange.len(), &strange, 256), "unknown-field"),
    ] {
        file.bad(name, "shared.open", opening(&sealed_as(&padded), &ACCOUNT, &DEVICE), class);
    }
    let both = pad(length, &body, 512);
    file.bad(
        "a wrong padding of somebody else",
        "shared.open",
        opening(&sealed_as(&both), &[9; 32], &DEVICE),
        "bad-message",
    );
    let both = pad(strange.len(), &strange, 256);
    file.bad(
        "a wrong body of somebody else",
        "shared.open",
        opening(&sealed_as(&both), &[9; 32], &DEVICE),
        "unknown-field",
    );
}
