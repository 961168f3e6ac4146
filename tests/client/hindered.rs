//! What servers, peers and clocks do to a device must not stop it, nor make it send without end.

use std::cell::Cell;
use std::marker::PhantomData;

use sottovoce::client::{ClientError, Command, Create, Device, Event, Input, Output, Refusal, Stage};
use sottovoce::content::{
    Act, Body, ConsentState, ContactConsent, ContentId, DeliveryToken, Heard, TokenGrant, Version,
};
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, Fingerprint};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::server::frame::Reply;
use sottovoce::server::service::{Outcome, Refused, Response};
use sottovoce::session::Contact;
use sottovoce::storage::{
    Key, Loaded, Machine, MemoryStore, Record, Step, Stop, Store, Table, Vault, Want, Write, run, step,
};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::apps::Town;
use crate::servers::generator;

fn acquainted() -> Town {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test"]);
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    town.pass(Span::from_secs(60));
    town
}

/// Changes what a device holds of an account, as something that came would have.
struct Change<'a, T, F>(&'a Vault, Key, F, PhantomData<T>);

impl<T: Record, F: Fn(&mut T)> Machine for Change<'_, T, F> {
    type Input = ();
    type Output = ();
    type Refused = ClientError;

    fn step(&self, loaded: &Loaded, _: Timestamp, seed: Seed, (): &()) -> Result<Step<()>, ClientError> {
        step(self.0, loaded, seed, |tx| {
            let mut slot = tx.read::<T>(self.1)?;
            let mut held = slot.take().unwrap();
            self.2(&mut held);
            tx.put(slot, &held).map_err(|error| Stop::Refused(error.into()))?;
            Ok(Vec::new())
        })
    }
}

fn change_record<T: Record>(town: &mut Town, at: usize, key: Key, with: impl Fn(&mut T)) {
    let now = town.net.now;
    let app = &mut town.apps[at];
    let machine = Change(&app.vault, key, with, PhantomData);
    drop(run(&machine, app.device.shelf(), now, &mut generator(7), &()).unwrap());
}

fn change(town: &mut Town, at: usize, of: AccountId, with: impl Fn(&mut Contact)) {
    let key = Contact::key(&town.apps[at].vault, of);
    change_record(town, at, key, with);
}

/// Sends all that a device has to send now.
fn send(town: &mut Town, at: usize) {
    while town.apps[at].wake_at.is_some_and(|wake_at| wake_at <= town.net.now) {
        town.input(at, &Input::Wake);
    }
}

/// Changes answers of a server on their way to one application.
fn answer(response: Vec<u8>, change: impl FnOnce(Outcome) -> Outcome) -> Vec<u8> {
    let Ok(Response { request, outcome }) = Response::decode(&response) else { return response };
    Response { request, outcome: change(outcome) }.encode().unwrap()
}

#[test]
fn who_cannot_be_sealed_for_does_not_stop_the_device() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    // Bob has another identity, and nobody has decided on it.
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(Fingerprint::from_bytes([7; 32]));
    });
    let first = town.say(0, 1, "first");
    for number in 0..255 {
        town.say(0, 1, &format!("{number}"));
    }
    // A receipt is due for what he says: one thing more that waits.
    town.say(1, 0, "hello");
    town.pass(Span::from_secs(180));
    assert_eq!(town.apps[0].heard(), ["hello"]);
    assert_eq!(town.apps[0].stages(first), [Stage::Held, Stage::Failed]);
    let recent = town.say(0, 1, "recent");
    assert_eq!(town.apps[0].stages(recent), [Stage::Held]);
}

#[test]
fn a_manifest_that_nobody_has_is_not_asked_for_without_end() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    change(&mut town, 0, bob, |contact| {
        contact.mentioned = Some(Order { term: contact.order.term, version: contact.order.version + 1_000 });
    });
    let before = town.apps[0].posts;
    town.say(0, 1, "one");
    town.say(0, 1, "two");
    town.pass(Span::from_secs(60));
    let posts = town.apps[0].posts - before;
    // A drain every ten seconds, the inbox, and two look-ups.
    assert!(posts < 20, "{posts} requests in a minute");
}

#[test]
fn a_device_that_is_gone_before_it_was_sealed_for_is_told() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(Fingerprint::from_bytes([7; 32]));
    });
    let said = town.say(0, 1, "to the device that was");
    change(&mut town, 0, bob, |contact| contact.devices = vec![DeviceId::from_bytes([9; 16])]);
    town.command(0, Command::AcceptIdentity(bob, Fingerprint::from_bytes([7; 32])));
    town.pass(Span::from_secs(60));
    assert_eq!(town.apps[0].stages(said), [Stage::Held, Stage::Failed]);
}

#[test]
fn a_clock_that_is_put_back_loses_nothing() {
    let mut town = acquainted();
    let now = town.net.now;
    let bob = town.apps[1].account();
    let (sent, held) = (town.apps[0].command(), town.apps[0].command());
    let text = |words| Command::Say(bob, Box::new(Body::Text(crate::apps::plain(words))));
    let ahead = now.plus(Span::from_secs(3_600));
    town.apps[0].input(ahead, &Input::Command(sent, text("sent"))).unwrap();
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(Fingerprint::from_bytes([7; 32]));
    });
    town.apps[0].input(ahead, &Input::Command(held, text("held"))).unwrap();
    town.apps[0].wake_at = Some(now);
    town.pass(Span::from_secs(120));
    assert_eq!(town.apps[1].heard(), ["sent"]);
    assert_eq!(town.apps[0].stages(held), [Stage::Held]);
    town.command(0, Command::AcceptIdentity(bob, Fingerprint::from_bytes([7; 32])));
    town.pass(Span::from_secs(120));
    assert_eq!(town.apps[1].heard(), ["sent", "held"]);
}

#[test]
fn receipts_go_out_after_a_clock_was_put_back() {
    let mut town = acquainted();
    town.say(1, 0, "hello");
    send(&mut town, 1);
    // What has come is fetched while the clock is a little ahead.
    let now = town.net.now;
    town.net.now = now.plus(Span::from_secs(10));
    town.input(0, &Input::Fetch { wait: Span::from_secs(0) });
    town.net.now = now;
    town.apps[0].wake_at = Some(now);
    town.pass(Span::from_secs(240));
    let receipts =
        town.apps[1].said().filter(|said| matches!(said.body().unwrap(), Body::Receipt(_))).count();
    assert_eq!(receipts, 1);
}

#[test]
fn what_the_server_refuses_is_told() {
    let mut town = acquainted();
    let said = {
        let id = town.apps[0].command();
        let bob = town.apps[1].account();
        let body = Body::Text(crate::apps::plain("refused"));
        town.apps[0].input(town.net.now, &Input::Command(id, Command::Say(bob, Box::new(body)))).unwrap();
        id
    };
    town.pass_with(Span::from_secs(60), |at, response| {
        if at != 0 {
            return response;
        }
        answer(response, |outcome| match outcome {
            Outcome::Submitted(_) => Outcome::Refused(Refused::Denied),
            other => other,
        })
    });
    assert_eq!(town.apps[0].stages(said), [Stage::Failed]);
}

#[test]
fn a_claim_that_is_refused_once_is_made_again() {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test"]);
    town.pass(Span::from_secs(60));
    let address = town.apps[1].address.clone();
    let id = town.apps[0].command();
    town.apps[0].input(town.net.now, &Input::Command(id, Command::Introduce(address))).unwrap();
    let refused = Cell::new(false);
    town.pass_with(Span::from_secs(60), |at, response| {
        answer(response, |outcome| match outcome {
            Outcome::Answer(answer)
                if at == 0 && !refused.get() && matches!(answer.reply, Reply::Claimed(_)) =>
            {
                refused.set(true);
                Outcome::Refused(Refused::Denied)
            }
            other => other,
        })
    });
    assert!(refused.get());
    town.pass(Span::from_secs(2 * 3_600));
    let alice = town.apps[0].account();
    assert!(town.apps[1].state(alice).is_some(), "bob was never asked");
}

#[test]
fn a_stranger_makes_nothing_be_sent() {
    let mut town = Town::new(&["a.test", "b.test"], &["alice@a.test", "bob@b.test"]);
    town.pass(Span::from_secs(60));
    let address = town.apps[1].address.clone();
    town.command(0, Command::Introduce(address.clone()));
    town.pass(Span::from_secs(180));
    let alice = town.apps[0].account();
    assert_eq!(town.apps[1].state(alice), Some(ConsentState::RequestReceived));
    // The inbox takes one request a day from each. She asks again, in the same session; what comes does not open.
    town.net.pass(Span::from_secs(90_000));
    for app in &mut town.apps {
        app.wake_at = Some(town.net.now);
    }
    town.command(0, Command::Introduce(address));
    let (changed, claims) = (Cell::new(0), Cell::new(0));
    town.pass_with(Span::from_secs(600), |at, response| {
        if at != 1 {
            return response;
        }
        answer(response, |outcome| match outcome {
            Outcome::Requests(mut listed) => {
                for request in &mut listed.requests {
                    *request.body.last_mut().unwrap() ^= 1;
                    changed.set(changed.get() + 1);
                }
                Outcome::Requests(listed)
            }
            Outcome::Answer(answer) => {
                claims.set(claims.get() + 1);
                Outcome::Answer(answer)
            }
            other => other,
        })
    });
    println!("{} requests changed, {} answers", changed.get(), claims.get());
    assert_eq!(claims.get(), 0);
}

#[test]
fn a_log_that_names_a_place_twice_ends() {
    let mut town = acquainted();
    for number in 0..2 {
        town.say(1, 0, &format!("{number}"));
    }
    send(&mut town, 1);
    let response = Cell::new(None);
    let (at, limit) = (town.net.now, 200);
    town.apps[0].input(at, &Input::Fetch { wait: Span::from_secs(0) }).unwrap();
    while let Some(output) = town.apps[0].underway.pop_front() {
        let Output::Post { request, body } = output else { continue };
        let home = town.apps[0].home.clone();
        let answered = town.net.input(&home, &sottovoce::server::Input::Client(body)).unwrap();
        let answered = answer(answered, |outcome| match outcome {
            Outcome::Drained(mut drained) if drained.entries.len() > 1 => {
                let first = drained.entries[0].clone();
                drained.entries.insert(1, first);
                Outcome::Drained(drained)
            }
            other => other,
        });
        response.set(Some(Input::Posted { request, response: Some(answered) }));
        let input = response.take().unwrap();
        let app = &mut town.apps[0];
        let client = app.client();
        let mut steps = 0;
        loop {
            let released = run(&client, app.device.shelf(), at, &mut generator(steps), &input).unwrap();
            if !released.send.contains(&Output::Again) {
                break;
            }
            steps += 1;
            assert!(steps < limit, "without end");
        }
    }
}

#[test]
fn a_token_for_another_domain_is_as_good_as_none() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    let key = town.apps[0].vault.partition(Table::CONSENTS, bob.as_bytes()).key(0);
    let version = Version { sent_at: town.net.now, id: ContentId::from_bytes([1; 16]) };
    change_record::<ContactConsent>(&mut town, 0, key, |contact| {
        let token = DeliveryToken::new(Secret::new([5; 16]));
        let grant = TokenGrant { token, domain: "victim.test".parse().unwrap() };
        assert!(contact.hear(Heard::Token(&grant), version));
    });
    let said = town.say(0, 1, "to whom");
    town.pass(Span::from_secs(60));
    assert_eq!(town.apps[0].stages(said), []);
}

#[test]
fn what_waited_when_a_contact_was_ended_is_not_sent() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    let other = Fingerprint::from_bytes([7; 32]);
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(other);
    });
    town.say(0, 1, "never mind");
    town.command(0, Command::Consent(bob, Act::Revoke));
    town.command(0, Command::AcceptIdentity(bob, other));
    town.pass(Span::from_secs(120));
    assert!(town.apps[1].heard().is_empty());
    assert_eq!(town.apps[1].state(town.apps[0].account()), Some(ConsentState::None));
}

#[test]
fn what_waited_comes_in_the_order_in_which_it_was_said() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    let other = Fingerprint::from_bytes([7; 32]);
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(other);
    });
    let said: Vec<_> = (0..8).map(|number| number.to_string()).collect();
    for words in &said {
        town.say(0, 1, words);
    }
    town.command(0, Command::AcceptIdentity(bob, other));
    town.pass(Span::from_secs(60));
    assert_eq!(town.apps[1].heard(), said);
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
    let snapshot = town.apps[0].device.shelf().memory.snapshot();
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

#[test]
fn as_much_as_may_wait_is_sealed_in_steps() {
    let mut town = acquainted();
    let bob = town.apps[1].account();
    let other = Fingerprint::from_bytes([7; 32]);
    change(&mut town, 0, bob, |contact| {
        contact.trust.observe(other);
    });
    // More than one write holds.
    let said: Vec<_> = (0..250).map(|number| format!("{number:03}{}", "x".repeat(16_000))).collect();
    for words in &said {
        town.say(0, 1, words);
    }
    town.command(0, Command::AcceptIdentity(bob, other));
    town.pass(Span::from_secs(300));
    let mut heard = town.apps[1].heard();
    heard.sort();
    assert_eq!(heard.len(), said.len());
    assert!(heard == said, "each once");
}

#[test]
fn who_was_refused_may_ask_again() {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "alice@a.test"]);
    town.pass(Span::from_secs(60));
    let refused = |town: &Town| {
        let is_refused = |event: &&Event| matches!(event, Event::RegistrationRefused(Refusal::Taken));
        town.apps[1].events.iter().filter(is_refused).count()
    };
    assert_eq!(refused(&town), 1);
    town.pass(Span::from_secs(600));
    assert_eq!(refused(&town), 1, "it does not ask by itself");
    let recovery = RecoveryKey::generate(&mut generator(3)).unwrap();
    let create = Create { address: town.apps[1].address.clone(), recovery, invite: Some([1; 16]) };
    town.input(1, &Input::Create(Box::new(create)));
    town.pass(Span::from_secs(60));
    assert_eq!(refused(&town), 2);
}

#[test]
fn another_domain_does_not_take_over_a_contact() {
    let mut town = Town::new(&["a.test", "evil.test"], &["alice@a.test", "bob@a.test"]);
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    let bob = town.apps[1].account();
    let found = Cell::new(None);
    let look_up = |town: &mut Town, address: &str| {
        let now = town.net.now;
        let id = town.apps[0].command();
        let command = Command::LookUp(address.parse().unwrap());
        town.apps[0].input(now, &Input::Command(id, command)).unwrap();
    };
    look_up(&mut town, "bob@a.test");
    town.pass_with(Span::from_secs(30), |_, response| {
        answer(response, |outcome| {
            if let Outcome::Answer(answer) = &outcome {
                found.set(Some(answer.reply.clone()));
            }
            outcome
        })
    });
    let Some(Reply::Found { manifest, certificate }) = found.into_inner() else { panic!("bob is found") };
    // evil.test certifies that bob's account, which is public, has an address there.
    let mut named = AddressCertificate::decode(&certificate.certificate).unwrap();
    named.address = "bob@evil.test".parse().unwrap();
    let certificate = SignedCertificate { certificate: named.encode().unwrap(), ..certificate };
    look_up(&mut town, "bob@evil.test");
    town.pass_with(Span::from_secs(60), |_, response| {
        answer(response, |outcome| match outcome {
            Outcome::Answer(mut answer) => {
                let (manifest, certificate) = (manifest.clone(), certificate.clone());
                answer.reply = Reply::Found { manifest, certificate };
                Outcome::Answer(answer)
            }
            other => other,
        })
    });
    let is_mismatch = |event: &Event| matches!(event, Event::Unreadable { class, .. } if class == "mismatch");
    assert!(town.apps[0].events.iter().any(is_mismatch), "{:?}", town.apps[0].events);
    let address = |event: &Event| match event {
        Event::LookedUp(address, Some(account)) if *account == bob => Some(address.to_string()),
        _ => None,
    };
    assert!(town.apps[0].events.iter().filter_map(address).all(|address| address == "bob@a.test"));
    town.say(0, 1, "still there");
    town.pass(Span::from_secs(60));
    assert_eq!(town.apps[1].heard(), ["still there"]);
}

#[test]
fn a_domain_that_names_another_server_is_told() {
    let mut town = acquainted();
    let home = town.apps[0].home.clone();
    let other = Town::new(&["b.test", "a.test"], &[]);
    let document = other.net.hosts[&home].document.clone();
    town.net.hosts.get_mut(&home).unwrap().document = document;
    town.net.pass(Span::from_secs(90_000));
    town.pass(Span::from_secs(30));
    let is_told = |event: &Event| {
        matches!(event, Event::Notice { what: sottovoce::client::NoticeKind::ServerChanged, .. })
    };
    assert!(town.apps[0].events.iter().any(is_told), "{:?}", town.apps[0].events);
}

/// Sessions end every hour, and each greeting has a timer: the daily look stays one a day.
#[test]
fn the_daily_look_is_daily() {
    let mut town = acquainted();
    for _ in 0..48 {
        town.net.pass(Span::from_secs(3_660));
        town.pass(Span::from_secs(20));
    }
    let fetches = town.apps[0].fetches;
    assert!((2..=5).contains(&fetches), "{fetches} in two days");
}

/// A request that was settled is gone from the inbox, and those before it were looked at.
#[test]
fn a_request_is_looked_at_once() {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test", "carol@a.test"]);
    town.pass(Span::from_secs(60));
    for who in [2, 0] {
        let address = town.apps[1].address.clone();
        town.command(who, Command::Introduce(address));
        town.pass(Span::from_secs(120));
    }
    let (alice, carol) = (town.apps[0].account(), town.apps[2].account());
    town.command(1, Command::Consent(alice, Act::Accept));
    town.pass(Span::from_secs(600));
    let unreadable = |event: &&Event| matches!(event, Event::Unreadable { .. });
    assert_eq!(town.apps[1].events.iter().filter(unreadable).count(), 0, "{:?}", town.apps[1].events);
    town.command(1, Command::Consent(carol, Act::Accept));
    town.pass(Span::from_secs(120));
    assert_eq!(town.apps[2].state(town.apps[1].account()), Some(ConsentState::Accepted));
}
