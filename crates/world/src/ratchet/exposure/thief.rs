//! Whoever has stolen a state, and computes from it and all that was sent everything that follows.

use std::collections::{BTreeMap, BTreeSet};

use super::talk::{Sent, Talk, first_answer, tag};
use crate::ratchet::model::{
    Body, Header, Key, Part, Phase, Side, aead_open, array, decapsulate, dh, expand, hash, header_keys,
    kem_key, lane_secret, mac, read_header, root_step,
};

/// What an attacker can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Any X25519 public key gives its private key.
    pub(super) dh: bool,
    /// Any ML-KEM encapsulation key gives its seed.
    pub(super) kem: bool,
}

/// Chains, which are those of root steps too, have their numbers; epochs have theirs.
#[derive(Debug)]
pub(super) struct Thief<'a> {
    talk: &'a Talk,
    broken: Broken,
    transcript: Key,
    without: Option<Part>,
    pub(super) identity: Option<[u8; 64]>,
    roots: BTreeMap<u32, Key>,
    pub(super) links: BTreeMap<u32, Key>,
    header_keys: BTreeMap<u32, Key>,
    headers: BTreeMap<u32, [u8; 72]>,
    chains: BTreeMap<u32, (u32, Key)>,
    message_keys: BTreeMap<(u32, u32), Key>,
    ratchet_secrets: BTreeMap<u32, Key>,
    ratchet_keys: BTreeMap<u32, Key>,
    /// The epoch that a chain's step mixed, and ct3.
    mixed: BTreeMap<u32, (u32, Vec<u8>)>,
    seeds: BTreeMap<u32, [u8; 64]>,
    lane: BTreeMap<u32, Key>,
    /// Symbols of keys and of answers, by epoch.
    symbols: [BTreeMap<(u32, usize), Key>; 2],
    /// Messages whose headers were read.
    pub(super) unmasked: BTreeMap<usize, (u32, Header)>,
    /// Messages that were read, and read right.
    pub(super) read: BTreeSet<usize>,
}

impl<'a> Thief<'a> {
    pub(super) fn new(talk: &'a Talk, broken: Broken) -> Self {
        Self {
            talk,
            broken,
            transcript: talk.sides[0].transcript,
            without: talk.sides[0].without,
            identity: None,
            roots: BTreeMap::new(),
            links: BTreeMap::new(),
            header_keys: BTreeMap::new(),
            headers: BTreeMap::new(),
            chains: BTreeMap::new(),
            message_keys: BTreeMap::new(),
            ratchet_secrets: BTreeMap::new(),
            ratchet_keys: BTreeMap::new(),
            mixed: BTreeMap::new(),
            seeds: BTreeMap::new(),
            lane: BTreeMap::new(),
            symbols: [BTreeMap::new(), BTreeMap::new()],
            unmasked: BTreeMap::new(),
            read: BTreeSet::new(),
        }
    }

    /// Takes a whole state.
    pub(super) fn take(&mut self, side: &Side) {
        let newest = side.steps;
        self.roots.insert(newest, side.root);
        for number in [newest + 1, newest + 2] {
            self.header_keys.insert(number, side.next[direction(number)]);
        }
        for number in [newest, newest.saturating_sub(1)] {
            self.links.extend(side.links[direction(number)].map(|link| (number, link)));
        }
        for chain in side.closed.iter().chain(&side.receiving).chain(&side.sending) {
            self.headers.insert(chain.number, chain.header);
            self.ratchet_keys.extend(chain.ratchet_key.map(|key| (chain.number, key)));
            self.ratchet_secrets.extend(chain.ratchet_secret.map(|key| (chain.number, key)));
            for ((_, n), key) in side.kept.iter().filter(|((tag, _), _)| *tag == chain.tag()) {
                self.message_keys.insert((chain.number, *n), *key);
            }
        }
        for chain in side.receiving.iter().chain(&side.sending) {
            let place = self.chains.entry(chain.number).or_insert((chain.next, chain.key));
            *place = (*place).min((chain.next, chain.key));
        }
        let epoch = side.lane.epoch;
        match &side.lane.phase {
            Phase::Offering { seed, .. } => _ = self.seeds.insert(epoch, *seed),
            Phase::Ready { secret, .. } | Phase::Answering { secret, .. } => {
                _ = self.lane.insert(epoch, *secret);
            }
            Phase::Holding { key } => {
                let symbols = key.chunks(32).map(array).enumerate();
                self.symbols[0].extend(symbols.map(|(i, symbol)| ((epoch, i), symbol)));
            }
            Phase::Collecting | Phase::Closed => {}
        }
        let role = usize::from(side.role);
        let (own, held) = side.lane.symbols();
        self.symbols[role].extend(own.map(|(i, symbol)| ((epoch, i), symbol)));
        self.symbols[1 - role].extend(held.map(|(i, symbol)| ((epoch, i), symbol)));
    }

    /// Computes all that follows.
    pub(super) fn compute(&mut self) {
        loop {
            let known = (self.unmasked.len(), self.roots.len(), self.lane.len(), self.read.len());
            self.unmask();
            self.step();
            self.exchange();
            self.decrypt();
            if known == (self.unmasked.len(), self.roots.len(), self.lane.len(), self.read.len()) {
                break;
            }
        }
    }

    /// Reads the headers of messages whose tags are known.
    fn unmask(&mut self) {
        if self.without == Some(Part::NextHeaderKey) {
            let newest = self.talk.sent.iter().map(|sent| sent.chain).max().unwrap_or(0);
            for number in 0..newest {
                if let Some(key) = self.header_keys.get(&number) {
                    let next = expand(key, "without", &[]);
                    self.header_keys.entry(number + 2).or_insert(next);
                }
            }
        }
        for (number, key) in &self.header_keys {
            self.headers.entry(*number).or_insert_with(|| header_keys(key));
        }
        let chains: BTreeMap<_, _> =
            self.headers.iter().map(|(number, keys)| (&keys[..8], *number)).collect();
        for (index, sent) in self.talk.sent.iter().enumerate() {
            let Some(number) = chains.get(&sent.bytes[..8]).copied() else { continue };
            if self.unmasked.contains_key(&index) {
                continue;
            }
            let Ok(header) = read_header(&sent.bytes, &self.headers[&number], number == 1) else { continue };
            self.ratchet_keys.entry(number).or_insert(header.key);
            self.mixed.entry(number).or_insert((header.epoch, header.ct3.clone()));
            self.unmasked.insert(index, (number, header));
        }
    }

    /// Makes root steps.
    fn step(&mut self) {
        while let Some((number, root, dh, mixed)) = self.next_step() {
            let (sender, receiver) = (self.ratchet_keys[&number], self.ratchet_keys[&(number - 1)]);
            let epoch = self.mixed[&number].0.to_be_bytes();
            let way = [u8::from(number % 2 == 1)];
            let (keys, link) = root_step(&root, &dh, &mixed, &[&way, &epoch, &sender, &receiver]);
            self.roots.insert(number, keys[0]);
            self.chains.entry(number).or_insert((0, keys[1]));
            self.header_keys.entry(number + 2).or_insert(keys[2]);
            self.links.insert(number, link);
        }
    }

    /// The number, root, DH and K of a step that can be made.
    fn next_step(&self) -> Option<(u32, Key, Key, Key)> {
        self.roots.iter().find_map(|(before, root)| {
            let number = before + 1;
            if self.roots.contains_key(&number) {
                return None;
            }
            let (sender, receiver) = (self.ratchet_keys.get(&number)?, self.ratchet_keys.get(before)?);
            let secret_of = |number: u32, key: &Key| {
                let broken = || self.talk.ratchet_secrets.get(key).filter(|_| self.broken.dh);
                self.ratchet_secrets.get(&number).or_else(broken)
            };
            let of_sender = secret_of(number, sender).map(|secret| dh(secret, receiver));
            let shared =
                of_sender.or_else(|| secret_of(*before, receiver).map(|secret| dh(secret, sender)))?;
            let (epoch, ct3) = self.mixed.get(&number)?;
            let mixed = match (number, epoch) {
                (1, _) => self.k3(ct3)?,
                (_, 0) => [0; 32],
                (_, epoch) => *self.lane.get(epoch)?,
            };
            Some((number, *root, shared, mixed))
        })
    }

    fn k3(&self, ct3: &[u8]) -> Option<Key> {
        let seed = self.identity.or(Some(self.talk.identity).filter(|_| self.broken.kem))?;
        Some(first_answer(&self.transcript, &decapsulate(&seed, ct3), ct3))
    }

    /// Computes secrets of the lane.
    fn exchange(&mut self) {
        let epochs: BTreeSet<_> = self.symbols[1].keys().map(|(epoch, _)| *epoch).collect();
        for epoch in epochs {
            if self.lane.contains_key(&epoch) {
                continue;
            }
            let [key, answer] = [0, 1].map(|i| {
                let symbols = self.symbols[i].range((epoch, 0)..=(epoch, 64));
                symbols.map(|(_, symbol)| *symbol).collect::<Vec<_>>().concat()
            });
            let stolen = self.seeds.get(&epoch).map(|seed| (*seed, kem_key(seed)));
            let broken =
                || self.talk.kem_seeds.get(&key).map(|seed| (*seed, key)).filter(|_| self.broken.kem);
            let Some((seed, key)) = stolen.or_else(broken) else { continue };
            if let Some(ciphertext) = answer.get(..1088).filter(|_| answer.len() == 1120) {
                let z = decapsulate(&seed, ciphertext);
                self.lane.insert(epoch, lane_secret(&z, epoch, &key, ciphertext).0);
            }
        }
    }

    /// Opens messages.
    fn decrypt(&mut self) {
        for (index, (number, header)) in &self.unmasked {
            if self.read.contains(index) {
                continue;
            }
            if let Some((next, key)) = self.chains.get_mut(number) {
                while *next <= header.n {
                    self.message_keys.insert((*number, *next), mac(key, &[&[1]]));
                    (*next, *key) = (*next + 1, mac(key, &[&[2]]));
                }
            }
            let Some(key) = self.message_keys.get(&(*number, header.n)) else { continue };
            let Sent { from, bytes, content, .. } = &self.talk.sent[*index];
            let end = bytes.len() - header.sealed;
            let ad = hash(&[b"sottovoce/1 ad", &self.transcript, &[u8::from(*from == 1)]]);
            let key = expand(key, "msg", &[&bytes[8..24]]);
            let aad = [&ad[..], &bytes[..end]].concat();
            let Some(padded) = aead_open(&key, &bytes[end..], &aad) else { continue };
            let body = Body::read(&padded, u8::from(*from == 1)).expect("as it was sealed");
            assert_eq!(body.content, *content, "what is read is what was sealed");
            self.symbols[*from].extend(body.symbols.iter().map(|(i, symbol)| ((body.epoch, *i), *symbol)));
            self.read.insert(*index);
        }
    }

    /// Whether the tag of a message is one that the thief has.
    pub(super) fn recognises(&self, message: &[u8]) -> bool {
        self.headers.values().any(|keys| keys[..8] == tag(message))
    }
}

/// Of a chain.
const fn direction(number: u32) -> usize {
    if number.is_multiple_of(2) { 0 } else { 1 }
}
