//! The algorithm suite. `docs/PROTOCOL.md` §2.1.

use super::CryptoError;

/// A suite that this version implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// X25519 and ML-KEM-768, Ed25519 and ML-DSA-65, ChaCha20-Poly1305, HKDF-SHA-256.
    One,
}

impl Suite {
    /// The suite's number on the wire and in transcripts.
    pub const fn number(self) -> u16 {
        match self {
            Self::One => 1,
        }
    }

    /// The suite with this number, or [`CryptoError::UnknownSuite`].
    pub const fn from_number(number: u16) -> Result<Self, CryptoError> {
        match number {
            1 => Ok(Self::One),
            _ => Err(CryptoError::UnknownSuite),
        }
    }
}
