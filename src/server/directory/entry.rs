//! What every delivery reads of an account: a compact record, beside the manifest. `docs/PROTOCOL.md` §7.7.

use crate::crypto::hash::Hash;
use crate::identity::address::Address;
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId};
use crate::server::item::address;
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// An account of this server, as its newest manifest has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// The account.
    pub account: AccountId,
    /// Its address, for ever.
    pub address: Address,
    /// Of the newest manifest that the server holds …
    pub order: Order,
    /// … and the hash of its header.
    pub manifest_hash: Hash,
    /// The devices that it lists, at most 16.
    pub devices: Vec<DeviceId>,
    /// Whether it can be reached.
    pub state: AccountState,
    /// Whether look-ups of its address find it.
    pub findable: bool,
}

/// Whether an account can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It can.
    Open,
    /// It is gone; its address stays taken.
    Closed,
}

/// Whose an address of this server is, kept under its local part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressOwner {
    /// The account.
    pub account: AccountId,
}

impl AccountEntry {
    /// Where it lies.
    pub fn key(vault: &Vault, account: AccountId) -> Key {
        vault.partition(Table::ACCOUNTS, account.as_bytes()).key(0)
    }

    /// Whether the account is open and lists the device.
    pub fn reaches(&self, device: DeviceId) -> bool {
        self.state == AccountState::Open && self.devices.contains(&device)
    }
}

impl AddressOwner {
    /// Where it lies.
    pub fn key(vault: &Vault, address: &Address) -> Key {
        vault.partition(Table::ADDRESSES, address.local().as_bytes()).key(0)
    }
}

impl Message for AccountEntry {
    type Proto = proto::AccountEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let devices = proto.devices.into_iter().map(|device| required_array(Some(device)));
        let devices = devices.map(|device| device.map(DeviceId::from_bytes));
        let state = match proto::AccountState::try_from(required(proto.state)?) {
            Ok(proto::AccountState::Open) => AccountState::Open,
            Ok(proto::AccountState::Closed) => AccountState::Closed,
            Ok(proto::AccountState::Unspecified) | Err(_) => return Err(Rule::BadValue),
        };
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            address: address(proto.address)?,
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            manifest_hash: Hash::from_bytes(required_array(proto.manifest_hash)?),
            devices: devices.collect::<Result<_, _>>()?,
            state,
            findable: required(proto.findable)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let state = match self.state {
            AccountState::Open => proto::AccountState::Open,
            AccountState::Closed => proto::AccountState::Closed,
        };
        proto::AccountEntry {
            account: Some(self.account.as_bytes().to_vec()),
            address: Some(self.address.to_string()),
            term: Some(self.order.term),
            version: Some(self.order.version),
            manifest_hash: Some(self.manifest_hash.as_bytes().to_vec()),
            devices: self.devices.iter().map(|device| device.as_bytes().to_vec()).collect(),
            state: Some(state.into()),
            findable: Some(self.findable),
        }
    }
}

impl Message for AddressOwner {
    type Proto = proto::AddressOwner;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { account: AccountId::from_bytes(required_array(proto.account)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AddressOwner { account: Some(self.account.as_bytes().to_vec()) }
    }
}

impl Format for AccountEntry {
    const FORMAT: u8 = 1;
}

impl Record for AccountEntry {
    const TABLE: Table = Table::ACCOUNTS;
}

impl Format for AddressOwner {
    const FORMAT: u8 = 1;
}

impl Record for AddressOwner {
    const TABLE: Table = Table::ADDRESSES;
}
