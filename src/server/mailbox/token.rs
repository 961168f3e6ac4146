//! Tokens: with what a sender reaches a mailbox. `docs/PROTOCOL.md` §7.6.
//!
//! ```text
//!   add ─▶ active ── rotate ─▶ in grace (15 days) ─▶ gone
//!             │ ▲                  │ ▲
//!        sink ▼ │ add         sink ▼ │ add
//!            sink ── rotate ─▶ sink (15 days) ─────▶ gone
//! ```

use super::due;
use super::limits;
use crate::identity::ids::AccountId;
use crate::server::quota::Budget;
use crate::server::{Context, Token};
use crate::storage::{Format, Interrupt, Key, Record, Slot, Table, Vault, Want};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenEntry {
    pub(super) account: AccountId,
    /// Whoever has it is blocked, and is not to notice.
    pub(super) is_sink: bool,
    /// When it ends, if it was rotated.
    until: Option<Timestamp>,
    pub(super) items: Budget,
    pub(super) bytes: Budget,
}

/// How many tokens an account has.
pub(super) struct TokenCount(u32);

/// What an account does with its tokens. Each may be repeated: what is so already stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// From now on this one is good. It was drawn by the device. One that was a sink delivers again.
    Add(Token),
    /// From now on another one is good, and the old one for 15 days more.
    Rotate {
        /// The old one. If it is none of the account's, only the new one counts.
        old: Token,
        /// The new one.
        new: Token,
    },
    /// What comes with it is taken and thrown away.
    Sink(Token),
}

/// What came of a change of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChanged {
    /// It is so.
    Done,
    /// The account has no such token, it is somebody else's, or there are too many.
    Refused,
}

/// Changes a token of an account.
pub(crate) fn tokens(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    change: &TokenChange,
) -> Result<TokenChanged, Interrupt> {
    let (TokenChange::Add(first) | TokenChange::Rotate { new: first, .. } | TokenChange::Sink(first)) =
        change;
    let vault = ctx.tx.vault();
    let mut keys = vec![key(vault, first), count_key(vault, account)];
    if let TokenChange::Rotate { old, .. } = change {
        keys.push(key(vault, old));
    }
    ctx.tx.need(keys.into_iter().map(Want::Record))?;
    match change {
        TokenChange::Add(token) => add(ctx, account, token),
        TokenChange::Rotate { old, new } => {
            if old != new && add(ctx, account, new)? == TokenChanged::Done {
                rotate(ctx, account, old)?;
                return Ok(TokenChanged::Done);
            }
            Ok(TokenChanged::Refused)
        }
        TokenChange::Sink(token) => sink(ctx, account, token),
    }
}

fn add(ctx: &mut Context<'_, '_>, account: AccountId, token: &Token) -> Result<TokenChanged, Interrupt> {
    let slot = ctx.tx.read::<TokenEntry>(key(ctx.tx.vault(), token))?;
    if let Some(entry) = slot.value().copied() {
        if entry.account != account {
            return Ok(TokenChanged::Refused);
        }
        if entry.is_sink {
            ctx.tx.put(slot, &TokenEntry { is_sink: false, ..entry })?;
        }
        return Ok(TokenChanged::Done);
    }
    let counted = ctx.tx.read::<TokenCount>(count_key(ctx.tx.vault(), account))?;
    let count = counted.value().map_or(0, |count| count.0);
    if count >= limits::TOKENS {
        return Ok(TokenChanged::Refused);
    }
    let items = Budget::full(&limits::TOKEN_ITEMS, ctx.now);
    let bytes = Budget::full(&limits::TOKEN_BYTES, ctx.now);
    ctx.tx.put(counted, &TokenCount(count.saturating_add(1)))?;
    ctx.tx.put(slot, &TokenEntry { account, is_sink: false, until: None, items, bytes })?;
    Ok(TokenChanged::Done)
}

fn rotate(ctx: &mut Context<'_, '_>, account: AccountId, token: &Token) -> Result<(), Interrupt> {
    let key = key(ctx.tx.vault(), token);
    let slot = ctx.tx.read::<TokenEntry>(key)?;
    if let Some(entry) =
        slot.value().filter(|entry| entry.account == account && entry.until.is_none()).copied()
    {
        let until = ctx.now.plus(limits::GRACE);
        due::timer(due::TOKEN, &key, until, ctx.now).start(None, ctx.tx)?;
        ctx.tx.put(slot, &TokenEntry { until: Some(until), ..entry })?;
    }
    Ok(())
}

fn sink(ctx: &mut Context<'_, '_>, account: AccountId, token: &Token) -> Result<TokenChanged, Interrupt> {
    let slot = ctx.tx.read::<TokenEntry>(key(ctx.tx.vault(), token))?;
    let Some(entry) = slot.value().filter(|entry| entry.account == account).copied() else {
        return Ok(TokenChanged::Refused);
    };
    if !entry.is_sink {
        ctx.tx.put(slot, &TokenEntry { is_sink: true, ..entry })?;
    }
    Ok(TokenChanged::Done)
}

/// What [`owner`] reads.
pub(crate) fn owner_want(vault: &Vault, token: &Token) -> Want {
    Want::Record(key(vault, token))
}

/// Whose mailboxes a token reaches, also if what comes with it is thrown away: who is blocked is not to notice.
pub(crate) fn owner(ctx: &mut Context<'_, '_>, token: &Token) -> Result<Option<AccountId>, Interrupt> {
    Ok(find(ctx, token)?.map(|(_, entry)| entry.account))
}

/// The token, if it still serves.
pub(super) fn find(
    ctx: &mut Context<'_, '_>,
    token: &Token,
) -> Result<Option<(Slot<TokenEntry>, TokenEntry)>, Interrupt> {
    let slot = ctx.tx.read::<TokenEntry>(key(ctx.tx.vault(), token))?;
    let entry = slot.value().filter(|entry| entry.until.is_none_or(|until| ctx.now < until)).copied();
    Ok(entry.map(|entry| (slot, entry)))
}

/// Its grace is over, or the clock was put back.
pub(super) fn expire(ctx: &mut Context<'_, '_>, key: Key) -> Result<(), Interrupt> {
    let slot = ctx.tx.read::<TokenEntry>(key)?;
    let Some((entry, until)) = slot.value().and_then(|entry| Some((*entry, entry.until?))) else {
        return Ok(());
    };
    if ctx.now < until {
        // A clock that was ahead gave it more than its grace.
        let until = until.min(ctx.now.plus(limits::GRACE));
        due::timer(due::TOKEN, &key, until, ctx.now).start(None, ctx.tx)?;
        return Ok(ctx.tx.put(slot, &TokenEntry { until: Some(until), ..entry })?);
    }
    let mut counted = ctx.tx.read::<TokenCount>(count_key(ctx.tx.vault(), entry.account))?;
    let count = counted.take().map_or(0, |count| count.0);
    ctx.tx.put(counted, &TokenCount(count.saturating_sub(1)))?;
    Ok(ctx.tx.delete(slot)?)
}

pub(super) fn key(vault: &Vault, token: &Token) -> Key {
    vault.partition(Table::TOKENS, token.as_bytes()).key(0)
}

fn count_key(vault: &Vault, account: AccountId) -> Key {
    vault.partition(Table::TOKENS, account.as_bytes()).key(1)
}

impl Message for TokenEntry {
    type Proto = proto::TokenEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            is_sink: required(proto.is_sink)?,
            until: proto.until.map(Timestamp::from_millis),
            items: Budget::from_proto(required(proto.items)?)?,
            bytes: Budget::from_proto(required(proto.bytes)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TokenEntry {
            account: Some(self.account.as_bytes().to_vec()),
            is_sink: Some(self.is_sink),
            until: self.until.map(Timestamp::as_millis),
            items: Some(self.items.to_proto()),
            bytes: Some(self.bytes.to_proto()),
        }
    }
}

impl Message for TokenCount {
    type Proto = proto::TokenCount;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        required(proto.count).map(Self)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TokenCount { count: Some(self.0) }
    }
}

impl Format for TokenEntry {
    const FORMAT: u8 = 1;
}

impl Record for TokenEntry {
    const TABLE: Table = Table::TOKENS;
}

impl Format for TokenCount {
    const FORMAT: u8 = 1;
}

impl Record for TokenCount {
    const TABLE: Table = Table::TOKENS;
}
