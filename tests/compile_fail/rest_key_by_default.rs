//! C-18: there is no default key at rest.
use sottovoce::crypto::rest::RestKey;

fn main() {
    let _ = RestKey::default();
}
