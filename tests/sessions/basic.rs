//! A conversation, a first contact, and what goes wrong on the way.

use sottovoce::pairwise::Authentication;
use sottovoce::session::{Notice, Received, SessionError, Standing};

use crate::phones::{Person, Phone, acquainted, text, two};

#[test]
fn a_conversation() {
    let (mut a, mut b) = two();
    let first = a.begin(&mut b, b"hello").unwrap();
    let second = a.say(b.name, b"are you there?").unwrap();
    let heard = b.hears(&first);
    assert_eq!((text(&heard), heard.from, heard.place), (b"hello".as_slice(), a.name, Standing::Active));
    assert_eq!(heard.standing.authentication(), Authentication::Classical);
    assert_eq!(text(&b.hears(&second)), b"are you there?");

    let answer = b.say(a.name, b"yes").unwrap();
    let heard = a.hears(&answer);
    assert_eq!(
        (text(&heard), heard.standing.authentication()),
        (b"yes".as_slice(), Authentication::PostQuantum)
    );
    let third = a.say(b.name, b"good").unwrap();
    assert_eq!(b.hears(&third).standing.authentication(), Authentication::PostQuantum);
    assert!(third.frame.len() < first.frame.len() - 2_000, "no Initial any more");
    // Nothing is left to introduce either.
    assert!(third.blob.unwrap().len() < 1_000);
    for mail in [&first, &second, &answer] {
        let phone = if mail.to == a.name { &mut a } else { &mut b };
        assert!(matches!(phone.receive(mail), Received::Refused { .. }), "once only");
    }
}

#[test]
fn a_steady_message_has_288_bytes() {
    let (mut a, mut b) = acquainted();
    for _ in 0..3 {
        let mail = b.say(a.name, b"0123456789abcdef0123456789abcdef").unwrap();
        a.hears(&mail);
        let mail = a.say(b.name, b"0123456789abcdef0123456789abcdef").unwrap();
        b.hears(&mail);
        let message =
            sottovoce::wire::Wire::decode(&mail.frame).map(|frame: sottovoce::pairwise::Frame| frame.message);
        assert_eq!(message.unwrap().len(), 288);
    }
}

#[test]
fn a_stranger_introduces_itself() {
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    let (mut a, mut b) = (Phone::new(&alice, 0, 1), Phone::new(&bob, 0, 2));
    a.learn(&bob.account);
    let mail = a.begin(&mut b, b"hello").unwrap();
    let mut bare = mail.clone();
    bare.blob = None;
    assert_eq!(b.refuses(&bare).0, SessionError::NoIntroduction);
    let heard = b.hears(&mail);
    assert!(heard.notices.iter().any(|notice| matches!(notice, Notice::Learned(id, _) if *id == a.name.0)));
    let answer = b.say(a.name, b"who are you?").unwrap();
    assert_eq!(text(&a.hears(&answer)), b"who are you?");
}
