//! How a mailbox is kept. `docs/PROTOCOL.md` §7.6.

use super::entry::{AgedEntries, ItemStatus, LogPlace, MailboxItem};
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// The state of a mailbox. Every step that appends to the log or trims it changes this too, so what it says of the log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MailboxState {
    /// How many entries wait …
    pub(super) entries: u32,
    /// … and their sizes, with those of the payloads that they name.
    pub(super) bytes: u64,
    /// What was last acknowledged, or went by age: nothing up to there is in the log.
    pub(super) floor: Option<LogPlace>,
    /// What went by age and was not yet shown and acknowledged.
    pub(super) aged: Option<AgedEntries>,
    /// The last gap that was shown and acknowledged.
    pub(super) gap: Option<LogPlace>,
    /// Where the device wants to be woken.
    pub(super) push: Option<Vec<u8>>,
    /// It was woken, and has not drained since.
    pub(super) is_woken: bool,
    /// A timer runs that looks for what is too old.
    pub(super) is_timed: bool,
}

/// An entry of a mailbox's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) tag: [u8; 8],
    pub(super) at: Timestamp,
    /// What it counts for in the mailbox.
    pub(super) size: u64,
    pub(super) what: KeptWhat,
    /// The name of the record of the payload that it holds.
    pub(super) payload: Option<[u8; 24]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeptWhat {
    Item(MailboxItem),
    Status(ItemStatus),
    /// An item whose sender is blocked. It lies where nobody drains.
    Sunk,
}

/// That a mailbox holds an item: what comes twice is told from what comes once, and counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held;

impl MailboxState {
    pub(super) const fn new() -> Self {
        Self {
            entries: 0,
            bytes: 0,
            floor: None,
            aged: None,
            gap: None,
            push: None,
            is_woken: false,
            is_timed: false,
        }
    }

    /// The number up to which nothing is in the log.
    pub(super) fn start(&self) -> u64 {
        self.floor.map_or(0, |floor| floor.number)
    }
}

impl Message for MailboxState {
    type Proto = proto::MailboxState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            entries: required(proto.entries)?,
            bytes: required(proto.bytes)?,
            floor: proto.floor.map(LogPlace::from_proto).transpose()?,
            aged: proto.aged.map(AgedEntries::from_proto).transpose()?,
            gap: proto.gap.map(LogPlace::from_proto).transpose()?,
            push: proto.push,
            is_woken: required(proto.is_woken)?,
            is_timed: required(proto.is_timed)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::MailboxState {
            entries: Some(self.entries),
            bytes: Some(self.bytes),
            floor: self.floor.as_ref().map(Message::to_proto),
            aged: self.aged.as_ref().map(Message::to_proto),
            gap: self.gap.as_ref().map(Message::to_proto),
            push: self.push.clone(),
            is_woken: Some(self.is_woken),
            is_timed: Some(self.is_timed),
        }
    }
}

impl Message for Kept {
    type Proto = proto::KeptEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let what = match required(proto.what)? {
            proto::kept_entry::What::Item(item) => KeptWhat::Item(MailboxItem::from_proto(item)?),
            proto::kept_entry::What::Status(status) => KeptWhat::Status(ItemStatus::from_proto(status)?),
            proto::kept_entry::What::Sunk(proto::SunkItem {}) => KeptWhat::Sunk,
        };
        Ok(Self {
            tag: required_array(proto.tag)?,
            at: Timestamp::from_millis(required(proto.at)?),
            size: required(proto.size)?,
            what,
            payload: proto.payload.map(|name| required_array(Some(name))).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let what = match &self.what {
            KeptWhat::Item(item) => proto::kept_entry::What::Item(item.to_proto()),
            KeptWhat::Status(status) => proto::kept_entry::What::Status(status.to_proto()),
            KeptWhat::Sunk => proto::kept_entry::What::Sunk(proto::SunkItem {}),
        };
        proto::KeptEntry {
            tag: Some(self.tag.to_vec()),
            at: Some(self.at.as_millis()),
            size: Some(self.size),
            what: Some(what),
            payload: self.payload.map(|name| name.to_vec()),
        }
    }
}

impl Message for Held {
    type Proto = proto::HeldItem;

    fn from_proto(_: Self::Proto) -> Result<Self, Rule> {
        Ok(Self)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::HeldItem {}
    }
}

impl Format for MailboxState {
    const FORMAT: u8 = 1;
}

impl Record for MailboxState {
    const TABLE: Table = Table::MAILBOXES;
}

impl Format for Kept {
    const FORMAT: u8 = 1;
}

impl Record for Kept {
    const TABLE: Table = Table::MAILBOX_LOG;
}

impl Format for Held {
    const FORMAT: u8 = 1;
}

impl Record for Held {
    const TABLE: Table = Table::HELD_ITEMS;
}
