use core::fmt;

use crate::error::{Blame, Fault};

/// What a cryptographic operation can report. Deliberately coarse: finer detail would only help a forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CryptoError {
    /// A public key, or the secret it leads to, is malformed or dangerous.
    InvalidKey,
    /// A ciphertext, signature or chunk does not have the length its algorithm prescribes.
    InvalidLength,
    /// A well-formed signature does not verify.
    InvalidSignature,
    /// A tag, commitment or digest does not match. No plaintext is released.
    Unauthentic,
    /// Input ended before the last chunk of an attachment.
    Truncated,
    /// A suite number that this version does not define.
    UnknownSuite,
    /// The caller offers more plaintext than the construction permits.
    TooLong,
    /// The caller seals a chunk of another length than announced, or finishes before the last.
    UnexpectedChunk,
    /// The source of randomness failed, or repeats one byte: it is stuck.
    WeakRandomness,
    /// A primitive gives a wrong answer on this machine.
    BrokenBackend,
}

impl Blame for CryptoError {
    fn fault(&self) -> Fault {
        match self {
            Self::TooLong | Self::UnexpectedChunk | Self::WeakRandomness | Self::BrokenBackend => {
                Fault::Caller
            }
            Self::InvalidKey
            | Self::InvalidLength
            | Self::InvalidSignature
            | Self::Unauthentic
            | Self::Truncated
            | Self::UnknownSuite => Fault::Peer,
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::InvalidKey => "invalid-key",
            Self::InvalidLength => "invalid-length",
            Self::InvalidSignature => "invalid-signature",
            Self::Unauthentic => "unauthentic",
            Self::Truncated => "truncated",
            Self::UnknownSuite => "unknown-suite",
            Self::TooLong => "too-long",
            Self::UnexpectedChunk => "unexpected-chunk",
            Self::WeakRandomness => "weak-randomness",
            Self::BrokenBackend => "broken-backend",
        }
    }
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for CryptoError {}
