//! Vectors of sealed content.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::make::{File, counting, flipped};

pub fn one_time() -> File {
    let mut file = File::new("2.7", "one-time encryption");
    let (key, aad) = (hex(counting(2, 32)), hex(counting(60, 20)));
    for (length, aad) in [(0, ""), (0, aad.as_str()), (1, ""), (32, &aad), (64, &aad), (1000, &aad)] {
        let input = json!({ "key": key, "aad": aad, "plaintext": hex(counting(0, length)) });
        let name = format!("{length} bytes, {} of associated data", aad.len() / 2);
        let sealed = file.good(&format!("seal {name}"), "one_time.seal", input)["ciphertext"].clone();
        let input = json!({ "key": key, "aad": aad, "ciphertext": sealed });
        file.good(&format!("open {name}"), "one_time.open", input);
    }
    let input = json!({ "key": key, "aad": aad, "plaintext": hex(counting(0, 40)) });
    let sealed = file.good("seal 40 bytes", "one_time.seal", input)["ciphertext"].clone();
    let sealed = sealed.as_str().unwrap();
    let open = |key: &str, aad: &str, sealed: &str| json!({ "key": key, "aad": aad, "ciphertext": sealed });
    let mut refused = vec![
        ("other key".to_owned(), open(&flipped(&key, 31), &aad, sealed)),
        ("other associated data".to_owned(), open(&key, &flipped(&aad, 0), sealed)),
        ("no associated data".to_owned(), open(&key, "", sealed)),
        ("first byte changed".to_owned(), open(&key, &aad, &flipped(sealed, 0))),
        ("last byte of the tag changed".to_owned(), open(&key, &aad, &flipped(sealed, -1))),
        ("a byte more".to_owned(), open(&key, &aad, &format!("{sealed}00"))),
    ];
    for missing in [1, 4, 8, 15, 16, 40, 41, 55, 56] {
        let cut = &sealed[..sealed.len() - 2 * missing];
        refused.push((format!("{missing} bytes missing"), open(&key, &aad, cut)));
    }
    for (name, input) in refused {
        file.bad(&name, "one_time.open", input, "unauthentic");
    }
    file
}

pub fn rest() -> File {
    let mut file = File::new("2.8", "encryption at rest");
    let (key, random) = (hex(counting(7, 32)), hex(counting(90, 32)));
    let seal = |aad: &str, length: usize, random: &str| json!({ "key": key, "aad": aad, "plaintext": hex(counting(0, length)), "random": random });
    for (name, input) in [
        ("empty", seal("", 0, &random)),
        ("700 bytes", seal("0102", 700, &random)),
        ("same randomness, other content", seal("0102", 701, &random)),
        ("same randomness, other name", seal("0103", 700, &random)),
        ("other randomness", seal("0102", 700, &flipped(&random, 0))),
    ] {
        file.good(&format!("seal: {name}"), "rest.seal", input);
    }
    let record = file.good("seal 33 bytes", "rest.seal", seal("aabb", 33, &random))["record"].clone();
    let record = record.as_str().unwrap();
    let open = |key: &str, aad: &str, record: &str| json!({ "key": key, "aad": aad, "record": record });
    file.good("open", "rest.open", open(&key, "aabb", record));
    for (name, input) in [
        ("other record's name", open(&key, "aabc", record)),
        ("other key", open(&flipped(&key, 0), "aabb", record)),
        ("nonce changed", open(&key, "aabb", &flipped(record, 3))),
        ("content changed", open(&key, "aabb", &flipped(record, 24))),
        ("tag changed", open(&key, "aabb", &flipped(record, -1))),
        ("last byte missing", open(&key, "aabb", &record[..record.len() - 2])),
        ("39 bytes", open(&key, "aabb", &record[..78])),
        ("23 bytes", open(&key, "aabb", &record[..46])),
        ("empty", open(&key, "aabb", "")),
    ] {
        file.bad(&format!("open: {name}"), "rest.open", input, "unauthentic");
    }
    file.bad("stuck randomness", "rest.seal", seal("", 1, &"55".repeat(32)), "weak-randomness");
    file
}

/// An encoded `BlobPointer`: two fields of 32 bytes.
fn pointer(key: &str, hash: &str) -> String {
    format!("0a20{key}1220{hash}")
}

pub fn blob() -> File {
    let mut file = File::new("2.9", "committing blobs");
    let random = hex(counting(30, 32));
    for length in [0, 5, 5000] {
        let input = json!({ "body": hex(counting(0, length)), "random": random });
        let sealed = file.good(&format!("seal {length} bytes"), "blob.seal", input);
        let input = json!({ "pointer": sealed["pointer"], "blob": sealed["blob"] });
        file.good(&format!("open {length} bytes"), "blob.open", input);
    }
    let input = json!({ "body": hex(counting(0, 60)), "random": random });
    let sealed = file.good("seal 60 bytes", "blob.seal", input);
    let blob = sealed["blob"].as_str().unwrap();
    let true_pointer = sealed["pointer"].as_str().unwrap();
    let hash_of = |blob: &str| {
        let bytes = hex::decode(blob).unwrap();
        hex(sottovoce::crypto::hash::Hash::of(&bytes).as_bytes())
    };
    let open = |pointer: &str, blob: &str| json!({ "pointer": pointer, "blob": blob });
    // With the hash of the changed blob, so that the check behind it is reached.
    let rehashed = |blob: &str| open(&pointer(&random, &hash_of(blob)), blob);
    for (name, input) in [
        ("commitment changed", open(true_pointer, &flipped(blob, 0))),
        ("content changed", open(true_pointer, &flipped(blob, 40))),
        ("other hash", open(&flipped(true_pointer, -1), blob)),
        ("other key", open(&pointer(&flipped(&random, 0), &hash_of(blob)), blob)),
        ("first chunk of an attachment with the same key", rehashed(&attachment_of_one_chunk(&random))),
        ("commitment changed, hash right", rehashed(&flipped(blob, 31))),
        ("content changed, hash right", rehashed(&flipped(blob, 32))),
        ("tag changed, hash right", rehashed(&flipped(blob, -1))),
        ("last byte missing, hash right", rehashed(&blob[..blob.len() - 2])),
        ("a byte more, hash right", rehashed(&format!("{blob}00"))),
        ("47 bytes, hash right", rehashed(&blob[..94])),
        ("31 bytes, hash right", rehashed(&blob[..62])),
        ("empty, hash right", rehashed("")),
    ] {
        file.bad(name, "blob.open", input, "unauthentic");
    }
    let input = open(&true_pointer[..true_pointer.len() - 2], blob);
    file.bad("pointer cut", "blob.open", input, "truncated");
    let stuck = json!({ "body": "", "random": "00".repeat(32) });
    file.bad("stuck randomness", "blob.seal", stuck, "weak-randomness");
    file
}

/// A sealed attachment of 65,537 bytes under this key, cut after its first chunk, whose nonce is zero like a blob's.
fn attachment_of_one_chunk(key: &str) -> String {
    let key: Vec<_> = hex::decode(key).unwrap();
    let mut random = crate::inputs::Fixed::new(key);
    let mut sealer = sottovoce::crypto::attachment::Sealer::new(65_537, &mut random).unwrap();
    let chunk = sealer.seal_chunk(&counting(0, 65_536)).unwrap();
    hex([sealer.commitment().as_slice(), &chunk].concat())
}

pub fn attachment() -> File {
    let mut file = File::new("2.10", "attachments");
    let (random, pattern) = (hex(counting(60, 32)), "736f74746f766f6365");
    let seal = |size: u64| json!({ "random": random, "size": size.to_string(), "pattern": pattern });
    let open = |size: u64, edits: Value| json!({ "random": random, "size": size.to_string(), "pattern": pattern, "edits": edits });
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 150_000] {
        file.good(&format!("seal {size} bytes"), "attachment.seal", seal(size));
        file.good(&format!("open {size} bytes"), "attachment.open", open(size, json!({})));
    }
    for at in [0, 1, 2] {
        file.good(&format!("resume at {at}"), "attachment.open", open(150_000, json!({ "resume_at": at })));
    }
    let pointer_of = |size: u64| {
        let out = crate::ops::run("attachment.seal", &crate::inputs::Inputs(&seal(size))).unwrap();
        out["pointer"].as_str().unwrap().to_owned()
    };
    let true_pointer = pointer_of(150_000);
    for (name, edits, class) in [
        ("last chunk missing", json!({ "chunks": [0, 1] }), "truncated"),
        ("all chunks missing", json!({ "chunks": [] }), "truncated"),
        ("first chunk missing", json!({ "chunks": [1, 2] }), "unauthentic"),
        ("chunks exchanged", json!({ "chunks": [1, 0, 2] }), "unauthentic"),
        ("chunk repeated", json!({ "chunks": [0, 0, 2] }), "unauthentic"),
        ("last chunk early", json!({ "chunks": [0, 2] }), "invalid-length"),
        ("a chunk more", json!({ "chunks": [0, 1, 2, 2] }), "invalid-length"),
        ("byte of the first chunk", json!({ "flip": [0, 0] }), "unauthentic"),
        ("byte of the last tag", json!({ "flip": [2, 18_943] }), "unauthentic"),
        ("last chunk shorter", json!({ "cut": [2, 1] }), "invalid-length"),
        ("first chunk shorter", json!({ "cut": [0, 65_552] }), "invalid-length"),
        ("commitment of zeros", json!({ "commitment": "00".repeat(32) }), "unauthentic"),
        (
            "commitment before the length of a chunk",
            json!({ "commitment": "00".repeat(32), "cut": [0, 1] }),
            "unauthentic",
        ),
        ("length of a chunk before its tag", json!({ "flip": [0, 0], "cut": [0, 1] }), "invalid-length"),
        ("other key", json!({ "pointer": flipped(&true_pointer, 2) }), "unauthentic"),
        ("other digest", json!({ "pointer": flipped(&true_pointer, 40) }), "unauthentic"),
        (
            "pointer says shorter by a chunk",
            json!({ "pointer": pointer_of(131_072), "chunks": [0, 1] }),
            "unauthentic",
        ),
        ("pointer says longer", json!({ "pointer": pointer_of(150_001) }), "invalid-length"),
        ("resumed, then a chunk missing", json!({ "resume_at": 1, "chunks": [0, 2] }), "invalid-length"),
    ] {
        file.bad(name, "attachment.open", open(150_000, edits), class);
    }
    let edits = json!({ "chunks": [0], "pointer": pointer_of(65_536) });
    file.bad(
        "first of two full chunks passed off as the only one",
        "attachment.open",
        open(131_072, edits),
        "unauthentic",
    );
    file.bad("too large", "attachment.seal", seal((1 << 40) + 1), "too-long");
    let stuck = json!({ "random": "00".repeat(32), "size": "1", "pattern": pattern });
    file.bad("stuck randomness", "attachment.seal", stuck, "weak-randomness");
    let both = json!({ "random": "00".repeat(32), "size": u64::MAX.to_string(), "pattern": pattern });
    file.bad("too large before stuck randomness", "attachment.seal", both, "too-long");
    file
}
