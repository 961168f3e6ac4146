//! Receipts. `docs/PROTOCOL.md` §10.5.

use super::context::Context;
use super::error::{ClientError, Stopped, refuse};
use super::event::Said;
use super::record::KnownContent;
use super::{contact, outgoing};
use crate::content::{
    Body, Content, ContentId, Conversation, Own, Rank, Receipt, ReceiptBatch, ReceiptState, Receivable,
};
use crate::identity::ids::AccountId;
use crate::storage::{Key, Slot, Table, Vault};
use crate::wire::Wire as _;

/// What the owner of the timer of a contact's receipts begins with.
pub(super) const TIMER: u8 = 0x61;

fn key(vault: &Vault, account: AccountId) -> Key {
    vault.partition(Table::RECEIPTS, account.as_bytes()).key(0)
}

fn read(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
) -> Result<(Slot<ReceiptBatch>, ReceiptBatch), Stopped> {
    let mut slot = ctx.tx.read::<ReceiptBatch>(key(ctx.tx.vault(), account))?;
    let batch = slot.take().unwrap_or_else(|| ReceiptBatch::new(account));
    Ok((slot, batch))
}

fn rank(ctx: &Context<'_, '_>) -> Rank {
    Rank::of(ctx.me.kept.secret.id(), &Own::of(&ctx.me.account))
}

/// A content has come for which there may be a receipt.
pub(super) fn delivered(ctx: &mut Context<'_, '_>, of: Receivable) -> Result<(), Stopped> {
    note(ctx, ReceiptState::Delivered, of)
}

fn note(ctx: &mut Context<'_, '_>, state: ReceiptState, of: Receivable) -> Result<(), Stopped> {
    let account = of.account();
    let (slot, mut batch) = read(ctx, account)?;
    let before = batch.due();
    let (now, rank) = (ctx.now, rank(ctx));
    batch.note(state, of, now, rank, ctx.tx.rng()).map_err(refuse)?;
    schedule(ctx, account, before, &batch)?;
    Ok(ctx.tx.put(slot, &batch)?)
}

fn schedule(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    before: Option<crate::time::Timestamp>,
    batch: &ReceiptBatch,
) -> Result<(), Stopped> {
    match batch.due() {
        Some(due) if before != Some(due) => Ok(ctx.wake(TIMER, account.as_bytes(), due)?),
        _ => Ok(()),
    }
}

/// A person has read a content.
pub(super) fn read_by_person(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    id: ContentId,
) -> Result<(), Stopped> {
    let slot = ctx.tx.read::<KnownContent>(KnownContent::key(ctx.tx.vault(), id))?;
    let known = slot.value().ok_or_else(|| refuse(ClientError::Unknown))?.0;
    let contact = contact::read(ctx, account)?.1;
    match known.receivable(id, &contact).filter(|of| of.account() == account) {
        Some(of) => note(ctx, ReceiptState::Read, of),
        None => Ok(()),
    }
}

/// Another own device has sent a receipt.
pub(super) fn covered(ctx: &mut Context<'_, '_>, said: &Said, receipt: &Receipt) -> Result<(), Stopped> {
    let Ok(content) = Content::decode(&said.content) else { return Ok(()) };
    let Conversation::Direct { with } = content.conversation();
    let (slot, mut batch) = read(ctx, with)?;
    batch.cover(receipt);
    Ok(ctx.tx.put(slot, &batch)?)
}

/// Receipts are due.
pub(super) fn due(ctx: &mut Context<'_, '_>, account: &[u8]) -> Result<(), Stopped> {
    let Ok(account) = account.try_into().map(AccountId::from_bytes) else { return Ok(()) };
    contact::need(ctx, account)?;
    let (slot, mut batch) = read(ctx, account)?;
    let contact = contact::read(ctx, account)?.1;
    let (now, rank) = (ctx.now, rank(ctx));
    let receipts = batch.emit(&contact, now, rank, ctx.tx.rng()).map_err(refuse)?;
    // Its timer is gone, also if a clock that was put back has made it come too early.
    schedule(ctx, account, None, &batch)?;
    ctx.tx.put(slot, &batch)?;
    for receipt in receipts {
        let id = contact::own_command(ctx)?;
        outgoing::say(ctx, id, account, (&Body::Receipt(receipt), now))?;
    }
    Ok(())
}

/// A content was withdrawn: there is no receipt for it.
pub(super) fn withdrawn(ctx: &mut Context<'_, '_>, account: AccountId, id: ContentId) -> Result<(), Stopped> {
    let (slot, mut batch) = read(ctx, account)?;
    if batch.due().is_none() {
        return Ok(());
    }
    batch.withdraw(id);
    Ok(ctx.tx.put(slot, &batch)?)
}
