//! What a body says beside its content, and what follows. `docs/PROTOCOL.md` §9.1, §9.3 to §9.6.

use super::SessionError;
use super::body::Body;
use super::contact::{Contact, Studied};
use super::context::{Context, Stopped};
use super::device::DeviceSessions;
use super::lineage::Standing;
use super::notice::Notice;
use super::seal::Open;
use super::sent;
use super::shared::SharedBody;
use super::state::Unfinished;
use super::tend::CLOSE;
use crate::identity::chain::News;
use crate::identity::trust::Observation;
use crate::pairwise::Authentication;
use crate::ratchet::{Gap, Opened, Position};
use crate::storage::Slot;
use crate::storage::timer::Timer;

/// Everything that a message has said.
pub(super) struct Heard {
    pub(super) opened: Opened,
    pub(super) body: Body,
    pub(super) shared: Result<Option<SharedBody>, SessionError>,
    pub(super) studied: Option<Studied>,
}

/// A message, where it came, and whether what it says is lost.
type Came<'a> = (Standing, &'a [u8], &'a Opened, &'a Body, bool);

/// What concerns the session and its place among the others.
pub(super) fn session(
    ctx: &mut Context<'_, '_>,
    session: &mut Open,
    sessions: &mut DeviceSessions,
    (place, message, opened, body, is_lost): Came<'_>,
    notices: &mut Vec<Notice>,
) {
    let (account, device) = (sessions.account, sessions.device);
    let name = session.ratchet.transcript();
    let is_beyond = is_beyond_end(session, sessions, opened);
    let is_other = history(ctx, session, (message, opened, body, is_lost), notices);
    if (is_beyond || is_other) && place != Standing::Contested {
        sessions.is_due = true;
        if !core::mem::replace(&mut sessions.is_copied, true) {
            notices.push(Notice::Copied(account, device));
        }
    }
    if matches!(session.state.handshake, Unfinished::Awaiting(..)) {
        session.state.handshake = Unfinished::Done;
    }
    let is_proven = session.ratchet.standing().authentication() == Authentication::PostQuantum;
    if is_proven && sessions.lineage.settle(&name) && place == Standing::Active {
        // Whoever was copied before is not in this session.
        (sessions.is_copied, sessions.is_self_copied) = (false, false);
    }
    match place {
        Standing::Active => {
            sessions.known = Some(body.view.yours);
            if let Some(prefix) = body.withdrawn {
                sessions.lineage.withdraw(prefix);
            }
            if body.asks && !core::mem::replace(&mut sessions.owes_answer, true) {
                notices.push(Notice::AnswerOwed(account, device));
            }
            if body.alarm && !core::mem::replace(&mut sessions.is_self_copied, true) {
                sessions.is_due = true;
                notices.push(Notice::SelfCopied(account, device));
            }
        }
        Standing::Contested => {
            if sessions.lineage.outlast(ctx.now) {
                notices.push(Notice::Replaced(account, device));
            }
        }
        Standing::Former => {}
    }
}

/// Brings history and gaps up to date. Whether the message follows another one than the newest that was opened.
fn history(
    ctx: &Context<'_, '_>,
    session: &mut Open,
    (message, opened, body, is_lost): (&[u8], &Opened, &Body, bool),
    notices: &mut Vec<Notice>,
) -> bool {
    let state = &mut session.state;
    let (account, device) = (state.account, state.device);
    notices.extend(opened.gaps.iter().map(|gap| Notice::Gap(account, device, *gap)));
    state.miss(&opened.gaps, ctx.now);
    if let Some(repairs) = &body.repairs {
        state.fill(repairs);
    }
    let this = Gap { from: opened.position, count: 1 };
    if opened.is_late {
        state.fill(&this);
    }
    if is_lost {
        state.miss(&[this], ctx.now);
    }
    let lost = state.give_up(ctx.now);
    notices.extend(lost.into_iter().map(|gap| Notice::Lost(account, device, gap)));
    !opened.is_late && state.open(opened.position, message, body.before, opened.gaps.is_empty())
}

/// Whether the other side had ended the session before this message.
fn is_beyond_end(session: &Open, sessions: &mut DeviceSessions, opened: &Opened) -> bool {
    let place = sessions.lineage.place_mut(&session.ratchet.transcript());
    let Some(end) = place.and_then(|place| place.end) else { return false };
    let Position { chain, number } = opened.position;
    let newest = session.state.opened.map(|newest| newest.chain);
    let is_new_chain = !opened.is_late && newest == Some(end.chain);
    if chain == end.chain { number >= end.number } else { is_new_chain }
}

/// What the other side has received.
pub(super) fn acks(
    ctx: &mut Context<'_, '_>,
    session: &Open,
    sessions: &mut DeviceSessions,
    body: &Body,
    notices: &mut Vec<Notice>,
) -> Result<(), Stopped> {
    let (account, device) = (sessions.account, sessions.device);
    let state = &session.state;
    if body.acks.iter().any(|ack| state.is_impossible(ack)) {
        sessions.is_due = true;
        if !core::mem::replace(&mut sessions.is_self_copied, true) {
            notices.push(Notice::SelfCopied(account, device));
        }
    }
    let is_all = state.sealed.is_some_and(|sealed| body.acks.contains(&sealed));
    let said = sent::Account {
        session: session.ratchet.transcript(),
        is_settled: session.ratchet.standing().authentication() == Authentication::PostQuantum,
        is_all,
        acks: &body.acks,
        gaps: &body.gaps,
    };
    let has_settled = sent::settle(ctx, (account, device), &said, notices)?;
    if is_all || has_settled {
        sessions.waiting.acked(is_all, ctx.now);
    } else if sessions.waiting.heard(ctx.now) {
        sessions.is_due = true;
    }
    let probe = sessions.lineage.contested.and_then(|contested| contested.probe);
    let is_answered =
        |probe: Position| body.acks.iter().any(|ack| ack.chain == probe.chain && ack.next > probe.number);
    if probe.is_some_and(is_answered) {
        sessions.lineage.decide(false, ctx.now);
        notices.push(Notice::IdentityCopied(account, device));
    }
    Ok(())
}

/// Which manifests the sender holds, and its introduction.
pub(super) fn manifests(
    ctx: &mut Context<'_, '_>,
    (slot, studied): (Slot<Contact>, Option<Studied>),
    body: &Body,
    notices: &mut Vec<Notice>,
) -> Result<(), Stopped> {
    let own = (ctx.own.account.id(), ctx.own.held());
    let Some(mut contact) = studied.as_ref().map(|studied| studied.contact.clone()).or(slot.value().cloned())
    else {
        return Ok(());
    };
    let is_own_behind = body.view.yours > own.1.0;
    let is_other = body.view.contradicts(&contact, own.1);
    if contact.mention(body.view.mine) || is_other {
        notices.push(Notice::Refetch(contact.account));
    }
    if is_own_behind || is_other {
        notices.push(Notice::Refetch(own.0));
    }
    match studied {
        Some(mut studied) => {
            studied.contact = contact;
            keep(ctx, studied, notices)
        }
        None if slot.value() != Some(&contact) => Ok(ctx.tx.put(slot, &contact)?),
        None => Ok(()),
    }
}

/// Writes what was learned, closes what is over, and tells.
pub(super) fn keep(
    ctx: &mut Context<'_, '_>,
    studied: Studied,
    notices: &mut Vec<Notice>,
) -> Result<(), Stopped> {
    let (learned, contact) = studied.keep(ctx.tx)?;
    for device in &learned.removed {
        // Nothing of the device is taken any more; what is kept of it goes in a step of its own.
        let owner = [&[CLOSE], contact.account.as_bytes().as_slice(), device.as_bytes()].concat();
        Timer { owner, due: ctx.now, set: ctx.now }.start(None, ctx.tx)?;
    }
    if learned.news != News::Known || learned.observation != Observation::Same {
        notices.push(Notice::Learned(contact.account, Box::new(learned)));
    }
    Ok(())
}
