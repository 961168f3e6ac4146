//! What a device publishes, as its server takes it in. `docs/PROTOCOL.md` §8.4.

use super::closing;
use super::entry::AccountEntry;
use super::record::{self, Bitmap, DevicePrekeys};
use crate::identity::prekeys::{Bundle, OneTimePair, Seen, SignedBundle, SignedStock, Stock};
use crate::identity::validity::Validity;
use crate::server::service::{Halt, Refused};
use crate::server::{Context, Submitter};
use crate::storage::{Interrupt, Slot, Want};
use crate::time::Timestamp;

/// Prekeys to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPrekeys {
    /// A bundle. Not yet judged.
    pub bundle: Option<SignedBundle>,
    /// A stock. Not yet judged.
    pub stock: Option<SignedStock>,
    /// Pairs of this stock, or of the one that is held. Not yet judged.
    pub pairs: Vec<OneTimePair>,
}

/// What the server holds of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrekeysHeld {
    /// The bundle.
    pub bundle: Option<Seen>,
    /// The stock.
    pub stock: Option<Seen>,
    /// Which pairs of it were ever taken in. How many are left is not said: refilling follows the clock, not the claims (attack H-08).
    pub uploaded: Bitmap,
}

/// Takes in what is new, and says what is held. All of it is judged before any of it is kept.
pub(crate) fn put(ctx: &mut Context<'_, '_>, by: Submitter, new: &NewPrekeys) -> Result<PrekeysHeld, Halt> {
    let vault = ctx.tx.vault();
    let head = DevicePrekeys::key(vault, by.device);
    let entry = AccountEntry::key(vault, by.account);
    ctx.tx.need([head, entry].map(Want::Record))?;
    let (slot, entry) = (ctx.tx.read::<DevicePrekeys>(head)?, ctx.tx.read::<AccountEntry>(entry)?);
    let (Some(before), Some(entry)) = (slot.value(), entry.value()) else {
        return Err(Refused::Unknown.into());
    };
    let mut after = before.clone();
    if let Some(signed) = &new.bundle {
        take_bundle(&mut after, entry, by, signed, ctx.now)?;
    }
    let replaced = match &new.stock {
        Some(signed) => take_stock(&mut after, by, signed, ctx.now)?,
        None => None,
    };
    let fresh = take_pairs(ctx, &mut after, by, &new.pairs)?;
    if let Some(old) = replaced {
        closing::drop_pairs(ctx, by.device, old)?;
    }
    for (slot, pair) in fresh {
        ctx.tx.put(slot, pair)?;
    }
    let held = held(&after)?;
    if after == *before {
        ctx.tx.already_done();
    } else {
        ctx.tx.put(slot, &after)?;
    }
    Ok(held)
}

pub(super) fn held(prekeys: &DevicePrekeys) -> Result<PrekeysHeld, Interrupt> {
    let bundle = prekeys.bundle()?.zip(prekeys.bundle.as_ref());
    let stock = prekeys.stock()?.zip(prekeys.stock.as_ref());
    Ok(PrekeysHeld {
        bundle: bundle.map(|(bundle, signed)| Seen::of(bundle.number, &signed.bundle)),
        stock: stock.map(|(stock, signed)| Seen::of(stock.number, &signed.stock)),
        uploaded: prekeys.uploaded.clone(),
    })
}

fn take_bundle(
    prekeys: &mut DevicePrekeys,
    entry: &AccountEntry,
    by: Submitter,
    signed: &SignedBundle,
    now: Timestamp,
) -> Result<(), Halt> {
    let bundle = signed.signed_by((by.account, by.device), &prekeys.signing).map_err(|_| Refused::Invalid)?;
    let held = prekeys.bundle()?.map(|held: Bundle| held.number);
    let same = prekeys.bundle.as_ref().is_some_and(|held| held.bundle == signed.bundle);
    if is_known(held, bundle.number, same)? {
        return Ok(());
    }
    // Nobody could use a bundle of a manifest that this server does not hold.
    let other = bundle.order == entry.order && bundle.manifest != entry.manifest_hash;
    if other || bundle.order > entry.order || !is_current(&bundle.validity, now) {
        return Err(Refused::Invalid.into());
    }
    prekeys.bundle = Some(signed.clone());
    Ok(())
}

/// The number of the stock that is replaced, if one is.
fn take_stock(
    prekeys: &mut DevicePrekeys,
    by: Submitter,
    signed: &SignedStock,
    now: Timestamp,
) -> Result<Option<u64>, Halt> {
    let stock = signed.signed_by((by.account, by.device), &prekeys.signing).map_err(|_| Refused::Invalid)?;
    let held = prekeys.stock()?.map(|held: Stock| held.number);
    let same = prekeys.stock.as_ref().is_some_and(|held| held.stock == signed.stock);
    if is_known(held, stock.number, same)? {
        return Ok(None);
    }
    if !is_current(&stock.validity, now) {
        return Err(Refused::Invalid.into());
    }
    prekeys.uploaded = Bitmap::empty(stock.depth);
    prekeys.stock = Some(signed.clone());
    Ok(held)
}

/// Whether this number is held already. Numbers never go back, and none has two contents.
fn is_known(held: Option<u64>, number: u64, same: bool) -> Result<bool, Refused> {
    match held {
        Some(held) if number < held || (number == held && !same) => Err(Refused::Conflict(None)),
        held => Ok(held == Some(number)),
    }
}

fn is_current(validity: &Validity, now: Timestamp) -> bool {
    validity.check(now).is_ok()
}

type Fresh<'a> = Vec<(Slot<OneTimePair>, &'a OneTimePair)>;

/// Marks the pairs that were never taken in, and finds where they will lie.
fn take_pairs<'a>(
    ctx: &mut Context<'_, '_>,
    prekeys: &mut DevicePrekeys,
    by: Submitter,
    pairs: &'a [OneTimePair],
) -> Result<Fresh<'a>, Halt> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let stock = prekeys.stock()?.ok_or(Refused::Conflict(None))?;
    let mut new = Vec::new();
    for pair in pairs {
        stock.check(pair).map_err(|_| Refused::Invalid)?;
        if !prekeys.uploaded.contains(pair.index) {
            prekeys.uploaded.insert(pair.index);
            new.push(pair);
        }
    }
    let place = record::pairs(ctx.tx.vault(), by.device, stock.number);
    ctx.tx.need(new.iter().map(|pair| Want::Record(place.key(pair.index.into()))))?;
    let slots = new.into_iter().map(|pair| Ok((ctx.tx.read(place.key(pair.index.into()))?, pair)));
    slots.collect()
}
