//! Frames between two servers over stores in memory.

use sottovoce::storage::MemoryStore;

use crate::paired::Pairs;
use crate::relay;

pub fn run(pairs: &mut Pairs) {
    relay::run_all(|name| pairs.chosen(name), "memory", MemoryStore::new);
}
