//! Checks that a store keeps the contract of `docs/STORAGE.md`. Run it in the tests of every store.
//!
//! ```
//! use sottovoce::crypto::random::Seed;
//! use sottovoce::storage::conformance::{self, Harness};
//! use sottovoce::storage::{Blocking, MemoryStore, Store};
//! # use sottovoce::storage::{Loaded, Outcome, Want, Write};
//! # use std::{cell::RefCell, convert::Infallible, rc::Rc};
//!
//! // A handle on a store that all handles share.
//! #[derive(Clone, Default)]
//! struct Shared(Rc<RefCell<MemoryStore>>);
//! # impl Store for Shared {
//! #     type Error = Infallible;
//! #     fn load(&mut self, wants: &[Want]) -> Result<Loaded, Infallible> { self.0.borrow_mut().load(wants) }
//! #     fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Infallible> { self.0.borrow_mut().apply(write) }
//! # }
//!
//! struct InMemory(Shared);
//!
//! impl Harness for InMemory {
//!     type Store = Blocking<Shared>;
//!
//!     async fn create(&mut self) { self.0 = Shared::default(); }
//!     async fn open(&mut self) -> Blocking<Shared> { Blocking(self.0.clone()) }
//!     async fn power_cut(&mut self) {}
//!     async fn events(&mut self) -> Vec<Vec<u8>> { self.0.0.borrow().events().to_vec() }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let seed = Seed::from_bytes(*b"random, and printed by your test")?;
//! conformance::check(&mut InMemory(Shared::default()), seed, 20)?;
//! # Ok(())
//! # }
//! ```
//!
//! [`check`] goes through all [`RULES`], one process at a time. What only several at once can show is
//! [`contend`]: run it in some threads and processes on one store, kill some of them, and look at the sum with [`settle`].

#![allow(
    async_fn_in_trait,
    reason = "whether the futures of a store can be sent to other threads is the store's affair"
)]

mod contention;
mod durability;
mod history;
mod logs;
mod probe;
mod records;

use core::fmt;

use super::driver::ready;
use super::store::AsyncStore;
use crate::crypto::random::Seed;
use probe::Probe;

pub use contention::{Tally, contend, settle};

/// What the suite needs to know about a store. It may panic where a store should not fail.
pub trait Harness {
    /// A handle. Wrap a [`Store`](super::Store) in [`Blocking`](super::Blocking).
    type Store: AsyncStore<Error: fmt::Debug>;

    /// Makes a new, empty store. Handles on the one before are gone.
    async fn create(&mut self);

    /// Opens a handle, as a process of its own would.
    async fn open(&mut self) -> Self::Store;

    /// Cuts the power. Handles are gone, and as much of what was not flushed as the test can make the store lose. If it can make it lose
    /// nothing, this does nothing.
    async fn power_cut(&mut self);

    /// The events of all committed writes, in order, with power cuts taken into account.
    async fn events(&mut self) -> Vec<Vec<u8>>;
}

/// A rule that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which, as in [`RULES`] and in `docs/STORAGE.md`.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

macro_rules! rules {
    ($($module:ident::$rule:ident)+) => {
        /// The rules, in the order in which they are checked.
        pub const RULES: &[&str] = &[$(stringify!($rule),)+ "histories"];

        async fn each<H: Harness>(harness: &mut H) -> Result<(), Failure> {
            $(
                harness.create().await;
                let checked = $module::$rule(&mut Probe::new(harness)).await;
                checked.map_err(|found| Failure { rule: stringify!($rule), found })?;
            )+
            Ok(())
        }
    };
}

rules! {
    records::answers
    records::contents
    records::keys
    records::versions
    records::expectations
    records::conflicts
    records::deletions
    records::ranges
    records::range_limits
    logs::numbers
    logs::ids
    logs::tails
    logs::tail_limits
    logs::trims
    durability::events
    durability::handles
    durability::overlaps
    durability::size
    durability::locks
    durability::processes
    durability::flushes
    durability::prefixes
}

/// Checks a store whose futures are ready at once: a [`Blocking`](super::Blocking) one. See [`check_async`].
pub fn check(harness: &mut impl Harness, seed: Seed, histories: u32) -> Result<(), Failure> {
    ready(check_async(harness, seed, histories))
}

/// Checks every rule by itself, and then `histories` random histories of 200 operations against
/// [`MemoryStore`](super::MemoryStore). The same seed gives the same histories.
pub async fn check_async(harness: &mut impl Harness, seed: Seed, histories: u32) -> Result<(), Failure> {
    each(harness).await?;
    let mut rng = seed.into_generator();
    for number in 1..=histories {
        harness.create().await;
        let found = history::check(&mut Probe::new(harness), &mut rng).await;
        found.map_err(|found| Failure { rule: "histories", found: format!("history {number}: {found}") })?;
    }
    Ok(())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store breaks the rule `{}`: {}", self.rule, self.found)
    }
}

impl core::error::Error for Failure {}
