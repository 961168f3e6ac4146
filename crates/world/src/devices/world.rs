//! A world: people, devices, a network and a clock.

use std::collections::{BTreeMap, BTreeSet};

use sottovoce::crypto::hash::Hash;
use sottovoce::error::Blame as _;
use sottovoce::pairwise::Frame;
use sottovoce::ratchet::Position;
use sottovoce::session::{Message, SessionError};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::act::sessions;
use super::app::App;
use super::around::{Around, Sent};
use super::check;
use super::phones::{NOW, Name, Person, Phone};
use super::plan::Plan;
use super::tally::Tally;
use crate::dice::Dice;

/// A frame on its way.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) at: Timestamp,
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) frame: Vec<u8>,
    pub(super) blob: Option<Vec<u8>>,
}

/// Of a frame, what is true.
pub(super) struct Origin {
    pub(super) from: Name,
    pub(super) text: Option<Vec<u8>>,
}

/// What was said, and to whom.
pub(super) struct Said {
    pub(super) by: Name,
    pub(super) at: Timestamp,
    pub(super) to: Vec<Name>,
    pub(super) text: Vec<u8>,
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    pub(super) plan: Plan,
    pub(super) around: Around,
    pub(super) apps: Vec<App>,
    /// How far clocks are from the time, in milliseconds, and to which side.
    pub(super) clocks: BTreeMap<Name, (bool, u64)>,
    pub(super) mail: Vec<Letter>,
    pub(super) origins: BTreeMap<[u8; 32], Origin>,
    /// Tag and the part of the salt that is a nonce, of every message that was sealed.
    nonces: BTreeMap<[u8; 20], [u8; 32]>,
    pub(super) said: Vec<Said>,
    /// What happened between devices.
    pub(super) log: Vec<(Name, Name, String)>,
    pub(super) ever_shown: BTreeSet<(Vec<u8>, Name)>,
    /// Whether nothing goes wrong any more.
    pub(super) is_calm: bool,
    pub(super) numbers: u64,
    pub(super) tally: Tally,
}

impl World {
    pub(super) fn run(seed: u64) -> Result<Tally, String> {
        let mut world = Self::new(seed);
        let start = world.now;
        for (at, fault) in world.plan.faults.clone() {
            world.pass(start.plus(Span::from_secs(at * 60)))?;
            world.befall(fault);
            world.tally.faults += 1;
        }
        let calm = start.plus(Span::from_secs(world.plan.until * 60));
        world.pass(calm)?;
        world.calm();
        world.pass(calm.plus(Span::from_days(6)))?;
        world.settle()?;
        check::end(&mut world)?;
        world.tally.begun = world.around.begun;
        for (class, count) in std::mem::take(&mut world.around.failures) {
            *world.tally.refused.entry(class).or_default() += count;
        }
        for alarm in &world.around.alarms {
            *world.tally.alarms.entry(alarm.kind).or_default() += 1;
        }
        Ok(world.tally)
    }

    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let people = ["a", "b"].iter().zip(plan.devices);
        let people = people.map(|(name, devices)| Person::new(&format!("{name}{seed}"), devices)).collect();
        let tally = Tally { seeds: 1, harmless: u64::from(plan.is_harmless()), ..Tally::default() };
        let mut world = Self {
            dice,
            now: NOW,
            plan,
            around: Around::new(people, NOW),
            apps: Vec::new(),
            clocks: BTreeMap::new(),
            mail: Vec::new(),
            origins: BTreeMap::new(),
            nonces: BTreeMap::new(),
            said: Vec::new(),
            log: Vec::new(),
            ever_shown: BTreeSet::new(),
            is_calm: false,
            numbers: seed << 16,
            tally,
        };
        for name in world.around.listed() {
            world.join(name);
        }
        world
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A device that is listed begins to act.
    pub(super) fn join(&mut self, name: Name) {
        let number = self.number();
        let mut phone = self.phone(name, number);
        self.around.publish(&mut phone);
        let offset = (self.dice.below(2) == 0, self.dice.below(12 * 3_600_000));
        self.clocks.insert(name, offset);
        self.apps.push(App::new(phone, number));
    }

    pub(super) fn phone(&self, name: Name, number: u64) -> Phone {
        let person = self.around.person(name.0);
        let place = (0..person.devices.len()).find(|device| person.name(*device) == name);
        Phone::new(person, place.expect("it is listed"), number)
    }

    /// Time passes.
    fn pass(&mut self, until: Timestamp) -> Result<(), String> {
        while self.now < until {
            let step = 5 + self.dice.below(55);
            self.go_on(Span::from_secs(step * 60))?;
            for place in 0..self.apps.len() {
                if self.dice.below(self.plan.pause) < step {
                    self.speak(place)?;
                }
                if !self.is_calm && self.dice.below(20) == 0 {
                    let draws = self.number();
                    self.apps[place].remember(draws);
                }
            }
        }
        Ok(())
    }

    /// What is due by then happens.
    fn go_on(&mut self, step: Span) -> Result<(), String> {
        self.now = self.now.plus(step);
        self.around.now = self.now;
        for place in 0..self.apps.len() {
            let (is_ahead, offset) = self.clocks[&self.apps[place].name()];
            let offset = Span::from_millis(offset);
            let now = if is_ahead { self.now.plus(offset) } else { self.now.minus(offset) };
            self.apps[place].at(now);
            if self.dice.below(4) == 0 {
                self.apps[place].wake(&mut self.around);
            }
        }
        self.deliver()?;
        self.tend()
    }

    /// Everything that is due by now arrives.
    fn deliver(&mut self) -> Result<(), String> {
        let now = self.now;
        let mail = std::mem::take(&mut self.mail).into_iter();
        let (mut due, later): (Vec<_>, Vec<_>) = mail.partition(|letter| letter.at <= now);
        self.mail = later;
        due.sort_by_key(|letter| letter.at);
        for letter in due {
            let places: Vec<_> =
                (0..self.apps.len()).filter(|app| self.apps[*app].name() == letter.to).collect();
            let count = u64::try_from(places.len()).unwrap();
            let one = usize::try_from(self.dice.below(count.max(1))).unwrap();
            for (number, place) in places.into_iter().enumerate() {
                if self.plan.both_hear || number == one {
                    self.arrive(place, &letter)?;
                }
            }
        }
        Ok(())
    }

    fn arrive(&mut self, place: usize, letter: &Letter) -> Result<(), String> {
        let app = &mut self.apps[place];
        let (to, hash) = (app.name(), *Hash::of(&letter.frame).as_bytes());
        let before = sessions(&mut app.phone, letter.from).map(|sessions| sessions.lineage);
        let told = self.around.alarms.len();
        let received = app.receive(&mut self.around, letter.from.0, &letter.frame, letter.blob.as_deref());
        let after = sessions(&mut app.phone, letter.from).map(|sessions| sessions.lineage);
        check::replaced(&self.around, (before, after), told, (letter.from, to))?;
        let what = match &received {
            Ok(message) => {
                let Position { chain, number } = message.position;
                let (place, session) = (message.place, message.session.as_bytes());
                let (chain, session) = (&chain.0[..2], &session[..2]);
                let blob = letter.blob.is_some();
                format!(
                    "opens {chain:x?} {number} ({:x?}) of {session:x?} {place:?}, late {}, blob {blob}",
                    &hash[..2],
                    message.is_late
                )
            }
            Err(error) => format!("{:x?} is refused: {error}", &hash[..2]),
        };
        let alarms: Vec<_> = self.around.alarms[told..].to_vec();
        for alarm in alarms {
            self.note_event(alarm.about, alarm.at, &format!("is told: {}", alarm.kind));
        }
        for (at, about, note) in std::mem::take(&mut self.around.notes) {
            self.note_event(at, about, &format!("  {note}"));
        }
        self.note_event(letter.from, to, &what);
        match received {
            Ok(message) => self.opened(place, hash, &message),
            Err(error) => self.refused(error, hash, letter),
        }
    }

    pub(super) fn note_event(&mut self, from: Name, to: Name, what: &str) {
        let minutes = self.now.since(NOW).as_millis() / 60_000;
        self.log.push((from, to, format!("{}:{:02} {what}", minutes / 60, minutes % 60)));
    }

    fn opened(&mut self, place: usize, hash: [u8; 32], message: &Message) -> Result<(), String> {
        let app = &mut self.apps[place];
        let origin = &self.origins[&hash];
        self.tally.opened += 1;
        self.tally.late += u64::from(message.is_late);
        if !app.memory.opened.insert(hash) {
            return Err("a frame opened twice".to_owned());
        }
        if message.from != origin.from {
            return Err("a message of another sender than the one that is named".to_owned());
        }
        if let Ok(Some(text)) = &message.content {
            if Some(text) != origin.text.as_ref() {
                return Err("another content than what was said".to_owned());
            }
            app.memory.shown.insert(text.clone());
            self.ever_shown.insert((text.clone(), app.name()));
        }
        self.look()
    }

    fn refused(&mut self, error: SessionError, hash: [u8; 32], letter: &Letter) -> Result<(), String> {
        *self.tally.refused.entry(error.class()).or_default() += 1;
        let Ok(frame) = Frame::decode(&letter.frame) else { return Err("a frame that is none".to_owned()) };
        let is_first =
            !self.apps.iter().any(|app| app.name() == letter.to && app.memory.opened.contains(&hash));
        let expected = ["unknown-tag", "not-listed", "too-soon", "no-introduction", "other-manifest"];
        let is_expected = expected.contains(&error.class());
        if self.plan.is_harmless() && is_first && !is_expected {
            let initial = frame.initial.is_some();
            return Err(format!("{error} without a reason; with Initial: {initial}"));
        }
        self.look()
    }

    fn look(&mut self) -> Result<(), String> {
        self.around.broken.pop().map_or(Ok(()), Err)
    }

    /// Applications do what they have to.
    fn tend(&mut self) -> Result<(), String> {
        for place in 0..self.apps.len() {
            for _ in 0..3 {
                if self.apps[place].is_busy() {
                    self.tally.resent += self.apps[place].tend(&mut self.around);
                    self.post()?;
                }
            }
        }
        Ok(())
    }

    fn speak(&mut self, place: usize) -> Result<(), String> {
        let number = self.number();
        let length = usize::try_from(8 + self.dice.below(100)).unwrap();
        let mut text = number.to_be_bytes().to_vec();
        text.resize(length, 0x61);
        let by_job = self.plan.by_job;
        let to = self.apps[place].say(&mut self.around, &text, by_job);
        self.said.push(Said { by: self.apps[place].name(), at: self.now, to, text });
        self.tally.said += 1;
        self.post()
    }

    /// What was sent goes its way.
    fn post(&mut self) -> Result<(), String> {
        for sent in std::mem::take(&mut self.around.sent) {
            self.tally.sealed += 1;
            self.note(&sent)?;
            let Sent { from, to, frame, blob, .. } = &sent;
            let (from, to, frame, blob) = (*from, *to, frame.clone(), blob.clone());
            let (loss, bare, again) =
                if self.is_calm { (0, 0, 0) } else { (self.plan.loss, self.plan.bare, self.plan.again) };
            let message = Frame::decode(&frame).map(|frame| frame.message).unwrap_or_default();
            let (chain, initial) = (&message[..2], frame.len() > message.len() + 100);
            let number = sent.text.as_ref().map(|text| u16::from_be_bytes([text[6], text[7]]));
            let what = format!(
                "sends {chain:x?} {:x?} Initial {initial} content {number:?}",
                &Hash::of(&frame).as_bytes()[..2]
            );
            self.note_event(from, to, &what);
            if self.dice.below(100) < loss {
                self.note_event(from, to, "is lost");
                self.tally.lost += 1;
                continue;
            }
            let blob = blob.filter(|_| self.dice.below(100) >= bare);
            let copies = if self.dice.below(100) < again { 2 } else { 1 };
            for _ in 0..copies {
                let delay = if self.is_calm { 2 } else { self.plan.delay };
                let at = self.now.plus(Span::from_secs(self.dice.below(delay * 60)));
                self.mail.push(Letter { at, from, to, frame: frame.clone(), blob: blob.clone() });
            }
        }
        self.look()
    }

    /// No two messages have one key and one nonce.
    fn note(&mut self, sent: &Sent) -> Result<(), String> {
        let message = Frame::decode(&sent.frame).map_err(|error| format!("a frame: {error:?}"))?.message;
        let nonce = *message.first_chunk::<20>().ok_or("a short message")?;
        let hash = *Hash::of(&message).as_bytes();
        if *self.nonces.entry(nonce).or_insert(hash) != hash {
            return Err("two messages with one nonce".to_owned());
        }
        let origin = Origin { from: sent.from, text: sent.text.clone() };
        self.origins.insert(*Hash::of(&sent.frame).as_bytes(), origin);
        Ok(())
    }

    /// From now on nothing goes wrong.
    fn calm(&mut self) {
        self.is_calm = true;
        self.apps.retain(|app| !app.is_copy);
        let listed = self.around.listed();
        self.apps.retain(|app| listed.contains(&app.name()));
        self.clocks.values_mut().for_each(|clock| *clock = (true, 0));
        for place in 0..self.apps.len() {
            let draws = self.number();
            self.apps[place].phone.rng = super::phones::generator(draws);
        }
    }

    /// All say something and hear everything, three times.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..3 {
            for place in 0..self.apps.len() {
                self.speak(place)?;
            }
            for _ in 0..4 {
                self.go_on(Span::from_secs(180))?;
            }
        }
        Ok(())
    }
}
