//! What goes out on a link. `docs/PROTOCOL.md` §7.9.

use rand_core::Rng as _;

use crate::crypto::hash::Hash;
use crate::crypto::random;
use crate::identity::address::Domain;
use crate::identity::chain::Subject as _;
use crate::identity::ids::{AccountId, RequestId, ServerId};
use crate::identity::server::Endpoint;
use crate::server::frame::{Frame, LIFETIME, Part, Seen};
use crate::server::stream::{Batch, Outbound, Route, StreamId};
use crate::server::{Context, Instance, Item, Status, mailbox};
use crate::storage::{self, Interrupt, Key, Slot, StorageError, Table, Tail};
use crate::time::Span;
use crate::wire::Wire as _;

use super::outbox::{self, OutboxEntry};
use super::peer::Peer;
use super::state::Mode;
use super::{LinkWork, TIMEOUT, find, question};

/// After which those who wait are told.
const PATIENCE: Span = Span::from_secs(3_600);
/// How many in one step.
const TOLD: u16 = 400;
/// Of the parts of a frame. The rest of its 4 MiB is for the manifest, and for what stands around items.
pub(super) const FRAME_BYTES: usize = 7 << 19;

/// A frame for another server, not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The server.
    pub to: Domain,
    /// Where it answers.
    pub endpoints: Vec<Endpoint>,
    /// What it is told.
    pub frame: Frame,
}

/// A stream to another server that is being worked on.
pub(super) struct OutboundWork {
    slot: Slot<Outbound>,
    pub(super) route: Route,
    pub(super) stream: Outbound,
    /// As it is stored.
    before: Option<Outbound>,
}

pub(super) type LogItem = storage::Item<OutboxEntry>;

impl OutboundWork {
    pub(super) fn key(ctx: &Context<'_, '_>, route: &Route) -> Key {
        let name = route.to.as_bytes();
        ctx.tx.vault().partition(Table::OUTBOUND_STREAMS, name).key(u64::from(route.stream.number()))
    }

    /// The stream to a server. A new one begins after what another server of the domain has `settled`: that is none of its business.
    pub(super) fn load(ctx: &mut Context<'_, '_>, to: ServerId, settled: u64) -> Result<Self, Interrupt> {
        let route = Route { from: ctx.server.manifest.id(), to, stream: StreamId::DATA };
        let mut slot: Slot<Outbound> = ctx.tx.read(Self::key(ctx, &route))?;
        let before = slot.take();
        let stream = before.clone().unwrap_or_else(|| Outbound::after(&route, settled));
        Ok(Self { slot, route, stream, before })
    }

    pub(super) fn save(self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        if self.before.as_ref() != Some(&self.stream) {
            ctx.tx.put(self.slot, &self.stream)?;
        }
        Ok(())
    }
}

/// The time of a link has come.
pub(crate) fn drive(ctx: &mut Context<'_, '_>, name: &[u8; 32]) -> Result<(), Interrupt> {
    let Some(mut work) = LinkWork::by_name(ctx, name)? else { return Ok(()) };
    // One that was put off while the link could not be read, or it has another one by now.
    if work.link.timer.is_some_and(|timer| timer.due > ctx.now && timer.set <= ctx.now) {
        return Ok(());
    }
    work.foresee(ctx)?;
    work.link.timer = None;
    if work.link.request.take().is_some() {
        work.failed(ctx);
    }
    let settled = work.link.settled;
    work.link.state.wake(ctx.now);
    if work.is_waiting() {
        find::look(ctx, &mut work)?;
    }
    if work.link.state.mode == Mode::Open {
        work.send(ctx)?;
    } else {
        work.retire(ctx)?;
        if work.link.is_forgettable() {
            return work.forget(ctx);
        }
        if work.is_waiting() {
            work.kick(ctx)?;
        }
    }
    if work.link.settled == settled {
        work.tell_waiting(ctx)?;
    } else if work.link.request.is_none() && work.is_waiting() {
        // A step has limits, and this one has told much already.
        work.schedule(ctx, ctx.now)?;
    }
    work.save(ctx)
}

/// A frame did not reach its server, or nothing came back.
pub(crate) fn unreachable(
    ctx: &mut Context<'_, '_>,
    to: &Domain,
    request: RequestId,
) -> Result<(), Interrupt> {
    let mut work = LinkWork::load(ctx, to)?;
    if work.link.request == Some(request) {
        work.link.request = None;
        work.failed(ctx);
        work.stop(ctx);
        work.kick(ctx)?;
        work.save(ctx)?;
    }
    Ok(())
}

impl LinkWork {
    pub(super) fn failed(&mut self, ctx: &mut Context<'_, '_>) {
        let random = ctx.tx.rng().next_u64();
        self.link.state.failed(ctx.now, random);
    }

    /// Sends what there is: positions that are owed, questions, and the next batch.
    fn send(&mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        let Some(to) = self.link.server else { return Ok(()) };
        let mut parts = super::receive::positions(ctx, self, to)?;
        parts.extend(question::waiting(ctx, self)?);
        let request = request(ctx)?;
        let room = room_beside(&parts)?;
        parts.extend(self.next_batch(ctx, to, request, room)?.map(Part::Batch));
        if parts.is_empty() {
            self.link.submitters.clear();
            return Ok(());
        }
        let reply_to = self.link.owed_to.take();
        self.link.owed.clear();
        let slot: Slot<Peer> = ctx.tx.read(Peer::key(ctx.tx.vault(), to))?;
        let Some(peer) = slot.value() else { return Ok(()) };
        let mut frame = frame(ctx, peer, to, (request, reply_to), parts);
        if self.link.state.failures > 0 {
            // It may have lost what it knew.
            frame.manifest = Some(ctx.server.manifest.manifest());
        }
        ctx.frames.push(Outgoing { to: peer.domain.clone(), endpoints: peer.endpoints.clone(), frame });
        self.await_answer(ctx, request)
    }

    /// From now on the answer to this frame is waited for.
    pub(super) fn await_answer(
        &mut self,
        ctx: &mut Context<'_, '_>,
        request: RequestId,
    ) -> Result<(), Interrupt> {
        self.link.request = Some(request);
        self.reschedule(ctx, ctx.now.plus(TIMEOUT))
    }

    /// The next batch of the stream, which travels in the frame of this request. `None` if nothing waits.
    pub(super) fn next_batch(
        &mut self,
        ctx: &mut Context<'_, '_>,
        to: ServerId,
        request: RequestId,
        room: usize,
    ) -> Result<Option<Batch>, Interrupt> {
        let mut outbound = OutboundWork::load(ctx, to, self.link.settled)?;
        let entries = self.waiting(ctx, &outbound)?;
        let live = self.give_up(ctx, &mut outbound, entries)?;
        let entries = self.fitting(live, room);
        let batch = if entries.is_empty() {
            None
        } else {
            let batch = outbound.stream.send(&outbound.route, request, entries);
            if batch.is_none() {
                // The log is not what it was when these numbers were given.
                let through = outbound.stream.acked().through;
                outbound.stream.abandon(&outbound.route, through);
                self.schedule(ctx, ctx.now)?;
            }
            batch
        };
        outbound.save(ctx)?;
        Ok(batch)
    }

    /// Whether anything is to be sent, or to be given up once its time is over.
    pub(super) fn is_waiting(&self) -> bool {
        self.link.queued > 0 || !self.link.questions.is_empty() || self.link.owed_to.is_some()
    }

    /// What can be given up while nothing can be sent.
    fn retire(&mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        if let Some(to) = self.link.server {
            let mut outbound = OutboundWork::load(ctx, to, self.link.settled)?;
            let entries = self.waiting(ctx, &outbound)?;
            self.give_up(ctx, &mut outbound, entries)?;
            return outbound.save(ctx);
        }
        // There is no stream yet: what is over leaves the log.
        let log = outbox::log(ctx, &self.link.domain);
        let entries = ctx.tx.tail::<OutboxEntry>(Tail::new(log, 0, 100))?;
        if entries.is_empty() {
            self.link.queued = 0;
        }
        foresee_reports(ctx, &entries, Status::Expired)?;
        for item in entries {
            match item.value {
                Ok(entry) if !entry.is_expired(false, ctx.now) => break,
                Ok(OutboxEntry { parcel, .. }) => {
                    mailbox::report(ctx, &parcel.submitter, parcel.id, Status::Expired)?;
                    let of = |account: &AccountId| *account == parcel.submitter.account;
                    if let Some(at) = self.link.submitters.iter().position(of) {
                        self.link.submitters.remove(at);
                    }
                }
                Err(_) => {}
            }
            ctx.tx.trim(log, item.number);
            self.link.settled = item.number;
            self.link.queued = self.link.queued.saturating_sub(1);
        }
        Ok(())
    }

    /// Tells those who wait for more than an hour, some at a time.
    fn tell_waiting(&mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        let Some(since) = self.link.state.failing_since else { return Ok(()) };
        if ctx.now.since(since) < PATIENCE {
            return if self.link.queued > 0 { self.schedule(ctx, since.plus(PATIENCE)) } else { Ok(()) };
        }
        let acked = match self.link.server {
            Some(to) => OutboundWork::load(ctx, to, self.link.settled)?.stream.acked().through,
            None => 0,
        };
        let log = outbox::log(ctx, &self.link.domain);
        let after = acked.max(self.link.settled).max(self.link.told_waiting);
        let entries = ctx.tx.tail::<OutboxEntry>(Tail::new(log, after, TOLD))?;
        let is_page_full = entries.len() == usize::from(TOLD);
        foresee_reports(ctx, &entries, Status::Waiting(since))?;
        for item in entries {
            self.link.told_waiting = item.number;
            if let Ok(OutboxEntry { parcel, .. }) = item.value {
                mailbox::report(ctx, &parcel.submitter, parcel.id, Status::Waiting(since))?;
            }
        }
        // Not before the answer that is awaited, or its frame would count as lost.
        if is_page_full && self.link.request.is_none() { self.schedule(ctx, ctx.now) } else { Ok(()) }
    }

    /// What comes next in the log.
    fn waiting(
        &mut self,
        ctx: &mut Context<'_, '_>,
        outbound: &OutboundWork,
    ) -> Result<Vec<LogItem>, Interrupt> {
        let max = u16::try_from(self.link.max_items.max(1)).unwrap_or(u16::MAX);
        let log = outbox::log(ctx, &self.link.domain);
        let entries = ctx.tx.tail(Tail::new(log, outbound.stream.acked().through, max))?;
        // Never too low, or the link would stop. A page may end early: only an empty one says that there is no more.
        let count = u64::try_from(entries.len()).unwrap_or(0);
        self.link.queued = if entries.is_empty() { 0 } else { self.link.queued.max(count) };
        Ok(entries)
    }

    /// Gives up the entries at the front whose time is over, and those that cannot be read. What has been sent and not answered is uncertain;
    /// of what goes out again because somebody was set back, its submitter knows. If nothing else was in sight, the next are looked at soon.
    fn give_up(
        &mut self,
        ctx: &mut Context<'_, '_>,
        outbound: &mut OutboundWork,
        entries: Vec<LogItem>,
    ) -> Result<Vec<LogItem>, Interrupt> {
        let sent = outbound.stream.numbered().through;
        let is_over = |item: &LogItem| {
            let is_expired = |entry: &OutboxEntry| entry.is_expired(self.link.is_proven, ctx.now);
            item.value.as_ref().map_or(true, is_expired)
        };
        let count = entries.iter().take_while(|item| is_over(item)).count();
        let mut live = entries;
        let rest = live.split_off(count);
        let Some(last) = live.last().map(|item| item.number) else { return Ok(rest) };
        let settled = self.link.settled;
        let statuses = live.iter().filter(|item| item.number > settled).filter_map(|item| {
            let status = if item.number <= sent { Status::Uncertain } else { Status::Expired };
            item.value.as_ref().ok().map(|entry| (&entry.parcel, status))
        });
        let statuses: Vec<_> = statuses.collect();
        let wants = statuses.iter().flat_map(|(parcel, status)| {
            mailbox::report_wants(ctx.tx.vault(), &parcel.submitter, parcel.id, *status)
        });
        ctx.tx.need(wants.collect::<Vec<_>>())?;
        for (parcel, status) in statuses {
            mailbox::report(ctx, &parcel.submitter, parcel.id, status)?;
        }
        let is_over = outbound.stream.skip(last) || outbound.stream.abandon(&outbound.route, last);
        self.link.settled = settled.max(last);
        self.link.queued = self.link.queued.saturating_sub(u64::try_from(count).unwrap_or(0));
        if is_over && rest.is_empty() {
            self.schedule(ctx, ctx.now)?;
        }
        Ok(rest)
    }

    /// As many of the entries as go into one batch. It may end anywhere: what has a number keeps it.
    fn fitting(&self, entries: Vec<LogItem>, room: usize) -> Vec<(u64, Hash, Vec<u8>)> {
        let mut bytes = 0_usize;
        let max = usize::try_from(self.link.max_bytes).unwrap_or(usize::MAX).min(room);
        let mut fitting = Vec::new();
        for item in entries {
            let Ok(entry) = item.value else { break };
            bytes = bytes.saturating_add(entry.parcel.item.len());
            if bytes > max && !fitting.is_empty() {
                break;
            }
            let hash = Item::hash(&entry.parcel.item);
            fitting.push((item.number, hash, entry.parcel.item));
        }
        fitting
    }
}

/// Asks for all that telling this about these entries reads.
pub(super) fn foresee_reports(
    ctx: &Context<'_, '_>,
    entries: &[LogItem],
    status: Status,
) -> Result<(), Interrupt> {
    let known = entries.iter().filter_map(|item| item.value.as_ref().ok());
    let wants = known.flat_map(|OutboxEntry { parcel, .. }| {
        mailbox::report_wants(ctx.tx.vault(), &parcel.submitter, parcel.id, status)
    });
    ctx.tx.need(wants.collect::<Vec<_>>())
}

/// How many bytes of items go into a frame with these parts. A frame that is too large would be made again and again.
fn room_beside(parts: &[Part]) -> Result<usize, StorageError> {
    let sizes = parts.iter().map(|part| part.encode().map(|bytes| bytes.len()));
    let taken = sizes.sum::<Result<usize, _>>().map_err(StorageError::from)?;
    Ok(FRAME_BYTES.saturating_sub(taken))
}

/// A name for a frame. Its first half is that of the instance, so that a server which was started again knows what it has not sent.
pub(super) fn request(ctx: &mut Context<'_, '_>) -> Result<RequestId, StorageError> {
    let drawn = random::draw::<16>(ctx.tx.rng()).map_err(StorageError::Crypto)?;
    let mut name = *drawn.expose();
    name.iter_mut().zip(half(&ctx.server.instance)).for_each(|(to, from)| *to = *from);
    Ok(RequestId::from_bytes(name))
}

/// Whether this process has sent the frame, and may still get an answer.
pub(super) fn is_ours(ctx: &Context<'_, '_>, request: RequestId) -> bool {
    request.as_bytes().starts_with(half(&ctx.server.instance))
}

fn half(instance: &Instance) -> &[u8] {
    instance.as_bytes().split_at(8).0
}

/// A frame of this server. It introduces itself to whom it is not known to be known to.
pub(super) fn frame(
    ctx: &Context<'_, '_>,
    peer: &Peer,
    to: ServerId,
    (request, reply_to): (RequestId, Option<RequestId>),
    parts: Vec<Part>,
) -> Frame {
    let mine = Seen::of(&ctx.server.manifest);
    let is_known = peer.holds == Some(mine);
    Frame {
        from: ctx.server.manifest.id(),
        to,
        sent_at: ctx.now,
        expires_at: ctx.now.plus(LIFETIME),
        instance: ctx.server.instance,
        request,
        reply_to,
        mine,
        yours: Some(peer.seen),
        to_instance: peer.instance,
        manifest: (!is_known).then(|| ctx.server.manifest.manifest()),
        parts,
    }
}
