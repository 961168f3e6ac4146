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

/// What to explore.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    bounds: Bounds,
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

/// All choices of fates for so many items.
pub fn truths(items: u8) -> Vec<Vec<Truth>> {
    let mut all = vec![Vec::new()];
    for _ in 0..items {
        let longer = |start: &Vec<Truth>| {
            [Truth::Accepted, Truth::Refused, Truth::Busy].map(|last| [start.as_slice(), &[last]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Explores one choice of fates.
pub fn one<R: Rules>(rules: R, bounds: &Bounds, truths: &[Truth], most: u64) -> Explored {
    explore(&Stream::new(rules, bounds, truths), most)
}

/// Explores all of them, until something is broken.
pub fn all<R: Rules>(rules: &R, bounds: &Bounds, most: u64) -> Explored {
    let mut sum = Explored { complete: true, ..Explored::default() };
    for truths in truths(bounds.items) {
        let explored = one(rules.clone(), bounds, &truths, most);
        sum.states += explored.states;
        sum.steps += explored.steps;
        sum.depth = sum.depth.max(explored.depth);
        sum.seconds += explored.seconds;
        sum.complete &= explored.complete;
        if let Some((trace, broken)) = explored.violation {
            sum.violation = Some((trace, format!("{broken} (fates of the items: {truths:?})")));
            break;
        }
    }
    sum
}

/// Explores and prints.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn main(options: &Options) -> ExitCode {
    let Options { bounds, most, without, sketch } = options;
    let explored = match (without, sketch) {
        (None, false) => all(&Real::new(), bounds, *most),
        (without, _) => all(&Sketch(*without), bounds, *most),
    };
    let Explored { states, steps, depth, complete, seconds, violation } = &explored;
    let choices = 3_u32.pow(bounds.items.into());
    println!("items                {:>12}   of {choices} choices of fates", bounds.items);
    println!("restores             {:>12}   of each side", bounds.restores);
    println!("frames under way     {:>12}   in each direction", bounds.frames);
    println!("states               {states:>12}");
    println!("steps                {steps:>12}");
    println!("depth                {depth:>12}");
    println!("seconds              {seconds:>12.1}");
    println!("violations           {:>12}", u8::from(violation.is_some()));
    if let Some((trace, broken)) = violation {
        trace.iter().enumerate().for_each(|(number, event)| println!("{:>4}. {event}", number + 1));
        println!("! {broken}");
        return ExitCode::FAILURE;
    }
    println!("{}", if *complete { "everything was explored" } else { "NOT EVERYTHING was explored" });
    ExitCode::SUCCESS
}
