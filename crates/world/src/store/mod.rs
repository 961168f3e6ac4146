//! Processes that write into one SQLite file and are killed at any moment.
//!
//! ```text
//!   parent ── spawns, kills, spawns again ──▶ workers ── run(machine, store, command) ──▶ one file
//!      ▲                                         │                                          │
//!      └───────── what was released ─────────────┘                                          │
//!      └───────── at the end: everything that was released is there, once and whole ◀───────┘
//! ```
//!
//! A command that was under way when its worker died is run again by the next one, as an application would. Which moments are
//! chosen follows from the seed; what the operating system makes of them does not.

mod account;
mod breaks;
mod machine;
mod parent;
mod report;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

pub use breaks::Break;
pub use report::Report;
pub use worker::Worker;

use crate::Failure;

/// How the world is set up.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Processes that write at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub processes: u32,
    /// How often one of them is killed
    #[arg(long, default_value_t = 500)]
    pub kill: u64,
    /// Chooses the moments; random if it is not given
    #[arg(long)]
    pub seed: Option<u64>,
    /// Keeps the files
    #[arg(long)]
    pub keep: bool,
    /// Does something wrong, which has to be found
    #[arg(long = "break", value_enum, hide = true)]
    pub fault: Option<Break>,
    /// The program to start as a worker, if it is not this one
    #[arg(skip)]
    pub program: Option<PathBuf>,
}

/// Runs the world and prints what came of it. Fails if a promise was broken.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn main(options: &Options) -> Result<ExitCode, Failure> {
    let report = Report::of(options)?;
    println!("{report}");
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
