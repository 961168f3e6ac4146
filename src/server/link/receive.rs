//! What comes in on a link. `docs/PROTOCOL.md` §7.3 to §7.9.

use crate::identity::{chain::ForkEvidence, ids::ServerId};
use crate::server::discovery::{Cause, DiscoveryGate, DomainState, HoldReason, Next, Standing};
use crate::server::frame::{Answer, Authentic, Frame, Part};
use crate::server::stream::{Batch, Inbound, Position, Route, StreamId, Verdicts, Window};
use crate::server::{Code, Context, Item, Origin, Reason, Verdict, directory, mailbox};
use crate::storage::{Interrupt, Key, Slot, Table, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

use super::peer::{Peer, Voice};
use super::record::{BYTES, ITEMS, SET_BACKS};
use super::send::{FRAME_BYTES, OutboundWork, frame, request};
use super::state::{Held, Mode};
use super::{Alarm, LinkWork, WINDOW_BYTES, WINDOW_ITEMS, find, question};

/// A frame that has decided on more items than this brings no new ones: one step has limits.
const MAX_BOTH: usize = 200;
/// How long a link rests after an answer that brought nothing, though something waits.
const IDLE: Span = Span::from_secs(1);
/// Questions that one frame has answered.
const MAX_ANSWERS: usize = 64;
/// … in bytes, but for the last one. The others are asked again.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// What a frame has led to.
#[derive(Default)]
struct Heard {
    answers: Vec<Answer>,
    answer_bytes: usize,
    /// Whether its sender is the server of its domain, so that its parts count.
    is_listened: bool,
    /// How many items of this server's it has decided on.
    decided: usize,
    /// Whether anything has come of it.
    is_fruitful: bool,
    /// Sent later than every frame before.
    is_newest: bool,
    /// Proof that the peer's chain has forked.
    fork: Option<ForkEvidence>,
    /// Streams of which it had a batch, and what is said about the next.
    windows: Vec<(StreamId, Window)>,
}

impl Heard {
    /// Answers a question, if the frame has room for the answer.
    fn answer<'a, 't>(
        &mut self,
        ctx: &mut Context<'a, 't>,
        answer: impl FnOnce(&mut Context<'a, 't>) -> Result<Answer, Interrupt>,
    ) -> Result<(), Interrupt> {
        if self.answers.len() < MAX_ANSWERS && self.answer_bytes < MAX_ANSWER_BYTES {
            let answer = answer(ctx)?;
            let size = answer.encode().map_or(0, |bytes| bytes.len());
            self.answer_bytes = self.answer_bytes.saturating_add(size);
            self.answers.push(answer);
        }
        Ok(())
    }
}

struct InboundWork {
    slot: Slot<Inbound>,
    route: Route,
    stream: Inbound,
}

impl InboundWork {
    fn key(ctx: &Context<'_, '_>, from: ServerId, stream: StreamId) -> Key {
        let streams = ctx.tx.vault().partition(Table::INBOUND_STREAMS, from.as_bytes());
        streams.key(u64::from(stream.number()))
    }

    fn load(ctx: &mut Context<'_, '_>, from: ServerId, stream: StreamId) -> Result<Self, Interrupt> {
        let mut slot: Slot<Inbound> = ctx.tx.read(Self::key(ctx, from, stream))?;
        let route = Route { from, to: ctx.server.manifest.id(), stream };
        Ok(Self { stream: slot.take().unwrap_or_default(), slot, route })
    }
}

/// The summary of the server that a frame names, with which it is to be verified.
pub(crate) fn sender(ctx: &mut Context<'_, '_>, from: ServerId) -> Result<Option<Peer>, Interrupt> {
    let mut slot: Slot<Peer> = ctx.tx.read(Peer::key(ctx.tx.vault(), from))?;
    Ok(slot.take())
}

/// A frame was sent to this server. Gives the answer.
pub(crate) fn receive(ctx: &mut Context<'_, '_>, authentic: &Authentic) -> Result<Option<Frame>, Interrupt> {
    let (from, reply_to) = (authentic.from, authentic.request);
    let Some(peer) = sender(ctx, from)? else { return Ok(None) };
    let (mut work, heard) = listen(ctx, authentic, &peer)?;
    let peer = sender(ctx, from)?.unwrap_or(peer);
    let request = request(ctx)?;
    let is_small = heard.windows.is_empty() && heard.answers.is_empty() && heard.decided <= MAX_BOTH;
    // Whoever replays a frame gets nothing.
    let is_live = heard.is_listened && heard.is_newest;
    let mut parts = said(ctx, from, heard)?;
    let may_send = work.link.state.mode == Mode::Open && work.link.request.is_none();
    if may_send
        && is_live
        && is_small
        && let Some(batch) = work.next_batch(ctx, from, request, FRAME_BYTES)?
    {
        parts.push(Part::Batch(batch));
        work.await_answer(ctx, request)?;
    }
    work.save(ctx)?;
    Ok(Some(self::frame(ctx, &peer, from, (request, Some(reply_to)), parts)))
}

/// The answer to a frame of this server has come.
pub(crate) fn receive_reply(ctx: &mut Context<'_, '_>, authentic: &Authentic) -> Result<(), Interrupt> {
    let (request, reply_to) = (authentic.request, authentic.reply_to);
    let Some(peer) = sender(ctx, authentic.from)? else { return Ok(()) };
    let (mut work, heard) = listen(ctx, authentic, &peer)?;
    if work.link.request == reply_to {
        work.link.request = None;
        work.stop(ctx);
    }
    // A late answer says nothing of the frame that is outstanding, which keeps its timer.
    let is_in_vain = heard.is_listened && !heard.is_fruitful && work.is_waiting();
    if is_in_vain && work.link.request.is_none() && work.link.state.mode == Mode::Open {
        work.link.state.mode = Mode::Paused(ctx.now.plus(IDLE));
        work.stop(ctx);
    }
    // What the answer itself brought is said with the next frame. Questions in answers are not answered: nobody asks so.
    work.link.owed = heard.windows.into_iter().map(|(stream, _)| stream).collect();
    work.link.owed_to = (!work.link.owed.is_empty()).then_some(request);
    if work.is_waiting() {
        work.kick(ctx)?;
    }
    work.save(ctx)
}

/// The positions that a link owes its peer.
pub(super) fn positions(
    ctx: &mut Context<'_, '_>,
    work: &LinkWork,
    from: ServerId,
) -> Result<Vec<Part>, Interrupt> {
    let mut parts = Vec::new();
    for stream in work.link.owed.clone() {
        let inbound = InboundWork::load(ctx, from, stream)?;
        parts.push(Part::Position(inbound.stream.position(&inbound.route, open_window())));
    }
    Ok(parts)
}

const fn open_window() -> Window {
    Window { max_items: WINDOW_ITEMS, max_bytes: WINDOW_BYTES, not_before: None }
}

/// What is said to what was heard.
fn said(ctx: &mut Context<'_, '_>, from: ServerId, heard: Heard) -> Result<Vec<Part>, Interrupt> {
    let mut parts = Vec::new();
    for (stream, window) in heard.windows {
        let inbound = InboundWork::load(ctx, from, stream)?;
        parts.push(Part::Position(inbound.stream.position(&inbound.route, window)));
    }
    parts.extend(heard.answers.into_iter().map(Part::Answer));
    parts.extend(heard.fork.map(Part::Notice));
    Ok(parts)
}

/// Deals with everything in a frame but the answer to it.
fn listen(ctx: &mut Context<'_, '_>, frame: &Frame, peer: &Peer) -> Result<(LinkWork, Heard), Interrupt> {
    let domain = peer.domain.clone();
    foresee(ctx, frame, peer)?;
    if frame.mine != peer.seen {
        find::learn(ctx, &domain, frame)?;
    }
    let mut work = LinkWork::load(ctx, &domain)?;
    let is_answer = frame.reply_to.is_some_and(|request| work.link.request == Some(request));
    let Voice { is_alone, is_newest } = hear(ctx, frame, is_answer)?;
    let next = find::ask(ctx, &domain, Cause::Inbound)?;
    let standing = next.standing;
    let is_bound = standing == Standing::Bound(frame.from);
    if !is_alone && is_bound && !matches!(work.link.state.mode, Mode::Held(_)) {
        work.link.state.mode = Mode::Held(Held::Clone);
        ctx.alarm(&domain, Alarm::Clone)?;
    }
    let not_before = match (work.link.state.mode, standing) {
        (Mode::Held(_), _) | (_, Standing::Held { .. }) => Some(ctx.now.plus(find::HELD_WAIT)),
        _ if is_bound => None,
        _ => Some(find::come_again(&next, ctx.now)),
    };
    if let Standing::Unknown | Standing::Asked | Standing::Absent { .. } = standing {
        work.lose();
    }
    if not_before.is_some() {
        let followed = match standing {
            Standing::Held { reason: HoldReason::Forked, .. } => find::follow(ctx, frame.from)?,
            _ => None,
        };
        let fork = followed.and_then(|followed| followed.evidence());
        return Ok((work, Heard { windows: closed(frame, not_before), fork, ..Heard::default() }));
    }
    // An answer is not one of before: it names the frame.
    if is_newest || is_answer {
        work.link.state.heard();
    }
    if work.link.state.mode == Mode::Finding || work.link.server != Some(frame.from) {
        work.lead_to(frame.from);
    }
    let heard = attend(ctx, &mut work, frame)?;
    if work.is_waiting() {
        work.kick(ctx)?;
    }
    Ok((work, Heard { is_listened: true, is_newest, ..heard }))
}

/// What a server is told that is not listened to yet.
pub(super) fn later(ctx: &mut Context<'_, '_>, frame: &Frame, next: &Next) -> Result<Vec<Part>, Interrupt> {
    let windows = closed(frame, Some(find::come_again(next, ctx.now)));
    said(ctx, frame.from, Heard { windows, ..Heard::default() })
}

/// Every batch is answered, also where none is taken.
fn closed(frame: &Frame, not_before: Option<Timestamp>) -> Vec<(StreamId, Window)> {
    let window = Window { not_before, ..open_window() };
    let streams = frame.parts.iter().filter_map(|part| match part {
        Part::Batch(batch) => Some((batch.stream, window)),
        _ => None,
    });
    streams.collect()
}

/// Asks for all that a frame will need and that is known now.
fn foresee(ctx: &mut Context<'_, '_>, frame: &Frame, peer: &Peer) -> Result<(), Interrupt> {
    let vault = ctx.tx.vault();
    let link = super::Link::key(vault, &LinkWork::name_of(&peer.domain));
    let mut keys = vec![link, DomainState::key(vault, &peer.domain), DiscoveryGate::key(vault)];
    for part in &frame.parts {
        match part {
            Part::Batch(batch) => keys.push(InboundWork::key(ctx, frame.from, batch.stream)),
            Part::Position(position) => {
                let route = Route { from: ctx.server.manifest.id(), to: frame.from, stream: position.stream };
                keys.push(OutboundWork::key(ctx, &route));
            }
            _ => {}
        }
    }
    ctx.tx.need(keys.into_iter().map(Want::Record))
}

/// Notes which process of the peer is speaking.
fn hear(ctx: &mut Context<'_, '_>, frame: &Frame, is_answer: bool) -> Result<Voice, Interrupt> {
    let mut slot: Slot<Peer> = ctx.tx.read(Peer::key(ctx.tx.vault(), frame.from))?;
    let Some(before) = slot.take() else { return Ok(Voice { is_alone: true, is_newest: false }) };
    let mut peer = before.clone();
    let voice = peer.hear(frame, is_answer);
    if peer != before {
        ctx.tx.put(slot, &peer)?;
    }
    Ok(voice)
}

/// The parts of a frame of a server that is listened to.
fn attend(ctx: &mut Context<'_, '_>, work: &mut LinkWork, frame: &Frame) -> Result<Heard, Interrupt> {
    let mut heard = Heard::default();
    let origin = Origin::Peer(work.link.domain.clone());
    let (max_items, questions) = (work.link.max_items, work.link.questions.len());
    for part in &frame.parts {
        match part {
            Part::Position(position) if position.stream == StreamId::DATA => {
                heard.decided = heard.decided.saturating_add(progress(ctx, work, frame, position)?);
            }
            Part::Lookup(lookup) => {
                let answer = |ctx: &mut _| directory::lookup(ctx, &origin, lookup);
                heard.answer(ctx, answer)?;
            }
            Part::Claim(claim) => {
                let answer = |ctx: &mut _| directory::claim(ctx, &origin, claim);
                heard.answer(ctx, answer)?;
            }
            Part::Answer(answer) => question::answered(ctx, work, answer.clone())?,
            Part::Notice(fork) => own_fork(ctx, work, fork)?,
            _ => {}
        }
    }
    // A batch that was too large goes out again at once, with less.
    heard.is_fruitful =
        heard.decided > 0 || work.link.questions.len() < questions || work.link.max_items < max_items;
    // One batch in a step, and none after many verdicts: a step has limits. The others come again.
    // A batch that was for an earlier process of this server may have been decided on, and forgotten since.
    let mut may_take = heard.decided <= MAX_BOTH && frame.to_instance == Some(ctx.server.instance);
    for part in &frame.parts {
        if let Part::Batch(batch) = part {
            let stream = batch.stream;
            let (window, is_taken) =
                if may_take { take(ctx, work, frame.from, batch)? } else { (open_window(), false) };
            may_take = false;
            heard.is_fruitful |= is_taken;
            heard.windows.push((stream, window));
        }
    }
    Ok(heard)
}

fn progress(
    ctx: &mut Context<'_, '_>,
    work: &mut LinkWork,
    frame: &Frame,
    position: &Position,
) -> Result<usize, Interrupt> {
    let Some(reply_to) = frame.reply_to else { return Ok(0) };
    let outbound = OutboundWork::load(ctx, frame.from, work.link.settled)?;
    if outbound.stream.outstanding() == Some(reply_to) && work.link.request == Some(reply_to) {
        work.link.request = None;
        work.stop(ctx);
    }
    work.progress(ctx, outbound, reply_to, position)
}

/// Takes a batch, or leaves everything as it is. Gives what the next one may be, and whether this one was taken.
fn take(
    ctx: &mut Context<'_, '_>,
    work: &mut LinkWork,
    from: ServerId,
    batch: &Batch,
) -> Result<(Window, bool), Interrupt> {
    let inbound = InboundWork::load(ctx, from, batch.stream)?;
    let Some(admission) = inbound.stream.admit(&inbound.route, batch) else {
        return Ok((open_window(), false));
    };
    let origin = Origin::Peer(work.link.domain.clone());
    let mut known = Vec::new();
    let mut decode = |bytes: &Vec<u8>| {
        let item = Item::decode(bytes);
        let is_item = item.is_ok();
        known.extend(item);
        is_item
    };
    let are_items: Vec<bool> = batch.items.iter().map(&mut decode).collect();
    let affordable = mailbox::affordable(&known);
    if affordable < known.len() {
        let max_items = u32::try_from(affordable.max(1)).unwrap_or(WINDOW_ITEMS);
        return Ok((Window { max_items, ..open_window() }, false));
    }
    if let Err(wait) = spend(work, batch, ctx.now) {
        return Ok((Window { not_before: Some(ctx.now.plus(wait)), ..open_window() }, false));
    }
    mailbox::prepare(ctx, &origin, &known)?;
    let mut verdicts = Verdicts::new();
    let mut items = known.iter();
    for is_item in are_items {
        verdicts.push(match is_item.then(|| items.next()).flatten() {
            Some(item) => mailbox::deliver(ctx, &origin, item)?,
            None => Verdict::of(Code::Refused(Reason::Malformed)),
        });
    }
    if let Some(next) = admission.accept(&batch.hashes(), verdicts) {
        ctx.tx.put(inbound.slot, &next)?;
    }
    // What this server took after it last heard, and lost, is not there any more if the sender has forgotten it.
    if batch.first == 1 && batch.horizon > work.link.heard_at {
        mailbox::gap(ctx, &work.link.domain, work.link.heard_at, batch.horizon)?;
    }
    work.link.heard_at = ctx.now;
    // The next one is likely to be like this one.
    let likely = u32::try_from(mailbox::likely(&known)).unwrap_or(WINDOW_ITEMS);
    Ok((Window { max_items: likely.clamp(1, WINDOW_ITEMS), ..open_window() }, true))
}

/// What a peer may bring in a time.
fn spend(work: &mut LinkWork, batch: &Batch, now: Timestamp) -> Result<(), Span> {
    let count = u64::try_from(batch.items.len()).unwrap_or(u64::MAX);
    let bytes = batch.items.iter().fold(0_usize, |sum, item| sum.saturating_add(item.len()));
    work.link.items.check(&ITEMS, count, now)?;
    work.link.bytes.take(&BYTES, u64::try_from(bytes).unwrap_or(u64::MAX), now)?;
    work.link.items.take(&ITEMS, count, now)
}

/// Somebody proves that this server's own chain has forked.
fn own_fork(ctx: &mut Context<'_, '_>, work: &mut LinkWork, fork: &ForkEvidence) -> Result<(), Interrupt> {
    // A proof costs as much as many frames.
    let may_prove = work.link.set_back.take(&SET_BACKS, 1, ctx.now).is_ok();
    let mine = *ctx.server.manifest.id().as_bytes();
    let is_mine = may_prove && fork.clone().verify().is_ok_and(|fork| *fork.first.id().as_bytes() == mine);
    if is_mine { ctx.alarm(&work.link.domain, Alarm::OwnFork) } else { Ok(()) }
}
