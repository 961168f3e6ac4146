//! What is to be sent is not to be had before it is committed.
use sottovoce::storage::Effects;

fn early(effects: Effects<Vec<u8>>) -> Vec<Vec<u8>> {
    effects.send
}

fn main() {}
