//! Requests of strangers. `docs/PROTOCOL.md` §7.6, §11.4.

use super::contact;
use super::context::Context;
use super::errand::{self, Done};
use super::error::Stopped;
use super::incoming::{self, Came};
use crate::server::mailbox::Listed;
use crate::server::service::Operation;
use crate::time::Span;

/// How often the inbox is looked into.
const ASKED: Span = Span::from_secs(60);

/// Looks into the inbox, if that was not done just now.
pub(super) fn ask(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let is_recent = ctx.state.inbox_at.is_some_and(|at| at <= ctx.now && ctx.now.since(at) < ASKED);
    if is_recent {
        return Ok(());
    }
    ctx.state.inbox_at = Some(ctx.now);
    let after = ctx.state.inbox_after;
    errand::start(ctx, false, |_| Operation::Requests(after))
}

/// Requests are listed. One is dealt with in each step.
pub(super) fn listed(ctx: &mut Context<'_, '_>, listed: &Listed) -> Result<Done, Stopped> {
    let known = ctx.state.inbox_after;
    // The last of them: a server that names one twice must not be gone through for ever.
    let at = listed.requests.iter().rposition(|request| Some(request.handle) == known);
    let start = at.map_or(0, |at| at.saturating_add(1));
    let Some(request) = listed.requests.get(start) else {
        if listed.more {
            ctx.state.inbox_at = None;
            ask(ctx)?;
        }
        return Ok(Done::Over);
    };
    ctx.state.inbox_after = Some(request.handle);
    if request.device == ctx.me.kept.secret.id() {
        let came =
            Came { frame: &request.body, blob: request.payload.as_deref(), token: None, at: request.at };
        if let Some(account) = incoming::take(ctx, &came)? {
            contact::requested(ctx, account, request.handle)?;
        }
    }
    Ok(Done::Again)
}
