//! The private keys of a one-time pair serve one handshake.
use sottovoce::identity::prekeys::OneTimeSecret;

fn twice(secret: OneTimeSecret) {
    let _ = secret.into_keys();
    let _ = secret.into_keys();
}

fn main() {}
