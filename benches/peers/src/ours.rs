//! Two ends of our session, from bytes to bytes.

use std::collections::BTreeMap;

use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::handshake::{Accepted, Awaiting, Initial, Recipient, Sender, initiate};
use sottovoce::identity::Verified;
use sottovoce::identity::prekeys::{OneTimeSecret, Prekeys};
use sottovoce::pairwise::{FirstAnswer, Frame};
use sottovoce::ratchet::{BlockChange, BlockId, Given, Ratchet, SkippedBlock, open_first};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::scene::{NOW, Scene};
use crate::{SEED, TEXT};

/// In the place of the operating system: each call gets a seed of its own.
pub struct Randomness(Generator);

/// One end, with the blocks of keys that it keeps.
pub struct End {
    pub ratchet: Ratchet,
    pub blocks: BTreeMap<BlockId, SkippedBlock>,
    /// Milliseconds that have passed, one for each message.
    passed: u64,
}

/// A session at both ends, in which both have heard the other.
pub struct Pair {
    pub alice: End,
    pub bob: End,
    pub randomness: Randomness,
}

/// Alice's first flight.
pub struct Begun {
    pub ratchet: Ratchet,
    pub awaiting: Awaiting,
    /// The bytes that are sent.
    pub frame: Vec<u8>,
}

impl Randomness {
    pub fn new() -> Self {
        Self(Seed::from_bytes(SEED).unwrap().into_generator())
    }

    pub fn seed(&mut self) -> Seed {
        Seed::draw(&mut self.0).unwrap()
    }

    pub fn generator(&mut self) -> Generator {
        self.seed().into_generator()
    }
}

/// The handshake, the session, the first message, the frame. The prekeys were verified before.
pub fn begin(scene: &Scene, prekeys: Verified<Prekeys>, randomness: &mut Randomness) -> Begun {
    let sender = Sender::new(&scene.alice, &scene.alice_secret).unwrap();
    let recipient = Recipient::new(&scene.bob, prekeys, &scene.addresses[0], None).unwrap();
    let begun = initiate(&sender, recipient, randomness.seed()).unwrap();
    let mut rng = randomness.generator();
    let mut ratchet = Ratchet::begin(begun.session, NOW, &mut rng).unwrap();
    let message = ratchet.seal(TEXT, None, NOW, &mut rng).unwrap().message;
    let frame = Frame { initial: Some(begun.awaiting.initial().to_vec()), message }.encode().unwrap();
    Begun { ratchet, awaiting: begun.awaiting, frame }
}

/// From the frame to everything that Bob stores. The private keys lie ready, and Alice's manifest was followed before.
pub fn accept(scene: &Scene, frame: &[u8], pair: OneTimeSecret) -> (Ratchet, AcceptedRest) {
    let Frame { initial, message } = Frame::decode(frame).unwrap();
    let initial = Initial::decode(&initial.unwrap()).unwrap();
    let screened = initial.screen(&scene.own(), None).unwrap();
    let tentative = screened.open(Some(&scene.bundle), Some(pair), NOW).unwrap();
    let (opened, text) = tentative.first_message(|first| open_first(first, &message)).unwrap();
    assert_eq!(text, TEXT);
    let Accepted { session, answering, replay, floor, .. } = opened.accept(&scene.alice, None).unwrap();
    let (ratchet, opened) = Ratchet::respond(session, &message, NOW).unwrap();
    assert_eq!(opened.content, TEXT);
    (ratchet, (answering, replay, floor))
}

/// What is stored besides the session.
pub type AcceptedRest =
    (sottovoce::handshake::Answering, sottovoce::handshake::ReplayEntry, sottovoce::handshake::Floor);

impl End {
    pub fn new(ratchet: Ratchet) -> Self {
        Self { ratchet, blocks: BTreeMap::new(), passed: 0 }
    }

    fn now(&mut self) -> Timestamp {
        self.passed += 1;
        NOW.plus(Span::from_millis(self.passed))
    }

    /// As it would be read from a store.
    pub fn load(state: &[u8]) -> Self {
        Self::new(Ratchet::decode(state).unwrap())
    }

    pub fn seal(&mut self, randomness: &mut Randomness) -> Vec<u8> {
        let now = self.now();
        self.ratchet.seal(TEXT, None, now, &mut randomness.generator()).unwrap().message
    }

    pub fn answer(&mut self, answer: FirstAnswer, randomness: &mut Randomness) -> Vec<u8> {
        self.ratchet.seal(TEXT, Some(answer), NOW, &mut randomness.generator()).unwrap().message
    }

    pub fn open(&mut self, message: &[u8]) {
        let now = self.now();
        let examined = self.ratchet.examine(message).unwrap();
        let block = examined.wants().block.and_then(|id| self.blocks.remove(&id));
        let opened = self.ratchet.open(examined, Given { block, answer: None }, now).unwrap();
        assert_eq!(opened.content, TEXT);
        for change in opened.blocks {
            match change {
                BlockChange::Put(block) => drop(self.blocks.insert(block.id(), block)),
                BlockChange::Delete(id) => drop(self.blocks.remove(&id)),
            }
        }
    }
}

impl Pair {
    pub fn new(scene: &Scene) -> Self {
        let mut randomness = Randomness::new();
        let begun = begin(scene, scene.prekeys(true), &mut randomness);
        let (bob, (answering, _, _)) = accept(scene, &begun.frame, scene.pair_secret());
        let (mut alice, mut bob) = (End::new(begun.ratchet), End::new(bob));
        let answer = answering.answer(&scene.alice, &mut randomness.generator()).unwrap();
        let message = bob.answer(answer, &mut randomness);
        let examined = alice.ratchet.examine(&message).unwrap();
        let ciphertext = examined.wants().answer.clone().unwrap();
        let answer = Some(begun.awaiting.k3(&scene.alice_secret, &ciphertext));
        let opened = alice.ratchet.open(examined, Given { block: None, answer }, NOW).unwrap();
        assert_eq!(opened.content, TEXT);
        let mut pair = Self { alice, bob, randomness };
        pair.round_trip();
        pair
    }

    /// A message of each side: each makes a root step.
    pub fn round_trip(&mut self) {
        let there = self.alice.seal(&mut self.randomness);
        self.bob.open(&there);
        let back = self.bob.seal(&mut self.randomness);
        self.alice.open(&back);
    }

    /// As both would be read from stores.
    pub fn copy(&self) -> Self {
        let [alice, bob] = [&self.alice, &self.bob].map(|end| End::load(&end.ratchet.encode().unwrap()));
        Self { alice, bob, randomness: Randomness::new() }
    }

    /// Messages of Alice in one chain. The first has opened, and begun it at Bob.
    pub fn sealed(&mut self, count: u32) -> Vec<Vec<u8>> {
        let first = self.alice.seal(&mut self.randomness);
        self.bob.open(&first);
        (0..count).map(|_| self.alice.seal(&mut self.randomness)).collect()
    }
}
