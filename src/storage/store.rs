//! What an application's store has to do. `docs/STORAGE.md` says it in full; [`conformance`](super::conformance) checks it.

use core::future::Future;

use super::loaded::{Loaded, Want};
use super::write::Write;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a conflict means that nothing was written"]
pub enum Outcome {
    /// All of it is written, and durable if that was asked for.
    Committed,
    /// An expectation does not hold; nothing has changed.
    Conflict,
}

/// A handle on a store. Several handles, in several processes too, may be open on one store.
pub trait Store {
    /// Why the store failed: a full disk, a lost file.
    type Error;

    /// Answers every want, all as of one moment. An error changes nothing. What is loaded holds every write that was committed, by
    /// whichever handle, before the call began.
    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Self::Error>;

    /// Carries out a write, all of it or nothing. After an error it is open which.
    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Self::Error>;

    /// Called after several conflicts in a row: until the next [`apply`](Store::apply) through this handle, [`unlock`](Store::unlock),
    /// or the end of the handle, other handles should not be able to commit. A store that has no way to do it does nothing.
    fn lock(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Ends [`lock`](Store::lock) without a write. Without a lock it does nothing.
    fn unlock(&mut self) {}
}

/// The same for a store that takes its time, such as IndexedDB.
pub trait AsyncStore {
    /// As [`Store::Error`].
    type Error;

    /// As [`Store::load`].
    fn load(&mut self, wants: &[Want]) -> impl Future<Output = Result<Loaded, Self::Error>>;

    /// As [`Store::apply`]. If the future is dropped before it is ready, it is open whether the write is carried out.
    fn apply(&mut self, write: &Write<'_>) -> impl Future<Output = Result<Outcome, Self::Error>>;

    /// As [`Store::lock`].
    fn lock(&mut self) -> impl Future<Output = Result<(), Self::Error>> {
        core::future::ready(Ok(()))
    }

    /// As [`Store::unlock`]. It does not wait, so that a run that is dropped halfway leaves no lock.
    fn unlock(&mut self) {}
}

/// A [`Store`] where an [`AsyncStore`] is asked for. Its futures are ready when they are first polled.
#[derive(Debug)]
pub struct Blocking<S>(pub S);

impl<S: Store> AsyncStore for Blocking<S> {
    type Error = S::Error;

    async fn load(&mut self, wants: &[Want]) -> Result<Loaded, S::Error> {
        self.0.load(wants)
    }

    async fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, S::Error> {
        self.0.apply(write)
    }

    async fn lock(&mut self) -> Result<(), S::Error> {
        self.0.lock()
    }

    fn unlock(&mut self) {
        self.0.unlock();
    }
}

impl<S: Store + ?Sized> Store for &mut S {
    type Error = S::Error;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, S::Error> {
        (**self).load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, S::Error> {
        (**self).apply(write)
    }

    fn lock(&mut self) -> Result<(), S::Error> {
        (**self).lock()
    }

    fn unlock(&mut self) {
        (**self).unlock();
    }
}
