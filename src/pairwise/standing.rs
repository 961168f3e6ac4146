//! How much is proven of the other side, and how it grows. `docs/PROTOCOL.md` §5.9.
//!
//! ```text
//! A:  implicit ──────────── opened(first chain of B) ───────────▶ post-quantum
//! B:  classical ──answered──▶ classical, answered ──opened(later chain of A)──▶ post-quantum
//! ```
//!
//! No step goes back, and none is taken that this picture does not have.

use super::Role;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

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
pub(crate) enum ChainPlace {
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

    /// Which side of the session this is.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// A responder's: whether its first root step, which mixes k3, was made.
    pub const fn has_answered(&self) -> bool {
        self.has_answered
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
    pub(crate) const fn answered(self) -> Self {
        Self { has_answered: matches!(self.role, Role::Responder), ..self }
    }

    /// A message of the other side opened.
    #[must_use]
    pub(crate) const fn opened(self, chain: ChainPlace) -> Self {
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

impl Standing {
    /// Whether the transitions above lead here.
    const fn is_reachable(self) -> bool {
        let is_full = matches!(self.forward_secrecy, ForwardSecrecy::Full);
        match (self.role, self.authentication) {
            (Role::Initiator, Authentication::Implicit) => !self.has_answered,
            (Role::Initiator, Authentication::PostQuantum) => !self.has_answered && is_full,
            (Role::Responder, Authentication::Classical) => true,
            (Role::Responder, Authentication::PostQuantum) => self.has_answered && is_full,
            (Role::Initiator, Authentication::Classical) | (Role::Responder, Authentication::Implicit) => {
                false
            }
        }
    }
}

impl Message for Standing {
    type Proto = proto::SessionStanding;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let role = match proto::SessionRole::try_from(required(proto.role)?) {
            Ok(proto::SessionRole::Initiator) => Role::Initiator,
            Ok(proto::SessionRole::Responder) => Role::Responder,
            Ok(proto::SessionRole::Unspecified) | Err(_) => return Err(Rule::BadValue),
        };
        let authentication = match proto::PeerAuthentication::try_from(required(proto.authentication)?) {
            Ok(proto::PeerAuthentication::Implicit) => Authentication::Implicit,
            Ok(proto::PeerAuthentication::Classical) => Authentication::Classical,
            Ok(proto::PeerAuthentication::PostQuantum) => Authentication::PostQuantum,
            Ok(proto::PeerAuthentication::Unspecified) | Err(_) => return Err(Rule::BadValue),
        };
        let reduced = required(proto.reduced)?;
        let forward_secrecy = if reduced { ForwardSecrecy::Reduced } else { ForwardSecrecy::Full };
        let has_answered = required(proto.answered)?;
        let standing = Self { role, has_answered, authentication, forward_secrecy };
        if standing.is_reachable() { Ok(standing) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        let role = match self.role {
            Role::Initiator => proto::SessionRole::Initiator,
            Role::Responder => proto::SessionRole::Responder,
        };
        let authentication = match self.authentication {
            Authentication::Implicit => proto::PeerAuthentication::Implicit,
            Authentication::Classical => proto::PeerAuthentication::Classical,
            Authentication::PostQuantum => proto::PeerAuthentication::PostQuantum,
        };
        proto::SessionStanding {
            role: Some(role.into()),
            answered: Some(self.has_answered),
            authentication: Some(authentication.into()),
            reduced: Some(self.forward_secrecy == ForwardSecrecy::Reduced),
        }
    }
}
