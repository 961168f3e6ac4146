//! Whole servers: a slice of what `seeds` runs, other seeds each time unless `SOTTOVOCE_SEED` gives the first, and the scenarios that are kept.

use std::fs;

use sottovoce_world::dice::Dice;
use sottovoce_world::servers::l1::{Plan, all, simulate};

/// Seeds in a run of the tests.
const COUNT: u64 = 150;

#[test]
fn no_history_breaks_a_promise() {
    let first = Dice::printed("l1").below(1 << 40);
    let sum = all(&(first..first + COUNT), 1);
    println!("{sum:?}");
    assert_eq!(sum.broken, []);
    assert_eq!(sum.seeds, COUNT);
    assert!(sum.end.items > 5 * COUNT && sum.end.frames > 20 * COUNT && sum.end.statuses > 5 * COUNT);
}

/// What a seed does, it does again, in whatever order.
#[test]
fn seeds_replay() {
    let (once, again) = (all(&(0..20), 1), all(&(0..20), 1));
    assert_eq!(once, again);
    assert_ne!(once.end.digest, all(&(20..40), 1).end.digest);
}

#[test]
fn scenarios_hold() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut count = 0;
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let plan: Plan = fs::read_to_string(&path).unwrap().parse().expect("a plan");
        for seed in 0..4 {
            let end = simulate(&plan, seed).unwrap_or_else(|broken| panic!("{}: {broken}", path.display()));
            assert!(end.items > 0);
        }
        // A plan that is drawn is written as it is read.
        assert_eq!(plan.to_string().parse(), Ok(plan));
        count += 1;
    }
    assert!(count >= 5);
}

#[test]
fn plans_are_read_as_they_are_written() {
    for seed in 0..200 {
        let plan = Plan::draw(&mut Dice::new(seed));
        assert_eq!(plan.to_string().parse(), Ok(plan));
    }
}
