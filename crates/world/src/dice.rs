//! Random choices that are printed, and replay.
#![expect(clippy::disallowed_types, reason = "an experiment draws its own randomness")]

use rand::rngs::SysRng;
use rand_core::{CryptoRng, Rng as _, TryRng as _};
use sottovoce::crypto::random::{Generator, Seed};

/// Choices of one run.
#[derive(Debug)]
pub struct Dice(Generator);

impl Dice {
    /// The choices of a number.
    ///
    /// # Panics
    ///
    /// Never: the seed is not all equal bytes.
    #[expect(clippy::expect_used, reason = "the bytes are not all equal")]
    pub fn new(number: u64) -> Self {
        let mut bytes = [0xa5; 32];
        bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        Self(Seed::from_bytes(bytes).expect("a seed").into_generator())
    }

    /// Other choices in every run, unless `SOTTOVOCE_SEED` replays one. Prints the number.
    #[expect(clippy::print_stdout, reason = "a run that fails must be repeatable")]
    pub fn printed(test: &str) -> Self {
        let given = std::env::var("SOTTOVOCE_SEED").ok().and_then(|seed| seed.parse().ok());
        let number = given.unwrap_or_else(drawn);
        println!("{test}: SOTTOVOCE_SEED={number}");
        Self::new(number)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64().checked_rem(end).unwrap_or_default()
    }

    /// A seed for something else.
    ///
    /// # Panics
    ///
    /// With probability 2^-248.
    #[expect(clippy::expect_used, reason = "random bytes are not all equal")]
    pub fn seed(&mut self) -> Seed {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        Seed::from_bytes(bytes).expect("a seed")
    }

    /// A generator for something else.
    pub fn generator(&mut self) -> Generator {
        self.seed().into_generator()
    }

    /// The choices as a source of randomness.
    pub const fn source(&mut self) -> &mut impl CryptoRng {
        &mut self.0
    }
}

/// A number of the operating system's.
#[expect(clippy::expect_used, reason = "nothing can be tested without randomness")]
fn drawn() -> u64 {
    SysRng.try_next_u64().expect("randomness")
}
