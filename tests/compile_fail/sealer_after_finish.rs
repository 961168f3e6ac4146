//! A finished attachment takes no more chunks under its key.
use sottovoce::crypto::attachment::Sealer;

fn extend(mut sealer: Sealer) {
    let _ = sealer.finish();
    let _ = sealer.seal_chunk(b"more");
}

fn main() {}
