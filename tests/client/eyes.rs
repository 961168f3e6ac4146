//! What servers, peers and clocks do to a device must not stop it, nor make it send without end.

use sottovoce::client::{Device, Event, Input, Output};
use sottovoce::crypto::secret::Secret;
use sottovoce::server::service::Outcome;
use sottovoce::storage::{Loaded, MemoryStore, Store, Vault, Want, Write};
use sottovoce::time::Span;

use crate::apps::Town;
use crate::servers::generator;

fn acquainted() -> Town {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test"]);
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    town.pass(Span::from_secs(60));
    town
}

/// Sends all that a device has to send now.
fn send(town: &mut Town, at: usize) {
    while town.apps[at].wake_at.is_some_and(|wake_at| wake_at <= town.net.now) {
        town.input(at, &Input::Wake);
    }
}

/// A store that fails at its third write, once.
#[derive(Default)]
struct Failing(MemoryStore, u32, Option<u32>);

impl Store for Failing {
    type Error = &'static str;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, &'static str> {
        Ok(self.0.load(wants).unwrap())
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<sottovoce::storage::Outcome, &'static str> {
        self.1 += 1;
        if self.2 == Some(self.1) { Err("the disk is full") } else { Ok(self.0.apply(write).unwrap()) }
    }
}

#[test]
fn a_store_that_fails_in_between_loses_no_event() {
    let mut town = acquainted();
    for number in 0..3 {
        town.say(1, 0, &format!("{number}"));
    }
    send(&mut town, 1);
    // The same device behind the driver for applications.
    let snapshot = town.apps[0].store.memory.snapshot();
    let mut key = [0; 32];
    key[..8].copy_from_slice(&100_u64.to_be_bytes());
    let mut store = Failing::default();
    store.0.restore(&snapshot);
    let mut device = Device::new(Vault::new(&Secret::new(key), b"app"), store, generator(5));
    let now = town.net.now;
    let mut events = Vec::new();
    let mut underway = device.input(now, &Input::Fetch { wait: Span::from_secs(0) }).unwrap().send;
    while let Some(output) = underway.pop() {
        let Output::Post { request, body } = output else { continue };
        let home = town.apps[0].home.clone();
        let response = town.net.input(&home, &sottovoce::server::Input::Client(body));
        let input = Input::Posted { request, response };
        // The second entry of the page cannot be written at first.
        let second = device.store().1 + 2;
        device.store().2 = Some(second);
        let outcome = match device.input(now, &input) {
            Ok(outcome) => outcome,
            Err(_) => device.input(now, &input).unwrap(),
        };
        device.store().2 = None;
        underway.extend(outcome.send);
        events.extend(outcome.events);
    }
    let heard = events
        .iter()
        .filter(|event| matches!(event, Event::Message(said) if crate::apps::text(said).is_some()));
    assert_eq!(heard.count(), 3, "{events:?}");
}
