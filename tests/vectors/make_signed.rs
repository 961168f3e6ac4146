//! Vectors of signatures.

use hex::encode as hex;
use serde_json::json;

use crate::make::{File, counting, flipped};

/// The group order L, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `signature` with L added to S: valid for verifiers that do not check S (attack C-01).
fn with_order_added(signature: &str) -> String {
    let mut bytes = hex::decode(signature).unwrap();
    let mut carry = 0_u16;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    hex(bytes)
}

/// Keys that are no points, not canonical, or of small order.
fn bad_keys() -> Vec<(&'static str, String)> {
    let ff = |first: &str, last: &str| format!("{first}{}{last}", "ff".repeat(30));
    vec![
        ("identity, y = 1", format!("01{}", "00".repeat(31))),
        ("identity with sign", format!("01{}80", "00".repeat(30))),
        ("order 2, y = p - 1", ff("ec", "7f")),
        ("order 2 with sign", ff("ec", "ff")),
        ("order 4, y = 0", "00".repeat(32)),
        ("order 4 with sign", format!("{}80", "00".repeat(31))),
        ("order 8, first", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned()),
        ("order 8, second", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned()),
        ("order 8, third", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned()),
        ("order 8, fourth", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned()),
        ("y = p, not canonical 0", ff("ed", "7f")),
        ("y = p + 1, not canonical 1", ff("ee", "7f")),
        ("y = p + 3, not canonical 3", ff("f0", "7f")),
        ("y = p + 4, not canonical 4", ff("f1", "7f")),
        ("y = 2^255 - 1", ff("ff", "7f")),
        ("no point, y = 2", format!("02{}", "00".repeat(31))),
        ("no point, y = 7", format!("07{}", "00".repeat(31))),
        ("empty", String::new()),
        ("31 bytes", "58".to_owned() + &"66".repeat(30)),
        ("33 bytes", "58".to_owned() + &"66".repeat(32)),
    ]
}

pub fn ed25519() -> File {
    let mut file = File::new("2.5", "Ed25519 under one strict rule");
    let seed = hex(counting(40, 32));
    let public = file.good("public key", "ed25519.public_key", json!({ "seed": seed }))["public"].clone();
    file.good("parse base point", "ed25519.parse", json!({ "public": "58".to_owned() + &"66".repeat(31) }));
    file.good("parse", "ed25519.parse", json!({ "public": public }));
    for (name, key) in bad_keys() {
        file.bad(&format!("parse {name}"), "ed25519.parse", json!({ "public": key }), "invalid-key");
    }
    let label = "possession signature";
    for (name, message) in
        [("empty message", vec![]), ("48 bytes", counting(0, 48)), ("1000 bytes", counting(9, 1000))]
    {
        let signed = json!({ "seed": seed, "label": label, "message": hex(&message) });
        let signature = file.good(&format!("sign {name}"), "ed25519.sign", signed)["signature"].clone();
        let verify =
            json!({ "public": public, "label": label, "message": hex(&message), "signature": signature });
        file.good(&format!("verify {name}"), "ed25519.verify", verify);
    }
    let message = hex(counting(0, 48));
    let signed = json!({ "seed": seed, "label": label, "message": message });
    let signature =
        crate::ops::run("ed25519.sign", &crate::inputs::Inputs(&signed)).unwrap()["signature"].clone();
    let signature = signature.as_str().unwrap();
    let verify = |label: &str, message: &str, signature: &str| json!({ "public": public, "label": label, "message": message, "signature": signature });
    for (name, input) in [
        ("S + L", verify(label, &message, &with_order_added(signature))),
        ("first bit of R changed", verify(label, &message, &flipped(signature, 0))),
        ("last bit of R changed", verify(label, &message, &flipped(signature, 31))),
        ("first bit of S changed", verify(label, &message, &flipped(signature, 32))),
        ("last byte of S changed", verify(label, &message, &flipped(signature, -1))),
        ("other message", verify(label, &flipped(&message, 5), signature)),
        ("shorter message", verify(label, &message[2..], signature)),
        ("all zero", verify(label, &message, &"00".repeat(64))),
        ("R of order 1, S = 0", verify(label, &message, &format!("01{}", "00".repeat(63)))),
    ] {
        file.bad(&format!("verify: {name}"), "ed25519.verify", input, "invalid-signature");
    }
    without_cofactor(&mut file);
    for (name, bytes) in
        [("empty", ""), ("63 bytes", &signature[2..]), ("65 bytes", &format!("{signature}00"))]
    {
        file.bad(
            &format!("verify: {name}"),
            "ed25519.verify",
            verify(label, &message, bytes),
            "invalid-length",
        );
    }
    file
}

/// Keys and signatures with components of small order: what the equation without cofactor, and the rule for R, decide.
fn without_cofactor(file: &mut File) {
    let mixed = "b154bd62188ae283dd187fefe8c31f5e276edf083b4cff11c9d5cff856c74440";
    file.good("parse a key of mixed order", "ed25519.parse", json!({ "public": mixed }));
    let verify = |public: &str, message: &str, signature: &str| json!({ "public": public, "label": "possession signature", "message": message, "signature": signature });
    let holds = "ae6a01e14ef2afa48b5b8f0cbd5e97ee0c4fcfe4c10e8281e62cb00c0e51099b\
                 c945c5f94b606d8f737cda7c5ff2777e4b0c7a1e7775b0e9e006719b916ac900";
    file.good("verify: mixed order, equation holds", "ed25519.verify", verify(mixed, "1500", holds));
    let with_cofactor_only = "2abdbde2c3d2c51fb8a3d1e30533e3710cd4143d02b6d18ebb2e2a1beaa4d6fe\
                              075fb19f692504afbe8d707232fe9879c4748b42fa9723c4b1cddce6606e000a";
    let input = verify(mixed, "0000", with_cofactor_only);
    file.bad("verify: mixed order, holds with cofactor only", "ed25519.verify", input, "invalid-signature");
    let key = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
    let small_r = "0100000000000000000000000000000000000000000000000000000000000000\
                   8f470cf9f6f2068a62ee6f4307235add2b0da370afbc8822fece6775ccc76508";
    let input = verify(key, "010203", small_r);
    file.bad("verify: R of order 1, equation holds", "ed25519.verify", input, "invalid-signature");
}

pub fn hybrid() -> File {
    let mut file = File::new("2.6", "hybrid signatures");
    let (seed, other_seed) = (hex(counting(11, 64)), hex(counting(12, 64)));
    let made = file.good("key generation", "hybrid.keygen", json!({ "random": seed }));
    let other = file.good("another key", "hybrid.keygen", json!({ "random": other_seed }));
    let (label, message) = ("bundle signature", hex(counting(0, 77)));
    let sign = |seed: &str, message: &str| json!({ "seed": seed, "label": label, "message": message });
    let signature = file.good("sign", "hybrid.sign", sign(&seed, &message))["signature"].clone();
    let other_signature = file.good("sign with another key", "hybrid.sign", sign(&other_seed, &message));
    file.good("sign nothing", "hybrid.sign", sign(&seed, ""));
    let (public, other_public) = (made["public"].as_str().unwrap(), other["public"].as_str().unwrap());
    let (signature, other_signature) =
        (signature.as_str().unwrap(), other_signature["signature"].as_str().unwrap());
    let verify = |public: &str, signature: &str, label: &str, message: &str| json!({ "public": public, "signature": signature, "label": label, "message": message });
    file.good("verify", "hybrid.verify", verify(public, signature, label, &message));
    // Encoded: 2 bytes, Ed25519 half, 3 bytes, ML-DSA half.
    let halves =
        |ed25519: &str, ml_dsa: &str, half: usize| format!("{}{}", &ed25519[..half], &ml_dsa[half..]);
    for (name, input) in [
        ("Ed25519 half changed", verify(public, &flipped(signature, 40), label, &message)),
        ("ML-DSA half changed", verify(public, &flipped(signature, 1000), label, &message)),
        ("last byte changed", verify(public, &flipped(signature, -1), label, &message)),
        ("other message", verify(public, signature, label, &flipped(&message, 0))),
        ("longer message", verify(public, signature, label, &format!("{message}00"))),
        ("signature of another key", verify(public, other_signature, label, &message)),
        (
            "Ed25519 half of another key",
            verify(public, &halves(other_signature, signature, 132), label, &message),
        ),
        (
            "ML-DSA half of another key",
            verify(public, &halves(signature, other_signature, 132), label, &message),
        ),
        (
            "key pair mixed from two",
            verify(
                &halves(public, other_public, 68),
                &halves(signature, other_signature, 132),
                label,
                &message,
            ),
        ),
        (
            "key pair mixed, first signature",
            verify(&halves(public, other_public, 68), signature, label, &message),
        ),
    ] {
        file.bad(name, "hybrid.verify", input, "invalid-signature");
    }
    labels_and_keys(&mut file, public, signature);
    stuck_keygen(&mut file);
    file
}

/// What a verifier refuses before or beside the two equations.
fn labels_and_keys(file: &mut File, public: &str, signature: &str) {
    let (label, message) = ("bundle signature", hex(counting(0, 77)));
    let verify = |public: &str, signature: &str, label: &str| json!({ "public": public, "signature": signature, "label": label, "message": message });
    for other_label in ["manifest signature", "stock signature"] {
        let input = verify(public, signature, other_label);
        file.bad(
            &format!("signed as {label}, checked as {other_label}"),
            "hybrid.verify",
            input,
            "invalid-signature",
        );
    }
    let input = verify(&format!("{public}00"), signature, label);
    file.bad("key with a byte too many", "hybrid.verify", input, "too-large");
    let input = verify(public, &signature[..signature.len() - 2], label);
    file.bad("signature with a byte too few", "hybrid.verify", input, "truncated");
    let bad_key = format!("0a20{}{}", "00".repeat(32), &public[68..]);
    let input = verify(&bad_key, signature, label);
    file.bad("key with an Ed25519 half of small order", "hybrid.verify", input, "invalid-key");
    let input = verify(&bad_key, &signature[..100], label);
    file.bad("bad key before a cut signature", "hybrid.verify", input, "invalid-key");
}

fn stuck_keygen(file: &mut File) {
    let (random, zeros) = (hex(counting(0, 32)), "00".repeat(32));
    for (name, random) in [
        ("in the first half", format!("{zeros}{random}")),
        ("in the second half", format!("{random}{zeros}")),
        ("in both halves", format!("{zeros}{zeros}")),
        ("in both halves, differently", format!("{}{}", "01".repeat(32), "02".repeat(32))),
    ] {
        let name = format!("stuck randomness {name}");
        file.bad(&name, "hybrid.keygen", json!({ "random": random }), "weak-randomness");
    }
}
