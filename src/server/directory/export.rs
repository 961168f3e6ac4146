//! All that the directory holds of an account, for its owner. `docs/PROTOCOL.md` §8.3.

use super::prekeys::held;
use super::record::{self, DevicePrekeys, StockUse};
use super::{PrekeysHeld, entry::AccountEntry};
use crate::identity::address::Address;
use crate::identity::chain::{ForkEvidence, Manifest};
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::prekeys::Seen;
use crate::server::Context;
use crate::server::item::address;
use crate::server::service::{Halt, Refused};
use crate::storage::Want;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// What the directory holds of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its address.
    pub address: Address,
    /// Whether look-ups find it.
    pub findable: bool,
    /// The newest manifest that was taken.
    pub manifest: Manifest,
    /// The first proof that its chain forked, if it ever did.
    pub fork: Option<ForkEvidence>,
    /// Of each device.
    pub devices: Vec<ExportedDevice>,
}

/// What the directory holds of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportedDevice {
    /// The device.
    pub device: DeviceId,
    /// Its bundle.
    pub bundle: Option<Seen>,
    /// Its stock.
    pub stock: Option<Seen>,
    /// How many pairs of the stock were given away.
    pub given: u32,
}

/// All that is held.
pub(crate) fn export(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Export, Halt> {
    let vault = ctx.tx.vault();
    let entry = AccountEntry::key(vault, account);
    let [manifest, _, fork] = record::manifests(vault, account);
    ctx.tx.need([entry, manifest, fork].map(Want::Record))?;
    let entry = ctx.tx.read::<AccountEntry>(entry)?.take().ok_or(Refused::Unknown)?;
    let manifest = ctx.tx.read::<Manifest>(manifest)?.take().ok_or(Refused::Unknown)?;
    let fork = ctx.tx.read::<ForkEvidence>(fork)?.take();
    let places = |device: &DeviceId| [DevicePrekeys::key(vault, *device), record::stock_use(vault, *device)];
    ctx.tx.need(entry.devices.iter().flat_map(places).map(Want::Record))?;
    let mut devices = Vec::new();
    for device in &entry.devices {
        let [head, used] = places(device);
        let head = ctx.tx.read::<DevicePrekeys>(head)?.take();
        let used = ctx.tx.read::<StockUse>(used)?.take().unwrap_or_default();
        let PrekeysHeld { bundle, stock, .. } = head.as_ref().map(held).transpose()?.unwrap_or_default();
        let is_of_it = stock.is_some_and(|stock| stock.number == used.stock);
        let given = if is_of_it { used.given } else { 0 };
        devices.push(ExportedDevice { device: *device, bundle, stock, given });
    }
    Ok(Export { address: entry.address, findable: entry.findable, manifest, fork, devices })
}

impl Message for ExportedDevice {
    type Proto = proto::ExportedDevice;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            device: DeviceId::from_bytes(required_array(proto.device)?),
            bundle: proto.bundle.map(Seen::from_proto).transpose()?,
            stock: proto.stock.map(Seen::from_proto).transpose()?,
            given: required(proto.given)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ExportedDevice {
            device: Some(self.device.as_bytes().to_vec()),
            bundle: self.bundle.as_ref().map(Message::to_proto),
            stock: self.stock.as_ref().map(Message::to_proto),
            given: Some(self.given),
        }
    }
}

impl Message for Export {
    type Proto = proto::Export;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let devices = proto.devices.into_iter().map(ExportedDevice::from_proto);
        Ok(Self {
            address: address(proto.address)?,
            findable: required(proto.findable)?,
            manifest: Manifest::from_proto(required(proto.manifest)?)?,
            fork: proto.fork.map(ForkEvidence::from_proto).transpose()?,
            devices: devices.collect::<Result<_, _>>()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Export {
            address: Some(self.address.to_string()),
            findable: Some(self.findable),
            manifest: Some(self.manifest.to_proto()),
            fork: self.fork.as_ref().map(Message::to_proto),
            devices: self.devices.iter().map(Message::to_proto).collect(),
        }
    }
}
