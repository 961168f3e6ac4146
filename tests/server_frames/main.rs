//! What frames cost whoever receives them, and what they make it say. Attacks are named by their ids.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on should stop"
)]

mod amplification;
mod cost;
#[path = "../people/mod.rs"]
mod people;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;

#[global_allocator]
static HEAP: sottovoce_heap::Heap = sottovoce_heap::Heap;
