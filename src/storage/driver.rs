//! The loop around a machine: load, step, apply, and again after a conflict.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use rand_core::TryCryptoRng;

use super::effects::{Commit, Effects, Released};
use super::limits;
use super::loaded::{Loaded, Want};
use super::store::{AsyncStore, Blocking, Store};
use crate::crypto::CryptoError;
use crate::crypto::random::Seed;
use crate::time::Timestamp;

/// A pure function of what was loaded, the time, a seed and an input: a client, a server.
pub trait Machine {
    /// What happens to it. It carries an idempotency key, for it may be run again after a commit whose outcome nobody knows.
    type Input;
    /// What it sends.
    type Output;
    /// Why it does not run: the caller's fault or the store's, never a peer's.
    type Refused;

    /// One step. It decides on nothing but what is loaded, and is called again with more if it asks for it.
    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Self::Input,
    ) -> Result<Step<Self::Output>, Self::Refused>;
}

/// What a step came to.
#[derive(Debug)]
#[must_use = "a step does nothing by itself"]
pub enum Step<O> {
    /// Load this, and call again.
    Load(Vec<Want>),
    /// Commit this.
    Ready(Effects<O>),
}

/// Why a run has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError<R, E> {
    /// The machine refuses. Nothing has changed.
    Refused(R),
    /// The store failed. If that was while it applied a write, nobody knows whether it was carried out: run the same input again.
    Store(E),
    /// The source of randomness is stuck. Nothing has changed.
    Randomness(CryptoError),
    /// Conflicts without end: something else writes all the time. Nothing has changed.
    Contended,
    /// The machine asks for more than [`limits::WANTS`], or again for what it has got. Nothing has changed.
    Endless,
}

/// Conflicts after which the store is locked.
const PATIENCE: u32 = 3;
/// Attempts after which a run gives up.
const ATTEMPTS: u32 = 64;

/// What came of running a machine `M` on a store that fails with `E`.
pub type Ran<M, E> = Result<Released<<M as Machine>::Output>, RunError<<M as Machine>::Refused, E>>;

/// Runs a machine on a store until its decision is committed. A seed is drawn for every call of the machine.
pub fn run<M: Machine, S: Store>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
) -> Ran<M, S::Error> {
    ready(run_async(machine, &mut Blocking(store), now, random, input))
}

/// [`run`] for a store that takes its time. If the future is dropped, nobody knows whether the decision was committed.
pub async fn run_async<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
) -> Ran<M, S::Error> {
    // After a conflict all that was wanted before is loaded at once.
    let mut wants = Vec::new();
    for _ in 0..PATIENCE {
        if let Commit::Released(released) = attempt(machine, store, now, random, input, &mut wants).await? {
            return Ok(released);
        }
    }
    for _ in PATIENCE..ATTEMPTS {
        store.lock().await.map_err(RunError::Store)?;
        let outcome = attempt(machine, store, now, random, input, &mut wants).await;
        // A write has ended the lock already. If ending it fails, the next call to the store fails too.
        let _ = store.unlock().await;
        if let Commit::Released(released) = outcome? {
            return Ok(released);
        }
    }
    Err(RunError::Contended)
}

async fn attempt<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
    wants: &mut Vec<Want>,
) -> Result<Commit<M::Output>, RunError<M::Refused, S::Error>> {
    let effects = decide(machine, store, now, random, input, wants).await?;
    effects.commit_async(async |write| store.apply(write).await).await.map_err(RunError::Store)
}

/// Loads and steps until the machine has decided.
async fn decide<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
    wants: &mut Vec<Want>,
) -> Result<Effects<M::Output>, RunError<M::Refused, S::Error>> {
    let mut loaded = Loaded::new();
    if !wants.is_empty() {
        loaded.extend(store.load(wants).await.map_err(RunError::Store)?);
    }
    loop {
        let seed = Seed::draw(random).map_err(RunError::Randomness)?;
        let more = match machine.step(&loaded, now, seed, input).map_err(RunError::Refused)? {
            Step::Ready(effects) => return Ok(effects),
            Step::Load(more) => more,
        };
        let known = wants.len();
        wants.extend(more.into_iter().filter(|want| !loaded.answers(want)));
        let new = wants.get(known..).unwrap_or_default();
        if new.is_empty() || wants.len() > limits::WANTS {
            return Err(RunError::Endless);
        }
        loaded.extend(store.load(new).await.map_err(RunError::Store)?);
    }
}

/// The output of a future that waits for nothing.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

impl<R: fmt::Display, E: fmt::Display> fmt::Display for RunError<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => reason.fmt(f),
            Self::Store(error) => write!(f, "the store failed: {error}"),
            Self::Randomness(error) => error.fmt(f),
            Self::Contended => f.write_str("too many conflicts with other writers"),
            Self::Endless => f.write_str("a step that wants to load without end"),
        }
    }
}

impl<R: core::error::Error, E: core::error::Error> core::error::Error for RunError<R, E> {}
