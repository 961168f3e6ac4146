//! The identity block: what A says of itself, sealed. `docs/PROTOCOL.md` §5.3.

use super::HandshakeError;
use crate::crypto::CryptoError;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::aead::TAG_LENGTH;
use crate::crypto::hash::Hash;
use crate::crypto::x25519;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::chain::Order;
use crate::identity::device::{Capabilities, Device};
use crate::identity::ids::{AccountId, DeviceId};

/// Bytes of the block. Fixed, so that its length tells nothing of its author (attack P-08).
pub(super) const BLOCK_LENGTH: usize = 32 + 16 + 32 + 32 + 4 + 8 + 32 + 8;
/// Bytes of the sealed block.
pub(super) const SEALED_LENGTH: usize = BLOCK_LENGTH + TAG_LENGTH;

/// Who an initiator says that it is. Until its message has opened and its manifest agrees, anyone may have said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityBlock {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The device's X25519 identity key.
    pub agreement: x25519::PublicKey,
    /// The plain hash of the device's ML-KEM-768 identity key.
    pub kem: Hash,
    /// Order of the manifest that the device holds of its own account.
    pub order: Order,
    /// Hash of that manifest's header.
    pub manifest: Hash,
    /// What the device may do and understands.
    pub capabilities: Capabilities,
}

impl IdentityBlock {
    /// What a device that its account lists says of itself.
    pub(super) fn of(account: &Verified<Account>, device: &Device) -> Self {
        Self {
            account: account.id(),
            device: device.id(),
            agreement: *device.agreement(),
            kem: Hash::of(device.kem().as_bytes()),
            order: account.order(),
            manifest: account.hash(),
            capabilities: device.capabilities(),
        }
    }

    /// The 164 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        Input::with_capacity(BLOCK_LENGTH)
            .array(self.account.as_bytes())
            .array(self.device.as_bytes())
            .array(self.agreement.as_bytes())
            .array(self.kem.as_bytes())
            .u32(self.order.term)
            .u64(self.order.version)
            .array(self.manifest.as_bytes())
            .u64(self.capabilities.bits())
            .finish()
    }

    /// The block of these bytes. [`CryptoError::InvalidKey`] if the X25519 key is none, [`CryptoError::InvalidLength`] unless
    /// there are 164.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let mut rest = bytes;
        let block = Self {
            account: AccountId::from_bytes(take(&mut rest)?),
            device: DeviceId::from_bytes(take(&mut rest)?),
            agreement: x25519::PublicKey::from_bytes(&take::<32>(&mut rest)?)?,
            kem: Hash::from_bytes(take(&mut rest)?),
            order: Order {
                term: u32::from_be_bytes(take(&mut rest)?),
                version: u64::from_be_bytes(take(&mut rest)?),
            },
            manifest: Hash::from_bytes(take(&mut rest)?),
            capabilities: Capabilities::from_bits(u64::from_be_bytes(take(&mut rest)?)),
        };
        if rest.is_empty() { Ok(block) } else { Err(CryptoError::InvalidLength) }
    }

    /// Compares with the verified manifest of the account, §5.7 steps 9 and 10. Gives the capabilities that both have: of an older
    /// manifest the block is a device's word, which takes away but adds nothing.
    pub(super) fn check(&self, account: &Verified<Account>) -> Result<Capabilities, HandshakeError> {
        if self.account != account.id() {
            return Err(HandshakeError::Mismatch);
        }
        let is_same = self.order == account.order();
        if self.order > account.order() || (is_same && self.manifest != account.hash()) {
            return Err(HandshakeError::OtherManifest);
        }
        let device = account.device(self.device).ok_or(HandshakeError::Mismatch)?;
        let keys_agree =
            self.agreement == *device.agreement() && self.kem == Hash::of(device.kem().as_bytes());
        let capabilities_agree = !is_same || self.capabilities == device.capabilities();
        if keys_agree && capabilities_agree {
            Ok(Capabilities::from_bits(self.capabilities.bits() & device.capabilities().bits()))
        } else {
            Err(HandshakeError::Mismatch)
        }
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], CryptoError> {
    let (taken, rest) = bytes.split_first_chunk::<N>().ok_or(CryptoError::InvalidLength)?;
    *bytes = rest;
    Ok(*taken)
}
