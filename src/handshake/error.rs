//! Why a handshake is refused, or not begun. `docs/PROTOCOL.md` §5 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::wire::{DecodeError, EncodeError};

/// Why an Initial is refused, or a call not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandshakeError {
    /// Bytes that are not the message which they should be.
    Decode(DecodeError),
    /// A value of the caller's exceeds the limits of its message.
    Encode(EncodeError),
    /// A key, the identity block's tag, or the source of randomness.
    Crypto(CryptoError),
    /// An Initial that was accepted before.
    Replayed,
    /// Speaks of another account, device, address or key.
    Mismatch,
    /// Refers to a manifest that is not known: fetch that first.
    OtherManifest,
    /// Names prekeys that the device does not hold, or no longer.
    UnknownPrekey,
    /// Less than what this device was seen to support.
    Downgrade,
    /// Does not prove an earlier session.
    NotLinked,
    /// Devices, manifests and prekeys that do not fit each other.
    NotPossible,
}

impl Blame for HandshakeError {
    fn fault(&self) -> Fault {
        match self {
            Self::Decode(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
            Self::NotPossible => Fault::Caller,
            Self::Replayed
            | Self::Mismatch
            | Self::OtherManifest
            | Self::UnknownPrekey
            | Self::Downgrade
            | Self::NotLinked => Fault::Peer,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.class(),
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
            Self::Replayed => "replayed",
            Self::Mismatch => "mismatch",
            Self::OtherManifest => "other-manifest",
            Self::UnknownPrekey => "unknown-prekey",
            Self::Downgrade => "downgrade",
            Self::NotLinked => "not-linked",
            Self::NotPossible => "not-possible",
        }
    }
}

impl From<DecodeError> for HandshakeError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for HandshakeError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<CryptoError> for HandshakeError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for HandshakeError {}
