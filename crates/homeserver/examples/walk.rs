//! Two servers as processes, items both ways over a network that loses, and a server that is killed and put back to an older copy:
//! `cargo run --release -p sottovoce-homeserver --example walk`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as in tests"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "clients have clocks and threads")]

#[path = "../tests/support/walk/mod.rs"]
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sottovoce_homeserver::{Config, serve};

/// Two servers, four devices, and no mercy
#[derive(Parser)]
struct Arguments {
    /// That each device sends
    #[arg(long, default_value_t = 400)]
    items: u32,
    /// Chooses contents and losses
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keeps the files
    #[arg(long)]
    keep: bool,
    /// Lets clients forget what they have submitted, which has to be found
    #[arg(long)]
    forgetful: bool,
    /// Runs as one of the servers
    #[arg(long, hide = true)]
    config: Option<PathBuf>,
}

fn main() -> Result<ExitCode, walk::Failure> {
    let Arguments { items, seed, keep, forgetful, config } = Arguments::parse();
    if let Some(config) = config {
        tokio::runtime::Runtime::new()?.block_on(serve(Config::read(&config)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let program = std::env::current_exe()?;
    let report = walk::walk(&walk::Options {
        program,
        items,
        seed,
        keep,
        patience: Duration::from_secs(50),
        forgetful,
    })?;
    println!("{report}");
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
