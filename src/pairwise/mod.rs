//! Layer 3: what a handshake gives to a ratchet. `docs/PROTOCOL.md` §5.2, §5.9.
//!
//! Handshake and ratchet are siblings that do not see each other. They meet in these values: [`SessionSecret`], from which a ratchet
//! begins; [`FirstChain`], with which it opens the one message that decides whether there is a session; [`Standing`], how
//! much is proven of the other side.

mod secret;
mod standing;

pub use secret::{FirstChain, SessionKeys, SessionSecret};
pub use standing::{Authentication, ChainPlace, ForwardSecrecy, Standing};

/// Which side of a session one is, for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A: began the handshake.
    Initiator,
    /// B: was begun with.
    Responder,
}

/// Which way a message, chain or ciphertext goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From A to B.
    FromInitiator,
    /// From B to A.
    FromResponder,
}

impl Role {
    /// The direction of what this side sends.
    pub const fn sends(self) -> Direction {
        match self {
            Self::Initiator => Direction::FromInitiator,
            Self::Responder => Direction::FromResponder,
        }
    }

    /// The direction of what this side receives.
    pub const fn receives(self) -> Direction {
        match self {
            Self::Initiator => Direction::FromResponder,
            Self::Responder => Direction::FromInitiator,
        }
    }
}

impl Direction {
    /// The byte that stands for it in transcripts.
    pub const fn number(self) -> u8 {
        match self {
            Self::FromInitiator => 0,
            Self::FromResponder => 1,
        }
    }
}
