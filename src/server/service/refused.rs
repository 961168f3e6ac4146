//! Why an operation is refused. `docs/PROTOCOL.md` §8.1.

use crate::server::frame::Seen;
use crate::storage::{Interrupt, StorageError};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// Why an operation is refused, as far as the device is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a request, or of another version.
    Malformed,
    /// No session that holds: say hello.
    Session,
    /// No such account here, or none that lists the device.
    Unknown,
    /// The clocks are too far apart; this is the server's.
    Clock(Timestamp),
    /// The operator does not permit it.
    Denied,
    /// The address, or a key, is somebody else's.
    Taken,
    /// The server holds something else than the request supposes: of a manifest, this one.
    Conflict(Option<Seen>),
    /// The account's chain has forked; the server goes on with this manifest.
    Forked(Seen),
    /// A signature or proof does not hold, or speaks of something else.
    Invalid,
    /// Again, after this time.
    Busy(Span),
}

/// Why an operation ends without its answer.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It is refused. What the step has changed is committed all the same.
    Refused(Refused),
    /// The step cannot go on.
    Interrupt(Interrupt),
}

impl From<Refused> for Halt {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Interrupt> for Halt {
    fn from(interrupt: Interrupt) -> Self {
        Self::Interrupt(interrupt)
    }
}

impl From<StorageError> for Halt {
    fn from(error: StorageError) -> Self {
        Self::Interrupt(error.into())
    }
}

impl Message for Refused {
    type Proto = proto::Refused;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::RefusedCode as Code;
        let code = Code::try_from(required(proto.code)?).map_err(|_| Rule::BadValue)?;
        let held = proto.held.map(Seen::from_proto).transpose()?;
        match (code, proto.retry_after, proto.time, held) {
            (Code::Malformed, None, None, None) => Ok(Self::Malformed),
            (Code::Session, None, None, None) => Ok(Self::Session),
            (Code::Unknown, None, None, None) => Ok(Self::Unknown),
            (Code::Clock, None, Some(time), None) => Ok(Self::Clock(Timestamp::from_millis(time))),
            (Code::Denied, None, None, None) => Ok(Self::Denied),
            (Code::Taken, None, None, None) => Ok(Self::Taken),
            (Code::Conflict, None, None, held) => Ok(Self::Conflict(held)),
            (Code::Forked, None, None, Some(held)) => Ok(Self::Forked(held)),
            (Code::Invalid, None, None, None) => Ok(Self::Invalid),
            (Code::Busy, Some(after), None, None) => Ok(Self::Busy(Span::from_millis(after))),
            _ => Err(Rule::BadValue),
        }
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::RefusedCode as Code;
        let (mut retry_after, mut time, mut held) = (None, None, None);
        let code = match self {
            Self::Malformed => Code::Malformed,
            Self::Session => Code::Session,
            Self::Unknown => Code::Unknown,
            Self::Clock(now) => {
                time = Some(now.as_millis());
                Code::Clock
            }
            Self::Denied => Code::Denied,
            Self::Taken => Code::Taken,
            Self::Conflict(seen) => {
                held = seen.as_ref().map(Message::to_proto);
                Code::Conflict
            }
            Self::Forked(seen) => {
                held = Some(seen.to_proto());
                Code::Forked
            }
            Self::Invalid => Code::Invalid,
            Self::Busy(after) => {
                retry_after = Some(after.as_millis());
                Code::Busy
            }
        };
        proto::Refused { code: Some(code.into()), retry_after, time, held }
    }
}
