//! What the shell runs.

use core::time::Duration;

use sottovoce::identity::ids::DeviceId;
use sottovoce::storage::Machine;

use sottovoce::server::mailbox::Drained;
use sottovoce::server::service::{Operation, Outcome, Request, Response};
use sottovoce::server::{Input, Output, Server};
use sottovoce::wire::Wire as _;

/// A server without sockets. [`sottovoce::server::Server`] is one; tests have smaller ones.
pub trait Site: Machine<Input = Input, Output = Output> {
    /// If a client's request may wait for something to fetch: for which device, and how long. Nobody has checked yet that it may.
    fn waits(request: &[u8]) -> Option<(DeviceId, Duration)>;

    /// Whether the reply to such a request brings nothing, so that it is worth waiting.
    fn is_empty(reply: &[u8]) -> bool;
}

/// Bytes of the longest request that may wait: nothing else is looked into.
const LONGEST: usize = 1 << 10;

impl Site for Server {
    fn waits(request: &[u8]) -> Option<(DeviceId, Duration)> {
        if request.len() > LONGEST {
            return None;
        }
        let request = Request::decode(request).ok()?;
        let Operation::Drain { wait, .. } = request.operation else { return None };
        Some((request.session?.device(), Duration::from_millis(wait.as_millis())))
    }

    fn is_empty(reply: &[u8]) -> bool {
        let Ok(Response { outcome: Outcome::Drained(drained), .. }) = Response::decode(reply) else {
            return false;
        };
        let Drained { lost, aged, gaps, entries, payloads: _, next: _, more } = *drained;
        !lost && !more && aged.is_none() && gaps.is_empty() && entries.is_empty()
    }
}
