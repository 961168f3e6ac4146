//! What the directory keeps beside the entry of an account. `docs/PROTOCOL.md` §7.7.

use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hybrid;
use crate::identity::chain::{ForkEvidence, Manifest};
use crate::identity::ids::{AccountId, DeviceId, RequestId};
use crate::identity::prekeys::{Bundle, Grant, MAX_DEPTH, OneTimePair, SignedBundle, SignedStock, Stock};
use crate::server::Origin;
use crate::server::quota::Budget;
use crate::storage::{Format, Key, Partition, Record, StorageError, Table, Vault};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// Whose an identity key is, for ever (attack H-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The account.
    pub account: AccountId,
}

/// What a device has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrekeys {
    /// Whose the device is.
    pub account: AccountId,
    /// What it signs with.
    pub signing: hybrid::PublicKey,
    /// Its newest bundle.
    pub bundle: Option<SignedBundle>,
    /// Its newest stock. The pairs lie beside it, a record each.
    pub stock: Option<SignedStock>,
    /// Which pairs of the stock were ever taken in: a pair that was given away must not come back.
    pub uploaded: Bitmap,
}

/// A bit for each pair of a stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap(Vec<u8>);

/// How many pairs of which stock were given away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockUse {
    /// The number of the stock.
    pub stock: u64,
    /// How many.
    pub given: u32,
}

/// What one origin has had of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimBudget {
    /// Of the stock.
    pub taken: StockUse,
    /// Of the day.
    pub budget: Budget,
}

/// How much an origin may still ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskBudget {
    /// Look-ups.
    pub budget: Budget,
}

/// A permission to register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Until when it can be used.
    pub until: Timestamp,
    /// Who has used it.
    pub account: Option<AccountId>,
}

impl Bitmap {
    /// No pair of a stock of this depth.
    pub fn empty(depth: u32) -> Self {
        let pairs = 1_usize.checked_shl(depth.min(MAX_DEPTH)).unwrap_or(1);
        Self(vec![0; pairs.div_ceil(8)])
    }

    /// Whether a pair is among them.
    pub fn contains(&self, index: u32) -> bool {
        let (byte, bit) = Self::place(index);
        byte.and_then(|at| self.0.get(at)).is_some_and(|byte| byte & bit != 0)
    }

    /// Adds a pair. Nothing happens beyond the stock.
    pub fn insert(&mut self, index: u32) {
        let (byte, bit) = Self::place(index);
        if let Some(byte) = byte.and_then(|at| self.0.get_mut(at)) {
            *byte |= bit;
        }
    }

    /// The bits, from the lowest of the first byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bitmap of these bytes.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    fn place(index: u32) -> (Option<usize>, u8) {
        (usize::try_from(index / 8).ok(), 1_u8.checked_shl(index % 8).unwrap_or(0))
    }
}

impl DevicePrekeys {
    /// Of a device that has published nothing.
    pub const fn new(account: AccountId, signing: hybrid::PublicKey) -> Self {
        Self { account, signing, bundle: None, stock: None, uploaded: Bitmap(Vec::new()) }
    }

    /// What the bundle says.
    pub(super) fn bundle(&self) -> Result<Option<Bundle>, StorageError> {
        let bundle = self.bundle.as_ref().map(|signed| Bundle::decode(&signed.bundle));
        bundle.transpose().map_err(|_| StorageError::Unreadable)
    }

    /// What the stock says.
    pub(super) fn stock(&self) -> Result<Option<Stock>, StorageError> {
        let stock = self.stock.as_ref().map(|signed| Stock::decode(&signed.stock));
        stock.transpose().map_err(|_| StorageError::Unreadable)
    }

    /// Where it lies.
    pub fn key(vault: &Vault, device: DeviceId) -> Key {
        vault.partition(Table::PREKEYS, device.as_bytes()).key(0)
    }
}

/// Where the pairs of a stock lie, by their indices.
pub(super) fn pairs(vault: &Vault, device: DeviceId, stock: u64) -> Partition {
    let name = Input::with_capacity(24).array(device.as_bytes()).u64(stock).finish();
    vault.partition(Table::ONE_TIME_PAIRS, &name)
}

/// Where the newest manifest of an account lies, the other side of its fork, and the first evidence of one.
pub(super) fn manifests(vault: &Vault, account: AccountId) -> [Key; 3] {
    let partition = vault.partition(Table::MANIFESTS, account.as_bytes());
    [0, 1, 2].map(|suffix| partition.key(suffix))
}

/// Where it is written whose a key is. Keys of different kinds do not meet.
pub(super) fn registered(vault: &Vault, kind: u8, key: &[u8; 32]) -> Key {
    let name = Input::with_capacity(33).u8(kind).array(key).finish();
    vault.partition(Table::KEY_REGISTRY, &name).key(0)
}

/// Where the grant of a claim lies: the claimer's origin and its request.
pub(super) fn grant(vault: &Vault, origin: &Origin, request: RequestId) -> Key {
    let mut name = origin_name(origin);
    name.extend_from_slice(request.as_bytes());
    vault.partition(Table::CLAIM_GRANTS, &name).key(0)
}

/// Where it is counted what an origin has had of a device. All of a device lie together.
pub(super) fn claim_budget(vault: &Vault, device: DeviceId, origin: &Origin) -> Key {
    // Two origins that met by chance, once in 2^64, would share a budget.
    let short = vault.partition(Table::CLAIM_BUDGETS, &named(0, &origin_name(origin))).key(0);
    let short = short.name().first_chunk().map_or(0, |short| u64::from_be_bytes(*short));
    claim_budgets(vault, device).key(short)
}

pub(super) fn claim_budgets(vault: &Vault, device: DeviceId) -> Partition {
    vault.partition(Table::CLAIM_BUDGETS, &named(1, device.as_bytes()))
}

/// Where it is counted what all have had of a device.
pub(super) fn stock_use(vault: &Vault, device: DeviceId) -> Key {
    vault.partition(Table::CLAIM_BUDGETS, &named(2, device.as_bytes())).key(0)
}

/// Where it is counted how much an origin asks.
pub(super) fn ask_budget(vault: &Vault, origin: &Origin) -> Key {
    vault.partition(Table::CLAIM_BUDGETS, &named(3, &origin_name(origin))).key(0)
}

impl Invite {
    /// Where the invite with this code lies.
    pub fn key(vault: &Vault, code: &[u8; 16]) -> Key {
        vault.partition(Table::INVITES, code).key(0)
    }
}

fn named(kind: u8, bytes: &[u8]) -> Vec<u8> {
    Input::with_capacity(bytes.len().saturating_add(1)).u8(kind).last(bytes)
}

fn origin_name(origin: &Origin) -> Vec<u8> {
    match origin {
        Origin::Local(account) => Input::new().u8(0).lp(account.as_bytes()).finish(),
        Origin::Peer(domain) => Input::new().u8(1).lp(domain.as_str().as_bytes()).finish(),
    }
}

impl Message for RegisteredKey {
    type Proto = proto::RegisteredKey;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { account: AccountId::from_bytes(required_array(proto.account)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::RegisteredKey { account: Some(self.account.as_bytes().to_vec()) }
    }
}

impl Message for DevicePrekeys {
    type Proto = proto::DevicePrekeys;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            signing: hybrid::PublicKey::from_proto(required(proto.signing)?)?,
            bundle: proto.bundle.map(SignedBundle::from_proto).transpose()?,
            stock: proto.stock.map(SignedStock::from_proto).transpose()?,
            uploaded: Bitmap(required(proto.uploaded)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DevicePrekeys {
            account: Some(self.account.as_bytes().to_vec()),
            signing: Some(self.signing.to_proto()),
            bundle: self.bundle.as_ref().map(Message::to_proto),
            stock: self.stock.as_ref().map(Message::to_proto),
            uploaded: Some(self.uploaded.0.clone()),
        }
    }
}

impl Message for StockUse {
    type Proto = proto::StockUse;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { stock: required(proto.stock)?, given: required(proto.given)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::StockUse { stock: Some(self.stock), given: Some(self.given) }
    }
}

impl Message for ClaimBudget {
    type Proto = proto::ClaimBudget;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            taken: StockUse::from_proto(required(proto.taken)?)?,
            budget: Budget::from_proto(required(proto.budget)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClaimBudget { taken: Some(self.taken.to_proto()), budget: Some(self.budget.to_proto()) }
    }
}

impl Message for AskBudget {
    type Proto = proto::AskBudget;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { budget: Budget::from_proto(required(proto.budget)?)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AskBudget { budget: Some(self.budget.to_proto()) }
    }
}

impl Message for Invite {
    type Proto = proto::Invite;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let account = proto.account.map(|account| required_array(Some(account))).transpose()?;
        Ok(Self {
            until: Timestamp::from_millis(required(proto.until)?),
            account: account.map(AccountId::from_bytes),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Invite {
            until: Some(self.until.as_millis()),
            account: self.account.map(|account| account.as_bytes().to_vec()),
        }
    }
}

/// The first format of a record, and its table.
macro_rules! records {
    ($($record:ty => $table:ident;)+) => {$(
        impl Format for $record {
            const FORMAT: u8 = 1;
        }

        impl Record for $record {
            const TABLE: Table = Table::$table;
        }
    )+};
}

records! {
    RegisteredKey => KEY_REGISTRY;
    Manifest => MANIFESTS;
    ForkEvidence => MANIFESTS;
    DevicePrekeys => PREKEYS;
    OneTimePair => ONE_TIME_PAIRS;
    Grant => CLAIM_GRANTS;
    StockUse => CLAIM_BUDGETS;
    ClaimBudget => CLAIM_BUDGETS;
    AskBudget => CLAIM_BUDGETS;
    Invite => INVITES;
}
