//! The document by which a domain names its server.

use crate::crypto::{ed25519, label};
use crate::identity::address::Domain;
use crate::identity::chain::Manifest;
use crate::identity::ids::{OnlineKeyId, ServerId};
use crate::identity::server::{self, OnlineKey, Server};
use crate::identity::validity::Validity;
use crate::identity::{IdentityError, Verified};
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// Where the document lies on the host of its domain.
pub const PATH: &str = "/.well-known/sottovoce";

/// The type under which it is served, and nothing else is. Whoever may put files on a host chooses neither path nor type.
pub const CONTENT_TYPE: &str = "application/vnd.sottovoce.discovery";

/// How long the naming by the DNS is believed without being looked at again.
const DNS_SPAN: Span = Span::from_days(1);

/// A server says that it is the one of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The domain.
    pub domain: Domain,
    /// The server.
    pub server: ServerId,
    /// At most 30 days.
    pub validity: Validity,
}

/// The document as it lies on the host. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDiscovery {
    /// The encoded [`Discovery`], exactly as it was signed.
    pub discovery: Vec<u8>,
    /// Which online key signed it.
    pub online_key: OnlineKeyId,
    /// The signature over `discovery`.
    pub signature: ed25519::Signature,
    /// The server's newest manifest.
    pub manifest: Manifest,
}

/// Proof that a domain and a server name each other. Only [`SignedDiscovery::verify`] and [`ServerRecord::binds`](super::dns::ServerRecord::binds)
/// make one.
///
/// It says what is so now. Whether the server is the one that the domain was pinned to, is another question ([`super::continuity`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    server: Verified<Server>,
    online_key: Option<OnlineKeyId>,
    validity: Validity,
}

impl Discovery {
    /// Signs the document with an online key that the manifest lists. [`EncodeError`] if its validity is too long.
    pub fn sign(&self, key: &ed25519::SecretKey, manifest: Manifest) -> Result<SignedDiscovery, EncodeError> {
        let discovery = encode_to_sign(self)?;
        let online_key = OnlineKey { key: key.public_key(), validity: self.validity }.id();
        let signature = key.sign(label::classical::DISCOVERY, &discovery);
        Ok(SignedDiscovery { discovery, online_key, signature, manifest })
    }
}

impl SignedDiscovery {
    /// Verifies what was fetched from the host of `asked`, §7.1. [`IdentityError::Mismatch`] if document, manifest and domain do not all name
    /// each other, or the document outlives its key; [`IdentityError::NotYetValid`], [`IdentityError::Expired`]; otherwise as for
    /// manifests. Nothing is remembered of an earlier verification: equal ids say nothing of equal content (attack F-18).
    pub fn verify(self, asked: &Domain, now: Timestamp) -> Result<Bound, IdentityError> {
        let discovery = Discovery::decode(&self.discovery)?;
        if discovery.domain != *asked {
            return Err(IdentityError::Mismatch);
        }
        discovery.validity.check(now)?;
        let server = self.manifest.verify::<Server>()?;
        if server.domain() != asked || server.id() != discovery.server {
            return Err(IdentityError::Mismatch);
        }
        let key = server.online_key(self.online_key).ok_or(IdentityError::Mismatch)?;
        if !key.validity.covers(&discovery.validity) {
            return Err(IdentityError::Mismatch);
        }
        key.key.verify(label::classical::DISCOVERY, &self.discovery, &self.signature)?;
        Ok(Bound { server, online_key: Some(self.online_key), validity: discovery.validity })
    }
}

impl Bound {
    /// For [`ServerRecord::binds`](super::dns::ServerRecord::binds), which has compared both names.
    pub(super) const fn by_dns(server: Verified<Server>, now: Timestamp) -> Self {
        Self { server, online_key: None, validity: Validity::starting(now, DNS_SPAN) }
    }

    /// The server.
    pub const fn server(&self) -> &Verified<Server> {
        &self.server
    }

    /// From when until when the domain says so.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Whether `newer`, a manifest of the same chain, still has the key that says so.
    pub(super) fn holds_under(&self, newer: &Verified<Server>) -> bool {
        self.online_key
            .is_none_or(|id| newer.online_key(id).is_some_and(|key| key.validity.covers(&self.validity)))
    }
}

impl Message for Discovery {
    type Proto = proto::Discovery;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            domain: server::domain(proto.domain)?,
            server: ServerId::from_bytes(required_array(proto.server)?),
            validity: Validity::from_proto(required(proto.validity)?)?.limited()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Discovery {
            domain: Some(self.domain.to_string()),
            server: Some(self.server.as_bytes().to_vec()),
            validity: Some(self.validity.to_proto()),
        }
    }
}

impl Message for SignedDiscovery {
    type Proto = proto::SignedDiscovery;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            discovery: required(proto.discovery)?,
            online_key: OnlineKeyId::from_bytes(required_array(proto.online_key)?),
            signature: ed25519::Signature::from_bytes(&required(proto.signature)?)?,
            manifest: Manifest::from_proto(required(proto.manifest)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedDiscovery {
            discovery: Some(self.discovery.clone()),
            online_key: Some(self.online_key.as_bytes().to_vec()),
            signature: Some(self.signature.as_bytes().to_vec()),
            manifest: Some(self.manifest.to_proto()),
        }
    }
}
