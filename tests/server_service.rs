//! What a server does for the devices of its users: sessions, sending, fetching, linking, blobs. Attacks are named by their ids.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test support")]

mod people;

use std::collections::BTreeSet;

use people::{DOMAIN, Home, NOW, Person, generator, refused};
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::ids::RequestId;
use sottovoce::server::frame::Reply;
use sottovoce::server::mailbox::{Drained, MailboxCursor, Settle, TokenChange, What};
use sottovoce::server::service::hazmat::{Call, Service, Told};
use sottovoce::server::service::{
    AskBlob, ClaimDevice, Destination, FindAddress, MeetDevice, Operation, Outcome, Refused, Request,
    Response, Right, SessionToken, Side, SignedBlobGrant, Submit, SubmitItem, Submitted,
};
use sottovoce::server::{Code, DeviceItem, ItemId, Output, Reason, Registration, Token};
use sottovoce::storage::{Loaded, MemoryStore, Outcome as Applied, Store, Want, Write, run};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

const TOKEN: Token = Token::from_bytes([0x70; 16]);

fn drain(home: &mut Home, person: &Person, cursor: MailboxCursor) -> Drained {
    let drain = Operation::Drain { cursor, max: 100, wait: Span::default() };
    match home.once(person.session, drain) {
        Outcome::Drained(drained) => *drained,
        other => panic!("{other:?}"),
    }
}

fn item(id: u8, domain: &str, to: &Person, payload: Option<Hash>) -> SubmitItem {
    let (token, device, order) = (TOKEN, to.device.id(), to.account.order());
    let item = DeviceItem { token, device, order, payload, body: vec![id; 100] };
    let to = Destination::Device { domain: domain.parse().unwrap(), item };
    SubmitItem { id: ItemId::from_bytes([id; 16]), to }
}

fn submit(items: Vec<SubmitItem>) -> Operation {
    Operation::Submit(Submit { payload: None, items })
}

fn results(outcome: Outcome) -> Vec<Submitted> {
    match outcome {
        Outcome::Submitted(results) => results,
        other => panic!("{other:?}"),
    }
}

fn two(home: &mut Home) -> (Person, Person) {
    let alice = Person::at_home(home, "alice", 1, 2);
    let bob = Person::at_home(home, "bob", 2, 2);
    assert_eq!(home.twice(bob.session, Operation::Token(TokenChange::Add(TOKEN))), Outcome::Done);
    (alice, bob)
}

#[test]
fn items_for_a_neighbour_arrive_once() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = b"for all of them".to_vec();
    let hash = Hash::of(&payload);
    let mut items = vec![item(1, DOMAIN, &bob, Some(hash)), item(2, DOMAIN, &bob, None)];
    // A token that nobody gave, a payload that is not there, a device that is none.
    let mut unknown = item(3, DOMAIN, &bob, None);
    let mut lost = item(4, DOMAIN, &bob, Some(Hash::of(b"elsewhere")));
    let mut gone = item(5, DOMAIN, &bob, None);
    for (item, change) in [(&mut unknown, 0), (&mut lost, 1), (&mut gone, 2)] {
        let Destination::Device { item, .. } = &mut item.to else { panic!() };
        match change {
            0 => item.token = Token::from_bytes([1; 16]),
            2 => item.device = alice.device.id(),
            _ => {}
        }
    }
    items.extend([unknown, lost, gone]);
    let payload = Some((ItemId::from_bytes([9; 16]), payload));
    let outcome = home.twice(alice.session, Operation::Submit(Submit { payload, items }));
    let codes: Vec<_> = results(outcome)
        .into_iter()
        .map(|result| match result {
            Submitted::Decided(verdict) => verdict.code,
            Submitted::Queued { .. } => panic!("it is for this server"),
        })
        .collect();
    let refused = Code::Refused;
    assert_eq!(codes[..3], [Code::Accepted, Code::Accepted, refused(Reason::Unknown)]);
    assert_eq!(codes[3..], [refused(Reason::NoPayload), Code::Gone]);
    let drained = drain(&mut home, &bob, MailboxCursor::default());
    let ids = drained.entries.iter().map(|entry| match &entry.what {
        What::Item(item) => item.id.as_bytes()[0],
        What::Status(_) => panic!(),
    });
    assert_eq!(ids.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(drained.payloads.len(), 1);
    assert!(drain(&mut home, &bob, drained.next).entries.is_empty());
}

/// The device fetches and acknowledges before the sender, whose answer was lost, sends once more.
#[test]
fn what_was_fetched_is_not_delivered_again() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let request = Request {
        request: RequestId::from_bytes([7; 16]),
        session: alice.session,
        operation: submit(vec![item(1, DOMAIN, &bob, None)]),
    };
    let first = home.send(&request);
    let drained = drain(&mut home, &bob, MailboxCursor::default());
    assert_eq!(drained.entries.len(), 1);
    let next = drain(&mut home, &bob, drained.next).next;
    // With a newer session it is the same request.
    home.now = NOW.plus(Span::from_secs(60));
    let hello = alice.hello(&home, None).sign(alice.device.signing()).unwrap();
    let Outcome::Welcome(welcome) = home.once(None, Operation::Hello(hello)) else { panic!() };
    let again = Request { session: Some(welcome.session), ..request.clone() };
    assert_eq!(home.send(&again), first);
    assert!(drain(&mut home, &bob, next).entries.is_empty());
    // The id is used up for anything else.
    let other = Request { operation: submit(vec![item(2, DOMAIN, &bob, None)]), ..request };
    assert_eq!(refused(&home.send(&other)), Refused::Conflict(None));
    assert!(drain(&mut home, &bob, next).entries.is_empty());
}

/// A store that fails after, or instead of, its next writes.
struct Failing {
    store: MemoryStore,
    after: bool,
    left: u32,
}

impl Store for Failing {
    type Error = &'static str;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Self::Error> {
        self.store.load(wants).map_err(|error| match error {})
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Applied, Self::Error> {
        let fails = self.left > 0;
        self.left = self.left.saturating_sub(1);
        if fails && !self.after {
            return Err("before");
        }
        let outcome = self.store.apply(write).map_err(|error| match error {})?;
        if fails { Err("after") } else { Ok(outcome) }
    }
}

#[test]
fn a_crash_at_a_commit_loses_and_doubles_nothing() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let (next, _) = alice.with_device(70);
    let claim = ClaimDevice {
        account: bob.account.id(),
        device: bob.device.id(),
        by: Right::Address(bob.address.parse().unwrap()),
    };
    let operations = [
        submit(vec![item(1, DOMAIN, &bob, None), item(2, "b.example", &bob, None)]),
        Operation::PutManifest { previous: alice.account.hash(), manifest: next.manifest() },
        Operation::Claim(claim),
        Operation::Blob(AskBlob { blob: [1; 32], size: 5_000 }),
        Operation::Token(TokenChange::Add(Token::from_bytes([0x11; 16]))),
        Operation::Push(Some(b"endpoint".to_vec())),
        Operation::Settings { findable: false },
        Operation::Close,
    ];
    for operation in operations {
        let request = Request { request: home.request_id(), session: alice.session, operation };
        let call = Call::Client(request.encode().unwrap());
        let before = home.store.snapshot();
        let expected = home.told(&call);
        let records = home.store.records();
        home.store.restore(&before);
        for (after, failures) in [(false, 1), (true, 1), (true, 3)] {
            let mut store = MemoryStore::new();
            store.restore(&before);
            let mut failing = Failing { store, after, left: failures };
            let mut answers = Vec::new();
            for attempt in 0..4 {
                let seed = u64::from(failures) + attempt;
                let ran = run(&Service(&home.server), &mut failing, home.now, &mut generator(seed), &call);
                answers.extend(ran.map(|released| released.send.into_iter().next().unwrap()));
            }
            assert!(!answers.is_empty());
            assert!(answers.iter().all(|answer| *answer == expected), "{request:?}: {answers:?}");
            assert_eq!(failing.store.records(), records, "{request:?}");
        }
        let mut store = MemoryStore::new();
        store.restore(&before);
        home.store = store;
        assert_eq!(home.told(&call), expected);
    }
}

#[test]
fn items_for_another_server_are_in_custody() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = vec![3; 200_000];
    let hash = Hash::of(&payload);
    let mut items: Vec<_> = (0..3).map(|id| item(id, "b.example", &bob, Some(hash))).collect();
    items.push(SubmitItem {
        id: ItemId::from_bytes([8; 16]),
        to: Destination::Request {
            address: "carol@c.example".parse().unwrap(),
            device: bob.device.id(),
            payload: None,
            body: vec![1],
        },
    });
    let payload = Some((ItemId::from_bytes([9; 16]), payload));
    let outcome = home.twice(alice.session, Operation::Submit(Submit { payload, items }));
    let queued = Submitted::Queued { waiting_since: None };
    assert_eq!(results(outcome), [queued; 4]);
    // A server that nobody has heard of gets 20 items of one account at most.
    let many: Vec<_> = (10..60).map(|id| item(id, "new.example", &bob, None)).collect();
    let outcome = results(home.twice(alice.session, submit(many)));
    let taken = outcome.iter().filter(|result| **result == queued).count();
    assert_eq!(taken, 20);
    assert!(outcome[taken..].iter().all(|result| matches!(
        result,
        Submitted::Decided(verdict) if matches!(verdict.code, Code::Busy(_))
    )));
    // A question is on its way until it is answered.
    let find = Operation::Lookup(FindAddress { address: "carol@c.example".parse().unwrap() });
    assert!(matches!(home.twice(alice.session, find), Outcome::Pending(_)));
}

/// One payload for many servers counts once for each: the step stays within what a store bears, and the rest is told to come again.
#[test]
fn a_payload_for_many_servers_stays_within_a_step() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = vec![3; 500_000];
    let hash = Hash::of(&payload);
    let items = (0..100).map(|id| item(id, &format!("s{id}.example"), &bob, Some(hash)));
    let payload = Some((ItemId::from_bytes([200; 16]), payload));
    let submit = Submit { payload, items: items.collect() };
    let outcome = results(home.twice(alice.session, Operation::Submit(submit)));
    let taken = outcome.iter().filter(|result| matches!(result, Submitted::Queued { .. })).count();
    assert_eq!(taken, 12, "6 MiB");
}

#[test]
fn sessions_last_an_hour_and_end_with_the_device() {
    let mut home = Home::new(Registration::Open);
    let (alice, _) = two(&mut home);
    let ask = Operation::Export;
    assert_eq!(refused(&home.once(None, ask.clone())), Refused::Session);
    assert!(matches!(home.once(alice.session, ask.clone()), Outcome::Export(_)));
    // Every bit of a token counts.
    let token = *alice.session.unwrap().as_bytes();
    for bit in 0..token.len() * 8 {
        let mut forged = token;
        forged[bit / 8] ^= 1 << (bit % 8);
        let outcome = home.once(Some(SessionToken::from_bytes(forged)), ask.clone());
        assert_eq!(refused(&outcome), Refused::Session, "bit {bit}");
    }
    home.now = NOW.plus(Span::from_secs(3_601));
    assert_eq!(refused(&home.once(alice.session, ask.clone())), Refused::Session);
    home.now = NOW.minus(Span::from_secs(1));
    assert_eq!(refused(&home.once(alice.session, ask.clone())), Refused::Session, "of the future");
    home.now = NOW;
    // A device that is removed is out at once; a hello does not help.
    let (with_two, second) = alice.with_device(80);
    let put = |home: &mut Home, previous: Hash, manifest| alice.put(home, previous, manifest);
    assert!(matches!(put(&mut home, alice.account.hash(), with_two.manifest()), Outcome::Manifest(_)));
    let mut hello = alice.hello(&home, None);
    hello.device = second.id();
    let signed = hello.sign(second.signing()).unwrap();
    let Outcome::Welcome(welcome) = home.once(None, Operation::Hello(signed.clone())) else { panic!() };
    assert!(matches!(home.once(Some(welcome.session), ask.clone()), Outcome::Export(_)));
    let mut draft = sottovoce::identity::draft::Draft::after(&with_two);
    assert!(draft.remove(second.id()));
    let without = draft.sign(&people::at(alice.device.signing(), NOW)).unwrap();
    assert!(matches!(put(&mut home, with_two.hash(), without.manifest()), Outcome::Manifest(_)));
    assert_eq!(refused(&home.once(Some(welcome.session), ask)), Refused::Session);
    assert_eq!(refused(&home.once(None, Operation::Hello(signed))), Refused::Unknown);
    // A hello that another device signed, or that names an address.
    let forged = alice.hello(&home, None).sign(second.signing()).unwrap();
    assert_eq!(refused(&home.once(None, Operation::Hello(forged))), Refused::Invalid);
    let odd = alice.hello(&home, Some(&alice.address)).sign(alice.device.signing()).unwrap();
    assert_eq!(refused(&home.once(None, Operation::Hello(odd))), Refused::Invalid);
}

#[test]
fn bytes_that_are_no_request_have_one_answer() {
    let mut home = Home::new(Registration::Open);
    let request =
        Request { request: RequestId::from_bytes([3; 16]), session: None, operation: Operation::Export };
    let bytes = request.encode().unwrap();
    let mut answers = BTreeSet::from([home.raw(b"")]);
    for end in 0..bytes.len() {
        answers.insert(home.raw(&bytes[..end]));
    }
    // Of another version.
    let mut other = bytes.clone();
    assert_eq!(other[..2], [8, 1]);
    other[1] = 2;
    answers.insert(home.raw(&other));
    assert_eq!(answers.len(), 1);
    let response = Response::decode(answers.first().unwrap()).unwrap();
    assert_eq!(response.request, RequestId::from_bytes([0; 16]));
    assert_eq!(refused(&response.outcome), Refused::Malformed);
}

/// A path says one thing and a body another: here nothing is said twice, or what is said twice is compared.
#[test]
fn f_14_what_a_request_names_is_what_its_body_is_about() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    // A claim by an address of one account for a device of another.
    let claim = |account: &Person, device: &Person, address: &Person| {
        Operation::Claim(ClaimDevice {
            account: account.account.id(),
            device: device.device.id(),
            by: Right::Address(address.address.parse().unwrap()),
        })
    };
    let reply = |home: &mut Home, operation| match home.once(alice.session, operation) {
        Outcome::Answer(answer) => answer.reply,
        other => panic!("{other:?}"),
    };
    assert!(matches!(reply(&mut home, claim(&bob, &bob, &bob)), Reply::Claimed(_)));
    assert_eq!(reply(&mut home, claim(&bob, &bob, &alice)), Reply::Nothing);
    assert_eq!(reply(&mut home, claim(&bob, &alice, &bob)), Reply::Nothing);
    assert_eq!(reply(&mut home, claim(&alice, &bob, &alice)), Reply::Nothing);
    // With bob's token for a device of alice.
    let by = Right::Token { domain: DOMAIN.parse().unwrap(), token: TOKEN };
    let (account, device) = (alice.account.id(), alice.device.id());
    let foreign = Operation::Claim(ClaimDevice { account, device, by: by.clone() });
    assert_eq!(reply(&mut home, foreign), Reply::Nothing);
    let (account, device) = (bob.account.id(), bob.device.id());
    let own = Operation::Claim(ClaimDevice { account, device, by });
    assert!(matches!(reply(&mut home, own), Reply::Claimed(_)));
    // The manifest of somebody else under one's own session.
    let outcome = alice.put(&mut home, alice.account.hash(), bob.account.manifest());
    assert_eq!(refused(&outcome), Refused::Invalid);
    // A registration whose hello, manifest and address are of two.
    let carol = Person::new("carol", 5);
    let mut registration = carol.registration(&home);
    registration.manifest = bob.account.manifest();
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Invalid);
}

/// A request of a stranger on the same server: it is named by its pseudonym, which is another for each recipient.
#[test]
fn pseudonyms_are_the_servers_and_differ_by_recipient() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let carol = Person::at_home(&mut home, "carol", 5, 0);
    let request = |to: &Person, id: u8| {
        submit(vec![SubmitItem {
            id: ItemId::from_bytes([id; 16]),
            to: Destination::Request {
                address: to.address.parse().unwrap(),
                device: to.device.id(),
                payload: None,
                body: vec![id],
            },
        }])
    };
    for (person, id) in [(&bob, 1), (&carol, 2)] {
        let outcome = results(home.twice(alice.session, request(person, id)));
        assert!(matches!(&outcome[..], [Submitted::Decided(verdict)] if verdict.code == Code::Accepted));
    }
    let waiting =
        |home: &mut Home, person: &Person| match home.once(person.session, Operation::Requests(None)) {
            Outcome::Requests(listed) => listed.requests,
            other => panic!("{other:?}"),
        };
    let (to_bob, to_carol) = (waiting(&mut home, &bob), waiting(&mut home, &carol));
    assert_eq!((to_bob.len(), to_carol.len()), (1, 1));
    assert_ne!(to_bob[0].pseudonym, to_carol[0].pseudonym);
    let settle = Operation::Settle(to_bob[0].handle, Settle::Accept);
    assert_eq!(home.twice(bob.session, settle), Outcome::Done);
    assert!(waiting(&mut home, &bob).is_empty());
}

#[test]
fn two_devices_meet_for_ten_minutes() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let before = home.store.records();
    let meet = |side, message, known| Operation::Meet(MeetDevice { token: [5; 16], side, message, known });
    let (inviter, joiner) = (Side::Inviter, Side::Joiner);
    // Nobody joins what was not opened, and nobody opens without a session.
    assert_eq!(refused(&home.twice(None, meet(joiner, None, 0))), Refused::Unknown);
    assert_eq!(refused(&home.twice(None, meet(inviter, None, 0))), Refused::Session);
    assert_eq!(home.twice(alice.session, meet(inviter, None, 0)), Outcome::Met(Vec::new()));
    assert_eq!(refused(&home.twice(bob.session, meet(inviter, None, 0))), Refused::Unknown);
    let message = |number: u32| Some((number, vec![u8::try_from(number).unwrap(); 1000]));
    assert_eq!(home.twice(None, meet(joiner, message(1), 0)), Outcome::Met(Vec::new()));
    let got = home.twice(alice.session, meet(inviter, message(1), 0));
    assert_eq!(got, Outcome::Met(vec![vec![1; 1000]]));
    // In their order, none twice with another content, four at most.
    assert_eq!(refused(&home.twice(None, meet(joiner, message(3), 0))), Refused::Conflict(None));
    assert_eq!(refused(&home.twice(None, meet(joiner, Some((1, vec![9])), 0))), Refused::Conflict(None));
    for number in 2..=4 {
        assert!(matches!(home.twice(None, meet(joiner, message(number), 1)), Outcome::Met(_)));
    }
    assert_eq!(refused(&home.twice(None, meet(joiner, message(5), 0))), Refused::Conflict(None));
    let Outcome::Met(rest) = home.twice(alice.session, meet(inviter, None, 1)) else { panic!() };
    assert_eq!(rest.len(), 3);
    // After ten minutes it is gone, and nothing is left of it.
    home.now = NOW.plus(Span::from_secs(601));
    assert_eq!(refused(&home.twice(None, meet(joiner, None, 0))), Refused::Unknown);
    home.wake();
    assert_eq!(home.store.records(), before);
}

#[test]
fn blobs_are_permitted_by_name_and_size_within_a_quota() {
    let mut home = Home::new(Registration::Open);
    let (alice, _) = two(&mut home);
    let ask = |blob: u8, size| Operation::Blob(AskBlob { blob: [blob; 32], size });
    let Outcome::Blob(grant) = home.twice(alice.session, ask(1, 5_000)) else { panic!() };
    let permitted = home.server.permits(&grant, NOW).unwrap();
    assert_eq!((permitted.blob, permitted.size), ([1; 32], 5_000));
    assert_eq!(home.server.permits(&grant, NOW.plus(Span::from_secs(3_601))), None);
    for at in 0..grant.grant.len() {
        let mut forged = grant.grant.clone();
        forged[at] ^= 1;
        let forged = SignedBlobGrant { grant: forged, mac: grant.mac };
        assert_eq!(home.server.permits(&forged, NOW), None);
    }
    assert_eq!(refused(&home.twice(alice.session, ask(2, 0))), Refused::Invalid);
    assert_eq!(refused(&home.twice(alice.session, ask(2, (100 << 20) + 1))), Refused::Invalid);
    let granted =
        (0..40).filter(|_| matches!(home.twice(alice.session, ask(3, 100 << 20)), Outcome::Blob(_)));
    assert_eq!(granted.count(), 20, "2 GiB");
}

#[test]
fn a_device_is_told_that_something_came() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let push = Operation::Push(Some(b"endpoint".to_vec()));
    assert_eq!(home.twice(bob.session, push), Outcome::Done);
    let request = Request {
        request: home.request_id(),
        session: alice.session,
        operation: submit(vec![item(1, DOMAIN, &bob, None)]),
    };
    let told = home.call(&Call::Client(request.encode().unwrap()));
    assert!(told.contains(&Told::Output(Output::Notify(bob.device.id()))));
    let wakes = |told: &[Told]| told.iter().any(|told| matches!(told, Told::Output(Output::Push { .. })));
    assert!(wakes(&told));
}

/// Two items of one name would be one in a log, and nobody would hear of the other.
#[test]
fn items_of_one_submission_have_names_of_their_own() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let twice = vec![item(1, "b.example", &bob, None), item(1, "b.example", &alice, None)];
    assert_eq!(refused(&home.twice(alice.session, submit(twice))), Refused::Invalid);
    let payload = vec![3; 100];
    let items = vec![item(1, "b.example", &bob, Some(Hash::of(&payload)))];
    let payload = Some((ItemId::from_bytes([1; 16]), payload));
    let outcome = home.twice(alice.session, Operation::Submit(Submit { payload, items }));
    assert_eq!(refused(&outcome), Refused::Invalid);
}

/// What is delivered here and what goes into custody are one write.
#[test]
fn a_submission_for_here_and_elsewhere_stays_within_a_step() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = vec![3; 512 << 10];
    let hash = Hash::of(&payload);
    let mut items: Vec<_> = (0..12).map(|id| item(id, &format!("s{id}.example"), &bob, Some(hash))).collect();
    for id in 100..152 {
        let mut large = item(id, DOMAIN, &bob, Some(hash));
        let Destination::Device { item, .. } = &mut large.to else { panic!() };
        item.body = vec![id; 65_000];
        items.push(large);
    }
    let payload = Some((ItemId::from_bytes([200; 16]), payload));
    let outcome = results(home.twice(alice.session, Operation::Submit(Submit { payload, items })));
    let here = outcome
        .iter()
        .skip(12)
        .filter(|result| matches!(result, Submitted::Decided(verdict) if verdict.code == Code::Accepted));
    assert!(here.count() > 40);
}

/// A user who sends much costs disk until it is delivered, 14 days at most, so bytes count as items do.
#[test]
fn one_device_cannot_fill_the_disk_with_what_nobody_takes() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = vec![3; 512 << 10];
    let hash = Hash::of(&payload);
    let mut taken = 0;
    let mut server = 0_u32;
    for _ in 0..40 {
        let items = (0..11_u8).map(|id| {
            server += 1;
            item(id, &format!("s{server}.example"), &bob, Some(hash))
        });
        let payload = Some((ItemId::from_bytes([200; 16]), payload.clone()));
        let submit = Operation::Submit(Submit { payload, items: items.collect() });
        match home.once(alice.session, submit) {
            Outcome::Submitted(results) => {
                taken += results.iter().filter(|it| matches!(it, Submitted::Queued { .. })).count();
            }
            Outcome::Refused(Refused::Busy(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((200..330).contains(&taken), "{taken} times 512 KiB");
}

/// A store that counts how often it is asked.
struct Counting<'a>(&'a mut MemoryStore, u32);

impl Store for Counting<'_> {
    type Error = std::convert::Infallible;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Self::Error> {
        self.1 += 1;
        self.0.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Applied, Self::Error> {
        self.0.apply(write)
    }
}

/// Each round runs the step anew, so a round for each item would be work in the square of their number.
#[test]
fn a_submission_for_many_takes_few_rounds() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let payload = vec![3; 100];
    let hash = Hash::of(&payload);
    for domain in ["many", "one.example"] {
        let items = (0..100_u8).map(|id| {
            let domain = if domain == "many" { format!("s{id}.example") } else { domain.to_owned() };
            let mut item = item(id, &domain, &bob, Some(hash));
            let Destination::Device { item: inner, .. } = &mut item.to else { panic!() };
            inner.token = Token::from_bytes([id; 16]);
            item
        });
        let payload = Some((ItemId::from_bytes([200; 16]), payload.clone()));
        let operation = Operation::Submit(Submit { payload, items: items.collect() });
        let request = Request { request: home.request_id(), session: alice.session, operation };
        let call = Call::Client(request.encode().unwrap());
        let mut store = Counting(&mut home.store, 0);
        let _ = run(&Service(&home.server), &mut store, home.now, &mut generator(5), &call).unwrap();
        assert!(store.1 <= 8, "{domain}: {} rounds", store.1);
    }
}

/// Not to know is not to know that there is nobody.
#[test]
fn questions_too_many_for_one_server_wait() {
    let mut home = Home::new(Registration::Open);
    let (alice, bob) = two(&mut home);
    let find =
        |name: &str| Operation::Lookup(FindAddress { address: format!("{name}@c.example").parse().unwrap() });
    for number in 0..80 {
        let outcome = home.twice(alice.session, find(&format!("u{number}")));
        assert!(matches!(outcome, Outcome::Pending(_)), "{number}: {outcome:?}");
    }
    assert!(matches!(home.twice(bob.session, find("carol")), Outcome::Pending(_)));
}

#[test]
fn a_message_for_a_new_device_has_a_number_from_one() {
    let mut home = Home::new(Registration::Open);
    let (alice, _) = two(&mut home);
    let meet = |side, message| Operation::Meet(MeetDevice { token: [5; 16], side, message, known: 0 });
    assert_eq!(home.twice(alice.session, meet(Side::Inviter, None)), Outcome::Met(Vec::new()));
    for number in [0, 5, 9, u32::MAX] {
        for (session, side) in [(alice.session, Side::Inviter), (None, Side::Joiner)] {
            let outcome = home.twice(session, meet(side, Some((number, vec![1]))));
            assert_eq!(refused(&outcome), Refused::Conflict(None), "{number} {side:?}");
        }
    }
}
