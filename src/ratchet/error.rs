//! Why a message is refused, or nothing sealed. `docs/PROTOCOL.md` §6 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};

/// Why a message is refused, or a call not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RatchetError {
    /// A key, a tag, too few bytes, too much content, or the source of randomness.
    Crypto(CryptoError),
    /// Of a length that no message of the chain has.
    BadLength,
    /// Of no chain that is expected.
    UnknownTag,
    /// Opened before.
    Used,
    /// Opened before, or its key was dropped.
    TooOld,
    /// An authentic header that contradicts its chain.
    BadHeader,
    /// Follows a chain that this state has not made: the state was set back to an older one.
    Ahead,
    /// An authentic body that is not formed as it should be.
    BadMessage,
    /// An authentic body whose fields of the lane contradict each other, or what came before.
    BadLane,
    /// The session seals nothing any more.
    ReceiveOnly,
    /// The chain has no number left, or the session is too old to seal.
    Exhausted,
    /// A responder's session whose first answer was not given.
    Unanswered,
    /// What [`Wants`](super::Wants) asked for was not given.
    NotGiven,
}

impl Blame for RatchetError {
    fn fault(&self) -> Fault {
        match self {
            Self::Crypto(error) => error.fault(),
            Self::ReceiveOnly | Self::Exhausted | Self::Unanswered | Self::NotGiven => Fault::Caller,
            Self::BadLength
            | Self::UnknownTag
            | Self::Used
            | Self::TooOld
            | Self::BadHeader
            | Self::Ahead
            | Self::BadMessage
            | Self::BadLane => Fault::Peer,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Crypto(error) => error.class(),
            Self::BadLength => "bad-length",
            Self::UnknownTag => "unknown-tag",
            Self::Used => "used",
            Self::TooOld => "too-old",
            Self::BadHeader => "bad-header",
            Self::Ahead => "ahead",
            Self::BadMessage => "bad-message",
            Self::BadLane => "bad-lane",
            Self::ReceiveOnly => "receive-only",
            Self::Exhausted => "exhausted",
            Self::Unanswered => "unanswered",
            Self::NotGiven => "not-given",
        }
    }
}

impl From<CryptoError> for RatchetError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl fmt::Display for RatchetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for RatchetError {}
