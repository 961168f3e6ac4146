//! The strict wire format against plain prost, which accepts many encodings of one value and knows no limits.

use std::hint::black_box;

use libcrux_ml_dsa::ml_dsa_65::{MLDSA65Signature, MLDSA65VerificationKey};
use prost::Message;
use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::label;
use sottovoce::crypto::secret::Secret;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::{Choice, Colour, Mark, Part, Specimen};

use crate::paired::Pairs;
use crate::{bare, proto};

pub fn run(pairs: &mut Pairs) {
    let (key, ..) = bare::hybrid_key();
    let (secret, hash) = (|| Secret::new(bare::KEY), Hash::from_bytes(bare::SEED));
    rows(pairs, "HybridPublicKey", "prost decode + keys + sha256", &key.public_key(), public_key);
    let signature = key.sign(label::sign::BUNDLE, b"");
    rows(pairs, "HybridSignature", "prost decode + halves", &signature, self::signature);
    let pointer = BlobPointer { key: secret(), hash };
    rows(pairs, "BlobPointer", "prost decode", &pointer, |_: &proto::BlobPointer| ());
    let pointer = AttachmentPointer::new(secret(), hash, 1 << 30).unwrap();
    rows(pairs, "AttachmentPointer", "prost decode", &pointer, |_: &proto::AttachmentPointer| ());
    rows(pairs, "Specimen", "prost decode", &specimen(), |_: &proto::Specimen| ());
}

/// Three rows for one message; `parse` is what a decoder of any kind must then do with the fields.
fn rows<T: Wire, P: Message + Default, K>(
    pairs: &mut Pairs,
    name: &str,
    bare: &str,
    value: &T,
    parse: impl Fn(&P) -> K,
) {
    let bytes = value.encode().unwrap();
    let plain = P::decode(bytes.as_slice()).unwrap();
    let decode = || T::decode(black_box(&bytes)).unwrap();
    pairs.pair(
        &format!("{name} encode (bare: prost encode)"),
        || black_box(value).encode().unwrap(),
        || black_box(&plain).encode_to_vec(),
        |ours, bare| ours == bare,
    );
    let same = |ours: T, bare: (P, K)| ours.encode().unwrap() == bare.0.encode_to_vec();
    pairs.pair(
        &format!("{name} decode (bare: {bare})"),
        decode,
        || {
            let message = P::decode(black_box(bytes.as_slice())).unwrap();
            let parsed = parse(&message);
            (message, parsed)
        },
        same,
    );
    pairs.pair(
        &format!("{name} decode (bare: {bare} + encode + compare)"),
        decode,
        || {
            let message = P::decode(black_box(bytes.as_slice())).unwrap();
            assert!(message.encode_to_vec() == bytes);
            let parsed = parse(&message);
            (message, parsed)
        },
        same,
    );
}

fn public_key(
    message: &proto::HybridPublicKey,
) -> (ed25519_dalek::VerifyingKey, Box<MLDSA65VerificationKey>, [u8; 32]) {
    let (ed25519, ml_dsa) = (message.ed25519.as_ref().unwrap(), message.ml_dsa_65.as_ref().unwrap());
    let key = bare::parse_ed25519(ed25519);
    let pair = bare::sha256(&[label::hash::PAIR.as_bytes(), ed25519, ml_dsa]);
    (key, Box::new(MLDSA65VerificationKey::new(ml_dsa.as_slice().try_into().unwrap())), pair)
}

fn signature(message: &proto::HybridSignature) -> ([u8; 64], Box<MLDSA65Signature>) {
    let (ed25519, ml_dsa) = (message.ed25519.as_ref().unwrap(), message.ml_dsa_65.as_ref().unwrap());
    let ml_dsa = MLDSA65Signature::new(ml_dsa.as_slice().try_into().unwrap());
    (ed25519.as_slice().try_into().unwrap(), Box::new(ml_dsa))
}

/// Every field is there, none is at its limit.
fn specimen() -> Specimen {
    let mark = || Mark { words: vec!["sotto".into(), "voce".into()] };
    let part = |number| Part { number, mark: Some(mark()) };
    Specimen {
        number: 7,
        big: 1 << 40,
        flag: true,
        colour: Colour::Blue,
        id: [9; 16],
        data: vec![1; 40],
        text: "under the voice".into(),
        part: part(300),
        parts: (0..4).map(part).collect(),
        chunks: vec![vec![2; 8]; 3],
        note: Some(5),
        choice: Choice::Right(mark()),
        late: true,
        token: *b"a secret",
        last: 1,
    }
}
