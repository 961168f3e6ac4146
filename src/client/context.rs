//! What a step works in.

use super::account::{ClientAccount, Me};
use super::error::Stopped;
use super::event::Event;
use super::machine::Output;
use super::state::ClientState;
use crate::identity::ids::AccountId;
use crate::session;
use crate::storage::timer::Timer;
use crate::storage::{Interrupt, Slot, StorageError, Transaction};
use crate::time::Timestamp;

/// A step in the making.
pub(super) struct Context<'a, 't> {
    pub(super) me: &'a Me,
    pub(super) now: Timestamp,
    pub(super) tx: &'a mut Transaction<'t>,
    pub(super) state: ClientState,
    before: (Slot<ClientState>, ClientState),
    pub(super) send: Vec<Output>,
    /// How many errands this step has begun.
    pub(super) begun: u64,
}

impl<'a, 't> Context<'a, 't> {
    pub(super) fn new(me: &'a Me, now: Timestamp, tx: &'a mut Transaction<'t>) -> Result<Self, Interrupt> {
        let mut slot = tx.read::<ClientState>(ClientState::key(tx.vault()))?;
        let state = slot.take().ok_or(StorageError::Unreadable)?;
        Ok(Self { me, now, tx, state: state.clone(), before: (slot, state), send: Vec::new(), begun: 0 })
    }

    /// Writes how far the device is now. What is to be sent once that is committed.
    pub(super) fn finish(self) -> Result<Vec<Output>, StorageError> {
        let (slot, before) = self.before;
        if self.state != before {
            self.tx.put(slot, &self.state)?;
        }
        Ok(self.send)
    }

    /// What the layer of sessions works in.
    pub(super) fn session(&mut self) -> session::Context<'_, 't> {
        session::Context { own: self.me.own(), now: self.now, tx: self.tx }
    }

    pub(super) fn own_account(&self) -> AccountId {
        self.me.account.id()
    }

    pub(super) fn tell(&mut self, event: &Event) -> Result<(), StorageError> {
        self.tx.event(event)
    }

    /// Changes who this device is. Later steps see it.
    pub(super) fn change_account(
        &mut self,
        change: impl FnOnce(&mut ClientAccount) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut slot = self.tx.read::<ClientAccount>(ClientAccount::key(self.tx.vault()))?;
        let mut kept = slot.take().ok_or(StorageError::Unreadable).map_err(super::error::refuse)?;
        change(&mut kept)?;
        Ok(self.tx.put(slot, &kept)?)
    }

    /// Has the device woken for something.
    pub(super) fn wake(&mut self, kind: u8, name: &[u8], due: Timestamp) -> Result<(), StorageError> {
        let owner = [&[kind], name].concat();
        Timer { owner, due, set: self.now }.start(None, self.tx)
    }
}
