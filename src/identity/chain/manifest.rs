//! Manifests as they travel, and their verification. `docs/PROTOCOL.md` §4.4.

use super::header::{Kind, body_hash};
use super::path::{AuthorityPath, Chain};
use crate::crypto::ed25519;
use crate::identity::{IdentityError, Verified};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};
use crate::wire::{Rule, Wire as _};

/// A manifest with its authority path. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// From the genesis to the newest header.
    pub path: AuthorityPath,
    /// The newest header's body, encoded.
    pub body: Vec<u8>,
    /// One for each device of an account, in their order.
    pub possessions: Vec<ed25519::Signature>,
}

/// What a chain can be the identity of: [`Account`](crate::identity::account::Account) and
/// [`Server`](crate::identity::server::Server).
pub trait Subject: sealed::Parts {
    /// The verified path.
    fn chain(&self) -> &Chain;

    /// The manifest, to pass on. It verifies again.
    fn manifest(&self) -> Manifest;
}

pub(in crate::identity) mod sealed {
    use super::{Chain, IdentityError, Kind};
    use crate::crypto::ed25519;

    /// How a subject is made of the parts of its manifest.
    pub trait Parts: Sized {
        const KIND: Kind;

        /// Checks the body, of which the hash is known to be right, and the possessions.
        fn from_parts(
            chain: Chain,
            body: Vec<u8>,
            possessions: Vec<ed25519::Signature>,
        ) -> Result<Self, IdentityError>;
    }
}

impl Manifest {
    /// Verifies path, body and possessions, §4.4. The errors are those of that section.
    pub fn verify<T: Subject>(self) -> Result<Verified<T>, IdentityError> {
        let chain = self.path.verify(T::KIND)?;
        if body_hash(&self.body) != chain.newest().body_hash {
            return Err(IdentityError::BadBody);
        }
        T::from_parts(chain, self.body, self.possessions).map(Verified::new)
    }

    /// Takes a manifest of one's own making through the same verification as any other, with the limits of its message.
    /// [`IdentityError::NotPossible`] if peers would refuse it.
    pub(in crate::identity) fn issue<T: Subject>(self) -> Result<Verified<T>, IdentityError> {
        self.encode()?;
        self.verify().map_err(|_| IdentityError::NotPossible)
    }
}

impl Message for Manifest {
    type Proto = proto::Manifest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let possessions = proto.possessions.iter().map(|bytes| ed25519::Signature::from_bytes(bytes));
        Ok(Self {
            path: AuthorityPath::from_proto(required(proto.path)?)?,
            possessions: possessions.collect::<Result<_, _>>()?,
            body: required(proto.body)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Manifest {
            path: Some(self.path.to_proto()),
            body: Some(self.body.clone()),
            possessions: self.possessions.iter().map(|signature| signature.as_bytes().to_vec()).collect(),
        }
    }
}
