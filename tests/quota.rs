//! Budgets, under clocks that go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on should stop"
)]

use rand_core::TryRng as _;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::server::quota::{Budget, Rate};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

const HOUR: u64 = 3_600_000;
const START: u64 = 1_795_000_000_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn generator(seed: u64) -> Generator {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

fn below(rng: &mut Generator, bound: u64) -> u64 {
    (rng.try_next_u64().unwrap() >> 1) % bound
}

/// Everything at once up to the burst, then exactly at the rate.
#[test]
fn a_budget_is_a_burst_and_a_rate() {
    let rate = Rate { burst: 10, per_hour: 3_600 };
    let mut budget = Budget::full(&rate, at(START));
    for _ in 0..10 {
        budget.take(&rate, 1, at(START)).unwrap();
    }
    assert_eq!(budget.take(&rate, 1, at(START)), Err(Span::from_millis(1_000)));
    assert_eq!(budget.take(&rate, 1, at(START + 999)), Err(Span::from_millis(1)));
    budget.take(&rate, 1, at(START + 1_000)).unwrap();
    assert_eq!(budget.take(&rate, 4, at(START + 1_500)), Err(Span::from_millis(3_500)));
    assert!(!budget.is_full(&rate, at(START + 10_999)));
    assert!(budget.is_full(&rate, at(START + 11_000)));
    // More than the burst is never there, and nothing is taken for it.
    assert_eq!(budget.take(&rate, 11, at(START + HOUR)), Err(Span::from_millis(1)));
    budget.take(&rate, 10, at(START + HOUR)).unwrap();
    assert_eq!(budget.take(&rate, u64::MAX, at(START + HOUR)), Err(Span::from_millis(10_000)));
}

/// Looking a thousand times in a millisecond's course loses nothing: three in a second come back as three in a second.
#[test]
fn looking_often_loses_nothing() {
    for per_hour in [1, 7, 3_599, 3_600_001, 10_800, 5_400_000] {
        let rate = Rate { burst: 1_000_000, per_hour };
        let mut budget = Budget::full(&rate, at(START));
        budget.take(&rate, rate.burst, at(START)).unwrap();
        let mut taken = 0;
        for millis in 1..=2_000_000_u64 {
            if budget.take(&rate, 1, at(START + millis)).is_ok() {
                taken += 1;
            }
            if millis % 97 != 0 {
                continue;
            }
            while budget.take(&rate, 1, at(START + millis)).is_ok() {
                taken += 1;
            }
            assert_eq!(taken, millis * per_hour / HOUR, "{per_hour} after {millis} ms");
        }
    }
}

/// A rate of nothing, no burst, and the largest numbers there are.
#[test]
fn extremes_neither_wrap_nor_panic() {
    let none = Rate { burst: 3, per_hour: 0 };
    let mut budget = Budget::full(&none, at(START));
    budget.take(&none, 3, at(START)).unwrap();
    assert_eq!(budget.take(&none, 1, at(u64::MAX)), Err(Span::from_millis(u64::MAX)));
    let closed = Rate { burst: 0, per_hour: 100 };
    let mut budget = Budget::full(&closed, at(START));
    assert!(budget.take(&closed, 1, at(START + HOUR)).is_err());
    for (burst, per_hour) in [(u64::MAX, u64::MAX), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, 0)] {
        let rate = Rate { burst, per_hour };
        for now in [0, START, u64::MAX] {
            let mut budget = Budget::full(&rate, at(now));
            for amount in [0, 1, u64::MAX] {
                for later in [0, START, u64::MAX] {
                    let _ = budget.take(&rate, amount, at(later));
                    let _ = budget.is_full(&rate, at(later));
                }
            }
        }
    }
}

/// A step of a walk of a clock: mostly onwards, sometimes back or ahead, by little or by years.
fn tick(rng: &mut Generator, now: u64) -> u64 {
    match below(rng, 10) {
        0 => now - below(rng, 50).min(now),
        1 => now - below(rng, 2 * HOUR).min(now),
        2 => now - below(rng, 1_000 * 24 * HOUR).min(now),
        3 => now + below(rng, 1_000 * 24 * HOUR),
        4 | 5 => now + below(rng, HOUR),
        _ => now + below(rng, 2_000),
    }
}

/// What is had never exceeds a burst for the start and for each jump, and the rate for the time between; and whoever is refused has it after
/// the time that was said, which is never longer than twice the time to fill.
#[test]
fn clocks_walk_at_random() {
    let (mut granted, mut refused, mut back) = (0_u64, 0_u64, 0_u64);
    for seed in 0..400 {
        let mut rng = generator(seed);
        let rate = Rate { burst: 1 + below(&mut rng, 500), per_hour: 1 + below(&mut rng, 20_000) };
        let fill = (rate.burst * HOUR).div_ceil(rate.per_hour);
        let mut now = START;
        let mut budget = Budget::full(&rate, at(now));
        // In parts of a unit, as time × rate.
        let mut allowed = u128::from(rate.burst) * u128::from(HOUR);
        let mut had = 0_u128;
        let mut highest = now;
        for _ in 0..500 {
            now = tick(&mut rng, now);
            if now > highest {
                allowed += u128::from((now - highest).min(fill)) * u128::from(rate.per_hour);
                highest = now;
            } else if highest - now > fill {
                allowed += u128::from(rate.burst) * u128::from(HOUR);
                highest = now;
                back += 1;
            }
            let amount = 1 + below(&mut rng, rate.burst);
            let before = budget;
            match budget.take(&rate, amount, at(now)) {
                Ok(()) => {
                    granted += 1;
                    had += u128::from(amount) * u128::from(HOUR);
                    highest = highest.max(now);
                }
                Err(wait) => {
                    refused += 1;
                    assert_eq!(budget, before, "a refusal changes nothing");
                    let wait = wait.as_millis();
                    assert!((1..=2 * fill).contains(&wait), "{wait} of {fill}");
                    assert!(budget.check(&rate, amount, at(now + wait)).is_ok());
                    assert!(budget.check(&rate, amount, at(now + wait - 1)).is_err(), "and not before");
                }
            }
            assert!(had <= allowed, "seed {seed}: {had} of {allowed}");
        }
    }
    println!("{granted} granted, {refused} refused, {back} times far back");
    assert!(granted > 10_000 && refused > 10_000 && back > 1_000);
}

#[test]
fn a_budget_is_kept() {
    let rate = Rate { burst: 10, per_hour: 7 };
    let mut budget = Budget::full(&rate, at(START));
    budget.take(&rate, 9, at(START + 1)).unwrap();
    let kept = budget.encode().unwrap();
    assert_eq!(Budget::decode(&kept).unwrap(), budget);
    assert!(kept.len() <= 22);
}
