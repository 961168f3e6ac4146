//! Registering an account, and taking it in again after the server has lost it. `docs/PROTOCOL.md` §8.3.

use super::entry::{AccountEntry, AccountState, AddressOwner};
use super::manifests;
use super::record::{self, Invite};
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::Manifest;
use crate::identity::ids::AccountId;
use crate::server::service::{Halt, Refused};
use crate::server::{Context, Registration};
use crate::storage::{Interrupt, Slot, Want};
use crate::time::Timestamp;

/// An account that wants an address. Who sent it has proven to be a device of the account.
pub(crate) struct Newcomer<'a> {
    /// Which address.
    pub(crate) address: &'a Address,
    /// The account.
    pub(crate) account: &'a Verified<Account>,
    /// An invite.
    pub(crate) invite: Option<[u8; 16]>,
    /// This server's earlier word. Not yet judged.
    pub(crate) certificate: Option<&'a SignedCertificate>,
    /// Whether look-ups may find it.
    pub(crate) findable: bool,
}

/// Registers an account. Registering again what is registered changes nothing, unless it comes with a newer manifest.
///
/// An address belongs to one account for ever, and an account to one address (attack F-15). An account that the server has certified before
/// needs no permission: it lost its store.
pub(crate) fn register(ctx: &mut Context<'_, '_>, new: &Newcomer<'_>) -> Result<(), Halt> {
    let vault = ctx.tx.vault();
    let account = new.account.id();
    let (entry, owner) = (AccountEntry::key(vault, account), AddressOwner::key(vault, new.address));
    let [manifest, ..] = record::manifests(vault, account);
    let invite = new.invite.map(|code| Invite::key(vault, &code));
    ctx.tx.need([entry, owner, manifest].into_iter().chain(invite).map(Want::Record))?;
    let (mut entry, owner) = (ctx.tx.read::<AccountEntry>(entry)?, ctx.tx.read::<AddressOwner>(owner)?);
    if new.address.domain() != ctx.server.domain().as_str() {
        return Err(Refused::Invalid.into());
    }
    if let Some(known) = entry.take() {
        let is_same = known.address == *new.address;
        return match known.state {
            AccountState::Open if is_same => manifests::catch_up(ctx, entry, known, new.account),
            AccountState::Open => Err(Refused::Taken.into()),
            AccountState::Closed => Err(Refused::Denied.into()),
        };
    }
    // First: whoever may not register is not told which addresses are taken.
    let invite = invite.map(|key| ctx.tx.read::<Invite>(key)).transpose()?;
    let used = permission(ctx, new, invite)?;
    if owner.value().is_some() {
        return Err(Refused::Taken.into());
    }
    let fresh = AccountEntry {
        account,
        address: new.address.clone(),
        order: new.account.order(),
        manifest_hash: new.account.hash(),
        devices: Vec::new(),
        state: AccountState::Open,
        findable: new.findable,
    };
    let manifest = ctx.tx.read::<Manifest>(manifest)?;
    manifests::install(ctx, (entry, manifest), fresh, new.account)?;
    ctx.tx.put(owner, &AddressOwner { account })?;
    if let Some((slot, invite)) = used {
        ctx.tx.put(slot, &invite)?;
    }
    Ok(())
}

type Used = Option<(Slot<Invite>, Invite)>;

/// Whether the account may register, and the invite that it uses up.
fn permission(
    ctx: &Context<'_, '_>,
    new: &Newcomer<'_>,
    invite: Option<Slot<Invite>>,
) -> Result<Used, Refused> {
    if new.certificate.is_some_and(|certificate| is_certified(ctx, new, certificate)) {
        return Ok(None);
    }
    match ctx.server.config.registration {
        Registration::Open => Ok(None),
        Registration::Closed => Err(Refused::Denied),
        Registration::Invite => {
            let account = new.account.id();
            let slot = invite.ok_or(Refused::Denied)?;
            let is_good = |invite: &&Invite| {
                ctx.now <= invite.until && invite.account.is_none_or(|used| used == account)
            };
            let invite = *slot.value().filter(is_good).ok_or(Refused::Denied)?;
            Ok(Some((slot, Invite { account: Some(account), ..invite })))
        }
    }
}

/// Whether this server certified the address to the account. When does not matter: nobody else could have been given it since.
fn is_certified(ctx: &Context<'_, '_>, new: &Newcomer<'_>, certificate: &SignedCertificate) -> bool {
    certificate
        .issued_by(&ctx.server.manifest)
        .is_ok_and(|word| word.account == new.account.id() && word.address == *new.address)
}

/// Permits whoever has this code to register, until a time. Permitting again changes nothing.
pub(crate) fn invite(ctx: &mut Context<'_, '_>, code: &[u8; 16], until: Timestamp) -> Result<(), Interrupt> {
    let slot = ctx.tx.read::<Invite>(Invite::key(ctx.tx.vault(), code))?;
    if slot.value().is_none() {
        ctx.tx.put(slot, &Invite { until, account: None })?;
    }
    Ok(())
}

/// The entry of an account.
pub(crate) fn listed(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
) -> Result<Option<AccountEntry>, Interrupt> {
    Ok(ctx.tx.read::<AccountEntry>(AccountEntry::key(ctx.tx.vault(), account))?.take())
}

/// Whether look-ups may find the account from now on.
pub(crate) fn set_findable(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    findable: bool,
) -> Result<(), Halt> {
    let slot = ctx.tx.read::<AccountEntry>(AccountEntry::key(ctx.tx.vault(), account))?;
    let entry = slot.value().cloned().ok_or(Refused::Unknown)?;
    if entry.findable == findable {
        ctx.tx.already_done();
    } else {
        ctx.tx.put(slot, &AccountEntry { findable, ..entry })?;
    }
    Ok(())
}
