//! Bodies: what every message of a session says beside its content. `docs/PROTOCOL.md` §9.1.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::blob::BlobPointer;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;
use crate::handshake::LinkProof;
use crate::identity::chain::Order;
use crate::ratchet::{Gap, Position, Tag};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array, required_secret};

const ASKS: u32 = 1;
const ALARM: u32 = 2;

/// The hash over what was sealed in one direction of a session, up to some message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History([u8; 8]);

/// The newest message of one direction of a session, as one side sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Its chain.
    pub chain: Tag,
    /// Its number, and one.
    pub next: u32,
    /// The history after it.
    pub history: History,
}

/// The first sixteen bytes of the name of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPrefix(pub [u8; 16]);

/// That a session follows another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linking {
    /// One to four proofs of having the other session.
    pub proofs: Vec<LinkProof>,
    /// Where the sender has ended the other one: the place after its last message.
    pub end: Position,
}

/// What two devices hold of each other's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The order of the sender's own manifest.
    pub mine: Order,
    /// The order of the manifest that it holds of the recipient's account.
    pub yours: Order,
    /// Over the hashes of both.
    pub hash: [u8; 16],
}

/// One body.
#[derive(Debug)]
pub struct Body {
    /// Which manifests the sender holds.
    pub view: View,
    /// The history of the sender before this message.
    pub before: History,
    /// Whether an answer is asked for.
    pub asks: bool,
    /// Whether the sender has found that two have sealed in the recipient's name.
    pub alarm: bool,
    /// What the sender has opened.
    pub acks: Vec<Ack>,
    /// A session that the sender had begun and has given up.
    pub withdrawn: Option<SessionPrefix>,
    /// What the session follows, until it is answered.
    pub linking: Option<Linking>,
    /// What the sender misses.
    pub gaps: Vec<Gap>,
    /// What is said.
    pub shared: Option<BlobPointer>,
    /// The places for which this message stands.
    pub repairs: Option<Gap>,
}

impl History {
    /// The history after a message that was sealed after `self`.
    #[must_use]
    pub fn with(self, message: &[u8]) -> Self {
        Self(Hasher::new(label::hash::HISTORY).array(&self.0).last(message).truncated())
    }
}

impl Linking {
    /// Where a session ends in which the sender has sealed nothing.
    pub(super) const NOTHING_SEALED: Position = Position { chain: Tag([0; 8]), number: 0 };
    /// Of how many links it has proofs at most.
    pub(super) const MAX_PROOFS: usize = 8;
}

impl View {
    /// Of these two manifests, the sender's first.
    pub fn of(mine: (Order, Hash), yours: (Order, Hash)) -> Self {
        let view = Hasher::new(label::hash::VIEW).array(mine.1.as_bytes()).array(yours.1.as_bytes());
        Self { mine: mine.0, yours: yours.0, hash: view.finish().truncated() }
    }
}

impl SessionPrefix {
    /// Of the session with this th2.
    pub fn of(transcript: &Hash) -> Self {
        Self(transcript.truncated())
    }
}

impl Message for Ack {
    type Proto = proto::SessionAck;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            chain: Tag(required_array(proto.chain)?),
            next: required(proto.next)?,
            history: History(required_array(proto.history)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SessionAck {
            chain: Some(self.chain.0.to_vec()),
            next: Some(self.next),
            history: Some(self.history.0.to_vec()),
        }
    }
}

impl Message for Linking {
    type Proto = proto::Linking;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let proofs = proto.proofs.into_iter().map(LinkProof::from_proto).collect::<Result<Vec<_>, _>>()?;
        if proofs.is_empty() {
            return Err(Rule::Missing);
        }
        let chain = Tag(required_array(proto.chain)?);
        Ok(Self { proofs, end: Position { chain, number: required(proto.next)? } })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Linking {
            proofs: self.proofs.iter().map(LinkProof::to_proto).collect(),
            chain: Some(self.end.chain.0.to_vec()),
            next: Some(self.end.number),
        }
    }
}

impl Message for Gap {
    type Proto = proto::SessionGap;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let chain = Tag(required_array(proto.chain)?);
        let (number, count) = (required(proto.from)?, required(proto.count)?);
        if count == 0 { Err(Rule::BadValue) } else { Ok(Self { from: Position { chain, number }, count }) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SessionGap {
            chain: Some(self.from.chain.0.to_vec()),
            from: Some(self.from.number),
            count: Some(self.count),
        }
    }
}

impl Message for Body {
    type Proto = proto::SessionBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let flags = required(proto.flags)?;
        if flags > ASKS | ALARM {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            view: View {
                mine: order(proto.mine_term, proto.mine_version)?,
                yours: order(proto.yours_term, proto.yours_version)?,
                hash: required_array(proto.view)?,
            },
            before: History(required_array(proto.before)?),
            asks: flags & ASKS != 0,
            alarm: flags & ALARM != 0,
            acks: proto.acks.into_iter().map(Ack::from_proto).collect::<Result<_, _>>()?,
            withdrawn: prefix(proto.withdrawn)?,
            linking: proto.linking.map(Linking::from_proto).transpose()?,
            gaps: proto.gaps.into_iter().map(Gap::from_proto).collect::<Result<_, _>>()?,
            shared: proto.shared.map(pointer).transpose()?,
            repairs: proto.repairs.map(Gap::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let asks = if self.asks { ASKS } else { 0 };
        let alarm = if self.alarm { ALARM } else { 0 };
        proto::SessionBody {
            mine_term: Some(self.view.mine.term),
            mine_version: Some(self.view.mine.version),
            yours_term: Some(self.view.yours.term),
            yours_version: Some(self.view.yours.version),
            view: Some(self.view.hash.to_vec()),
            before: Some(self.before.0.to_vec()),
            flags: Some(asks | alarm),
            acks: self.acks.iter().map(Ack::to_proto).collect(),
            withdrawn: self.withdrawn.map(|prefix| prefix.0.to_vec()),
            linking: self.linking.as_ref().map(Linking::to_proto),
            gaps: self.gaps.iter().map(Gap::to_proto).collect(),
            shared: self.shared.as_ref().map(to_proto),
            repairs: self.repairs.as_ref().map(Gap::to_proto),
        }
    }
}

pub(super) fn pointer(mut proto: proto::SharedPointer) -> Result<BlobPointer, Rule> {
    let key = required_secret(&mut proto.key)?;
    Ok(BlobPointer { key, hash: Hash::from_bytes(required_array(proto.hash.take())?) })
}

pub(super) fn to_proto(BlobPointer { key, hash }: &BlobPointer) -> proto::SharedPointer {
    proto::SharedPointer { key: Some(key.expose().to_vec()), hash: Some(hash.as_bytes().to_vec()) }
}

pub(super) fn order(term: Option<u32>, version: Option<u64>) -> Result<Order, Rule> {
    Ok(Order { term: required(term)?, version: required(version)? })
}

pub(super) fn prefix(bytes: Option<Vec<u8>>) -> Result<Option<SessionPrefix>, Rule> {
    bytes.map(|bytes| Ok(SessionPrefix(required_array(Some(bytes))?))).transpose()
}
