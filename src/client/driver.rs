//! The loop around a client, for an application.

use rand_core::TryCryptoRng;

use super::error::ClientError;
use super::event::Event;
use super::machine::{Client, Input, Output};
use crate::storage::{AsyncStore, Released, RunError, Store, Vault, run, run_async};
use crate::time::Timestamp;

/// A device over a store. It draws its randomness from what it is given, and asks for the time with every input.
#[derive(Debug)]
pub struct Device<S, R> {
    client: Client,
    store: S,
    random: R,
    /// What was committed, and not returned yet.
    outcome: Outcome,
}

/// A device over a store that takes its time.
#[derive(Debug)]
pub struct AsyncDevice<S, R>(Device<S, R>);

/// What came of an input.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is to be sent now. It was committed first.
    pub send: Vec<Output>,
    /// What the application is told. A store that puts the application's rows into the same transaction has them already.
    pub events: Vec<Event>,
    /// When to give [`Input::Wake`] next, at the latest; earlier does no harm.
    pub wake_at: Option<Timestamp>,
}

/// Why an input has no outcome, of a store that fails with `E`.
pub type DeviceError<E> = RunError<ClientError, E>;

impl Outcome {
    const fn new() -> Self {
        Self { send: Vec::new(), events: Vec::new(), wake_at: None }
    }

    /// Adds what a step released. Whether the same input is to be given again.
    fn add<E>(&mut self, vault: &Vault, released: Released<Output>) -> Result<bool, DeviceError<E>> {
        for event in &released.events {
            let event = vault.open_event::<Event>(event);
            self.events.push(event.map_err(|error| RunError::Refused(error.into()))?);
        }
        self.wake_at = self.wake_at.into_iter().chain(released.wake_at).min();
        let before = self.send.len();
        let steps = released.send.len();
        self.send.extend(released.send.into_iter().filter(|output| *output != Output::Again));
        Ok(self.send.len().saturating_sub(before) < steps)
    }
}

impl<S, R: TryCryptoRng> Device<S, R> {
    /// The device whose store this is, sealed by this vault.
    pub const fn new(vault: Vault, store: S, random: R) -> Self {
        Self { client: Client::new(vault), store, random, outcome: Outcome::new() }
    }

    /// The store.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }
}

impl<S: Store, R: TryCryptoRng> Device<S, R> {
    /// Takes an input, and all that follows from it in the store. Errors as of [`run`]; what was committed before one stays, and is in the
    /// outcome of the next input.
    pub fn input(&mut self, now: Timestamp, input: &Input) -> Result<Outcome, DeviceError<S::Error>> {
        loop {
            let released = run(&self.client, &mut self.store, now, &mut self.random, input)?;
            if !self.outcome.add(self.client.vault(), released)? {
                return Ok(core::mem::take(&mut self.outcome));
            }
        }
    }
}

impl<S: AsyncStore, R: TryCryptoRng> AsyncDevice<S, R> {
    /// The device whose store this is, sealed by this vault.
    pub const fn new(vault: Vault, store: S, random: R) -> Self {
        Self(Device { client: Client::new(vault), store, random, outcome: Outcome::new() })
    }

    /// The store.
    pub const fn store(&mut self) -> &mut S {
        &mut self.0.store
    }

    /// As [`Device::input`]. If the future is dropped, nobody knows what was committed: give the same input again.
    pub async fn input(&mut self, now: Timestamp, input: &Input) -> Result<Outcome, DeviceError<S::Error>> {
        let Self(device) = self;
        loop {
            let ran = run_async(&device.client, &mut device.store, now, &mut device.random, input);
            let released = ran.await?;
            if !device.outcome.add(device.client.vault(), released)? {
                return Ok(core::mem::take(&mut device.outcome));
            }
        }
    }
}
