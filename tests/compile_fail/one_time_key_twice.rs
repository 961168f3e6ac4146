//! A one-time key seals once.
use sottovoce::crypto::aead::OneTimeKey;

fn twice(key: OneTimeKey) {
    let _ = key.seal(b"", b"first");
    let _ = key.seal(b"", b"second");
}

fn main() {}
