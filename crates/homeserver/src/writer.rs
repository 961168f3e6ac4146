//! The one thread that owns the store. It runs the machine for each input, in the order of arrival.
//!
//! Writes that wait together share one sync of the disk. The store's contract allows it: a write that is flushed makes all before it
//! durable, and nothing that a step releases leaves before that.

use core::error::Error;
use core::fmt::Display;
use core::ops::ControlFlow;

use sottovoce::storage::{self, Loaded, Outcome, Released, RunError, Store, Want, Write};
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::files::source;
use crate::log;
use crate::outbox::Outbox;
use crate::site::Site;
use sottovoce::server::{Input, Output};

/// Inputs that wait for the thread, at most. Whoever brings more waits.
const QUEUE: usize = 1_024;
/// Steps that share a sync, at most.
const GROUP: usize = 256;

/// Where inputs are brought.
#[derive(Debug)]
pub(crate) struct Writer<M> {
    jobs: mpsc::Sender<Job<M>>,
}

impl<M> Clone for Writer<M> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

#[expect(clippy::large_enum_variant, reason = "nearly all of them are inputs")]
enum Job<M> {
    Run(Input, oneshot::Sender<Result<Vec<u8>, Failed>>),
    Replace(Box<M>),
    Stop,
}

/// Why an input has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The store failed, or the server is about to end. Whoever asked may ask again.
    Unavailable,
    /// The machine refuses: the store's content is not its own.
    Refused,
}

impl<M: Site + Send + 'static> Writer<M>
where
    M::Refused: Display,
{
    /// Starts the thread. It ends with [`Writer::stop`].
    pub(crate) fn start<S>(machine: M, store: S, outbox: Outbox) -> std::io::Result<(Self, End)>
    where
        S: Store + Send + 'static,
        S::Error: Error,
    {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let thread = Thread { machine, store: Grouped { store, owes: false, defers: false }, outbox };
        std::thread::Builder::new().name("store".to_owned()).spawn(move || {
            thread.work(queue);
            let _ = end.send(());
        })?;
        Ok((Self { jobs }, End(ended)))
    }

    /// Runs the machine. Gives what it replies, once that may be said; empty if it has nothing to say.
    pub(crate) async fn run(&self, input: Input) -> Result<Vec<u8>, Failed> {
        let (reply, replied) = oneshot::channel();
        self.jobs.send(Job::Run(input, reply)).await.map_err(|_| Failed::Unavailable)?;
        replied.await.map_err(|_| Failed::Unavailable)?
    }

    /// Another machine for all inputs from now on: the same server with a newer manifest.
    pub(crate) async fn replace(&self, machine: M) {
        let _ = self.jobs.send(Job::Replace(Box::new(machine))).await;
    }

    /// Ends the thread after what was brought before.
    pub(crate) async fn stop(&self) {
        let _ = self.jobs.send(Job::Stop).await;
    }
}

/// The end of the thread.
#[derive(Debug)]
pub(crate) struct End(oneshot::Receiver<()>);

impl End {
    pub(crate) async fn wait(&mut self) {
        let _ = (&mut self.0).await;
    }
}

struct Thread<M, S> {
    machine: M,
    store: Grouped<S>,
    outbox: Outbox,
}

type Waiting = (oneshot::Sender<Result<Vec<u8>, Failed>>, Result<Released<Output>, Failed>);

impl<M: Site, S: Store> Thread<M, S>
where
    M::Refused: Display,
    S::Error: Error,
{
    fn work(mut self, mut queue: mpsc::Receiver<Job<M>>) {
        let mut jobs = Vec::new();
        while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
            if self.group(&mut jobs).is_break() {
                return;
            }
        }
    }

    /// Runs what has come together, and lets out what that releases once all of it is durable.
    fn group(&mut self, jobs: &mut Vec<Job<M>>) -> ControlFlow<()> {
        self.store.defers = jobs.len() > 1;
        let mut waiting: Vec<Waiting> = Vec::with_capacity(jobs.len());
        let mut flow = ControlFlow::Continue(());
        for job in jobs.drain(..) {
            match job {
                // What was brought after the end was asked for gets no answer, as after the end.
                _ if flow.is_break() => {}
                Job::Run(input, reply) => waiting.push((reply, self.step(&input))),
                Job::Replace(machine) => self.machine = *machine,
                Job::Stop => flow = ControlFlow::Break(()),
            }
        }
        let durable = self.store.settle();
        if let Err(error) = &durable {
            self.failed(error);
        }
        for (reply, released) in waiting {
            let released = if durable.is_ok() { released } else { Err(Failed::Unavailable) };
            // If whoever asked has gone, the reply is lost as on the way.
            let _ = reply.send(released.map(|released| self.outbox.release(released)));
        }
        flow
    }

    fn step(&mut self, input: &Input) -> Result<Released<Output>, Failed> {
        let now = clock::now();
        match storage::run(&self.machine, &mut self.store, now, &mut source(), input) {
            Ok(released) => {
                self.outbox.healthy(true);
                Ok(released)
            }
            Err(RunError::Refused(reason)) => {
                log::error("refused", &[("reason", &reason)]);
                Err(Failed::Refused)
            }
            Err(RunError::Store(error)) => {
                self.failed(&error);
                Err(Failed::Unavailable)
            }
            Err(error @ (RunError::Randomness(_) | RunError::Contended | RunError::Endless)) => {
                let reason: &dyn Display = match &error {
                    RunError::Randomness(error) => error,
                    RunError::Contended => &"contended",
                    _ => &"endless",
                };
                log::error("step-failed", &[("reason", reason)]);
                Err(Failed::Refused)
            }
        }
    }

    /// Nobody knows whether the last write was carried out. Whoever waits for a reply asks again; what is due is looked for anew.
    fn failed(&mut self, error: &S::Error) {
        let cause = error.source().map_or_else(String::new, ToString::to_string);
        log::error("store-failed", &[("reason", error), ("cause", &cause)]);
        self.outbox.healthy(false);
        self.outbox.wake_soon();
    }
}

/// A store whose writes are flushed together.
struct Grouped<S> {
    store: S,
    defers: bool,
    /// Whether a write has asked to be flushed and was not.
    owes: bool,
}

impl<S: Store> Grouped<S> {
    /// Makes durable what was to be.
    fn settle(&mut self) -> Result<(), S::Error> {
        if self.owes {
            let flush = Write {
                expect: &[],
                delete: &[],
                put: &[],
                trim: &[],
                append: &[],
                events: &[],
                flush: true,
            };
            // Nothing is expected, so nothing conflicts.
            let _: Outcome = self.store.apply(&flush)?;
            self.owes = false;
        }
        Ok(())
    }
}

impl<S: Store> Store for Grouped<S> {
    type Error = S::Error;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, S::Error> {
        self.store.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, S::Error> {
        let deferred = self.defers && write.flush;
        let outcome = self.store.apply(&Write { flush: write.flush && !deferred, ..*write })?;
        self.owes |= deferred && outcome == Outcome::Committed;
        Ok(outcome)
    }

    fn lock(&mut self) -> Result<(), S::Error> {
        self.store.lock()
    }

    fn unlock(&mut self) {
        self.store.unlock();
    }
}
