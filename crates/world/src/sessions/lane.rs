//! Random schedules of the lane alone: its real states and ML-KEM, on messages of nothing but fields.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sottovoce::crypto::random::Generator;
use sottovoce::ratchet::hazmat::{Fields, LaneSide};

use super::Sum;
use crate::dice::Dice;

const OPERATIONS: u64 = 160;

/// What happened in schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were taken.
    pub taken: u64,
    /// Messages that never arrived.
    pub lost: u64,
    /// Epochs that were mixed by both sides.
    pub mixed: u64,
}

impl Sum for Tally {
    fn add(&mut self, other: &Self) {
        self.taken += other.taken;
        self.lost += other.lost;
        self.mixed += other.mixed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, lost, mixed } = self;
        write!(f, "{taken} messages taken, {lost} lost, {mixed} epochs mixed by both sides")
    }
}

/// A message under way.
struct Flight {
    chain: u64,
    number: u64,
    named: u32,
    fields: Fields,
}

/// One side, with what a ratchet does around its lane: chains in strict turns, and every header names its chain's epoch.
struct Side {
    lane: LaneSide,
    /// The newest chains, counted from 1; 0 is none.
    sent: u64,
    received: u64,
    /// Whether the next message begins a chain.
    is_due: bool,
    number: u64,
    named: u32,
    seen: BTreeSet<(u64, u64)>,
    /// What the step of each chain mixed.
    mixed: BTreeMap<u64, [u8; 32]>,
}

impl Side {
    fn send(&mut self, room: usize, rng: &mut Generator) -> Flight {
        let message = self.lane.send(self.is_due, room, rng).unwrap();
        if self.is_due {
            self.sent += 1;
            (self.is_due, self.number, self.named) = (false, 0, message.named);
            self.mixed.extend(message.mixed.map(|secret| (self.sent, *secret.expose())));
        }
        self.number += 1;
        Flight { chain: self.sent, number: self.number, named: self.named, fields: message.fields }
    }

    /// Takes a message once; gives what its step mixed, if it is the first one seen of its chain.
    fn take(&mut self, flight: &Flight, seed: u64) -> Option<[u8; 32]> {
        if !self.seen.insert((flight.chain, flight.number)) {
            return None;
        }
        let begins = flight.chain > self.received;
        if begins {
            assert_eq!(flight.chain, self.received + 1, "seed {seed}: chains take turns");
            assert!(!self.is_due, "seed {seed}: a step that was not made");
            (self.received, self.is_due) = (flight.chain, true);
        }
        let named = if begins { flight.named } else { 0 };
        let mixed = self.lane.receive(named, &flight.fields).unwrap_or_else(|error| {
            panic!("seed {seed}: chain {} names {named}: {error}", flight.chain);
        });
        mixed.map(|secret| *secret.expose())
    }
}

/// Runs one.
pub fn run(seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let mut rng = dice.generator();
    let side = |lane, sent, received, is_due| Side {
        lane,
        sent,
        received,
        is_due,
        number: 0,
        named: 0,
        seen: BTreeSet::new(),
        mixed: BTreeMap::new(),
    };
    // A's first chain has no step; B has received a message of it.
    let mut sides =
        [side(LaneSide::offerer(&mut rng).unwrap(), 1, 0, false), side(LaneSide::answerer(), 0, 1, true)];
    let mut flights: [Vec<Flight>; 2] = [Vec::new(), Vec::new()];
    let (loss, room) = (dice.below(40), dice.below(37) + 1);
    let mut tally = Tally::default();
    for operation in 0.. {
        let way = usize::try_from(dice.below(2)).unwrap();
        let at_rest = operation >= OPERATIONS;
        if at_rest && flights.iter().all(Vec::is_empty) {
            break;
        }
        let count = u64::try_from(flights[way].len()).unwrap();
        if !at_rest && dice.below(2) == 0 {
            let flight = sides[way].send(usize::try_from(dice.below(room)).unwrap() + 1, &mut rng);
            flights[way].push(flight);
        } else if count > 0 {
            let place = usize::try_from(dice.below(count)).unwrap();
            if dice.below(100) < loss {
                flights[way].remove(place);
                tally.lost += 1;
                continue;
            }
            // One in ten stays under way, and comes again.
            let again = !at_rest && dice.below(10) == 0;
            let mixed = sides[1 - way].take(&flights[way][place], seed);
            let expected = sides[way].mixed.get(&flights[way][place].chain);
            if let Some(mixed) = mixed {
                assert_eq!(expected, Some(&mixed), "seed {seed}: the sides mix different secrets");
                tally.mixed += 1;
            }
            tally.taken += 1;
            if !again {
                flights[way].remove(place);
            }
        }
    }
    assert!(!sides.iter().any(|side| side.lane.is_closed()), "seed {seed}: closed");
    tally.mixed += finish(&mut sides, &mut rng, seed);
    tally
}

/// In turns, with nothing lost, the lane goes on: at least one epoch is mixed.
fn finish(sides: &mut [Side; 2], rng: &mut Generator, seed: u64) -> u64 {
    let mut count = 0;
    for _ in 0..8 {
        for way in [1, 0] {
            let flight = sides[way].send(37, rng);
            let mixed = sides[1 - way].take(&flight, seed);
            assert_eq!(mixed.as_ref(), sides[way].mixed.get(&flight.chain).filter(|_| mixed.is_some()));
            count += u64::from(mixed.is_some());
        }
    }
    assert!(count > 0, "seed {seed}: the lane stands still");
    count
}
