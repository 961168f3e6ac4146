//! The verification of chains against a reference model, over random histories: thieves, stale signers, recoveries, forks.
//!
//! `SOTTOVOCE_COUNT` is the number of histories; `SOTTOVOCE_SEED` replays a run, with `SOTTOVOCE_HISTORY` one history of it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

mod agreement;
mod dice;
mod figures;
mod histories;
mod real;
mod reference;
mod values;

use agreement::Case;
use dice::Dice;
use figures::Figures;
use real::Pool;
use reference::Model;
use values::Mutation;

const DEFAULT_COUNT: u64 = 300;
/// Within as many histories every mistake in the model shows.
const TO_NOTICE: u64 = 3000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Another seed in every run, unless `SOTTOVOCE_SEED` replays one.
fn seed(test: &str) -> u64 {
    let drawn = || {
        rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the operating system's randomness")
            >> 1
    };
    let seed = setting("SOTTOVOCE_SEED").unwrap_or_else(drawn);
    println!("{test}: SOTTOVOCE_SEED={seed}");
    seed
}

/// Makes one history and hands it over.
fn with_history(pool: &mut Pool, seed: u64, index: u64, compare: impl FnOnce(&Case<'_>)) {
    let mut dice = Dice::new(seed, index);
    let history = histories::history(&mut dice);
    let real = pool.realise(&history);
    let orders = agreement::orders(&real, &mut dice);
    compare(&Case { history: &history, real: &real, orders: &orders });
}

#[test]
fn library_agrees_with_model() {
    let (seed, one) = (seed("library_agrees_with_model"), setting("SOTTOVOCE_HISTORY"));
    let count = setting("SOTTOVOCE_COUNT").unwrap_or(DEFAULT_COUNT);
    let (mut pool, mut figures) = (Pool::new(), Figures::default());
    for index in one.map_or(0..count, |index| index..index + 1) {
        with_history(&mut pool, seed, index, |case| {
            if let Err(difference) = case.compare(Model(Mutation::None), &mut figures) {
                for (i, manifest) in case.history.manifests.iter().enumerate() {
                    println!("{i}: {} {manifest:#?}", case.history.roles[i]);
                }
                panic!("SOTTOVOCE_SEED={seed} SOTTOVOCE_HISTORY={index}: {difference}");
            }
        });
    }
    println!("{figures}");
    if one.is_none() && count >= DEFAULT_COUNT {
        figures.everything_occurred();
    }
}

#[test]
fn model_with_a_mistake_disagrees() {
    let seed = seed("model_with_a_mistake_disagrees");
    let (mut pool, mut missed) = (Pool::new(), Mutation::ALL.to_vec());
    for index in 0..TO_NOTICE {
        with_history(&mut pool, seed, index, |case| {
            missed.retain(|mutation| match case.compare(Model(*mutation), &mut Figures::default()) {
                Ok(()) => true,
                Err(difference) => {
                    println!("{mutation:?}: history {index}, {difference}");
                    false
                }
            });
        });
        if missed.is_empty() {
            return;
        }
    }
    panic!("not noticed: {missed:?}");
}
