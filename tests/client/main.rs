//! Devices with their servers. `docs/PROTOCOL.md` §11.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

#[path = "../apps/mod.rs"]
mod apps;
#[path = "../servers/mod.rs"]
mod servers;

mod basic;
mod crash;
mod hindered;
mod hostile;
