//! Prekeys, and the seed, serve one handshake.
use sottovoce::crypto::random::Seed;
use sottovoce::handshake::{Recipient, Sender, initiate};

fn twice(sender: &Sender<'_>, recipient: Recipient<'_>, seed: Seed) {
    let _ = initiate(sender, recipient, seed);
    let _ = initiate(sender, recipient, seed);
}

fn main() {}
