//! Sessions on a network that loses, delays, reorders and repeats, at devices that crash.
//!
//! | command | what it shows |
//! |---|---|
//! | `sessions schedules 0..10000` | no order of events separates two ratchets, with real cryptography |
//! | `sessions lane 0..1000000` | nor two sides of the lane, which runs on the fields of messages alone |
//! | `sessions healing` | messages and bytes from one mixing of a lane secret to the next |
//! | `sessions buckets` | what other lists of padded lengths would cost and give |
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a simulation stops where what it relies on does not hold, and is timed"
)]

mod buckets;
mod healing;
pub mod lane;
#[path = "../../../../tests/pair/mod.rs"]
#[allow(unreachable_pub, reason = "tests take it from elsewhere")]
mod pair;
pub mod schedules;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use crate::Failure;

/// What to run.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Sessions {
    /// Random schedules with real cryptography, by seed
    Schedules(Seeds),
    /// Random schedules of the lane alone, by seed
    Lane(Seeds),
    /// Messages and bytes from one mixing to the next
    Healing,
    /// The same for other lists of padded lengths
    Buckets,
}

/// Which seeds to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Seeds {
    /// From the first up to the one before the last: 0..1000
    #[arg(value_parser = range)]
    pub seeds: Range<u64>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("two numbers with .. between")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok(number(from)?..number(to)?)
}

/// Runs it and prints what came of it.
pub fn main(what: &Sessions) -> Result<ExitCode, Failure> {
    match what {
        Sessions::Schedules(seeds) => run("schedules", &seeds.seeds, schedules::run),
        Sessions::Lane(seeds) => run("schedules of the lane", &seeds.seeds, lane::run),
        Sessions::Healing => healing::print(),
        Sessions::Buckets => buckets::print(),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a schedule came to: counts that add up.
pub trait Sum: Default + std::fmt::Display {
    /// Adds those of another schedule.
    fn add(&mut self, other: &Self);
}

#[expect(clippy::print_stdout, reason = "the result")]
fn run<T: Sum>(name: &str, seeds: &Range<u64>, one: impl Fn(u64) -> T) {
    let (start, mut sum) = (Instant::now(), T::default());
    for seed in seeds.clone() {
        sum.add(&one(seed));
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = seeds.end.saturating_sub(seeds.start);
    let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds;
    println!("{count} {name}, {seconds:.0} s, {rate:.0} seeds per second, none separated: {sum}");
}
