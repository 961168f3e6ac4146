//! L0: every state of one stream within small bounds, with the library's own types.
//!
//! Frames are lost, repeated and overtaken; both sides are restored from backups. A crash before a commit is a lost frame, a crash after it a lost
//! answer, so neither is an event of its own.

mod check;
mod encoding;
mod model;
mod real;
mod rules;
mod sketch;

use std::process::ExitCode;

pub use model::{Bounds, Event, Party, Receiving, Sending, State, Stream};
pub use real::Real;
pub use rules::{Code, Item, Rules, Truth};
pub use sketch::{Sketch, Without};

use super::explore::{Explored, explore};

/// What to explore: without bounds, what [`SUITE`] lists.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Items that are enqueued
    #[arg(long)]
    items: Option<u8>,
    /// How often each side may be restored
    #[arg(long, default_value_t = 1)]
    restores: u8,
    /// Backups that each side keeps
    #[arg(long, default_value_t = 1)]
    backups: usize,
    /// Frames under way, in each direction
    #[arg(long, default_value_t = 2)]
    frames: usize,
    /// What may become of items: accepted, refused, busy
    #[arg(long, default_value = "arb")]
    fates: String,
    /// A receiver that was restored may be busy again with what it took before
    #[arg(long)]
    relapses: bool,
    /// States after which it ends, for each choice of fates
    #[arg(long, default_value_t = u64::MAX)]
    most: u64,
    /// A short form of the rules instead of the library's, without this part of them
    #[arg(long, value_enum)]
    without: Option<Without>,
    /// A short form of the rules, with all of them
    #[arg(long)]
    sketch: bool,
}

/// Items, restores, and fates.
pub const SUITE: [(u8, u8, &str); 4] = [(1, 1, "arb"), (2, 0, "arb"), (3, 0, "arb"), (2, 1, "ar")];

/// All choices of fates for so many items, by their first letters.
pub fn truths(items: u8, fates: &str) -> Vec<Vec<Truth>> {
    let fate = |letter| match letter {
        'r' => Truth::Refused,
        'b' => Truth::Busy,
        _ => Truth::Accepted,
    };
    let mut all = vec![Vec::new()];
    for _ in 0..items {
        let longer =
            |start: Vec<Truth>| fates.chars().map(move |last| [start.as_slice(), &[fate(last)]].concat());
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

/// Explores one choice of fates.
pub fn one<R: Rules>(rules: R, bounds: &Bounds, truths: &[Truth], most: u64) -> Explored {
    explore(&Stream::new(rules, bounds, truths), most)
}

/// Explores all choices of fates, until something is broken. `said` gets what came of each.
pub fn all<R: Rules>(
    rules: &R,
    bounds: &Bounds,
    fates: &str,
    most: u64,
    said: impl Fn(&[Truth], &Explored),
) -> Explored {
    let mut sum = Explored { complete: true, ..Explored::default() };
    for truths in truths(bounds.items, fates) {
        let mut explored = one(rules.clone(), bounds, &truths, most);
        said(&truths, &explored);
        if let Some((_, broken)) = &mut explored.violation {
            *broken = format!("{broken} (fates of the items: {truths:?})");
        }
        sum.add(explored);
        if sum.violation.is_some() {
            break;
        }
    }
    sum
}

/// Explores and prints.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn main(options: &Options) -> ExitCode {
    let mut sum = Explored { complete: true, ..Explored::default() };
    let given = options.items.map(|items| vec![(items, options.restores, options.fates.as_str())]);
    for (items, restores, fates) in given.unwrap_or(SUITE.to_vec()) {
        let Options { backups, frames, relapses, .. } = *options;
        let bounds = Bounds { items, restores, frames, backups, relapses };
        println!(
            "{items} items, {restores} restores of each side, {frames} frames under way in each direction"
        );
        let said = |truths: &[Truth], explored: &Explored| println!("  {truths:?}: {explored}");
        let explored = match (options.without, options.sketch) {
            (None, false) => all(&Real::new(), &bounds, fates, options.most, said),
            (without, _) => all(&Sketch(without), &bounds, fates, options.most, said),
        };
        sum.add(explored);
        if sum.violation.is_some() {
            break;
        }
    }
    println!("{sum}");
    if let Some((trace, broken)) = &sum.violation {
        trace.iter().enumerate().for_each(|(number, event)| println!("{:>4}. {event}", number + 1));
        println!("! {broken}");
        return ExitCode::FAILURE;
    }
    println!("{}", if sum.complete { "everything was explored" } else { "NOT EVERYTHING was explored" });
    ExitCode::SUCCESS
}
