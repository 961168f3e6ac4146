//! A random history of one session, in the library and in the model at once.

use std::collections::BTreeMap;

use rand_core::Rng as _;

use super::odd;
use super::real::{Real, Stored};
use crate::dice::Dice;
use crate::ratchet::model::{Answer, CONTENT, Class, DAY, Key, Keys, Opened, Part, Side, draw, hash};

/// How often what happened.
pub(super) type Figures = BTreeMap<Class, u64>;

/// One device, twice.
#[derive(Debug)]
struct Party {
    model: Side,
    real: Real,
}

#[derive(Debug)]
pub(super) struct History<'a> {
    dice: Dice,
    parties: [Party; 2],
    answer: Answer,
    /// Messages and whom they are for.
    transit: Vec<(usize, Vec<u8>)>,
    sent: Vec<(usize, Vec<u8>)>,
    backups: Vec<(usize, Side, Stored)>,
    now: u64,
    /// Nothing happens after which the sides do not fit any more.
    is_calm: bool,
    figures: &'a mut Figures,
}

/// Runs the history of a number.
pub(super) fn run(number: u64, without: Option<Part>, figures: &mut Figures) {
    let mut dice = Dice::new(number);
    let mut rng = dice.generator();
    let [transcript, root, chain, header, a, b, link] = [(); 7].map(|()| draw(&mut rng));
    let keys = Keys { transcript, root, chain, header, next: [a, b], link };
    let mut ciphertext = vec![0; 1088];
    rng.fill_bytes(&mut ciphertext);
    let answer = Answer { secret: draw(&mut rng), ciphertext };
    let now = 1_795_000_000_000;
    let seed = dice.below(u64::MAX);
    let generator = || Dice::new(seed).generator();
    let mut parties = [
        Party {
            model: Side::initiator(&keys, &mut generator(), now),
            real: Real::initiator(&keys, &mut generator(), now),
        },
        Party { model: Side::responder(&keys, now), real: Real::responder(&keys) },
    ];
    let (transit, sent, backups) = (Vec::new(), Vec::new(), Vec::new());
    for party in &mut parties {
        party.model.without = without;
    }
    let is_calm = dice.below(2) == 0;
    let steps = 20 + dice.below(if is_calm { 500 } else { 100 });
    let mut history = History { dice, parties, answer, transit, sent, backups, now, is_calm, figures };
    *history.figures.entry(if is_calm { "calm" } else { "wild" }).or_default() += 1;
    for _ in 0..steps {
        history.step();
    }
    *history.figures.entry("root steps").or_default() += u64::from(history.parties[0].model.steps);
    *history.figures.entry("epochs").or_default() += u64::from(history.parties[0].model.lane.epoch - 1);
}

fn brief(sealed: &Result<Vec<u8>, Class>) -> String {
    format!("{:x?}", sealed.as_ref().map(|message| (message.len(), &message[..100])))
}

fn said(opened: &Result<Opened, Class>) -> String {
    let brief = |opened: &Opened| {
        format!("{} bytes, {:?}", opened.content.len(), Opened { content: Vec::new(), ..opened.clone() })
    };
    format!("{:?}", opened.as_ref().map(brief))
}

impl History<'_> {
    fn step(&mut self) {
        let party = self.below(2);
        match self.dice.below(if self.is_calm { 950 } else { 1_000 }) {
            0..=399 => (0..=self.dice.below(3)).for_each(|_| self.seal(party)),
            400..=839 => (0..=self.dice.below(4)).for_each(|_| self.deliver()),
            840..=859 => self.repeat(),
            860..=879 => self.damage(),
            880..=909 => self.forge(party),
            910..=929 => self.reload(party),
            930..=939 => self.wait(),
            940..=944 => self.expire(party),
            945..=949 => (0..5 + self.dice.below(60)).for_each(|_| self.seal(party)),
            950..=952 => (0..900 + self.dice.below(300)).for_each(|_| self.seal(party)),
            953..=958 => self.jump(party),
            959..=970 => self.backup(party),
            971..=978 => self.restore(),
            979..=980 => self.retire(party),
            981..=985 => self.now += [30, 91][self.below(2)] * DAY,
            _ => self.transit.clear(),
        }
        let now = self.now;
        self.parties.iter().for_each(|party| party.real.check(&party.model, now));
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.below(u64::try_from(end).expect("small"))).expect("small")
    }

    fn count(&mut self, what: Class) {
        *self.figures.entry(what).or_default() += 1;
    }

    fn seal(&mut self, from: usize) {
        let length = match self.dice.below(40) {
            0..=29 => self.below(200),
            30..=33 => self.below(2_000),
            34..=37 => [192, 384, 768, 1_536][self.below(4)] - 50 + self.below(4),
            38 => self.below(CONTENT),
            _ => CONTENT - 2 + self.below(5),
        };
        let content = vec![self.dice.below(256).to_be_bytes()[7]; length];
        let answer = Some(&self.answer).filter(|_| self.dice.below(10) > 0);
        let seed = self.dice.below(u64::MAX);
        let generator = || Dice::new(seed).generator();
        let Party { model, real } = &mut self.parties[from];
        if real.ratchet.is_none() {
            return;
        }
        let expected = model.seal(&content, answer, &mut generator(), self.now);
        let sealed = real.seal(&content, answer, &mut generator(), self.now);
        assert!(sealed == expected, "sealed: {} but by the model {}", brief(&sealed), brief(&expected));
        match sealed {
            Ok(message) => {
                self.transit.push((1 - from, message.clone()));
                self.sent.push((1 - from, message));
                self.count("sealed");
            }
            Err(class) => self.count(class),
        }
    }

    /// Gives a message to a side.
    fn open(&mut self, to: usize, message: &[u8]) {
        let Answer { secret, ciphertext } = &self.answer;
        let k3 = |ct3: &[u8]| -> Key { if ct3 == ciphertext { *secret } else { hash(&[ct3]) } };
        let Party { model, real } = &mut self.parties[to];
        let is_first = real.ratchet.is_none();
        let expected = model.open(message, &k3, self.now);
        let opened = real.open(message, &k3, self.now);
        assert!(opened == expected, "opened: {} but by the model {}", said(&opened), said(&expected));
        if is_first && opened.is_ok() {
            (model.begun, model.classical, model.post_quantum) = (self.now, self.now, self.now);
        }
        self.count(opened.map_or_else(|class| class, |_| "opened"));
    }

    fn deliver(&mut self) {
        if self.transit.is_empty() {
            return;
        }
        let index = if self.dice.below(4) == 0 { self.below(self.transit.len()) } else { 0 };
        let (to, message) = self.transit.remove(index);
        if self.dice.below(20) > 0 {
            self.open(to, &message);
        }
    }

    /// A message of any age, perhaps to whom it is from.
    fn any(&mut self) -> Option<(usize, Vec<u8>)> {
        let index = self.below(self.sent.len().max(1));
        let (to, message) = self.sent.get(index).or(self.sent.last())?.clone();
        Some((if self.dice.below(20) == 0 { 1 - to } else { to }, message))
    }

    fn repeat(&mut self) {
        if let Some((to, message)) = self.any() {
            self.open(to, &message);
        }
    }

    /// Changes bits of a message that was sent, or its length.
    fn damage(&mut self) {
        let fresh = self.transit.last().cloned();
        let chosen = if self.dice.below(4) == 0 { self.any() } else { fresh };
        let Some((to, mut message)) = chosen else { return };
        match self.dice.below(8) {
            0 => message.truncate(self.below(message.len())),
            1 => message.extend([0; 1536]),
            2 => message.truncate(self.below(9)),
            _ => {
                let end = if self.dice.below(3) == 0 { message.len() } else { 100 };
                message[self.below(end)] ^= 1 << self.dice.below(8);
            }
        }
        self.open(to, &message);
    }

    /// An authentic message with something wrong in it. If it is taken all the same, a calm history forgets it.
    fn forge(&mut self, from: usize) {
        let side = &self.parties[from].model;
        let Some(message) = odd::message(side, &self.answer, &mut self.dice, self.now) else { return };
        let Party { model, real } = &self.parties[1 - from];
        let before = (model.clone(), real.stored());
        self.open(1 - from, &message);
        if self.is_calm {
            let Party { model, real } = &mut self.parties[1 - from];
            *model = before.0;
            real.load(&before.1);
        }
    }

    /// A message that is far ahead in the current chain.
    fn jump(&mut self, from: usize) {
        let by = [70, 1_000, 1_001, 3_000, 65_535][self.below(5)];
        if let Some(message) = odd::ahead(&self.parties[from].model, by, &mut self.dice) {
            self.open(1 - from, &message);
        }
    }

    fn reload(&mut self, party: usize) {
        let stored = self.parties[party].real.stored();
        self.parties[party].real.load(&stored);
        self.count("reloaded");
    }

    fn wait(&mut self) {
        let time = match self.dice.below(8) {
            0..=3 => self.dice.below(DAY),
            4..=5 => self.dice.below(8 * DAY),
            6 => self.dice.below(35 * DAY) / if self.is_calm { 8 } else { 1 },
            _ => {
                self.now -= self.dice.below(3 * DAY);
                0
            }
        };
        self.now += time;
    }

    fn backup(&mut self, party: usize) {
        let Party { model, real } = &self.parties[party];
        self.backups.push((party, model.clone(), real.stored()));
    }

    /// Sets a side back.
    fn restore(&mut self) {
        let index = self.below(self.backups.len().max(1));
        let Some((party, model, stored)) = self.backups.get(index).cloned() else { return };
        self.parties[party].model = model;
        self.parties[party].real.load(&stored);
        self.count("set back");
    }

    fn retire(&mut self, party: usize) {
        let Party { model, real } = &mut self.parties[party];
        if let Some(ratchet) = &mut real.ratchet {
            ratchet.retire();
            model.receive_only = true;
        }
    }

    fn expire(&mut self, party: usize) {
        let Party { model, real } = &mut self.parties[party];
        model.tidy(self.now);
        real.expire(self.now);
    }
}
