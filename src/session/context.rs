//! What a step of this layer works in.

use super::SessionError;
use crate::crypto::hash::Hash;
use crate::handshake;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::chain::Order;
use crate::identity::device::DeviceSecret;
use crate::identity::ids::{AccountId, DeviceId};
use crate::storage::{Interrupt, Stop, Transaction};
use crate::time::Timestamp;

/// This device.
#[derive(Clone, Copy, Debug)]
pub struct OwnDevice<'a> {
    /// The newest manifest of its account that it holds.
    pub account: &'a Verified<Account>,
    /// Its keys.
    pub secret: &'a DeviceSecret,
    /// The addresses under which it is reached, or was within the life of its prekeys.
    pub addresses: &'a [Address],
    /// The manifests that it holds: the newest, and those that were within the life of its prekeys.
    pub manifests: &'a [handshake::OwnManifest],
}

/// What a step works in.
#[derive(Debug)]
pub struct Context<'a, 't> {
    /// This device.
    pub own: OwnDevice<'a>,
    /// The time.
    pub now: Timestamp,
    /// The step.
    pub tx: &'a mut Transaction<'t>,
}

/// What ends a call without a result.
pub(super) type Stopped = Stop<SessionError>;

impl OwnDevice<'_> {
    /// Account and device.
    pub fn name(&self) -> (AccountId, DeviceId) {
        (self.account.id(), self.secret.id())
    }

    /// Order and hash of the newest manifest.
    pub fn held(&self) -> (Order, Hash) {
        (self.account.order(), self.account.hash())
    }
}

pub(super) fn refuse<E: Into<SessionError>>(error: E) -> Stopped {
    Stop::Refused(error.into())
}

/// Errors of the other side, apart from what stops the step.
pub(super) fn of_peer<T>(result: Result<T, Stopped>) -> Result<Result<T, SessionError>, Interrupt> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Load(wants)) => Err(Interrupt::Load(wants)),
        Err(Stop::Refused(SessionError::Storage(error))) => Err(Interrupt::Failed(error)),
        Err(Stop::Refused(error)) => Ok(Err(error)),
    }
}
