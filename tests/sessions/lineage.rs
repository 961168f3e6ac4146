//! Which session is used: what must hold in every order of events. `docs/PROTOCOL.md` §9.4.
//!
//! `SOTTOVOCE_SEED` replays a run, with `SOTTOVOCE_HISTORY` one history of it; `SOTTOVOCE_COUNT` is the number of histories.

use std::collections::{BTreeMap, BTreeSet};

use sottovoce::crypto::hash::Hash;
use sottovoce::ratchet::{Position, Tag};
use sottovoce::session::{CONTEST, Lineage, MAX_FORMER, Notice, Placed, Proof, SessionPrefix, Standing};
use sottovoce::time::{Span, Timestamp};

use crate::phones::{NOW, Person, Phone, acquainted, generator, hours, two};

const DEFAULT_COUNT: u64 = 5_000;
const EVENTS: u32 = 120;
/// How many former sessions may wait for the timer before the other side's are refused.
const CROWD: usize = 8;
/// How many are written.
const RECORD: usize = 12;
const THIEF: usize = 2;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Another seed in every run, unless `SOTTOVOCE_SEED` replays one.
fn seed(test: &str) -> u64 {
    let drawn =
        || rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the system's randomness") >> 1;
    let seed = setting("SOTTOVOCE_SEED").unwrap_or_else(drawn);
    println!("{test}: SOTTOVOCE_SEED={seed}");
    seed
}

/// The histories of a run, each of which says its number if it fails.
fn histories(seed: u64, mut history: impl FnMut(World)) {
    struct Replay(u64);
    impl Drop for Replay {
        fn drop(&mut self) {
            if std::thread::panicking() {
                println!("SOTTOVOCE_HISTORY={}", self.0);
            }
        }
    }
    let count = setting("SOTTOVOCE_COUNT").unwrap_or(DEFAULT_COUNT);
    for index in setting("SOTTOVOCE_HISTORY").map_or(0..count, |index| index..index + 1) {
        let _replay = Replay(index);
        history(World::new(seed.wrapping_add(index.wrapping_mul(0x1000_0001))));
    }
}

struct Dice(u64);

impl Dice {
    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

/// A session, as nobody in particular sees it.
#[derive(Clone, Debug)]
struct Session {
    by: usize,
    /// Of which sessions its beginning proves to hold the state.
    links: BTreeSet<Hash>,
}

#[derive(Clone, Debug)]
struct Mail {
    from: usize,
    to: usize,
    session: Hash,
    number: u32,
    /// Whether the sender had heard the recipient in this session.
    has_heard: bool,
    /// The newest message that the sender had opened there.
    ack: Option<u32>,
    withdrawn: Option<SessionPrefix>,
}

/// A device: what is tested, and what a ratchet would know.
#[derive(Clone, Debug, Default)]
struct Side {
    lineage: Lineage,
    opened: BTreeMap<Hash, u32>,
    sealed: BTreeMap<Hash, u32>,
}

/// Two devices, and somebody who has stolen the keys of both and may know the state of some sessions.
struct World {
    dice: Dice,
    now: Timestamp,
    sides: [Side; 3],
    sessions: BTreeMap<Hash, Session>,
    stolen: BTreeSet<Hash>,
    mail: Vec<Mail>,
    serial: u64,
}

fn chain(session: &Hash) -> Tag {
    Tag(session.truncated())
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            now: NOW,
            sides: Default::default(),
            sessions: BTreeMap::new(),
            stolen: BTreeSet::new(),
            mail: Vec::new(),
            serial: seed << 20,
        }
    }

    fn name(&mut self) -> Hash {
        self.serial += 1;
        Hash::of(&self.serial.to_be_bytes())
    }

    fn links(lineage: &Lineage) -> BTreeSet<Hash> {
        lineage.to_link().map(|place| place.session).collect()
    }

    fn begin(&mut self, by: usize) {
        let session = self.name();
        let links = Self::links(&self.sides[by].lineage);
        self.sessions.insert(session, Session { by, links });
        self.change(by, "begin", |side, now| side.lineage.begin(session, now));
        self.seal(by);
    }

    fn seal(&mut self, from: usize) {
        let Some(active) = self.sides[from].lineage.active else { return };
        let (session, now) = (active.session, self.now);
        let side = &mut self.sides[from];
        let number = *side.sealed.entry(session).and_modify(|number| *number += 1).or_insert(0);
        if side.lineage.contested.is_some_and(|contested| contested.probe.is_none()) {
            side.lineage.probe(Position { chain: chain(&session), number }, now);
        }
        let ack = side.opened.get(&session).copied();
        let withdrawn = side.lineage.withdrawn_here.filter(|_| !active.is_settled);
        let mail = Mail { from, to: 1 - from, session, number, has_heard: ack.is_some(), ack, withdrawn };
        self.mail.push(mail);
    }

    /// The thief writes in a session that it has begun, or begins one with what it knows.
    fn steal(&mut self) {
        let to = usize::from(self.dice.one_in(2));
        if self.dice.one_in(8) {
            self.stolen.extend(Self::links(&self.sides[to].lineage));
        }
        let own: Vec<_> =
            self.sessions.iter().filter(|(_, session)| session.by == THIEF).map(|(name, _)| *name).collect();
        let session = if own.is_empty() || self.dice.one_in(3) {
            let (session, mut links) = (self.name(), self.stolen.clone());
            links.retain(|_| !self.dice.one_in(3));
            self.sessions.insert(session, Session { by: THIEF, links });
            session
        } else {
            own[usize::try_from(self.dice.below(own.len().try_into().unwrap())).unwrap()]
        };
        // It hears what is sealed in its sessions, and says whatever it likes.
        let (has_heard, withdraws) = (self.dice.one_in(2), self.dice.one_in(6));
        let withdrawn = withdraws.then(|| SessionPrefix::of(&session));
        self.mail.push(Mail { from: THIEF, to, session, number: 0, has_heard, ack: None, withdrawn });
    }

    fn deliver(&mut self) {
        if self.mail.is_empty() {
            return;
        }
        let at = usize::try_from(self.dice.below(self.mail.len().try_into().unwrap())).unwrap();
        let mail = self.mail.swap_remove(at);
        if self.dice.one_in(10) {
            self.mail.push(mail.clone());
        }
        self.receive(&mail);
    }

    fn deliver_all(&mut self) {
        while !self.mail.is_empty() {
            self.deliver();
        }
    }

    fn receive(&mut self, mail: &Mail) {
        let to = mail.to;
        let seen = self.sides[to].opened.get(&mail.session).copied();
        if mail.from != THIEF && seen.is_some_and(|seen| seen >= mail.number) {
            return;
        }
        let place = match self.sides[to].lineage.standing(&mail.session, self.now) {
            Some(place) => place,
            // Only a frame with an Initial may begin, and an Initial is accepted once.
            None if mail.has_heard && mail.from != THIEF || seen.is_some() => return,
            None => match self.accept(mail) {
                Some(place) => place,
                None => return,
            },
        };
        self.sides[to].opened.insert(mail.session, mail.number);
        // Only what was heard there proves anything, and nothing is heard of what was never sealed.
        let is_proven = mail.has_heard && self.sides[to].sealed.contains_key(&mail.session);
        let is_begun_here = self.sessions[&mail.session].by == to;
        if is_proven || is_begun_here {
            self.change(to, "settle", |side, _| _ = side.lineage.settle(&mail.session));
        }
        match place {
            Standing::Active => {
                if let Some(prefix) = mail.withdrawn {
                    self.change(to, "withdraw", |side, _| side.lineage.withdraw(prefix));
                }
                let probe = self.sides[to].lineage.contested.and_then(|contested| contested.probe);
                let is_answered = probe.is_some_and(|probe| {
                    probe.chain == chain(&mail.session) && mail.ack >= Some(probe.number)
                });
                if is_answered {
                    self.change(to, "ack", |side, now| assert!(side.lineage.decide(false, now)));
                }
            }
            Standing::Contested => self.change(to, "outlast", |side, now| _ = side.lineage.outlast(now)),
            Standing::Former => {}
        }
    }

    fn accept(&mut self, mail: &Mail) -> Option<Standing> {
        let lineage = &self.sides[mail.to].lineage;
        let links = &self.sessions[&mail.session].links;
        let proof = Proof {
            of_active: lineage.active.is_some_and(|active| links.contains(&active.session)),
            of_former: lineage.recent().any(|former| links.contains(&former.session)),
        };
        let mut placed = Placed::TooSoon;
        let event = if proof.of_active { "accept linked" } else { "accept" };
        self.change(mail.to, event, |side, now| {
            placed = side.lineage.accept(mail.session, mail.withdrawn, proof, now);
        });
        match placed {
            Placed::Active => Some(Standing::Active),
            Placed::Former => Some(Standing::Former),
            Placed::Contested => Some(Standing::Contested),
            Placed::TooSoon => None,
        }
    }

    /// A timer is due.
    fn expire(&mut self, side: usize) {
        if self.sides[side].lineage.next_expiry().is_some_and(|next| next <= self.now) {
            let before = self.sides[side].lineage.clone();
            self.change(side, "expire", |side, now| {
                assert!(!side.lineage.expire(now).is_empty(), "{before:?}");
            });
            let lineage = &self.sides[side].lineage;
            assert!(lineage.former.len() <= MAX_FORMER);
            assert!(lineage.next_expiry().is_none_or(|next| next > self.now), "a timer that is due again");
        }
    }

    fn step(&mut self) {
        let side = usize::from(self.dice.one_in(2));
        match self.dice.below(20) {
            0 => {
                // The timer is due at once, so it comes before a handshake does.
                self.expire(side);
                self.begin(side);
            }
            1..=5 => self.seal(side),
            6..=12 => self.deliver(),
            13 => self.expire(side),
            14 if self.dice.one_in(6) => self.now = self.now.minus(hours(self.dice.below(30))),
            14 | 15 => self.now = self.now.plus(Span::from_secs(self.dice.below(200_000))),
            16..=18 => self.steal(),
            _ => {
                let believed = self.dice.one_in(2);
                self.change(side, "decide", |side, now| _ = side.lineage.decide(believed, now));
            }
        }
    }

    /// Lets something happen to a device, and says what must hold then.
    fn change(&mut self, side: usize, event: &str, happens: impl FnOnce(&mut Side, Timestamp)) {
        let before = self.sides[side].lineage.clone();
        happens(&mut self.sides[side], self.now);
        let after = &self.sides[side].lineage;
        let all: Vec<_> = after.sessions().map(|place| place.session).collect();
        assert_eq!(
            all.iter().collect::<BTreeSet<_>>().len(),
            all.len(),
            "{event}: one place for each: {after:?}"
        );
        assert!(after.former.len() <= RECORD, "{event}: {after:?}");
        if event.starts_with("accept") {
            assert!(after.former.len() <= before.former.len().max(CROWD), "{event}: {after:?}");
        }
        assert!(after.withdrawn_there.len() <= 4);
        let (Some(old), new) = (before.active, after.active) else { return };
        let new = new.unwrap_or_else(|| panic!("{event}: {before:?}"));
        if new.session == old.session {
            return;
        }
        assert!(after.former.iter().any(|place| place.session == old.session), "{event}: it still receives");
        assert!(
            before.former.iter().all(|place| place.session != new.session),
            "{event}: former once, former for good"
        );
        if !old.is_settled {
            return;
        }
        let contested = before.contested.filter(|contested| contested.place.session == new.session);
        match event {
            "begin" | "decide" => {}
            "accept linked" => {
                let within = |at: Timestamp| at <= self.now && self.now.since(at) < hours(1);
                assert!(!before.replaced_at.is_some_and(within), "twice within an hour");
            }
            "outlast" => {
                let contested = contested.expect("it was contested");
                assert!(contested.probe.is_some());
                assert!(contested.since > self.now || self.now.since(contested.since) >= CONTEST);
            }
            other => panic!("{other} took the place of a settled session: {before:?} {after:?}"),
        }
    }
}

#[test]
fn whatever_happens() {
    let mut seen = BTreeMap::<&str, u64>::new();
    histories(seed("whatever_happens"), |mut world| {
        for _ in 0..EVENTS {
            world.step();
        }
        for side in &world.sides[..2] {
            let lineage = &side.lineage;
            for (what, is_there) in [
                ("contested", lineage.contested.is_some()),
                ("settled", lineage.active.is_some_and(|active| active.is_settled)),
                ("given up", lineage.withdrawn_here.is_some()),
                ("replaced", lineage.replaced_at.is_some()),
                ("former", !lineage.former.is_empty()),
            ] {
                *seen.entry(what).or_default() += u64::from(is_there);
            }
        }
    });
    println!("{seen:?}");
    if setting("SOTTOVOCE_HISTORY").is_none() && setting("SOTTOVOCE_COUNT").is_none() {
        assert!(seen.values().all(|times| *times > DEFAULT_COUNT / 100), "{seen:?}");
    }
}

/// Whoever has no session or a settled one begins at most once, both at the same time or not, and messages pass each other.
#[test]
fn who_begins_at_once_ends_in_one_session() {
    histories(seed("who_begins_at_once_ends_in_one_session"), |mut world| {
        if world.dice.one_in(2) {
            world.begin(0);
            for side in [1, 0, 1, 0] {
                world.deliver_all();
                world.seal(side);
            }
        }
        let mut may_begin = [true; 2];
        for _ in 0..20 {
            let side = usize::from(world.dice.one_in(2));
            match world.dice.below(5) {
                0 if may_begin[side] => {
                    may_begin[side] = false;
                    world.begin(side);
                }
                1 | 2 => world.seal(side),
                _ => world.deliver(),
            }
        }
        if world.sides.iter().all(|side| side.lineage.active.is_none()) {
            return;
        }
        for round in 0..8 {
            world.now = world.now.plus(hours(1));
            world.seal(round % 2);
            world.deliver_all();
        }
        let [a, b] = [0, 1].map(|side| &world.sides[side].lineage);
        let [of_a, of_b] = [a, b].map(|lineage| lineage.active.unwrap());
        assert_eq!(of_a.session, of_b.session, "{a:?} {b:?}");
        assert!(of_a.is_settled && of_b.is_settled, "{a:?} {b:?}");
        assert!(a.contested.is_none() && b.contested.is_none(), "{a:?} {b:?}");
    });
}

#[test]
fn what_is_due_is_done_when_it_is_due() {
    let mut lineage = Lineage::default();
    lineage.begin(Hash::of(b"1"), NOW);
    lineage.begin(Hash::of(b"2"), NOW);
    let due = lineage.next_expiry().unwrap();
    assert_eq!(lineage.expire(due), [Hash::of(b"1")]);
    assert_eq!(lineage.next_expiry(), None);
}

/// Two with a session that is a day old, so that either may begin another.
fn rested() -> (Phone, Phone) {
    let (mut a, mut b) = acquainted();
    for phone in [&mut a, &mut b] {
        phone.now = phone.now.plus(hours(24));
    }
    (a, b)
}

/// A device that begins before it has answered has nothing sealed to end, and is linked all the same.
#[test]
fn who_begins_before_it_answers_is_linked() {
    let (mut a, mut b) = rested();
    let first = a.begin(&mut b, b"again").unwrap();
    assert_eq!(b.hears(&first).place, Standing::Active);
    let second = b.begin(&mut a, b"and again").unwrap();
    assert_ne!(a.hears(&second).place, Standing::Contested);
}

/// An answer that is under way has made a link that the other side does not know. The one that it knows is proven too.
#[test]
fn who_begins_after_an_answer_that_is_lost_is_linked() {
    for seed in 0..6 {
        let (mut a, mut b) = rested();
        (a.rng, b.rng) = (generator(seed), generator(seed + 100));
        let first = a.begin(&mut b, b"again").unwrap();
        b.hears(&first);
        let answer = b.say(a.name, b"yes").unwrap();
        let second = b.begin(&mut a, b"and again").unwrap();
        assert_eq!(a.hears(&second).place, Standing::Active);
        assert_eq!(a.hears(&answer).place, Standing::Former);
        let mail = a.say(b.name, b"in the last one").unwrap();
        assert_eq!(b.hears(&mail).place, Standing::Active);
    }
}

/// Beginnings without an answer in between: the other side has settled one that lies behind them.
#[test]
fn who_begins_in_a_row_is_linked_to_all_of_it() {
    let (mut a, mut b) = rested();
    let first = a.begin(&mut b, b"again").unwrap();
    b.hears(&first);
    let answer = b.say(a.name, b"yes").unwrap();
    let row: Vec<_> = (0..2)
        .map(|_| {
            b.now = b.now.plus(hours(25));
            b.begin(&mut a, b"and again").unwrap()
        })
        .collect();
    a.now = b.now;
    drop(a.begin(&mut b, b"lost").unwrap());
    assert_eq!(a.hears(&answer).place, Standing::Former);
    assert_ne!(a.hears(&row[1]).place, Standing::Contested);
}

/// The one in the middle of three comes after the third.
#[test]
fn who_begins_three_times_is_linked_to_the_first() {
    let (mut a, mut b) = two();
    let row: Vec<_> = (0..3)
        .map(|_| {
            b.now = b.now.plus(hours(25));
            b.begin(&mut a, b"hello").unwrap()
        })
        .collect();
    a.now = b.now;
    for (mail, place) in [(0, Standing::Active), (2, Standing::Active), (1, Standing::Former)] {
        assert_eq!(a.hears(&row[mail]).place, place);
    }
}

/// Whoever goes on in a former session has not heard of the active one.
#[test]
fn a_device_that_stays_behind_is_called_again() {
    let (mut a, mut b) = rested();
    drop(a.begin(&mut b, b"lost").unwrap());
    let is_due = |a: &mut Phone, b: &mut Phone| {
        let mail = b.say(a.name, b"still here").unwrap();
        let heard = a.hears(&mail);
        assert_eq!(heard.place, Standing::Former);
        heard.notices.contains(&Notice::HandshakeDue(b.name.0, b.name.1))
    };
    a.now = a.now.plus(hours(1));
    assert!(!is_due(&mut a, &mut b));
    a.now = a.now.plus(hours(23));
    assert!(!is_due(&mut a, &mut b));
    a.now = a.now.plus(hours(1));
    assert!(is_due(&mut a, &mut b));
}

/// The owner of the active session has a day after it was asked, whenever that was.
#[test]
fn the_day_begins_with_the_probe() {
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    let (mut a, mut b, mut thief) =
        (Phone::new(&alice, 0, 1), Phone::new(&bob, 0, 2), Phone::new(&bob, 0, 3));
    a.learn(&bob.account);
    for phone in [&mut b, &mut thief] {
        phone.learn(&alice.account);
    }
    let mail = a.begin(&mut b, b"hello").unwrap();
    b.hears(&mail);
    let mail = b.say(a.name, b"hello too").unwrap();
    a.hears(&mail);
    let mail = thief.begin(&mut a, b"it is me").unwrap();
    assert_eq!(a.hears(&mail).place, Standing::Contested);
    let mail = thief.say(a.name, b"really").unwrap();
    assert_eq!(a.hears(&mail).place, Standing::Contested, "it is remembered");
    let replaced = |notices: &[Notice]| notices.iter().any(|notice| matches!(notice, Notice::Replaced(..)));
    let mut thief_speaks = |a: &mut Phone| {
        let mail = thief.say(a.name, b"believe me").unwrap();
        replaced(&a.hears(&mail).notices)
    };
    a.now = a.now.plus(hours(23));
    drop(a.nod(b.name).unwrap());
    a.now = a.now.plus(hours(2));
    assert!(!thief_speaks(&mut a), "the probe is two hours old");
    a.now = a.now.plus(hours(22));
    assert!(thief_speaks(&mut a));
}
