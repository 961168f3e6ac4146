//! L1: two or three whole servers, without cryptography, in worlds that are drawn from seeds.
//!
//! What is said to come from a server is believed to, through the library's `hazmat`; everything else is the library's own. A seed draws a
//! plan, which is a list of [`Action`]s; the plan is carried out in a [`World`], then nothing goes wrong any more, and then everything has to have come
//! about. A plan that breaks something is shrunk to its shortest form, which can be kept as a file.

mod cast;
mod heal;
mod host;
mod lie;
mod plan;
mod shrink;
mod trace;
mod users;
mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

pub use plan::{Action, Crash, Kind, Plan};
pub use shrink::shrink;
pub use world::{End, SimWorld, World};

use crate::dice::Dice;
use crate::sessions::Seeds;

/// Seeds that a worker takes at a time.
const BLOCK: u64 = 64;

/// What came of many seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Seeds that were run.
    pub seeds: u64,
    /// Of all of them together. The digests are added up, so the order does not matter.
    pub end: End,
    /// Seeds that broke something, and what.
    pub broken: Vec<(u64, String)>,
}

/// Carries out a plan.
pub fn carry_out(world: &mut impl World, plan: &Plan) -> Result<End, String> {
    for action in &plan.actions {
        world.act(action)?;
    }
    world.heal()
}

/// Carries out a plan in memory. `seed` is what servers draw from. A panic is a broken promise.
pub fn simulate(plan: &Plan, seed: u64) -> Result<End, String> {
    let run = || carry_out(&mut SimWorld::new(plan, Dice::new(seed ^ 0x5eed).generator()), plan);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// Draws and carries out the plan of a seed.
pub fn one(seed: u64) -> (Plan, Result<End, String>) {
    let plan = Plan::draw(&mut Dice::new(seed));
    let end = simulate(&plan, seed);
    (plan, end)
}

/// All of them, on all processors, until `most` have broken something.
pub fn all(seeds: &Range<u64>, most: usize) -> Sum {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let from = next.fetch_add(BLOCK, Ordering::Relaxed);
            if from >= seeds.end || sum.lock().unwrap().broken.len() >= most {
                return;
            }
            let mut own = Sum::default();
            for seed in from..seeds.end.min(from + BLOCK) {
                own.count(seed);
                if own.broken.len() >= most {
                    break;
                }
            }
            sum.lock().unwrap().add(own);
        }
    };
    cast::cast();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut sum = sum.into_inner().unwrap();
    sum.broken.sort();
    sum
}

impl Sum {
    fn count(&mut self, seed: u64) {
        self.seeds += 1;
        match one(seed).1 {
            Ok(end) => self.end.add(&end),
            Err(broken) => self.broken.push((seed, broken)),
        }
    }

    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.end.add(&other.end);
        self.broken.extend(other.broken);
    }
}

impl End {
    const fn add(&mut self, other: &Self) {
        let Self { items, frames, statuses, wakes, digest } = *other;
        self.items += items;
        self.frames += frames;
        self.statuses += statuses;
        self.wakes += wakes;
        self.digest = self.digest.wrapping_add(digest);
    }
}

/// Which plan to carry out.
#[derive(Clone, Debug, clap::Args)]
pub struct Watch {
    /// A file with a plan
    file: std::path::PathBuf,
    /// What servers draw from
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Carries out a plan and prints everything that happens.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn watch(what: &Watch) -> Result<ExitCode, crate::Failure> {
    let plan: Plan = std::fs::read_to_string(&what.file)?.parse()?;
    let mut world = SimWorld::new(&plan, Dice::new(what.seed ^ 0x5eed).generator());
    world.be_loud();
    let end = carry_out(&mut world, &plan);
    println!("{end:?}");
    Ok(if end.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which seeds to run, and what to do with the first that breaks something.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    which: Seeds,
    /// Does not shrink its plan
    #[arg(long)]
    whole: bool,
}

/// Runs seeds and prints what came of them; the first that breaks something is shrunk.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn main(options: &Options) -> ExitCode {
    let start = Instant::now();
    let seeds = &options.which.seeds;
    let sum = all(seeds, 1);
    let seconds = start.elapsed().as_secs_f64();
    let End { items, frames, statuses, wakes, digest } = sum.end;
    let rate = f64::from(u32::try_from(sum.seeds).unwrap_or(u32::MAX)) / seconds;
    println!("seeds       {:>12}   {seeds:?}", sum.seeds);
    println!("items       {items:>12}");
    println!("frames      {frames:>12}");
    println!("statuses    {statuses:>12}");
    println!("wakes       {wakes:>12}   after the faults had stopped");
    println!("seconds     {seconds:>12.1}   {rate:.0} seeds per second");
    println!("violations  {:>12}", sum.broken.len());
    println!("digest      {digest:016x}");
    let Some((seed, broken)) = sum.broken.first() else { return ExitCode::SUCCESS };
    println!("! seed {seed}: {broken}");
    if options.whole {
        return ExitCode::FAILURE;
    }
    let plan = shrink(one(*seed).0, *seed);
    println!("# seed {seed}\n{plan}! {}", simulate(&plan, *seed).expect_err("it is broken"));
    ExitCode::FAILURE
}
