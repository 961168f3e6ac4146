//! What a device keeps of people, of what was said, and of what its server has. `docs/PROTOCOL.md` §11.6.

use core::fmt;
use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::content::{ContentId, ConversationId, Kind, Known};
use crate::identity::address::Address;
use crate::identity::ids::{AccountId, DeviceId, ids};
use crate::ratchet::Gap;
use crate::server::{ItemId, Token};
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// An account, beside its devices and its consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub(super) account: AccountId,
    pub(super) address: Option<Address>,
    /// Whether a server said so, or only the account itself.
    pub(super) is_looked_up: bool,
    pub(super) handle: Option<[u8; 16]>,
    /// What is not sealed for all devices yet.
    pub(super) waiting: Vec<CommandId>,
    /// Devices whose prekeys are being claimed.
    pub(super) claiming: Vec<DeviceId>,
}

ids! {
    /// Names what an application asks for: 16 bytes that it draws. The same command again is not carried out again.
    CommandId: 16;
}

/// A device for which something is still to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingDevice {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    /// The place for which it stands.
    pub(super) repairs: Option<Gap>,
}

/// What was said here.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub(super) id: CommandId,
    pub(super) with: AccountId,
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) at: Timestamp,
    pub(super) pending: Vec<PendingDevice>,
}

/// A content whose id was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownContent(pub(super) Known);

/// Of what an item is a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmittedItem {
    pub(super) outgoing: CommandId,
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
}

/// To whom a token was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenOwner(pub(super) AccountId);

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({:?}, {} bytes, {} pending)", self.id, self.content.len(), self.pending.len())
    }
}

impl Person {
    pub(super) fn key(vault: &Vault, account: AccountId) -> Key {
        vault.partition(Table::PEOPLE, account.as_bytes()).key(0)
    }

    pub(super) const fn new(account: AccountId) -> Self {
        Self {
            account,
            address: None,
            is_looked_up: false,
            handle: None,
            waiting: Vec::new(),
            claiming: Vec::new(),
        }
    }
}

impl Outgoing {
    pub(super) fn key(vault: &Vault, id: CommandId) -> Key {
        vault.partition(Table::OUTGOING, id.as_bytes()).key(0)
    }
}

impl KnownContent {
    pub(super) fn key(vault: &Vault, id: ContentId) -> Key {
        vault.partition(Table::KNOWN, id.as_bytes()).key(0)
    }
}

impl SubmittedItem {
    pub(super) fn key(vault: &Vault, id: ItemId) -> Key {
        vault.partition(Table::SUBMITTED, id.as_bytes()).key(0)
    }
}

impl TokenOwner {
    pub(super) fn key(vault: &Vault, token: Token) -> Key {
        vault.partition(Table::TOKEN_OWNERS, token.as_bytes()).key(0)
    }
}

pub(super) fn account(bytes: Option<Vec<u8>>) -> Result<AccountId, Rule> {
    required_array(bytes).map(AccountId::from_bytes)
}

pub(super) fn device(bytes: Option<Vec<u8>>) -> Result<DeviceId, Rule> {
    required_array(bytes).map(DeviceId::from_bytes)
}

pub(super) fn address(text: Option<String>) -> Result<Option<Address>, Rule> {
    text.map(|text| text.parse().map_err(|_| Rule::BadValue)).transpose()
}

/// An address, and whether a server said so: of none, nobody did.
pub(super) fn looked_up(
    text: Option<String>,
    is_looked_up: Option<bool>,
) -> Result<(Option<Address>, bool), Rule> {
    let (address, is_looked_up) = (address(text)?, required(is_looked_up)?);
    if is_looked_up && address.is_none() { Err(Rule::Missing) } else { Ok((address, is_looked_up)) }
}

fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Result<(), Rule> {
    let mut seen = BTreeSet::new();
    if items.into_iter().all(|item| seen.insert(item)) { Ok(()) } else { Err(Rule::BadValue) }
}

macro_rules! record {
    ($type:ty, $table:ident) => {
        impl Format for $type {
            const FORMAT: u8 = 1;
        }

        impl Record for $type {
            const TABLE: Table = Table::$table;
        }
    };
}

record!(Person, PEOPLE);
record!(Outgoing, OUTGOING);
record!(KnownContent, KNOWN);
record!(SubmittedItem, SUBMITTED);
record!(TokenOwner, TOKEN_OWNERS);

impl Message for Person {
    type Proto = proto::Person;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let waiting = proto.waiting.into_iter().map(|id| required_array(Some(id)).map(CommandId::from_bytes));
        let waiting = waiting.collect::<Result<Vec<_>, _>>()?;
        let claiming = proto.claiming.into_iter().map(|id| device(Some(id)));
        let claiming = claiming.collect::<Result<Vec<_>, _>>()?;
        distinct(&waiting)?;
        distinct(&claiming)?;
        let (address, is_looked_up) = looked_up(proto.address, proto.is_looked_up)?;
        let handle = proto.handle.map(|handle| required_array(Some(handle))).transpose()?;
        Ok(Self { account: account(proto.account)?, address, is_looked_up, handle, waiting, claiming })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Person {
            account: Some(self.account.as_bytes().to_vec()),
            address: self.address.as_ref().map(ToString::to_string),
            is_looked_up: Some(self.is_looked_up),
            handle: self.handle.map(|handle| handle.to_vec()),
            waiting: self.waiting.iter().map(|id| id.as_bytes().to_vec()).collect(),
            claiming: self.claiming.iter().map(|id| id.as_bytes().to_vec()).collect(),
        }
    }
}

impl Message for PendingDevice {
    type Proto = proto::PendingDevice;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: account(proto.account)?,
            device: device(proto.device)?,
            repairs: proto.repairs.map(Gap::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PendingDevice {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            repairs: self.repairs.as_ref().map(Message::to_proto),
        }
    }
}

impl Message for Outgoing {
    type Proto = proto::Outgoing;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let pending = core::mem::take(&mut proto.pending).into_iter().map(PendingDevice::from_proto);
        let pending = pending.collect::<Result<Vec<_>, _>>()?;
        distinct(pending.iter().map(|pending| (pending.account, pending.device)))?;
        Ok(Self {
            id: CommandId::from_bytes(required_array(proto.id.take())?),
            with: account(proto.with.take())?,
            content: required(proto.content.take())?.into(),
            at: Timestamp::from_millis(required(proto.at)?),
            pending,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Outgoing {
            id: Some(self.id.as_bytes().to_vec()),
            with: Some(self.with.as_bytes().to_vec()),
            content: Some(self.content.to_vec()),
            at: Some(self.at.as_millis()),
            pending: self.pending.iter().map(Message::to_proto).collect(),
        }
    }
}

impl Message for KnownContent {
    type Proto = proto::KnownContent;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let conversation = ConversationId::from_bytes(required_array(proto.conversation)?);
        let kind = Kind::from_number(required(proto.kind)?).ok_or(Rule::BadValue)?;
        Ok(Self(Known { by: account(proto.by)?, conversation, kind }))
    }

    fn to_proto(&self) -> Self::Proto {
        proto::KnownContent {
            by: Some(self.0.by.as_bytes().to_vec()),
            conversation: Some(self.0.conversation.as_bytes().to_vec()),
            kind: Some(self.0.kind.number().into()),
        }
    }
}

impl Message for SubmittedItem {
    type Proto = proto::SubmittedItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            outgoing: CommandId::from_bytes(required_array(proto.outgoing)?),
            account: account(proto.account)?,
            device: device(proto.device)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SubmittedItem {
            outgoing: Some(self.outgoing.as_bytes().to_vec()),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
        }
    }
}

impl Message for TokenOwner {
    type Proto = proto::TokenOwner;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self(account(proto.account)?))
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TokenOwner { account: Some(self.0.as_bytes().to_vec()) }
    }
}
