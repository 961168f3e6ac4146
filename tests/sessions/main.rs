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
mod gaps;
mod replaced;
