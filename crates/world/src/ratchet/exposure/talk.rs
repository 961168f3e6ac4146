//! A conversation of two models, of which everything is recorded: what was sent, and what only a broken primitive would tell.

use std::collections::BTreeMap;

use rand_core::Rng as _;
use sottovoce::crypto::random::Generator;

use crate::dice::Dice;
use crate::ratchet::model::{
    Answer, Class, Key, Keys, Part, Phase, Side, array, decapsulate, draw, encapsulate, expand, hash,
    kem_key, mac,
};

/// A message that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) from: usize,
    pub(super) chain: u32,
    /// How many epochs of the lane the root had mixed.
    pub(super) mixed: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) is_opened: bool,
}

#[derive(Debug)]
pub(super) struct Talk {
    pub(super) sides: [Side; 2],
    pub(super) sent: Vec<Sent>,
    /// What is on its way to a side.
    pub(super) transit: [Vec<usize>; 2],
    /// Ratchet secrets by public key, and seeds by encapsulation key.
    pub(super) ratchet_secrets: BTreeMap<Key, Key>,
    pub(super) kem_seeds: BTreeMap<Vec<u8>, [u8; 64]>,
    /// A's ML-KEM identity key.
    pub(super) identity: [u8; 64],
    answer: Answer,
    dice: Dice,
    pub(super) rng: Generator,
}

/// k3
pub(super) fn first_answer(transcript: &Key, z3: &Key, ciphertext: &[u8]) -> Key {
    expand(&mac(&[0; 32], &[z3]), "answer", &[transcript, &hash(&[ciphertext])])
}

impl Talk {
    /// The conversation of this number, before its first message.
    pub(super) fn new(number: u64, without: Option<Part>) -> Self {
        let mut dice = Dice::new(number);
        let mut rng = dice.generator();
        let [transcript, root, chain, header, a, b] = [(); 6].map(|()| draw(&mut rng));
        let link = expand(&root, "link", &[]);
        let keys = Keys { transcript, root, chain, header, next: [a, b], link };
        let identity = draw(&mut rng);
        let public = kem_key(&identity);
        let (ciphertext, z3) = encapsulate(&public, &draw(&mut rng)).expect("a key");
        let answer = Answer { secret: first_answer(&transcript, &z3, &ciphertext), ciphertext };
        let mut sides = [Side::initiator(&keys, &mut rng, 0), Side::responder(&keys, 0)];
        for side in &mut sides {
            side.without = without;
        }
        let mut talk = Self {
            sides,
            sent: Vec::new(),
            transit: [Vec::new(), Vec::new()],
            ratchet_secrets: BTreeMap::new(),
            kem_seeds: BTreeMap::from([(public, identity)]),
            identity,
            answer,
            dice,
            rng,
        };
        talk.record(0);
        talk
    }

    /// What an oracle for the primitives would know.
    fn record(&mut self, from: usize) {
        let side = &self.sides[from];
        if let Some((secret, key)) =
            side.sending.as_ref().and_then(|it| it.ratchet_secret.zip(it.ratchet_key))
        {
            self.ratchet_secrets.insert(key, secret);
        }
        if let Phase::Offering { seed, .. } = side.lane.phase {
            self.kem_seeds.entry(kem_key(&seed)).or_insert(seed);
        }
    }

    /// Seals a message, which is then on its way.
    pub(super) fn send(&mut self, from: usize) -> usize {
        let mut content = vec![0; 16 + usize::try_from(self.dice.below(64)).expect("small")];
        self.rng.fill_bytes(&mut content);
        let side = &mut self.sides[from];
        let bytes = side.seal(&content, Some(&self.answer), &mut self.rng, 0).expect("a session in use");
        let chain = side.sending.as_ref().expect("it has just sealed").number;
        let mixed = side.lane.epoch - 1;
        self.sent.push(Sent { from, chain, mixed, bytes, content, is_opened: false });
        self.record(from);
        self.transit[1 - from].push(self.sent.len() - 1);
        self.sent.len() - 1
    }

    /// Opens a message.
    pub(super) fn deliver(&mut self, index: usize) -> Result<(), Class> {
        let Sent { from, bytes, content, .. } = &self.sent[index];
        let to = 1 - *from;
        self.transit[to].retain(|it| *it != index);
        let (identity, transcript) = (&self.identity, self.sides[to].transcript);
        let k3 = |ct: &[u8]| first_answer(&transcript, &decapsulate(identity, ct), ct);
        let opened = self.sides[to].open(bytes, &k3, 0)?;
        assert_eq!(opened.content, *content, "what was sealed is what is opened");
        self.sent[index].is_opened = true;
        Ok(())
    }

    /// One side sends a few messages. Most arrive, some later, some never.
    pub(super) fn turn(&mut self) {
        let from = if self.sent.is_empty() { 0 } else { usize::from(self.dice.below(2) == 0) };
        for _ in 0..=self.dice.below(4) {
            self.send(from);
        }
        for index in self.transit[1 - from].clone() {
            match self.dice.below(20) {
                0 => self.transit[1 - from].retain(|it| *it != index),
                1..=3 => {}
                _ => self.deliver(index).expect("honest messages open"),
            }
        }
    }

    /// Turns until so many messages were sent.
    pub(super) fn run(&mut self, messages: usize) {
        while self.sent.len() < messages {
            self.turn();
        }
    }

    /// Both sides in turn, one message each, so many times.
    pub(super) fn ping_pong(&mut self, turns: usize) {
        for _ in 0..turns {
            let from = usize::from(!self.sent.is_empty() && self.sides[0].sending.is_some());
            let index = self.send(from);
            self.deliver(index).expect("honest messages open");
        }
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.below(u64::try_from(end).expect("small"))).expect("small")
    }
}

/// The tag of a message.
pub(super) fn tag(message: &[u8]) -> [u8; 8] {
    array(&message[..8])
}
