//! What a thief reads who does nothing but listen.

use core::fmt;
use std::collections::BTreeSet;

use super::talk::Talk;
use super::thief::{Broken, Thief};
use crate::ratchet::model::{Part, Side};

/// How long a conversation is, and in which part of it thefts happen.
const MESSAGES: usize = 400;
const THEFTS: usize = 4;
const LATEST_THEFT: usize = 150;

/// What is stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loot {
    pub(super) words: &'static str,
    sides: &'static [usize],
    has_identity: bool,
    /// In A's first flight, before B has answered.
    is_early: bool,
}

impl Loot {
    const fn of(words: &'static str, sides: &'static [usize]) -> Self {
        Self { words, sides, has_identity: false, is_early: false }
    }
}

pub(super) const LOOT: [Loot; 6] = [
    Loot::of("A's state", &[0]),
    Loot::of("B's state", &[1]),
    Loot::of("both states", &[0, 1]),
    Loot { is_early: true, ..Loot::of("A's state, before B's first answer", &[0]) },
    Loot {
        is_early: true,
        has_identity: true,
        ..Loot::of("the same, and the ML-KEM identity key of A's device", &[0])
    },
    Loot { is_early: true, ..Loot::of("B's state, before its first answer", &[1]) },
];

pub(super) const BROKEN: [(&str, Broken); 4] = [
    ("nothing", Broken { dh: false, kem: false }),
    ("X25519", Broken { dh: true, kem: false }),
    ("ML-KEM", Broken { dh: false, kem: true }),
    ("both", Broken { dh: true, kem: true }),
];

/// The fewest and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(usize, usize);

/// What thefts of one kind came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    thefts: usize,
    /// Messages from before that were read although the victim had sealed or opened them.
    pub(super) past: usize,
    /// Messages from before that the victim had not opened yet.
    pub(super) pending: [usize; 2],
    /// Messages from after, and how many of them were read.
    pub(super) later: [usize; 2],
    pub(super) healed: usize,
    /// From theft to the first message that cannot be read.
    pub(super) steps: Option<Span>,
    messages: Option<Span>,
    pub(super) epochs: Option<Span>,
    /// Thefts after which, later than that, something could be read in the same chain or a later one.
    pub(super) relapses: usize,
    /// The most chains, from that one on, whose messages were still recognised.
    pub(super) recognised: usize,
}

/// A state of a conversation that somebody took.
#[derive(Debug)]
pub(super) struct Theft {
    sides: [Side; 2],
    index: usize,
    /// What either side has opened.
    opened: Vec<bool>,
}

/// A conversation and thefts in it.
#[derive(Debug)]
pub(super) struct Story {
    talk: Talk,
    early: Theft,
    thefts: Vec<Theft>,
}

impl Theft {
    fn of(talk: &Talk) -> Self {
        let opened = talk.sent.iter().map(|sent| sent.is_opened).collect();
        Self { sides: talk.sides.clone(), index: talk.sent.len(), opened }
    }
}

impl Story {
    pub(super) fn new(number: u64, without: Option<Part>) -> Self {
        let mut talk = Talk::new(number, without);
        let first = talk.send(0);
        talk.deliver(first).expect("the first message opens");
        let early = Theft::of(&talk);
        let mut moments: Vec<_> = (0..THEFTS).map(|_| 2 + talk.below(LATEST_THEFT)).collect();
        moments.sort_unstable();
        while talk.sides[0].steps == 0 {
            talk.turn();
        }
        let mut thefts = Vec::new();
        for moment in moments {
            talk.run(moment);
            thefts.push(Theft::of(&talk));
        }
        talk.run(MESSAGES);
        Self { talk, early, thefts }
    }

    /// Adds what this loot gives in this conversation.
    pub(super) fn tally(&self, loot: &Loot, broken: Broken, tally: &mut Tally) {
        let thefts = if loot.is_early { core::slice::from_ref(&self.early) } else { &self.thefts };
        for theft in thefts {
            let mut thief = Thief::new(&self.talk, broken);
            thief.identity = Some(self.talk.identity).filter(|_| loot.has_identity);
            loot.sides.iter().for_each(|side| thief.take(&theft.sides[*side]));
            thief.compute();
            tally.add(&self.talk, theft, &thief, loot.sides);
        }
    }
}

impl Tally {
    fn add(&mut self, talk: &Talk, theft: &Theft, thief: &Thief<'_>, victims: &[usize]) {
        self.thefts += 1;
        for (index, sent) in talk.sent.iter().enumerate().take(theft.index) {
            let is_read = usize::from(thief.read.contains(&index));
            if victims.contains(&(1 - sent.from)) && !theft.opened[index] {
                self.pending[0] += 1;
                self.pending[1] += is_read;
            } else {
                self.past += is_read;
            }
        }
        self.later[0] += talk.sent.len() - theft.index;
        self.later[1] += thief.read.range(theft.index..).count();
        let Some(first) = (theft.index..talk.sent.len()).find(|index| !thief.read.contains(index)) else {
            return;
        };
        self.healed += 1;
        let (healing, steps) = (&talk.sent[first], theft.sides.iter().map(|side| side.steps).max());
        let mixed = theft.sides.iter().map(|side| side.lane.epoch - 1).max();
        let count = |now: u32, then: Option<u32>| usize::try_from(now - then.unwrap_or(0)).expect("small");
        Span::widen(&mut self.steps, count(healing.chain, steps));
        Span::widen(&mut self.epochs, count(healing.mixed, mixed));
        Span::widen(&mut self.messages, first - theft.index);
        let mut after = thief.read.range(first..).filter(|index| talk.sent[**index].chain >= healing.chain);
        self.relapses += usize::from(after.next().is_some());
        let recognised =
            talk.sent.iter().filter(|it| it.chain >= healing.chain && thief.recognises(&it.bytes));
        let chains: BTreeSet<_> = recognised.map(|sent| sent.chain).collect();
        self.recognised = self.recognised.max(chains.len());
    }
}

impl Span {
    fn widen(span: &mut Option<Self>, value: usize) {
        let Self(low, high) = span.unwrap_or(Self(value, value));
        *span = Some(Self(low.min(value), high.max(value)));
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{} to {}", self.0, self.1) }
    }
}

impl Tally {
    pub(super) const HEAD: &str = "\
| broken | stolen | read of before: of what the victim had sealed or opened, of the rest | read of after | root steps until unreadable | messages | epochs | chains then recognised | read again |
|---|---|---|---|---|---|---|---|---|\n";
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { past, pending, later, healed, thefts, .. } = self;
        write!(f, "{past}, {} of {} | {} of {} | ", pending[1], pending[0], later[1], later[0])?;
        match (self.steps, self.messages, self.epochs) {
            (Some(steps), Some(messages), Some(epochs)) => {
                let note = if healed == thefts { String::new() } else { format!(" ({healed} of {thefts})") };
                let Self { recognised, relapses, .. } = self;
                write!(f, "{steps}{note} | {messages} | {epochs} | {recognised} | {relapses}")
            }
            _ => write!(f, "never | | | |"),
        }
    }
}
