//! Links: what goes to other servers, and what comes from them. `docs/PROTOCOL.md` §7.9.
//!
//! ```text
//!   enqueue ─▶ outbox ─ drive ─▶ Frame { batch } ─▶ the other server
//!                 ▲                                      │ position, verdicts
//!          unpark │                                      ▼
//!              parked ◀── busy ── decide ◀── receive_reply
//!                                   │ delivered, refused, gone
//!                                   ▼
//!                        the mailbox of who submitted it
//! ```

mod alarm;
mod decide;
mod find;
mod outbox;
mod park;
mod peer;
mod question;
mod receive;
mod record;
mod send;
mod state;
mod stranger;

use crate::crypto::hash::Hash;
use crate::identity::address::Domain;
use crate::storage::{Interrupt, Slot, Want};
use crate::time::{Span, Timestamp};

use super::Context;
use super::kept::Kept;
use super::stream::{Route, StreamId};
use super::timing::Times;

pub use alarm::{Alarm, ServerAlarm};
pub(crate) use find::{fetched, forget as forget_domain, introduce, resume};
pub use outbox::DEADLINE;
pub(crate) use outbox::{Enqueued, Parcel, Recipient, enqueue, enqueue_wants};
pub(crate) use park::unpark;
pub(crate) use question::{Question, ask, forget as forget_question};
pub(crate) use receive::{receive, receive_reply, sender};
pub(crate) use record::Link;
pub use send::Outgoing;
pub(crate) use send::{drive, unreachable};
pub use state::{Held, Mode, State};
pub(crate) use stranger::{distrust, stranger};

/// What is kept of links.
pub(super) const KEPT: &[Kept] = &[
    Kept::of::<Link>(),
    Kept::of::<record::Chunk>(),
    Kept::of::<peer::Peer>(),
    Kept::of::<peer::PeerManifest>(),
    Kept::of::<outbox::OutboxEntry>(),
    Kept::of::<park::ParkedQueue>(),
    Kept::of::<question::Asked>(),
];

/// What a link's timers begin with.
pub(crate) const LINK_OWNER: u8 = b'l';
/// … those of a recipient who is busy.
pub(crate) const PARKED_OWNER: u8 = b'p';
/// … those of a domain's record.
pub(crate) const DOMAIN_OWNER: u8 = b'd';
/// … those of a question.
pub(crate) const QUESTION_OWNER: u8 = b'q';

/// The first batch to a server of which nothing is known.
const FIRST_ITEMS: u32 = 64;
const FIRST_BYTES: u32 = 256 << 10;
/// What this server takes in one batch.
const WINDOW_ITEMS: u32 = 1_000;
const WINDOW_BYTES: u32 = 3 << 20;
/// How long an answer may take.
const TIMEOUT: Span = Span::from_secs(30);

/// A link that is being worked on.
pub(crate) struct LinkWork {
    slot: Slot<Link>,
    name: [u8; 32],
    link: Link,
    /// As it is stored.
    before: Option<Link>,
}

impl LinkWork {
    fn name_of(domain: &Domain) -> [u8; 32] {
        *Hash::of(domain.as_str().as_bytes()).as_bytes()
    }

    /// The link to a domain, a new one if there is none.
    fn load(ctx: &mut Context<'_, '_>, domain: &Domain) -> Result<Self, Interrupt> {
        let name = Self::name_of(domain);
        let mut slot: Slot<Link> = ctx.tx.read(Link::key(ctx.tx.vault(), &name))?;
        let before = slot.take();
        let link = before.clone().unwrap_or_else(|| Link::new(domain.clone(), ctx.now));
        Ok(Self { slot, name, link, before })
    }

    /// The link with this name, if there is one.
    fn by_name(ctx: &mut Context<'_, '_>, name: &[u8; 32]) -> Result<Option<Self>, Interrupt> {
        let mut slot: Slot<Link> = ctx.tx.read(Link::key(ctx.tx.vault(), name))?;
        Ok(slot.take().map(|link| Self { slot, name: *name, before: Some(link.clone()), link }))
    }

    /// Asks at once for what driving the link reads, as far as it is known.
    fn foresee(&self, ctx: &Context<'_, '_>) -> Result<(), Interrupt> {
        let Some(to) = self.link.server else { return Ok(()) };
        let route = Route { from: ctx.server.manifest.id(), to, stream: StreamId::DATA };
        let keys = [send::OutboundWork::key(ctx, &route), peer::Peer::key(ctx.tx.vault(), to)];
        ctx.tx.need(keys.map(Want::Record))
    }

    /// Stores what has changed: a frame that comes again changes nothing.
    fn save(self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        if self.before.as_ref() != Some(&self.link) {
            ctx.tx.put(self.slot, &self.link)?;
        }
        Ok(())
    }

    /// Leaves nothing of it. A link to a domain that does not exist is not kept for ever.
    fn forget(mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        self.stop(ctx);
        Ok(ctx.tx.delete(self.slot)?)
    }

    /// Sees to it that the link is driven as soon as it may send.
    fn kick(&mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        let due = match self.link.state.mode {
            // Only deadlines are to be looked after.
            Mode::Held(_) => ctx.now.plus(Span::from_secs(3_600)),
            // Asking for a domain has its own times.
            Mode::Finding if self.link.timer.is_some() => return Ok(()),
            Mode::Finding => ctx.now,
            _ => self.link.state.ready_at().unwrap_or(ctx.now).max(ctx.now),
        };
        // The answer to a frame that another process sent never comes: whoever sent it was killed.
        self.link.request = self.link.request.filter(|request| send::is_ours(ctx, *request));
        if self.link.request.is_some() { Ok(()) } else { self.schedule(ctx, due) }
    }

    /// Sets the timer by what is known now. The answer that is awaited keeps its own: if it never comes, nothing else wakes the link.
    fn begin_anew(&mut self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        self.link.request = self.link.request.filter(|request| send::is_ours(ctx, *request));
        if self.link.request.is_none() {
            self.stop(ctx);
        }
        self.kick(ctx)
    }

    /// Sets the timer of the link, if it would not come earlier.
    fn schedule(&mut self, ctx: &mut Context<'_, '_>, due: Timestamp) -> Result<(), Interrupt> {
        if self.link.timer.is_none_or(|timer| timer.due > due || timer.set > ctx.now) {
            self.reschedule(ctx, due)?;
        }
        Ok(())
    }

    /// Sets the timer of the link in place of the one before.
    fn reschedule(&mut self, ctx: &mut Context<'_, '_>, due: Timestamp) -> Result<(), Interrupt> {
        let owner = [&[LINK_OWNER], &self.name[..]].concat();
        self.link.timer = Some(Times::start(ctx, &owner, self.link.timer, due)?);
        Ok(())
    }

    fn stop(&mut self, ctx: &mut Context<'_, '_>) {
        if let Some(timer) = self.link.timer.take() {
            timer.stop(ctx, &[&[LINK_OWNER], &self.name[..]].concat());
        }
    }
}
