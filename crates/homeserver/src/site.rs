//! What the shell runs.

use core::time::Duration;

use sottovoce::identity::ids::DeviceId;
use sottovoce::storage::Machine;

use crate::seam::{Input, Output};

/// A server without sockets. [`sottovoce::server::Server`] is one; tests have smaller ones.
pub trait Site: Machine<Input = Input, Output = Output> {
    /// If a client's request may wait for something to fetch: for which device, and how long. Nobody has checked yet that it may.
    fn waits(request: &[u8]) -> Option<(DeviceId, Duration)>;

    /// Whether the reply to such a request brings nothing, so that it is worth waiting.
    fn is_empty(reply: &[u8]) -> bool;
}
