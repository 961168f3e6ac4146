//! An identity key belongs to one account, for ever (attack H-07). `docs/PROTOCOL.md` §8.4.

use super::record::{self, RegisteredKey};
use crate::crypto::hash::Hash;
use crate::identity::device::Device;
use crate::identity::ids::AccountId;
use crate::server::Context;
use crate::server::service::{Halt, Refused};
use crate::storage::{Key, Vault};

/// Where it is written whose the keys of a device are. The halves of the signing key count by themselves.
pub(super) fn of(vault: &Vault, device: &Device) -> [Key; 4] {
    let hash = |bytes: &[u8]| *Hash::of(bytes).as_bytes();
    [
        record::registered(vault, 1, device.signing().ed25519().as_bytes()),
        record::registered(vault, 2, &hash(device.signing().ml_dsa().as_bytes())),
        record::registered(vault, 3, device.agreement().as_bytes()),
        record::registered(vault, 4, &hash(device.kem().as_bytes())),
    ]
}

/// Writes the keys of devices down as the account's. [`Refused::Taken`] if one is another's; then nothing is written.
pub(super) fn register(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    devices: &[&Device],
) -> Result<(), Halt> {
    let mut free = Vec::new();
    for device in devices {
        for key in of(ctx.tx.vault(), device) {
            let slot = ctx.tx.read::<RegisteredKey>(key)?;
            match slot.value() {
                Some(owner) if owner.account != account => return Err(Refused::Taken.into()),
                Some(_) => {}
                None => free.push(slot),
            }
        }
    }
    for slot in free {
        ctx.tx.put(slot, &RegisteredKey { account })?;
    }
    Ok(())
}
