//! Mailboxes of a server: verdicts, draining, requests, and what others try with them. `docs/PROTOCOL.md` §7.5, §7.6.
//!
//! `SOTTOVOCE_COUNT` is the number of random histories; `SOTTOVOCE_SEED` replays a run, with `SOTTOVOCE_HISTORY` one history of it.
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

mod attacks;
mod deliver;
mod drain;
mod histories;
mod model;
mod requests;
mod support;
