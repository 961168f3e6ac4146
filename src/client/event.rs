//! What an application is told. `docs/PROTOCOL.md` §11.5.

use core::fmt;

use zeroize::Zeroizing;

use super::record::CommandId;
use crate::content::{Body, ConsentState, Content, ContentError, ContentId, Conversation};
use crate::identity::address::{Address, Domain};
use crate::identity::ids::{AccountId, DeviceId};
use crate::time::Timestamp;
use crate::wire::{DecodeError, Wire as _};

/// An event. It is in the same transaction as what it tells of: it comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server knows the account under its address.
    Registered(AccountId),
    /// The server does not want to, with its reason: the address is taken, or the operator does not permit it.
    RegistrationRefused(Refusal),
    /// Whose an address is, by the word of its server; nobody's, if there is no account.
    LookedUp(Address, Option<AccountId>),
    /// How it stands with a contact now.
    Contact {
        /// With whom.
        account: AccountId,
        /// How.
        state: ConsentState,
        /// Under which address.
        address: Option<Address>,
        /// Whether the address is what its server said. Otherwise it is what the account says of itself: look it up before it is shown as a fact.
        is_looked_up: bool,
    },
    /// Something was said.
    Message(Said),
    /// What became of something that was said here, for one device.
    Progress {
        /// The command.
        id: CommandId,
        /// For which account …
        account: AccountId,
        /// … and device.
        device: DeviceId,
        /// How far it is.
        stage: Stage,
    },
    /// Something came and cannot be read.
    Unreadable {
        /// The class of the error, Appendix A.
        class: String,
        /// From whom, if that is known.
        from: Option<(AccountId, Option<DeviceId>)>,
    },
    /// Something that a person should know about an account, or a device of it.
    Notice {
        /// What.
        what: NoticeKind,
        /// Which account.
        account: AccountId,
        /// Which device.
        device: Option<DeviceId>,
        /// How many messages, of what is missing.
        count: Option<u32>,
    },
    /// The server has lost, or deleted by age, what was never fetched.
    Missed {
        /// How many, if that is known.
        count: Option<u64>,
        /// Since when …
        from: Timestamp,
        /// … and until when.
        to: Timestamp,
        /// Of which other server.
        domain: Option<Domain>,
    },
}

/// Something that was said.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// The encoded [`Content`].
    pub content: Zeroizing<Vec<u8>>,
    /// By whom: one's own account, if another own device said it.
    pub account: AccountId,
    /// By which device.
    pub device: DeviceId,
    /// When it came, by the clock of the server.
    pub arrived: Timestamp,
    /// Whether the session proves that the device said it. Show it marked if not.
    pub is_proven: bool,
    /// Whether a person has compared the sender's identity.
    pub is_verified: bool,
    /// Whether one's own account said it, by another device.
    pub is_copy: bool,
}

/// Why a server does not take an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The operator does not permit it, or not without an invitation.
    Denied,
    /// The address is somebody else's.
    Taken,
    /// The server does not accept what it was sent.
    Invalid,
}

/// How far a message for one device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The own server has it.
    HandedOver,
    /// It waits for the other server, which has not answered since then.
    Waiting(Timestamp),
    /// It is in the mailbox of the device.
    Delivered,
    /// It will not be delivered: say it again, if it still matters.
    Failed,
    /// It may have been delivered, or not.
    Uncertain,
    /// Nothing can be sealed for the account before a person has decided on its new identity.
    Held,
}

/// What a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The account has another identity: nothing is sealed for it until somebody accepts that.
    IdentityChanged,
    /// The account's chain has forked: somebody has signed two histories.
    Forked,
    /// The account has other devices.
    DevicesChanged,
    /// The device was copied, or set back.
    Copied,
    /// This device was copied, or set back.
    SelfCopied,
    /// A session is contested.
    Contested,
    /// The keys of the device are in the hands of somebody else.
    IdentityCopied,
    /// A session took the place of another without proof.
    Replaced,
    /// The session is not healed post-quantum any more.
    LaneClosed,
    /// Messages were passed; they may still come.
    Gap,
    /// Messages have not come, and will not.
    Lost,
    /// The own server presents another identity than before: nothing is sent to it.
    ServerChanged,
}

impl Said {
    /// The content.
    pub fn content(&self) -> Result<Content, DecodeError> {
        Content::decode(&self.content)
    }

    /// What it says.
    pub fn body(&self) -> Result<Body, ContentError> {
        self.content()?.body()
    }

    /// By what others refer to it.
    pub fn id(&self) -> Result<ContentId, ContentError> {
        Ok(self.content()?.id(self.account)?)
    }

    /// With whom the conversation is.
    pub fn peer(&self) -> Result<AccountId, DecodeError> {
        let Conversation::Direct { with } = self.content()?.conversation();
        Ok(if self.is_copy { with } else { self.account })
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:?}, {:?}, {} bytes)", self.account, self.device, self.content.len())
    }
}
