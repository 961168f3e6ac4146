//! The contract of `sottovoce::storage`, on files, through several handles and threads.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop, and draws its own randomness"
)]

use std::path::PathBuf;
use std::thread;

use rand::rngs::SysRng;
use rand_core::TryRng as _;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::storage::Blocking;
use sottovoce::storage::conformance::{self, Harness};
use sottovoce_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// A file, and another one after each `create`.
struct Files {
    directory: TempDir,
    number: u32,
}

impl Files {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap(), number: 0 }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(format!("{}.sqlite", self.number))
    }
}

impl Harness for Files {
    type Store = Blocking<SqliteStore>;

    async fn create(&mut self) {
        self.number += 1;
    }

    async fn open(&mut self) -> Blocking<SqliteStore> {
        Blocking(SqliteStore::open(self.path()).unwrap())
    }

    /// Power cuts are in `power.rs`: there the log is cut at every byte.
    async fn power_cut(&mut self) {}

    async fn events(&mut self) -> Vec<Vec<u8>> {
        let (store, mut events, mut last) = (SqliteStore::open(self.path()).unwrap(), Vec::new(), 0);
        loop {
            let page = store.events(last, 1_000).unwrap();
            let Some((number, _)) = page.last() else { return events };
            last = *number;
            events.extend(page.into_iter().map(|(_, event)| event));
        }
    }
}

fn generator(test: &str) -> Generator {
    let given = std::env::var("SOTTOVOCE_SEED").ok().and_then(|seed| seed.parse().ok());
    let number: u64 = given.unwrap_or_else(|| SysRng.try_next_u64().unwrap());
    println!("{test}: SOTTOVOCE_SEED={number}");
    let mut bytes = [0xa5; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

#[test]
fn the_suite_passes() {
    let seed = Seed::draw(&mut generator("the_suite_passes")).unwrap();
    let histories = std::env::var("SOTTOVOCE_COUNT").map_or(20, |count| count.parse().expect("a number"));
    conformance::check(&mut Files::new(), seed, histories).unwrap();
}

/// Attack R-06: four threads with handles of their own count up one counter. Nothing is lost, and nothing counted twice.
#[test]
fn r_06_threads_lose_nothing() {
    const ROUNDS: u32 = 100;
    let (files, mut random) = (Files::new(), generator("r_06_threads_lose_nothing"));
    let counting: Vec<_> = (0..4_u8)
        .map(|number| {
            let (path, seed) = (files.path(), Seed::draw(&mut random).unwrap());
            thread::Builder::new()
                .spawn(move || {
                    let mut store = Blocking(SqliteStore::open(path).unwrap());
                    let mut random = seed.into_generator();
                    at_once(conformance::contend(&mut store, &mut random, number, ROUNDS)).unwrap();
                })
                .unwrap()
        })
        .collect();
    for thread in counting {
        thread.join().unwrap();
    }
    let mut store = Blocking(SqliteStore::open(files.path()).unwrap());
    let tally = at_once(conformance::settle(&mut store, &mut random, 4, ROUNDS)).unwrap();
    assert_eq!(tally.shared, 4 * ROUNDS);
    assert_eq!(store.0.events(0, 1_000).unwrap().len(), 4 * usize::try_from(ROUNDS).unwrap());
}

/// The output of a future that waits for nothing.
fn at_once<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("a blocking store does not wait"),
    }
}
