//! Two ways to compute the same thing, measured in turn, so that whatever slows the machine down slows both.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

/// How long one sample takes at least, in nanoseconds; calibration makes it at most twice as long.
const SAMPLE: f64 = 200_000.0;
/// How many samples of each side. Odd, so that there is a middle one.
const SAMPLES: usize = 101;
/// What our side may add: a share, or this many nanoseconds, whichever is larger.
const TARGET: (f64, f64) = (0.05, 50.0);

/// A table of pairs.
pub struct Pairs {
    filter: Option<String>,
    measures: bool,
    rows: usize,
    outside: usize,
}

/// Medians: of each side in ns, and, over pairs of neighbouring samples, of ratio and difference.
struct Medians([f64; 4]);

impl Pairs {
    /// What the command line wants. `cargo bench` passes `--bench` and is answered with measurements; without it, or with
    /// `--test`, every pair runs once and its results are compared. Other words select rows whose name contains them.
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let measures = has("--bench") && !has("--test");
        let filter = arguments.iter().find(|argument| !argument.starts_with("--")).cloned();
        Self { filter, measures, rows: 0, outside: 0 }
    }

    /// Starts a table.
    pub fn head(&self, first: &str, second: &str, judged: bool) {
        if self.measures {
            let verdict = if judged { " | added ns | within 5 % or 50 ns" } else { "" };
            println!("\n{:<80} | {first:>9} | {second:>13} |  ratio{verdict}", "operation");
        }
    }

    /// A pair in which our side must not add much to the bare one.
    pub fn pair<A, B>(
        &mut self,
        name: &str,
        ours: impl FnMut() -> A,
        bare: impl FnMut() -> B,
        same: impl FnOnce(A, B) -> bool,
    ) {
        let Some(Medians([first, second, ratio, difference])) = self.run(name, ours, bare, same) else {
            return;
        };
        let within = difference <= TARGET.1.max(TARGET.0 * second);
        self.outside += usize::from(!within);
        let verdict = if within { "yes" } else { "NO" };
        println!("{name:<80} | {first:>9.0} | {second:>13.0} | {ratio:>6.3} | {difference:>8.0} | {verdict}");
    }

    /// A pair for information: neither side is ours.
    pub fn peers<A, B>(
        &mut self,
        name: &str,
        first: impl FnMut() -> A,
        second: impl FnMut() -> B,
        same: impl FnOnce(A, B) -> bool,
    ) {
        let Some(Medians([first, second, ratio, _])) = self.run(name, first, second, same) else { return };
        println!("{name:<80} | {first:>9.0} | {second:>13.0} | {ratio:>6.3}");
    }

    /// Ends the last table.
    pub fn finish(&self) {
        let rows = self.rows;
        if self.measures {
            println!("\n{rows} pairs measured, {} outside the target", self.outside);
        } else {
            println!("{rows} pairs compute the same");
        }
    }

    /// Whether a row that times itself is wanted, and if so, whether it is to measure. It is counted.
    pub fn chosen(&mut self, name: &str) -> Option<bool> {
        let wanted = self.filter.as_ref().is_none_or(|filter| name.contains(filter));
        self.rows += usize::from(wanted);
        wanted.then_some(self.measures)
    }

    fn run<A, B>(
        &mut self,
        name: &str,
        mut first: impl FnMut() -> A,
        mut second: impl FnMut() -> B,
        same: impl FnOnce(A, B) -> bool,
    ) -> Option<Medians> {
        let measures = self.chosen(name)?;
        if !measures {
            assert!(same(first(), second()), "{name}: the two sides compute different things");
        }
        measures.then(|| measure(&mut first, &mut second))
    }
}

fn measure<A, B>(first: &mut impl FnMut() -> A, second: &mut impl FnMut() -> B) -> Medians {
    let mut count = 1_u32;
    while sample(count, first).min(sample(count, second)) * f64::from(count) < SAMPLE {
        count *= 2;
    }
    let pairs: Vec<_> = (0..SAMPLES).map(|_| (sample(count, first), sample(count, second))).collect();
    let median = |value: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<_> = pairs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[SAMPLES / 2]
    };
    Medians([median(|x| x.0), median(|x| x.1), median(|x| x.0 / x.1), median(|x| x.0 - x.1)])
}

/// Nanoseconds per run.
fn sample<T>(count: u32, run: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        black_box(run());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}
