//! copies of a store, two steps at once, and frames that come again.

use std::collections::BTreeMap;

use sottovoce::pairwise::Frame;
use sottovoce::session::{Received, SessionError};
use sottovoce::storage::{Commit, Outcome, Store as _};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::phones::{Input, Mail, Phone, acquainted, generator, two};
use crate::support::{tell, wait};

/// Tag and salt of a message: with the key of its number they make key and nonce.
fn place(mail: &Mail) -> (Vec<u8>, Vec<u8>) {
    let message = Frame::decode(&mail.frame).unwrap().message;
    (message[..24].to_vec(), message)
}

/// From every state of a conversation each side seals different things, with the same randomness, and goes on from either.
#[test]
fn r_05_copies_of_a_store_repeat_no_key() {
    let (mut a, mut b) = two();
    let first = a.begin(&mut b, b"hello").unwrap();
    b.hears(&first);
    let mut seen = BTreeMap::new();
    let mut copies = 0;
    for round in 0..6_u64 {
        for (from, to) in [(0, 1), (1, 0)] {
            let names = [a.name, b.name];
            let phone = if from == 0 { &mut a } else { &mut b };
            let before = phone.store.snapshot();
            for copy in 0..3_u64 {
                phone.store.restore(&before);
                for number in 0..3_u64 {
                    phone.rng = generator(round);
                    let said = [round, copy, number].map(|number| b'0' + u8::try_from(number).unwrap());
                    let mail = phone.say(names[to], &said).unwrap();
                    let (key, message) = place(&mail);
                    copies += 1;
                    let earlier = seen.insert(key, message.clone());
                    assert!(earlier.is_none_or(|earlier| earlier == message), "one key for two messages");
                }
            }
            phone.store.restore(&before);
            phone.rng = generator(1_000 + round);
            let (from, to) = if from == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
            tell(from, to, b"on");
        }
    }
    assert_eq!(copies, 108);
    assert_eq!(seen.len(), 108);
}

/// Whoever decides second on what the first has changed decides again, and nothing of the second leaves.
#[test]
fn r_06_two_steps_on_one_state_conflict() {
    let (mut a, mut b) = acquainted();
    let (from_a, from_b) = (a.say(b.name, b"one").unwrap(), b.say(a.name, b"two").unwrap());
    let other = b.say(a.name, b"three").unwrap();
    let renewal = {
        let before = b.store.snapshot();
        let mail = b.begin(&mut a, b"renewed").unwrap();
        b.store.restore(&before);
        mail
    };
    drop(from_a);
    let name = b.name;
    let receive = |mail: &Mail| Input::Receive(mail.frame.clone(), mail.blob.clone());
    let seal = || Input::Seal(name, None, None);
    let pairs: [(Input, Input); 6] = [
        (seal(), seal()),
        (seal(), receive(&from_b)),
        (receive(&from_b), seal()),
        (receive(&from_b), receive(&from_b)),
        (receive(&from_b), receive(&other)),
        (receive(&renewal), receive(&renewal)),
    ];
    for (first, second) in pairs {
        let before = a.store.snapshot();
        let (first, second) = (a.decide(&first), a.decide(&second));
        let Ok(Commit::Released(released)) = first.commit(|write| a.store.apply(write)) else {
            panic!("nobody else was there")
        };
        assert_eq!(released.send.len(), 1);
        let after = a.store.snapshot();
        let mut outcome = None;
        let committed = second.commit(|write| {
            let result = a.store.apply(write);
            outcome = Some(matches!(result, Ok(Outcome::Conflict)));
            result
        });
        assert!(matches!(committed, Ok(Commit::Conflict)));
        assert_eq!(outcome, Some(true));
        assert_eq!(a.store.snapshot(), after);
        a.store.restore(&before);
    }
}

/// Every frame of a conversation with lost, late and renewed ones comes again: it is refused, and changes nothing.
#[test]
fn r_10_no_frame_is_shown_twice() {
    let (mut a, mut b) = two();
    let mut heard = Vec::new();
    let hear = |phone: &mut Phone, mail: Mail, heard: &mut Vec<Mail>| {
        phone.hears(&mail);
        heard.push(mail);
    };
    let mail = a.begin(&mut b, b"hello").unwrap();
    let second = a.say(b.name, b"second").unwrap();
    hear(&mut b, second, &mut heard);
    hear(&mut b, mail, &mut heard);
    for round in 0..6_u8 {
        if round == 3 {
            wait([&mut a, &mut b], Span::from_days(2));
            let mail = b.begin(&mut a, b"renewed").unwrap();
            let late = a.say(b.name, b"in the former one").unwrap();
            hear(&mut a, mail, &mut heard);
            hear(&mut b, late, &mut heard);
        }
        let mails: Vec<_> = (0..3).map(|number| a.say(b.name, &[round, number]).unwrap()).collect();
        for mail in mails.into_iter().rev() {
            hear(&mut b, mail, &mut heard);
        }
        let mail = b.say(a.name, &[round]).unwrap();
        hear(&mut a, mail, &mut heard);
    }
    for days in [0, 1, 40] {
        wait([&mut a, &mut b], Span::from_days(days));
        a.wake();
        b.wake();
        for mail in &heard {
            let phone = if mail.to == a.name { &mut a } else { &mut b };
            let before = phone.store.snapshot();
            let Received::Refused { error, notices } = phone.receive(mail) else { panic!("twice") };
            assert!(!matches!(error, SessionError::Storage(_)), "{error:?}");
            assert_eq!(notices, []);
            assert_eq!(phone.store.snapshot(), before, "{error:?}");
        }
    }
    assert_eq!(heard.len(), 28);
}
