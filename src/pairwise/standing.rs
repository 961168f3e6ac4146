//! How much is proven of the other side, and how it grows. `docs/PROTOCOL.md` §5.9.
//!
//! ```text
//! A:  implicit ──────────── opened(first chain of B) ───────────▶ post-quantum
//! B:  classical ──answered──▶ classical, answered ──opened(later chain of A)──▶ post-quantum
//! ```
//!
//! No step goes back, and none is taken that this picture does not have.

use super::Role;

/// How the other side is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authentication {
    /// Nobody else can read, but it has not been heard.
    Implicit,
    /// It proved to hold its X25519 keys.
    Classical,
    /// It proved to hold its ML-KEM-768 identity key too.
    PostQuantum,
}

/// What a thief of the responder's keys could read of what was sent before the first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardSecrecy {
    /// Everything, for as long as the bundle's private keys exist: there was no one-time pair.
    Reduced,
    /// Nothing, once the handshake was accepted.
    Full,
}

/// Whether a message's chain is the first one of its sender in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainPlace {
    /// The first one.
    First,
    /// One that a later root step began.
    Later,
}

/// What one side of a session may believe of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    role: Role,
    /// A responder's: whether its first root step, which mixes k3, was made.
    has_answered: bool,
    authentication: Authentication,
    forward_secrecy: ForwardSecrecy,
}

impl Standing {
    pub(super) const fn at_first(role: Role, forward_secrecy: ForwardSecrecy) -> Self {
        let authentication = match role {
            Role::Initiator => Authentication::Implicit,
            Role::Responder => Authentication::Classical,
        };
        Self { role, has_answered: false, authentication, forward_secrecy }
    }

    /// How the other side is authenticated.
    pub const fn authentication(&self) -> Authentication {
        self.authentication
    }

    /// What is true of messages from now on.
    pub const fn forward_secrecy(&self) -> ForwardSecrecy {
        self.forward_secrecy
    }

    /// The responder made its first root step. An initiator makes none of this kind: nothing changes.
    #[must_use]
    pub const fn answered(self) -> Self {
        Self { has_answered: matches!(self.role, Role::Responder), ..self }
    }

    /// A message of the other side opened.
    #[must_use]
    pub const fn opened(self, chain: ChainPlace) -> Self {
        let proves = match (self.role, chain) {
            (Role::Initiator, _) => true,
            (Role::Responder, ChainPlace::Later) => self.has_answered,
            (Role::Responder, ChainPlace::First) => false,
        };
        if proves {
            let (authentication, forward_secrecy) = (Authentication::PostQuantum, ForwardSecrecy::Full);
            Self { authentication, forward_secrecy, ..self }
        } else {
            self
        }
    }
}
