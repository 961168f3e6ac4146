//! Items: what servers pass on, and what becomes of it. `docs/PROTOCOL.md` §7.5.

use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::{absorb::Absorb as _, label};
use crate::identity::address::{Address, Domain};
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId, ids};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::{Pseudonym, Token};

ids! {
    /// An item: 16 bytes that its sender drew. The same in every copy.
    ItemId: 16;
}

/// An item, as it travels between servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub id: ItemId,
    /// What it is.
    pub kind: Kind,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For the mailbox of a device.
    Device(DeviceItem),
    /// For the request inbox of an address.
    Request(RequestItem),
    /// A payload, 1 byte to 512 KiB, that other items name by its hash.
    Payload(Vec<u8>),
}

/// For the mailbox of a device whose owner gave the sender a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceItem {
    /// Says whose mailboxes, and that the sender may.
    pub token: Token,
    /// Which of them.
    pub device: DeviceId,
    /// The recipient's manifest that the sender used.
    pub order: Order,
    /// The payload that belongs to it.
    pub payload: Option<Hash>,
    /// 1 byte to 64 KiB.
    pub body: Vec<u8>,
}

/// For the request inbox of an address: a stranger's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestItem {
    /// Whose.
    pub address: Address,
    /// For which device.
    pub device: DeviceId,
    /// Who, as its server names it to this address.
    pub pseudonym: Pseudonym,
    /// The payload that belongs to it.
    pub payload: Option<Hash>,
    /// 1 byte to 64 KiB.
    pub body: Vec<u8>,
}

/// Where an item comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A user of this server.
    Local(AccountId),
    /// Another server.
    Peer(Domain),
}

/// Who submitted an item, and hears what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submitter {
    /// The account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
}

/// What a server says about one item, and about nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What became of it.
    pub code: Code,
    /// The recipient has a newer manifest than the one that the sender used.
    pub stale: Option<Stale>,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It is in the mailbox, durably, or in the sink of whoever was blocked.
    Accepted,
    /// It never will be.
    Refused(Reason),
    /// Not now: again after this time.
    Busy(Span),
    /// The device is no longer the account's.
    Gone,
}

/// Why an item is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not an item.
    Malformed,
    /// No mailbox under this token.
    Unknown,
    /// It names a payload that is not there.
    NoPayload,
}

/// Which manifest the recipient has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The account.
    pub account: AccountId,
    /// The order of its newest manifest.
    pub order: Order,
    /// The hash of that.
    pub hash: Hash,
}

/// What a submitter is told about an item. All but `Waiting` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Accepted by the recipient's server.
    Delivered,
    /// Refused by it.
    Refused(Reason),
    /// The device is no longer the account's.
    Gone,
    /// Not delivered before its deadline.
    Expired,
    /// It may have been delivered or not.
    Uncertain,
    /// The recipient's server does not answer since then.
    Waiting(Timestamp),
}

impl Verdict {
    /// A verdict without more.
    pub const fn of(code: Code) -> Self {
        Self { code, stale: None }
    }
}

impl Item {
    /// What a stream is made of: the hash of the item as it travels.
    pub fn hash(encoded: &[u8]) -> Hash {
        Hasher::new(label::hash::ITEM).last(encoded)
    }
}

/// A payload's name, or none.
fn payload(proto: Option<Vec<u8>>) -> Result<Option<Hash>, Rule> {
    proto.map(|bytes| required_array(Some(bytes)).map(Hash::from_bytes)).transpose()
}

/// An address inside a message.
pub(crate) fn address(text: Option<String>) -> Result<Address, Rule> {
    required(text)?.parse().map_err(|_| Rule::BadValue)
}

impl Message for DeviceItem {
    type Proto = proto::DeviceItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            token: Token::from_bytes(required_array(proto.token)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            payload: payload(proto.payload)?,
            body: required(proto.body)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DeviceItem {
            token: Some(self.token.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            term: Some(self.order.term),
            version: Some(self.order.version),
            payload: self.payload.map(|hash| hash.as_bytes().to_vec()),
            body: Some(self.body.clone()),
        }
    }
}

impl Message for RequestItem {
    type Proto = proto::RequestItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            address: address(proto.address)?,
            device: DeviceId::from_bytes(required_array(proto.device)?),
            pseudonym: Pseudonym::from_bytes(required_array(proto.pseudonym)?),
            payload: payload(proto.payload)?,
            body: required(proto.body)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::RequestItem {
            address: Some(self.address.to_string()),
            device: Some(self.device.as_bytes().to_vec()),
            pseudonym: Some(self.pseudonym.as_bytes().to_vec()),
            payload: self.payload.map(|hash| hash.as_bytes().to_vec()),
            body: Some(self.body.clone()),
        }
    }
}

impl Message for Item {
    type Proto = proto::Item;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::item::Kind as Member;
        let kind = match required(proto.kind)? {
            Member::Device(item) => Kind::Device(DeviceItem::from_proto(item)?),
            Member::Request(item) => Kind::Request(RequestItem::from_proto(item)?),
            Member::Payload(item) => Kind::Payload(required(item.body)?),
        };
        Ok(Self { id: ItemId::from_bytes(required_array(proto.id)?), kind })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::item::Kind as Member;
        let kind = match &self.kind {
            Kind::Device(item) => Member::Device(item.to_proto()),
            Kind::Request(item) => Member::Request(item.to_proto()),
            Kind::Payload(body) => Member::Payload(proto::PayloadItem { body: Some(body.clone()) }),
        };
        proto::Item { id: Some(self.id.as_bytes().to_vec()), kind: Some(kind) }
    }
}

impl Message for Stale {
    type Proto = proto::StaleAccount;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            hash: Hash::from_bytes(required_array(proto.hash)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::StaleAccount {
            account: Some(self.account.as_bytes().to_vec()),
            term: Some(self.order.term),
            version: Some(self.order.version),
            hash: Some(self.hash.as_bytes().to_vec()),
        }
    }
}

impl Reason {
    pub(super) const fn to_proto(self) -> proto::RefusalReason {
        match self {
            Self::Malformed => proto::RefusalReason::Malformed,
            Self::Unknown => proto::RefusalReason::Unknown,
            Self::NoPayload => proto::RefusalReason::NoPayload,
        }
    }

    pub(super) fn from_number(number: i32) -> Result<Self, Rule> {
        match proto::RefusalReason::try_from(number) {
            Ok(proto::RefusalReason::Malformed) => Ok(Self::Malformed),
            Ok(proto::RefusalReason::Unknown) => Ok(Self::Unknown),
            Ok(proto::RefusalReason::NoPayload) => Ok(Self::NoPayload),
            Ok(proto::RefusalReason::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }
}

impl Message for Verdict {
    type Proto = proto::Verdict;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let code = required(proto.code)?;
        let code = proto::VerdictCode::try_from(code).map_err(|_| Rule::BadValue)?;
        let code = match (code, proto.reason, proto.retry_after) {
            (proto::VerdictCode::Accepted, None, None) => Code::Accepted,
            (proto::VerdictCode::Refused, Some(reason), None) => Code::Refused(Reason::from_number(reason)?),
            (proto::VerdictCode::Busy, None, Some(after)) => Code::Busy(Span::from_millis(after)),
            (proto::VerdictCode::Gone, None, None) => Code::Gone,
            _ => return Err(Rule::BadValue),
        };
        Ok(Self { code, stale: proto.stale.map(Stale::from_proto).transpose()? })
    }

    fn to_proto(&self) -> Self::Proto {
        let (code, reason, retry_after) = match self.code {
            Code::Accepted => (proto::VerdictCode::Accepted, None, None),
            Code::Refused(reason) => (proto::VerdictCode::Refused, Some(reason.to_proto()), None),
            Code::Busy(after) => (proto::VerdictCode::Busy, None, Some(after.as_millis())),
            Code::Gone => (proto::VerdictCode::Gone, None, None),
        };
        proto::Verdict {
            code: Some(code.into()),
            reason: reason.map(Into::into),
            retry_after,
            stale: self.stale.as_ref().map(Message::to_proto),
        }
    }
}
