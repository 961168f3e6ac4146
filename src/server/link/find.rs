//! Which server a link leads to. `docs/PROTOCOL.md` §7.1, §7.3.

use crate::identity::address::Domain;
use crate::identity::chain::{Followed, News};
use crate::identity::ids::ServerId;
use crate::identity::server::Server;
use crate::identity::{IdentityError, Verified};
use crate::server::discovery::{
    Bound, Cause, DiscoveryGate, DomainState, Fetch, Next, Outcome, SignedDiscovery, Standing,
};
use crate::server::frame::Frame;
use crate::server::{Context, Output};
use crate::storage::timer::Timer;
use crate::storage::{Interrupt, Key, Slot, Table, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

use super::peer::{Peer, PeerManifest};
use super::state::{Held, Mode};
use super::{DOMAIN_OWNER, LinkWork};

/// When a server may come again whose domain is being asked …
const STRANGER_WAIT: Span = Span::from_secs(5);
/// … or was not, for lack of a budget …
const UNASKED_WAIT: Span = Span::from_secs(60);
/// … or not at all, as it looks.
pub(super) const HELD_WAIT: Span = Span::from_secs(3_600);

/// How long a fetch may take before it is asked for again.
const ANSWER_TIME: Span = Span::from_secs(60);

/// How long it is remembered how often a domain has named nobody, once it may be asked again: the next rest is longer.
const REMEMBERED: Span = Span::from_secs(3_600);

/// A domain that is being worked on.
pub(super) struct DomainWork {
    slot: Slot<DomainState>,
    pub(super) state: DomainState,
}

impl DomainWork {
    pub(super) fn load(ctx: &mut Context<'_, '_>, domain: &Domain) -> Result<Self, Interrupt> {
        let mut slot: Slot<DomainState> = ctx.tx.read(DomainState::key(ctx.tx.vault(), domain))?;
        let state = slot.take().unwrap_or_else(|| DomainState::new(domain.clone()));
        Ok(Self { slot, state })
    }

    pub(super) fn save(self, ctx: &mut Context<'_, '_>) -> Result<(), Interrupt> {
        if let Some(due) = self.state.forget_at() {
            let owner = [&[DOMAIN_OWNER], &self.slot.key().name()[..]].concat();
            Timer { owner, due: due.max(ctx.now).plus(REMEMBERED), set: ctx.now }.start(None, ctx.tx)?;
        }
        Ok(ctx.tx.put(self.slot, &self.state)?)
    }
}

/// Somebody needs a domain: it is fetched, if it is time.
pub(super) fn ask(ctx: &mut Context<'_, '_>, domain: &Domain, cause: Cause) -> Result<Next, Interrupt> {
    let rates = ctx.server.config.fetches;
    let key = DiscoveryGate::key(ctx.tx.vault());
    ctx.tx.need([key, DomainState::key(ctx.tx.vault(), domain)].map(Want::Record))?;
    let mut work = DomainWork::load(ctx, domain)?;
    let mut slot: Slot<DiscoveryGate> = ctx.tx.read(key)?;
    let mut gate = slot.take().unwrap_or_else(|| DiscoveryGate::open(&rates, ctx.now));
    let next = work.state.ask(&mut gate, &rates, cause, ctx.now);
    if next.fetch {
        ctx.tx.put(slot, &gate)?;
        work.save(ctx)?;
        let fetch = Fetch::of(domain, ctx.server.config.fetch.clone());
        ctx.send.push(Output::Fetch(fetch));
    }
    Ok(next)
}

/// Looks at the domain of a link for which something waits, if that may help: it may have another server by now, or the same one elsewhere.
pub(super) fn look(ctx: &mut Context<'_, '_>, work: &mut LinkWork) -> Result<(), Interrupt> {
    match work.link.state.mode {
        Mode::Finding => find(ctx, work),
        Mode::Held(Held::Identity) => ask(ctx, &work.link.domain, Cause::Local).map(drop),
        _ if work.link.state.failures > 0 => ask(ctx, &work.link.domain, Cause::Local).map(drop),
        _ => Ok(()),
    }
}

/// Looks for the server of a link.
fn find(ctx: &mut Context<'_, '_>, work: &mut LinkWork) -> Result<(), Interrupt> {
    let domain = work.link.domain.clone();
    let next = ask(ctx, &domain, Cause::Local)?;
    let again = match next.standing {
        Standing::Bound(server) => {
            work.lead_to(server);
            return Ok(());
        }
        Standing::Held { .. } => {
            work.link.state.mode = Mode::Held(Held::Identity);
            return Ok(());
        }
        Standing::Asked => ctx.now.plus(ANSWER_TIME),
        Standing::Absent { until } => until,
        Standing::Unknown => next.retry.unwrap_or(ctx.now.plus(ANSWER_TIME)),
    };
    work.link.state.failing_since.get_or_insert(ctx.now);
    work.reschedule(ctx, again)
}

/// What came of fetching the document of a domain; `None` if nothing did.
pub(crate) fn fetched(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    document: Option<&[u8]>,
) -> Result<(), Interrupt> {
    let verify = |bytes: &[u8]| -> Result<Bound, IdentityError> {
        SignedDiscovery::decode(bytes)?.verify(domain, ctx.now)
    };
    if let Some(bound) = document.and_then(|bytes| verify(bytes).ok()) {
        return introduce(ctx, domain, &bound);
    }
    let mut state = DomainWork::load(ctx, domain)?;
    state.state.missed(ctx.now);
    state.save(ctx)?;
    let mut work = LinkWork::load(ctx, domain)?;
    if work.link.timer.is_some() {
        work.begin_anew(ctx)?;
        work.save(ctx)?;
    }
    Ok(())
}

/// A domain was found to name a server.
pub(crate) fn introduce(ctx: &mut Context<'_, '_>, domain: &Domain, bound: &Bound) -> Result<(), Interrupt> {
    let mut state = DomainWork::load(ctx, domain)?;
    let pinned = state.state.pinned();
    let mut held = match pinned {
        Some(server) => follow(ctx, server)?,
        None => None,
    };
    let outcome = state.state.found(bound, &mut held, ctx.now);
    if let Some(followed) = &held {
        keep(ctx, followed, bound.server())?;
    }
    settle(ctx, domain, state, outcome)
}

/// An authentic frame brings a manifest of its sender's that this server does not hold.
pub(super) fn learn(ctx: &mut Context<'_, '_>, domain: &Domain, frame: &Frame) -> Result<(), Interrupt> {
    let Some(manifest) = frame.manifest.clone() else { return Ok(()) };
    let Some(mut followed) = follow(ctx, frame.from)? else { return Ok(()) };
    let Ok(server) = manifest.verify::<Server>() else { return Ok(()) };
    // A server that moves to another domain begins there as a new one.
    if server.domain() != domain {
        return Ok(());
    }
    let Ok(news) = followed.learn(server.clone()) else { return Ok(()) };
    if news != News::Known {
        let mut state = DomainWork::load(ctx, domain)?;
        let outcome = state.state.heard(&followed, news, ctx.now);
        keep(ctx, &followed, &server)?;
        settle(ctx, domain, state, outcome)?;
    }
    Ok(())
}

/// Stores what is known of a domain now, and lets its link know.
fn settle(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    state: DomainWork,
    outcome: Outcome,
) -> Result<(), Interrupt> {
    let standing = state.state.standing(ctx.now);
    state.save(ctx)?;
    let mut work = LinkWork::load(ctx, domain)?;
    match (standing, work.link.state.mode) {
        (Standing::Bound(server), Mode::Finding | Mode::Held(Held::Identity)) => work.lead_to(server),
        (Standing::Bound(server), _) if work.link.server != Some(server) => work.lead_to(server),
        (Standing::Held { .. }, Mode::Held(_)) => {}
        (Standing::Held { .. }, _) => work.link.state.mode = Mode::Held(Held::Identity),
        _ => {}
    }
    if let Outcome::Changed { .. } | Outcome::Forked | Outcome::Accepted { .. } = outcome {
        ctx.alarm(domain, super::Alarm::Identity)?;
    }
    if work.link.timer.is_some() {
        work.begin_anew(ctx)?;
    }
    work.save(ctx)
}

/// What is followed of a server's chain.
pub(super) fn follow(
    ctx: &mut Context<'_, '_>,
    server: ServerId,
) -> Result<Option<Followed<Server>>, Interrupt> {
    let mut slot: Slot<PeerManifest> = ctx.tx.read(PeerManifest::key(ctx.tx.vault(), server))?;
    Ok(slot.take().and_then(|kept| kept.follow().ok()))
}

/// Keeps what is followed, with the summary that frames are verified with.
fn keep(
    ctx: &mut Context<'_, '_>,
    followed: &Followed<Server>,
    last: &Verified<Server>,
) -> Result<(), Interrupt> {
    let newest = followed.current().unwrap_or(last);
    let slot: Slot<PeerManifest> = ctx.tx.read(PeerManifest::key(ctx.tx.vault(), newest.id()))?;
    ctx.tx.put(slot, &PeerManifest::of(followed, newest))?;
    let mut slot: Slot<Peer> = ctx.tx.read(Peer::key(ctx.tx.vault(), newest.id()))?;
    let peer = match slot.take() {
        Some(peer) => peer.updated(newest),
        None => Peer::of(newest),
    };
    Ok(ctx.tx.put(slot, &peer)?)
}

/// The time of a domain's record is over, unless something has happened since.
pub(crate) fn forget(ctx: &mut Context<'_, '_>, name: &[u8; 24]) -> Result<(), Interrupt> {
    let slot: Slot<DomainState> = ctx.tx.read(Key::new(Table::DOMAINS, *name))?;
    let is_over = |due: Timestamp| due.plus(REMEMBERED) <= ctx.now;
    if slot.value().and_then(DomainState::forget_at).is_some_and(is_over) {
        ctx.tx.delete(slot)?;
    }
    Ok(())
}

/// The operator lets a link go on that was held.
pub(crate) fn resume(ctx: &mut Context<'_, '_>, domain: &Domain) -> Result<(), Interrupt> {
    let mut work = LinkWork::load(ctx, domain)?;
    if matches!(work.link.state.mode, Mode::Held(_)) {
        work.link.state.mode = Mode::Finding;
        work.begin_anew(ctx)?;
        work.save(ctx)?;
    }
    Ok(())
}

impl LinkWork {
    /// Its domain names nobody any more: what waits is not sent before it does again.
    pub(super) fn lose(&mut self) {
        if !matches!(self.link.state.mode, Mode::Held(_)) {
            self.link.state.mode = Mode::Finding;
        }
    }

    /// The link leads to this server.
    pub(super) fn lead_to(&mut self, server: ServerId) {
        self.link.server = Some(server);
        self.link.state.mode = Mode::Open;
    }
}

/// When a server may come again: soon if its domain is being asked, otherwise when there may be news.
pub(super) fn come_again(next: &Next, now: Timestamp) -> Timestamp {
    let at = match next.standing {
        _ if next.fetch => now.plus(STRANGER_WAIT),
        // The answer may come at any moment: two servers that meet ask each other at once.
        Standing::Asked => now.plus(STRANGER_WAIT),
        Standing::Absent { until } => until,
        Standing::Unknown => next.retry.unwrap_or(now.plus(UNASKED_WAIT)),
        Standing::Bound(_) | Standing::Held { .. } => now.plus(HELD_WAIT),
    };
    at.max(now.plus(STRANGER_WAIT)).min(now.plus(HELD_WAIT))
}
