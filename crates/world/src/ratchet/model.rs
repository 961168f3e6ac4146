//! The ratchet a second time: from `docs/PROTOCOL.md` §6 alone, and as simple as it can be. Nothing is fast, nothing is erased but
//! what leaves the state, and every secret can be taken by whoever plays a thief.

mod body;
mod lane;
mod opening;
mod primitives;

use core::ops::Range;
use std::collections::BTreeMap;

use rand_core::CryptoRng;

pub(crate) use body::{Body, CONTENT, buckets, padded};
pub(crate) use lane::{ANSWER, KEY, Lane, Phase, secret as lane_secret};
pub(crate) use opening::{Header, read_header};
pub(crate) use primitives::*;

/// An error class of Appendix A.
pub(crate) type Class = &'static str;
pub(crate) type Tag = [u8; 8];

pub(crate) const DAY: u64 = 86_400_000;
const LONGEST: u32 = 65_536;

/// A part of the protocol that is left out, to see what it is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The lane is never mixed.
    Lane,
    /// The salt is the number of the message.
    Salt,
    /// Header keys follow from those before them, not from the root.
    NextHeaderKey,
}

/// What a handshake gives.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) transcript: Key,
    pub(crate) root: Key,
    pub(crate) chain: Key,
    pub(crate) header: Key,
    /// nhkA, nhkB
    pub(crate) next: [Key; 2],
    pub(crate) link: Key,
}

/// The first answer: k3 and ct3.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) secret: Key,
    pub(crate) ciphertext: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// How many root steps of the session came before it, with its own.
    pub(crate) number: u32,
    pub(crate) key: Key,
    /// tag 8 ‖ kmask 32 ‖ kmac 32
    pub(crate) header: [u8; 72],
    pub(crate) next: u32,
    /// Of the pair, at the side that sends.
    pub(crate) ratchet_secret: Option<Key>,
    /// Unknown before the first message.
    pub(crate) ratchet_key: Option<Key>,
    pub(crate) previous: u32,
    pub(crate) epoch: u32,
    /// ct3, at the side that sends it.
    pub(crate) answer: Vec<u8>,
    pub(crate) forgotten: bool,
}

/// One device's state of a session.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) without: Option<Part>,
    /// 0 for A, 1 for B; also the direction of what it sends.
    pub(crate) role: u8,
    pub(crate) transcript: Key,
    pub(crate) begun: u64,
    pub(crate) receive_only: bool,
    pub(crate) root: Key,
    pub(crate) steps: u32,
    /// Next header keys, by direction.
    pub(crate) next: [Key; 2],
    /// `None` if it is due.
    pub(crate) sending: Option<Chain>,
    pub(crate) previous: u32,
    pub(crate) receiving: Option<Chain>,
    /// Oldest first, as is what is remembered: number, tag, whether keys were dropped.
    pub(crate) closed: Vec<Chain>,
    pub(crate) remembered: Vec<(u32, Tag, bool)>,
    pub(crate) kept: BTreeMap<(Tag, u32), Key>,
    /// When a key was last put into a block.
    pub(crate) kept_at: BTreeMap<(Tag, u32), u64>,
    pub(crate) lane: Lane,
    /// Of the newest root steps, by direction; the beginning is one of A.
    pub(crate) links: [Option<Key>; 2],
    pub(crate) classical: u64,
    pub(crate) post_quantum: u64,
}

pub(crate) type Gap = (Tag, Range<u32>);

/// What opening a message gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) content: Vec<u8>,
    pub(crate) chain: Tag,
    pub(crate) number: u32,
    /// Whether its key was kept.
    pub(crate) is_late: bool,
    /// Numbers of chains that were passed.
    pub(crate) gaps: Vec<Gap>,
    pub(crate) closed_lane: bool,
}

pub(crate) fn header_keys(key: &Key) -> [u8; 72] {
    expand(key, "header", &[])
}

impl Chain {
    fn new(number: u32, key: Key, header_key: &Key) -> Self {
        let (ratchet_secret, ratchet_key, answer) = (None, None, Vec::new());
        let (next, previous, epoch, forgotten) = (0, 0, 0, false);
        let header = header_keys(header_key);
        Self { number, key, header, next, ratchet_secret, ratchet_key, previous, epoch, answer, forgotten }
    }

    pub(crate) fn tag(&self) -> Tag {
        array(&self.header[..8])
    }

    /// The key of the next message.
    pub(crate) fn step(&mut self) -> Key {
        let message_key = mac(&self.key, &[&[1]]);
        self.key = mac(&self.key, &[&[2]]);
        self.next += 1;
        message_key
    }
}

impl Side {
    pub(crate) fn initiator(keys: &Keys, rng: &mut impl CryptoRng, now: u64) -> Self {
        let mut side = Self::responder(keys, now);
        let secret = draw(rng);
        side.role = 0;
        side.sending = side.receiving.take();
        let chain = side.sending.as_mut().expect("it was B's");
        (chain.ratchet_secret, chain.ratchet_key) = (Some(secret), Some(public_key(&secret)));
        side.lane = Lane::offering(1, draw(rng), now);
        side
    }

    /// Before its first message, which is what makes it a session.
    pub(crate) fn responder(keys: &Keys, now: u64) -> Self {
        Self {
            without: None,
            role: 1,
            transcript: keys.transcript,
            begun: now,
            receive_only: false,
            root: keys.root,
            steps: 0,
            next: keys.next,
            sending: None,
            previous: 0,
            receiving: Some(Chain::new(0, keys.chain, &keys.header)),
            closed: Vec::new(),
            remembered: Vec::new(),
            kept: BTreeMap::new(),
            kept_at: BTreeMap::new(),
            lane: Lane::collecting(1),
            links: [Some(keys.link), None],
            classical: now,
            post_quantum: now,
        }
    }

    pub(crate) fn ad(&self, direction: u8) -> Key {
        hash(&[b"sottovoce/1 ad", &self.transcript, &[direction]])
    }

    /// §6.1. `pair` are the ratchet keys of the sender and of the receiver.
    fn root_step(&mut self, direction: u8, dh: &Key, mixed: (u32, Key), pair: [&Key; 2]) -> Chain {
        let parts: [&[u8]; 4] = [&[direction], &mixed.0.to_be_bytes(), pair[0], pair[1]];
        let (keys, link) = root_step(&self.root, dh, &mixed.1, &parts);
        self.root = keys[0];
        self.steps += 1;
        self.links[usize::from(direction)] = Some(link);
        let header_key = &mut self.next[usize::from(direction)];
        let mut chain = Chain::new(self.steps, keys[1], header_key);
        *header_key = match self.without {
            Some(Part::NextHeaderKey) => expand(header_key, "without", &[]),
            _ => keys[2],
        };
        (chain.ratchet_key, chain.epoch) = (Some(*pair[0]), mixed.0);
        chain
    }

    /// §6.6
    pub(crate) fn seal(
        &mut self,
        content: &[u8],
        answer: Option<&Answer>,
        rng: &mut impl CryptoRng,
        now: u64,
    ) -> Result<Vec<u8>, Class> {
        let is_unanswered = self.role == 1 && self.links[1].is_none();
        match () {
            () if self.receive_only => return Err("receive-only"),
            () if now.saturating_sub(self.begun) > 90 * DAY => return Err("exhausted"),
            () if is_unanswered && answer.is_none() => return Err("unanswered"),
            () if content.len() > CONTENT => return Err("too-long"),
            () if self.sending.as_ref().is_some_and(|chain| chain.next == LONGEST) => {
                return Err("exhausted");
            }
            () => {}
        }
        if self.sending.is_none() {
            self.begin_chain(answer.filter(|_| is_unanswered), rng, now);
        }
        if let Phase::Holding { .. } = self.lane.phase {
            self.lane.answer(&draw(rng), now);
        }
        let is_late = now.saturating_sub(self.post_quantum) > 7 * DAY;
        let padded = body::padded(content, &mut self.lane, is_late);
        Ok(self.write(&self.header(), &padded, &draw(rng)))
    }

    /// §6.9
    pub(crate) fn is_renewal_due(&self, now: u64) -> bool {
        let is_long = self.sending.as_ref().is_some_and(|chain| chain.next >= 60_000);
        is_long || now.saturating_sub(self.begun) > 60 * DAY || self.lane.is_closed()
    }

    /// The root step for sending.
    pub(crate) fn begin_chain(&mut self, answer: Option<&Answer>, rng: &mut impl CryptoRng, now: u64) {
        let secret = draw(rng);
        let own = public_key(&secret);
        let other =
            self.receiving.as_ref().and_then(|chain| chain.ratchet_key).expect("a message has opened");
        let mixed = match (answer, &self.lane.phase) {
            (Some(answer), _) => (0, answer.secret),
            (None, Phase::Ready { secret, .. }) if self.without != Some(Part::Lane) => {
                (self.lane.epoch, *secret)
            }
            _ => (0, [0; 32]),
        };
        let mut chain = self.root_step(self.role, &dh(&secret, &other), mixed, [&own, &other]);
        (chain.ratchet_secret, chain.previous) = (Some(secret), self.previous);
        chain.answer = answer.map_or_else(Vec::new, |answer| answer.ciphertext.clone());
        self.sending = Some(chain);
        self.classical = now;
        if let (true, Phase::Ready { made, .. }) = (mixed.0 != 0, &self.lane.phase) {
            self.post_quantum = *made;
            self.lane = match mixed.0.checked_add(1) {
                Some(epoch) => Lane::offering(epoch, draw(rng), now),
                None => self.lane.closed(),
            };
        }
    }

    /// The header of the next message.
    pub(crate) fn header(&self) -> Vec<u8> {
        let chain = self.sending.as_ref().expect("an open chain");
        let numbers = [chain.next, chain.previous, chain.epoch].map(u32::to_be_bytes).concat();
        let key = chain.ratchet_key.expect("one's own");
        [&[0][..], &key, &numbers, &[0; 3], &chain.answer].concat()
    }

    /// The next message, with any header and body.
    pub(crate) fn write(&mut self, header: &[u8], padded: &[u8], random: &Key) -> Vec<u8> {
        let ad = self.ad(self.role);
        let is_without_salt = self.without == Some(Part::Salt);
        let chain = self.sending.as_mut().expect("an open chain");
        let number = u128::from(chain.next).to_be_bytes();
        let message_key = chain.step();
        let salt = &mac(&message_key, &[&[3], random, &hash(&[padded])])[..16];
        let salt = if is_without_salt { &number } else { salt };
        let (kmask, kmac) = (array(&chain.header[8..40]), array(&chain.header[40..]));
        let eh = masked(&kmask, &salt[..12], header);
        let hm = &mac(&kmac, &[salt, &eh])[..8];
        let clear = [&chain.tag()[..], salt, &eh, hm].concat();
        let key = expand(&message_key, "msg", &[salt]);
        let sealed = aead_seal(&key, padded, &[&ad[..], &clear].concat());
        [clear, sealed].concat()
    }
}

/// §6.1: root', chain and nhk; link. `parts` follow the label.
pub(crate) fn root_step(root: &Key, dh: &Key, mixed: &Key, parts: &[&[u8]]) -> ([Key; 3], Key) {
    let out: [u8; 128] = expand(&mac(root, &[dh, mixed]), "root", parts);
    let [root, chain, next, link] = [0, 32, 64, 96].map(|i| array(&out[i..i + 32]));
    ([root, chain, next], link)
}
