//! Two people meet and talk through two servers, and the process of one of them ends at a write: every write of both, before it and after
//! it. Client, sessions, cryptography and servers are real; the network carries bytes from one function to the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an experiment stops where what it relies on does not hold"
)]

#[allow(unreachable_pub, missing_debug_implementations, reason = "it serves tests as well")]
#[path = "../../../../tests/apps/mod.rs"]
mod apps;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::servers::wires as servers;
use apps::story::{moments, story};

/// Which of the moments.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Options {
    /// Every how many moments a process ends.
    #[arg(long, default_value_t = 1)]
    every: usize,
}

/// Tells the story once without a crash and then for every moment.
pub fn main(options: Options) -> ExitCode {
    let writes = match story(0, None) {
        Ok(writes) => writes,
        Err(wrong) => return fails(&wrong),
    };
    let chosen = Mutex::new(moments(writes).step_by(options.every.max(1)));
    let (stories, first) = (AtomicU64::new(0), Mutex::new(None));
    let next = || chosen.lock().ok().and_then(|mut chosen| chosen.next());
    let work = || {
        while let Some((who, crash)) = next() {
            stories.fetch_add(1, Ordering::Relaxed);
            if let (Err(wrong), Ok(mut first)) = (story(who, Some(crash)), first.lock()) {
                first.get_or_insert(wrong);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let told = stories.load(Ordering::Relaxed);
    println!("{told} crashes at {} and {} writes", writes[0], writes[1]);
    match first.into_inner() {
        Ok(None) => {
            println!("HOLDS: all that was said was shown once, in order, and told delivered once");
            ExitCode::SUCCESS
        }
        Ok(Some(wrong)) => fails(&wrong),
        Err(_) => ExitCode::FAILURE,
    }
}

fn fails(wrong: &str) -> ExitCode {
    println!("DOES NOT HOLD\n{wrong}");
    ExitCode::FAILURE
}
