//! Manifests of accounts: what the server holds, and what may take its place. `docs/PROTOCOL.md` §8.4.

use super::entry::{AccountEntry, AccountState};
use super::record::{self, DevicePrekeys};
use super::{closing, keys};
use crate::crypto::hash::Hash;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::chain::{Followed, ForkEvidence, Manifest, News, Subject as _};
use crate::identity::device::Device;
use crate::identity::ids::AccountId;
use crate::server::Context;
use crate::server::frame::Seen;
use crate::server::service::{Halt, Refused};
use crate::storage::{Interrupt, Slot, StorageError, Want};

/// What the server holds of a chain.
pub(super) struct Held {
    slot: Slot<Manifest>,
    other: Slot<Manifest>,
    followed: Followed<Account>,
    newest: Seen,
}

impl Held {
    /// Reads and verifies it again; `None` if there is none.
    pub(super) fn read(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Option<Self>, Interrupt> {
        let [held, other, _] = record::manifests(ctx.tx.vault(), account);
        ctx.tx.need([held, other].map(Want::Record))?;
        let (slot, other) = (ctx.tx.read::<Manifest>(held)?, ctx.tx.read::<Manifest>(other)?);
        let Some(manifest) = slot.value() else { return Ok(None) };
        let first = verified(manifest)?;
        let newest = Seen::of(&first);
        let mut followed = Followed::new(first);
        if let Some(manifest) = other.value() {
            followed.learn(verified(manifest)?).map_err(|_| StorageError::Unreadable)?;
        }
        Ok(Some(Self { slot, other, followed, newest }))
    }
}

/// Whether the account's chain is forked now.
pub(crate) fn is_forked(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<bool, Interrupt> {
    let [_, other, _] = record::manifests(ctx.tx.vault(), account);
    Ok(ctx.tx.read::<Manifest>(other)?.value().is_some())
}

/// What was kept was verified before.
fn verified(manifest: &Manifest) -> Result<Verified<Account>, StorageError> {
    manifest.clone().verify().map_err(|_| StorageError::Unreadable)
}

/// Puts the next manifest in the place of the one with the hash `previous`. Putting again what is held changes nothing.
///
/// A chain that forks is refused for good: the evidence stays, whatever becomes of the fork (attack D-13).
pub(crate) fn put(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    previous: Hash,
    manifest: Manifest,
) -> Result<Seen, Halt> {
    let entry = ctx.tx.read::<AccountEntry>(AccountEntry::key(ctx.tx.vault(), account))?;
    let mut held = Held::read(ctx, account)?.ok_or(Refused::Unknown)?;
    let new = manifest.verify::<Account>().map_err(|_| Refused::Invalid)?;
    if new.id() != account {
        return Err(Refused::Invalid.into());
    }
    let newest = held.newest;
    match held.followed.learn(new.clone()) {
        Err(_) => Err(Refused::Conflict(Some(newest)).into()),
        Ok(News::Known) if new.hash() == newest.hash => Ok(newest),
        Ok(News::Known) => Err(Refused::Forked(newest).into()),
        Ok(News::Forked) => Err(forked(ctx, held, &new)?),
        Ok(News::Newer) if previous != newest.hash => Err(Refused::Conflict(Some(newest)).into()),
        Ok(News::Newer) => {
            let before = entry.value().cloned().ok_or(Refused::Unknown)?;
            replace(ctx, entry, before, (held, &new))?;
            Ok(Seen::of(&new))
        }
    }
}

/// Takes a newer manifest with which a device registers again: after a recovery, or where the server was set back, it may be none that the
/// server knows, and so have no session to put it in. Nothing else changes anything.
pub(super) fn catch_up(
    ctx: &mut Context<'_, '_>,
    entry: Slot<AccountEntry>,
    before: AccountEntry,
    new: &Verified<Account>,
) -> Result<(), Halt> {
    // What is held is verified only for what may be newer.
    if before.order < new.order() {
        let mut held = Held::read(ctx, new.id())?.ok_or(Refused::Unknown)?;
        if held.followed.learn(new.clone()) == Ok(News::Newer) {
            return replace(ctx, entry, before, (held, new));
        }
    }
    ctx.tx.already_done();
    Ok(())
}

/// Puts a manifest in the place of what is held.
fn replace(
    ctx: &mut Context<'_, '_>,
    entry: Slot<AccountEntry>,
    before: AccountEntry,
    (held, new): (Held, &Verified<Account>),
) -> Result<(), Halt> {
    let Held { slot, other, .. } = held;
    install(ctx, (entry, slot), before, new)?;
    // Only now: a manifest that is refused ends no fork.
    if other.value().is_some() {
        ctx.tx.delete(other)?;
    }
    Ok(())
}

/// Keeps the other side and, if it is the first of this chain, the evidence.
fn forked(ctx: &mut Context<'_, '_>, held: Held, new: &Verified<Account>) -> Result<Halt, Interrupt> {
    let [_, _, evidence] = record::manifests(ctx.tx.vault(), new.id());
    let evidence = ctx.tx.read::<ForkEvidence>(evidence)?;
    if evidence.value().is_none()
        && let Some(proof) = held.followed.evidence()
    {
        ctx.tx.put(evidence, &proof)?;
    }
    let refused = Refused::Forked(held.newest).into();
    // The first side that was seen is enough, unless the fork has become one that lasts.
    if let Some([_, side]) = held.followed.sides()
        && held.other.value().is_none_or(|known| *known != side.manifest())
    {
        ctx.tx.put(held.other, &side.manifest())?;
    }
    Ok(refused)
}

/// Makes a verified manifest the account's newest: its entry, its devices and their keys.
pub(super) fn install(
    ctx: &mut Context<'_, '_>,
    (entry, slot): (Slot<AccountEntry>, Slot<Manifest>),
    before: AccountEntry,
    new: &Verified<Account>,
) -> Result<(), Halt> {
    let is_new = |device: &&Device| !before.devices.contains(&device.id());
    let added: Vec<_> = new.devices().iter().filter(is_new).collect();
    let removed: Vec<_> =
        before.devices.iter().copied().filter(|device| new.device(*device).is_none()).collect();
    let vault = ctx.tx.vault();
    let heads = added.iter().map(|device| device.id()).chain(removed.iter().copied());
    let heads = heads.map(|device| Want::Record(DevicePrekeys::key(vault, device)));
    let keys = added.iter().flat_map(|device| keys::of(vault, device)).map(Want::Record);
    ctx.tx.need(heads.chain(keys))?;
    keys::register(ctx, new.id(), &added)?;
    for device in &added {
        let slot = ctx.tx.read::<DevicePrekeys>(DevicePrekeys::key(vault, device.id()))?;
        ctx.tx.put(slot, &DevicePrekeys::new(new.id(), device.signing().clone()))?;
    }
    for device in removed {
        closing::forget_device(ctx, device)?;
    }
    let after = AccountEntry {
        order: new.order(),
        manifest_hash: new.hash(),
        devices: new.devices().iter().map(Device::id).collect(),
        state: AccountState::Open,
        ..before
    };
    ctx.tx.put(entry, &after)?;
    ctx.tx.put(slot, &new.manifest())?;
    Ok(())
}
