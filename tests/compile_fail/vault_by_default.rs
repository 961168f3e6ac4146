//! C-18: there is no default key of a store.
use sottovoce::storage::Vault;

fn main() {
    let _ = Vault::default();
}
