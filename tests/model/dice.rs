//! Random choices that replay.

use std::collections::BTreeSet;

use rand_core::TryRng as _;
use sottovoce::crypto::random::{Generator, Seed};

pub struct Dice(Generator);

impl Dice {
    /// The choices of one history of a run.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut bytes = [0xa5; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        bytes[8..16].copy_from_slice(&index.to_be_bytes());
        Self(Seed::from_bytes(bytes).unwrap().into_generator())
    }

    pub fn below(&mut self, bound: usize) -> usize {
        let word = usize::try_from(self.0.try_next_u64().unwrap() >> 32).unwrap();
        word % bound
    }

    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<_> = from.into_iter().collect();
        (!all.is_empty()).then(|| all[self.below(all.len())].clone())
    }

    /// Some of these, at least `least`.
    pub fn some(&mut self, from: &[u8], least: usize) -> BTreeSet<u8> {
        let mut order = from.to_vec();
        self.shuffle(&mut order);
        let length = least + self.below(from.len() + 1 - least);
        order.into_iter().take(length).collect()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}
