//! Recipients who are busy: their items wait apart, so that nobody else waits behind them. `docs/PROTOCOL.md` §7.9.

use crate::identity::address::Domain;
use crate::server::mailbox;
use crate::server::timing::Times;
use crate::server::{Context, Status};
use crate::storage::{Format, Interrupt, Key, Record, Slot, Table, Tail, Vault, Want};
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::outbox::{self, OutboxEntry, Recipient};
use super::send::foresee_reports;
use super::{LinkWork, PARKED_OWNER};

/// The shortest and the longest wait for a recipient who is busy.
const SHORTEST: Span = Span::from_secs(60);
const LONGEST: Span = Span::from_secs(3_600);
/// Items that go back to the outbox in one step.
const BACK: u16 = 100;

/// A recipient who is busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParkedQueue {
    domain: Domain,
    recipient: Recipient,
    timer: Times,
}

impl ParkedQueue {
    fn key(vault: &Vault, name: &[u8; 32]) -> Key {
        vault.partition(Table::PARKED, name).key(0)
    }
}

/// The name of a queue, and the owner of its timer.
fn name(domain: &Domain, recipient: Recipient) -> [u8; 32] {
    let name = [&recipient.0[..], domain.as_str().as_bytes()].concat();
    *crate::crypto::hash::Hash::of(&name).as_bytes()
}

fn owner(name: &[u8; 32]) -> Vec<u8> {
    [&[PARKED_OWNER], &name[..]].concat()
}

/// What [`park`] reads.
pub(super) fn want(ctx: &Context<'_, '_>, domain: &Domain, recipient: Recipient) -> Want {
    Want::Record(ParkedQueue::key(ctx.tx.vault(), &name(domain, recipient)))
}

/// Appends the item behind those that wait for the same recipient, if there are any. The queue is put again: whoever finds at the same time
/// that nothing waits in it must not delete it.
pub(super) fn joins(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    entry: &OutboxEntry,
) -> Result<bool, Interrupt> {
    let recipient = entry.parcel.recipient;
    let key = ParkedQueue::key(ctx.tx.vault(), &name(domain, recipient));
    let mut slot = ctx.tx.read::<ParkedQueue>(key)?;
    let Some(queue) = slot.take() else { return Ok(false) };
    let log = outbox::parked_log(ctx, domain, recipient);
    entry.append(ctx, log)?;
    ctx.tx.put(slot, &queue)?;
    Ok(true)
}

/// Sets an item aside whose recipient is busy for so long.
pub(super) fn park(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    mut entry: OutboxEntry,
    retry_after: Span,
) -> Result<(), Interrupt> {
    let recipient = entry.parcel.recipient;
    let name = name(domain, recipient);
    let mut slot: Slot<ParkedQueue> = ctx.tx.read(ParkedQueue::key(ctx.tx.vault(), &name))?;
    let doubled = SHORTEST.as_millis().checked_shl(entry.tries.min(16)).unwrap_or(u64::MAX);
    let due = ctx.now.plus(Span::from_millis(doubled).max(retry_after).min(LONGEST));
    let before = slot.take().map(|queue| queue.timer);
    let timer = match before {
        Some(timer) if timer.due >= due => timer,
        // Those who are still to go back wait too: their recipient is busy.
        _ => Times::start(ctx, &owner(&name), before, due)?,
    };
    ctx.tx.put(slot, &ParkedQueue { domain: domain.clone(), recipient, timer })?;
    entry.tries = entry.tries.saturating_add(1);
    let log = outbox::parked_log(ctx, domain, recipient);
    entry.append(ctx, log)?;
    Ok(())
}

/// The time of a queue has come: its items go back to the outbox.
pub(crate) fn unpark(ctx: &mut Context<'_, '_>, name: &[u8; 32]) -> Result<(), Interrupt> {
    let mut slot: Slot<ParkedQueue> = ctx.tx.read(ParkedQueue::key(ctx.tx.vault(), name))?;
    let Some(mut queue) = slot.take() else { return Ok(()) };
    let mut work = LinkWork::load(ctx, &queue.domain)?;
    let (from, to) =
        (outbox::parked_log(ctx, &queue.domain, queue.recipient), outbox::log(ctx, &queue.domain));
    let entries = ctx.tx.tail::<OutboxEntry>(Tail::new(from, 0, BACK))?;
    // Pages may end early: only an empty one says that nothing waits any more.
    if entries.is_empty() {
        return Ok(ctx.tx.delete(slot)?);
    }
    foresee_reports(ctx, &entries, Status::Expired)?;
    for item in entries {
        ctx.tx.trim(from, item.number);
        let Ok(entry) = item.value else { continue };
        if entry.is_expired(true, ctx.now) {
            mailbox::report(ctx, &entry.parcel.submitter, entry.parcel.id, Status::Expired)?;
        } else {
            entry.append(ctx, to)?;
            work.link.queued = work.link.queued.saturating_add(1);
        }
    }
    work.kick(ctx)?;
    work.save(ctx)?;
    queue.timer = Times::start(ctx, &owner(name), None, ctx.now)?;
    Ok(ctx.tx.put(slot, &queue)?)
}

impl Message for ParkedQueue {
    type Proto = proto::ParkedQueue;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            recipient: Recipient(required_array(proto.recipient)?),
            timer: Times::from_proto(required(proto.timer)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ParkedQueue {
            domain: Some(self.domain.to_string()),
            recipient: Some(self.recipient.0.to_vec()),
            timer: Some(self.timer.to_proto()),
        }
    }
}

impl Format for ParkedQueue {
    const FORMAT: u8 = 1;
}

impl Record for ParkedQueue {
    const TABLE: Table = Table::PARKED;
}
