//! What a responder keeps so that others can begin with it, and so that nobody begins twice. `docs/PROTOCOL.md` §5.6, §5.7.

use super::HandshakeError;
use crate::crypto::hash::Hash;
use crate::crypto::x25519;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::chain::Order;
use crate::identity::device::Capabilities;
use crate::identity::ids::DeviceId;
use crate::identity::prekeys::{Bundle, PrekeySecret, SignedBundle};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// A bundle of one's own: the bytes that were signed, and the private keys.
#[derive(Debug)]
pub struct OwnBundle {
    bundle: Vec<u8>,
    secret: PrekeySecret,
}

/// A manifest of one's own account that an initiator may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnManifest {
    order: Order,
    hash: Hash,
    capabilities: Capabilities,
}

/// That an Initial with this ephemeral key was accepted (attack H-09). Erased in the write that erases the bundle's private keys, or in
/// a later one: never by the clock alone, which may jump ahead and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayEntry {
    ephemeral: x25519::PublicKey,
    erase_after: Timestamp,
}

impl OwnBundle {
    /// The bundle as it was published, with its private keys. [`HandshakeError::NotPossible`] if they are of another one.
    pub fn new(signed: &SignedBundle, secret: PrekeySecret) -> Result<Self, HandshakeError> {
        let bundle = Bundle::decode(&signed.bundle)?;
        if fits(&bundle, &secret) {
            Ok(Self { bundle: signed.bundle.clone(), secret })
        } else {
            Err(HandshakeError::NotPossible)
        }
    }

    /// The private keys.
    pub const fn secret(&self) -> &PrekeySecret {
        &self.secret
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bundle
    }
}

fn fits(bundle: &Bundle, secret: &PrekeySecret) -> bool {
    bundle.number == secret.number()
        && bundle.agreement == secret.keys().agreement().public_key()
        && bundle.kem == *secret.keys().kem().public_key()
}

impl OwnManifest {
    /// What is kept of a manifest of one's own. [`HandshakeError::NotPossible`] if it does not list the device.
    pub fn new(account: &Verified<Account>, device: DeviceId) -> Result<Self, HandshakeError> {
        let device = account.device(device).ok_or(HandshakeError::NotPossible)?;
        Ok(Self { order: account.order(), hash: account.hash(), capabilities: device.capabilities() })
    }

    /// Term and version.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// The hash of the header.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// What it listed for this device.
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}

impl ReplayEntry {
    pub(super) const fn new(ephemeral: x25519::PublicKey, erase_after: Timestamp) -> Self {
        Self { ephemeral, erase_after }
    }

    /// The key by which the record is searched.
    pub const fn ephemeral(&self) -> &x25519::PublicKey {
        &self.ephemeral
    }

    /// When the private keys of its bundle must be erased.
    pub const fn erase_after(&self) -> Timestamp {
        self.erase_after
    }

    /// Whether a write may erase it; `keys_are_gone` if the private keys of its bundle were erased before, or are in the same write.
    pub const fn may_be_erased(&self, now: Timestamp, keys_are_gone: bool) -> bool {
        keys_are_gone && now.as_millis() > self.erase_after.as_millis()
    }
}

impl Message for OwnBundle {
    type Proto = proto::OwnBundle;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let bundle = required(proto.bundle.take())?;
        let secret = PrekeySecret::from_proto(required(proto.secret.take())?)?;
        let published = Bundle::decode(&bundle).map_err(|_| Rule::BadValue)?;
        if fits(&published, &secret) { Ok(Self { bundle, secret }) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OwnBundle { bundle: Some(self.bundle.clone()), secret: Some(self.secret.to_proto()) }
    }
}

impl Message for OwnManifest {
    type Proto = proto::OwnManifest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            hash: Hash::from_bytes(required_array(proto.hash)?),
            capabilities: Capabilities::from_bits(required(proto.capabilities)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OwnManifest {
            term: Some(self.order.term),
            version: Some(self.order.version),
            hash: Some(self.hash.as_bytes().to_vec()),
            capabilities: Some(self.capabilities.bits()),
        }
    }
}

impl Message for ReplayEntry {
    type Proto = proto::ReplayEntry;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let ephemeral = x25519::PublicKey::from_bytes(&required(proto.ephemeral)?)?;
        Ok(Self { ephemeral, erase_after: Timestamp::from_millis(required(proto.erase_after)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        let ephemeral = self.ephemeral.as_bytes().to_vec();
        proto::ReplayEntry { ephemeral: Some(ephemeral), erase_after: Some(self.erase_after.as_millis()) }
    }
}
