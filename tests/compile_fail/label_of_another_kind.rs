//! H-03: a label for hashing cannot be signed under.
use sottovoce::crypto::ed25519::{SecretKey, Signature};
use sottovoce::crypto::label;

fn sign(key: &SecretKey) -> Signature {
    key.sign(label::hash::PAIR, b"message")
}

fn main() {}
