//! Random histories: what an owner, a thief of keys, signers that missed something and forgers make of one chain.

use std::collections::BTreeSet;

use crate::dice::Dice;
use crate::reference::{is_change, is_head, is_rotation};
use crate::values::{ACCOUNT, Header, Link, Manifest, SERVER, Signed, UNKNOWN, UNREADABLE};

/// Each rank's keys, and one of the other's, which is seldom among them.
const RECOVERY: [u8; 4] = [0, 1, 2, 3];
const DEVICE: [u8; 6] = [7, 6, 5, 4, 3, 2];
pub const KEYS: usize = 8;
/// Bodies that can be read are those below.
const BODIES: usize = 3;

pub struct History {
    pub manifests: Vec<Manifest>,
    /// Who made each.
    pub roles: Vec<&'static str>,
    /// Every header that occurs; its hash is its place.
    pub headers: Vec<Header>,
}

struct Maker<'a> {
    dice: &'a mut Dice,
    headers: Vec<Header>,
    /// What the next ones can build on.
    bases: Vec<Manifest>,
}

pub fn history(dice: &mut Dice) -> History {
    let length = 5 + dice.below(6);
    let mut maker = Maker { dice, headers: Vec::new(), bases: Vec::new() };
    let genesis = maker.genesis();
    let chain = genesis.chain();
    maker.bases.push(genesis.clone());
    let (mut manifests, mut roles) = (vec![genesis], vec!["genesis"]);
    while manifests.len() < length {
        let (mut role, mut made) = maker.next();
        if maker.dice.one_in(3) {
            role = "spoiled";
            maker.spoil(&mut made);
            // Of two faults, the one that is found first counts.
            if !made.path.is_empty() && maker.dice.one_in(3) {
                maker.spoil(&mut made);
            }
        }
        let strange = role == "spoiled" || made.chain() != chain;
        if !made.path.is_empty() && (!strange || maker.dice.one_in(6)) {
            maker.bases.push(made.clone());
        }
        if !manifests.contains(&made) {
            manifests.push(made);
            roles.push(role);
        }
    }
    // The genesis is often not among what arrives.
    if maker.dice.one_in(2) {
        manifests.swap_remove(0);
        roles.swap_remove(0);
    }
    History { manifests, roles, headers: maker.headers }
}

impl Maker<'_> {
    fn genesis(&mut self) -> Manifest {
        let header = Header {
            kind: SERVER,
            link: None,
            order: (0, 0),
            issued: 1,
            refresh: 2,
            recovery: if self.dice.one_in(3) { [0, 1].into() } else { [0].into() },
            device: if self.dice.one_in(3) { [3, 4, 5].into() } else { [3, 4].into() },
            body: 0,
        };
        self.finish(Vec::new(), header, 0)
    }

    /// The manifest that ends a path with this header.
    fn finish(&mut self, mut path: Vec<Signed>, mut header: Header, signer: u8) -> Manifest {
        let (hash, body) = (self.hash(&mut header), header.body);
        path.push(Signed { header, hash, signer, genuine: true });
        Manifest { path, body, possessions: 0 }
    }

    fn hash(&mut self, header: &mut Header) -> usize {
        // The library's type holds no key in both ranks.
        header.device.retain(|key| !header.recovery.contains(key));
        self.headers.iter().position(|known| known == header).unwrap_or_else(|| {
            self.headers.push(header.clone());
            self.headers.len() - 1
        })
    }

    fn next(&mut self) -> (&'static str, Manifest) {
        let newest = self.bases.last().unwrap().clone();
        let any = self.dice.pick(self.bases.clone()).unwrap();
        match self.dice.below(20) {
            0..=3 => ("owner", self.by_device(&newest, 1)),
            4..=6 => ("stale signer", self.by_device(&any, 1)),
            7..=9 => {
                let leap = if self.dice.one_in(8) { u64::MAX } else { self.small(4) };
                ("thief", self.by_device(&any, leap))
            }
            10..=13 => ("twin", self.twin(&newest)),
            14 => ("twin", self.twin(&any)),
            15..=16 => ("recovery", self.recovery(&newest, false)),
            17 => ("stale recovery", self.recovery(&any, false)),
            18 => ("old recovery key", self.recovery(&any, true)),
            _ => ("other chain", self.other_chain()),
        }
    }

    fn small(&mut self, bound: usize) -> u64 {
        self.dice.below(bound).try_into().unwrap()
    }

    fn body(&mut self) -> u8 {
        self.dice.below(BODIES).try_into().unwrap()
    }

    fn devices(&mut self) -> BTreeSet<u8> {
        let mixed = usize::from(self.dice.one_in(6));
        self.dice.some(&DEVICE[..5 + mixed], 0)
    }

    fn authorities(&mut self) -> BTreeSet<u8> {
        let mixed = usize::from(self.dice.one_in(6));
        self.dice.some(&RECOVERY[..3 + mixed], 1)
    }

    /// What a holder of a device authority signs who knows `base`, so many versions further.
    fn by_device(&mut self, base: &Manifest, leap: u64) -> Manifest {
        let mut path = base.path.clone();
        let last = path.len() - 1;
        let is_plain = !is_head(&path, last) && !is_change(&path, last);
        if is_plain && !self.dice.one_in(8) {
            path.pop();
        }
        let (known, before) = (base.newest(), path.last().unwrap().clone());
        let version = known.header.order.1.saturating_add(leap);
        let previous = match before.header.order.1.checked_add(1) {
            Some(next) if next == version => before.hash,
            _ if known.hash != before.hash => known.hash,
            _ => UNKNOWN,
        };
        let link = Link { chain: base.chain(), previous, change: before.hash };
        let mut header = Header { link: Some(link), body: self.body(), ..known.header.clone() };
        header.order.1 = version;
        if self.dice.one_in(4) {
            header.device = self.devices();
        }
        if self.dice.one_in(20) {
            header.recovery = self.authorities();
        }
        let signer = self.dice.pick(before.header.device).unwrap_or(DEVICE[4]);
        self.finish(path, header, signer)
    }

    /// What a holder of a recovery authority signs who knows `base`: the newest authority, or one that was replaced.
    fn recovery(&mut self, base: &Manifest, old: bool) -> Manifest {
        let mut path = base.path.clone();
        let rotations = (0..path.len()).filter(|i| is_rotation(&path, *i)).rev();
        let at = if old { self.dice.pick(rotations) } else { rotations.take(1).next() };
        if !self.dice.one_in(10) {
            path.truncate(at.unwrap() + 1);
        }
        let (known, before) = (base.newest(), path.last().unwrap().clone());
        let link = Link { chain: base.chain(), previous: known.hash, change: before.hash };
        let leap = if self.dice.one_in(4) { self.dice.below(3) } else { 1 };
        let term = known.header.order.0.saturating_add(leap.try_into().unwrap());
        let rotates = self.dice.one_in(3);
        let recovery = if rotates { self.authorities() } else { before.header.recovery.clone() };
        let header = Header {
            link: Some(link),
            order: (if self.dice.one_in(40) { u32::MAX } else { term }, 0),
            recovery,
            device: if self.dice.one_in(3) { before.header.device } else { self.devices() },
            body: self.body(),
            ..known.header.clone()
        };
        let signer = self.dice.pick(before.header.recovery).unwrap();
        self.finish(path, header, signer)
    }

    /// Another header in the place of the newest, by the same signer or another; or the same header by another signer.
    fn twin(&mut self, of: &Manifest) -> Manifest {
        let mut path = of.path.clone();
        let Signed { mut header, mut signer, .. } = path.pop().unwrap();
        let other = match path.last().map(|base| &base.header) {
            Some(base) if base.recovery.contains(&signer) => self.dice.pick(base.recovery.clone()),
            Some(base) => self.dice.pick(base.device.clone()),
            None => self.dice.pick(header.recovery.clone()),
        };
        if self.dice.one_in(2) {
            signer = other.unwrap_or(signer);
        }
        match self.dice.below(8) {
            0 => {}
            1 => header.device = self.devices(),
            2 | 3 => header.body = self.body(),
            _ => header.issued = self.small(3),
        }
        self.finish(path, header, signer)
    }

    /// A chain of the same keys.
    fn other_chain(&mut self) -> Manifest {
        let mut genesis = self.genesis();
        genesis.path[0].header.body = 1;
        let Signed { header, signer, .. } = genesis.path.pop().unwrap();
        let genesis = self.finish(Vec::new(), header, signer);
        if self.dice.one_in(2) { self.by_device(&genesis, 1) } else { genesis }
    }

    /// Damages a manifest: around it, among its headers, or in one of them, which its signer then signs.
    fn spoil(&mut self, made: &mut Manifest) {
        let length = made.path.len();
        let at = if self.dice.one_in(2) { length - 1 } else { self.dice.below(length) };
        match self.dice.below(16) {
            0 => return made.body = (made.body + 1) % (UNREADABLE + 1),
            1 => return made.possessions = 1,
            2 if self.dice.one_in(4) => return made.path.clear(),
            2 | 3 => return made.path[at].genuine = false,
            4 if length > 1 => drop(made.path.remove(at)),
            5 => made.path.swap(at, self.dice.below(length)),
            6 => {
                let other = self.dice.pick(self.bases.clone()).unwrap();
                made.path.insert(at, self.dice.pick(other.path).unwrap());
            }
            7 => made.path[at].signer = self.dice.below(KEYS).try_into().unwrap(),
            8 => made.path[length - 1].header.body = UNREADABLE,
            9 => made.path[at].header.kind = ACCOUNT,
            _ => self.alter(&mut made.path[at].header),
        }
        self.sign_again(&mut made.path);
        if !self.dice.one_in(8) {
            made.body = made.newest().header.body;
        }
    }

    fn alter(&mut self, header: &mut Header) {
        let hash = self.dice.below(self.headers.len() + 1);
        let hash = if hash == self.headers.len() { UNKNOWN } else { hash };
        match (self.dice.below(11), &mut header.link) {
            (0, Some(link)) => link.chain = hash,
            (1 | 2, Some(link)) => link.previous = hash,
            (3, Some(link)) => link.change = hash,
            (4, _) => header.link = None,
            (0..=3, None) => {
                header.link = Some(Link { chain: hash, previous: hash, change: hash });
            }
            (5, _) => header.order.0 = self.dice.below(3).try_into().unwrap(),
            (6 | 7, _) => header.order.1 = self.small(4),
            (8 | 9, _) => header.issued = 3,
            _ => header.recovery = self.authorities(),
        }
    }

    /// Names the headers anew. Half of the forgers hold all keys: each header then names the one before it.
    fn sign_again(&mut self, path: &mut [Signed]) {
        let thorough = self.dice.one_in(2);
        for i in 0..path.len() {
            let (chain, base) = (path[0].hash, path[i.saturating_sub(1)].hash);
            let header = &mut path[i].header;
            if let (true, true, Some(link)) = (thorough, i > 0, &mut header.link) {
                let previous = if link.previous == link.change { base } else { link.previous };
                *link = Link { chain, previous, change: base };
            }
            path[i].hash = self.hash(header);
        }
    }
}
