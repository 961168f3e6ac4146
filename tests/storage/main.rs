//! Layer 2: steps, the driver, timers, jobs, and what is sealed.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

mod driver;
mod formats;
mod jobs;
mod steps;
mod support;
mod timers;
mod views;
