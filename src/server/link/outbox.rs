//! Items on their way to another server. `docs/PROTOCOL.md` §7.9.

use crate::crypto::hash::Hash;
use crate::identity::address::Domain;
use crate::identity::ids::{AccountId, DeviceId, RequestId};
use crate::server::{Context, ItemId, Submitter};
use crate::storage::{Format, Interrupt, Key, Record, StorageError, Table, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::{LinkWork, park};

/// How long a server tries to deliver an item.
pub const DEADLINE: Span = Span::from_days(14);
/// How long it tries where nobody has ever answered.
pub(super) const UNPROVEN_DEADLINE: Span = Span::from_days(1);
/// Items that wait for one server.
const MAX_QUEUED: u64 = 4_000_000;
/// … for one that has never answered, and those of one account among them.
const MAX_UNPROVEN: usize = 64;
const MAX_UNPROVEN_OF_ONE: usize = 20;

/// What is kept in order, and parked together: a mailbox or a request inbox, as a hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recipient(pub(crate) [u8; 16]);

/// An item that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// By whom.
    pub(crate) submitter: Submitter,
    /// In which request: again in another request it is another one.
    pub(crate) request: RequestId,
    /// Its name.
    pub(crate) id: ItemId,
    /// For whom.
    pub(crate) recipient: Recipient,
    /// An encoded [`Item`](crate::server::Item).
    pub(crate) item: Vec<u8>,
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enqueued {
    /// It is in this server's custody. The other one does not answer since this time.
    Taken { waiting_since: Option<Timestamp> },
    /// Too much waits for that server already.
    Full,
}

/// An item in custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutboxEntry {
    pub(super) parcel: Parcel,
    pub(super) accepted_at: Timestamp,
    /// How often its recipient was busy.
    pub(super) tries: u32,
}

impl OutboxEntry {
    /// Whether its time is over.
    pub(super) fn is_expired(&self, is_proven: bool, now: Timestamp) -> bool {
        let deadline = if is_proven { DEADLINE } else { UNPROVEN_DEADLINE };
        self.accepted_at.plus(deadline) < now
    }

    /// What makes it one entry of a log, however often it is appended.
    fn name(&self) -> Vec<u8> {
        let mut name = self.parcel.id.as_bytes().to_vec();
        name.extend_from_slice(self.parcel.request.as_bytes());
        name.extend_from_slice(&self.parcel.recipient.0);
        name.extend_from_slice(&self.tries.to_be_bytes());
        name
    }

    /// Appends it to a log.
    pub(super) fn append(&self, ctx: &mut Context<'_, '_>, log: Key) -> Result<(), StorageError> {
        let id = ctx.tx.vault().item(&log, &self.name());
        ctx.tx.append(log, id, self)
    }
}

/// The log of what goes to a domain.
pub(super) fn log(ctx: &Context<'_, '_>, domain: &Domain) -> Key {
    let name = [&[0], domain.as_str().as_bytes()].concat();
    ctx.tx.vault().partition(Table::OUTBOX, &name).key(0)
}

/// The log of what waits until a recipient there is no longer busy.
pub(super) fn parked_log(ctx: &Context<'_, '_>, domain: &Domain, recipient: Recipient) -> Key {
    let name = [&[1], &recipient.0[..], domain.as_str().as_bytes()].concat();
    ctx.tx.vault().partition(Table::OUTBOX, &name).key(0)
}

/// What [`enqueue`] reads for an item for this recipient, to be loaded for many at once.
pub(crate) fn enqueue_wants(ctx: &Context<'_, '_>, destination: &Domain, recipient: Recipient) -> [Want; 2] {
    let name = LinkWork::name_of(destination);
    [Want::Record(super::Link::key(ctx.tx.vault(), &name)), park::want(ctx, destination, recipient)]
}

/// Takes an item for another server into custody.
pub(crate) fn enqueue(
    ctx: &mut Context<'_, '_>,
    destination: &Domain,
    parcel: Parcel,
) -> Result<Enqueued, Interrupt> {
    let mut work = LinkWork::load(ctx, destination)?;
    let submitter = parcel.submitter.account;
    if work.link.is_full_for(submitter) {
        return Ok(Enqueued::Full);
    }
    let entry = OutboxEntry { parcel, accepted_at: ctx.now, tries: 0 };
    if !park::joins(ctx, destination, &entry)? {
        let log = log(ctx, destination);
        entry.append(ctx, log)?;
        work.link.queued = work.link.queued.saturating_add(1);
        if !work.link.is_proven {
            work.link.submitters.push(submitter);
        }
    }
    let waiting_since = work.link.state.failing_since;
    work.kick(ctx)?;
    work.save(ctx)?;
    Ok(Enqueued::Taken { waiting_since })
}

impl super::Link {
    fn is_full_for(&self, account: AccountId) -> bool {
        let of_one = self.submitters.iter().filter(|submitter| **submitter == account).count();
        let is_unproven_full = self.submitters.len() >= MAX_UNPROVEN || of_one >= MAX_UNPROVEN_OF_ONE;
        self.queued >= MAX_QUEUED || (!self.is_proven && is_unproven_full)
    }
}

impl Recipient {
    /// What an item is kept in order with.
    pub(crate) fn of(item: &crate::server::Kind) -> Self {
        use crate::server::Kind;
        let name = match item {
            Kind::Device(item) => [&[0], &item.token.as_bytes()[..], item.device.as_bytes()].concat(),
            Kind::Request(item) => [&[1], item.address.as_str().as_bytes()].concat(),
            Kind::Payload(_) => vec![2],
        };
        Self(Hash::of(&name).truncated())
    }
}

impl Message for OutboxEntry {
    type Proto = proto::OutboxEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let submitter = Submitter {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
        };
        let parcel = Parcel {
            submitter,
            request: RequestId::from_bytes(required_array(proto.request)?),
            id: ItemId::from_bytes(required_array(proto.id)?),
            recipient: Recipient(required_array(proto.recipient)?),
            item: required(proto.item)?,
        };
        let accepted_at = Timestamp::from_millis(required(proto.accepted_at)?);
        Ok(Self { parcel, accepted_at, tries: required(proto.tries)? })
    }

    fn to_proto(&self) -> Self::Proto {
        let Parcel { submitter, request, id, recipient, item } = &self.parcel;
        proto::OutboxEntry {
            id: Some(id.as_bytes().to_vec()),
            account: Some(submitter.account.as_bytes().to_vec()),
            device: Some(submitter.device.as_bytes().to_vec()),
            recipient: Some(recipient.0.to_vec()),
            request: Some(request.as_bytes().to_vec()),
            accepted_at: Some(self.accepted_at.as_millis()),
            tries: Some(self.tries),
            item: Some(item.clone()),
        }
    }
}

impl Format for OutboxEntry {
    const FORMAT: u8 = 1;
}

impl Record for OutboxEntry {
    const TABLE: Table = Table::OUTBOX;
}
