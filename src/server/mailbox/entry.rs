//! What lies in a mailbox, as a device sees it. `docs/PROTOCOL.md` §7.6.

use crate::crypto::hash::Hash;
use crate::identity::address::Domain;
use crate::server::item::{ItemId, Reason, Status};
use crate::server::{DeviceItem, Token};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A place in a log: a number, and a tag that was drawn for what lies there. A log that was set back has other tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The number.
    pub number: u64,
    /// 8 random bytes.
    pub tag: [u8; 8],
}

/// Up to where a device has drained its mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailboxCursor {
    /// The last entry; none before the first.
    pub entry: Option<LogPlace>,
    /// The last gap; none before the first.
    pub gap: Option<LogPlace>,
}

/// An item in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxItem {
    /// Its name.
    pub id: ItemId,
    /// With which token it came.
    pub token: Token,
    /// The payload that belongs to it.
    pub payload: Option<Hash>,
    /// What the sender put into it, 1 byte to 64 KiB.
    pub body: Vec<u8>,
}

/// What became of an item that the device has submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemStatus {
    /// Which.
    pub id: ItemId,
    /// What.
    pub status: Status,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An item for the device.
    Item(MailboxItem),
    /// The status of one of its own.
    Status(ItemStatus),
}

/// An entry of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxEntry {
    /// Where it is.
    pub place: LogPlace,
    /// When it came, by the server's clock. It decides nothing: the order is that of the log.
    pub at: Timestamp,
    /// What it is.
    pub what: What,
}

/// Entries that waited for too long and are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgedEntries {
    /// How many.
    pub count: u64,
    /// When the first of them came.
    pub from: Timestamp,
    /// When the last of them came.
    pub to: Timestamp,
}

/// What another server sent between two times and cannot say: perhaps something for this device, perhaps nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The other server.
    pub domain: Domain,
    /// From when …
    pub from: Timestamp,
    /// … until when.
    pub to: Timestamp,
}

/// An answer to a device that drains: at most 100 entries, at most 1 MiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// The cursor is not of this log, because the server or the device was set back. The answer begins after what was last acknowledged.
    pub lost: bool,
    /// What went by age since the last acknowledgement.
    pub aged: Option<AgedEntries>,
    /// What other servers cannot say, at most 16.
    pub gaps: Vec<Gap>,
    /// The entries.
    pub entries: Vec<MailboxEntry>,
    /// The payloads that they name, each once.
    pub payloads: Vec<Vec<u8>>,
    /// With what to drain the next time. That acknowledges all of this.
    pub next: MailboxCursor,
    /// There is more to drain at once.
    pub more: bool,
}

impl MailboxItem {
    pub(super) fn new(id: ItemId, item: &DeviceItem) -> Self {
        Self { id, token: item.token, payload: item.payload, body: item.body.clone() }
    }
}

impl Message for LogPlace {
    type Proto = proto::LogPlace;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { number: required(proto.number)?, tag: required_array(proto.tag)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LogPlace { number: Some(self.number), tag: Some(self.tag.to_vec()) }
    }
}

impl Message for MailboxCursor {
    type Proto = proto::MailboxCursor;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let place = |place: Option<proto::LogPlace>| place.map(LogPlace::from_proto).transpose();
        Ok(Self { entry: place(proto.entry)?, gap: place(proto.gap)? })
    }

    fn to_proto(&self) -> Self::Proto {
        let place = |place: &Option<LogPlace>| place.as_ref().map(Message::to_proto);
        proto::MailboxCursor { entry: place(&self.entry), gap: place(&self.gap) }
    }
}

impl Message for MailboxItem {
    type Proto = proto::MailboxItem;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let payload = proto.payload.map(|hash| required_array(Some(hash)).map(Hash::from_bytes));
        Ok(Self {
            id: ItemId::from_bytes(required_array(proto.id)?),
            token: Token::from_bytes(required_array(proto.token)?),
            payload: payload.transpose()?,
            body: required(proto.body)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::MailboxItem {
            id: Some(self.id.as_bytes().to_vec()),
            token: Some(self.token.as_bytes().to_vec()),
            payload: self.payload.map(|hash| hash.as_bytes().to_vec()),
            body: Some(self.body.clone()),
        }
    }
}

impl Message for ItemStatus {
    type Proto = proto::ItemStatus;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::StatusCode as Code;
        let code = Code::try_from(required(proto.code)?).map_err(|_| Rule::BadValue)?;
        let status = match (code, proto.reason, proto.since) {
            (Code::Delivered, None, None) => Status::Delivered,
            (Code::Refused, Some(reason), None) => Status::Refused(Reason::from_number(reason)?),
            (Code::Gone, None, None) => Status::Gone,
            (Code::Expired, None, None) => Status::Expired,
            (Code::Uncertain, None, None) => Status::Uncertain,
            (Code::Waiting, None, Some(since)) => Status::Waiting(Timestamp::from_millis(since)),
            _ => return Err(Rule::BadValue),
        };
        Ok(Self { id: ItemId::from_bytes(required_array(proto.id)?), status })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::StatusCode as Code;
        let (code, reason, since) = match self.status {
            Status::Delivered => (Code::Delivered, None, None),
            Status::Refused(reason) => (Code::Refused, Some(reason.to_proto().into()), None),
            Status::Gone => (Code::Gone, None, None),
            Status::Expired => (Code::Expired, None, None),
            Status::Uncertain => (Code::Uncertain, None, None),
            Status::Waiting(since) => (Code::Waiting, None, Some(since.as_millis())),
        };
        proto::ItemStatus { id: Some(self.id.as_bytes().to_vec()), code: Some(code.into()), reason, since }
    }
}

impl Message for MailboxEntry {
    type Proto = proto::MailboxEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let what = match required(proto.what)? {
            proto::mailbox_entry::What::Item(item) => What::Item(MailboxItem::from_proto(item)?),
            proto::mailbox_entry::What::Status(status) => What::Status(ItemStatus::from_proto(status)?),
        };
        let at = Timestamp::from_millis(required(proto.at)?);
        Ok(Self { place: LogPlace::from_proto(required(proto.place)?)?, at, what })
    }

    fn to_proto(&self) -> Self::Proto {
        let what = match &self.what {
            What::Item(item) => proto::mailbox_entry::What::Item(item.to_proto()),
            What::Status(status) => proto::mailbox_entry::What::Status(status.to_proto()),
        };
        let place = Some(self.place.to_proto());
        proto::MailboxEntry { place, at: Some(self.at.as_millis()), what: Some(what) }
    }
}

impl Message for AgedEntries {
    type Proto = proto::AgedEntries;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            count: required(proto.count)?,
            from: Timestamp::from_millis(required(proto.from)?),
            to: Timestamp::from_millis(required(proto.to)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (from, to) = (Some(self.from.as_millis()), Some(self.to.as_millis()));
        proto::AgedEntries { count: Some(self.count), from, to }
    }
}

impl Message for Gap {
    type Proto = proto::Gap;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            from: Timestamp::from_millis(required(proto.from)?),
            to: Timestamp::from_millis(required(proto.to)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (from, to) = (Some(self.from.as_millis()), Some(self.to.as_millis()));
        proto::Gap { domain: Some(self.domain.to_string()), from, to }
    }
}

impl Message for Drained {
    type Proto = proto::Drained;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let payloads = proto.payloads.into_iter().map(|payload| required(payload.body));
        Ok(Self {
            lost: required(proto.lost)?,
            aged: proto.aged.map(AgedEntries::from_proto).transpose()?,
            gaps: proto.gaps.into_iter().map(Gap::from_proto).collect::<Result<_, _>>()?,
            entries: proto.entries.into_iter().map(MailboxEntry::from_proto).collect::<Result<_, _>>()?,
            payloads: payloads.collect::<Result<_, _>>()?,
            next: MailboxCursor::from_proto(required(proto.next)?)?,
            more: required(proto.more)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let payload = |body: &Vec<u8>| proto::PayloadItem { body: Some(body.clone()) };
        proto::Drained {
            lost: Some(self.lost),
            aged: self.aged.as_ref().map(Message::to_proto),
            gaps: self.gaps.iter().map(Message::to_proto).collect(),
            entries: self.entries.iter().map(Message::to_proto).collect(),
            payloads: self.payloads.iter().map(payload).collect(),
            next: Some(self.next.to_proto()),
            more: Some(self.more),
        }
    }
}
