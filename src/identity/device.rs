//! Devices: their keys, ids, capabilities, and the proof that they possess the keys. `docs/PROTOCOL.md` §4.7.

use core::fmt;

use rand_core::CryptoRng;

use super::IdentityError;
use super::ids::{AccountId, DeviceId};
use super::key_pair::PairSecret;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::suite::Suite;
use crate::crypto::{CryptoError, ed25519, hybrid, label, mlkem, x25519};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_secret};

/// What a device may do and understands: a set of bits. Unknown bits are kept, and mean nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u64);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// The right to sign manifests: the device is an authority of device rank.
    pub const MANAGE: Self = Self(1);

    /// The capabilities of these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among them.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A device as an account's manifest lists it: public keys that passed all checks.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    id: DeviceId,
    signing: hybrid::PublicKey,
    agreement: x25519::PublicKey,
    kem: mlkem::EncapsulationKey,
    capabilities: Capabilities,
    suites: Vec<u16>,
}

impl Device {
    fn new(
        signing: hybrid::PublicKey,
        agreement: x25519::PublicKey,
        kem: mlkem::EncapsulationKey,
        capabilities: Capabilities,
        suites: Vec<u16>,
    ) -> Self {
        let keys = Hasher::new(label::hash::DEVICE).array(signing.pair().as_bytes());
        let hash = keys.array(agreement.as_bytes()).array(Hash::of(kem.as_bytes()).as_bytes()).finish();
        Self { id: DeviceId::from_bytes(hash.truncated()), signing, agreement, kem, capabilities, suites }
    }

    /// The name of the device: a hash of its keys.
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// What it signs with.
    pub const fn signing(&self) -> &hybrid::PublicKey {
        &self.signing
    }

    /// Its X25519 identity key.
    pub const fn agreement(&self) -> &x25519::PublicKey {
        &self.agreement
    }

    /// Its ML-KEM-768 identity key.
    pub const fn kem(&self) -> &mlkem::EncapsulationKey {
        &self.kem
    }

    /// What it may do and understands.
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Whether it may sign manifests.
    pub const fn manages(&self) -> bool {
        self.capabilities.contains(Capabilities::MANAGE)
    }

    /// The numbers of the suites that it understands, ascending; 1 is among them.
    pub fn suites(&self) -> &[u16] {
        &self.suites
    }

    #[must_use]
    pub(super) fn with_capabilities(self, capabilities: Capabilities) -> Self {
        Self { capabilities, ..self }
    }

    /// Whether a key of one is a key of the other.
    pub(super) fn shares_a_key_with(&self, other: &Self) -> bool {
        self.signing.ed25519() == other.signing.ed25519()
            || self.signing.ml_dsa() == other.signing.ml_dsa()
            || self.agreement == other.agreement
            || self.kem == other.kem
    }
}

/// A device that proved that it possesses its keys, for one account. The only thing that can be added to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    account: AccountId,
    device: Device,
    possession: ed25519::Signature,
}

impl Newcomer {
    /// Checks the proof. [`IdentityError::NoPossession`] if it does not hold for these keys and this account.
    pub(super) fn verify(
        account: AccountId,
        device: Device,
        possession: ed25519::Signature,
    ) -> Result<Self, IdentityError> {
        let statement = statement(account, device.id);
        let proven = device.signing.ed25519().verify(label::classical::POSSESSION, &statement, &possession);
        proven.map_err(|_| IdentityError::NoPossession)?;
        Ok(Self { account, device, possession })
    }

    /// The account that it may be added to.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// The proof: a signature of the Ed25519 half of the device's signing key.
    pub const fn possession(&self) -> &ed25519::Signature {
        &self.possession
    }

    pub(super) fn into_parts(self) -> (Device, ed25519::Signature) {
        (self.device, self.possession)
    }
}

/// What a device signs to prove possession.
fn statement(account: AccountId, device: DeviceId) -> Vec<u8> {
    Input::with_capacity(48).array(account.as_bytes()).array(device.as_bytes()).finish()
}

/// A device's private keys. They never leave it.
#[derive(Debug)]
pub struct DeviceSecret {
    signing: hybrid::SecretKey,
    keys: PairSecret,
    public: Device,
}

impl DeviceSecret {
    /// New keys; draws 32, 32, 32 and 64 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        let signing = hybrid::SecretKey::generate(rng)?;
        Ok(Self::new(signing, PairSecret::generate(rng)?))
    }

    fn new(signing: hybrid::SecretKey, keys: PairSecret) -> Self {
        let (agreement, kem) = (keys.agreement().public_key(), keys.kem().public_key().clone());
        let suites = vec![Suite::One.number()];
        let public = Device::new(signing.public_key(), agreement, kem, Capabilities::NONE, suites);
        Self { signing, keys, public }
    }

    /// The public part, without capabilities.
    pub const fn device(&self) -> &Device {
        &self.public
    }

    /// The name of the device.
    pub const fn id(&self) -> DeviceId {
        self.public.id
    }

    /// What it signs with.
    pub const fn signing(&self) -> &hybrid::SecretKey {
        &self.signing
    }

    /// Its X25519 and ML-KEM-768 identity keys.
    pub const fn keys(&self) -> &PairSecret {
        &self.keys
    }

    /// Proves to an account that this device possesses its keys, so that it can be added.
    pub fn possess(&self, account: AccountId) -> Newcomer {
        let statement = statement(account, self.public.id);
        let possession = self.signing.ed25519().sign(label::classical::POSSESSION, &statement);
        Newcomer { account, device: self.public.clone(), possession }
    }
}

impl Message for Device {
    type Proto = proto::DeviceEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let device = Self::new(
            hybrid::PublicKey::from_proto(required(proto.signing)?)?,
            x25519::PublicKey::from_bytes(&required(proto.agreement)?)?,
            mlkem::EncapsulationKey::from_bytes(&required(proto.kem)?)?,
            Capabilities(required(proto.capabilities)?),
            suites(&required(proto.suites)?)?,
        );
        Ok(device)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DeviceEntry {
            signing: Some(self.signing.to_proto()),
            agreement: Some(self.agreement.as_bytes().to_vec()),
            kem: Some(self.kem.as_bytes().to_vec()),
            capabilities: Some(self.capabilities.0),
            suites: Some(self.suites.iter().flat_map(|number| number.to_be_bytes()).collect()),
        }
    }
}

/// Numbers of suites, ascending, with the one that this version implements among them.
fn suites(bytes: &[u8]) -> Result<Vec<u16>, CryptoError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let numbers: Vec<_> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let known = numbers.contains(&Suite::One.number());
    if rest.is_empty() && known && numbers.is_sorted_by(|a, b| a < b) {
        Ok(numbers)
    } else {
        Err(CryptoError::UnknownSuite)
    }
}

impl Message for DeviceSecret {
    type Proto = proto::DeviceSecret;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let signing = hybrid::SecretKey::from_seed(&required_secret(&mut proto.signing)?);
        Ok(Self::new(signing, PairSecret::from_fields(&mut proto.agreement, &mut proto.kem)?))
    }

    fn to_proto(&self) -> Self::Proto {
        let (agreement, kem) = self.keys.to_fields();
        proto::DeviceSecret { signing: Some(self.signing.to_seed().expose().to_vec()), agreement, kem }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({:?}, capabilities {:#x})", self.id, self.capabilities.0)
    }
}
