//! Whatever needs an account needs a verified one.
use sottovoce::identity::chain::{Followed, Manifest};

fn trusting(manifest: Manifest) {
    let _ = Followed::new(manifest);
}

fn main() {}
