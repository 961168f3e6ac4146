//! What mailboxes do, said plainly: lists in memory, no records, no steps.

use std::collections::BTreeMap;

use sottovoce::server::mailbox::limits;
use sottovoce::time::Timestamp;

/// Names of things by small numbers. Account n has the devices 2n − 1 and 2n.
pub type Owner = (u8, u8);
/// An origin and the number of a body.
pub type Payload = (u8, u8);
/// What no two things in a history share, also across restores.
pub type Uid = u64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: u16,
    pub token: u8,
    pub device: u8,
    pub version: u64,
    pub payload: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Accepted,
    Unknown,
    NoPayload,
    Gone,
    Busy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub uid: Uid,
    /// Of the item, or of the item whose status it is.
    pub id: u16,
    pub is_status: bool,
    at: Timestamp,
    payload: Option<Payload>,
    /// What a second one of it is known by.
    mark: Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Item { origin: u8, token: u8, id: u16 },
    Status { id: u16, code: u8 },
}

#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    pub entries: Vec<Entry>,
    /// What was last acknowledged, or the moment when something went by age.
    pub floor: Option<Uid>,
    pub aged: Option<(u64, Timestamp, Timestamp)>,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    account: u8,
    is_sink: bool,
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    at: Timestamp,
    holders: u32,
    is_due: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub versions: BTreeMap<u8, u64>,
    tokens: BTreeMap<u8, Token>,
    pub mailboxes: BTreeMap<Owner, Mailbox>,
    shadows: BTreeMap<Owner, Mailbox>,
    payloads: BTreeMap<Payload, Kept>,
}

/// What a drain shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    pub lost: bool,
    pub aged: Option<(u64, Timestamp, Timestamp)>,
    pub entries: Vec<(Uid, u16, bool)>,
    pub payloads: Vec<u8>,
    pub next: Option<Uid>,
    pub more: bool,
}

impl Model {
    pub fn payload(&mut self, origin: u8, body: u8, now: Timestamp) {
        let kept = self.payloads.entry((origin, body)).or_insert(Kept { at: now, holders: 0, is_due: false });
        (kept.at, kept.is_due) = (now, false);
    }

    /// The verdict, and the version that is told as newer.
    pub fn item(&mut self, origin: u8, item: &Item, uid: Uid, now: Timestamp) -> (Said, Option<u64>) {
        let token = self.tokens.get(&item.token).copied();
        let Some(token) = token.filter(|token| token.until.is_none_or(|until| now < until)) else {
            return (Said::Unknown, None);
        };
        let Some(&version) = self.versions.get(&token.account) else { return (Said::Gone, None) };
        let newer = (item.version < version).then_some(version);
        if item.device != 2 * token.account - 1 && item.device != 2 * token.account {
            let said = if item.version > version { Said::Busy } else { Said::Gone };
            return (said, newer);
        }
        let owner = (token.account, item.device);
        let mark = Mark::Item { origin, token: item.token, id: item.id };
        let holds = |mailbox: Option<&Mailbox>| {
            mailbox.is_some_and(|mailbox| mailbox.entries.iter().any(|entry| entry.mark == mark))
        };
        if holds(self.mailboxes.get(&owner)) || (token.is_sink && holds(self.shadows.get(&owner))) {
            return (Said::Accepted, newer);
        }
        let payload = item.payload.map(|body| (origin, body));
        if let Some(payload) = payload {
            let Some(kept) = self.payloads.get_mut(&payload) else { return (Said::NoPayload, newer) };
            kept.holders += 1;
        }
        let into = if token.is_sink { &mut self.shadows } else { &mut self.mailboxes };
        let entry = Entry { uid, id: item.id, is_status: false, at: now, payload, mark };
        into.entry(owner).or_default().entries.push(entry);
        (Said::Accepted, newer)
    }

    pub fn report(&mut self, owner: Owner, id: u16, code: u8, uid: Uid, now: Timestamp) {
        let mailbox = self.mailboxes.entry(owner).or_default();
        let mark = Mark::Status { id, code };
        if !mailbox.entries.iter().any(|entry| entry.mark == mark) {
            mailbox.entries.push(Entry { uid, id, is_status: true, at: now, payload: None, mark });
        }
    }

    pub fn add(&mut self, account: u8, token: u8) -> bool {
        let new = Token { account, is_sink: false, until: None };
        let kept = self.tokens.entry(token).or_insert(new);
        if kept.account == account {
            kept.is_sink = false;
        }
        kept.account == account
    }

    pub fn rotate(&mut self, account: u8, old: u8, new: u8, now: Timestamp) -> bool {
        if old == new || !self.add(account, new) {
            return false;
        }
        if let Some(token) = self.tokens.get_mut(&old).filter(|token| token.account == account) {
            token.until = token.until.or(Some(now.plus(limits::GRACE)));
        }
        true
    }

    pub fn sink(&mut self, account: u8, token: u8) -> bool {
        let found = self.tokens.get_mut(&token).filter(|token| token.account == account);
        found.map(|token| token.is_sink = true).is_some()
    }

    fn release(&mut self, entries: &[Entry]) {
        for payload in entries.iter().filter_map(|entry| entry.payload) {
            let Some(kept) = self.payloads.get_mut(&payload) else { continue };
            kept.holders -= 1;
            if kept.holders == 0 && kept.is_due {
                self.payloads.remove(&payload);
            }
        }
    }

    pub fn drain(&mut self, owner: Owner, cursor: Option<Uid>, max: usize) -> Shown {
        let mailbox = self.mailboxes.entry(owner).or_default();
        let mut lost = false;
        let mut gone = Vec::new();
        if let Some(cursor) = cursor {
            if mailbox.floor == Some(cursor) {
                mailbox.aged = None;
            } else if let Some(index) = mailbox.entries.iter().position(|entry| entry.uid == cursor) {
                gone = mailbox.entries.drain(..=index).collect();
                (mailbox.floor, mailbox.aged) = (Some(cursor), None);
            } else {
                lost = true;
            }
        }
        let shown: Vec<_> = mailbox.entries.iter().take(max).cloned().collect();
        let next = shown.last().map(|entry| entry.uid).or(mailbox.floor);
        let (aged, more) = (mailbox.aged, mailbox.entries.len() > max);
        self.release(&gone);
        let mut payloads: Vec<_> =
            shown.iter().filter_map(|entry| entry.payload).map(|(_, body)| body).collect();
        payloads.sort_unstable();
        let entries = shown.into_iter().map(|entry| (entry.uid, entry.id, entry.is_status)).collect();
        Shown { lost, aged, entries, payloads, next, more }
    }

    /// Whatever is due is done. `uid` gives names to what happens.
    pub fn wake(&mut self, now: Timestamp, mut uid: impl FnMut() -> Uid) {
        self.tokens.retain(|_, token| token.until.is_none_or(|until| now < until));
        let mut gone = Vec::new();
        for mailbox in self.mailboxes.values_mut().chain(self.shadows.values_mut()) {
            let is_old = |entry: &&Entry| entry.at.plus(limits::LIFETIME) <= now;
            let old = mailbox.entries.iter().take_while(is_old).count();
            let entries: Vec<_> = mailbox.entries.drain(..old).collect();
            if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
                let (count, from, _) = mailbox.aged.unwrap_or((0, first.at, last.at));
                mailbox.aged = Some((count + u64::try_from(old).unwrap(), from, last.at));
                mailbox.floor = Some(uid());
            }
            gone.extend(entries);
        }
        self.release(&gone);
        self.payloads.retain(|_, kept| {
            kept.is_due |= kept.at.plus(limits::PAYLOAD) <= now;
            kept.holders > 0 || !kept.is_due
        });
    }

    /// How many records a server needs at most for what the model holds.
    pub fn records(&self) -> usize {
        let held = |mailboxes: &BTreeMap<Owner, Mailbox>| -> usize {
            mailboxes.values().map(|mailbox| mailbox.entries.len() + 1).sum()
        };
        let timers =
            2 * (self.mailboxes.len() + self.shadows.len() + self.payloads.len() + self.tokens.len());
        let accounts = self.versions.len() * 3;
        held(&self.mailboxes)
            + held(&self.shadows)
            + 2 * self.payloads.len()
            + self.tokens.len()
            + timers
            + accounts
            + 3
    }
}
