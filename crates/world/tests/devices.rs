//! Whole devices: the first seeds of what `devices` runs. Not others each time until more of them have been run.

use sottovoce_world::devices::{Tally, run};

/// Seeds in a run of the tests.
const COUNT: u64 = 24;

#[test]
fn no_history_of_devices_ends_in_silence() {
    let mut sum = Tally::default();
    for seed in 0..COUNT {
        match run(seed) {
            Ok(tally) => sum.add(&tally),
            Err(what) => panic!("seed {seed}: {what}"),
        }
    }
    println!("{sum}");
    assert_eq!(sum.seeds, COUNT);
    assert!(sum.harmless > 3 && sum.faults > 12 && sum.resent > 30, "{sum}");
    assert!(sum.opened > 100 * COUNT && sum.late > 100 && sum.lost > 100, "{sum}");
}

/// What a seed does, it does again.
#[test]
fn seeds_replay() {
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
