//! S-03, S-04, H-18: sessions that are forced on a device, and sessions that are over.

use sottovoce::handshake::HandshakeError;
use sottovoce::ratchet::RatchetError;
use sottovoce::session::{Notice, RENEWAL, Received, SessionError, Standing};
use sottovoce::time::Span;

use crate::phones::{Input, Mail, Person, Phone, acquainted, hours, text};
use crate::support::{alarms, begin_cheaply, below, dice, notices, talk, tell, wait};

/// Bob's device as it was before it had a session: the same keys, and nothing else.
fn bob_without_state() -> Phone {
    let mut phone = Phone::new(&Person::new("bob", 1), 0, 2);
    phone.learn(&Person::new("alice", 1).account);
    phone
}

/// A thousand handshakes by whoever holds a device's keys, and replays of them: one notice, one place, and the session is where it was.
#[test]
fn s_03_handshakes_without_proof_do_not_touch_the_session() {
    let (mut a, mut b) = acquainted();
    let mut thief = bob_without_state();
    let (empty, active) = (thief.store.snapshot(), a.active(b.name));
    let (mut told, mut replayed) = (Vec::new(), Vec::new());
    for number in 0..1_000_u32 {
        thief.store.restore(&empty);
        let mail = begin_cheaply(&mut thief, &a, &number.to_be_bytes());
        match a.receive(&mail) {
            Received::Message(message) => {
                assert_eq!((number, message.place), (0, Standing::Contested));
                told.extend(message.notices);
                replayed.push(mail);
            }
            Received::Refused { error, notices } => {
                assert_eq!((error, notices), (SessionError::TooSoon, Vec::new()));
                assert!(number > 0);
            }
        }
    }
    assert_eq!(told.iter().filter(|notice| matches!(notice, Notice::Contested(..))).count(), 1);
    assert_eq!(alarms(&told).len(), 1);
    let before = a.store.snapshot();
    for _ in 0..10 {
        let refused = a.refuses(&replayed[0]).0;
        assert!(matches!(refused, SessionError::Ratchet(RatchetError::Used)), "{refused:?}");
    }
    assert_eq!(a.store.snapshot(), before);
    assert_eq!(a.active(b.name), active);
    assert_eq!(a.look(b.name).unwrap().lineage.sessions().count(), 2);
    assert_eq!(text(&tell(&mut b, &mut a, b"still here")), b"still here");
    assert_eq!(text(&tell(&mut a, &mut b, b"and here")), b"and here");
}

/// The first message of a session whose chain is closed, too.
#[test]
fn s_03_replays_of_handshakes_are_known() {
    let (mut a, mut b) = crate::phones::two();
    let first = a.begin(&mut b, b"hello").unwrap();
    b.hears(&first);
    talk(&mut b, &mut a, 12);
    let before = b.store.snapshot();
    let refused = b.refuses(&first).0;
    assert!(
        matches!(
            refused,
            SessionError::Ratchet(RatchetError::Used) | SessionError::Handshake(HandshakeError::Replayed)
        ),
        "{refused:?}"
    );
    assert_eq!(b.store.snapshot(), before);
}

/// A session that another took the place of receives for 30 days, whether its timer runs or not.
#[test]
fn s_04_former_sessions_end() {
    for wakes in [false, true] {
        let (mut a, mut b) = acquainted();
        let former = a.active(b.name).unwrap();
        let (early, late) = (b.say(a.name, b"early").unwrap(), b.say(a.name, b"late").unwrap());
        wait([&mut a, &mut b], Span::from_days(1));
        let mail = a.begin(&mut b, b"renewed").unwrap();
        b.hears(&mail);
        tell(&mut b, &mut a, b"yes");
        wait([&mut a, &mut b], Span::from_secs(30 * 86_400 - 1));
        a.wake();
        assert_eq!(a.hears(&early).place, Standing::Former);
        wait([&mut a, &mut b], Span::from_secs(1));
        if wakes {
            a.wake();
            assert!(a.look(b.name).unwrap().lineage.sessions().all(|place| place.session != former));
        }
        assert_eq!(a.refuses(&late).0, SessionError::Ratchet(RatchetError::UnknownTag));
        assert_eq!(text(&tell(&mut b, &mut a, b"on")), b"on");
    }
}

/// Messages that nobody sent are refused and change nothing; the calls that count them lead to one handshake a day.
#[test]
fn h_18_forged_messages_cause_one_handshake_a_day() {
    let (mut a, mut b) = acquainted();
    let (bob, mut rng) = (b.name, dice("h_18"));
    let (before, active) = (a.store.snapshot(), a.active(b.name));
    let good = b.say(a.name, b"good").unwrap();
    for _ in 0..1_000 {
        let mut forged = good.clone();
        let at = below(&mut rng, forged.frame.len());
        forged.frame[at] ^= 1 << below(&mut rng, 8);
        let received = a.receive(&forged);
        assert!(matches!(&received, Received::Refused { notices, .. } if notices.is_empty()), "{received:?}");
    }
    assert_eq!(a.active(b.name), active);
    assert!(a.store.snapshot() != before, "a handshake is due when it may be");
    let mut begun = Vec::new();
    for call in 0..1_000 {
        if call % 10 == 0 {
            a.now = a.now.plus(hours(1));
        }
        let due = a.notices(Input::Unknown(bob.0));
        assert!(due.iter().all(|notice| *notice == Notice::HandshakeDue(bob.0, bob.1)));
        if !due.is_empty() {
            let _ = begin_cheaply(&mut a, &b, b"due");
            assert!(begun.last().is_none_or(|last| a.now.since(*last) >= RENEWAL));
            begun.push(a.now);
        }
    }
    assert_eq!(begun.len(), 4, "in a hundred hours");
}

/// A session is not begun over another that was begun within a day, whoever asks for it.
#[test]
fn h_18_a_handshake_a_day() {
    let (mut a, mut b) = acquainted();
    let before = a.store.snapshot();
    assert_eq!(a.begin(&mut b, b"again").err(), Some(SessionError::TooSoon));
    assert_eq!(a.store.snapshot(), before);
    a.now = a.now.plus(RENEWAL);
    assert!(a.begin(&mut b, b"again").is_ok());
}

/// A peer that holds the session begins a thousand others, each linked: one of them takes its place.
#[test]
fn h_18_linked_handshakes_replace_once_an_hour() {
    let (mut a, mut b) = acquainted();
    let (bob, state) = (b.name, b.store.snapshot());
    let (mut replaced, mut refused) = (0, 0);
    for number in 0..1_000_u32 {
        let was_settled = a.look(bob).unwrap().lineage.active.unwrap().is_settled;
        b.store.restore(&state);
        let mail = begin_cheaply(&mut b, &a, &number.to_be_bytes());
        match a.receive(&mail) {
            Received::Message(message) => {
                assert_eq!(message.place, Standing::Active);
                replaced += u32::from(was_settled);
            }
            Received::Refused { error, .. } => {
                assert_eq!(error, SessionError::TooSoon);
                refused += 1;
            }
        }
    }
    assert_eq!(replaced, 1);
    assert!(refused > 900);
    // Each one is settled before the next: still one an hour.
    let (mut a, mut b) = acquainted();
    let mut replaced = 0;
    for quarter in 0..20_u32 {
        a.now = a.now.plus(Span::from_secs(900));
        b.now = b.now.plus(RENEWAL);
        let before = b.store.snapshot();
        let mail: Mail = begin_cheaply(&mut b, &a, &quarter.to_be_bytes());
        if matches!(a.receive(&mail), Received::Message(_)) {
            talk(&mut a, &mut b, 2);
            assert!(a.look(b.name).unwrap().lineage.active.unwrap().is_settled);
            replaced += 1;
        } else {
            b.store.restore(&before);
        }
        let _ = notices(a.receive(&mail));
    }
    assert_eq!(replaced, 5, "in five hours");
}
