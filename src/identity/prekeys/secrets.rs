//! The private halves of prekeys, as a device keeps them. `docs/PROTOCOL.md` §4.11.

use rand_core::CryptoRng;

use super::stock::leaf_input;
use crate::crypto::CryptoError;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::key_pair::PairSecret;
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// The private keys of a bundle. They serve for every handshake that uses the bundle.
#[derive(Debug)]
pub struct PrekeySecret {
    number: u64,
    keys: PairSecret,
    erase_after: Timestamp,
}

/// The private keys of a one-time pair. One handshake consumes them.
#[derive(Debug)]
pub struct OneTimeSecret {
    stock: u64,
    index: u32,
    keys: PairSecret,
    erase_after: Timestamp,
}

impl PrekeySecret {
    pub(super) fn generate(
        number: u64,
        erase_after: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, CryptoError> {
        Ok(Self { number, keys: PairSecret::generate(rng)?, erase_after })
    }

    /// The number of the bundle.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The keys.
    pub const fn keys(&self) -> &PairSecret {
        &self.keys
    }

    /// When they must be erased.
    pub const fn erase_after(&self) -> Timestamp {
        self.erase_after
    }
}

impl OneTimeSecret {
    pub(super) fn generate(
        stock: u64,
        index: u32,
        erase_after: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, CryptoError> {
        Ok(Self { stock, index, keys: PairSecret::generate(rng)?, erase_after })
    }

    /// The number of the stock, and the index in it.
    pub const fn place(&self) -> (u64, u32) {
        (self.stock, self.index)
    }

    /// When they must be erased.
    pub const fn erase_after(&self) -> Timestamp {
        self.erase_after
    }

    /// What the leaf of the pair is made of, for the transcript of the handshake; `owner` is the device's account and the device.
    pub fn leaf_input(&self, owner: (AccountId, DeviceId)) -> Vec<u8> {
        let (agreement, kem) = (self.keys.agreement().public_key(), self.keys.kem().public_key());
        leaf_input(owner, self.place(), &agreement, kem)
    }

    /// The keys, for the one handshake that they are for.
    pub fn into_keys(self) -> PairSecret {
        self.keys
    }

    pub(super) const fn keys(&self) -> &PairSecret {
        &self.keys
    }
}

impl Message for PrekeySecret {
    type Proto = proto::PrekeySecret;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            number: required(proto.number)?,
            keys: PairSecret::from_fields(&mut proto.agreement, &mut proto.kem)?,
            erase_after: Timestamp::from_millis(required(proto.erase_after)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (agreement, kem) = self.keys.to_fields();
        let erase_after = Some(self.erase_after.as_millis());
        proto::PrekeySecret { number: Some(self.number), agreement, kem, erase_after }
    }
}

impl Message for OneTimeSecret {
    type Proto = proto::OneTimeSecret;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            stock: required(proto.stock)?,
            index: required(proto.index)?,
            keys: PairSecret::from_fields(&mut proto.agreement, &mut proto.kem)?,
            erase_after: Timestamp::from_millis(required(proto.erase_after)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (agreement, kem) = self.keys.to_fields();
        let erase_after = Some(self.erase_after.as_millis());
        proto::OneTimeSecret { stock: Some(self.stock), index: Some(self.index), agreement, kem, erase_after }
    }
}
