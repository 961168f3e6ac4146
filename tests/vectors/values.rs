//! `wire.decode` of `test-vectors/README.md`: decoded messages as JSON, and back to the same bytes.

use hex::encode as hex;
use serde_json::{Map, Value, json};
use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hybrid;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::{Choice, Colour, Mark, Part, Specimen};

use crate::ops::{Outcome, class};

pub fn decode(message: &str, bytes: &[u8]) -> Outcome {
    match message {
        "HybridPublicKey" => value(
            bytes,
            |key: &hybrid::PublicKey| json!({ "ed25519": hex(key.ed25519().as_bytes()), "ml_dsa_65": hex(key.ml_dsa().as_bytes()) }),
        ),
        "HybridSignature" => value(bytes, |signature: &hybrid::Signature| {
            let (ed25519, ml_dsa) = (signature.ed25519.as_bytes(), signature.ml_dsa.as_bytes());
            json!({ "ed25519": hex(ed25519), "ml_dsa_65": hex(ml_dsa) })
        }),
        "BlobPointer" => value(
            bytes,
            |pointer: &BlobPointer| json!({ "key": hex(pointer.key.expose()), "hash": hex(pointer.hash.as_bytes()) }),
        ),
        "AttachmentPointer" => value(bytes, |pointer: &AttachmentPointer| {
            let (key, digest) = (pointer.key().expose(), pointer.digest().as_bytes());
            json!({ "key": hex(key), "digest": hex(digest), "size": pointer.size().to_string() })
        }),
        "Specimen" => value(bytes, specimen),
        _ => panic!("unknown message {message}"),
    }
}

fn value<T: Wire>(bytes: &[u8], show: impl Fn(&T) -> Value) -> Outcome {
    let message = T::decode(bytes).map_err(class)?;
    assert_eq!(message.encode().unwrap(), bytes, "one value, one encoding");
    Ok(json!({ "value": show(&message) }))
}

fn specimen(specimen: &Specimen) -> Value {
    let colour = match specimen.colour {
        Colour::Red => 1,
        Colour::Green => 2,
        Colour::Blue => 5,
    };
    let mut value = json!({
        "number": specimen.number,
        "big": specimen.big.to_string(),
        "flag": specimen.flag,
        "colour": colour,
        "id": hex(specimen.id),
        "data": hex(&specimen.data),
        "text": specimen.text,
        "part": part(&specimen.part),
        "parts": specimen.parts.iter().map(part).collect::<Vec<_>>(),
        "chunks": specimen.chunks.iter().map(hex::encode).collect::<Vec<_>>(),
        "late": specimen.late,
        "token": hex(specimen.token),
        "last": specimen.last,
    });
    let fields = value.as_object_mut().unwrap();
    if let Some(note) = specimen.note {
        fields.insert("note".to_owned(), note.into());
    }
    match &specimen.choice {
        Choice::Left(left) => fields.insert("left".to_owned(), part(left)),
        Choice::Right(right) => fields.insert("right".to_owned(), mark(right)),
    };
    value
}

fn part(part: &Part) -> Value {
    let mut fields = Map::from_iter([("number".to_owned(), part.number.into())]);
    if let Some(inner) = &part.mark {
        fields.insert("mark".to_owned(), mark(inner));
    }
    fields.into()
}

fn mark(mark: &Mark) -> Value {
    json!({ "words": mark.words })
}
