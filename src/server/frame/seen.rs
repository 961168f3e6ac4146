//! Which manifest of a chain a server holds. `docs/PROTOCOL.md` §7.2.

use crate::crypto::hash::Hash;
use crate::identity::Verified;
use crate::identity::chain::{Order, Subject};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// The newest manifest of a chain that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its order.
    pub order: Order,
    /// Its hash.
    pub hash: Hash,
}

impl Seen {
    /// Of this manifest.
    pub fn of<T: Subject>(subject: &Verified<T>) -> Self {
        Self { order: subject.chain().order(), hash: subject.chain().hash() }
    }

    /// Whether `other` is a manifest of the same order with different content: evidence of a fork, once both are at hand.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.order == other.order && self.hash != other.hash
    }
}

impl Message for Seen {
    type Proto = proto::ChainSeen;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            hash: Hash::from_bytes(required_array(proto.hash)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ChainSeen {
            term: Some(self.order.term),
            version: Some(self.order.version),
            hash: Some(self.hash.as_bytes().to_vec()),
        }
    }
}
