//! Why a frame is not listened to. `docs/PROTOCOL.md` §7.2 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::identity::IdentityError;
use crate::wire::DecodeError;

/// Why a frame is refused. Nothing has changed, and its sender is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameError {
    /// Not a frame.
    Decode(DecodeError),
    /// The signature does not hold.
    Crypto(CryptoError),
    /// The sender's manifest, or the time of its key.
    Identity(IdentityError),
    /// For another server, or from one whose key it is not signed with.
    Mismatch,
    /// Sent in what is the future here.
    NotYetValid,
    /// Too old.
    Expired,
}

impl Blame for FrameError {
    fn fault(&self) -> Fault {
        Fault::Peer
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.class(),
            Self::Crypto(error) => error.class(),
            Self::Identity(error) => error.class(),
            Self::Mismatch => "mismatch",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
        }
    }
}

impl From<DecodeError> for FrameError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<CryptoError> for FrameError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<IdentityError> for FrameError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for FrameError {}
