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
    /// The machine asks for more than [`limits::WANTS`], or again for what it has got, or the store leaves a want open. Nothing has changed.
    Endless,
}

/// Conflicts after which the store is locked.
const PATIENCE: u32 = 3;
/// Attempts after which a run gives up.
const ATTEMPTS: u32 = 64;
/// Wants that are loaded at once after a conflict. More than these depend on what is found.
const REMEMBERED: usize = 1_024;

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

/// [`run`] for a store that takes its time. If the future is dropped, nobody knows whether the decision was committed; no lock stays behind.
pub async fn run_async<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
) -> Ran<M, S::Error> {
    // After a conflict what was wanted before is loaded at once.
    let mut wants = Vec::new();
    for _ in 0..PATIENCE {
        if let Commit::Released(released) = attempt(machine, store, now, random, input, &mut wants).await? {
            return Ok(released);
        }
    }
    for _ in PATIENCE..ATTEMPTS {
        let locked = Locked(store);
        locked.0.lock().await.map_err(RunError::Store)?;
        if let Commit::Released(released) = attempt(machine, locked.0, now, random, input, &mut wants).await?
        {
            return Ok(released);
        }
    }
    Err(RunError::Contended)
}

/// Ends the lock however the attempt ends, also if its future is dropped. A write has ended it already.
struct Locked<'a, S: AsyncStore>(&'a mut S);

impl<S: AsyncStore> Drop for Locked<'_, S> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

async fn attempt<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
    wants: &mut Vec<Want>,
) -> Result<Commit<M::Output>, RunError<M::Refused, S::Error>> {
    if wants.len() > REMEMBERED {
        wants.clear();
    }
    let effects = decide(machine, store, now, random, input, wants).await?;
    effects.commit_async(async |write| store.apply(write).await).await.map_err(RunError::Store)
}

/// Loads and steps until the machine has decided.
///
/// A decision that is committed is checked by its expectations. One that is not, a refusal or nothing to do, is taken only if all that it was
/// made on was there at one moment: what was loaded in several rounds is loaded once more in one, and decided anew.
async fn decide<M: Machine, S: AsyncStore>(
    machine: &M,
    store: &mut S,
    now: Timestamp,
    random: &mut impl TryCryptoRng,
    input: &M::Input,
    wants: &mut Vec<Want>,
) -> Result<Effects<M::Output>, RunError<M::Refused, S::Error>> {
    let mut loaded = Loaded::new();
    let mut is_one_moment = true;
    load(store, &mut loaded, wants).await?;
    for _ in 0..=limits::WANTS {
        let seed = Seed::draw(random).map_err(RunError::Randomness)?;
        match machine.step(&loaded, now, seed, input) {
            Ok(Step::Load(more)) => {
                let known = wants.len();
                wants.extend(more.into_iter().filter(|want| !loaded.answers(want)));
                let new = wants.get(known..).unwrap_or_default();
                if new.is_empty() || wants.len() > limits::WANTS {
                    return Err(RunError::Endless);
                }
                is_one_moment = known == 0;
                load(store, &mut loaded, new).await?;
            }
            Ok(Step::Ready(effects)) if is_one_moment || !effects.is_inert() => return Ok(effects),
            Err(refused) if is_one_moment => return Err(RunError::Refused(refused)),
            Ok(Step::Ready(_)) | Err(_) => {
                let mut again = Loaded::new();
                load(store, &mut again, wants).await?;
                is_one_moment = true;
                loaded = again;
            }
        }
    }
    Err(RunError::Endless)
}

async fn load<R, S: AsyncStore>(
    store: &mut S,
    loaded: &mut Loaded,
    wants: &[Want],
) -> Result<(), RunError<R, S::Error>> {
    if !wants.is_empty() {
        loaded.extend(store.load(wants).await.map_err(RunError::Store)?);
    }
    // A store that leaves a want open would be asked for ever.
    if wants.iter().all(|want| loaded.answers(want)) { Ok(()) } else { Err(RunError::Endless) }
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
