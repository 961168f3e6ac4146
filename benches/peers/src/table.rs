//! Measuring in turn, and the table.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many batches of each side. Odd, so that there is a middle one.
const BATCHES: usize = 101;
/// Of what takes seconds.
const FEW: usize = 7;
/// With `--quick`.
const QUICK: (usize, u32) = (3, 2);

/// Rows with targets, and how many were missed.
pub struct Table {
    is_quick: bool,
    filter: Option<String>,
    missed: usize,
}

/// A row of two times.
pub struct Row<'a> {
    /// What is done.
    pub name: &'a str,
    /// What the other side is.
    pub beside: &'a str,
    /// How many operations make a batch.
    pub count: u32,
    /// What ours may cost.
    pub target: Target,
}

/// What may at most be.
#[derive(Clone, Copy)]
pub enum Target {
    /// So many times the other side.
    Ratio(f64),
    /// So many nanoseconds.
    Nanoseconds(f64),
    /// Nothing is asked.
    None,
}

/// Medians in nanoseconds for one operation, and of the ratio.
struct Medians {
    ours: f64,
    peer: f64,
    ratio: f64,
}

/// How long it takes to do something with each of `inputs`, which were made before.
pub fn time<I, T>(inputs: Vec<I>, mut run: impl FnMut(I) -> T) -> Duration {
    let start = Instant::now();
    for input in inputs {
        black_box(run(black_box(input)));
    }
    start.elapsed()
}

impl Table {
    /// Prints the head. Of rows, those are measured whose name contains `filter`.
    pub fn new(is_quick: bool, filter: Option<String>) -> Self {
        println!("| operation | ours | beside | ratio | target | |");
        println!("|---|---|---|---|---|---|");
        Self { is_quick, filter, missed: 0 }
    }

    /// Whether figures mean nothing.
    pub const fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// Whether a row is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| name.contains(filter))
    }

    /// Measures two sides in turn. Each is told how many operations make a batch, and says how long they took.
    pub fn times(
        &mut self,
        row: &Row<'_>,
        ours: impl FnMut(u32) -> Duration,
        peer: impl FnMut(u32) -> Duration,
    ) {
        self.times_of(BATCHES, row, ours, peer);
    }

    /// [`Self::times`] with few batches, for what takes long.
    pub fn few_times(
        &mut self,
        row: &Row<'_>,
        ours: impl FnMut(u32) -> Duration,
        peer: impl FnMut(u32) -> Duration,
    ) {
        self.times_of(FEW, row, ours, peer);
    }

    fn times_of(
        &mut self,
        batches: usize,
        row: &Row<'_>,
        ours: impl FnMut(u32) -> Duration,
        peer: impl FnMut(u32) -> Duration,
    ) {
        if !self.wants(row.name) {
            return;
        }
        let Medians { ours, peer, ratio } = self.measure((batches, row.count), ours, peer);
        let (value, target) = match row.target {
            Target::Ratio(most) => (ratio / most, format!("≤ {most}")),
            Target::Nanoseconds(most) => (ours / most, format!("≤ {} µs", most / 1e3)),
            Target::None => (0.0, String::new()),
        };
        let (ours, beside) =
            (format!("{:.2} µs", ours / 1e3), format!("{:.2} µs {}", peer / 1e3, row.beside));
        self.row([row.name, &ours, &beside, &format!("{ratio:.3}"), &target], value);
    }

    fn measure(
        &self,
        batches: (usize, u32),
        mut ours: impl FnMut(u32) -> Duration,
        mut peer: impl FnMut(u32) -> Duration,
    ) -> Medians {
        let (batches, count) = if self.is_quick { (QUICK.0, batches.1.min(QUICK.1)) } else { batches };
        let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(count);
        let mut samples = Vec::with_capacity(batches);
        for batch in 0..batches {
            // Whoever comes second finds other things in the caches: they take turns at that too.
            samples.push(if batch % 2 == 0 {
                let ours = each(ours(count));
                (ours, each(peer(count)))
            } else {
                let peer = each(peer(count));
                (each(ours(count)), peer)
            });
        }
        let median = |value: fn(&(f64, f64)) -> f64| {
            let mut values: Vec<_> = samples.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Medians { ours: median(|x| x.0), peer: median(|x| x.1), ratio: median(|x| x.0 / x.1) }
    }

    /// A row of a size in bytes; without a target if `most` is 0.
    pub fn size(&mut self, name: &str, bytes: u32, most: u32) {
        if most == 0 {
            return self.row([name, &format!("{bytes} B"), "", "", ""], 0.0);
        }
        let value = f64::from(bytes) / f64::from(most);
        self.row([name, &format!("{bytes} B"), "", "", &format!("≤ {most} B")], value);
    }

    fn row(&mut self, cells: [&str; 5], value: f64) {
        let verdict = match (cells[4], value <= 1.0) {
            ("", _) => "",
            (_, true) => "met",
            (_, false) => "MISSED",
        };
        self.missed += usize::from(value > 1.0);
        println!("| {} | {verdict} |", cells.join(" | "));
    }

    /// How many targets were missed.
    pub fn finish(&self) -> usize {
        println!("\n{} missed", self.missed);
        self.missed
    }
}
