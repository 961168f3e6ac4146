//! Names of records and logs. `docs/PROTOCOL.md` §2.12.

use core::fmt;
use core::ops::RangeInclusive;

use super::limits;
use crate::time::Timestamp;

/// What kind of records a table holds. This is the registry: no two kinds share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(u8);

impl Table {
    /// [Timers](super::timer) by due time.
    pub const TIMERS_DUE: Self = Self(1);
    /// [Timers](super::timer) by the time they were set.
    pub const TIMERS_SET: Self = Self(2);
    /// [Jobs](super::job).
    pub const JOBS: Self = Self(3);
    /// [Ratchets](crate::ratchet::Ratchet), one for each session.
    pub const RATCHETS: Self = Self(4);
    /// [Keys of messages that were passed](crate::ratchet::SkippedBlock).
    pub const SKIPPED_KEYS: Self = Self(5);
    /// Other servers, as they are known.
    pub const PEERS: Self = Self(10);
    /// Links to other servers.
    pub const LINKS: Self = Self(11);
    /// Streams to other servers.
    pub const OUTBOUND_STREAMS: Self = Self(12);
    /// Items on their way to other servers: logs.
    pub const OUTBOX: Self = Self(13);
    /// Streams from other servers.
    pub const INBOUND_STREAMS: Self = Self(14);
    /// Recipients at other servers who are busy.
    pub const PARKED: Self = Self(15);
    /// Questions to other servers.
    pub const QUESTIONS: Self = Self(16);
    /// [What is known of domains](crate::server::discovery).
    pub const DOMAINS: Self = Self(17);
    /// [Accounts](crate::server::directory::AccountEntry) of this server.
    pub const ACCOUNTS: Self = Self(20);
    /// [Whose an address is](crate::server::directory::AddressOwner).
    pub const ADDRESSES: Self = Self(21);
    /// Manifests of other servers.
    pub const PEER_MANIFESTS: Self = Self(18);
    /// Whose an identity key is.
    pub const KEY_REGISTRY: Self = Self(22);
    /// Manifests of accounts, and evidence of their forks.
    pub const MANIFESTS: Self = Self(23);
    /// Bundle and stock of a device.
    pub const PREKEYS: Self = Self(24);
    /// One-time pairs of a device's stock.
    pub const ONE_TIME_PAIRS: Self = Self(25);
    /// Claims that were answered.
    pub const CLAIM_GRANTS: Self = Self(26);
    /// Who has claimed and looked up how much.
    pub const CLAIM_BUDGETS: Self = Self(27);
    /// Invites to register.
    pub const INVITES: Self = Self(28);
    /// What devices asked for last, and were answered.
    pub const ANSWERED: Self = Self(29);
    /// [What recipients gave to senders](crate::server::mailbox).
    pub const TOKENS: Self = Self(30);
    /// The state of each mailbox.
    pub const MAILBOXES: Self = Self(31);
    /// What waits in a mailbox: a log of each.
    pub const MAILBOX_LOG: Self = Self(32);
    /// Payloads that wait, and who holds them.
    pub const PAYLOADS: Self = Self(33);
    /// First messages of strangers.
    pub const REQUESTS: Self = Self(34);
    /// The state of the request inbox of each address.
    pub const REQUEST_STATE: Self = Self(35);
    /// What other servers cannot say: one log.
    pub const GAPS: Self = Self(36);
    /// Mailboxes of devices that are being linked.
    pub const LINK_MAILBOXES: Self = Self(37);
    /// Which items a mailbox holds.
    pub const HELD_ITEMS: Self = Self(38);
    /// What each origin may still do.
    pub const ORIGINS: Self = Self(39);
    /// [What is known of an account](crate::session::Contact).
    pub const CONTACTS: Self = Self(40);
    /// Its [manifest](crate::session::ContactManifest).
    pub const CONTACT_MANIFESTS: Self = Self(41);
    /// [The sessions with a device](crate::session::DeviceSessions).
    pub const DEVICE_SESSIONS: Self = Self(42);
    /// [Whose session a tag belongs to](crate::session::SessionTag).
    pub const SESSION_TAGS: Self = Self(43);
    /// [What is kept of a session beside its ratchet](crate::session::SessionState).
    pub const SESSIONS: Self = Self(44);
    /// Private halves of one's own bundles.
    pub const OWN_BUNDLES: Self = Self(45);
    /// Private halves of one's own one-time pairs.
    pub const OWN_ONE_TIME: Self = Self(46);
    /// First flights that were accepted.
    pub const REPLAYS: Self = Self(47);
    /// [What was sealed and is not settled](crate::session::SentMessage): a log of each device.
    pub const SENT: Self = Self(48);
    /// Accounts that a message is still to be [sealed for](crate::session::fan_out).
    pub const RECIPIENTS: Self = Self(49);
    /// [Receipts that are due](crate::content::ReceiptBatch).
    pub const RECEIPTS: Self = Self(50);
    /// [How it stands with contacts](crate::content::ContactConsent).
    pub const CONSENTS: Self = Self(51);
    /// Who a device is.
    pub const CLIENT_ACCOUNT: Self = Self(52);
    /// How far it is.
    pub const CLIENT_STATE: Self = Self(53);
    /// What its server is asked to do.
    pub const ERRANDS: Self = Self(54);
    /// What a device knows of [people](crate::client).
    pub const PEOPLE: Self = Self(55);
    /// What was said.
    pub const OUTGOING: Self = Self(56);
    /// Contents that were said or taken.
    pub const KNOWN: Self = Self(57);
    /// Items that its server has.
    pub const SUBMITTED: Self = Self(58);
    /// To whom tokens were given.
    pub const TOKEN_OWNERS: Self = Self(59);
    /// Specimens: tests, vectors, and the [conformance suite](super::conformance).
    pub const SPECIMENS: Self = Self(255);

    /// All tables.
    pub const ALL: &[Self] = &[
        Self::TIMERS_DUE,
        Self::TIMERS_SET,
        Self::JOBS,
        Self::RATCHETS,
        Self::SKIPPED_KEYS,
        Self::PEERS,
        Self::LINKS,
        Self::OUTBOUND_STREAMS,
        Self::OUTBOX,
        Self::INBOUND_STREAMS,
        Self::PARKED,
        Self::QUESTIONS,
        Self::DOMAINS,
        Self::ACCOUNTS,
        Self::ADDRESSES,
        Self::PEER_MANIFESTS,
        Self::KEY_REGISTRY,
        Self::MANIFESTS,
        Self::PREKEYS,
        Self::ONE_TIME_PAIRS,
        Self::CLAIM_GRANTS,
        Self::CLAIM_BUDGETS,
        Self::INVITES,
        Self::ANSWERED,
        Self::TOKENS,
        Self::MAILBOXES,
        Self::MAILBOX_LOG,
        Self::PAYLOADS,
        Self::REQUESTS,
        Self::REQUEST_STATE,
        Self::GAPS,
        Self::LINK_MAILBOXES,
        Self::HELD_ITEMS,
        Self::ORIGINS,
        Self::CONTACTS,
        Self::CONTACT_MANIFESTS,
        Self::DEVICE_SESSIONS,
        Self::SESSION_TAGS,
        Self::SESSIONS,
        Self::OWN_BUNDLES,
        Self::OWN_ONE_TIME,
        Self::REPLAYS,
        Self::SENT,
        Self::RECIPIENTS,
        Self::RECEIPTS,
        Self::CONSENTS,
        Self::CLIENT_ACCOUNT,
        Self::CLIENT_STATE,
        Self::ERRANDS,
        Self::PEOPLE,
        Self::OUTGOING,
        Self::KNOWN,
        Self::SUBMITTED,
        Self::TOKEN_OWNERS,
        Self::SPECIMENS,
    ];

    /// The number under which a store keeps the table.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The name of a record or of a log: a table, and 24 bytes that are ordered as bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    table: Table,
    name: [u8; 24],
}

impl Key {
    /// The key that a store has kept as these bytes.
    pub const fn new(table: Table, name: [u8; 24]) -> Self {
        Self { table, name }
    }

    /// The table.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// The name within the table.
    pub const fn name(&self) -> &[u8; 24] {
        &self.name
    }

    /// The first eight bytes as a time: of a record in a table ordered by time.
    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.name.first_chunk().map_or(0, |time| u64::from_be_bytes(*time)))
    }

    /// The last eight bytes as a number: a record's suffix in its partition.
    pub fn suffix(&self) -> u64 {
        self.name.last_chunk().map_or(0, |suffix| u64::from_be_bytes(*suffix))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}:", self.table.0)?;
        self.name.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Records of a table that belong together, under one pseudo-random prefix. Made by [`Vault::partition`](super::Vault::partition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    table: Table,
    prefix: [u8; 16],
}

impl Partition {
    pub(super) const fn new(table: Table, prefix: [u8; 16]) -> Self {
        Self { table, prefix }
    }

    pub(super) const fn prefix(self) -> [u8; 16] {
        self.prefix
    }

    /// The record, or the log, with this suffix.
    pub fn key(&self, suffix: u64) -> Key {
        Key { table: self.table, name: joined(self.prefix, suffix.to_be_bytes()) }
    }

    /// The first `max` records whose suffixes lie in a range.
    pub fn range(&self, suffixes: RangeInclusive<u64>, max: u16) -> Range {
        Range::new(self.key(*suffixes.start()), *self.key(*suffixes.end()).name(), max)
    }
}

/// The first records of a table from one name to another, both included.
///
/// A scan decides nothing: what it finds may be incomplete, and what it found may be gone. It is always within one partition, or
/// in a table ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    from: Key,
    to: [u8; 24],
    max: u16,
}

impl Range {
    fn new(from: Key, to: [u8; 24], max: u16) -> Self {
        Self { from, to, max: max.min(limits::SCAN_ROWS) }
    }

    /// The first `max` records of a table ordered by time, from one time to another.
    pub(super) fn in_time(table: Table, times: RangeInclusive<Timestamp>, max: u16) -> Self {
        Self::new(
            Key { table, name: in_time(*times.start(), [0; 16]) },
            in_time(*times.end(), [0xff; 16]),
            max,
        )
    }

    /// The table.
    pub const fn table(&self) -> Table {
        self.from.table
    }

    /// The first name that belongs to the range.
    pub const fn from(&self) -> &[u8; 24] {
        &self.from.name
    }

    /// The last name that belongs to the range.
    pub const fn to(&self) -> &[u8; 24] {
        &self.to
    }

    /// How many records at most.
    pub const fn limit(&self) -> u16 {
        self.max
    }

    /// Whether a key lies in the range.
    pub fn contains(&self, key: &Key) -> bool {
        key.table == self.from.table && self.from.name <= key.name && key.name <= self.to
    }
}

/// The id of an entry of a log. Made by [`Vault::item`](super::Vault::item).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId([u8; 16]);

impl ItemId {
    /// The id that a store has kept as these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// The name of a record in a table ordered by time.
pub(super) fn in_time(time: Timestamp, prefix: [u8; 16]) -> [u8; 24] {
    joined(time.as_millis().to_be_bytes(), prefix)
}

fn joined<const A: usize, const B: usize>(first: [u8; A], second: [u8; B]) -> [u8; 24] {
    const { assert!(A + B == 24, "a name has 24 bytes") };
    let mut name = [0; 24];
    let (start, end) = name.split_at_mut(A);
    start.copy_from_slice(&first);
    end.copy_from_slice(&second);
    name
}
