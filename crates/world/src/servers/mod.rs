//! Servers that pass items on, while networks, disks and operators do their worst.
//!
//! | command | what it shows |
//! |---|---|
//! | `l0` | no order of events within small bounds breaks a stream: all of them are tried |
//! | `seeds 0..1000000` | nor does any of so many histories of whole servers |
//! | `outage` | a server that comes back after a week gets all that was queued for it |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::missing_panics_doc,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "an experiment stops where what it relies on does not hold, and is timed"
)]

pub mod explore;
pub mod l0;
pub mod l1;
pub mod outage;
#[path = "../../../../tests/servers/mod.rs"]
#[allow(unreachable_pub, missing_debug_implementations, reason = "it serves tests as well")]
pub(crate) mod wires;
