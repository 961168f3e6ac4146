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
use apps::{Crash, Ended, Make, Runs, Shelf, prompt};
use sottovoce::client::{AsyncDevice, DeviceError, Input, Outcome};
use sottovoce::crypto::random::Generator;
use sottovoce::storage::{self, AsyncStore, Loaded, Vault, Want, Write};
use sottovoce::time::Timestamp;

use crate::disk::{Disk, Handle, block_on};

/// Which of the moments.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Options {
    /// Every how many moments a process ends.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Over a disk that takes its time, through the asynchronous driver.
    #[arg(long)]
    slow: bool,
}

/// A disk like IndexedDB, with the application's table in it, and a process that ends at a write.
struct SlowShelf {
    handle: Handle,
    shelf: Shelf,
}

impl AsyncStore for SlowShelf {
    type Error = Ended;

    async fn load(&mut self, wants: &[Want]) -> Result<Loaded, Ended> {
        self.shelf.loads[0] += 1;
        self.shelf.loads[1] += wants.len();
        self.handle.load(wants).await.map_err(|_| Ended)
    }

    async fn apply(&mut self, write: &Write<'_>) -> Result<storage::Outcome, Ended> {
        self.shelf.writes += 1;
        if self.shelf.crash == Some(Crash::Before(self.shelf.writes)) {
            return Err(Ended);
        }
        let outcome = self.handle.apply(write).await.map_err(|_| Ended)?;
        if outcome == storage::Outcome::Committed {
            self.shelf.events.extend(write.events.iter().cloned());
        }
        if self.shelf.crash == Some(Crash::After(self.shelf.writes)) { Err(Ended) } else { Ok(outcome) }
    }
}

impl Runs for AsyncDevice<SlowShelf, Generator> {
    fn input(&mut self, now: Timestamp, input: &Input) -> Result<Outcome, DeviceError<Ended>> {
        block_on(Self::input(self, now, input))
    }

    fn shelf(&mut self) -> &mut Shelf {
        &mut self.store().shelf
    }
}

/// A device over a disk that takes its time.
fn slow(vault: Vault, rng: Generator) -> Box<dyn Runs> {
    let store = SlowShelf { handle: Disk::new().open(2), shelf: Shelf::default() };
    Box::new(AsyncDevice::new(vault, store, rng))
}

/// Tells the story once without a crash and then for every moment.
pub fn main(options: Options) -> ExitCode {
    let make: Make = if options.slow { slow } else { prompt };
    let writes = match story(make, 0, None) {
        Ok(writes) => writes,
        Err(wrong) => return fails(&wrong),
    };
    let chosen = Mutex::new(moments(writes).step_by(options.every.max(1)));
    let (stories, first) = (AtomicU64::new(0), Mutex::new(None));
    let next = || chosen.lock().ok().and_then(|mut chosen| chosen.next());
    let work = || {
        while let Some((who, crash)) = next() {
            stories.fetch_add(1, Ordering::Relaxed);
            if let (Err(wrong), Ok(mut first)) = (story(make, who, Some(crash)), first.lock()) {
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
