//! C-20: MAC keys have 32 bytes.
use sottovoce::crypto::kdf::Mac;
use sottovoce::crypto::secret::Secret;

fn short(key: &Secret<16>) -> Mac {
    Mac::new(key)
}

fn main() {}
