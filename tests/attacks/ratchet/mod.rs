//! Attacks on the ratchet.

#[path = "../../pair/mod.rs"]
mod pair;

mod beginnings;
mod clones;
mod lane;
mod limits;
mod order;
mod secrets;
mod symbols;
mod tampering;

use pair::Side;
use sottovoce::crypto::secret::Secret;
use sottovoce::ratchet::hazmat::{self, Fields, Next, Plain};

/// The next message of an open chain, as its sender's whole state lets anybody seal it: any numbers, any body.
fn forge(side: &Side, edit: impl FnOnce(&mut Next), padded: &[u8]) -> Vec<u8> {
    let mut next = hazmat::next(&side.ratchet()).unwrap();
    edit(&mut next);
    let header = hazmat::header(next.ratchet_key, next.numbers, next.answer.clone());
    forge_raw(&next, &header, padded)
}

fn forge_raw(next: &Next, header: &[u8], padded: &[u8]) -> Vec<u8> {
    let random = Secret::new([9; 32]);
    let Next { header_keys, key, bound, .. } = next;
    hazmat::seal_message(&Plain { header_keys, header, key, random: &random, bound, padded }).unwrap()
}

fn body(fields: &Fields) -> Vec<u8> {
    hazmat::encode_body(fields, b"forged", 1536).unwrap()
}
