//! Authority paths, and what their verification yields. `docs/PROTOCOL.md` §4.4.

use super::header::{Header, Kind, Order, Rank, SignedHeader};
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;
use crate::identity::IdentityError;
use crate::identity::ids::Fingerprint;
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::Message;
use crate::wire::{Rule, Wire as _};

/// As in the limits of the message, which hold for what was decoded.
const MAX_HEADERS: usize = 64;

/// Signed headers, from a genesis to the newest. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityPath {
    /// At most 64.
    pub headers: Vec<SignedHeader>,
}

/// A verified authority path. Only [`AuthorityPath::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    earlier: Vec<Step>,
    newest: Step,
}

/// One verified header of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    header: Header,
    hash: Hash,
    signed: SignedHeader,
    /// Whether it set the recovery authorities: a genesis, or a head that changed them.
    is_rotation: bool,
}

impl AuthorityPath {
    /// Verifies every header against the one before it, §4.4 step 2. At most 64 hybrid signatures are verified, each after all
    /// cheaper checks of its header.
    pub fn verify(self, kind: Kind) -> Result<Chain, IdentityError> {
        let mut rest = self.headers.len();
        if rest > MAX_HEADERS {
            return Err(IdentityError::BadPath);
        }
        let mut earlier = Vec::<Step>::with_capacity(rest);
        for signed in self.headers {
            rest = rest.saturating_sub(1);
            let header = Header::decode(&signed.header)?;
            if header.kind != kind {
                return Err(IdentityError::WrongKind);
            }
            let signer = signed.signer.pair();
            match (earlier.first(), earlier.last()) {
                (Some(genesis), Some(base)) => follows(&header, signer, base, genesis.hash, rest == 0)?,
                _ => begins(&header, signer)?,
            }
            signed.verify()?;
            let before = earlier.last().map(|base| base.header.authorities.recovery());
            let is_rotation = before != Some(header.authorities.recovery());
            let step = Step { hash: signed.hash(), header, signed, is_rotation };
            if rest == 0 {
                return Ok(Chain { earlier, newest: step });
            }
            earlier.push(step);
        }
        Err(IdentityError::BadPath)
    }
}

/// A genesis is signed by one of its own recovery authorities.
fn begins(header: &Header, signer: &Hash) -> Result<(), IdentityError> {
    if header.link.is_some() {
        return Err(IdentityError::BadPath);
    }
    match header.authorities.rank_of(signer) {
        Some(Rank::Recovery) => Ok(()),
        _ => Err(IdentityError::Unauthorised),
    }
}

/// Any other is signed by an authority of the one before it in the path, within the bounds of the signer's rank.
fn follows(
    header: &Header,
    signer: &Hash,
    base: &Step,
    genesis: Hash,
    is_last: bool,
) -> Result<(), IdentityError> {
    let link = header.link.ok_or(IdentityError::BadPath)?;
    if link.chain != genesis || link.previous_change != base.hash {
        return Err(IdentityError::BadPath);
    }
    let (order, before) = (header.order, base.header.order);
    match base.header.authorities.rank_of(signer).ok_or(IdentityError::Unauthorised)? {
        Rank::Recovery => {
            let is_head = order.term > before.term && order.version == 0;
            if base.is_rotation && is_head { Ok(()) } else { Err(IdentityError::BadPath) }
        }
        Rank::Device => {
            let later = order.term == before.term && order.version > before.version;
            let next = before.version.checked_add(1) == Some(order.version);
            if !later || next != (link.previous == link.previous_change) {
                return Err(IdentityError::BadPath);
            }
            let (ours, theirs) = (&header.authorities, &base.header.authorities);
            if ours.recovery() != theirs.recovery() {
                return Err(IdentityError::Unauthorised);
            }
            if is_last || ours.device() != theirs.device() { Ok(()) } else { Err(IdentityError::BadPath) }
        }
    }
}

impl Chain {
    /// The hash of the genesis header.
    pub fn id(&self) -> Hash {
        self.earlier.first().unwrap_or(&self.newest).hash
    }

    /// The newest header.
    pub const fn newest(&self) -> &Header {
        &self.newest.header
    }

    /// The hash of the newest header.
    pub const fn hash(&self) -> Hash {
        self.newest.hash
    }

    /// Term and version of the newest header.
    pub const fn order(&self) -> Order {
        self.newest.header.order
    }

    /// Whether the newest header has not passed its time of refreshing, §4.5.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now <= self.newest.header.refresh_after
    }

    /// What people compare, §4.13. It covers the id of the chain and, through the header that set them, the recovery authorities.
    pub fn fingerprint(&self) -> Fingerprint {
        let rotation =
            self.steps().filter(|step| step.is_rotation).last().map_or(self.id(), |step| step.hash);
        let hasher = Hasher::new(label::hash::IDENTITY).array(self.id().as_bytes());
        Fingerprint::from_bytes(*hasher.array(rotation.as_bytes()).finish().as_bytes())
    }

    /// The path, to pass on.
    pub fn path(&self) -> AuthorityPath {
        let headers = self.steps().map(|step| step.signed.clone()).collect();
        AuthorityPath { headers }
    }

    /// Whether the two cannot both be honest, §4.5. For chains of one id and one term.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let (lower, higher) = if self.order() <= other.order() { (self, other) } else { (other, self) };
        let until = lower.order();
        !lower.changes().eq(higher.changes().filter(|(order, _)| *order <= until))
    }

    /// The path that a successor by a signer of this rank builds on.
    pub(super) fn base_for(&self, rank: Rank) -> AuthorityPath {
        let kept = self.changed().filter(|step| rank == Rank::Device || step.is_rotation);
        AuthorityPath { headers: kept.map(|step| step.signed.clone()).collect() }
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.earlier.iter().chain(core::iter::once(&self.newest))
    }

    /// The path but for a newest header that changes nothing: order and hash. What two paths of one term have before its head is the
    /// same if the head is.
    fn changes(&self) -> impl Iterator<Item = (Order, Hash)> {
        self.changed().map(|step| (step.header.order, step.hash))
    }

    fn changed(&self) -> impl Iterator<Item = &Step> {
        self.earlier.iter().chain(self.newest_is_change().then_some(&self.newest))
    }

    fn newest_is_change(&self) -> bool {
        let differs =
            |base: &Step| base.header.authorities.device() != self.newest.header.authorities.device();
        is_head(&self.newest) || self.earlier.last().is_none_or(differs)
    }
}

const fn is_head(step: &Step) -> bool {
    step.header.order.version == 0
}

impl Message for AuthorityPath {
    type Proto = proto::AuthorityPath;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let headers = proto.headers.into_iter().map(SignedHeader::from_proto).collect::<Result<_, _>>()?;
        Ok(Self { headers })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AuthorityPath { headers: self.headers.iter().map(Message::to_proto).collect() }
    }
}
