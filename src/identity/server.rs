//! Servers: domain, endpoints and online keys that the newest manifest lists. `docs/PROTOCOL.md` §4.8.

use core::num::NonZeroU16;

use super::address::Domain;
use super::chain::{Author, Authorities, Chain, Kind, Manifest, Parts, Subject};
use super::ids::{Fingerprint, OnlineKeyId, ServerId};
use super::validity::Validity;
use super::{IdentityError, Verified};
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::Hasher;
use crate::crypto::{ed25519, label};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};
use crate::wire::{Rule, Wire as _};

/// Where a server answers, always by HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name, never an IP address.
    pub host: Domain,
    /// The TCP port.
    pub port: NonZeroU16,
}

/// A key that a server signs with while it runs: certificates, and each frame to another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineKey {
    /// The public key.
    pub key: ed25519::PublicKey,
    /// At most 30 days.
    pub validity: Validity,
}

/// The body of a server's manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerBody {
    /// The domain of all addresses that the server certifies.
    pub domain: Domain,
    /// 1 to 8.
    pub endpoints: Vec<Endpoint>,
    /// 1 to 4, no two the same.
    pub online_keys: Vec<OnlineKey>,
}

/// A server as its newest known manifest describes it. Only [`Manifest::verify`] makes one.
///
/// That the domain names this server is another question, which discovery answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    chain: Chain,
    body: ServerBody,
    encoded: Vec<u8>,
}

impl OnlineKey {
    /// The key's name, a hash of it.
    pub fn id(&self) -> OnlineKeyId {
        let hash = Hasher::new(label::hash::ONLINE_KEY).array(self.key.as_bytes()).finish();
        OnlineKeyId::from_bytes(hash.truncated())
    }
}

impl Server {
    /// The permanent id.
    pub fn id(&self) -> ServerId {
        ServerId::from_bytes(*self.chain.id().as_bytes())
    }

    /// What a domain is pinned by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.chain.fingerprint()
    }

    /// The domain that the server claims.
    pub const fn domain(&self) -> &Domain {
        &self.body.domain
    }

    /// Where it answers.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.body.endpoints
    }

    /// What it signs with now.
    pub fn online_keys(&self) -> &[OnlineKey] {
        &self.body.online_keys
    }

    /// The online key of this id.
    pub fn online_key(&self, id: OnlineKeyId) -> Option<&OnlineKey> {
        self.body.online_keys.iter().find(|key| key.id() == id)
    }

    /// Whether the manifest has not passed its time of refreshing.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.chain.is_fresh(now)
    }
}

impl Verified<Server> {
    /// Founds a server, signed by its first recovery key. `authorities` are those of the next manifest; the recovery key must be
    /// among them. [`IdentityError::NotPossible`] if peers would not accept the manifest.
    pub fn found(
        author: &Author<'_>,
        authorities: Authorities,
        body: &ServerBody,
    ) -> Result<Self, IdentityError> {
        let body = body.encode()?;
        let path = author.genesis(Kind::Server, authorities, &body)?;
        Manifest { path, body, possessions: Vec::new() }.issue()
    }

    /// Signs the next manifest: as the head of a new term if the author is a recovery authority, otherwise as the next version.
    /// [`IdentityError::NotPossible`] if peers would not accept it.
    pub fn succeed(
        &self,
        author: &Author<'_>,
        authorities: Authorities,
        body: &ServerBody,
    ) -> Result<Self, IdentityError> {
        let body = body.encode()?;
        let path = author.successor(&self.chain, authorities, &body)?;
        Manifest { path, body, possessions: Vec::new() }.issue()
    }
}

impl Parts for Server {
    const KIND: Kind = Kind::Server;

    fn from_parts(
        chain: Chain,
        encoded: Vec<u8>,
        possessions: Vec<ed25519::Signature>,
    ) -> Result<Self, IdentityError> {
        let body = ServerBody::decode(&encoded)?;
        if possessions.is_empty() {
            Ok(Self { chain, body, encoded })
        } else {
            Err(IdentityError::NoPossession)
        }
    }
}

impl Subject for Server {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn manifest(&self) -> Manifest {
        Manifest { path: self.chain.path(), body: self.encoded.clone(), possessions: Vec::new() }
    }
}

/// A domain inside a message.
pub(crate) fn domain(text: Option<String>) -> Result<Domain, Rule> {
    required(text)?.parse().map_err(|_| Rule::BadValue)
}

impl Message for Endpoint {
    type Proto = proto::Endpoint;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let host = domain(proto.host)?;
        let port = u16::try_from(required(proto.port)?).ok().and_then(NonZeroU16::new);
        Ok(Self { host, port: port.ok_or(Rule::BadValue)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Endpoint { host: Some(self.host.to_string()), port: Some(u32::from(self.port.get())) }
    }
}

impl Message for OnlineKey {
    type Proto = proto::OnlineKey;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let key = ed25519::PublicKey::from_bytes(&required(proto.ed25519)?)?;
        let validity = Validity::from_proto(required(proto.validity)?)?.limited()?;
        Ok(Self { key, validity })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OnlineKey {
            ed25519: Some(self.key.as_bytes().to_vec()),
            validity: Some(self.validity.to_proto()),
        }
    }
}

impl Message for ServerBody {
    type Proto = proto::ServerBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let domain = domain(proto.domain)?;
        let endpoints: Vec<_> =
            proto.endpoints.into_iter().map(Endpoint::from_proto).collect::<Result<_, _>>()?;
        let online_keys: Vec<_> =
            proto.online_keys.into_iter().map(OnlineKey::from_proto).collect::<Result<_, _>>()?;
        let repeated = online_keys.iter().enumerate().any(|(index, key)| {
            online_keys.iter().skip(index.saturating_add(1)).any(|other| key.key == other.key)
        });
        if repeated || endpoints.is_empty() || online_keys.is_empty() {
            return Err(Rule::BadValue);
        }
        Ok(Self { domain, endpoints, online_keys })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ServerBody {
            domain: Some(self.domain.to_string()),
            endpoints: self.endpoints.iter().map(Message::to_proto).collect(),
            online_keys: self.online_keys.iter().map(Message::to_proto).collect(),
        }
    }
}
