//! H-13, H-18: how much is proven of the other side; the first answer; linked handshakes.

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::secret::Secret;
use sottovoce::handshake::{HandshakeError, LinkProof, Recipient, Sender, initiate};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::draft::Draft;
use sottovoce::identity::prekeys::PrekeysSeen;
use sottovoce::pairwise::hazmat::{answered, k3, opened, parts};
use sottovoce::pairwise::{Authentication, Direction, ForwardSecrecy, Role, Standing};
use sottovoce::ratchet::Ratchet;
use sottovoce::time::Span;

use super::{Responder, With, again, begin, seed, sent};
use crate::identity::{NOW, author, device, person, with_device};
use crate::support::generator;

/// Every sequence of six events, on both sides, against the sentences of the specification.
#[test]
fn h_13_standing_grows_by_proof_only() {
    let (alice, bob) = (person(1), Responder::new(2));
    let begun = begin(&alice, &bob, With::BundleOnly, 1);
    let initiator = begun.session.standing();
    let (initial, message, _) = sent(begun);
    let responder = bob.accept(&initial, &message, &alice.account).unwrap().session.standing();
    assert_eq!(initiator.authentication(), Authentication::Implicit);
    assert_eq!(responder.authentication(), Authentication::Classical);
    for sequence in 0..3_usize.pow(6) {
        let events: Vec<_> = (0..6).map(|place| sequence / 3_usize.pow(place) % 3).collect();
        let step = |standing: Standing, event: usize| match event {
            0 => answered(standing),
            1 => opened(standing, true),
            _ => opened(standing, false),
        };
        let (mut at_a, mut at_b) = (initiator, responder);
        for (count, event) in events.iter().enumerate() {
            (at_a, at_b) = (step(at_a, *event), step(at_b, *event));
            let past = &events[..=count];
            let heard = past.iter().any(|event| *event != 0);
            let answered = past.iter().position(|event| *event == 0);
            let proven = answered.is_some_and(|at| past[at..].contains(&2));
            let expected = |proven, before| if proven { Authentication::PostQuantum } else { before };
            assert_eq!(at_a.authentication(), expected(heard, Authentication::Implicit), "{past:?}");
            assert_eq!(at_b.authentication(), expected(proven, Authentication::Classical), "{past:?}");
            assert_eq!((again(&at_a), again(&at_b)), (at_a, at_b), "what is kept is what was");
            assert_eq!(at_a.forward_secrecy() == ForwardSecrecy::Full, heard);
            assert_eq!(at_b.forward_secrecy() == ForwardSecrecy::Full, proven);
        }
    }
}

#[test]
fn directions_are_each_others() {
    for (one, other) in [(Role::Initiator, Role::Responder), (Role::Responder, Role::Initiator)] {
        assert_eq!(one.sends(), other.receives());
        assert_ne!(one.sends(), one.receives());
    }
    assert_eq!((Direction::FromInitiator.number(), Direction::FromResponder.number()), (0, 1));
}

/// k3 is the same at both ends, depends on the session and on the ciphertext, and needs the private half of A's ML-KEM key.
#[test]
fn h_13_the_first_answer_proves_the_initiators_kem_key() {
    let (alice, bob) = (person(1), Responder::new(2));
    let begun = begin(&alice, &bob, With::Pair(0), 1);
    let awaiting = again(&begun.awaiting);
    let (initial, message, _) = sent(begun);
    let answering = || again(&bob.accept(&initial, &message, &alice.account).unwrap().answering);
    assert_eq!((answering().account(), answering().device()), (alice.account.id(), alice.device.id()));
    let answer = answering().answer(&alice.account, &mut generator(1)).unwrap();
    let (ct3, expected) = parts(&answer);
    assert_eq!(k3(&awaiting.k3(&alice.device, ct3)).expose(), expected.expose());

    assert_ne!(k3(&awaiting.k3(&device(5), ct3)).expose(), expected.expose(), "another device's key");
    for bit in (0..1088 * 8).step_by(61) {
        let mut bytes = *ct3.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let other = Ciphertext::from_bytes(&bytes).unwrap();
        assert_ne!(k3(&awaiting.k3(&alice.device, &other)).expose(), expected.expose(), "bit {bit}");
    }
    let other = begin(&alice, &bob, With::Pair(0), 2).awaiting;
    assert_ne!(k3(&other.k3(&alice.device, ct3)).expose(), expected.expose(), "another session");
    let again = answering().answer(&alice.account, &mut generator(2)).unwrap();
    let (again, fresh) = parts(&again);
    assert!(again != ct3 && fresh.expose() != expected.expose());
}

/// A device that its account does not list any more, or another account, gets no answer; one that was joined by others does.
#[test]
fn h_13_answers_go_to_listed_devices_only() {
    let (alice, bob, carol) = (person(1), Responder::new(2), person(3));
    let (initial, message, _) = sent(begin(&alice, &bob, With::Pair(0), 1));
    let answering = || bob.accept(&initial, &message, &alice.account).unwrap().answering;
    let answer = |account| answering().answer(account, &mut generator(1)).map(|_| ());
    let two = with_device(&alice.account, &device(1), Capabilities::MANAGE, alice.device.signing());
    let mut draft = Draft::after(&two);
    assert!(draft.remove(alice.device.id()));
    let removed = draft.sign(&author(device(1).signing())).unwrap();
    assert_eq!(answer(&two), Ok(()));
    assert_eq!(answer(&removed), Err(HandshakeError::NotPossible));
    assert_eq!(answer(&carol.account), Err(HandshakeError::NotPossible));
    let elsewhere = Verified::<Account>::found(&author(carol.recovery.signing()), &alice.device).unwrap();
    assert_eq!(answer(&elsewhere), Err(HandshakeError::NotPossible), "the same device in another account");
}

/// A second handshake is believed only from whoever holds one of the two newest root steps, and only for itself.
#[test]
fn h_18_only_the_newest_steps_of_a_session_link() {
    let link = |number: u8| Secret::new([number; 32]);
    let (this, other) = (Hash::of(b"this handshake"), Hash::of(b"another one"));
    let newest = [link(5), link(4)];
    for (number, expected) in [(5, true), (4, true), (3, false), (6, false)] {
        let proof = again(&LinkProof::new(&link(number), &this));
        let verdict = if expected { Ok(()) } else { Err(HandshakeError::NotLinked) };
        assert_eq!(proof.verify(&newest, &this), verdict, "{number}");
        assert_eq!(proof.verify(&newest, &other), Err(HandshakeError::NotLinked), "{number}");
        assert_eq!(proof.verify(&[], &this), Err(HandshakeError::NotLinked));
    }
    // A third one is not looked at, whatever is handed in.
    let three = [link(5), link(4), link(3)];
    assert_eq!(LinkProof::new(&link(3), &this).verify(&three, &this), Err(HandshakeError::NotLinked));
    let good = sottovoce::wire::Wire::encode(&LinkProof::new(&link(5), &this)).unwrap();
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let verdict = <LinkProof as sottovoce::wire::Wire>::decode(&changed);
        assert!(verdict.is_err() || verdict.unwrap().verify(&newest, &this).is_err(), "bit {bit}");
    }
}

/// A device that was never answered, or has not seen the answer, begins again with proof: what the handshake gave to both. Another handshake
/// of the same two devices gives another link.
#[test]
fn h_18_a_session_that_was_never_answered_links() {
    let (alice, bob) = (person(1), Responder::new(2));
    let begun = begin(&alice, &bob, With::Pair(0), 1);
    let initial = begun.awaiting.initial().to_vec();
    let mut rng = generator(1);
    let mut at_alice = Ratchet::begin(begun.session, NOW, &mut rng).unwrap();
    let message = at_alice.seal(b"is anybody there?", None, NOW, &mut rng).unwrap().message;
    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    let (mut at_bob, _) = Ratchet::respond(accepted.session, &message, NOW).unwrap();

    let second = begin(&alice, &bob, With::Pair(1), 2);
    let this = second.session.transcript();
    let linked = |from: &Ratchet, to: &Ratchet| {
        from.links().iter().any(|link| again(&LinkProof::new(link, &this)).verify(&to.links(), &this).is_ok())
    };
    assert!(linked(&at_alice, &at_bob) && linked(&at_bob, &at_alice));
    let answer = accepted.answering.answer(&alice.account, &mut rng).unwrap();
    drop(at_bob.seal(b"yes", Some(answer), NOW, &mut rng).unwrap());
    assert_eq!((at_alice.links().len(), at_bob.links().len()), (1, 2), "the answer is on its way");
    assert!(linked(&at_alice, &at_bob) && linked(&at_bob, &at_alice));

    let stranger = Ratchet::begin(second.session, NOW, &mut rng).unwrap();
    assert!(!linked(&stranger, &at_bob) && !linked(&at_bob, &stranger));
}

/// What was seen of prekeys, and that they are old, comes with the session, to be stored in the same write.
#[test]
fn h_11_beginning_renews_what_was_seen_of_prekeys() {
    let (alice, bob) = (person(1), Responder::new(2));
    for (with, days, is_overdue) in
        [(With::BundleOnly, 0, false), (With::Pair(0), 0, false), (With::BundleOnly, 45, true)]
    {
        let (request, answer) = bob.answer(with);
        let (account, now) = (&bob.person.account, NOW.plus(Span::from_days(days)));
        let prekeys = answer.verify(&request, account, &PrekeysSeen::default(), now).unwrap();
        let expected = (*prekeys.seen(), prekeys.is_overdue());
        let sender = Sender::new(&alice.account, &alice.device).unwrap();
        let recipient = Recipient::new(account, prekeys, &bob.addresses[0], None).unwrap();
        let begun = initiate(&sender, recipient, seed(1)).unwrap();
        assert_eq!((begun.seen, begun.is_overdue), expected);
        assert_eq!((begun.is_overdue, begun.seen.stock.is_some()), (is_overdue, with == With::Pair(0)));
        assert_eq!(begun.seen.bundle.unwrap().number, 2);
    }
}
