//! Two accounts, and everything that can become of up to five acts, in any order, delivered or lost.

use std::collections::{BTreeSet, VecDeque};

use sottovoce::content::{Act, Body, Consent, ConsentState, ContactConsent, Heard, TokenGrant, Version};
use sottovoce::crypto::random::Generator;
use sottovoce::wire::Wire as _;

use crate::{at, copy, generator, home, version};

const ACTS: [Act; 7] =
    [Act::Request, Act::Accept, Act::Decline, Act::Revoke, Act::Rotate, Act::Block, Act::Unblock];
/// With which two come together: `None` is any content, with the grant that is owed before it.
const WILLING: [Option<Act>; 4] = [Some(Act::Request), Some(Act::Accept), Some(Act::Rotate), None];

enum Said {
    Consent(Consent),
    Token(TokenGrant),
}

struct Letter {
    to: usize,
    said: Vec<u8>,
    is_token: bool,
    version: Version,
}

struct Pair {
    sides: [ContactConsent; 2],
    letters: Vec<Letter>,
    /// The version of what last counted on each side.
    heard: [Version; 2],
    clock: u64,
}

/// State, and whether it has a token, the other's, and has to tell its own.
type Side = (String, bool, bool, bool);
/// To whom, what, whether it is newer than what was heard, and whether its token is its sender's.
type Shape = ([Side; 2], Vec<(usize, u8, bool, bool)>);

impl Letter {
    fn read(&self) -> Said {
        if self.is_token {
            Said::Token(TokenGrant::decode(&self.said).unwrap())
        } else {
            Said::Consent(Consent::decode(&self.said).unwrap())
        }
    }

    fn shape(&self, pair: &Pair) -> (usize, u8, bool, bool) {
        let said = self.read();
        let (what, grant) = match &said {
            Said::Token(grant) => (0, Some(grant)),
            Said::Consent(Consent::Request(grant)) => (1, Some(grant)),
            Said::Consent(Consent::Accept(grant)) => (2, Some(grant)),
            Said::Consent(Consent::Decline) => (3, None),
            Said::Consent(Consent::Revoke) => (4, None),
        };
        let ours = pair.sides[1 - self.to].ours();
        let is_current = grant.is_some_and(|grant| ours.is_some_and(|ours| ours.is(&grant.token)));
        (self.to, what, self.version > pair.heard[self.to], is_current)
    }
}

impl Pair {
    fn copy(&self) -> Self {
        let letters = self.letters.iter().map(|letter| Letter { said: letter.said.clone(), ..*letter });
        Self {
            sides: [copy(&self.sides[0]), copy(&self.sides[1])],
            heard: self.heard,
            letters: letters.collect(),
            clock: self.clock,
        }
    }

    fn strangers() -> Self {
        let sides = [ContactConsent::new(), ContactConsent::new()];
        Self { sides, letters: Vec::new(), heard: [Version::NONE; 2], clock: 0 }
    }

    /// Whether a side holds the other's token.
    fn holds(&self, side: usize) -> bool {
        let (mine, other) = (&self.sides[side], &self.sides[1 - side]);
        mine.theirs().zip(other.ours()).is_some_and(|(theirs, ours)| theirs.token.is(ours))
    }

    fn side(&self, side: usize) -> Side {
        let contact = &self.sides[side];
        let state = format!("{:?}", contact.state());
        (state, contact.ours().is_some(), self.holds(side), copy(contact).owed(&home(), at(0)).is_some())
    }

    fn shape(&self) -> Shape {
        ([self.side(0), self.side(1)], self.letters.iter().map(|letter| letter.shape(self)).collect())
    }

    /// Whether the act was possible and did anything.
    fn act(&mut self, side: usize, act: Option<Act>, rng: &mut Generator) -> bool {
        self.clock += 1_000;
        let acted = match act {
            Some(act) => self.sides[side].act(act, &home(), at(self.clock), rng).ok(),
            None => self.sides[side].owed(&home(), at(self.clock)),
        };
        let Some(acted) = acted else { return false };
        let (said, is_token) = match acted.send {
            Some(Body::Consent(consent)) => (consent.encode().unwrap(), false),
            Some(Body::Token(grant)) => (grant.encode().unwrap(), true),
            Some(other) => panic!("{other:?}"),
            None => return true,
        };
        let version = Version { sent_at: acted.at, ..version(self.clock) };
        self.letters.push(Letter { to: 1 - side, said, is_token, version });
        true
    }

    fn deliver(&mut self, index: usize) {
        let letter = self.letters.remove(index);
        let contact = &mut self.sides[letter.to];
        let counts = match letter.read() {
            Said::Consent(consent) => contact.hear(Heard::Consent(&consent), letter.version),
            Said::Token(grant) => contact.hear(Heard::Token(&grant), letter.version),
        };
        if counts {
            self.heard[letter.to] = letter.version;
        }
    }

    fn is_together(&self) -> bool {
        (0..2).all(|side| self.sides[side].state() == ConsentState::Accepted && self.holds(side))
    }

    /// Whether they come together by acts of people, everything delivered. Who begins with a request, if one does, does
    /// not ask again, and no token is rotated.
    fn comes_together(&self, first: Option<usize>, rng: &mut Generator) -> bool {
        let mut start = self.copy();
        start.letters.clear();
        if let Some(side) = first {
            assert!(start.act(side, Some(Act::Request), rng), "it can ask");
            start.deliver(0);
        }
        let mut seen = BTreeSet::from([start.shape()]);
        let mut waiting = VecDeque::from([(start, 0)]);
        while let Some((pair, depth)) = waiting.pop_front() {
            if pair.is_together() {
                return true;
            }
            for (side, act) in [0, 1].into_iter().flat_map(|side| WILLING.map(|act| (side, act))) {
                let mut next = pair.copy();
                let is_excess = first.is_some_and(|asked| {
                    act == Some(Act::Rotate) || (asked == side && act == Some(Act::Request))
                });
                if depth < 6 && !is_excess && next.act(side, act, rng) {
                    if !next.letters.is_empty() {
                        next.deliver(0);
                    }
                    if seen.insert(next.shape()) {
                        waiting.push_back((next, depth + 1));
                    }
                }
            }
        }
        false
    }
}

/// All that can follow from a pair: acts, if there are any left, and letters that arrive or are lost, in any order.
fn successors(pair: &Pair, may_act: bool, rng: &mut Generator) -> Vec<(Pair, bool)> {
    let mut next = Vec::new();
    let acts = ACTS.into_iter().map(Some).chain([None]);
    for (side, act) in acts.flat_map(|act| [(0, act), (1, act)]).filter(|_| may_act) {
        let mut other = pair.copy();
        if other.act(side, act, rng) {
            next.push((other, true));
        }
    }
    for index in 0..pair.letters.len() {
        let (mut delivered, mut lost) = (pair.copy(), pair.copy());
        delivered.deliver(index);
        lost.letters.remove(index);
        next.extend([(delivered, false), (lost, false)]);
    }
    next
}

#[test]
fn no_two_accounts_are_ever_stuck() {
    let mut rng = generator(1);
    let start = Pair::strangers();
    let mut seen = BTreeSet::from([(start.shape(), 0)]);
    let (mut waiting, mut judged) = (VecDeque::from([(start, 0)]), BTreeSet::new());
    let mut states = BTreeSet::new();
    while let Some((pair, acts)) = waiting.pop_front() {
        let sides = pair.shape().0;
        states.insert(sides.clone().map(|side| side.0));
        if judged.insert(sides) && pair.sides.iter().all(|side| side.state() != ConsentState::Blocked) {
            assert!(pair.comes_together(None, &mut rng), "stuck: {:?}", pair.sides);
            for side in 0..2 {
                let asks = [ConsentState::None, ConsentState::Declined, ConsentState::RequestSent];
                if asks.contains(&pair.sides[side].state()) {
                    assert!(pair.comes_together(Some(side), &mut rng), "{side} asks: {:?}", pair.sides);
                }
            }
        }
        for (next, has_acted) in successors(&pair, acts < 5, &mut rng) {
            let acts = acts + u8::from(has_acted);
            if seen.insert((next.shape(), acts)) {
                waiting.push_back((next, acts));
            }
        }
    }
    println!("{} situations, {} pairs of sides, {} of states", seen.len(), judged.len(), states.len());
    assert!(states.len() > 25, "almost all pairs of states occur");
}

/// A decline that was lost, and then the other way round: who was declined learns it with the next thing that is said.
#[test]
fn a_lost_decline_does_not_hang() {
    let mut rng = generator(2);
    let mut pair = Pair::strangers();
    assert!(pair.act(0, Some(Act::Request), &mut rng));
    pair.deliver(0);
    assert!(pair.act(1, Some(Act::Decline), &mut rng));
    pair.letters.clear();
    assert!(pair.act(1, Some(Act::Request), &mut rng));
    pair.deliver(0);
    assert_eq!(pair.sides[0].state(), ConsentState::Accepted);
    assert_eq!(pair.sides[1].state(), ConsentState::RequestSent);
    assert!(pair.act(0, None, &mut rng), "a grant goes before the next content");
    pair.deliver(0);
    assert!(pair.is_together());
}

/// What replaces counts in its order, not in that of arrival.
#[test]
fn what_was_said_earlier_does_not_come_back() {
    let mut rng = generator(3);
    let mut pair = Pair::strangers();
    for (side, act) in
        [(0, Act::Request), (1, Act::Accept), (0, Act::Rotate), (0, Act::Rotate), (0, Act::Revoke)]
    {
        assert!(pair.act(side, Some(act), &mut rng));
        if act == Act::Request || act == Act::Accept {
            pair.deliver(0);
        }
    }
    let mut other = pair.copy();
    // The second rotation, then the first.
    pair.deliver(1);
    let theirs = pair.sides[1].theirs().unwrap().token.duplicate();
    pair.deliver(0);
    assert!(pair.sides[1].theirs().unwrap().token.is(&theirs));
    pair.deliver(0);
    assert_eq!(pair.sides[1].state(), ConsentState::None);
    // The revocation first: no grant of before undoes it.
    other.deliver(2);
    other.deliver(0);
    other.deliver(0);
    assert_eq!(other.sides[1].state(), ConsentState::None);
    assert!(other.sides[1].theirs().is_none());
}
