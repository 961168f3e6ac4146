//! Permissions to upload blobs: a statement under a MAC, which the part of the server that takes uploads can check without the store.
//! `docs/PROTOCOL.md` §8.7.

use subtle::ConstantTimeEq as _;

use super::hello::Limits;
use super::refused::Refused;
use crate::crypto::absorb::Absorb as _;
use crate::crypto::kdf::Mac;
use crate::crypto::label;
use crate::crypto::secret::Secret;
use crate::server::Server;
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// How long an upload may begin.
const LASTS: Span = Span::from_secs(3_600);

/// Asks for the permission to upload a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskBlob {
    /// Its name.
    pub blob: [u8; 32],
    /// Its bytes.
    pub size: u64,
}

/// What is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobGrant {
    /// The blob of this name,
    pub blob: [u8; 32],
    /// with exactly so many bytes,
    pub size: u64,
    /// until this time.
    pub expires: Timestamp,
}

/// A permission as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBlobGrant {
    /// The encoded [`BlobGrant`].
    pub grant: Vec<u8>,
    /// The server's MAC over it.
    pub mac: [u8; 32],
}

impl AskBlob {
    /// Refuses a size that no blob may have.
    pub(super) fn check(&self) -> Result<(), Refused> {
        if (1..=Limits::CURRENT.blob_bytes).contains(&self.size) { Ok(()) } else { Err(Refused::Invalid) }
    }
}

/// Permits an upload.
pub(super) fn grant(server: &Server, ask: AskBlob, now: Timestamp) -> Result<SignedBlobGrant, EncodeError> {
    let grant = BlobGrant { blob: ask.blob, size: ask.size, expires: now.plus(LASTS) }.encode()?;
    let mac = *mac(server, &grant).expose();
    Ok(SignedBlobGrant { grant, mac })
}

fn mac(server: &Server, grant: &[u8]) -> Secret<32> {
    Mac::labelled(&server.secret, label::mac::BLOB_GRANT).last(grant)
}

impl Server {
    /// What this server has permitted, if it holds now: for the shell, which takes the upload.
    pub fn permits(&self, signed: &SignedBlobGrant, now: Timestamp) -> Option<BlobGrant> {
        let is_own = mac(self, &signed.grant).ct_eq(&Secret::new(signed.mac));
        let grant = BlobGrant::decode(&signed.grant).ok().filter(|_| bool::from(is_own))?;
        (now <= grant.expires && grant.expires <= now.plus(LASTS)).then_some(grant)
    }
}

impl Message for AskBlob {
    type Proto = proto::AskBlob;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { blob: required_array(proto.blob)?, size: required(proto.size)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AskBlob { blob: Some(self.blob.to_vec()), size: Some(self.size) }
    }
}

impl Message for BlobGrant {
    type Proto = proto::BlobGrant;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            blob: required_array(proto.blob)?,
            size: required(proto.size)?,
            expires: Timestamp::from_millis(required(proto.expires)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::BlobGrant {
            blob: Some(self.blob.to_vec()),
            size: Some(self.size),
            expires: Some(self.expires.as_millis()),
        }
    }
}

impl Message for SignedBlobGrant {
    type Proto = proto::SignedBlobGrant;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { grant: required(proto.grant)?, mac: required_array(proto.mac)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedBlobGrant { grant: Some(self.grant.clone()), mac: Some(self.mac.to_vec()) }
    }
}
