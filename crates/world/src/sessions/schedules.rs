//! Random schedules of two ratchets. A device is stored as bytes after every operation, and loaded from them before the next.

use std::collections::BTreeMap;
use std::fmt;

use sottovoce::ratchet::{RatchetError, Tag};
use sottovoce::time::Span;

use super::Sum;
use super::pair::{Pair, Side};
use crate::dice::Dice;

/// Operations of a schedule before it comes to rest.
const OPERATIONS: u64 = 120;
/// As many closed chains with kept keys a side keeps; a message that stays behind longer may find nothing.
const KEPT_CHAINS: usize = 16;

/// What happened in schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that opened.
    pub opened: u64,
    /// Of these, after a later one.
    pub late: u64,
    /// Messages that never arrived.
    pub lost: u64,
    /// Messages that came again, and were refused.
    pub repeated: u64,
    /// Operations that were forgotten by a crash.
    pub crashes: u64,
    /// Messages that came when the keys of their chain had been dropped.
    pub forgotten: u64,
    /// Epochs of the lane that were mixed.
    pub mixed: u64,
}

impl Sum for Tally {
    fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.late += other.late;
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.crashes += other.crashes;
        self.forgotten += other.forgotten;
        self.mixed += other.mixed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opened, late, lost, repeated, crashes, forgotten, mixed } = self;
        write!(
            f,
            "{opened} messages opened, {late} of them late, {lost} lost, {repeated} repeated, {crashes} crashes, \
             {forgotten} after their keys were dropped, {mixed} epochs mixed"
        )
    }
}

/// A message under way.
#[derive(Clone)]
struct Flight {
    bytes: Vec<u8>,
    content: Vec<u8>,
    /// The number of its chain, counted at the sender.
    chain: usize,
}

/// One direction: what is under way, what has opened.
#[derive(Default)]
struct Way {
    flights: Vec<Flight>,
    opened: Vec<Flight>,
    chains: BTreeMap<Tag, usize>,
    /// The newest chain of which a message opened.
    newest: usize,
}

struct Schedule {
    pair: Pair,
    dice: Dice,
    ways: [Way; 2],
    tally: Tally,
    seed: u64,
}

/// Runs one.
pub fn run(seed: u64) -> Tally {
    let mut schedule = Schedule {
        pair: Pair::new(seed),
        dice: Dice::new(seed),
        ways: [Way::default(), Way::default()],
        tally: Tally::default(),
        seed,
    };
    // Some networks are good, some lose a quarter, some repeat.
    let loss = schedule.dice.below(30);
    for _ in 0..OPERATIONS {
        schedule.operate(loss);
    }
    schedule.rest();
    schedule.tally
}

impl Schedule {
    fn operate(&mut self, loss: u64) {
        self.pair.now = self.pair.now.plus(Span::from_secs(self.dice.below(600)));
        let way = usize::try_from(self.dice.below(2)).unwrap();
        match self.dice.below(100) {
            0..45 => {
                let content = self.content();
                self.seal(way, content);
            }
            45..90 if self.dice.below(100) < loss => self.lose(way),
            45..90 => self.deliver(way),
            90..97 => self.repeat(way),
            _ => self.crash(way),
        }
    }

    fn side(&mut self, sends: bool, way: usize) -> &mut Side {
        if sends == (way == 0) { &mut self.pair.a } else { &mut self.pair.b }
    }

    fn content(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.dice.below(400)).unwrap();
        vec![u8::try_from(self.dice.below(256)).unwrap(); length]
    }

    fn seal(&mut self, way: usize, content: Vec<u8>) {
        let (now, mut rng) = (self.pair.now, self.dice.generator());
        let sealed = self.side(true, way).seal(&content, now, &mut rng).unwrap();
        let Way { flights, chains, .. } = &mut self.ways[way];
        let count = chains.len();
        let chain = *chains.entry(sealed.position.chain).or_insert(count);
        flights.push(Flight { bytes: sealed.message, content, chain });
    }

    fn pick(&mut self, way: usize) -> Option<Flight> {
        let count = u64::try_from(self.ways[way].flights.len()).unwrap();
        (count > 0).then(|| {
            let place = usize::try_from(self.dice.below(count)).unwrap();
            self.ways[way].flights.remove(place)
        })
    }

    fn lose(&mut self, way: usize) {
        self.tally.lost += u64::from(self.pick(way).is_some());
    }

    fn deliver(&mut self, way: usize) {
        let Some(flight) = self.pick(way) else { return };
        let now = self.pair.now;
        let behind = self.ways[way].newest.saturating_sub(flight.chain);
        match self.side(false, way).open(&flight.bytes, now) {
            Ok(opened) => {
                assert_eq!(opened.content, flight.content, "seed {}", self.seed);
                self.tally.opened += 1;
                self.tally.late += u64::from(opened.is_late);
                self.ways[way].newest = self.ways[way].newest.max(flight.chain);
                self.ways[way].opened.push(flight);
            }
            Err(refused) => {
                let is_gone =
                    matches!(refused, RatchetError::TooOld | RatchetError::UnknownTag | RatchetError::Used);
                assert!(
                    is_gone && behind >= KEPT_CHAINS,
                    "seed {}: {refused}, {behind} chains behind",
                    self.seed
                );
                self.tally.forgotten += 1;
            }
        }
    }

    /// What has opened comes again.
    fn repeat(&mut self, way: usize) {
        let count = u64::try_from(self.ways[way].opened.len()).unwrap();
        if count == 0 {
            return;
        }
        let place = usize::try_from(self.dice.below(count)).unwrap();
        let flight = self.ways[way].opened[place].clone();
        let now = self.pair.now;
        let refused = self.side(false, way).open(&flight.bytes, now).unwrap_err();
        let known = matches!(refused, RatchetError::Used | RatchetError::TooOld | RatchetError::UnknownTag);
        assert!(known, "seed {}: {refused}", self.seed);
        self.tally.repeated += 1;
    }

    /// A device does something, and crashes before it is stored: nothing was sent, nothing shown. It does it again, or something else.
    fn crash(&mut self, way: usize) {
        let (now, mut rng) = (self.pair.now, self.dice.generator());
        let content = self.content();
        let flight = self.ways[way].flights.last().cloned();
        let mut forgotten = self.side(true, way).clone();
        drop(forgotten.seal(&content, now, &mut rng).unwrap());
        if let Some(flight) = flight {
            let mut forgotten = self.side(false, way).clone();
            drop(forgotten.open(&flight.bytes, now));
        }
        self.tally.crashes += 1;
    }

    /// Everything that is under way arrives; then both talk, and hear each other at once, until the lane has mixed again.
    fn rest(&mut self) {
        for way in [0, 1] {
            while !self.ways[way].flights.is_empty() {
                self.deliver(way);
            }
        }
        let before = self.mixed();
        for _ in 0..24 {
            for way in [1, 0] {
                self.seal(way, vec![9; 400]);
                self.deliver(way);
            }
        }
        self.tally.mixed = self.mixed();
        assert!(self.tally.mixed >= before + 2, "seed {}: the lane stands still", self.seed);
    }

    fn mixed(&self) -> u64 {
        let epoch = |side: &Side| sottovoce::ratchet::hazmat::lane(&side.ratchet()).1;
        u64::from(epoch(&self.pair.a).max(epoch(&self.pair.b)).saturating_sub(1))
    }
}
