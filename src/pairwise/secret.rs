//! The secrets that a handshake ends with and a ratchet begins with. `docs/PROTOCOL.md` §5.2.

use super::standing::{ForwardSecrecy, Standing};
use super::{Direction, FirstChain, Role};
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;
use crate::crypto::secret::Secret;

/// The six keys of a new session.
#[derive(Debug)]
pub struct SessionKeys {
    /// Root key.
    pub root: Secret<32>,
    /// Chain key of A's first chain, ckA.
    pub chain: Secret<32>,
    /// Header key of A's first chain, hkA.
    pub header: Secret<32>,
    /// Header key of B's first chain, nhkB.
    pub next_header_of_responder: Secret<32>,
    /// Header key of A's second chain, nhkA.
    pub next_header_of_initiator: Secret<32>,
    /// The link of the session's beginning.
    pub link: Secret<32>,
}

/// What a handshake ends with, on either side. There is no copy: one session begins from it.
#[derive(Debug)]
pub struct SessionSecret {
    role: Role,
    transcript: Hash,
    keys: SessionKeys,
    standing: Standing,
}

impl SessionSecret {
    pub(crate) const fn new(
        role: Role,
        transcript: Hash,
        keys: SessionKeys,
        forward_secrecy: ForwardSecrecy,
    ) -> Self {
        Self { role, transcript, keys, standing: Standing::at_first(role, forward_secrecy) }
    }

    /// Which side this is.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// th2: the name of the session, the same on both sides and in no other one.
    pub const fn transcript(&self) -> Hash {
        self.transcript
    }

    /// What every message of one direction is bound to.
    pub fn associated_data(&self, direction: Direction) -> Hash {
        associated_data(self.transcript, direction)
    }

    /// How much is proven of the other side.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// The keys, for the one ratchet that begins with them.
    pub fn into_keys(self) -> SessionKeys {
        self.keys
    }

    /// What opens messages of A's first chain, and nothing else.
    pub(crate) fn first_chain(&self) -> FirstChain<'_> {
        let bound = self.associated_data(Direction::FromInitiator);
        FirstChain::new(&self.keys.chain, &self.keys.header, bound)
    }
}

/// AD.
pub(crate) fn associated_data(transcript: Hash, direction: Direction) -> Hash {
    Hasher::new(label::hash::ASSOCIATED_DATA).array(transcript.as_bytes()).u8(direction.number()).finish()
}
