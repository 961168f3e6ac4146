//! One function per operation of `test-vectors/README.md`.

use hex::encode as hex;
use rand_core::TryRng as _;
use serde_json::{Value, json};
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::blob::{self, BlobPointer};
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::suite::Suite;
use sottovoce::crypto::{ed25519, hybrid, kdf, label, mlkem, x25519};
use sottovoce::error::Blame;
use sottovoce::identity::address::Address;
use sottovoce::wire::Wire;

use crate::inputs::Inputs;
use crate::{
    attachments, ops_content, ops_handshake, ops_identity, ops_ratchet, ops_server, ops_session, ops_storage,
    values,
};

/// The error class of a failed operation.
pub type Outcome = Result<Value, &'static str>;

pub fn class(error: impl Blame) -> &'static str {
    error.class()
}

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op.split_once('.').unwrap_or((op, "")) {
        ("suite", "parse") => {
            let number = u16::try_from(i.number("number")).unwrap();
            Suite::from_number(number).map(|suite| json!({ "number": suite.number() })).map_err(class)
        }
        ("labels", "") => {
            let mut labels = label::ALL.to_vec();
            labels.sort_unstable();
            Ok(json!({ "labels": labels }))
        }
        ("generator", "") => generator(i),
        ("mac", "") => {
            let mac = kdf::Mac::new(&i.secret("key")).last(&i.bytes("message"));
            Ok(json!({ "mac": hex(mac.expose()) }))
        }
        ("kdf", op) => Ok(derivation(op, i)),
        ("x25519", op) => diffie_hellman(op, i),
        ("ml_kem", op) => encapsulation(op, i),
        ("ed25519", op) => classical_signature(op, i),
        ("hybrid", op) => hybrid_signature(op, i),
        ("one_time", op) => one_time(op, i),
        ("rest", op) => rest(op, i),
        ("blob", op) => blob(op, i),
        ("attachment", "seal") => attachments::seal(i),
        ("attachment", "open") => attachments::open(i),
        ("conversation" | "content" | "receipts" | "contact", _) | ("attachment", "padded") => {
            ops_content::run(op, i)
        }
        ("wire", "decode") => values::decode(i.text("message"), &i.bytes("bytes")),
        ("address", "parse") => {
            let address: Address = i.text("text").parse().map_err(class)?;
            Ok(json!({ "local": address.local(), "domain": address.domain() }))
        }
        ("store" | "record" | "entry" | "event" | "timer" | "job", _) => ops_storage::run(op, i),
        ("handshake", _) => ops_handshake::run(op, i),
        ("ratchet", _) => ops_ratchet::run(op, i),
        ("history" | "view" | "shared" | "lineage", _) => ops_session::run(op, i),
        ("discovery" | "frame" | "stream" | "hello" | "session" | "pseudonym" | "upload", _) => {
            ops_server::run(op, i)
        }
        _ => ops_identity::run(op, i),
    }
}

fn generator(i: &Inputs) -> Outcome {
    let mut generator = Seed::from_bytes(i.array("seed")).map_err(class)?.into_generator();
    let cut = i.0["lengths"].as_array().unwrap().iter().map(|length| {
        let mut bytes = vec![0; usize::try_from(length.as_u64().unwrap()).unwrap()];
        generator.try_fill_bytes(&mut bytes).unwrap();
        hex(bytes)
    });
    Ok(json!({ "bytes": cut.collect::<Vec<_>>() }))
}

fn derivation(op: &str, i: &Inputs) -> Value {
    if op == "extract" {
        let ikm = i.bytes("ikm");
        let (parts, rest) = ikm.as_chunks::<32>();
        assert!(rest.is_empty(), "input keying material is made of secrets of 32 bytes");
        let parts: Vec<_> = parts.iter().copied().map(Secret::new).collect();
        let prk = kdf::extract(&i.array("salt"), &parts.iter().collect::<Vec<_>>());
        return json!({ "prk": hex(prk.expose()) });
    }
    let (prk, label, info) = (i.secret("prk"), i.expand_label(), i.bytes("info"));
    let okm = match i.number("length") {
        16 => hex(kdf::expand::<16>(&prk, label, &info).expose()),
        32 => hex(kdf::expand::<32>(&prk, label, &info).expose()),
        64 => hex(kdf::expand::<64>(&prk, label, &info).expose()),
        160 => hex(kdf::expand::<160>(&prk, label, &info).expose()),
        length => panic!("no vector expands to {length} bytes"),
    };
    json!({ "okm": okm })
}

fn diffie_hellman(op: &str, i: &Inputs) -> Outcome {
    let secret = || x25519::SecretKey::from_secret(&i.secret("secret"));
    let public = || x25519::PublicKey::from_bytes(&i.bytes("public")).map_err(class);
    match op {
        "public_key" => Ok(json!({ "public": hex(secret().public_key().as_bytes()) })),
        "parse" => public().map(|_| json!({})),
        "shared" => {
            let shared = secret().diffie_hellman(&public()?).map_err(class)?;
            Ok(json!({ "shared": hex(shared.expose()) }))
        }
        _ => panic!("unknown operation x25519.{op}"),
    }
}

fn encapsulation(op: &str, i: &Inputs) -> Outcome {
    let public = || mlkem::EncapsulationKey::from_bytes(&i.bytes("public")).map_err(class);
    match op {
        "keygen" => {
            let key = mlkem::DecapsulationKey::from_seed(&i.secret("seed"));
            Ok(json!({ "public": hex(key.public_key().as_bytes()) }))
        }
        "parse" => public().map(|_| json!({})),
        "encapsulate" => {
            let mut random = i.random();
            let (ciphertext, shared) = public()?.encapsulate(&mut random).map_err(class)?;
            random.finish();
            Ok(json!({ "ciphertext": hex(ciphertext.as_bytes()), "shared": hex(shared.expose()) }))
        }
        "decapsulate" => {
            let key = mlkem::DecapsulationKey::from_seed(&i.secret("seed"));
            let ciphertext = mlkem::Ciphertext::from_bytes(&i.bytes("ciphertext")).map_err(class)?;
            Ok(json!({ "shared": hex(key.decapsulate(&ciphertext).expose()) }))
        }
        _ => panic!("unknown operation ml_kem.{op}"),
    }
}

fn classical_signature(op: &str, i: &Inputs) -> Outcome {
    let secret = || ed25519::SecretKey::from_seed(&i.secret("seed"));
    let public = || ed25519::PublicKey::from_bytes(&i.bytes("public")).map_err(class);
    match op {
        "public_key" => Ok(json!({ "public": hex(secret().public_key().as_bytes()) })),
        "parse" => public().map(|_| json!({})),
        "sign" => {
            let signature = secret().sign(i.classical_label(), &i.bytes("message"));
            Ok(json!({ "signature": hex(signature.as_bytes()) }))
        }
        "verify" => {
            let public = public()?;
            let signature = ed25519::Signature::from_bytes(&i.bytes("signature")).map_err(class)?;
            public
                .verify(i.classical_label(), &i.bytes("message"), &signature)
                .map(|()| json!({}))
                .map_err(class)
        }
        _ => panic!("unknown operation ed25519.{op}"),
    }
}

fn hybrid_signature(op: &str, i: &Inputs) -> Outcome {
    match op {
        "keygen" => {
            let mut random = i.random();
            let public = hybrid::SecretKey::generate(&mut random).map_err(class)?.public_key();
            random.finish();
            Ok(
                json!({ "public": hex(public.encode().map_err(class)?), "pair": hex(public.pair().as_bytes()) }),
            )
        }
        "sign" => {
            let key = hybrid::SecretKey::from_seed(&i.secret("seed"));
            let signature = key.sign(i.sign_label(), &i.bytes("message")).encode().map_err(class)?;
            Ok(json!({ "signature": hex(signature) }))
        }
        "verify" => {
            let public = hybrid::PublicKey::decode(&i.bytes("public")).map_err(class)?;
            let signature = hybrid::Signature::decode(&i.bytes("signature")).map_err(class)?;
            public.verify(i.sign_label(), &i.bytes("message"), &signature).map(|()| json!({})).map_err(class)
        }
        _ => panic!("unknown operation hybrid.{op}"),
    }
}

fn one_time(op: &str, i: &Inputs) -> Outcome {
    let (key, aad) = (OneTimeKey::new(i.secret("key")), i.bytes("aad"));
    match op {
        "seal" => {
            let ciphertext = key.seal(&aad, &i.bytes("plaintext")).map_err(class)?;
            Ok(json!({ "ciphertext": hex(ciphertext) }))
        }
        "open" => {
            let plaintext = key.open(&aad, &i.bytes("ciphertext")).map_err(class)?;
            Ok(json!({ "plaintext": hex(plaintext) }))
        }
        _ => panic!("unknown operation one_time.{op}"),
    }
}

fn rest(op: &str, i: &Inputs) -> Outcome {
    let (key, aad) = (RestKey::new(&i.secret("key")), i.bytes("aad"));
    match op {
        "seal" => {
            let mut random = i.random();
            let record = key.seal(&aad, &i.bytes("plaintext"), &mut random).map_err(class)?;
            random.finish();
            Ok(json!({ "record": hex(record) }))
        }
        "open" => {
            let plaintext = key.open(&aad, &i.bytes("record")).map_err(class)?;
            Ok(json!({ "plaintext": hex(plaintext) }))
        }
        _ => panic!("unknown operation rest.{op}"),
    }
}

fn blob(op: &str, i: &Inputs) -> Outcome {
    match op {
        "seal" => {
            let mut random = i.random();
            let (blob, pointer) = blob::seal(&i.bytes("body"), &mut random).map_err(class)?;
            random.finish();
            Ok(json!({ "blob": hex(blob), "pointer": hex(pointer.encode().map_err(class)?) }))
        }
        "open" => {
            let pointer = BlobPointer::decode(&i.bytes("pointer")).map_err(class)?;
            let body = blob::open(&pointer, &i.bytes("blob")).map_err(class)?;
            Ok(json!({ "body": hex(body) }))
        }
        _ => panic!("unknown operation blob.{op}"),
    }
}
