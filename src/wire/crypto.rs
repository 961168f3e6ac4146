//! The messages of layer 0. `docs/PROTOCOL.md` §3.3, `proto/crypto.proto`.

use super::error::Rule;
use super::generated::messages as proto;
use super::message::{Message, required, required_array, required_secret};
use crate::crypto::attachment::{self, AttachmentPointer};
use crate::crypto::blob::BlobPointer;
use crate::crypto::hash::Hash;
use crate::crypto::{ed25519, hybrid, mldsa};

impl Message for hybrid::PublicKey {
    type Proto = proto::HybridPublicKey;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let ed25519 = ed25519::PublicKey::from_bytes(&required(proto.ed25519)?)?;
        let ml_dsa = mldsa::PublicKey::from_bytes(&required(proto.ml_dsa_65)?)?;
        Ok(Self::new(ed25519, ml_dsa))
    }

    fn to_proto(&self) -> Self::Proto {
        proto::HybridPublicKey {
            ed25519: Some(self.ed25519().as_bytes().to_vec()),
            ml_dsa_65: Some(self.ml_dsa().as_bytes().to_vec()),
        }
    }
}

impl Message for hybrid::Signature {
    type Proto = proto::HybridSignature;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            ed25519: ed25519::Signature::from_bytes(&required(proto.ed25519)?)?,
            ml_dsa: mldsa::Signature::from_bytes(&required(proto.ml_dsa_65)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::HybridSignature {
            ed25519: Some(self.ed25519.as_bytes().to_vec()),
            ml_dsa_65: Some(self.ml_dsa.as_bytes().to_vec()),
        }
    }
}

impl Message for BlobPointer {
    type Proto = proto::BlobPointer;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let key = required_secret(&mut proto.key)?;
        let hash = required_array(proto.hash.take()).map(Hash::from_bytes)?;
        Ok(Self { key, hash })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::BlobPointer {
            key: Some(self.key.expose().to_vec()),
            hash: Some(self.hash.as_bytes().to_vec()),
        }
    }
}

impl Message for AttachmentPointer {
    type Proto = proto::AttachmentPointer;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let key = required_secret(&mut proto.key)?;
        let digest = required_array(proto.digest.take()).map(Hash::from_bytes)?;
        let size = required(proto.size)?;
        if size > attachment::MAX_SIZE {
            return Err(Rule::BadValue);
        }
        Ok(Self::new(key, digest, size)?)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AttachmentPointer {
            key: Some(self.key().expose().to_vec()),
            digest: Some(self.digest().as_bytes().to_vec()),
            size: Some(self.size()),
        }
    }
}
