//! Withdrawing messages, and emoji on them. `docs/PROTOCOL.md` §10.4, §10.7.

use core::fmt;

use super::conversation::ContentId;
use super::strict::{is_emoji, require};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array};

/// Withdraws a message of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delete {
    /// The message.
    pub target: ContentId,
}

/// An emoji on a message. An account has one on each; another takes its place. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The message.
    pub target: ContentId,
    /// At most 32 bytes; `None` withdraws it.
    pub emoji: Option<String>,
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reaction({:?})", self.target)
    }
}

impl Message for Delete {
    type Proto = proto::DeleteBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { target: ContentId::from_bytes(required_array(proto.target)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DeleteBody { target: Some(self.target.as_bytes().to_vec()) }
    }
}

impl Message for Reaction {
    type Proto = proto::ReactionBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let target = ContentId::from_bytes(required_array(proto.target)?);
        require(proto.emoji.as_deref().is_none_or(is_emoji))?;
        Ok(Self { target, emoji: proto.emoji })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ReactionBody { target: Some(self.target.as_bytes().to_vec()), emoji: self.emoji.clone() }
    }
}
