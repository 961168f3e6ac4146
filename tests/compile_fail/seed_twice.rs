//! One seed, one sequence.
use sottovoce::crypto::random::Seed;

fn twice(seed: Seed) {
    let _ = seed.into_generator();
    let _ = seed.into_generator();
}

fn main() {}
