//! The parts of the ratchet without guard rails, for published vectors, simulations and tests that play an attacker.
//!
//! They are the functions that the ratchet itself runs. A test keeps the library itself away from them.

use rand_core::CryptoRng;

use super::body;
use super::chain::{Chain, MessageKey};
use super::header::{Header, HeaderKeys};
pub use super::lane::{Bits, Fields};
use super::lane::{Lane, State, secret};
use super::message::{self, Envelope};
use super::root::{self, NewChain};
use super::{Ratchet, RatchetError, Sending};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, mlkem, x25519};
use crate::pairwise::{Direction, Role};
use crate::time::Timestamp;

/// The new chain of a root step, by direction, epoch, and the ratchet keys of sender and receiver.
#[derive(Debug)]
pub struct RootStep<'a> {
    /// Of the new chain.
    pub direction: Direction,
    /// That is mixed, 0 for none.
    pub epoch: u32,
    /// The sender's ratchet key.
    pub sender: &'a x25519::PublicKey,
    /// The receiver's ratchet key.
    pub receiver: &'a x25519::PublicKey,
}

/// root', chain, nhk, link of §6.1.
pub fn root_step(
    root: &Secret<32>,
    shared: &Secret<32>,
    mixed: Option<&Secret<32>>,
    new: &RootStep<'_>,
) -> [Secret<32>; 4] {
    let RootStep { direction, epoch, sender, receiver } = *new;
    let stepped = root::step(root, shared, mixed, &NewChain { direction, epoch, sender, receiver });
    [stepped.root, stepped.chain, stepped.next_header, stepped.link]
}

/// mk and ck' of §6.2.
pub fn chain_step(key: &Secret<32>) -> Option<(Secret<32>, Secret<32>)> {
    let mut chain = Chain::new(key.duplicate());
    let message = chain.take()?;
    Some((message.0, chain.key().duplicate()))
}

/// tag, kmask and kmac of §6.2.
pub fn header_keys(header_key: &Secret<32>) -> Secret<72> {
    Secret::new(*HeaderKeys::of(header_key).expose())
}

/// salt and ke of §6.2.
pub fn message_key(key: &Secret<32>, random: &Secret<32>, padded: &[u8]) -> ([u8; 16], Secret<32>) {
    let key = MessageKey(key.duplicate());
    let salt = key.salt(random, padded);
    (salt, key.sealing(&salt))
}

/// All that a message of §6.3 is made of.
#[derive(Debug)]
pub struct Plain<'a> {
    /// tag, kmask, kmac.
    pub header_keys: &'a Secret<72>,
    /// The 48 or 1,136 bytes of the header, whatever they are.
    pub header: &'a [u8],
    /// mk.
    pub key: &'a Secret<32>,
    /// rng.
    pub random: &'a Secret<32>,
    /// AD of the direction.
    pub bound: &'a Hash,
    /// The padded body, whatever it is.
    pub padded: &'a [u8],
}

/// Seals a message of §6.3.
pub fn seal_message(plain: &Plain<'_>) -> Result<Vec<u8>, CryptoError> {
    let keys = HeaderKeys::from_secret(plain.header_keys.duplicate());
    let key = MessageKey(plain.key.duplicate());
    message::seal_raw(&keys, plain.header.to_vec(), (&key, plain.random), plain.bound, plain.padded)
}

/// The 48 or 1,136 bytes of a header: ratchet key; n, pn, epoch; ct3.
pub fn header(
    ratchet_key: x25519::PublicKey,
    [number, previous, epoch]: [u32; 3],
    answer: Option<mlkem::Ciphertext>,
) -> Vec<u8> {
    Header { ratchet_key, number, previous, epoch, answer }.to_bytes()
}

/// The body of §6.4 in a bucket of `size` bytes, in which it must fit.
pub fn encode_body(fields: &Fields, content: &[u8], size: usize) -> Result<Vec<u8>, CryptoError> {
    body::encode(fields, content, size)
}

/// Reads a body of §6.4 that `sender` sealed.
pub fn decode_body(padded: &[u8], sender: Role) -> Result<(Fields, Vec<u8>), RatchetError> {
    body::decode(padded, sender).map(|body| (body.fields, body.content))
}

/// The bucket for so much content, and how many symbols it has room for; `raised` when healing is overdue.
pub fn bucket(content: usize, raised: bool) -> Result<(usize, usize), CryptoError> {
    body::fit(content, raised)
}

/// K and confirm of §6.8.
pub fn lane_secret(
    shared: &Secret<32>,
    epoch: u32,
    key: &mlkem::EncapsulationKey,
    ciphertext: &mlkem::Ciphertext,
) -> (Secret<32>, Secret<16>) {
    secret::derive(shared, epoch, key, ciphertext)
}

/// One side of a lane alone, as §6.8 has it: its messages are bare fields, and whoever drives it decides which begin a chain.
#[derive(Debug)]
pub struct LaneSide(Lane);

/// What a side of a lane says, and what the root step before it mixed.
#[derive(Debug)]
pub struct LaneMessage {
    /// The epoch that the message's chain names.
    pub named: u32,
    /// The secret that the step mixed.
    pub mixed: Option<Secret<32>>,
    /// The fields.
    pub fields: Fields,
}

impl LaneSide {
    /// The side that offers keys.
    pub fn offerer(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        Lane::offerer(Timestamp::default(), rng).map(Self)
    }

    /// The side that answers them.
    pub const fn answerer() -> Self {
        Self(Lane::answerer())
    }

    /// Whether it is closed.
    pub const fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Seals: with a root step before if `steps`, with so many symbols at most.
    pub fn send(
        &mut self,
        steps: bool,
        room: usize,
        rng: &mut impl CryptoRng,
    ) -> Result<LaneMessage, CryptoError> {
        let now = Timestamp::default();
        let (mut named, mut mixed) = (0, None);
        if let Some(ready) = self.0.ready().filter(|_| steps) {
            (named, mixed) = (ready.epoch, Some(ready.secret.duplicate()));
            self.0 = Lane::offer_next(ready, now, rng)?;
        }
        if let Some(lane) = self.0.answer(now, rng)? {
            self.0 = lane;
        }
        let (fields, cursor) = self.0.fields(room);
        self.0.sent(cursor);
        Ok(LaneMessage { named, mixed, fields })
    }

    /// Opens: `named` is what the message's chain names if it is the first one seen of that chain, otherwise 0. Gives the secret that the step mixes.
    pub fn receive(&mut self, named: u32, fields: &Fields) -> Result<Option<Secret<32>>, RatchetError> {
        let mut mixed = None;
        if named != 0 {
            let answering = self.0.answering(named).ok_or(RatchetError::BadHeader)?;
            mixed = Some(answering.secret.duplicate());
            let next = Lane::collect_next(answering);
            next.check(fields)?;
            self.0 = next;
        }
        self.0.check(fields)?;
        self.0.absorb(fields.clone());
        Ok(mixed)
    }
}

/// What the next message of a session would be sealed with, if its sending chain is open.
#[derive(Debug)]
pub struct Next {
    /// tag, kmask, kmac.
    pub header_keys: Secret<72>,
    /// mk.
    pub key: Secret<32>,
    /// AD of the direction.
    pub bound: Hash,
    /// The sender's ratchet key.
    pub ratchet_key: x25519::PublicKey,
    /// n, pn, epoch.
    pub numbers: [u32; 3],
    /// ct3.
    pub answer: Option<mlkem::Ciphertext>,
}

/// What an attacker has who has the state.
pub fn next(ratchet: &Ratchet) -> Option<Next> {
    let Sending::Open(open) = &ratchet.sending else { return None };
    Some(Next {
        header_keys: Secret::new(*open.header.expose()),
        key: open.chain.duplicate().take()?.0,
        bound: ratchet.bound.sent,
        ratchet_key: open.ratchet_key,
        numbers: [open.chain.next(), open.previous, open.epoch],
        answer: open.answer.clone(),
    })
}

/// The root key.
pub const fn root(ratchet: &Ratchet) -> &Secret<32> {
    &ratchet.root
}

/// The newest ratchet key of the other side.
pub fn peer(ratchet: &Ratchet) -> Option<x25519::PublicKey> {
    ratchet.receiving.as_ref().map(|receiving| receiving.ratchet_key)
}

/// Where a session's lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A key is offered.
    Offering,
    /// A secret waits for the next sending step.
    Ready,
    /// A key is on its way in.
    Collecting,
    /// A key has come.
    Holding,
    /// It was answered.
    Answering,
    /// For good.
    Closed,
}

/// The phase and the epoch (0 if closed) of a session's lane, and what of it is secret, or leads to a secret: seed, key or K.
pub fn lane(ratchet: &Ratchet) -> (Phase, u32, Vec<u8>) {
    match &ratchet.lane.0 {
        State::Offering(lane) => (Phase::Offering, lane.epoch, lane.seed.expose().to_vec()),
        State::Ready(lane) => (Phase::Ready, lane.epoch, lane.secret.expose().to_vec()),
        State::Collecting(lane) => (Phase::Collecting, lane.epoch, Vec::new()),
        State::Holding(lane) => (Phase::Holding, lane.epoch, lane.key.as_bytes().to_vec()),
        State::Answering(lane) => (Phase::Answering, lane.epoch, lane.secret.expose().to_vec()),
        State::Closed(_) => (Phase::Closed, 0, Vec::new()),
    }
}

/// The answer that a session's lane has made, ciphertext and confirmation, until it is acknowledged.
pub fn answer(ratchet: &Ratchet) -> Option<Vec<u8>> {
    match &ratchet.lane.0 {
        State::Answering(lane) => lane.answer.as_ref().map(|answer| answer.bytes.clone()),
        _ => None,
    }
}

/// Reads the message that was sealed with `next` by `sender`.
pub fn open_body(next: &Next, message: &[u8], sender: Role) -> Result<(Fields, Vec<u8>), RatchetError> {
    let envelope = Envelope::split(message, next.answer.is_some())?;
    let padded = envelope.open(&MessageKey(next.key.duplicate()), &next.bound)?;
    decode_body(&padded, sender)
}
