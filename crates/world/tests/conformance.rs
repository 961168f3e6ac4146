//! The suite of `sottovoce::storage::conformance` passes every good store and fails every flawed one.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

mod flawed;

use std::collections::BTreeSet;
use std::pin::Pin;

use flawed::{FLAWS, Flaw, Flawed};
use sottovoce::storage::conformance::{self, Harness};
use sottovoce::storage::{AsyncStore, Blocking, Loaded, Outcome, Want, Write};
use sottovoce_world::dice::Dice;
use sottovoce_world::disk::{Disk, Fault, Handle, Lost, all, block_on};

/// How many random histories per store: 60, or `SOTTOVOCE_COUNT`.
fn histories() -> u32 {
    std::env::var("SOTTOVOCE_COUNT").map_or(60, |count| count.parse().expect("a number"))
}

type Counting = Pin<Box<dyn Future<Output = ()>>>;

/// Handles that answer at once.
struct Prompt {
    disk: Disk,
    cuts: usize,
}

impl Harness for Prompt {
    type Store = Blocking<Disk>;

    async fn create(&mut self) {
        self.disk = Disk::new();
    }

    async fn open(&mut self) -> Blocking<Disk> {
        Blocking(self.disk.clone())
    }

    async fn power_cut(&mut self) {
        self.cuts += 1;
        self.disk.power_cut(self.cuts % (self.disk.unflushed() + 1));
    }

    async fn events(&mut self) -> Vec<Vec<u8>> {
        self.disk.events()
    }
}

/// Handles that take their time.
struct Slow(Prompt);

impl Harness for Slow {
    type Store = Handle;

    async fn create(&mut self) {
        self.0.create().await;
    }

    async fn open(&mut self) -> Handle {
        self.0.disk.open(3)
    }

    async fn power_cut(&mut self) {
        self.0.power_cut().await;
    }

    async fn events(&mut self) -> Vec<Vec<u8>> {
        self.0.events().await
    }
}

/// Looks whether what was expected holds, and then writes: two steps.
struct Racy(Handle);

impl AsyncStore for Racy {
    type Error = Lost;

    async fn load(&mut self, wants: &[Want]) -> Result<Loaded, Lost> {
        self.0.load(wants).await
    }

    async fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Lost> {
        let wants: Vec<_> = write.expect.iter().map(|expect| Want::Record(expect.key)).collect();
        let loaded = self.0.load(&wants).await?;
        let version = |key| loaded.record(key).unwrap().map(|stored| stored.version);
        if write.expect.iter().any(|expect| version(&expect.key) != expect.version) {
            return Ok(Outcome::Conflict);
        }
        self.0.apply(&Write { expect: &[], ..*write }).await
    }
}

struct RacySlow(Slow);

impl Harness for RacySlow {
    type Store = Racy;

    async fn create(&mut self) {
        self.0.create().await;
    }

    async fn open(&mut self) -> Racy {
        Racy(self.0.open().await)
    }

    async fn power_cut(&mut self) {
        self.0.power_cut().await;
    }

    async fn events(&mut self) -> Vec<Vec<u8>> {
        self.0.events().await
    }
}

fn prompt() -> Prompt {
    Prompt { disk: Disk::new(), cuts: 0 }
}

#[test]
fn good_stores_pass() {
    let mut dice = Dice::printed("good_stores_pass");
    conformance::check(&mut Flawed::new(Flaw::None), dice.seed(), histories()).unwrap();
    conformance::check(&mut prompt(), dice.seed(), histories()).unwrap();
    block_on(conformance::check_async(&mut Slow(prompt()), dice.seed(), histories())).unwrap();
}

/// A pass means something: each of these stores does one thing wrong.
#[test]
fn flawed_stores_fail() {
    let mut dice = Dice::printed("flawed_stores_fail");
    for flaw in FLAWS {
        let failure = conformance::check(&mut Flawed::new(*flaw), dice.seed(), histories());
        let failure = failure.expect_err(&format!("{flaw:?} passes"));
        println!("{flaw:?}: {failure}");
    }
    let mut racy = RacySlow(Slow(prompt()));
    let racy = conformance::check_async(&mut racy, dice.seed(), histories());
    assert_eq!(block_on(racy).expect_err("a race passes").rule, "overlaps");
    println!("{} flawed stores fail", FLAWS.len() + 1);
}

/// Which rules find them.
#[test]
fn flaws_are_of_many_kinds() {
    let mut dice = Dice::printed("flaws_are_of_many_kinds");
    let rules: BTreeSet<_> = FLAWS
        .iter()
        .filter_map(|flaw| conformance::check(&mut Flawed::new(*flaw), dice.seed(), 0).err())
        .map(|failure| failure.rule)
        .collect();
    println!("{} rules of {} see a flaw first: {rules:?}", rules.len(), conformance::RULES.len());
    assert!(rules.len() >= 15, "{rules:?}");
}

/// Four devices count up one counter on a disk that takes its time.
#[test]
fn r_06_contenders_lose_nothing() {
    let mut dice = Dice::printed("r_06_contenders_lose_nothing");
    let disk = Disk::new();
    let counting = (0..4_u8).map(|number| {
        let (mut handle, mut random) = (disk.open(u32::from(number) + 1), dice.generator());
        let counting: Counting = Box::pin(async move {
            conformance::contend(&mut handle, &mut random, number, 50).await.unwrap();
        });
        counting
    });
    block_on(all(counting.collect()));
    let conflicts = disk.writes() - 200;
    println!("{conflicts} conflicts");
    assert!(conflicts > 50);
    let tally = block_on(conformance::settle(&mut disk.open(0), &mut dice.generator(), 4, 50)).unwrap();
    assert_eq!((tally.shared, tally.entries), (200, 200));
    assert_eq!(disk.events().len(), 200);
}

/// What does not add up is noticed.
#[test]
fn a_wrong_tally_is_a_failure() {
    let mut dice = Dice::printed("a_wrong_tally_is_a_failure");
    let mut disk = Blocking(Disk::new());
    block_on(conformance::contend(&mut disk, &mut dice.generator(), 0, 5)).unwrap();
    block_on(conformance::contend(&mut disk, &mut dice.generator(), 1, 4)).unwrap();
    block_on(conformance::settle(&mut disk, &mut dice.generator(), 2, 5)).unwrap_err();
    block_on(conformance::contend(&mut disk, &mut dice.generator(), 1, 5)).unwrap();
    block_on(conformance::settle(&mut disk, &mut dice.generator(), 2, 5)).unwrap();
}

/// Attacks L-04 and L-05: the store stops in every write in turn, before or after carrying it out, with or without the power
/// failing at the same time. Whoever counts goes on with a new handle, and every step is carried out once and as a whole.
#[test]
fn l_04_l_05_a_crash_in_any_write_tears_and_loses_nothing() {
    const ROUNDS: u32 = 12;
    let mut dice = Dice::printed("l_04_l_05_a_crash_in_any_write_tears_and_loses_nothing");
    let mut runs = 0;
    for number in 0..u64::from(ROUNDS) {
        for fault in [Fault::Before, Fault::After] {
            for kept in [None, Some(0), Some(1), Some(2)] {
                let disk = Disk::new();
                disk.fail(number, fault);
                let mut store = Blocking(disk.clone());
                block_on(conformance::contend(&mut store, &mut dice.generator(), 0, ROUNDS)).unwrap_err();
                if let Some(kept) = kept {
                    disk.power_cut(kept);
                }
                // After a power cut writes may be fewer, but each is whole.
                let whole = disk.events().len();
                let rounds = u32::try_from(whole).unwrap();
                let mut store = Blocking(disk.clone());
                block_on(conformance::settle(&mut store, &mut dice.generator(), 1, rounds)).unwrap();
                let happened = usize::try_from(number).unwrap() + usize::from(fault == Fault::After);
                assert!(if kept.is_none() { whole == happened } else { whole <= happened });
                // What was flushed is there: every third step flushes.
                assert!(whole >= happened / 3 * 3);

                block_on(conformance::contend(&mut store, &mut dice.generator(), 0, ROUNDS)).unwrap();
                block_on(conformance::settle(&mut store, &mut dice.generator(), 1, ROUNDS)).unwrap();
                assert_eq!(disk.events().len(), usize::try_from(ROUNDS).unwrap());
                runs += 1;
            }
        }
    }
    println!("{runs} crashes");
}

/// A run is dropped at any moment, also while it holds the lock that it got after conflicts: others can go on.
#[test]
fn a_run_that_is_dropped_leaves_no_lock() {
    let mut dice = Dice::printed("a_run_that_is_dropped_leaves_no_lock");
    let mut locked = 0;
    for moment in 0..120_u32 {
        let disk = Disk::new();
        let (mut slow, mut random) = (disk.open(3), dice.generator());
        {
            let mut run = std::pin::pin!(conformance::contend(&mut slow, &mut random, 0, 1));
            for turn in 1..=moment {
                // Somebody else is faster each time, and does not wait for its turn.
                let mut fast = Blocking(disk.clone());
                block_on(conformance::contend(&mut fast, &mut dice.generator(), 1, turn)).unwrap();
                assert!(polled(run.as_mut()).is_pending(), "it has had no chance");
            }
            locked += u32::from(disk.is_taken());
        }
        // The handle of the run that was dropped is still open.
        let (mut other, mut random) = (disk.open(1), dice.generator());
        let mut run = std::pin::pin!(conformance::contend(&mut other, &mut random, 2, 1));
        assert!(
            (0..1_000).any(|_| polled(run.as_mut()).is_ready()),
            "moment {moment}: nobody else can write"
        );
    }
    println!("{locked} of 120 were dropped in the middle of a transaction or a lock");
    assert!(locked > 60);
}

fn polled<F: Future>(future: Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}
