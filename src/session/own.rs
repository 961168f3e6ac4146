//! Private halves of one's own prekeys, and what is kept so that each first flight is accepted once. `docs/PROTOCOL.md` §5.6, §5.7, §9.8.

use super::context::{Context, Stopped};
use crate::crypto::x25519;
use crate::handshake::{OneTimePlace, OwnBundle, ReplayEntry};
use crate::identity::prekeys::OneTimeSecret;
use crate::storage::{Format, Interrupt, Key, Record, Slot, StorageError, Table, Transaction, Vault, Want};

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
    vault.partition(Table::REPLAYS, ephemeral.as_bytes()).key(0)
}

/// Keeps a bundle that is about to be published.
pub fn keep_bundle(tx: &mut Transaction<'_>, bundle: &OwnBundle) -> Result<(), StorageError> {
    let key = bundle_key(tx.vault(), bundle.secret().number());
    tx.put_unseen(key, bundle)
}

/// Keeps one-time pairs of a stock that is about to be published: at most as many at once as a write holds.
pub fn keep_stock<'a>(
    tx: &mut Transaction<'_>,
    pairs: impl IntoIterator<Item = &'a OneTimeSecret>,
) -> Result<(), StorageError> {
    for pair in pairs {
        let (stock, index) = pair.place();
        tx.put_unseen(one_time_key(tx.vault(), OneTimePlace { stock, index }), pair)?;
    }
    Ok(())
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
    one_time: Option<Slot<OneTimeSecret>>,
) -> Result<(), Stopped> {
    ctx.tx.put(replay.0, replay.1)?;
    if let Some(slot) = one_time {
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
