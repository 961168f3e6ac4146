//! What a thief of A's state reaches who also writes.

use core::fmt;
use std::collections::BTreeSet;

use super::talk::Talk;
use super::thief::{Broken, Thief};
use crate::ratchet::model::{Class, Lane, Phase, Side, draw, kem_key};

/// What the thief does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing.
    Listen,
    /// Writes three messages in A's open chain, in which A then writes more.
    Write,
    /// Writes three messages in A's open chain, in which A then writes fewer.
    Overtake,
    /// Begins A's next chain before A does.
    Begin,
    /// Gives B a key of its own for the lane, in A's open chain, in which A then writes more.
    Graft,
    /// Stands between A and B for 20 root steps, and then leaves.
    Between,
}

pub(super) const DEEDS: [(&str, Deed); 6] = [
    ("listens", Deed::Listen),
    ("writes in A's open chain, less than A", Deed::Write),
    ("writes in A's open chain, more than A", Deed::Overtake),
    ("begins a chain in A's place", Deed::Begin),
    ("gives B a key of its own for the lane", Deed::Graft),
    ("stands in between for 20 root steps, then leaves", Deed::Between),
];

/// What came of a deed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Messages of the thief that were taken for A's or B's.
    pub(super) believed: usize,
    /// Messages of A and B from then on; how many of them were refused, and why; how many were read.
    pub(super) sent: usize,
    pub(super) refused: usize,
    classes: BTreeSet<Class>,
    pub(super) read: usize,
    /// Whether the last message of A, and that of B, was read.
    pub(super) reads_last: [bool; 2],
    pub(super) lane_is_closed: bool,
    /// Whether B accepts A's proof of this session when they begin another one.
    pub(super) links: bool,
}

const ROUNDS: usize = 100;

/// No first answer is needed any more.
const ANY: &dyn Fn(&[u8]) -> [u8; 32] = &|_| [0; 32];

impl Outcome {
    pub(super) fn of(number: u64, deed: Deed, broken: Broken) -> Self {
        let mut talk = Talk::new(number, None);
        talk.ping_pong(20);
        while talk.sides[0].sending.is_some() || !matches!(talk.sides[0].lane.phase, Phase::Ready { .. }) {
            talk.ping_pong(1);
        }
        let mut outcome = Self::default();
        let before = talk.sides[0].clone();
        let from = talk.sent.len() + 1;
        let loot =
            if deed == Deed::Begin { outcome.begin(&mut talk, before) } else { outcome.act(&mut talk, deed) };
        let first = if matches!(deed, Deed::Write | Deed::Graft) { outcome.believed + 1 } else { 0 };
        for _ in 0..first {
            outcome.send(&mut talk, 0);
        }
        for _ in 0..ROUNDS {
            outcome.send(&mut talk, 0);
            outcome.send(&mut talk, 1);
        }
        outcome.judge(&talk, from, &loot, broken);
        outcome
    }

    fn send(&mut self, talk: &mut Talk, from: usize) {
        let index = talk.send(from);
        if let Err(class) = talk.deliver(index) {
            self.refused += 1;
            self.classes.insert(class);
        }
    }

    fn judge(&mut self, talk: &Talk, from: usize, loot: &[Side], broken: Broken) {
        let mut read = BTreeSet::<usize>::new();
        for side in loot {
            let mut thief = Thief::new(talk, broken);
            thief.take(side);
            thief.compute();
            read.extend(thief.read.range(from..));
        }
        self.sent = talk.sent.len() - from;
        self.read += read.len();
        self.reads_last = [2, 1].map(|i| read.contains(&(talk.sent.len() - i)));
        self.lane_is_closed = talk.sides.iter().any(|side| matches!(side.lane.phase, Phase::Closed));
        let link = talk.sides[0].links[1];
        self.links = link.is_some() && talk.sides[1].links.contains(&link);
    }

    /// B takes a message for A's.
    fn forge(&mut self, talk: &mut Talk, thief: &mut Side, content: &[u8]) {
        let message = thief.seal(content, None, &mut talk.rng, 0).expect("a session in use");
        let other = &mut talk.sides[1 - usize::from(thief.role)];
        self.believed += usize::from(other.open(&message, ANY, 0).is_ok());
    }

    fn begin(&mut self, talk: &mut Talk, mut stolen: Side) -> Vec<Side> {
        let before = stolen.clone();
        self.forge(talk, &mut stolen, b"as A");
        talk.send(0);
        vec![before, stolen]
    }

    /// The state is stolen when A has begun a chain, with which the lane has moved on.
    fn act(&mut self, talk: &mut Talk, deed: Deed) -> Vec<Side> {
        let first = talk.send(0);
        let mut stolen = talk.sides[0].clone();
        let before = stolen.clone();
        if deed == Deed::Graft {
            stolen.lane = Lane::offering(stolen.lane.epoch, draw(&mut talk.rng), 0);
        } else {
            talk.deliver(first).expect("honest messages open");
        }
        let messages = match deed {
            Deed::Write | Deed::Overtake => 3,
            Deed::Graft => 10,
            Deed::Listen | Deed::Begin | Deed::Between => 0,
        };
        (0..messages).for_each(|_| self.forge(talk, &mut stolen, b"as A"));
        if deed == Deed::Between { self.stand_between(talk, stolen) } else { vec![before] }
    }

    fn stand_between(&mut self, talk: &mut Talk, stolen: Side) -> Vec<Side> {
        let mut thieves = [other_side(&stolen), stolen];
        for turn in 0..20 {
            let from = 1 - turn % 2;
            let index = talk.send(from);
            let sent = &talk.sent[index];
            let opened = thieves[from].open(&sent.bytes, ANY, 0).expect("the thief is whom it was sent to");
            assert_eq!(opened.content, sent.content, "what was sealed is what is opened");
            self.read += 1;
            self.forge(talk, &mut thieves[1 - from], &opened.content);
        }
        thieves.to_vec()
    }
}

/// B's side, as far as A's state gives it, while A's chain is open.
fn other_side(stolen: &Side) -> Side {
    let mut side = stolen.clone();
    side.role = 1;
    side.previous = stolen.receiving.as_ref().map_or(0, |chain| chain.next);
    side.receiving = side.sending.take();
    if let Phase::Offering { seed, .. } = stolen.lane.phase {
        side.lane = Lane::collecting(stolen.lane.epoch);
        side.lane.phase = Phase::Holding { key: kem_key(&seed) };
    }
    side
}

impl Outcome {
    pub(super) const HEAD: &str = "\
| broken | a thief of A's state | its messages that were believed | of what A and B sent then, refused | read | of the last ones | lane | a new session links |
|---|---|---|---|---|---|---|---|\n";
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { believed, sent, refused, read, .. } = self;
        let classes: Vec<_> = self.classes.iter().map(|class| format!(" `{class}`")).collect();
        let last = match self.reads_last {
            [true, true] => "both",
            [true, false] => "A's",
            [false, true] => "B's",
            [false, false] => "none",
        };
        let lane = if self.lane_is_closed { "closed" } else { "goes on" };
        let links = if self.links { "yes" } else { "no" };
        write!(f, "{believed} | {refused} of {sent}{} | {read} | {last} | {lane} | {links}", classes.concat())
    }
}
