//! What the ratchet promises, held against a second one that is made from the specification alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an experiment that cannot go on should stop"
)]

use std::process::ExitCode;

pub mod differential;
pub mod exposure;
mod model;

pub use model::Part;

/// An experiment.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Experiment {
    /// Holds the library against the model, in random histories
    Differential(differential::Options),
    /// Prints what stolen states give to whom
    Exposure(exposure::Options),
}

/// Runs an experiment.
pub fn main(experiment: Experiment) -> ExitCode {
    match experiment {
        Experiment::Differential(options) => match differential::run(options.numbers.clone(), None) {
            Ok(figures) => {
                println!("{}", options.said(&figures));
                ExitCode::SUCCESS
            }
            Err(number) => {
                println!("history {number}: library and model differ");
                ExitCode::FAILURE
            }
        },
        Experiment::Exposure(options) => {
            print!("{}", exposure::report(options));
            ExitCode::SUCCESS
        }
    }
}
