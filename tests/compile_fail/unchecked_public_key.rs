//! A public key comes out of its check, there is no other way to make one.
use sottovoce::crypto::x25519::PublicKey;

fn main() {
    let _ = PublicKey([9; 32]);
}
