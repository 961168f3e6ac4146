//! Bundles: a device's prekeys for a month. `docs/PROTOCOL.md` §4.11.

use rand_core::CryptoRng;

use super::KEPT;
use super::secrets::PrekeySecret;
use crate::crypto::hash::Hash;
use crate::crypto::suite::Suite;
use crate::crypto::{hybrid, label, mlkem, x25519};
use crate::identity::account::Account;
use crate::identity::chain::Order;
use crate::identity::device::DeviceSecret;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::validity::Validity;
use crate::identity::{IdentityError, Verified};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// A device's signed statement of its prekeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The suite that the keys are for.
    pub suite: Suite,
    /// The account of the device.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// Order of the manifest that the device held.
    pub order: Order,
    /// Hash of that manifest's header.
    pub manifest: Hash,
    /// Never goes back.
    pub number: u64,
    /// At most 30 days.
    pub validity: Validity,
    /// X25519 prekey.
    pub agreement: x25519::PublicKey,
    /// ML-KEM-768 prekey.
    pub kem: mlkem::EncapsulationKey,
}

/// A bundle as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBundle {
    /// The encoded [`Bundle`], exactly as it was signed.
    pub bundle: Vec<u8>,
    /// The device's signature over `bundle`.
    pub signature: hybrid::Signature,
}

impl Bundle {
    /// New prekeys of a device; draws 32 and 64 bytes. `number` is higher than that of any bundle before.
    /// [`IdentityError::NotPossible`] if the account does not list the device;
    /// [`CryptoError::WeakRandomness`](crate::crypto::CryptoError::WeakRandomness) if the source is stuck.
    pub fn generate(
        device: &DeviceSecret,
        account: &Verified<Account>,
        number: u64,
        validity: Validity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, PrekeySecret), IdentityError> {
        account.device(device.id()).ok_or(IdentityError::NotPossible)?;
        let secret = PrekeySecret::generate(number, validity.not_after().plus(KEPT), rng)?;
        let bundle = Self {
            suite: Suite::One,
            account: account.id(),
            device: device.id(),
            order: account.order(),
            manifest: account.hash(),
            number,
            validity,
            agreement: secret.keys().agreement().public_key(),
            kem: secret.keys().kem().public_key().clone(),
        };
        Ok((bundle, secret))
    }

    /// Signs the bundle. [`EncodeError`] if its validity is longer than 30 days.
    pub fn sign(&self, key: &hybrid::SecretKey) -> Result<SignedBundle, EncodeError> {
        let bundle = encode_to_sign(self)?;
        let signature = key.sign(label::sign::BUNDLE, &bundle);
        Ok(SignedBundle { bundle, signature })
    }
}

impl SignedBundle {
    /// Decodes the bundle and verifies that this device signed it, of itself. [`IdentityError::Mismatch`] if it speaks of another.
    /// For who keeps it; who uses it has [`ClaimAnswer::verify`](super::ClaimAnswer::verify).
    pub fn signed_by(
        &self,
        owner: (AccountId, DeviceId),
        key: &hybrid::PublicKey,
    ) -> Result<Bundle, IdentityError> {
        let bundle = Bundle::decode(&self.bundle)?;
        if (bundle.account, bundle.device) != owner {
            return Err(IdentityError::Mismatch);
        }
        key.verify(label::sign::BUNDLE, &self.bundle, &self.signature)?;
        Ok(bundle)
    }
}

/// The suite of a bundle or a stock.
pub(super) fn suite(number: u32) -> Result<Suite, Rule> {
    // A number beyond 16 bits is no suite either.
    Ok(Suite::from_number(u16::try_from(number).unwrap_or(u16::MAX))?)
}

impl Message for Bundle {
    type Proto = proto::Bundle;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            suite: suite(required(proto.suite)?)?,
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            manifest: Hash::from_bytes(required_array(proto.manifest)?),
            number: required(proto.number)?,
            validity: Validity::from_proto(required(proto.validity)?)?.limited()?,
            agreement: x25519::PublicKey::from_bytes(&required(proto.agreement)?)?,
            kem: mlkem::EncapsulationKey::from_bytes(&required(proto.kem)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Bundle {
            suite: Some(u32::from(self.suite.number())),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            term: Some(self.order.term),
            version: Some(self.order.version),
            manifest: Some(self.manifest.as_bytes().to_vec()),
            number: Some(self.number),
            validity: Some(self.validity.to_proto()),
            agreement: Some(self.agreement.as_bytes().to_vec()),
            kem: Some(self.kem.as_bytes().to_vec()),
        }
    }
}

impl Message for SignedBundle {
    type Proto = proto::SignedBundle;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            bundle: required(proto.bundle)?,
            signature: hybrid::Signature::from_proto(required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedBundle { bundle: Some(self.bundle.clone()), signature: Some(self.signature.to_proto()) }
    }
}
