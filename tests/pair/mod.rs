//! Two devices with a session, for tests and simulations. After every operation a device is stored and loaded again, as bytes.
#![allow(dead_code, reason = "each user takes a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::DecapsulationKey;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::pairwise::hazmat::{answer_key, first_answer, session_secret};
use sottovoce::pairwise::{FirstAnswer, Role, SessionKeys};
use sottovoce::ratchet::{BlockChange, BlockId, Given, Opened, Ratchet, RatchetError, Sealed, SkippedBlock};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const TRANSCRIPT: Hash = Hash::from_bytes([0x77; 32]);

pub const fn transcript() -> Hash {
    TRANSCRIPT
}

/// One device's side, at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    pub state: Vec<u8>,
    pub blocks: BTreeMap<BlockId, Vec<u8>>,
}

/// A session that was just begun: A has sealed its first message, and B has opened it.
pub struct Pair {
    pub a: Side,
    pub b: Side,
    pub rng: Generator,
    pub now: Timestamp,
    /// A message of A that B has opened.
    pub first: Vec<u8>,
}

pub fn generator(seed: u64) -> Generator {
    let mut bytes = [0xa5; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

pub fn keys() -> SessionKeys {
    let [root, chain, header, next_header_of_responder, next_header_of_initiator, link] =
        [1_u8, 2, 3, 4, 5, 6].map(|number| Secret::new([number; 32]));
    SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link }
}

/// ct3 and k3 as any handshake could make them.
pub fn answer() -> FirstAnswer {
    let key = DecapsulationKey::from_seed(&Secret::new([0x33; 64]));
    let (ciphertext, _) = key.public_key().encapsulate(&mut generator(0x33)).unwrap();
    first_answer(TRANSCRIPT, ciphertext, k3())
}

fn k3() -> Secret<32> {
    Secret::new([0x3c; 32])
}

impl Side {
    /// An initiator that has sealed nothing.
    pub fn beginning(rng: &mut Generator) -> Self {
        let secret = session_secret(Role::Initiator, TRANSCRIPT, keys());
        Self::of(&Ratchet::begin(secret, NOW, rng).unwrap())
    }

    pub fn of(ratchet: &Ratchet) -> Self {
        Self { state: ratchet.encode().unwrap(), blocks: BTreeMap::new() }
    }

    pub fn ratchet(&self) -> Ratchet {
        let ratchet = Ratchet::decode(&self.state).unwrap();
        assert_eq!(ratchet.encode().unwrap(), self.state, "one encoding");
        ratchet
    }

    pub fn seal(
        &mut self,
        content: &[u8],
        now: Timestamp,
        rng: &mut Generator,
    ) -> Result<Sealed, RatchetError> {
        let mut ratchet = self.ratchet();
        let first = ratchet.needs_answer().then(answer);
        let sealed = ratchet.seal(content, first, now, rng);
        self.store(&ratchet, sealed.is_ok());
        sealed
    }

    pub fn open(&mut self, message: &[u8], now: Timestamp) -> Result<Opened, RatchetError> {
        let mut ratchet = self.ratchet();
        let opened = self.open_with(&mut ratchet, message, now);
        self.store(&ratchet, opened.is_ok());
        if let Ok(opened) = &opened {
            self.apply(&opened.blocks);
        }
        opened
    }

    /// Opens with what the message wants, and stores nothing.
    pub fn open_with(
        &self,
        ratchet: &mut Ratchet,
        message: &[u8],
        now: Timestamp,
    ) -> Result<Opened, RatchetError> {
        let examined = ratchet.examine(message)?;
        let wants = examined.wants().clone();
        let block = wants.block.map(|id| SkippedBlock::decode(&self.blocks[&id]).unwrap());
        let answer = wants.answer.is_some().then(|| answer_key(TRANSCRIPT, k3()));
        ratchet.open(examined, Given { block, answer }, now)
    }

    /// What the write after an operation does; a refusal has changed nothing.
    fn store(&mut self, ratchet: &Ratchet, has_changed: bool) {
        let state = ratchet.encode().unwrap();
        assert!(has_changed || state == self.state, "a refusal changes nothing");
        self.state = state;
    }

    pub fn apply(&mut self, changes: &[BlockChange]) {
        let id = |change: &BlockChange| match change {
            BlockChange::Put(block) => block.id(),
            BlockChange::Delete(id) => *id,
        };
        assert_eq!(
            changes.iter().map(id).collect::<BTreeSet<_>>().len(),
            changes.len(),
            "one change of a block"
        );
        for change in changes {
            match change {
                BlockChange::Put(block) => {
                    let bytes = block.encode().unwrap();
                    assert_eq!(SkippedBlock::decode(&bytes).unwrap().encode().unwrap(), bytes);
                    self.blocks.insert(block.id(), bytes);
                }
                BlockChange::Delete(id) => {
                    assert!(self.blocks.remove(id).is_some(), "what is deleted was there");
                }
            }
        }
    }
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        let mut rng = generator(seed);
        let mut a = Side::beginning(&mut rng);
        let first = a.seal(b"first", NOW, &mut rng).unwrap().message;
        let (ratchet, opened) =
            Ratchet::respond(session_secret(Role::Responder, TRANSCRIPT, keys()), &first, NOW).unwrap();
        assert_eq!(opened.content, b"first");
        Self { a, b: Side::of(&ratchet), rng, now: NOW, first }
    }

    /// A pair with so many round trips behind it.
    pub fn after(seed: u64, trips: usize) -> Self {
        let mut pair = Self::new(seed);
        for _ in 0..trips {
            pair.b_says(b"from b");
            pair.a_says(b"from a");
        }
        pair
    }

    pub fn seal_a(&mut self, content: &[u8]) -> Vec<u8> {
        self.a.seal(content, self.now, &mut self.rng).unwrap().message
    }

    pub fn seal_b(&mut self, content: &[u8]) -> Vec<u8> {
        self.b.seal(content, self.now, &mut self.rng).unwrap().message
    }

    /// A seals and B opens.
    pub fn a_says(&mut self, content: &[u8]) {
        let message = self.seal_a(content);
        let opened = self.b.open(&message, self.now).unwrap();
        assert_eq!((opened.content.as_slice(), opened.is_late, opened.gaps.len()), (content, false, 0));
    }

    /// B seals and A opens.
    pub fn b_says(&mut self, content: &[u8]) {
        let message = self.seal_b(content);
        let opened = self.a.open(&message, self.now).unwrap();
        assert_eq!((opened.content.as_slice(), opened.is_late, opened.gaps.len()), (content, false, 0));
    }

    /// A message of A opens at B that passes others.
    pub fn a_passes(&mut self) {
        let message = self.seal_a(b"passes");
        let opened = self.b.open(&message, self.now).unwrap();
        assert!(!opened.is_late && !opened.gaps.is_empty());
    }
}
