//! Proof that the authorities of a chain signed two manifests that exclude each other. `docs/PROTOCOL.md` §4.5.

use super::header::Kind;
use super::path::{AuthorityPath, Chain};
use crate::identity::{IdentityError, Verified};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// Two paths that are said to exclude each other. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkEvidence {
    /// The kind of the chain.
    pub kind: Kind,
    /// One side.
    pub first: AuthorityPath,
    /// The other side.
    pub second: AuthorityPath,
}

/// A fork that is proven: its two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// One side.
    pub first: Chain,
    /// The other side.
    pub second: Chain,
}

impl ForkEvidence {
    /// Verifies both paths. [`IdentityError::NoFork`] if they can follow each other, or are of different terms.
    pub fn verify(self) -> Result<Verified<Fork>, IdentityError> {
        let fork = Fork { first: self.first.verify(self.kind)?, second: self.second.verify(self.kind)? };
        let (first, second) = (&fork.first, &fork.second);
        if first.id() != second.id() {
            return Err(IdentityError::OtherChain);
        }
        let (a, b) = (first.order(), second.order());
        let twins = a == b && first.hash() != second.hash();
        if a.term == b.term && (twins || first.contradicts(second)) {
            Ok(Verified::new(fork))
        } else {
            Err(IdentityError::NoFork)
        }
    }
}

impl Message for ForkEvidence {
    type Proto = proto::ForkEvidence;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            kind: Kind::from_number(required(proto.kind)?)?,
            first: AuthorityPath::from_proto(required(proto.first)?)?,
            second: AuthorityPath::from_proto(required(proto.second)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ForkEvidence {
            kind: Some(self.kind.number()),
            first: Some(self.first.to_proto()),
            second: Some(self.second.to_proto()),
        }
    }
}
