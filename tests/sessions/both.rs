//! S-01: both begin at once. All orders of what is on its way.

use std::collections::BTreeSet;

use sottovoce::crypto::hash::Hash;
use sottovoce::session::{Notice, Received, Standing};
use sottovoce::time::Span;

use crate::phones::{Mail, Phone, acquainted, text, two};
use crate::support::{alarms, wait};

/// Both sides, what is on its way between them, and what became of it.
struct World {
    phones: [Phone; 2],
    flight: Vec<Mail>,
    said: u32,
    shown: BTreeSet<Vec<u8>>,
    /// Whether a side still answers what it hears first.
    replies: [bool; 2],
    /// Whether the first side will begin once more.
    restarts: bool,
    tally: Tally,
    /// How long a message takes.
    pace: Span,
    /// What was done, to be shown when something goes wrong.
    trace: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    orders: u32,
    deliveries: u32,
    resent: u32,
    most_rounds: u32,
}

impl World {
    fn new((a, b): (Phone, Phone)) -> Self {
        Self {
            phones: [a, b],
            flight: Vec::new(),
            said: 0,
            shown: BTreeSet::new(),
            replies: [false; 2],
            restarts: false,
            tally: Tally::default(),
            pace: Span::from_secs(1),
            trace: Vec::new(),
        }
    }

    fn content(&mut self) -> Vec<u8> {
        self.said += 1;
        self.said.to_be_bytes().to_vec()
    }

    fn begin(&mut self, side: usize) {
        let content = self.content();
        let [a, b] = &mut self.phones;
        let (from, to) = if side == 0 { (a, b) } else { (b, a) };
        let mail = from.begin(to, &content).unwrap();
        let session = from.active(to.name).unwrap();
        self.trace.push(format!("{side} begins {:02x?}", &session.as_bytes()[..2]));
        self.flight.push(mail);
    }

    fn say(&mut self, side: usize) {
        let content = self.content();
        let to = self.phones[1 - side].name;
        let mail = self.phones[side].say(to, &content).unwrap();
        self.flight.push(mail);
    }

    /// Whatever comes is shown, once.
    fn deliver(&mut self, mail: &Mail) {
        let side = usize::from(self.phones[1].name == mail.to);
        self.tally.deliveries += 1;
        let [a, b] = &mut self.phones;
        wait([a, b], self.pace);
        let received = match self.phones[side].receive(mail) {
            Received::Message(message) => message,
            Received::Refused { error, .. } => panic!("refused: {error:?} after {:#?}", self.trace),
        };
        let session = &received.session.as_bytes()[..2];
        self.trace.push(format!("{side} hears in {session:02x?}, {:?}", received.place));
        assert_eq!(alarms(&received.notices), Vec::<&Notice>::new(), "{:#?}", self.trace);
        assert_ne!(received.place, Standing::Contested);
        assert!(self.shown.insert(text(&received).to_vec()), "twice");
        for notice in &received.notices {
            if matches!(notice, Notice::Resend { .. }) {
                // While acks are on their way for longer than an hour, what has come may be asked for again.
                self.tally.resent += 1;
            }
        }
        if std::mem::take(&mut self.replies[side]) {
            self.say(side);
        }
    }

    fn active(&mut self) -> [Option<Hash>; 2] {
        let names = [self.phones[1].name, self.phones[0].name];
        [self.phones[0].active(names[0]), self.phones[1].active(names[1])]
    }

    /// Every order of what is on its way and of what is still done.
    fn explore(&mut self, expected: Option<Hash>) {
        if self.flight.is_empty() && !self.restarts {
            return self.settle(expected);
        }
        for next in 0..self.flight.len() + usize::from(self.restarts) {
            let stores = [self.phones[0].store.snapshot(), self.phones[1].store.snapshot()];
            let kept = (self.flight.clone(), self.said, self.shown.clone(), self.replies, self.restarts);
            let (traced, now) = (self.trace.len(), self.phones[0].now);
            if next < self.flight.len() {
                let mail = self.flight.remove(next);
                self.deliver(&mail);
            } else {
                self.restarts = false;
                self.begin(0);
            }
            self.explore(expected);
            self.trace.truncate(traced);
            self.phones.iter_mut().for_each(|phone| phone.now = now);
            (self.flight, self.said, self.shown, self.replies, self.restarts) = kept;
            for (phone, store) in self.phones.iter_mut().zip(&stores) {
                phone.store.restore(store);
            }
        }
    }

    /// Nothing is on its way: within two round trips both seal in one session, and everything was shown.
    fn settle(&mut self, expected: Option<Hash>) {
        self.tally.orders += 1;
        self.replies = [false; 2];
        let mut rounds = 0;
        for round in 1..=2 {
            let [a, b] = self.active();
            if a != b {
                rounds = round;
            }
            for side in [0, 1] {
                self.say(side);
                let mail = self.flight.pop().unwrap();
                self.deliver(&mail);
            }
        }
        self.tally.most_rounds = self.tally.most_rounds.max(rounds);
        let [a, b] = self.active();
        assert!(a.is_some());
        assert_eq!(a, b, "one session: {:#?}", self.trace);
        if expected.is_some() {
            assert_eq!(a, expected, "the lower one");
        }
        assert_eq!(self.shown.len(), usize::try_from(self.said).unwrap(), "nothing is lost");
    }

    fn print(&self, name: &str) -> Tally {
        let Tally { orders, deliveries, resent, most_rounds } = self.tally;
        println!(
            "{name}: {orders} orders, {deliveries} deliveries, {resent} asked for again, at most {most_rounds} round trips"
        );
        self.tally
    }
}

fn lower([a, b]: [Option<Hash>; 2]) -> (Option<Hash>, bool) {
    let (a, b) = (a.unwrap(), b.unwrap());
    let is_first = a.as_bytes() < b.as_bytes();
    (Some(if is_first { a } else { b }), is_first)
}

/// Both begin and send so many messages each, and answer the first that they hear or not. Until either name was the lower one.
fn both(name: &str, make: impl Fn(u64) -> (Phone, Phone), counts: &[[u32; 2]]) -> u32 {
    let mut orders = 0;
    for replies in [false, true] {
        for [from_a, from_b] in counts {
            let mut lowers = BTreeSet::new();
            for seed in 0..64 {
                let mut world = World::new(make(seed));
                for (side, count) in [(0, *from_a), (1, *from_b)] {
                    world.begin(side);
                    (1..count).for_each(|_| world.say(side));
                }
                world.replies = [replies; 2];
                let active = world.active();
                let (expected, is_first) = lower(active);
                if lowers.insert(is_first) {
                    world.explore(expected);
                    let tally = world.print(&format!("{name}, {from_a} and {from_b}, answered: {replies}"));
                    assert_eq!(tally.resent, 0);
                    orders += tally.orders;
                }
                if lowers.len() == 2 {
                    break;
                }
            }
            assert_eq!(lowers.len(), 2);
        }
    }
    orders
}

fn seeded(seed: u64, (mut a, mut b): (Phone, Phone)) -> (Phone, Phone) {
    a.rng = crate::phones::generator(seed + 1_000);
    b.rng = crate::phones::generator(seed ^ (1 << 40));
    (a, b)
}

#[test]
fn s_01_both_begin_and_end_in_the_lower_session() {
    let counts = [[1, 1], [1, 2], [2, 1], [2, 2]];
    let orders = both("at first", |seed| seeded(seed, two()), &counts);
    assert!(orders > 1_000, "{orders}");
}

/// Both renew a settled session at once.
#[test]
fn s_01_both_renew_and_end_in_the_lower_session() {
    let make = |seed| {
        let (mut a, mut b) = seeded(seed, acquainted());
        crate::support::talk(&mut a, &mut b, 1);
        let last = a.say(b.name, b"last").unwrap();
        b.hears(&last);
        wait([&mut a, &mut b], Span::from_days(2));
        (a, b)
    };
    let orders = both("renewed", make, &[[1, 1], [2, 1], [1, 2]]);
    assert!(orders > 100, "{orders}");
}

/// One side begins once more, a day later, whenever that is: before or after it has heard of the other's session, or of an answer.
#[test]
fn s_01_one_side_begins_again() {
    let mut orders = 0;
    for linked in [false, true] {
        for replies in [[false, false], [true, false], [false, true], [true, true]] {
            for other_begins in [false, true] {
                for seed in 0..6 {
                    let mut world = World::new(seeded(seed, if linked { acquainted() } else { two() }));
                    let [a, b] = &mut world.phones;
                    wait([a, b], Span::from_days(2));
                    world.begin(0);
                    if other_begins {
                        world.begin(1);
                    }
                    let [a, b] = &mut world.phones;
                    wait([a, b], Span::from_days(1));
                    world.pace = Span::from_secs(3_600);
                    world.restarts = true;
                    world.replies = replies;
                    world.explore(None);
                    orders += world.tally.orders;
                }
            }
        }
    }
    println!("begun again: {orders} orders");
    assert!(orders > 500);
}
