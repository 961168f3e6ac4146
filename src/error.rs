//! Whose fault an error is, and what of it may leave this machine.
//!
//! Every layer has its own error type, with as much detail as its caller can use. What they share is [`Blame`]: the
//! [`Fault`] decides how a driver reacts, and [`disclosure`] is the only place that says what a remote party may
//! learn. Nothing else in an error may influence bytes that are sent (attacks ).

use core::fmt;

/// Who has to change something before the same operation can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Bytes from outside are wrong. Trying again with the same bytes is pointless; state has not changed.
    Peer,
    /// The application called wrongly: a limit, a stuck source of randomness. Nothing has changed.
    Caller,
    /// The local store failed or contradicts itself. The operation may succeed later.
    Store,
}

/// All that a remote party can be told about a failure, in any protocol that answers at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// No answer, and no other effect that it could observe.
    Nothing,
    /// "Refused", without a reason: malformed, forged, unknown and unauthorised look alike.
    Refused,
    /// "Not now": the fault is on our side.
    Busy,
}

/// Whether the protocol at hand answers requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// End-to-end encrypted messages: failures are never answered.
    EndToEnd,
    /// Requests between servers, or between a client and its server: every request has an answer.
    Request,
}

/// What a peer may learn of a failure. It depends on whose fault it is and on nothing else.
pub const fn disclosure(fault: Fault, channel: Channel) -> Disclosure {
    match (channel, fault) {
        (Channel::EndToEnd, _) => Disclosure::Nothing,
        (Channel::Request, Fault::Peer) => Disclosure::Refused,
        (Channel::Request, Fault::Caller | Fault::Store) => Disclosure::Busy,
    }
}

/// An error that knows whose fault it is.
pub trait Blame: core::error::Error {
    /// Whose fault this is.
    fn fault(&self) -> Fault;

    /// The error class of `docs/PROTOCOL.md`, Appendix A: stable, for vectors and for logs.
    fn class(&self) -> &'static str;
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Caller => "caller",
            Self::Store => "store",
        })
    }
}
