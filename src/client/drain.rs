//! The mailbox. `docs/PROTOCOL.md` §7.6, §11.4.

use super::context::Context;
use super::error::{Stopped, refuse};
use super::event::Event;
use super::incoming::{self, Came};
use super::machine::Output;
use super::{connect, errand, inbox, progress};
use crate::crypto::hash::Hash;
use crate::identity::ids::RequestId;
use crate::server::mailbox::{Drained, MailboxEntry, What};
use crate::server::service::{Operation, Outcome, Refused, Request, Response};
use crate::time::Span;
use crate::wire::Wire as _;

/// What the name of a drain begins with.
pub(super) const NAME: u8 = b'd';
/// How many entries are asked for at once.
const PAGE: u32 = 100;

/// The application would fetch what has come.
pub(super) fn fetch(ctx: &mut Context<'_, '_>, wait: Span) -> Result<(), Stopped> {
    if connect::session(ctx).is_none() {
        // A welcome asks by itself.
        return connect::greet(ctx);
    }
    inbox::ask(ctx)?;
    ask(ctx, wait)
}

/// Asks for the entries after the cursor, which acknowledges those before.
pub(super) fn ask(ctx: &mut Context<'_, '_>, wait: Span) -> Result<(), Stopped> {
    let Some((session, _)) = ctx.state.session else { return Ok(()) };
    let mut name = *errand::name(ctx, 0)?.as_bytes();
    if let Some(first) = name.first_mut() {
        *first = NAME;
    }
    let request = RequestId::from_bytes(name);
    let operation = Operation::Drain { cursor: ctx.state.cursor, max: PAGE, wait };
    let body = Request { request, session: Some(session), operation }.encode().map_err(refuse)?;
    ctx.send.push(Output::Post { request, body });
    Ok(())
}

/// Entries have come. One is dealt with in each step.
pub(super) fn drained(
    ctx: &mut Context<'_, '_>,
    name: RequestId,
    response: Option<&[u8]>,
) -> Result<(), Stopped> {
    let answer = response.and_then(|bytes| Response::decode(bytes).ok());
    match answer.filter(|answer| answer.request == name).map(|answer| answer.outcome) {
        Some(Outcome::Drained(drained)) => page(ctx, &drained),
        Some(Outcome::Refused(Refused::Session | Refused::Unknown)) => {
            ctx.state.session = None;
            connect::greet(ctx)
        }
        _ => Ok(()),
    }
}

fn page(ctx: &mut Context<'_, '_>, drained: &Drained) -> Result<(), Stopped> {
    let at = start(ctx, drained);
    if let Some(entry) = drained.entries.get(at) {
        entry_came(ctx, entry, &drained.payloads)?;
        ctx.state.cursor.entry = Some(entry.place);
        if at.saturating_add(1) < drained.entries.len() || ctx.state.cursor != drained.next {
            ctx.send.push(Output::Again);
        }
        return Ok(());
    }
    if ctx.state.cursor == drained.next {
        ctx.tx.already_done();
        return Ok(());
    }
    // An answer that comes late again is behind.
    let number = |cursor: &crate::server::mailbox::MailboxCursor| cursor.entry.map(|place| place.number);
    if !drained.lost && number(&drained.next) < number(&ctx.state.cursor) {
        return Ok(());
    }
    missed(ctx, drained)?;
    ctx.state.cursor = drained.next;
    if drained.more { ask(ctx, Span::from_millis(0)) } else { Ok(()) }
}

/// The first entry that was not dealt with.
fn start(ctx: &Context<'_, '_>, drained: &Drained) -> usize {
    let Some(last) = ctx.state.cursor.entry else { return 0 };
    // The last of them: a server that names a place twice must not be gone through for ever.
    let same = drained.entries.iter().rposition(|entry| entry.place == last);
    if let Some(at) = same {
        return at.saturating_add(1);
    }
    // A log that was set back counts anew: its numbers say nothing.
    if drained.lost {
        return 0;
    }
    let later = drained.entries.iter().position(|entry| entry.place.number > last.number);
    later.unwrap_or(drained.entries.len())
}

fn missed(ctx: &mut Context<'_, '_>, drained: &Drained) -> Result<(), Stopped> {
    if let Some(aged) = &drained.aged {
        let count = Some(aged.count);
        ctx.tell(&Event::Missed { count, from: aged.from, to: aged.to, domain: None })?;
    }
    for gap in &drained.gaps {
        let domain = Some(gap.domain.clone());
        ctx.tell(&Event::Missed { count: None, from: gap.from, to: gap.to, domain })?;
    }
    Ok(())
}

fn entry_came(ctx: &mut Context<'_, '_>, entry: &MailboxEntry, payloads: &[Vec<u8>]) -> Result<(), Stopped> {
    match &entry.what {
        What::Status(status) => progress::status(ctx, status.id, status.status),
        What::Item(item) => {
            let blob = item.payload.and_then(|hash| {
                payloads.iter().find(|payload| Hash::of(payload) == hash).map(Vec::as_slice)
            });
            let came = Came { frame: &item.body, blob, token: Some(item.token), at: entry.at };
            incoming::take(ctx, &came).map(drop)
        }
    }
}
