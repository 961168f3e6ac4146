//! Effects are committed once.
use sottovoce::storage::{Effects, Store};

fn twice<S: Store>(effects: Effects<()>, store: &mut S) {
    let _ = effects.commit(|write| store.apply(write));
    let _ = effects.commit(|write| store.apply(write));
}

fn main() {}
