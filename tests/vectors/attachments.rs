//! `attachment.seal` and `attachment.open` of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::CryptoError;
use sottovoce::crypto::attachment::{AttachmentPointer, Opener, Sealer};
use sottovoce::crypto::hash::Hash;
use sottovoce::wire::Wire as _;

use crate::inputs::Inputs;
use crate::ops::{Outcome, class};

struct Sealed {
    commitment: [u8; 32],
    chunks: Vec<Vec<u8>>,
    pointer: AttachmentPointer,
}

pub fn seal(i: &Inputs) -> Outcome {
    let sealed = sealed(i).map_err(class)?;
    let chunks: Vec<_> = sealed.chunks.iter().map(|chunk| hex(Hash::of(chunk).as_bytes())).collect();
    let pointer = hex(sealed.pointer.encode().map_err(class)?);
    Ok(json!({ "commitment": hex(sealed.commitment), "chunks": chunks, "pointer": pointer }))
}

fn sealed(i: &Inputs) -> Result<Sealed, CryptoError> {
    let mut random = i.random();
    let mut sealer = Sealer::new(i.number64("size"), &mut random)?;
    random.finish();
    let mut plaintext = i.bytes("pattern").into_iter().cycle();
    let mut chunks = Vec::new();
    while let Some(length) = sealer.next_length() {
        let chunk: Vec<_> = plaintext.by_ref().take(length).collect();
        chunks.push(sealer.seal_chunk(&chunk)?);
    }
    Ok(Sealed { commitment: *sealer.commitment(), chunks, pointer: sealer.finish()? })
}

pub fn open(i: &Inputs) -> Outcome {
    let Sealed { mut commitment, mut chunks, mut pointer } = sealed(i).map_err(class)?;
    let edits = &i.0["edits"];
    if let Some(order) = edits["chunks"].as_array() {
        chunks = order.iter().map(|index| chunks[index_of(index)].clone()).collect();
    }
    if let Some([position, offset]) = edits["flip"].as_array().map(Vec::as_slice) {
        chunks[index_of(position)][index_of(offset)] ^= 1;
    }
    if let Some([position, count]) = edits["cut"].as_array().map(Vec::as_slice) {
        let chunk = &mut chunks[index_of(position)];
        chunk.truncate(chunk.len() - index_of(count));
    }
    if edits["commitment"].is_string() {
        commitment = Inputs(edits).array("commitment");
    }
    if edits["pointer"].is_string() {
        pointer = AttachmentPointer::decode(&Inputs(edits).bytes("pointer")).map_err(class)?;
    }
    let resume_at = edits["resume_at"].as_u64().map(|at| usize::try_from(at).unwrap());
    let plaintext = opened(&commitment, &chunks, &pointer, resume_at).map_err(class)?;
    Ok(json!({ "plaintext_hash": hex(Hash::of(&plaintext).as_bytes()) }))
}

fn opened(
    commitment: &[u8; 32],
    chunks: &[Vec<u8>],
    pointer: &AttachmentPointer,
    resume_at: Option<usize>,
) -> Result<Vec<u8>, CryptoError> {
    let mut opener = Opener::new(pointer, commitment)?;
    let mut plaintext = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        if resume_at == Some(index) {
            opener = Opener::resume(pointer, commitment, opener.position())?;
        }
        plaintext.extend(opener.open_chunk(chunk)?);
    }
    opener.finish()?;
    Ok(plaintext)
}

fn index_of(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}
