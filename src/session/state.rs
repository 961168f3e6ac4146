//! What is kept of a session beside its ratchet, and where everything of it lies. `docs/PROTOCOL.md` §9.1, §9.8.

use super::body::{Ack, History, Linking};
use crate::crypto::hash::Hash;
use crate::handshake::{Answering, Awaiting};
use crate::identity::ids::{AccountId, DeviceId};
use crate::ratchet::{BlockId, Position, Tag};
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array};

/// One session, apart from its ratchet.
#[derive(Debug)]
pub struct SessionState {
    /// The account of the other side.
    pub account: AccountId,
    /// The device of the other side.
    pub device: DeviceId,
    pub(super) handshake: Unfinished,
    /// H of the `Initial` that it was made of, at the side that did not begin it.
    pub(super) initial: Option<Hash>,
    /// The newest message that was sealed.
    pub(super) sealed: Option<Ack>,
    /// The newest message that was opened.
    pub(super) opened: Option<Ack>,
}

/// What is left of the handshake until the first answer.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// Nothing.
    Done,
    /// This device has begun, and not heard yet.
    Awaiting(Awaiting, Option<Linking>),
    /// The other one has begun, and was not answered yet.
    Answering(Answering),
}

/// Whose session a tag belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTag {
    /// th2.
    pub session: Hash,
    /// The account of the other side.
    pub account: AccountId,
    /// The device of the other side.
    pub device: DeviceId,
}

impl SessionState {
    pub(super) const fn new(account: AccountId, device: DeviceId, handshake: Unfinished) -> Self {
        Self { account, device, handshake, initial: None, sealed: None, opened: None }
    }

    /// Where it is kept.
    pub fn key(vault: &Vault, session: &Hash) -> Key {
        vault.partition(Table::SESSIONS, session.as_bytes()).key(0)
    }

    /// What to repeat until the first answer.
    pub(super) fn initial_bytes(&self) -> Option<&[u8]> {
        match &self.handshake {
            Unfinished::Awaiting(awaiting, _) => Some(awaiting.initial()),
            Unfinished::Done | Unfinished::Answering(_) => None,
        }
    }

    /// What the session follows, until the first answer.
    pub(super) fn linking(&self) -> Option<Linking> {
        match &self.handshake {
            Unfinished::Awaiting(_, linking) => linking.clone(),
            Unfinished::Done | Unfinished::Answering(_) => None,
        }
    }

    /// The history before the next message to be sealed.
    pub(super) fn before(&self) -> History {
        self.sealed.map(|sealed| sealed.history).unwrap_or_default()
    }

    /// A message was sealed.
    pub(super) fn seal(&mut self, position: Position, message: &[u8]) {
        let history = self.before().with(message);
        self.sealed = Some(Ack { chain: position.chain, next: position.number.saturating_add(1), history });
    }

    /// A message that is newer than all opened before. Whether it follows the newest directly and says that it follows another.
    pub(super) fn open(
        &mut self,
        position: Position,
        message: &[u8],
        before: History,
        follows: bool,
    ) -> bool {
        let earlier = self.opened.map(|opened| opened.history).unwrap_or_default();
        let history = before.with(message);
        self.opened = Some(Ack { chain: position.chain, next: position.number.saturating_add(1), history });
        follows && before != earlier
    }

    /// Whether an ack speaks of what was not sealed here.
    pub(super) fn is_impossible(&self, ack: &Ack) -> bool {
        let Some(sealed) = &self.sealed else { return false };
        let is_same_chain = ack.chain == sealed.chain;
        is_same_chain
            && (ack.next > sealed.next || (ack.next == sealed.next && ack.history != sealed.history))
    }
}

impl SessionTag {
    /// Where the tag's sessions are looked for.
    pub fn range(vault: &Vault, tag: Tag) -> crate::storage::Range {
        vault.partition(Table::SESSION_TAGS, &tag.0).range(0..=u64::MAX, 4)
    }

    pub(super) fn key(&self, vault: &Vault, tag: Tag) -> Key {
        vault.partition(Table::SESSION_TAGS, &tag.0).key(u64::from_be_bytes(self.session.truncated()))
    }
}

/// Where a ratchet is kept.
pub fn ratchet_key(vault: &Vault, session: &Hash) -> Key {
    vault.partition(Table::RATCHETS, session.as_bytes()).key(0)
}

/// Where a block of its kept keys is.
pub fn block_key(vault: &Vault, session: &Hash, block: BlockId) -> Key {
    let name = [session.as_bytes().as_slice(), &block.tag.0].concat();
    vault.partition(Table::SKIPPED_KEYS, &name).key(u64::from(block.index))
}

impl Format for SessionState {
    const FORMAT: u8 = 1;
}

impl Record for SessionState {
    const TABLE: Table = Table::SESSIONS;
}

impl Format for SessionTag {
    const FORMAT: u8 = 1;
}

impl Record for SessionTag {
    const TABLE: Table = Table::SESSION_TAGS;
}

impl Message for SessionState {
    type Proto = proto::SessionState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let linking = proto.linking.map(Linking::from_proto).transpose()?;
        let handshake = match (proto.awaiting, proto.answering) {
            (Some(awaiting), None) => Unfinished::Awaiting(Awaiting::from_proto(awaiting)?, linking),
            (None, Some(answering)) if linking.is_none() => {
                Unfinished::Answering(Answering::from_proto(answering)?)
            }
            (None, None) if linking.is_none() => Unfinished::Done,
            _ => return Err(Rule::BadValue),
        };
        let hash = |bytes: Option<Vec<u8>>| {
            bytes.map(|bytes| Ok::<_, Rule>(Hash::from_bytes(required_array(Some(bytes))?))).transpose()
        };
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            handshake,
            initial: hash(proto.initial)?,
            sealed: proto.sealed.map(Ack::from_proto).transpose()?,
            opened: proto.opened.map(Ack::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (awaiting, linking, answering) = match &self.handshake {
            Unfinished::Done => (None, None, None),
            Unfinished::Awaiting(awaiting, linking) => (Some(awaiting), linking.as_ref(), None),
            Unfinished::Answering(answering) => (None, None, Some(answering)),
        };
        proto::SessionState {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            awaiting: awaiting.map(Awaiting::to_proto),
            linking: linking.map(Linking::to_proto),
            answering: answering.map(Answering::to_proto),
            initial: self.initial.map(|initial| initial.as_bytes().to_vec()),
            sealed: self.sealed.as_ref().map(Ack::to_proto),
            opened: self.opened.as_ref().map(Ack::to_proto),
        }
    }
}

impl Message for SessionTag {
    type Proto = proto::SessionTag;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            session: Hash::from_bytes(required_array(proto.session)?),
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SessionTag {
            session: Some(self.session.as_bytes().to_vec()),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
        }
    }
}
