//! Making an account's manifests: founding, changing, recovering. `docs/PROTOCOL.md` §4.4, §4.6.

use super::account::{Account, AccountBody};
use super::chain::{Author, Authorities, Kind, Manifest, Subject as _};
use super::device::{Capabilities, Device, DeviceSecret, Newcomer};
use super::ids::{AccountId, DeviceId};
use super::{IdentityError, Verified};
use crate::crypto::ed25519;
use crate::crypto::hash::Hash;
use crate::wire::Wire as _;

/// The next manifest of an account, not yet signed.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    before: &'a Verified<Account>,
    recovery: Vec<Hash>,
    members: Vec<(Device, ed25519::Signature)>,
}

impl Verified<Account> {
    /// Founds an account with one device, signed by its first recovery key. The device has the right to manage; its keys are drawn for
    /// this account and serve no other.
    /// [`IdentityError::NotPossible`] if the device's key is the recovery key.
    pub fn found(author: &Author<'_>, first: &DeviceSecret) -> Result<Self, IdentityError> {
        let device = first.device().clone().with_capabilities(Capabilities::MANAGE);
        let recovery = vec![*author.key.public_key().pair()];
        let body = AccountBody { devices: vec![device] };
        let authorities = authorities(recovery, &body.devices)?;
        let body = body.encode()?;
        let path = author.genesis(Kind::Account, authorities, &body)?;
        let id = path.headers.first().ok_or(IdentityError::NotPossible)?.hash();
        let (_, possession) = first.possess(AccountId::from_bytes(*id.as_bytes())).into_parts();
        Manifest { path, body, possessions: vec![possession] }.issue()
    }
}

impl<'a> Draft<'a> {
    /// Begins with what the account's manifest says now. For a recovery, [`Draft::recovering`] is the beginning.
    pub fn after(account: &'a Verified<Account>) -> Self {
        let recovery = account.chain().newest().authorities.recovery().to_vec();
        Self { before: account, recovery, members: account.newcomers().collect() }
    }

    /// Begins a recovery: no device stays that is not added again, because a thief may have added some.
    pub fn recovering(account: &'a Verified<Account>) -> Self {
        Self { members: Vec::new(), ..Self::after(account) }
    }

    /// Adds a device, with the capabilities that it announced and those that are granted. [`IdentityError::Mismatch`] if it proved
    /// possession for another account.
    pub fn add(&mut self, newcomer: Newcomer, granted: Capabilities) -> Result<(), IdentityError> {
        if newcomer.account() != self.before.id() {
            return Err(IdentityError::Mismatch);
        }
        let (device, possession) = newcomer.into_parts();
        let capabilities = device.capabilities().with(granted);
        self.members.push((device.with_capabilities(capabilities), possession));
        Ok(())
    }

    /// Removes a device, and says whether it was there. One that managed can still contradict this account from before its removal,
    /// until a recovery: if it may be in other hands, begin with [`Draft::recovering`].
    pub fn remove(&mut self, id: DeviceId) -> bool {
        let before = self.members.len();
        self.members.retain(|(device, _)| device.id() != id);
        self.members.len() < before
    }

    /// Gives a device other capabilities, and says whether it is there.
    pub fn set_capabilities(&mut self, id: DeviceId, capabilities: Capabilities) -> bool {
        let member = self.members.iter_mut().find(|(device, _)| device.id() == id);
        let is_there = member.is_some();
        if let Some((device, _)) = member {
            *device = device.clone().with_capabilities(capabilities);
        }
        is_there
    }

    /// Replaces the recovery authorities, by the ids of their pairs: 1 to 4. Only a recovery key can sign this, and it changes the
    /// safety number.
    pub fn set_recovery(&mut self, pairs: Vec<Hash>) {
        self.recovery = pairs;
    }

    /// Signs the manifest: as the head of a new term if the author is a recovery authority, otherwise as the next version.
    ///
    /// The result went through the same verification as any manifest from outside. [`IdentityError::NotPossible`] if peers
    /// would not accept it: the author is no authority, changes what its rank does not permit, adds a device twice.
    pub fn sign(self, author: &Author<'_>) -> Result<Verified<Account>, IdentityError> {
        let mut members = self.members;
        members.sort_by_key(|(device, _)| device.id());
        let (devices, possessions): (Vec<_>, _) = members.into_iter().unzip();
        let authorities = authorities(self.recovery, &devices)?;
        let body = AccountBody { devices }.encode()?;
        let path = author.successor(self.before.chain(), authorities, &body)?;
        Manifest { path, body, possessions }.issue()
    }
}

fn authorities(recovery: Vec<Hash>, devices: &[Device]) -> Result<Authorities, IdentityError> {
    let managers = devices.iter().filter(|device| device.manages()).map(|device| *device.signing().pair());
    Authorities::new(recovery, managers.collect()).ok_or(IdentityError::NotPossible)
}
