//! Private halves of one's own prekeys, and what is kept so that each first flight is accepted once. `docs/PROTOCOL.md` §5.6, §5.7, §9.8.

use super::context::{Context, Stopped};
use crate::crypto::x25519;
use crate::handshake::{OneTimePlace, OwnBundle, ReplayEntry};
use crate::identity::prekeys::OneTimeSecret;
use crate::storage::timer::Timer;
use crate::storage::{Format, Interrupt, Key, Record, Slot, StorageError, Table, Transaction, Vault, Want};
use crate::time::{Span, Timestamp};

/// What the owner of a timer begins with that erases a bundle; its number follows …
const BUNDLE: u8 = 0x42;
/// … a stock …
const STOCK: u8 = 0x43;
/// … an entry of the replay record; the number of the bundle and EK follow.
const REPLAY: u8 = 0x44;
/// Pairs that one step erases.
const PAGE: u16 = 256;
/// When is looked again whether the keys of a bundle are gone.
const AGAIN: Span = Span::from_days(1);

/// What an `Initial` names.
pub(super) struct OwnPrekeys {
    pub(super) bundle: Slot<OwnBundle>,
    pub(super) one_time: Option<Slot<OneTimeSecret>>,
}

fn bundle_key(vault: &Vault, number: u64) -> Key {
    vault.partition(Table::OWN_BUNDLES, b"").key(number)
}

fn one_time_key(vault: &Vault, place: OneTimePlace) -> Key {
    vault.partition(Table::OWN_ONE_TIME, &place.stock.to_be_bytes()).key(u64::from(place.index))
}

fn replay_key(vault: &Vault, ephemeral: &x25519::PublicKey) -> Key {
    replay_of(vault, ephemeral.as_bytes())
}

fn replay_of(vault: &Vault, ephemeral: &[u8]) -> Key {
    vault.partition(Table::REPLAYS, ephemeral).key(0)
}

/// Keeps a bundle that is about to be published, until its private keys must be erased.
pub fn keep_bundle(tx: &mut Transaction<'_>, bundle: &OwnBundle, now: Timestamp) -> Result<(), StorageError> {
    let number = bundle.secret().number();
    erase_later(tx, (BUNDLE, &number.to_be_bytes()), bundle.secret().erase_after(), now)?;
    tx.put_unseen(bundle_key(tx.vault(), number), bundle)
}

/// Keeps one-time pairs of a stock that is about to be published, until they must be erased: at most as many at once as a write holds.
pub fn keep_stock<'a>(
    tx: &mut Transaction<'_>,
    pairs: impl IntoIterator<Item = &'a OneTimeSecret>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut last = None;
    for pair in pairs {
        let (stock, index) = pair.place();
        tx.put_unseen(one_time_key(tx.vault(), OneTimePlace { stock, index }), pair)?;
        if last != Some(stock) {
            erase_later(tx, (STOCK, &stock.to_be_bytes()), pair.erase_after(), now)?;
            last = Some(stock);
        }
    }
    Ok(())
}

fn erase_later(
    tx: &mut Transaction<'_>,
    (kind, name): (u8, &[u8]),
    erase_after: Timestamp,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (owner, due) = ([&[kind], name].concat(), erase_after.plus(Span::from_millis(1)));
    Timer { owner, due, set: now }.start(None, tx)
}

/// Erases what a timer of this file is for. `None` if it is not one of these.
pub(super) fn erase(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<Option<()>, Stopped> {
    let Some((kind, name)) = timer.owner.split_first() else { return Ok(None) };
    let Some((number, rest)) =
        name.split_first_chunk().map(|(number, rest)| (u64::from_be_bytes(*number), rest))
    else {
        return Ok(None);
    };
    match (*kind, rest) {
        (BUNDLE, []) => erase_bundle(ctx, number)?,
        (STOCK, []) => erase_stock(ctx, number)?,
        (REPLAY, ephemeral) => erase_replay(ctx, number, ephemeral)?,
        _ => return Ok(None),
    }
    Ok(Some(()))
}

fn erase_bundle(ctx: &mut Context<'_, '_>, number: u64) -> Result<(), Stopped> {
    let slot = ctx.tx.read::<OwnBundle>(bundle_key(ctx.tx.vault(), number))?;
    match slot.value().map(|bundle| bundle.secret().erase_after()) {
        // A clock that was wrong when the timer was set.
        Some(until) if until >= ctx.now => {
            Ok(erase_later(ctx.tx, (BUNDLE, &number.to_be_bytes()), until, ctx.now)?)
        }
        Some(_) => Ok(ctx.tx.delete(slot)?),
        None => Ok(()),
    }
}

fn erase_stock(ctx: &mut Context<'_, '_>, number: u64) -> Result<(), Stopped> {
    let place = OneTimePlace { stock: number, index: 0 };
    let partition = ctx.tx.vault().partition(Table::OWN_ONE_TIME, &place.stock.to_be_bytes());
    let page = partition.range(0..=u64::MAX, PAGE);
    let rows = ctx.tx.scan::<OneTimeSecret>(page)?;
    let is_full = rows.len() >= usize::from(PAGE);
    let mut next = is_full.then_some(ctx.now);
    for slot in rows {
        match slot.value().map(OneTimeSecret::erase_after) {
            Some(until) if until >= ctx.now => next = Some(until),
            _ => ctx.tx.delete(slot)?,
        }
    }
    match next {
        Some(due) => Ok(erase_later(ctx.tx, (STOCK, &number.to_be_bytes()), due, ctx.now)?),
        None => Ok(()),
    }
}

/// Not before the private keys of its bundle are gone: until then it keeps an Initial from being accepted twice.
fn erase_replay(ctx: &mut Context<'_, '_>, bundle: u64, ephemeral: &[u8]) -> Result<(), Stopped> {
    let vault = ctx.tx.vault();
    let (entry, keys) = (replay_of(vault, ephemeral), bundle_key(vault, bundle));
    ctx.tx.need([entry, keys].map(Want::Record))?;
    let are_gone = ctx.tx.read::<OwnBundle>(keys)?.value().is_none();
    let slot = ctx.tx.read::<ReplayEntry>(entry)?;
    let Some(held) = slot.value() else { return Ok(()) };
    if held.may_be_erased(ctx.now, are_gone) {
        return Ok(ctx.tx.delete(slot)?);
    }
    let again = held.erase_after().max(ctx.now.plus(AGAIN));
    let name = [&bundle.to_be_bytes(), ephemeral].concat();
    Ok(erase_later(ctx.tx, (REPLAY, &name), again, ctx.now)?)
}

impl OwnPrekeys {
    pub(super) fn read(
        tx: &mut Transaction<'_>,
        bundle: u64,
        one_time: Option<OneTimePlace>,
    ) -> Result<Self, Interrupt> {
        let bundle = bundle_key(tx.vault(), bundle);
        let one_time = one_time.map(|place| one_time_key(tx.vault(), place));
        tx.need([Some(bundle), one_time].into_iter().flatten().map(Want::Record))?;
        Ok(Self { bundle: tx.read(bundle)?, one_time: one_time.map(|key| tx.read(key)).transpose()? })
    }
}

/// What the replay record has under an ephemeral key.
pub(super) fn read_replay(
    tx: &mut Transaction<'_>,
    ephemeral: &x25519::PublicKey,
) -> Result<Slot<ReplayEntry>, Interrupt> {
    tx.read(replay_key(tx.vault(), ephemeral))
}

/// Adds to the replay record, and erases the one-time pair that was used.
pub(super) fn consume(
    ctx: &mut Context<'_, '_>,
    replay: (Slot<ReplayEntry>, &ReplayEntry),
    prekeys: OwnPrekeys,
) -> Result<(), Stopped> {
    let (slot, entry) = replay;
    ctx.tx.put(slot, entry)?;
    if let Some(bundle) = prekeys.bundle.value() {
        let number = bundle.secret().number().to_be_bytes();
        let name = [number.as_slice(), entry.ephemeral().as_bytes()].concat();
        erase_later(ctx.tx, (REPLAY, &name), entry.erase_after(), ctx.now)?;
    }
    if let Some(slot) = prekeys.one_time {
        ctx.tx.delete(slot)?;
    }
    Ok(())
}

impl Format for OwnBundle {
    const FORMAT: u8 = 1;
}

impl Record for OwnBundle {
    const TABLE: Table = Table::OWN_BUNDLES;
}

impl Format for OneTimeSecret {
    const FORMAT: u8 = 1;
}

impl Record for OneTimeSecret {
    const TABLE: Table = Table::OWN_ONE_TIME;
}

impl Format for ReplayEntry {
    const FORMAT: u8 = 1;
}

impl Record for ReplayEntry {
    const TABLE: Table = Table::REPLAYS;
}
