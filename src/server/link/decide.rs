//! What another server has decided about items. `docs/PROTOCOL.md` §7.4, §7.9.

use crate::server::stream::{Course, Mark, Position, Retained};
use crate::server::{Code, Context, Status, Verdict, mailbox};
use crate::storage::{Interrupt, Tail};
use crate::time::{Span, Timestamp};

use super::outbox::{self, OutboxEntry};
use super::record::{Chunk, SET_BACKS};
use super::send::OutboundWork;
use super::state::Mode;
use super::{LinkWork, park};

/// What was decided on is kept for so long, so that a server that was set back gets it again …
const RETENTION: Span = Span::from_days(15);
/// … but no more than so many bytes.
const RETAINED_BYTES: u64 = 256 << 20;
/// Pieces in which it is forgotten.
const CHUNKS: usize = 64;
/// What one piece holds, about.
const CHUNK_BYTES: u64 = 4 << 20;
/// The longest time that one piece covers.
const CHUNK_TIME: Span = Span::from_secs(6 * 3_600);
/// The pause of a link whose peer sets it back again and again.
const PAUSE: Span = Span::from_secs(3_600);

impl LinkWork {
    /// A position has come in answer to the outstanding frame. Gives how many items were decided on.
    pub(super) fn progress(
        &mut self,
        ctx: &mut Context<'_, '_>,
        mut outbound: OutboundWork,
        reply_to: crate::identity::ids::RequestId,
        position: &Position,
    ) -> Result<usize, Interrupt> {
        let course = outbound.stream.receive(&outbound.route, reply_to, position);
        let mut decided = 0;
        if course == Course::Stale {
            return Ok(0);
        }
        let window = position.window;
        (self.link.max_items, self.link.max_bytes) =
            (window.max_items.clamp(1, super::WINDOW_ITEMS), window.max_bytes.clamp(1, super::WINDOW_BYTES));
        self.link.state.window(window.not_before, ctx.now);
        match course {
            Course::Stale | Course::Nothing => {}
            Course::Acked { from, to, verdicts } => {
                decided = verdicts.len();
                self.link.is_proven = true;
                self.link.submitters.clear();
                self.settle(ctx, &mut outbound, (from, to), &verdicts)?;
            }
            Course::Rewound(_) | Course::Restarted => {
                let again = self.link.settled.saturating_sub(outbound.stream.acked().through);
                self.link.queued = self.link.queued.saturating_add(again);
                self.set_back(ctx.now);
            }
            Course::Exhausted => self.link.state.mode = Mode::Paused(ctx.now.plus(PAUSE)),
        }
        outbound.save(ctx)?;
        Ok(decided)
    }

    fn set_back(&mut self, now: Timestamp) {
        if self.link.set_back.take(&SET_BACKS, 1, now).is_err() {
            self.link.state.mode = Mode::Paused(now.plus(PAUSE));
        }
    }

    /// Each item meets its verdict.
    fn settle(
        &mut self,
        ctx: &mut Context<'_, '_>,
        outbound: &mut OutboundWork,
        (from, to): (Mark, Mark),
        verdicts: &[Verdict],
    ) -> Result<(), Interrupt> {
        let log = outbox::log(ctx, &self.link.domain);
        let max = u16::try_from(verdicts.len()).unwrap_or(u16::MAX);
        let entries = ctx.tx.tail::<OutboxEntry>(Tail::new(log, from.through, max))?;
        let known = entries.iter().zip(verdicts).filter_map(|(item, verdict)| {
            item.value.as_ref().ok().map(|entry| (item.number, entry, verdict))
        });
        let known: Vec<_> = known.collect();
        let mut wants = Vec::new();
        for (number, entry, verdict) in &known {
            match outcome(verdict) {
                Ok(status) if *number > self.link.settled => wants.extend(mailbox::report_wants(
                    ctx.tx.vault(),
                    &entry.parcel.submitter,
                    entry.parcel.id,
                    status,
                )),
                Ok(_) => {}
                Err(_) => wants.push(park::want(ctx, &self.link.domain, entry.parcel.recipient)),
            }
        }
        ctx.tx.need(wants)?;
        let mut bytes = 0_u64;
        for (number, entry, verdict) in known {
            bytes = bytes.saturating_add(u64::try_from(entry.parcel.item.len()).unwrap_or(u64::MAX));
            match outcome(verdict) {
                Ok(status) if number > self.link.settled => {
                    mailbox::report(ctx, &entry.parcel.submitter, entry.parcel.id, status)?;
                }
                // Sent again after somebody was set back: its submitter knows.
                Ok(_) => {}
                Err(wait) => park::park(ctx, &self.link.domain, entry.clone(), wait)?,
            }
        }
        self.link.queued = self.link.queued.saturating_sub(u64::try_from(verdicts.len()).unwrap_or(0));
        self.link.settled = self.link.settled.max(to.through);
        self.retain(ctx, outbound, bytes);
        Ok(())
    }

    /// Forgets what was decided on long ago.
    fn retain(&mut self, ctx: &mut Context<'_, '_>, outbound: &mut OutboundWork, bytes: u64) {
        let through = self.link.settled;
        match self.link.chunks.last_mut() {
            Some(last) if last.bytes < CHUNK_BYTES && ctx.now.since(last.decided_at) < CHUNK_TIME => {
                last.through = last.through.max(through);
                last.bytes = last.bytes.saturating_add(bytes);
            }
            _ => self.link.chunks.push(Chunk { through, decided_at: ctx.now, bytes }),
        }
        // None may go while a peer that was set back has not come past it.
        if self.link.chunks.len() > CHUNKS.saturating_add(1)
            && let [first, second, ..] = self.link.chunks.as_mut_slice()
        {
            second.bytes = second.bytes.saturating_add(first.bytes);
            self.link.chunks.remove(0);
        }
        let mut total = self.link.chunks.iter().fold(0_u64, |sum, chunk| sum.saturating_add(chunk.bytes));
        let acked = outbound.stream.acked().through;
        let mut gone = None;
        while let Some(oldest) = self.link.chunks.first().copied() {
            let is_old = ctx.now.since(oldest.decided_at) > RETENTION.plus(CHUNK_TIME);
            let is_excess = total > RETAINED_BYTES || self.link.chunks.len() > CHUNKS;
            if !(is_old || is_excess) || oldest.through > acked {
                break;
            }
            total = total.saturating_sub(oldest.bytes);
            self.link.chunks.remove(0);
            gone = Some((oldest.through, oldest.decided_at.plus(CHUNK_TIME)));
        }
        if let Some((after, end)) = gone {
            // The other one decides a little before this one hears of it.
            let since = self.link.chunks.first().map_or(ctx.now, |chunk| chunk.decided_at).min(end);
            ctx.tx.trim(outbox::log(ctx, &self.link.domain), after);
            outbound.stream.trimmed(Retained { after, since });
        }
    }
}

/// What a submitter is told, or how long its item has to wait.
const fn outcome(verdict: &Verdict) -> Result<Status, Span> {
    match verdict.code {
        Code::Accepted => Ok(Status::Delivered),
        Code::Refused(reason) => Ok(Status::Refused(reason)),
        Code::Gone => Ok(Status::Gone),
        Code::Busy(wait) => Err(wait),
    }
}
