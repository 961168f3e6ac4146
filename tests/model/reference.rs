//! Chain verification over small numbers, from `docs/PROTOCOL.md` §4.3 to §4.5 and §4.13 alone: no cryptography, nothing kept.

use std::collections::BTreeSet;

use crate::values::{Header, Held, Link, Manifest, Mutation, SERVER, Signed, UNREADABLE};

/// The rules, with one mistake or none.
#[derive(Clone, Copy)]
pub struct Model(pub Mutation);

pub fn is_head(path: &[Signed], i: usize) -> bool {
    i == 0 || path[i - 1].header.recovery.contains(&path[i].signer)
}

pub fn is_rotation(path: &[Signed], i: usize) -> bool {
    i == 0 || is_head(path, i) && path[i].header.recovery != path[i - 1].header.recovery
}

pub fn is_change(path: &[Signed], i: usize) -> bool {
    i > 0 && path[i].header.device != path[i - 1].header.device
}

impl Model {
    fn require(self, unless: Mutation, holds: bool, class: &'static str) -> Result<(), &'static str> {
        if holds || self.0 == unless { Ok(()) } else { Err(class) }
    }

    /// §4.4: whether a manifest is accepted, or the error class.
    pub fn judge(self, manifest: &Manifest) -> Result<(), &'static str> {
        let Manifest { path, body, possessions } = manifest;
        if path.is_empty() {
            return Err("bad-path");
        }
        (0..path.len()).try_for_each(|i| self.step(path, i))?;
        self.require(Mutation::AnyBody, manifest.newest().header.body == *body, "bad-body")?;
        self.require(Mutation::UnreadableBody, *body != UNREADABLE, "missing")?;
        self.require(Mutation::AnyPossession, *possessions == 0, "no-possession")
    }

    fn step(self, path: &[Signed], i: usize) -> Result<(), &'static str> {
        let Signed { header, signer, genuine, .. } = &path[i];
        let starts_at_zero = header.link.is_some() || header.order == (0, 0);
        self.require(Mutation::AnyTimes, header.issued <= header.refresh, "bad-value")?;
        self.require(Mutation::AnyStart, starts_at_zero, "bad-value")?;
        self.require(Mutation::AnyKind, header.kind == SERVER, "wrong-kind")?;
        if i == 0 {
            self.require(Mutation::LinkedGenesis, header.link.is_none(), "bad-path")?;
            self.require(Mutation::AnyFounder, header.recovery.contains(signer), "unauthorised")?;
        } else {
            let (base, link) = (&path[i - 1], header.link.ok_or("bad-path")?);
            self.require(Mutation::AnyChain, link.chain == path[0].hash, "bad-path")?;
            self.require(Mutation::AnyChange, link.change == base.hash, "bad-path")?;
            if base.header.recovery.contains(signer) {
                self.require(Mutation::RecoveryOnAny, is_rotation(path, i - 1), "bad-path")?;
                self.require(Mutation::AnyHigherTerm, header.order.0 > base.header.order.0, "bad-path")?;
                self.require(Mutation::AnyHead, header.order.1 == 0, "bad-path")?;
            } else {
                self.require(Mutation::AnySigner, base.header.device.contains(signer), "unauthorised")?;
                self.by_device(header, link, &base.header, i + 1 == path.len())?;
            }
        }
        self.require(Mutation::AnySignature, *genuine, "invalid-signature")
    }

    fn by_device(self, header: &Header, link: Link, base: &Header, last: bool) -> Result<(), &'static str> {
        let is_next = base.order.1.checked_add(1) == Some(header.order.1);
        self.require(Mutation::AnyTerm, header.order.0 == base.order.0, "bad-path")?;
        self.require(Mutation::AnyVersion, header.order.1 > base.order.1, "bad-path")?;
        self.require(Mutation::AnyPrevious, is_next == (link.previous == link.change), "bad-path")?;
        self.require(Mutation::AnyRank, header.recovery == base.recovery, "unauthorised")?;
        self.require(Mutation::Superfluous, last || header.device != base.device, "bad-path")
    }

    /// §4.13: chain and rotation that the fingerprint is made of.
    pub fn identity(self, manifest: &Manifest) -> (usize, usize) {
        let path = &manifest.path;
        let counts = if self.0 == Mutation::IdentityOfHead { is_head } else { is_rotation };
        let newest = (0..path.len()).rev().find(|i| counts(path, *i)).unwrap();
        (path[0].hash, path[newest].hash)
    }

    /// §4.5: the headers of the newest term, but for a last one that is neither a head nor a change; each with its order.
    fn changes(self, manifest: &Manifest) -> BTreeSet<((u32, u64), usize)> {
        let path = &manifest.path;
        let counts = |i: usize| {
            let last = i + 1 == path.len() && self.0 != Mutation::LastCounts;
            path[i].header.order.0 == manifest.order().0 && (!last || is_head(path, i) || is_change(path, i))
        };
        (0..path.len()).filter(|i| counts(*i)).map(|i| (path[i].header.order, path[i].hash)).collect()
    }

    /// §4.5, for two of one chain and term.
    pub fn contradict(self, one: &Manifest, other: &Manifest) -> bool {
        let (low, high) = if one.order() <= other.order() { (one, other) } else { (other, one) };
        let heals = self.0 == Mutation::HigherVersionHeals && low.order() < high.order();
        let counts = |order| order < low.order() || order == low.order() && self.0 != Mutation::EqualsLeft;
        let shared =
            |of| self.changes(of).into_iter().filter(|(order, _)| counts(*order)).collect::<Vec<_>>();
        // All of the lower one's are not higher than it.
        !heals && shared(low) != shared(high)
    }

    /// §4.5: what somebody holds to whom exactly these of one chain have arrived, in whatever order.
    pub fn held(self, arrived: &[&Manifest]) -> Held {
        let terms = arrived.iter().map(|manifest| manifest.order().0);
        let term = if self.0 == Mutation::LowestTerm { terms.min() } else { terms.max() }.unwrap();
        let of_term = || arrived.iter().filter(|manifest| manifest.order().0 == term);
        let highest = of_term().map(|manifest| manifest.order()).max().unwrap();
        let contradict = |one: &Manifest, other: &Manifest| {
            let counts = one.order().0 == term || self.0 == Mutation::ForksLast;
            counts && one.order().0 == other.order().0 && self.contradict(one, other)
        };
        let twins = |one: &Manifest, other: &Manifest| {
            let counts = one.order() == highest || self.0 == Mutation::TwinsLast && one.order().0 == term;
            counts && one.order() == other.order() && one.newest().hash != other.newest().hash
        };
        let any_two = |are: &dyn Fn(&Manifest, &Manifest) -> bool| {
            arrived.iter().any(|one| arrived.iter().any(|other| are(one, other)))
        };
        if any_two(&contradict) {
            Held::Contradiction
        } else if any_two(&twins) && self.0 != Mutation::NoTwins {
            Held::Twins
        } else {
            Held::Newest(of_term().find(|manifest| manifest.order() == highest).unwrap().newest().hash)
        }
    }
}
