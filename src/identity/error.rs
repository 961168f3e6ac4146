//! Why an identity, or a statement about one, is refused. `docs/PROTOCOL.md` §4 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::wire::{DecodeError, EncodeError};

/// Why an object is refused, or a call not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityError {
    /// Bytes that are not the message which they should be.
    Decode(DecodeError),
    /// A value of the caller's exceeds the limits of its message.
    Encode(EncodeError),
    /// A signature, a commitment or the source of randomness.
    Crypto(CryptoError),
    /// A chain of another kind: a server for an account, or the reverse.
    WrongKind,
    /// Headers do not form an authority path.
    BadPath,
    /// Signed by a key that is no authority, or that changes authorities above its rank.
    Unauthorised,
    /// A body is not its header's, or contradicts it.
    BadBody,
    /// A device does not prove possession of its keys for this account.
    NoPossession,
    /// A manifest of another chain than the one that is followed.
    OtherChain,
    /// Older than what is known.
    Rollback,
    /// Evidence of a fork shows none.
    NoFork,
    /// Speaks of another account, device, server, request or token.
    Mismatch,
    /// Refers to a manifest that is newer than the one known, or differs from it: fetch that first.
    OtherManifest,
    /// Its validity has not begun.
    NotYetValid,
    /// Its validity has ended.
    Expired,
    /// A one-time pair that its stock does not contain.
    NotInStock,
    /// One's own verification code.
    OwnCode,
    /// The chain has forked: nobody can be written to.
    Forked,
    /// The identity is not the one that was accepted or shown.
    IdentityChanged,
    /// A verified contact has changed: verify it again, or withdraw the verification first.
    Latched,
    /// A manifest that its signer may not make.
    NotPossible,
}

impl Blame for IdentityError {
    fn fault(&self) -> Fault {
        match self {
            Self::Decode(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
            Self::Forked | Self::IdentityChanged | Self::Latched | Self::NotPossible => Fault::Caller,
            _ => Fault::Peer,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.class(),
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
            Self::WrongKind => "wrong-kind",
            Self::BadPath => "bad-path",
            Self::Unauthorised => "unauthorised",
            Self::BadBody => "bad-body",
            Self::NoPossession => "no-possession",
            Self::OtherChain => "other-chain",
            Self::Rollback => "rollback",
            Self::NoFork => "no-fork",
            Self::Mismatch => "mismatch",
            Self::OtherManifest => "other-manifest",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::NotInStock => "not-in-stock",
            Self::OwnCode => "own-code",
            Self::Forked => "forked",
            Self::IdentityChanged => "identity-changed",
            Self::Latched => "latched",
            Self::NotPossible => "not-possible",
        }
    }
}

impl From<DecodeError> for IdentityError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for IdentityError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<CryptoError> for IdentityError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for IdentityError {}
