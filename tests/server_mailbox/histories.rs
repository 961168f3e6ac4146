//! Random histories of a server and its devices, with both set back now and then, against the [model](crate::model).

use std::collections::BTreeMap;

use rand_core::TryRng as _;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::chain::Order;
use sottovoce::server::directory::AccountEntry;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::mailbox::{LogPlace, MailboxCursor, TokenChange, TokenChanged, What};
use sottovoce::server::{Code, Item, Kind, Reason, Status};
use sottovoce::storage::Snapshot;
use sottovoce::time::Span;

use crate::model::{self, Model, Owner, Said, Shown, Uid};
use crate::support::*;

const DEFAULT_COUNT: u64 = 60;
const STEPS: usize = 150;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

struct History {
    world: World,
    model: Model,
    dice: Generator,
    /// The names of places, and all cursors that each device has seen.
    names: BTreeMap<(Owner, u64, [u8; 8]), Uid>,
    cursors: BTreeMap<Owner, Vec<LogPlace>>,
    next: Uid,
    sent: Vec<(u8, model::Item)>,
    snapshots: Vec<(Snapshot, Model)>,
    seen: BTreeMap<&'static str, u64>,
}

impl History {
    fn new(seed: u64, index: u64) -> Self {
        let mut history = Self {
            world: World::empty(),
            model: Model::default(),
            dice: generator(seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            names: BTreeMap::new(),
            cursors: BTreeMap::new(),
            next: 0,
            sent: Vec::new(),
            snapshots: Vec::new(),
            seen: BTreeMap::new(),
        };
        for account in 1..=2 {
            history.account(account, 1);
        }
        for number in 1..=4 {
            history.add(1 + number % 2, number);
        }
        history
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.dice.try_next_u64().unwrap() >> 16) % bound
    }

    fn small(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(bound.into())).unwrap()
    }

    fn uid(&mut self) -> Uid {
        self.next += 1;
        self.next
    }

    fn see(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn account(&mut self, account: u8, version: u64) {
        let order = Order { term: 0, version };
        self.world.run(&Operation::Account(AccountEntry { order, ..entry(account) }));
        self.model.versions.insert(account, version);
    }

    fn add(&mut self, account: u8, number: u8) {
        let done = self.world.tokens(account, TokenChange::Add(token(number))) == TokenChanged::Done;
        assert_eq!(done, self.model.add(account, number));
    }

    fn step(&mut self) {
        match self.below(100) {
            0..35 => self.deliver(),
            35..65 => self.drain(),
            65..71 => self.report(),
            71..78 => self.change_token(),
            78..81 => {
                let account = 1 + self.small(2);
                let version = self.model.versions[&account] + 1;
                self.account(account, version);
            }
            81..93 => self.pass(),
            93..96 => self.snapshots.push((self.world.snapshot(), self.model.clone())),
            _ => self.restore(),
        }
        assert!(self.world.store.memory.records() <= self.model.records(), "records that nobody needs");
    }

    fn deliver(&mut self) {
        let origin = 1 + self.small(2);
        let (mut batch, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..=self.below(6) {
            if self.below(4) == 0 {
                let body = self.small(3);
                let uid = self.uid();
                batch.push(payload(u16::try_from(uid % 60_000).unwrap(), &[body]));
                self.model.payload(origin, body, self.world.now);
                expected.push((Said::Accepted, None));
                continue;
            }
            let item = self.item(origin);
            batch.push(real(&item));
            let uid = self.uid();
            expected.push(self.model.item(origin, &item, uid, self.world.now));
            self.sent.push((origin, item));
        }
        let verdicts = self.world.deliver(&peer(origin), &batch);
        let said: Vec<_> = verdicts
            .iter()
            .map(|verdict| {
                let said = match verdict.code {
                    Code::Accepted => Said::Accepted,
                    Code::Refused(Reason::Unknown) => Said::Unknown,
                    Code::Refused(Reason::NoPayload) => Said::NoPayload,
                    Code::Gone => Said::Gone,
                    Code::Busy(_) => Said::Busy,
                    Code::Refused(Reason::Malformed) => panic!("nothing is malformed"),
                };
                (said, verdict.stale.map(|stale| stale.order.version))
            })
            .collect();
        assert_eq!(said, expected);
        for (said, newer) in said {
            self.see(match said {
                Said::Accepted => "accepted",
                Said::Unknown => "unknown",
                Said::NoPayload => "no payload",
                Said::Gone => "gone",
                Said::Busy => "busy",
            });
            if newer.is_some() {
                self.see("stale");
            }
        }
    }

    /// A new item, or one of before once more.
    fn item(&mut self, origin: u8) -> model::Item {
        let same: Vec<_> =
            self.sent.iter().filter(|(from, _)| *from == origin).map(|(_, item)| item.clone()).collect();
        let count = u64::try_from(same.len()).unwrap();
        if count > 0 && self.below(4) == 0 {
            let back = usize::try_from(self.below(count.min(12))).unwrap();
            return same[same.len() - 1 - back].clone();
        }
        let token = 1 + self.small(6);
        let device = if self.below(8) == 0 { 9 } else { 2 * (token % 2) + 1 + self.small(2) };
        let version = 1 + self.below(6);
        let payload = (self.below(3) == 0).then(|| self.small(3));
        let id = u16::try_from(self.uid() % 60_000).unwrap();
        model::Item { id, token, device, version, payload }
    }

    fn owner(&mut self) -> Owner {
        let device = 1 + self.small(4);
        (device.div_ceil(2), device)
    }

    #[expect(clippy::too_many_lines, reason = "one operation, and all that it must show")]
    fn drain(&mut self) {
        let owner = self.owner();
        let cursors = self.cursors.entry(owner).or_default().clone();
        let entry = match self.below(10) {
            0 => None,
            1 if !cursors.is_empty() => {
                let index = self.below(u64::try_from(cursors.len()).unwrap());
                Some(cursors[usize::try_from(index).unwrap()])
            }
            // Another device's.
            2 => self
                .cursors
                .iter()
                .find(|(other, _)| **other != owner)
                .and_then(|(_, other)| other.last().copied()),
            _ => cursors.last().copied(),
        };
        let cursor = MailboxCursor { entry, gap: None };
        let max = 1 + self.below(6);
        let named =
            entry.map(|place| self.names.get(&(owner, place.number, place.tag)).copied().unwrap_or(0));
        let expected = self.model.drain(owner, named, usize::try_from(max).unwrap());
        let me = crate::support::owner(owner.0, owner.1);
        let drained = self.world.drain(me, &cursor, u16::try_from(max).unwrap());
        if drained.lost {
            self.see("lost");
        }
        if drained.aged.is_some() {
            self.see("aged");
        }
        let entries: Vec<_> = drained
            .entries
            .iter()
            .map(|entry| {
                let is_status = matches!(entry.what, What::Status(_));
                (entry.place, numbers(core::slice::from_ref(entry))[0], is_status)
            })
            .collect();
        // Each place has one name for ever, whatever is set back in between.
        for (place, (uid, ..)) in entries.iter().map(|(place, ..)| place).zip(&expected.entries) {
            assert_eq!(*self.names.entry((owner, place.number, place.tag)).or_insert(*uid), *uid);
        }
        if let (Some(place), Some(uid)) = (drained.next.entry, expected.next) {
            assert_eq!(*self.names.entry((owner, place.number, place.tag)).or_insert(uid), uid);
            self.cursors.entry(owner).or_default().push(place);
        }
        let name = |place: &LogPlace| self.names[&(owner, place.number, place.tag)];
        let mut payloads: Vec<_> = drained.payloads.iter().map(|body| body[0]).collect();
        payloads.sort_unstable();
        let mut distinct = expected.payloads.clone();
        distinct.dedup();
        // Two origins may have sent the same body: two payloads.
        let (mut once, mut all) = (payloads.clone(), payloads.len());
        once.dedup();
        assert!(once == distinct && all <= expected.payloads.len());
        all = payloads.len();
        let shown = Shown {
            lost: drained.lost,
            aged: drained.aged.map(|aged| (aged.count, aged.from, aged.to)),
            entries: entries.iter().map(|(place, id, is_status)| (name(place), *id, *is_status)).collect(),
            payloads: expected.payloads.clone(),
            next: drained.next.entry.as_ref().map(name),
            more: drained.more,
        };
        assert_eq!(shown, expected);
        for _ in 0..all.min(1) {
            self.see("payloads");
        }
        for _ in &shown.entries {
            self.see("drained");
        }
    }

    fn report(&mut self) {
        let owner = self.owner();
        let (id, which) = (u16::from(self.small(20)), self.small(3));
        let status =
            [Status::Delivered, Status::Uncertain, Status::Waiting(self.world.now)][usize::from(which)];
        let uid = self.uid();
        self.world.report(crate::support::owner(owner.0, owner.1), id, status);
        self.model.report(owner, id, which, uid, self.world.now);
    }

    fn change_token(&mut self) {
        let (account, one, two) = (1 + self.small(2), 1 + self.small(6), 1 + self.small(6));
        let (change, expected) = match self.below(4) {
            0 => (TokenChange::Add(token(one)), self.model.add(account, one)),
            1 => {
                let change = TokenChange::Rotate { old: token(one), new: token(two) };
                (change, self.model.rotate(account, one, two, self.world.now))
            }
            _ => (TokenChange::Sink(token(one)), self.model.sink(account, one)),
        };
        assert_eq!(self.world.tokens(account, change) == TokenChanged::Done, expected);
    }

    fn pass(&mut self) {
        let hours = [1, 10, 30, 200, 500][usize::from(self.small(5))];
        self.world.now = self.world.now.plus(Span::from_secs(hours * 3_600));
        self.wake();
    }

    fn wake(&mut self) {
        self.world.wake();
        let now = self.world.now;
        let next = &mut self.next;
        self.model.wake(now, || {
            *next += 1;
            *next
        });
    }

    /// The server is set back to some moment of before; devices and peers are not.
    fn restore(&mut self) {
        let count = u64::try_from(self.snapshots.len()).unwrap();
        if count > 0 {
            let index = usize::try_from(self.below(count)).unwrap();
            let (snapshot, model) = self.snapshots[index].clone();
            self.world.restore(&snapshot);
            self.model = model;
            self.see("restored");
            self.wake();
        }
    }

    /// Everything is drained or goes by age, and nothing of it is left.
    fn end(&mut self) {
        for device in 1..=4_u8 {
            let _ = self.world.drain_all(crate::support::owner(device.div_ceil(2), device));
        }
        self.world.wait(Span::from_days(100));
        self.world.wait(Span::from_days(1));
        // Accounts, addresses and counts of tokens; tokens; mailboxes and shadows; origins.
        assert!(self.world.store.memory.records() <= 6 + 6 + 8 + 2, "something is left behind");
    }
}

fn real(item: &model::Item) -> Item {
    let hash = item.payload.map(|body| Hash::of(&[body]));
    let mut real = item_to(item.id, token(item.token), device(item.device), hash);
    if let Kind::Device(device) = &mut real.kind {
        device.order = Order { term: 0, version: item.version };
    }
    real
}

#[test]
fn mailboxes_agree_with_the_model() {
    let seed = setting("SOTTOVOCE_SEED").unwrap_or_else(|| {
        rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the operating system's randomness")
            >> 1
    });
    println!("mailboxes_agree_with_the_model: SOTTOVOCE_SEED={seed}");
    let one = setting("SOTTOVOCE_HISTORY");
    let count = setting("SOTTOVOCE_COUNT").unwrap_or(DEFAULT_COUNT);
    let mut seen = BTreeMap::<_, u64>::new();
    for index in one.map_or(0..count, |index| index..index + 1) {
        println!("SOTTOVOCE_HISTORY={index}");
        let mut history = History::new(seed, index);
        for _ in 0..STEPS {
            history.step();
        }
        history.end();
        for (what, times) in history.seen {
            *seen.entry(what).or_default() += times;
        }
    }
    println!("{seen:?}");
    if one.is_none() && count >= DEFAULT_COUNT {
        for what in [
            "accepted",
            "unknown",
            "no payload",
            "gone",
            "busy",
            "stale",
            "lost",
            "aged",
            "payloads",
            "restored",
        ] {
            assert!(seen.get(what).is_some_and(|times| *times >= 10), "{what} did not occur");
        }
    }
}
