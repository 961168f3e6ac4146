//! What a sender remembers of a device's prekeys, so that they never go back. `docs/PROTOCOL.md` §4.12.

use crate::crypto::hash::Hash;
use crate::identity::IdentityError;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// The newest one seen of a numbered series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// The plain hash of its encoding.
    pub hash: Hash,
}

/// The newest bundle and the newest stock seen of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrekeysSeen {
    /// The bundle, once one was seen.
    pub bundle: Option<Seen>,
    /// The stock, once one was seen.
    pub stock: Option<Seen>,
}

impl Seen {
    /// Of these bytes with this number.
    pub fn of(number: u64, bytes: &[u8]) -> Self {
        Self { number, hash: Hash::of(bytes) }
    }
}

/// What is remembered after `number` with these bytes. [`IdentityError::Rollback`] if it is lower than the one seen, or the same
/// with other bytes.
pub(super) fn advance(seen: Option<Seen>, number: u64, bytes: &[u8]) -> Result<Seen, IdentityError> {
    let new = Seen::of(number, bytes);
    match seen {
        Some(old) if number < old.number || (number == old.number && new != old) => {
            Err(IdentityError::Rollback)
        }
        _ => Ok(new),
    }
}

impl Message for Seen {
    type Proto = proto::Seen;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { number: required(proto.number)?, hash: Hash::from_bytes(required_array(proto.hash)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Seen { number: Some(self.number), hash: Some(self.hash.as_bytes().to_vec()) }
    }
}

impl Message for PrekeysSeen {
    type Proto = proto::PrekeysSeen;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            bundle: proto.bundle.map(Seen::from_proto).transpose()?,
            stock: proto.stock.map(Seen::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PrekeysSeen {
            bundle: self.bundle.as_ref().map(Message::to_proto),
            stock: self.stock.as_ref().map(Message::to_proto),
        }
    }
}
