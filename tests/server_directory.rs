//! The directory of a server: registration, manifests, prekeys, claims, look-ups. Attacks are named by their ids.
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

use people::{DOMAIN, Home, NOW, Person, at, claim_of, pair, peer, refused};
use sottovoce::identity::chain::{Manifest, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::RequestId;
use sottovoce::identity::prekeys::PrekeysSeen;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::trust::ContactTrust;
use sottovoce::identity::{Verified, account::Account};
use sottovoce::server::directory::NewPrekeys;
use sottovoce::server::frame::Reply;
use sottovoce::server::service::hazmat::{Call, Told};
use sottovoce::server::service::{Operation, Outcome, Refused};
use sottovoce::server::{Origin, Registration};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

fn put(person: &Person, home: &mut Home, new: NewPrekeys) -> Outcome {
    home.twice(person.session, Operation::PutPrekeys(Box::new(new)))
}

#[test]
fn an_account_is_registered_found_and_claimed() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 4);
    let Reply::Found { manifest, certificate } = home.lookup("b.example", &alice.address).reply else {
        panic!("found");
    };
    assert_eq!(manifest.verify::<Account>().unwrap(), alice.account);
    let server = home.identity();
    let trust = ContactTrust::first_use(server.fingerprint());
    assert_eq!(certificate.verify(&server, &trust, NOW).unwrap().account, alice.account.id());
    let claim = alice.claim(1);
    let Reply::Claimed(answer) = home.claim(peer("b.example"), claim, &alice.address) else { panic!() };
    let prekeys = answer.verify(&claim, &alice.account, &PrekeysSeen::default(), NOW).unwrap();
    assert!(prekeys.one_time().is_some());
}

#[test]
fn certificates_are_renewed_past_half_of_their_time() {
    let mut home = Home::new(Registration::Open);
    let mut alice = Person::new("alice", 1);
    let mut seen = BTreeSet::new();
    let mut last = None;
    for day in 0..28 {
        home.now = NOW.plus(Span::from_days(day));
        let certificate = alice.register(&mut home).certificate.unwrap();
        let server = home.identity();
        let word = certificate.issued_by(&server).unwrap();
        assert!(word.validity.not_before() <= home.now && home.now <= word.validity.not_after());
        let left = word.validity.not_after().since(home.now);
        // The online key ends 29 days from the start, and no certificate outlives it.
        assert!(left >= Span::from_days(14).min(Span::from_days(29 - day)), "{day}: {left:?}");
        last = Some(certificate.encode().unwrap());
        seen.insert(last.clone().unwrap());
    }
    assert!((2..=3).contains(&seen.len()), "{}", seen.len());
    // Without an online key that lasts there is none, and nothing is found.
    home.now = NOW.plus(Span::from_days(40));
    assert_eq!(alice.register(&mut home).certificate, None);
    assert!(last.is_some());
}

#[test]
fn h_07_an_identity_key_belongs_to_one_account() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    // Another account with the same device.
    let mut mallory = Person::new("mallory", 2);
    let recovery = RecoveryKey::generate(&mut people::generator(3)).unwrap();
    let device = DeviceSecret::generate(&mut people::generator(1 << 40)).unwrap();
    mallory.account = Verified::<Account>::found(&at(recovery.signing(), NOW), &device).unwrap();
    mallory.device = device;
    let mut draft = Draft::after(&mallory.account);
    draft.add(alice.device.possess(mallory.account.id()), Capabilities::NONE).unwrap();
    let stolen = draft.sign(&at(mallory.device.signing(), NOW)).unwrap();
    // By registering …
    let honest = std::mem::replace(&mut mallory.account, stolen.clone());
    let registration = mallory.registration(&home);
    let records = home.store.records();
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Taken);
    assert_eq!(home.store.records(), records, "nothing is kept of it");
    // … and by adding it later.
    mallory.account = honest;
    mallory.register(&mut home);
    let outcome = mallory.put(&mut home, mallory.account.hash(), stolen.manifest());
    assert_eq!(refused(&outcome), Refused::Taken);
    assert!(matches!(home.lookup("b.example", &alice.address).reply, Reply::Found { .. }));
    // A device that left its account is not free either.
    let mut draft = Draft::after(&mallory.account);
    let (_, second) = mallory.with_device(50);
    draft.add(second.possess(mallory.account.id()), Capabilities::NONE).unwrap();
    let two = draft.sign(&at(mallory.device.signing(), NOW)).unwrap();
    assert!(matches!(mallory.put(&mut home, mallory.account.hash(), two.manifest()), Outcome::Manifest(_)));
    let mut draft = Draft::after(&two);
    assert!(draft.remove(second.id()));
    let one = draft.sign(&at(mallory.device.signing(), NOW)).unwrap();
    assert!(matches!(mallory.put(&mut home, two.hash(), one.manifest()), Outcome::Manifest(_)));
    let mut draft = Draft::after(&alice.account);
    draft.add(second.possess(alice.account.id()), Capabilities::NONE).unwrap();
    let with = draft.sign(&at(alice.device.signing(), NOW)).unwrap();
    let outcome = alice.put(&mut home, alice.account.hash(), with.manifest());
    assert_eq!(refused(&outcome), Refused::Taken);
}

#[test]
fn h_08_one_server_cannot_use_up_a_stock() {
    let mut home = Home::new(Registration::Open);
    let bob = Person::at_home(&mut home, "bob", 1, 8);
    let mut given = BTreeSet::new();
    for request in 0..100_000 {
        let reply = home.claim(peer("mallory.example"), bob.claim(request), &bob.address);
        let Some(index) = pair(&reply) else { continue };
        assert!(given.insert(index), "a pair is given once");
    }
    assert_eq!(given.len(), 32, "an eighth of 256");
    let reply = home.claim(peer("c.example"), bob.claim(1), &bob.address);
    assert!(given.insert(pair(&reply).expect("another origin still has one")));
    // Day after day, what is reserved stays for those who have had little.
    for day in 1..30 {
        home.now = NOW.plus(Span::from_days(day));
        for request in 0..300 {
            let claim = bob.claim(1_000_000 + day * 1_000 + request);
            given.extend(pair(&home.claim(peer("mallory.example"), claim, &bob.address)));
        }
    }
    assert_eq!(given.len(), 192, "three quarters");
    for server in 0..16 {
        let reply = home.claim(peer(&format!("s{server}.example")), bob.claim(server), &bob.address);
        assert!(given.insert(pair(&reply).expect("of the reserve")));
    }
    // Grants that are not renewed go after 14 days.
    let before = home.store.records();
    home.now = home.now.plus(Span::from_days(15));
    home.wake();
    assert!(home.store.records() < before - 400, "{} {before}", home.store.records());
}

#[test]
fn h_08_own_users_cannot_either() {
    let mut home = Home::new(Registration::Open);
    let bob = Person::at_home(&mut home, "bob", 1, 8);
    let mut given = 0;
    for user in 2..12 {
        let account = Person::new("x", user).account.id();
        let mut own = 0;
        for request in 0..100 {
            let claim = bob.claim(user * 1_000 + request);
            own += u32::from(pair(&home.claim(Origin::Local(account), claim, &bob.address)).is_some());
        }
        assert!(own <= 8, "a part in 32 for each: {own}");
        given += own;
    }
    assert_eq!(given, 32, "and an eighth for all of them");
    assert!(pair(&home.claim(peer("c.example"), bob.claim(1), &bob.address)).is_some());
}

#[test]
fn h_09_e_a_claim_by_another_server_is_another_claim() {
    let mut home = Home::new(Registration::Open);
    let bob = Person::at_home(&mut home, "bob", 1, 6);
    let claim = bob.claim(1);
    let first = home.claim(peer("b.example"), claim, &bob.address);
    assert_eq!(home.claim(peer("b.example"), claim, &bob.address), first, "repeated, it gets the same");
    let second = home.claim(peer("c.example"), claim, &bob.address);
    assert_ne!(pair(&first), pair(&second), "no pair is given to two");
    assert_eq!(home.claim(peer("c.example"), claim, &bob.address), second);
    // The same id for another device is refused.
    let (with_two, laptop) = bob.with_device(60);
    assert!(matches!(bob.put(&mut home, bob.account.hash(), with_two.manifest()), Outcome::Manifest(_)));
    let other = claim_of(&bob, laptop.id(), 1);
    assert_eq!(home.claim(peer("b.example"), other, &bob.address), Reply::Nothing);
    // After 14 days the id is free again.
    home.now = NOW.plus(Span::from_days(15));
    home.wake();
    let later = home.claim(peer("b.example"), claim, &bob.address);
    assert!(pair(&later).is_some() && pair(&later) != pair(&first));
}

#[test]
fn a_pair_that_was_given_does_not_come_back() {
    let mut home = Home::new(Registration::Open);
    let bob = Person::at_home(&mut home, "bob", 1, 2);
    let mut given = BTreeSet::new();
    let (bundle, stock, pairs) = bob.prekeys(1, 2);
    for request in 0..8 {
        let reply = home.claim(peer(&format!("s{request}.example")), bob.claim(request), &bob.address);
        if let Some(index) = pair(&reply) {
            assert!(given.insert(index));
        }
        let again =
            NewPrekeys { bundle: Some(bundle.clone()), stock: Some(stock.clone()), pairs: pairs.clone() };
        let Outcome::Prekeys(held) = put(&bob, &mut home, again) else { panic!() };
        assert_eq!(held.uploaded.as_bytes(), [0b1111]);
    }
    assert_eq!(given.len(), 4);
}

#[test]
fn prekeys_are_judged_before_they_are_kept() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 2);
    let bob = Person::at_home(&mut home, "bob", 2, 2);
    let (bundle, stock, pairs) = bob.prekeys(2, 2);
    let only = |bundle, stock, pairs| NewPrekeys { bundle, stock, pairs };
    // F-14: what is said in the request and what is signed in it are about one device.
    let foreign = only(Some(bundle.clone()), None, Vec::new());
    assert_eq!(refused(&put(&alice, &mut home, foreign)), Refused::Invalid);
    let foreign = only(None, Some(stock.clone()), Vec::new());
    assert_eq!(refused(&put(&alice, &mut home, foreign)), Refused::Invalid);
    let mut forged = bundle.clone();
    let last = forged.bundle.len() - 1;
    forged.bundle[last] ^= 1;
    assert_eq!(refused(&put(&bob, &mut home, only(Some(forged), None, Vec::new()))), Refused::Invalid);
    // Pairs of another stock; and a good one beside them is not kept.
    let (_, _, other) = bob.prekeys(3, 2);
    let mixed = only(None, Some(stock.clone()), vec![pairs[0].clone(), other[1].clone()]);
    assert_eq!(refused(&put(&bob, &mut home, mixed)), Refused::Invalid);
    let Outcome::Prekeys(held) = put(&bob, &mut home, NewPrekeys::default()) else { panic!() };
    assert_eq!(held.stock.unwrap().number, 1);
    // Numbers never go back.
    let newer = only(Some(bundle), Some(stock), pairs);
    assert!(matches!(put(&bob, &mut home, newer), Outcome::Prekeys(_)));
    let (bundle, stock, _) = bob.prekeys(1, 2);
    assert_eq!(refused(&put(&bob, &mut home, only(Some(bundle), None, Vec::new()))), Refused::Conflict(None));
    assert_eq!(refused(&put(&bob, &mut home, only(None, Some(stock), Vec::new()))), Refused::Conflict(None));
    // The pairs of the stock that was replaced go.
    let before = home.store.records();
    home.wake();
    assert_eq!(before - home.store.records(), 4 + 2, "four pairs, and a timer of two rows");
}

#[test]
fn d_13_two_manifests_of_one_order_are_evidence_for_good() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let (first, _) = alice.with_device(10);
    let (second, _) = alice.with_device(11);
    let genesis = alice.account.hash();
    assert!(matches!(alice.put(&mut home, genesis, first.manifest()), Outcome::Manifest(_)));
    let outcome = alice.put(&mut home, genesis, second.manifest());
    assert!(matches!(refused(&outcome), Refused::Forked(held) if held.hash == first.hash()));
    let evidence = |home: &mut Home| match home.once(alice.session, Operation::Export) {
        Outcome::Export(export) => export.fork.clone(),
        other => panic!("{other:?}"),
    };
    let proof = evidence(&mut home).expect("it is kept");
    proof.clone().verify().unwrap();
    assert!(alice_welcome(&alice, &mut home).forked);
    // What came first is served still; a successor ends the fork, and the evidence stays.
    let draft = Draft::after(&first);
    let next = draft.sign(&at(alice.device.signing(), NOW)).unwrap();
    assert!(matches!(alice.put(&mut home, first.hash(), next.manifest()), Outcome::Manifest(_)));
    assert!(!alice_welcome(&alice, &mut home).forked);
    assert_eq!(evidence(&mut home), Some(proof));
    // What a fork left out does not come back.
    let outcome = alice.put(&mut home, next.hash(), second.manifest());
    assert!(matches!(refused(&outcome), Refused::Conflict(Some(held)) if held.hash == next.hash()));
}

fn alice_welcome(alice: &Person, home: &mut Home) -> sottovoce::server::service::Welcome {
    let hello = alice.hello(home, None).sign(alice.device.signing()).unwrap();
    match home.twice(None, Operation::Hello(hello)) {
        Outcome::Welcome(welcome) => *welcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_manifest_takes_the_place_of_the_one_it_names() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let (two, _) = alice.with_device(10);
    let wrong = sottovoce::crypto::hash::Hash::of(b"another");
    let outcome = alice.put(&mut home, wrong, two.manifest());
    assert!(matches!(refused(&outcome), Refused::Conflict(Some(held)) if held.hash == alice.account.hash()));
    assert!(matches!(alice.put(&mut home, alice.account.hash(), two.manifest()), Outcome::Manifest(_)));
    // F-14: a manifest of another account.
    let bob = Person::at_home(&mut home, "bob", 2, 0);
    let outcome = alice.put(&mut home, two.hash(), bob.account.manifest());
    assert_eq!(refused(&outcome), Refused::Invalid);
    let mut forged: Manifest = two.manifest();
    forged.possessions.clear();
    assert_eq!(refused(&alice.put(&mut home, two.hash(), forged)), Refused::Invalid);
}

#[test]
fn p_07_who_is_not_there_looks_like_who_does_not_want_to_be_found() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let closed = Person::at_home(&mut home, "closed", 2, 0);
    let hidden = Person::at_home(&mut home, "hidden", 3, 0);
    assert_eq!(home.twice(closed.session, Operation::Close), Outcome::Done);
    assert_eq!(home.twice(hidden.session, Operation::Settings { findable: false }), Outcome::Done);
    let answers: BTreeSet<_> = ["closed", "hidden", "absent"]
        .map(|name| home.lookup("b.example", &format!("{name}@{DOMAIN}")).encode().unwrap())
        .into();
    assert_eq!(answers.len(), 1);
    for person in [&closed, &hidden] {
        let reply = home.claim(peer("b.example"), person.claim(1), &person.address);
        assert_eq!(reply, Reply::Nothing);
    }
    // A million questions: a burst, then what an hour brings, and the rest looks like nobody.
    let mut found = 0;
    let nothing = answers.first().unwrap().clone();
    for question in 0..1_000_000_u64 {
        home.now = NOW.plus(Span::from_millis(question * 3_600 / 1_000));
        let answer = home.lookup("b.example", &alice.address);
        found += u64::from(matches!(answer.reply, Reply::Found { .. }));
        if answer.reply == Reply::Nothing && question % 1_000 == 0 {
            assert_eq!(answer.encode().unwrap(), nothing);
        }
        if question == 2_000 {
            assert!(found <= 1_010, "{found}");
        }
    }
    assert!((2_900..=3_001).contains(&found), "{found} in an hour");
    assert!(matches!(home.lookup("c.example", &alice.address).reply, Reply::Found { .. }));
}

#[test]
fn f_15_an_address_is_never_given_to_another_account() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let thief = Person::new("alice", 2);
    let taken = |home: &mut Home| {
        let registration = thief.registration(home);
        refused(&home.twice(None, Operation::Register(Box::new(registration))))
    };
    assert_eq!(taken(&mut home), Refused::Taken);
    assert_eq!(home.twice(alice.session, Operation::Close), Outcome::Done);
    assert_eq!(taken(&mut home), Refused::Taken, "a closed account leaves its address taken");
    let registration = alice.registration(&home);
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Denied, "and does not open again");
    home.wake();
    assert_eq!(taken(&mut home), Refused::Taken);
}

#[test]
fn f_15_a_domain_with_another_chain_cannot_speak_for_the_old_one() {
    let mut old = Home::of(Registration::Open, 1);
    let mut alice = Person::new("alice", 1);
    let certificate = alice.register(&mut old).certificate.unwrap();
    // The same domain with another root: another server, for which what the old one certified says nothing.
    let mut new = Home::of(Registration::Closed, 2);
    let mut registration = alice.registration(&new);
    registration.certificate = Some(certificate.clone());
    let outcome = new.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Denied);
    let pin = ContactTrust::first_use(old.identity().fingerprint());
    assert!(certificate.verify(&old.identity(), &pin, NOW).is_ok());
    assert!(certificate.verify(&new.identity(), &pin, NOW).is_err(), "the pin refuses the new one");
}

#[test]
fn a_server_that_lost_everything_takes_its_accounts_in_again() {
    let mut home = Home::new(Registration::Open);
    let mut alice = Person::new("alice", 1);
    let certificate = alice.register(&mut home).certificate.unwrap();
    // Lost; in the meantime nobody may register without an invite.
    let mut home = Home::new(Registration::Closed);
    home.now = NOW.plus(Span::from_days(45));
    let hello = alice.hello(&home, None).sign(alice.device.signing()).unwrap();
    assert_eq!(refused(&home.twice(None, Operation::Hello(hello))), Refused::Unknown);
    let thief = Person::new("alice", 2);
    let mut registration = thief.registration(&home);
    registration.certificate = Some(certificate.clone());
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Denied, "it is another account's");
    let mut forged = certificate.clone();
    forged.certificate[3] ^= 1;
    let mut registration = alice.registration(&home);
    registration.certificate = Some(forged);
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Denied);
    let mut registration = alice.registration(&home);
    registration.certificate = Some(certificate);
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert!(matches!(outcome, Outcome::Welcome(_)), "also after the certificate has expired: {outcome:?}");
}

#[test]
fn invites_serve_once() {
    let mut home = Home::new(Registration::Invite);
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 2));
    let code = [4; 16];
    assert_eq!(home.told(&Call::Invite(code, NOW.plus(Span::from_days(1)))), Told::Done);
    let register = |home: &mut Home, person: &Person, invite| {
        let mut registration = person.registration(home);
        registration.invite = invite;
        home.twice(None, Operation::Register(Box::new(registration)))
    };
    assert_eq!(refused(&register(&mut home, &alice, None)), Refused::Denied);
    assert_eq!(refused(&register(&mut home, &alice, Some([5; 16]))), Refused::Denied);
    assert!(matches!(register(&mut home, &alice, Some(code)), Outcome::Welcome(_)));
    assert_eq!(refused(&register(&mut home, &bob, Some(code))), Refused::Denied);
    let late = [6; 16];
    assert_eq!(home.told(&Call::Invite(late, NOW.minus(Span::from_days(1)))), Told::Done);
    assert_eq!(refused(&register(&mut home, &bob, Some(late))), Refused::Denied);
}

#[test]
fn closing_leaves_a_tombstone_and_nothing_else() {
    let mut home = Home::new(Registration::Open);
    let empty = home.store.records();
    let alice = Person::at_home(&mut home, "alice", 1, 9);
    let grown = home.store.records();
    assert!(grown > empty + 512);
    assert_eq!(home.twice(alice.session, Operation::Close), Outcome::Done);
    assert_eq!(refused(&home.once(alice.session, Operation::Export)), Refused::Session);
    home.wake();
    // The account, its address, four keys, and what the device was answered.
    assert_eq!(home.store.records() - empty, 2 + 4 + 1);
    let hello = alice.hello(&home, None).sign(alice.device.signing()).unwrap();
    assert_eq!(refused(&home.twice(None, Operation::Hello(hello))), Refused::Unknown);
}

#[test]
fn only_a_device_of_the_account_registers_it() {
    let mut home = Home::new(Registration::Open);
    let (alice, mallory) = (Person::new("alice", 1), Person::new("mallory", 2));
    // A manifest is public. Another device's signature, another account's hello, another domain, another server, another time.
    let mut registrations = Vec::new();
    let mut forged = alice.registration(&home);
    forged.hello = alice.hello(&home, Some(&alice.address)).sign(mallory.device.signing()).unwrap();
    registrations.push((forged, Refused::Invalid));
    let mut forged = alice.registration(&home);
    forged.hello = mallory.hello(&home, Some(&mallory.address)).sign(mallory.device.signing()).unwrap();
    registrations.push((forged, Refused::Invalid));
    for (address, refusal) in [(Some("alice@b.example"), Refused::Invalid), (None, Refused::Invalid)] {
        let mut forged = alice.registration(&home);
        forged.hello = alice.hello(&home, address).sign(alice.device.signing()).unwrap();
        registrations.push((forged, refusal));
    }
    let mut elsewhere = alice.hello(&home, Some(&alice.address));
    elsewhere.server = sottovoce::identity::ids::ServerId::from_bytes([1; 32]);
    let mut forged = alice.registration(&home);
    forged.hello = elsewhere.sign(alice.device.signing()).unwrap();
    registrations.push((forged, Refused::Invalid));
    let mut early = alice.hello(&home, Some(&alice.address));
    early.time = NOW.minus(Span::from_days(2));
    let mut forged = alice.registration(&home);
    forged.hello = early.sign(alice.device.signing()).unwrap();
    registrations.push((forged, Refused::Clock(NOW)));
    for (registration, refusal) in registrations {
        let outcome = home.twice(None, Operation::Register(Box::new(registration)));
        assert_eq!(refused(&outcome), refusal);
    }
    assert_eq!(home.store.records(), 0);
    assert_ne!(RequestId::from_bytes([0; 16]), home.request_id());
}

/// The account as its recovery key starts it again, with a new device alone.
fn recovered(person: &Person, seed: u64) -> Person {
    let device = DeviceSecret::generate(&mut people::generator(seed)).unwrap();
    let mut draft = Draft::recovering(&person.account);
    draft.add(device.possess(person.account.id()), Capabilities::MANAGE).unwrap();
    let account = draft.sign(&at(person.recovery.signing(), NOW)).unwrap();
    let recovery = RecoveryKey::generate(&mut people::generator(seed)).unwrap();
    Person { recovery, device, account, address: person.address.clone(), session: None }
}

/// After a recovery no device is left that could put the manifest in a session.
#[test]
fn a_recovered_account_gets_in_with_a_device_that_the_server_has_not_seen() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let mut again = recovered(&alice, 90);
    let hello = again.hello(&home, None).sign(again.device.signing()).unwrap();
    assert_eq!(refused(&home.once(None, Operation::Hello(hello))), Refused::Unknown);
    let registration = again.registration(&home);
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    let Outcome::Welcome(welcome) = outcome else { panic!("{outcome:?}") };
    assert_eq!(welcome.held.hash, again.account.hash());
    again.session = Some(welcome.session);
    assert!(matches!(home.once(again.session, Operation::Export), Outcome::Export(_)));
    // The device that was lost is out, and the manifest that lists it does not come back.
    assert_eq!(refused(&home.once(alice.session, Operation::Export)), Refused::Session);
    let registration = alice.registration(&home);
    let outcome = home.twice(None, Operation::Register(Box::new(registration)));
    assert_eq!(refused(&outcome), Refused::Unknown);
    let Reply::Found { manifest, .. } = home.lookup("b.example", &alice.address).reply else { panic!() };
    assert_eq!(manifest.verify::<Account>().unwrap(), again.account);
}

/// A server that lost its store, or was set back, may be told of a removed device first.
#[test]
fn a_manifest_from_before_a_removal_does_not_lock_its_account_out() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let again = recovered(&alice, 90);
    // The thief comes first; the owner has only the new device.
    let mut lost = Home::new(Registration::Open);
    let registration = alice.registration(&lost);
    assert!(matches!(lost.twice(None, Operation::Register(Box::new(registration))), Outcome::Welcome(_)));
    let registration = again.registration(&lost);
    let outcome = lost.twice(None, Operation::Register(Box::new(registration)));
    assert!(matches!(outcome, Outcome::Welcome(_)), "{outcome:?}");
    assert_eq!(refused(&lost.once(alice.session, Operation::Export)), Refused::Session);
}

/// Whoever may not register finds out nothing by trying (attack P-07).
#[test]
fn p_07_a_closed_door_does_not_tell_which_addresses_are_taken() {
    for registration in [Registration::Closed, Registration::Invite] {
        let mut open = Home::new(Registration::Open);
        Person::at_home(&mut open, "alice", 1, 0);
        let mut home = Home::new(registration);
        home.store = open.store;
        for name in ["alice", "nobody"] {
            let registration = Person::new(name, 2).registration(&home);
            let outcome = home.twice(None, Operation::Register(Box::new(registration)));
            assert_eq!(refused(&outcome), Refused::Denied, "{name}");
        }
    }
}

/// A successor that is refused for its keys leaves the fork as it is.
#[test]
fn d_13_a_manifest_that_is_refused_ends_no_fork() {
    let mut home = Home::new(Registration::Open);
    let alice = Person::at_home(&mut home, "alice", 1, 0);
    let bob = Person::at_home(&mut home, "bob", 2, 0);
    let (first, _) = alice.with_device(10);
    let (second, _) = alice.with_device(11);
    let genesis = alice.account.hash();
    assert!(matches!(alice.put(&mut home, genesis, first.manifest()), Outcome::Manifest(_)));
    assert!(matches!(refused(&alice.put(&mut home, genesis, second.manifest())), Refused::Forked(_)));
    let mut draft = Draft::after(&first);
    draft.add(bob.device.possess(alice.account.id()), Capabilities::NONE).unwrap();
    let stolen = draft.sign(&at(alice.device.signing(), NOW)).unwrap();
    assert_eq!(refused(&alice.put(&mut home, first.hash(), stolen.manifest())), Refused::Taken);
    assert!(alice_welcome(&alice, &mut home).forked);
}
