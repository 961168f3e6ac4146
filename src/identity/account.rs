//! Accounts: the devices that the newest manifest lists. `docs/PROTOCOL.md` §4.7.

use super::IdentityError;
use super::chain::{Chain, Kind, Manifest, Order, Parts, Subject};
use super::device::{Device, Newcomer};
use super::ids::{AccountId, DeviceId, Fingerprint};
use crate::crypto::ed25519;
use crate::crypto::hash::Hash;
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::Message;
use crate::wire::{Rule, Wire as _};

/// The body of an account's manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBody {
    /// At most 16, ascending by id, no key shared between two.
    pub(super) devices: Vec<Device>,
}

/// An account as its newest known manifest describes it. Only [`Manifest::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    chain: Chain,
    devices: Vec<Device>,
    body: Vec<u8>,
    possessions: Vec<ed25519::Signature>,
}

/// How the devices of an account differ between two manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Devices that only the newer one lists. Their owner is told on every other device.
    pub added: Vec<DeviceId>,
    /// Devices that only the older one lists. Their sessions end.
    pub removed: Vec<DeviceId>,
    /// Devices with other capabilities.
    pub altered: Vec<DeviceId>,
    /// Whether the recovery authorities, and with them the safety number, are others.
    pub recovery: bool,
}

impl Account {
    /// The permanent id.
    pub fn id(&self) -> AccountId {
        AccountId::from_bytes(*self.chain.id().as_bytes())
    }

    /// Term and version of the manifest.
    pub const fn order(&self) -> Order {
        self.chain.order()
    }

    /// The hash of the manifest's header.
    pub const fn hash(&self) -> Hash {
        self.chain.hash()
    }

    /// What people compare, and contacts are pinned by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.chain.fingerprint()
    }

    /// The devices, ascending by id: whom to write to, and whom to listen to.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The device of this id.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        let at = self.devices.binary_search_by_key(&id, Device::id).ok()?;
        self.devices.get(at)
    }

    /// Whether the manifest has not passed its time of refreshing. Past it, it counts still, with a warning (attack D-02).
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.chain.is_fresh(now)
    }

    /// What has changed since `older`.
    pub fn changes_since(&self, older: &Self) -> Changes {
        let only_in = |a: &Self, b: &Self| {
            let missing = a.devices.iter().filter(|device| b.device(device.id()).is_none());
            missing.map(Device::id).collect()
        };
        let altered = self.devices.iter().filter(|device| {
            older.device(device.id()).is_some_and(|before| before.capabilities() != device.capabilities())
        });
        Changes {
            added: only_in(self, older),
            removed: only_in(older, self),
            altered: altered.map(Device::id).collect(),
            recovery: self.fingerprint() != older.fingerprint(),
        }
    }

    pub(super) fn newcomers(&self) -> impl Iterator<Item = (Device, ed25519::Signature)> {
        self.devices.iter().cloned().zip(self.possessions.iter().copied())
    }
}

impl Parts for Account {
    const KIND: Kind = Kind::Account;

    fn from_parts(
        chain: Chain,
        body: Vec<u8>,
        possessions: Vec<ed25519::Signature>,
    ) -> Result<Self, IdentityError> {
        let AccountBody { devices } = AccountBody::decode(&body)?;
        let authorities = &chain.newest().authorities;
        let mut managers: Vec<_> =
            devices.iter().filter(|device| device.manages()).map(|device| *device.signing().pair()).collect();
        managers.sort_unstable();
        let is_recovery = |device: &Device| authorities.recovery().contains(device.signing().pair());
        if managers != authorities.device() || devices.iter().any(is_recovery) {
            return Err(IdentityError::BadBody);
        }
        if possessions.len() != devices.len() {
            return Err(IdentityError::NoPossession);
        }
        let account = AccountId::from_bytes(*chain.id().as_bytes());
        for (device, possession) in devices.iter().zip(&possessions) {
            Newcomer::verify(account, device.clone(), *possession)?;
        }
        Ok(Self { chain, devices, body, possessions })
    }
}

impl Subject for Account {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn manifest(&self) -> Manifest {
        Manifest { path: self.chain.path(), body: self.body.clone(), possessions: self.possessions.clone() }
    }
}

impl AccountBody {
    /// Whether the devices are in order, and no two share a key (attack H-07).
    fn is_well_formed(&self) -> bool {
        let ascending = self.devices.is_sorted_by(|a, b| a.id() < b.id());
        let shared = self.devices.iter().enumerate().any(|(index, device)| {
            self.devices.iter().skip(index.saturating_add(1)).any(|other| device.shares_a_key_with(other))
        });
        ascending && !shared
    }
}

impl Message for AccountBody {
    type Proto = proto::AccountBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let devices = proto.devices.into_iter().map(Device::from_proto).collect::<Result<_, _>>()?;
        let body = Self { devices };
        if body.is_well_formed() { Ok(body) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AccountBody { devices: self.devices.iter().map(Message::to_proto).collect() }
    }
}
