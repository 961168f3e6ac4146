//! What became of what was handed to the server. `docs/PROTOCOL.md` §11.4, §11.5.

use super::context::Context;
use super::errand;
use super::error::Stopped;
use super::event::{Event, Stage};
use super::record::{CommandId, SubmittedItem};
use crate::identity::ids::{AccountId, DeviceId};
use crate::server::service::{Operation, Submit, Submitted};
use crate::server::{Code, ItemId, Status, Verdict};
use crate::time::Span;

/// The application hears how far something is, for one device.
pub(super) fn tell(
    ctx: &mut Context<'_, '_>,
    id: CommandId,
    (account, device): (AccountId, DeviceId),
    stage: Stage,
) -> Result<(), Stopped> {
    Ok(ctx.tell(&Event::Progress { id, account, device, stage })?)
}

/// The server has decided on items, or taken them. What it had no room for is sent again.
pub(super) fn submitted(
    ctx: &mut Context<'_, '_>,
    submit: &Submit,
    results: Vec<Submitted>,
) -> Result<(), Stopped> {
    let (mut busy, mut wait) = (Vec::new(), Span::from_millis(0));
    let answered = results.len().min(submit.items.len());
    let unanswered = submit.items.iter().skip(answered).map(|item| item.id);
    for item in unanswered {
        settled(ctx, item, Stage::Uncertain)?;
    }
    for (item, result) in submit.items.iter().zip(results) {
        if let Submitted::Decided(Verdict { code: Code::Busy(after), .. }) = result {
            busy.push(item.clone());
            wait = wait.max(after);
            continue;
        }
        let stage = match result {
            Submitted::Queued { waiting_since: Some(since) } => Stage::Waiting(since),
            Submitted::Queued { waiting_since: None } => Stage::HandedOver,
            Submitted::Decided(Verdict { code: Code::Accepted, .. }) => Stage::Delivered,
            Submitted::Decided(_) => Stage::Failed,
        };
        settled(ctx, item.id, stage)?;
    }
    if busy.is_empty() {
        return Ok(());
    }
    let again = Submit { payload: submit.payload.clone(), items: busy };
    errand::start_after(ctx, wait, |_| Operation::Submit(again))
}

/// The server does not take items.
pub(super) fn refused(ctx: &mut Context<'_, '_>, submit: &Submit) -> Result<(), Stopped> {
    for item in &submit.items {
        settled(ctx, item.id, Stage::Failed)?;
    }
    Ok(())
}

/// What became of an item.
pub(super) fn status(ctx: &mut Context<'_, '_>, item: ItemId, status: Status) -> Result<(), Stopped> {
    let stage = match status {
        Status::Delivered => Stage::Delivered,
        Status::Refused(_) | Status::Gone | Status::Expired => Stage::Failed,
        Status::Uncertain => Stage::Uncertain,
        Status::Waiting(since) => Stage::Waiting(since),
    };
    settled(ctx, item, stage)
}

fn settled(ctx: &mut Context<'_, '_>, item: ItemId, stage: Stage) -> Result<(), Stopped> {
    let mut slot = ctx.tx.read::<SubmittedItem>(SubmittedItem::key(ctx.tx.vault(), item))?;
    let Some(part) = slot.take() else { return Ok(()) };
    if !matches!(stage, Stage::HandedOver | Stage::Waiting(_)) {
        ctx.tx.delete(slot)?;
    }
    tell(ctx, part.outgoing, (part.account, part.device), stage)
}
