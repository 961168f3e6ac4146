//! A slice of what `.ci/campaigns/sessions` runs: other seeds each time, unless `SOTTOVOCE_SEED` gives the first.

use sottovoce_world::dice::Dice;
use sottovoce_world::sessions::{Sum as _, lane, schedules};

#[test]
fn no_schedule_separates_two_ratchets() {
    let first = Dice::printed("schedules").below(u64::MAX / 2);
    println!("seeds from {first}");
    let mut sum = schedules::Tally::default();
    for seed in first..first + 60 {
        sum.add(&schedules::run(seed));
    }
    println!("{sum}");
    assert!(sum.opened > 2_000 && sum.late > 300 && sum.lost > 50 && sum.crashes > 60 && sum.repeated > 100);
    assert!(sum.mixed >= 120);
}

#[test]
fn no_schedule_separates_two_sides_of_the_lane() {
    let first = Dice::printed("lane").below(u64::MAX / 2);
    println!("seeds from {first}");
    let mut sum = lane::Tally::default();
    for seed in first..first + 1_000 {
        sum.add(&lane::run(seed));
    }
    println!("{sum}");
    assert!(sum.taken > 50_000 && sum.lost > 5_000 && sum.mixed > 4_000);
}

/// What a seed does, it does again.
#[test]
fn seeds_replay() {
    assert_eq!(schedules::run(7), schedules::run(7));
    assert_eq!(lane::run(7), lane::run(7));
    assert_ne!(lane::run(7), lane::run(8));
}
