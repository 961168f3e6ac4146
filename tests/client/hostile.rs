//! What others send is taken or told, and never in the way. Attacks L-01, R-22, W-15 at the mailbox.

use std::collections::BTreeSet;

use sottovoce::client::Event;
use sottovoce::crypto::hash::Hash;
use sottovoce::server::mailbox::{Drained, LogPlace, MailboxEntry, MailboxItem, What};
use sottovoce::server::service::{Outcome, Response};
use sottovoce::server::{ItemId, Token};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::apps::Town;

/// Every byte string that stands in a vector.
fn vectors() -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors");
    let mut all = BTreeSet::new();
    for file in std::fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            collect(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(), &mut all);
        }
    }
    all.into_iter().filter(|bytes| (1..=65_536).contains(&bytes.len())).collect()
}

fn collect(value: &serde_json::Value, into: &mut BTreeSet<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => into.extend(hex::decode(text)),
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        serde_json::Value::Object(values) => values.values().for_each(|value| collect(value, into)),
        _ => {}
    }
}

/// A server that puts hostile items between the true ones.
struct Hostile {
    bodies: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    sent: usize,
    seen: Vec<MailboxItem>,
}

impl Hostile {
    /// Some at a time, before and behind every entry of an answer.
    fn add(&mut self, response: Vec<u8>) -> Vec<u8> {
        let Ok(Response { request, outcome: Outcome::Drained(drained) }) = Response::decode(&response) else {
            return response;
        };
        let mut drained: Drained = *drained;
        let mut entries = Vec::new();
        for entry in core::mem::take(&mut drained.entries) {
            if let What::Item(item) = &entry.what {
                self.seen.push(item.clone());
            }
            let place = entry.place;
            entries.extend(self.next(place, 12));
            entries.push(entry);
            entries.extend(self.next(place, 12));
        }
        drained.entries = entries;
        drained.payloads.extend(self.payloads.clone());
        Response { request, outcome: Outcome::Drained(Box::new(drained)) }.encode().unwrap()
    }

    fn next(&mut self, near: LogPlace, count: usize) -> Vec<MailboxEntry> {
        let mut entries = Vec::new();
        for _ in 0..count {
            let number = self.sent;
            self.sent += 1;
            let tag = Hash::of(&number.to_be_bytes()).truncated();
            let id = ItemId::from_bytes(Hash::of(&[tag.as_slice(), b"id"].concat()).truncated());
            // Every seventh is a replay of what came before, the others are what was prepared.
            let again =
                self.seen.get(number % self.seen.len().max(1)).filter(|_| number.is_multiple_of(7)).cloned();
            let body = self.bodies[number % self.bodies.len()].clone();
            let payload = self.payloads.first().map(|payload| Hash::of(payload));
            let item = again.unwrap_or(MailboxItem { id, token: Token::from_bytes([9; 16]), payload, body });
            let place = LogPlace { number: near.number, tag };
            entries.push(MailboxEntry { place, at: Timestamp::default(), what: What::Item(item) });
        }
        entries
    }
}

#[test]
fn l_01_hostile_items_are_told_and_all_others_are_shown() {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test", "carol@a.test"]);
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    town.acquaint(0, 2);
    // What alice says to carol is not for bob.
    town.say(0, 2, "for carol");
    let mut bodies = vectors();
    let all = bodies.len();
    assert!(all > 2_000);
    let step = all / 900;
    bodies = bodies.into_iter().step_by(step.max(1)).collect();
    let hostile = Hostile { bodies, payloads: vec![vec![7; 300]], sent: 0, seen: Vec::new() };
    let hostile = std::cell::RefCell::new(hostile);
    let before = town.apps[1].events.len();
    let mut said = Vec::new();
    let mut number = 0;
    while hostile.borrow().sent < 1_000 {
        let words = format!("number {number}");
        town.say(0, 1, &words);
        said.push(words);
        number += 1;
        town.pass_with(Span::from_secs(20), |at, response| {
            if at == 1 { hostile.borrow_mut().add(response) } else { response }
        });
    }
    let sent = hostile.borrow().sent;
    assert_eq!(town.apps[1].heard(), said);
    let unreadable = town.apps[1].events[before..]
        .iter()
        .filter(|event| matches!(event, Event::Unreadable { .. }))
        .count();
    println!("{sent} hostile items between {} true ones: {unreadable} told", said.len());
    assert_eq!(unreadable, sent, "each is told once");
    assert!(town.apps[0].heard().is_empty());
}
