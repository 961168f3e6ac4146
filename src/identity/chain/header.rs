//! Headers of manifests. `docs/PROTOCOL.md` §4.2, §4.3.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::{CryptoError, hybrid, label};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, hashes, required, required_array};
use crate::wire::{EncodeError, Rule};

/// What a chain is the identity of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account; its body lists devices.
    Account,
    /// A server; its body lists endpoints and online keys.
    Server,
}

/// The place of a manifest: a higher term wins, then a higher version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// Raised by every recovery.
    pub term: u32,
    /// Counts manifests within a term; 0 is the term's head.
    pub version: u64,
}

/// What an authority may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Signs heads of terms and changes all authorities.
    Recovery,
    /// Signs within a term and changes authorities of this rank.
    Device,
}

/// Who may sign the next manifest, by the ids of their pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    recovery: Vec<Hash>,
    device: Vec<Hash>,
}

impl Authorities {
    /// These authorities, in any order. `None` if there is no recovery authority, or one occurs twice, in one rank or in both.
    pub fn new(mut recovery: Vec<Hash>, mut device: Vec<Hash>) -> Option<Self> {
        recovery.sort_unstable();
        device.sort_unstable();
        Self::from_sorted(recovery, device)
    }

    fn from_sorted(recovery: Vec<Hash>, device: Vec<Hash>) -> Option<Self> {
        let ascending = recovery.is_sorted_by(|a, b| a < b) && device.is_sorted_by(|a, b| a < b);
        let disjoint = !device.iter().any(|pair| recovery.contains(pair));
        (!recovery.is_empty() && ascending && disjoint).then_some(Self { recovery, device })
    }

    /// The rank of a pair, if it is an authority.
    pub fn rank_of(&self, pair: &Hash) -> Option<Rank> {
        if self.recovery.contains(pair) {
            Some(Rank::Recovery)
        } else {
            self.device.contains(pair).then_some(Rank::Device)
        }
    }

    /// The recovery authorities, ascending.
    pub fn recovery(&self) -> &[Hash] {
        &self.recovery
    }

    /// The device authorities, ascending.
    pub fn device(&self) -> &[Hash] {
        &self.device
    }
}

/// Where a manifest stands in its chain, each a hash of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The genesis: the id of the chain.
    pub chain: Hash,
    /// The newest header that the signer knew.
    pub previous: Hash,
    /// The header before this one in its authority path.
    pub previous_change: Hash,
}

/// The signed part of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The kind of the chain.
    pub kind: Kind,
    /// `None` in a genesis.
    pub link: Option<Link>,
    /// Term and version.
    pub order: Order,
    /// When it was signed, for people to read; it decides nothing.
    pub issued_at: Timestamp,
    /// Until when it counts as fresh.
    pub refresh_after: Timestamp,
    /// Who may sign the next one.
    pub authorities: Authorities,
    /// The hash of the body.
    pub body_hash: Hash,
}

/// A header as bytes, with the key that claims to have signed them. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeader {
    /// The encoded [`Header`], exactly as it was signed.
    pub header: Vec<u8>,
    /// The signer's public key.
    pub signer: hybrid::PublicKey,
    /// The signature over `header`.
    pub signature: hybrid::Signature,
}

impl SignedHeader {
    /// Signs a header. [`EncodeError`] if it has too many authorities or breaks another rule of §4.3.
    pub fn sign(header: &Header, key: &hybrid::SecretKey) -> Result<Self, EncodeError> {
        let header = encode_to_sign(header)?;
        let signature = key.sign(label::sign::MANIFEST, &header);
        Ok(Self { header, signer: key.public_key(), signature })
    }

    /// The hash of the header, which names the manifest.
    pub fn hash(&self) -> Hash {
        Hasher::new(label::hash::HEADER).last(&self.header)
    }

    pub(super) fn verify(&self) -> Result<(), CryptoError> {
        self.signer.verify(label::sign::MANIFEST, &self.header, &self.signature)
    }
}

/// The hash by which a header names its body.
pub(in crate::identity) fn body_hash(body: &[u8]) -> Hash {
    Hasher::new(label::hash::BODY).last(body)
}

impl Kind {
    pub(super) fn from_number(number: i32) -> Result<Self, Rule> {
        match proto::ChainKind::try_from(number) {
            Ok(proto::ChainKind::Account) => Ok(Self::Account),
            Ok(proto::ChainKind::Server) => Ok(Self::Server),
            Ok(proto::ChainKind::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }

    pub(super) fn number(self) -> i32 {
        let kind = match self {
            Self::Account => proto::ChainKind::Account,
            Self::Server => proto::ChainKind::Server,
        };
        kind.into()
    }
}

impl Message for Link {
    type Proto = proto::ManifestLink;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            chain: Hash::from_bytes(required_array(proto.chain)?),
            previous: Hash::from_bytes(required_array(proto.previous)?),
            previous_change: Hash::from_bytes(required_array(proto.previous_change)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ManifestLink {
            chain: Some(self.chain.as_bytes().to_vec()),
            previous: Some(self.previous.as_bytes().to_vec()),
            previous_change: Some(self.previous_change.as_bytes().to_vec()),
        }
    }
}

impl Message for Header {
    type Proto = proto::ManifestHeader;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let (recovery, device) = (hashes(proto.recovery_authorities)?, hashes(proto.device_authorities)?);
        let header = Self {
            kind: Kind::from_number(required(proto.kind)?)?,
            link: proto.link.map(Link::from_proto).transpose()?,
            order: Order { term: required(proto.term)?, version: required(proto.version)? },
            issued_at: Timestamp::from_millis(required(proto.issued_at)?),
            refresh_after: Timestamp::from_millis(required(proto.refresh_after)?),
            authorities: Authorities::from_sorted(recovery, device).ok_or(Rule::BadValue)?,
            body_hash: Hash::from_bytes(required_array(proto.body_hash)?),
        };
        let starts_at_zero = header.link.is_some() || header.order == Order { term: 0, version: 0 };
        if starts_at_zero && header.issued_at <= header.refresh_after {
            Ok(header)
        } else {
            Err(Rule::BadValue)
        }
    }

    fn to_proto(&self) -> Self::Proto {
        let fields = |pairs: &[Hash]| pairs.iter().map(|pair| pair.as_bytes().to_vec()).collect();
        proto::ManifestHeader {
            kind: Some(self.kind.number()),
            link: self.link.as_ref().map(Message::to_proto),
            term: Some(self.order.term),
            version: Some(self.order.version),
            issued_at: Some(self.issued_at.as_millis()),
            refresh_after: Some(self.refresh_after.as_millis()),
            recovery_authorities: fields(&self.authorities.recovery),
            device_authorities: fields(&self.authorities.device),
            body_hash: Some(self.body_hash.as_bytes().to_vec()),
        }
    }
}

impl Message for SignedHeader {
    type Proto = proto::SignedHeader;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            header: required(proto.header)?,
            signer: hybrid::PublicKey::from_proto(required(proto.signer)?)?,
            signature: hybrid::Signature::from_proto(required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedHeader {
            header: Some(self.header.clone()),
            signer: Some(self.signer.to_proto()),
            signature: Some(self.signature.to_proto()),
        }
    }
}
