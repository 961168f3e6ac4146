//! What somebody is or wants: a name, a lifetime of messages, to be seen writing. `docs/PROTOCOL.md` §10.7, §10.9.

use core::fmt;

use super::file::AttachmentInfo;
use super::strict::{is_name, lifetime, require};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// How long somebody is seen writing after saying so.
const TYPING: Span = Span::from_secs(30);

/// How long new messages of the conversation are to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Seconds, at most 366 days; `None` for ever.
    pub lifetime: Option<u32>,
}

/// How somebody wants to be shown. It is what they say, not who they are. `Debug` prints no name.
pub struct Profile {
    /// One line of at most 128 bytes.
    pub name: String,
    /// A picture among the sender's blobs.
    pub avatar: Option<AttachmentInfo>,
}

/// Is writing, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// Began to.
    Started,
    /// Has stopped.
    Stopped,
}

impl Typing {
    /// Until when somebody who said this at `sent_at` is shown as writing; `None` if not, or not any more. A sender whose clock is off by
    /// more than 30 seconds is not shown.
    pub fn until(self, sent_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let is_near = now.since(sent_at) <= TYPING && sent_at.since(now) <= TYPING;
        (self == Self::Started && is_near).then(|| sent_at.min(now).plus(TYPING))
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(..)")
    }
}

impl Message for Timer {
    type Proto = proto::TimerBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { lifetime: lifetime(proto.lifetime)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TimerBody { lifetime: self.lifetime }
    }
}

impl Message for Profile {
    type Proto = proto::ProfileBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let name = required(proto.name)?;
        require(is_name(&name))?;
        Ok(Self { name, avatar: proto.avatar.map(Message::from_proto).transpose()? })
    }

    fn to_proto(&self) -> Self::Proto {
        let avatar = self.avatar.as_ref().map(Message::to_proto);
        proto::ProfileBody { name: Some(self.name.clone()), avatar }
    }
}

impl Message for Typing {
    type Proto = proto::TypingBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        match proto::TypingState::try_from(required(proto.state)?) {
            Ok(proto::TypingState::Started) => Ok(Self::Started),
            Ok(proto::TypingState::Stopped) => Ok(Self::Stopped),
            Ok(proto::TypingState::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }

    fn to_proto(&self) -> Self::Proto {
        let state = match self {
            Self::Started => proto::TypingState::Started,
            Self::Stopped => proto::TypingState::Stopped,
        };
        proto::TypingBody { state: Some(state.into()) }
    }
}
