//! From bytes that a session gave to a content that somebody may say. `docs/PROTOCOL.md` §10.3.

use std::collections::BTreeSet;

use super::contact::ContactConsent;
use super::conversation::{ContentId, Conversation, ConversationId};
use super::{Body, Class, Content, ContentError, Kind};
use crate::identity::account::Account;
use crate::identity::device::Device;
use crate::identity::ids::{AccountId, DeviceId};
use crate::time::Timestamp;
use crate::wire::Wire as _;

/// Who says something: by the session, never by what is said (attack R-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sender {
    /// The account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
    /// Whether the session is proven to be the device's. A contested one (§9.4) is not: somebody holds the keys of the device, which may be
    /// a thief.
    pub is_proven: bool,
}

/// The own account, as its newest manifest has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The account.
    pub account: AccountId,
    /// Its devices.
    pub devices: BTreeSet<DeviceId>,
}

impl Own {
    /// Of a verified account.
    pub fn of(account: &Account) -> Self {
        Self { account: account.id(), devices: account.devices().iter().map(Device::id).collect() }
    }
}

/// A content that its sender may say, with a body that is of its kind. Only [`receive`] makes one, and for another account's the state of
/// consent was asked.
#[derive(Debug)]
pub struct Received {
    id: ContentId,
    conversation: ConversationId,
    peer: AccountId,
    sender: Sender,
    sent_at: Timestamp,
    is_copy: bool,
    body: Body,
}

/// Takes a content. `contact` says how it stands with an account. Of an unproven session only what a conversation shows is taken, and the
/// application marks it: nobody's consent, tokens, receipts, edits or own devices are believed there. Whatever is refused is one event for the application and nothing
/// else: no part of it is used, and nobody is answered.
pub fn receive<'a>(
    content: &[u8],
    sender: Sender,
    own: &Own,
    contact: impl FnOnce(AccountId) -> Option<&'a ContactConsent>,
) -> Result<Received, ContentError> {
    let content = Content::decode(content)?;
    let is_copy = sender.account == own.account;
    if is_copy && !own.devices.contains(&sender.device) {
        return Err(ContentError::UnlistedDevice);
    }
    let Conversation::Direct { with } = content.conversation();
    if !is_copy && with != own.account {
        return Err(ContentError::ForeignConversation);
    }
    if content.kind().class() == Class::Own {
        if !is_copy {
            return Err(ContentError::ForeignSync);
        }
        if with != own.account {
            return Err(ContentError::ForeignConversation);
        }
    }
    if !sender.is_proven && content.kind().class() != Class::Stored {
        return Err(ContentError::Unproven);
    }
    let body = content.body()?;
    let is_permitted = || {
        contact(sender.account).map_or_else(
            || ContactConsent::new().may_receive(content.kind()),
            |contact| contact.may_receive(content.kind()),
        )
    };
    if !is_copy && !is_permitted() {
        return Err(ContentError::NotPermitted);
    }
    Ok(Received {
        id: content.id(sender.account)?,
        conversation: content.conversation().id(sender.account),
        peer: if is_copy { with } else { sender.account },
        sender,
        sent_at: content.sent_at(),
        is_copy,
        body,
    })
}

impl Received {
    /// Its id. One that was taken before is the same content, and is dropped.
    pub const fn id(&self) -> ContentId {
        self.id
    }

    /// Where it belongs.
    pub const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The other account of the conversation; the own one for notes to self and for what own devices tell each other.
    pub const fn peer(&self) -> AccountId {
        self.peer
    }

    /// Who said it.
    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// When, by the sender's clock.
    pub const fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    /// Whether the own account said it, on another device.
    pub const fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// What it says.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// What it says, by value.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// The time under which it is shown: a sender's clock puts nothing into the future.
    pub fn shown_at(&self, arrived: Timestamp) -> Timestamp {
        self.sent_at.min(arrived)
    }
}
