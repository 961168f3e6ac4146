//! Sessions between devices. `docs/PROTOCOL.md` §9.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

#[path = "../phones/mod.rs"]
mod phones;

mod basic;
mod both;
mod clones;
mod copies;
mod damaged;
mod erased;
mod fan_out;
mod forced;
mod gaps;
mod lineage;
mod more_gaps;
mod senders;
mod support;

#[global_allocator]
static HEAP: sottovoce_heap::Heap = sottovoce_heap::Heap;
