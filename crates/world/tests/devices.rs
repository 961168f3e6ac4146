//! Whole devices: a slice of what `devices` runs, other seeds each time unless `SOTTOVOCE_SEED` gives the first.

use sottovoce_world::devices::{Tally, run};
use sottovoce_world::dice::Dice;

/// Seeds in a run of the tests.
const COUNT: u64 = 40;

#[test]
fn no_history_of_devices_ends_in_silence() {
    let first = Dice::printed("devices").below(1 << 40);
    let mut sum = Tally::default();
    for seed in first..first + COUNT {
        match run(seed) {
            Ok(tally) => sum.add(&tally),
            Err(what) => panic!("seed {seed}: {what}"),
        }
    }
    println!("{sum}");
    assert_eq!(sum.seeds, COUNT);
    assert!(sum.harmless > 5 && sum.faults > 20 && sum.resent > 50, "{sum}");
    assert!(sum.opened > 100 * COUNT && sum.late > 100 && sum.lost > 100, "{sum}");
}

/// What a seed does, it does again.
#[test]
fn seeds_replay() {
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
