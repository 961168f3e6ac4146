//! The Initial: the one message of a handshake. `docs/PROTOCOL.md` §5.4.

use super::identity_block::SEALED_LENGTH;
use crate::crypto::hash::Hash;
use crate::crypto::suite::Suite;
use crate::crypto::{mlkem, x25519};
use crate::identity::address::Address;
use crate::identity::chain::Order;
use crate::identity::ids::DeviceId;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// Where a one-time pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OneTimePlace {
    /// The number of the stock.
    pub stock: u64,
    /// The index in it.
    pub index: u32,
}

/// An initiator's offer of a session, as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initial {
    /// The suite of the bundle.
    pub suite: Suite,
    /// The device that it is for.
    pub device: DeviceId,
    /// The address under which the initiator writes to it.
    pub address: Address,
    /// The number of the bundle.
    pub bundle: u64,
    /// The one-time pair, if there was one.
    pub one_time: Option<OneTimePlace>,
    /// Order of the device's manifest, as the initiator holds it.
    pub order: Order,
    /// Hash of that manifest's header.
    pub manifest: Hash,
    /// EK.
    pub ephemeral: x25519::PublicKey,
    /// ct1: to the prekey, or to the one-time pair.
    pub to_prekey: mlkem::Ciphertext,
    /// ct2: to the device's identity key.
    pub to_identity: mlkem::Ciphertext,
    /// idb: the initiator's identity block, sealed.
    pub sealed: [u8; SEALED_LENGTH],
}

impl Initial {
    /// H of its bytes: what a session remembers of the Initial that it was made of.
    pub fn hash(&self) -> Result<Hash, EncodeError> {
        Ok(Hash::of(&self.encode()?))
    }
}

impl Message for OneTimePlace {
    type Proto = proto::OneTimePlace;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { stock: required(proto.stock)?, index: required(proto.index)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OneTimePlace { stock: Some(self.stock), index: Some(self.index) }
    }
}

impl Message for Initial {
    type Proto = proto::Initial;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        // A number beyond 16 bits is no suite either.
        let suite = u16::try_from(required(proto.suite)?).unwrap_or(u16::MAX);
        Ok(Self {
            suite: Suite::from_number(suite)?,
            device: DeviceId::from_bytes(required_array(proto.device)?),
            address: required(proto.address)?.parse().map_err(|_| Rule::BadValue)?,
            bundle: required(proto.bundle)?,
            one_time: proto.one_time.map(OneTimePlace::from_proto).transpose()?,
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            manifest: Hash::from_bytes(required_array(proto.manifest)?),
            ephemeral: x25519::PublicKey::from_bytes(&required(proto.ephemeral)?)?,
            to_prekey: mlkem::Ciphertext::from_bytes(&required(proto.prekey_ciphertext)?)?,
            to_identity: mlkem::Ciphertext::from_bytes(&required(proto.identity_ciphertext)?)?,
            sealed: required_array(proto.identity_block)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Initial {
            suite: Some(u32::from(self.suite.number())),
            device: Some(self.device.as_bytes().to_vec()),
            address: Some(self.address.to_string()),
            bundle: Some(self.bundle),
            one_time: self.one_time.as_ref().map(Message::to_proto),
            term: Some(self.order.term),
            version: Some(self.order.version),
            manifest: Some(self.manifest.as_bytes().to_vec()),
            ephemeral: Some(self.ephemeral.as_bytes().to_vec()),
            prekey_ciphertext: Some(self.to_prekey.as_bytes().to_vec()),
            identity_ciphertext: Some(self.to_identity.as_bytes().to_vec()),
            identity_block: Some(self.sealed.to_vec()),
        }
    }
}
