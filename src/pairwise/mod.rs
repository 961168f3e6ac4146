//! Layer 3: what a handshake gives to a ratchet. `docs/PROTOCOL.md` §5.2, §5.9.
//!
//! Handshake and ratchet are siblings that do not see each other. They meet in these values: [`SessionSecret`], from which a ratchet
//! begins; [`FirstChain`], with which it opens the one message that decides whether there is a session; [`Standing`], how
//! much is proven of the other side.

mod answer;
mod first;
mod frame;
pub mod hazmat;
mod secret;
mod standing;

pub use answer::{AnswerKey, FirstAnswer};
pub use first::{FirstChain, FirstOpened};
pub use frame::Frame;
pub(crate) use secret::associated_data;
pub use secret::{SessionKeys, SessionSecret};
pub(crate) use standing::ChainPlace;
pub use standing::{Authentication, ForwardSecrecy, Standing};

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
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

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
