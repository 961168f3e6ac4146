//! The library against the model: random histories, in which both do the same and must come to the same.

mod history;
mod odd;
mod real;

use core::ops::Range;
use std::panic::{self, AssertUnwindSafe};

use history::Figures;

use super::Part;

/// Classes that histories must come to, or they show little.
const CLASSES: [&str; 16] = [
    "opened",
    "truncated",
    "unknown-tag",
    "used",
    "too-old",
    "bad-length",
    "unauthentic",
    "bad-header",
    "invalid-key",
    "ahead",
    "bad-message",
    "bad-lane",
    "receive-only",
    "exhausted",
    "unanswered",
    "too-long",
];

/// Which histories.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Their numbers, such as 0..10000
    #[arg(value_parser = range)]
    pub numbers: Range<u64>,
}

impl Options {
    pub(super) fn said(&self, figures: &Figures) -> String {
        let said: Vec<_> = figures.iter().map(|(what, count)| format!("{count} {what}")).collect();
        format!("histories {}..{}: {}", self.numbers.start, self.numbers.end, said.join(", "))
    }
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").ok_or("two numbers with .. between them")?;
    let number = |text: &str| text.parse().map_err(|error| format!("{text}: {error}"));
    Ok(number(ends.0)?..number(ends.1)?)
}

/// Runs the histories, with a model that leaves a part out if one is given. The number of the first in which library and model differ,
/// or what all came to.
pub fn run(numbers: Range<u64>, without: Option<Part>) -> Result<Figures, u64> {
    let mut figures = Figures::new();
    for number in numbers {
        panic::catch_unwind(AssertUnwindSafe(|| history::run(number, without, &mut figures)))
            .map_err(|_| number)?;
    }
    Ok(figures)
}

/// What is missing in figures of many histories.
pub fn unseen(figures: &Figures) -> Vec<&'static str> {
    CLASSES.into_iter().filter(|class| !figures.contains_key(class)).collect()
}
