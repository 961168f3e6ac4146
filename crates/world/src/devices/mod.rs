//! L2: two people with one to three devices each, real cryptography, and an application around each device that does what
//! `docs/PROTOCOL.md` §9 asks of it.
//!
//! A seed draws a plan: how bad the network is, and what happens to the devices. For some days they are set back, copied, deprived
//! of sessions, added and removed, and their clocks jump; then nothing goes wrong any more for some days, and then everything has to have come
//! about: whoever has lost something has been told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "an experiment stops where what it relies on does not hold, and is timed"
)]

mod act;
mod app;
mod around;
mod check;
mod faults;
#[path = "../../../../tests/phones/mod.rs"]
#[allow(unreachable_pub, missing_debug_implementations, reason = "it serves tests as well")]
mod phones;
mod plan;
mod tally;
mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

pub use tally::Tally;

/// Runs a seed. What it breaks, or what it came to; a panic is a broken promise.
pub fn run(seed: u64) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| world::World::run(seed))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// Runs seeds, and prints what came of them.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn main(seeds: &Range<u64>) -> ExitCode {
    let (start, mut sum, mut broken) = (Instant::now(), Tally::default(), 0_u32);
    for seed in seeds.clone() {
        match run(seed) {
            Ok(tally) => sum.add(&tally),
            Err(what) => {
                broken += 1;
                println!("seed {seed}: {what}");
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(sum.seeds).unwrap_or(u32::MAX).saturating_add(broken)) / seconds;
    println!("{seconds:.0} s, {rate:.1} seeds per second, {broken} broken: {sum}");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
