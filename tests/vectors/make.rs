//! What the vector files contain. Outputs of positive cases come from the library; `check.py` recomputes them without it.
//! Error classes are written by hand.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::inputs::Inputs;
use crate::{
    make_account, make_address, make_certificate, make_chain, make_client_wire, make_content,
    make_content_wire, make_follow, make_handshake, make_identity_wire, make_people, make_prekeys,
    make_ratchet, make_ratchet_open, make_ratchet_wire, make_sealed, make_server, make_server_kept,
    make_server_wire, make_service, make_session, make_session_lineage, make_session_wire, make_signed,
    make_storage, make_stream, make_wire, ops,
};

/// A vector file in the making.
pub struct File {
    section: &'static str,
    about: &'static str,
    cases: Vec<Value>,
}

impl File {
    pub const fn new(section: &'static str, about: &'static str) -> Self {
        Self { section, about, cases: Vec::new() }
    }

    /// A case that succeeds. Returns its outputs.
    pub fn good(&mut self, name: &str, op: &str, input: Value) -> Value {
        let out = ops::run(op, &Inputs(&input)).unwrap_or_else(|class| panic!("{name}: {class}"));
        self.cases.push(json!({ "name": name, "op": op, "in": input, "out": out }));
        out
    }

    /// A case that fails.
    pub fn bad(&mut self, name: &str, op: &str, input: Value, class: &str) {
        assert_eq!(ops::run(op, &Inputs(&input)), Err(class), "{name}");
        self.cases.push(json!({ "name": name, "op": op, "in": input, "error": class }));
    }

    fn finish(self) -> Value {
        json!({ "section": self.section, "about": self.about, "cases": self.cases })
    }
}

pub fn files() -> Vec<(&'static str, Value)> {
    vec![
        ("suite.json", suite().finish()),
        ("kdf.json", kdf().finish()),
        ("generator.json", generator().finish()),
        ("x25519.json", x25519().finish()),
        ("ml_kem.json", ml_kem().finish()),
        ("ed25519.json", make_signed::ed25519().finish()),
        ("hybrid.json", make_signed::hybrid().finish()),
        ("one_time.json", make_sealed::one_time().finish()),
        ("rest.json", make_sealed::rest().finish()),
        ("storage.json", make_storage::storage().finish()),
        ("blob.json", make_sealed::blob().finish()),
        ("attachment.json", make_sealed::attachment().finish()),
        ("wire.json", make_wire::wire().finish()),
        ("messages.json", make_wire::messages().finish()),
        ("address.json", make_address::address().finish()),
        ("identity_messages.json", make_identity_wire::messages().finish()),
        ("chain.json", make_chain::chain().finish()),
        ("follow.json", make_follow::follow().finish()),
        ("certificate.json", make_certificate::certificate().finish()),
        ("device.json", make_account::device().finish()),
        ("prekeys.json", make_prekeys::prekeys().finish()),
        ("safety.json", make_people::safety().finish()),
        ("sas.json", make_people::sas().finish()),
        ("link.json", make_people::link().finish()),
        ("phrase.json", make_people::phrase().finish()),
        ("handshake.json", make_handshake::handshake().finish()),
        ("handshake_messages.json", make_handshake::messages().finish()),
        ("ratchet.json", make_ratchet::parts().finish()),
        ("ratchet_conversations.json", make_ratchet::conversations().finish()),
        ("ratchet_sessions.json", make_ratchet_open::sessions().finish()),
        ("ratchet_messages.json", make_ratchet_wire::messages().finish()),
        ("discovery.json", make_server::discovery().finish()),
        ("frame.json", make_server::frames().finish()),
        ("stream.json", make_stream::streams().finish()),
        ("service.json", make_service::service().finish()),
        ("server_messages.json", make_server_wire::messages().finish()),
        ("server_kept.json", make_server_kept::messages().finish()),
        ("content.json", make_content::contents().finish()),
        ("contact.json", make_content::contacts().finish()),
        ("content_messages.json", make_content_wire::messages().finish()),
        ("session.json", make_session::chains().finish()),
        ("session_shared.json", make_session::shared().finish()),
        ("session_lineage.json", make_session_lineage::lineages().finish()),
        ("session_messages.json", make_session_wire::messages().finish()),
        ("client_messages.json", make_client_wire::messages().finish()),
    ]
}

/// `length` bytes that start at `first` and count up.
pub fn counting(first: u8, length: usize) -> Vec<u8> {
    (0..length).scan(first, |next, _| std::mem::replace(next, next.wrapping_add(1)).into()).collect()
}

/// `text` with one bit of one byte exchanged; `index` from the end if negative.
pub fn flipped(text: &str, index: isize) -> String {
    let mut bytes = hex::decode(text).unwrap();
    let length = isize::try_from(bytes.len()).unwrap();
    let at = usize::try_from(if index < 0 { length + index } else { index }).unwrap();
    bytes[at] ^= 1;
    hex(bytes)
}

fn suite() -> File {
    let mut file = File::new("2.1", "suites and labels");
    file.good("suite 1", "suite.parse", json!({ "number": 1 }));
    for number in [0, 2, 255, 256, 257, 65_535] {
        let name = format!("suite {number}");
        file.bad(&name, "suite.parse", json!({ "number": number }), "unknown-suite");
    }
    file.good("all labels", "labels", json!({}));
    file
}

fn kdf() -> File {
    let mut file = File::new("1", "HMAC and HKDF as the protocol uses them");
    let key = hex(counting(1, 32));
    for (name, message) in [("empty", vec![]), ("short", counting(9, 3)), ("two blocks", counting(0, 100))] {
        file.good(&format!("mac, {name}"), "mac", json!({ "key": key, "message": hex(message) }));
    }
    for (name, ikm) in [("32 bytes", counting(50, 32)), ("five secrets", counting(0, 160)), ("empty", vec![])]
    {
        file.good(&format!("extract, {name}"), "kdf.extract", json!({ "salt": key, "ikm": hex(ikm) }));
    }
    for (name, ikm) in [("32 bytes", counting(50, 32)), ("empty", vec![])] {
        let input = json!({ "salt": hex([0; 32]), "ikm": hex(ikm) });
        file.good(&format!("extract, zero salt, {name}"), "kdf.extract", input);
    }
    for (length, label, info) in [
        (32, "commit", "01"),
        (32, "seal", "01"),
        (160, "seal", ""),
        (16, "commit", "0102"),
        (64, "generator", ""),
    ] {
        let input = json!({ "prk": key, "label": label, "info": info, "length": length });
        file.good(&format!("expand to {length}, {label}, info {info:?}"), "kdf.expand", input);
    }
    file
}

fn generator() -> File {
    let mut file = File::new("2.11", "the deterministic generator");
    let seed = hex(counting(0, 32));
    for lengths in [vec![32], vec![32, 32], vec![64, 24, 4], vec![4; 20], vec![1024, 32]] {
        let name = format!("lengths {lengths:?}");
        file.good(&name, "generator", json!({ "seed": seed, "lengths": lengths }));
    }
    let mut nearly = [7; 32];
    nearly[31] = 6;
    file.good("one byte differs", "generator", json!({ "seed": hex(nearly), "lengths": [32] }));
    for byte in [0, 1, 7, 0x80, 0xff] {
        let input = json!({ "seed": hex([byte; 32]), "lengths": [32] });
        file.bad(&format!("stuck at {byte}"), "generator", input, "weak-randomness");
    }
    file
}

/// Public keys that must be refused: value below 2^255 - 19, not of low order, 32 bytes.
fn bad_x25519() -> Vec<(&'static str, String)> {
    let ff = |last: &str, first: &str| format!("{first}{}{last}", "ff".repeat(30));
    vec![
        ("0, of order 2 or 4", "00".repeat(32)),
        ("1, of order 4", format!("01{}", "00".repeat(31))),
        ("of order 8, first", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800".to_owned()),
        ("of order 8, second", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157".to_owned()),
        ("p - 1, of order 4", ff("7f", "ec")),
        ("p, not canonical 0", ff("7f", "ed")),
        ("p + 1, not canonical 1", ff("7f", "ee")),
        ("p + 9, not canonical 9", ff("7f", "f6")),
        ("2^255 - 1", ff("7f", "ff")),
        ("top bit of 9", format!("09{}80", "00".repeat(30))),
        ("top bit of 0", format!("{}80", "00".repeat(31))),
        ("top bit of order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880".to_owned()),
        ("top bit of p - 1", ff("ff", "ec")),
        ("all ones", "ff".repeat(32)),
        ("empty", String::new()),
        ("31 bytes", "09".to_owned() + &"00".repeat(30)),
        ("33 bytes", "09".to_owned() + &"00".repeat(32)),
    ]
}

fn x25519() -> File {
    let mut file = File::new("2.3", "X25519");
    let mut publics = Vec::new();
    for first in [0, 77, 200] {
        let input = json!({ "secret": hex(counting(first, 32)) });
        publics.push(
            file.good(&format!("public key of {first}, …"), "x25519.public_key", input)["public"].clone(),
        );
    }
    for (index, public) in publics.iter().enumerate() {
        let input = json!({ "secret": hex(counting(33, 32)), "public": public });
        file.good(&format!("shared secret {index}"), "x25519.shared", input);
    }
    for (name, public) in [
        ("base point", format!("09{}", "00".repeat(31))),
        ("2", format!("02{}", "00".repeat(31))),
        ("p - 2", format!("eb{}7f", "ff".repeat(30))),
    ] {
        file.good(&format!("parse {name}"), "x25519.parse", json!({ "public": public }));
    }
    for (name, public) in bad_x25519() {
        file.bad(&format!("parse {name}"), "x25519.parse", json!({ "public": public }), "invalid-key");
        let input = json!({ "secret": hex(counting(33, 32)), "public": public });
        file.bad(&format!("shared with {name}"), "x25519.shared", input, "invalid-key");
    }
    file
}

/// `key` with the 12-bit coefficient `index` set to `value`.
fn with_coefficient(key: &str, index: usize, value: u16) -> String {
    let mut bytes = hex::decode(key).unwrap();
    let [low, high] = value.to_le_bytes();
    let at = index / 2 * 3;
    if index.is_multiple_of(2) {
        bytes[at] = low;
        bytes[at + 1] = bytes[at + 1] & 0xf0 | high;
    } else {
        bytes[at + 1] = bytes[at + 1] & 0x0f | low << 4;
        bytes[at + 2] = low >> 4 | high << 4;
    }
    hex(bytes)
}

fn ml_kem() -> File {
    let mut file = File::new("2.4", "ML-KEM-768");
    let seed = hex(counting(5, 64));
    let public = file.good("key generation", "ml_kem.keygen", json!({ "seed": seed }))["public"].clone();
    let public = public.as_str().unwrap();
    file.good("parse", "ml_kem.parse", json!({ "public": public }));
    let input = json!({ "public": public, "random": hex(counting(100, 32)) });
    let made = file.good("encapsulate", "ml_kem.encapsulate", input);
    let ciphertext = made["ciphertext"].as_str().unwrap();
    file.good("decapsulate", "ml_kem.decapsulate", json!({ "seed": seed, "ciphertext": ciphertext }));
    for at in [0, 500, -1] {
        let input = json!({ "seed": seed, "ciphertext": flipped(ciphertext, at) });
        file.good(&format!("implicit rejection, byte {at} changed"), "ml_kem.decapsulate", input);
    }
    let input = json!({ "seed": hex(counting(6, 64)), "ciphertext": ciphertext });
    file.good("implicit rejection, other key", "ml_kem.decapsulate", input);
    for (index, value) in [(0, 3328), (767, 3328), (400, 0)] {
        let input = json!({ "public": with_coefficient(public, index, value) });
        file.good(&format!("coefficient {index} is {value}"), "ml_kem.parse", input);
    }
    for (index, value) in
        [(0, 3329), (1, 3329), (255, 4095), (256, 3329), (511, 3330), (767, 3329), (766, 4095)]
    {
        let input = json!({ "public": with_coefficient(public, index, value) });
        file.bad(&format!("coefficient {index} is {value}"), "ml_kem.parse", input, "invalid-key");
    }
    for (name, key) in [("empty", ""), ("short", &public[2..]), ("long", &format!("{public}00"))] {
        file.bad(&format!("{name} key"), "ml_kem.parse", json!({ "public": key }), "invalid-key");
    }
    for (name, bytes) in [("empty", ""), ("short", &ciphertext[2..]), ("long", &format!("{ciphertext}00"))] {
        let input = json!({ "seed": seed, "ciphertext": bytes });
        file.bad(&format!("{name} ciphertext"), "ml_kem.decapsulate", input, "invalid-length");
    }
    let input = json!({ "public": public, "random": "00".repeat(32) });
    file.bad("stuck randomness", "ml_kem.encapsulate", input, "weak-randomness");
    let input = json!({ "public": with_coefficient(public, 9, 3329), "random": hex(counting(1, 32)) });
    file.bad("encapsulate to a bad key", "ml_kem.encapsulate", input, "invalid-key");
    let input = json!({ "public": with_coefficient(public, 9, 3329), "random": "00".repeat(32) });
    file.bad("bad key before stuck randomness", "ml_kem.encapsulate", input, "invalid-key");
    file
}
