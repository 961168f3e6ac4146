//! Published attacks, by their ids, at the layers that exist. `docs/SECURITY-MODEL.md` has the whole list: which test, or why none.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

mod content;
mod federation;
#[path = "../forge/mod.rs"]
mod forge;
mod handshake;
mod identifiers;
mod identity;
mod implementation;
mod opening;
mod primitives;
mod properties;
mod ratchet;
mod secrets;
mod storage;
mod support;
mod wire_bytes;
mod wire_fields;

#[global_allocator]
static HEAP: sottovoce_heap::Heap = sottovoce_heap::Heap;
