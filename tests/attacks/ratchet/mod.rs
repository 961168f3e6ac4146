//! Attacks on the ratchet.

#[path = "../../pair/mod.rs"]
mod pair;

mod order;
