//! S-02, S-05 to S-09, D-01, D-10, D-12, G-13, P-10, R-22: whose a message is, and whose it is not.

use sottovoce::crypto::CryptoError;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::ids::RequestId;
use sottovoce::identity::prekeys::{ClaimAnswer, ClaimRequest};
use sottovoce::pairwise::Frame;
use sottovoce::ratchet::RatchetError;
use sottovoce::session::{Introduction, Message, Notice, SessionError, SharedBody};
use sottovoce::wire::Wire as _;
use sottovoce_heap::measure;

use crate::phones::{Input, Mail, Name, Output, Person, Phone, acquainted, duplicate, generator, text, two};
use crate::support::{talk, tell};

/// Alice with a session with each of so many others.
fn with_others(count: u64) -> (Phone, Vec<Phone>) {
    let alice = Person::new("alice", 1);
    let mut a = Phone::new(&alice, 0, 1);
    let others = (0..count).map(|number| {
        let person = Person::new(&format!("other{number}"), 1);
        let mut other = Phone::new(&person, 0, 100 + number);
        other.learn(&alice.account);
        a.learn(&person.account);
        let mail = other.begin(&mut a, b"hello").unwrap_or_else(|error| panic!("{error:?}"));
        a.hears(&mail);
        other
    });
    let others = others.collect();
    (a, others)
}

fn seal_pointer(from: &mut Phone, to: Name, pointer: &BlobPointer, blob: Vec<u8>) -> Mail {
    match from.run(Input::Seal(to, Some((duplicate(pointer), [0; 16])), None)).unwrap() {
        Output::Frame(frame) => Mail { from: from.name, to, frame: frame.frame, blob: Some(blob) },
        other => panic!("{other:?}"),
    }
}

fn lost(message: &Message) -> SessionError {
    message.content.clone().unwrap_err()
}

/// What nobody has sent costs the same however many sessions there are: none of them is read.
#[test]
fn s_02_garbage_costs_the_same_with_any_number_of_sessions() {
    let mut costs = Vec::new();
    for count in [1, 4, 24] {
        let (mut a, mut others) = with_others(count);
        let mail = tell_frame(&mut others[0], &a);
        let mut frame = Frame::decode(&mail.frame).unwrap();
        frame.initial = None;
        frame.message[..8].copy_from_slice(&[0x77; 8]);
        let garbage = Mail { frame: frame.encode().unwrap(), ..mail };
        let before = a.store.snapshot();
        let (refused, heap) = measure(|| a.refuses(&garbage).0);
        assert_eq!(refused, SessionError::Ratchet(RatchetError::UnknownTag));
        assert_eq!(a.store.snapshot(), before);
        costs.push((heap.count, heap.peak));
    }
    println!("{costs:?}");
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

fn tell_frame(from: &mut Phone, to: &Phone) -> Mail {
    from.say(to.name, b"on").unwrap()
}

/// Nothing around a message says whose it is: the session says it.
#[test]
fn s_05_the_session_says_who_speaks() {
    let (mut a, mut others) = with_others(2);
    let names = [others[0].name, others[1].name];
    let mail = others[1].say(a.name, b"from the second").unwrap();
    let claimed = Mail { from: names[0], ..mail.clone() };
    assert_eq!(a.hears(&claimed).from, names[1]);
    // Under the tag of the other's session it opens nowhere, and neither session has changed.
    let first = others[0].say(a.name, b"first").unwrap();
    let second = others[1].say(a.name, b"second").unwrap();
    let tag = Frame::decode(&first.frame).unwrap().message[..8].to_vec();
    let mut moved = Frame::decode(&second.frame).unwrap();
    moved.initial = None;
    moved.message[..8].copy_from_slice(&tag);
    let before = a.store.snapshot();
    a.refuses(&Mail { frame: moved.encode().unwrap(), ..second.clone() });
    assert_eq!(a.store.snapshot(), before);
    assert_eq!((a.hears(&first).from, a.hears(&second).from), (names[0], names[1]));
}

/// A sender that calls itself another account or device in what it says is not heard.
#[test]
fn r_22_nobody_speaks_as_somebody_else() {
    let (mut a, mut others) = with_others(2);
    let (mine, other) = (others[0].name, others[1].name);
    for (account, device) in [(other.0, other.1), (mine.0, other.1), (other.0, mine.1), a.name] {
        let body = SharedBody { account, device, introduction: None, content: Some(b"me".to_vec()) };
        let (blob, pointer) = body.seal(&mut generator(5)).unwrap();
        let mail = seal_pointer(&mut others[0], a.name, &pointer, blob);
        let heard = a.hears(&mail);
        assert_eq!((heard.from, lost(&heard)), (mine, SessionError::ForeignSender));
    }
    assert_eq!(text(&tell(&mut others[0], &mut a, b"me")), b"me");
}

/// Who received a shared body cannot pass it on as his own, nor put another one under the same key.
#[test]
fn g_13_what_was_shared_is_not_wrapped_again() {
    let (mut b, mut others) = with_others(2);
    let (carol, alice) = (others.pop().unwrap(), others.pop().unwrap());
    let (mut c, mut a) = (carol, alice);
    let (blob, pointer) = a.share(b"from alice", &[b.name]);
    assert_eq!(
        text(&{
            let mail = seal_pointer(&mut a, b.name, &pointer, blob.clone());
            b.hears(&mail)
        }),
        b"from alice"
    );
    // Bob gives Carol the key of what Alice has said.
    let mail = seal_pointer(&mut b, c.name, &pointer, blob);
    let heard = c.hears(&mail);
    assert_eq!((heard.from, lost(&heard)), (b.name, SessionError::ForeignSender));
    // Bob's own body comes with another blob than it points to.
    let (_, own) = b.share(b"one", &[c.name]);
    let (other, _) = b.share(b"two", &[c.name]);
    let mail = seal_pointer(&mut b, c.name, &own, other);
    assert_eq!(lost(&c.hears(&mail)), SessionError::Crypto(CryptoError::Unauthentic));
    assert_eq!(text(&tell(&mut b, &mut c, b"on")), b"on");
}

/// What a server says of devices counts for nothing: only those that the manifest lists are sealed for.
#[test]
fn s_06_d_01_a_server_adds_no_device() {
    let (mut a, b) = two();
    let mallory = Person::new("mallory", 1);
    let m = Phone::new(&mallory, 0, 9);
    let ghost = (b.name.0, m.name.1);
    assert_eq!(a.run(Input::Seal(ghost, None, None)).unwrap_err(), SessionError::NotListed);
    for asked in [ghost, b.name] {
        let request =
            ClaimRequest { request: RequestId::from_bytes([1; 16]), account: asked.0, device: asked.1 };
        let answer = ClaimAnswer { request: request.request, bundle: m.bundle.clone(), one_time: None };
        let before = a.store.snapshot();
        let input = Input::Begin(asked, None, request, Box::new(answer), b.addresses[0].clone());
        assert!(a.run(input).is_err());
        assert_eq!(a.store.snapshot(), before);
    }
    assert!(a.look(ghost).is_none());
}

/// The same name under another identity has nothing of the old one's sessions, and what still comes in them is the old one's.
#[test]
fn s_07_s_08_another_identity_has_no_session() {
    let (mut a, mut b) = acquainted();
    let mut again = Person::new("bob-again", 1);
    again.address = b.addresses[0].clone();
    let mut new = Phone::new(&again, 0, 8);
    new.learn(&a.account.clone());
    a.learn(&again.account);
    assert_ne!(new.name.0, b.name.0);
    assert_eq!(a.say(new.name, b"hello").err(), Some(SessionError::NoSession));
    assert_eq!(tell(&mut b, &mut a, b"old").from, b.name);
    let mail = new.begin(&mut a, b"new").unwrap();
    assert_eq!(a.hears(&mail).from, new.name);
    assert_eq!(tell(&mut b, &mut a, b"old").from, b.name);
    assert_ne!(a.active(b.name), a.active(new.name));
}

/// Alice's device, and two of Bob's with sessions. The person as well.
fn two_devices() -> (Phone, Person, [Phone; 2]) {
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 2));
    let mut a = Phone::new(&alice, 0, 1);
    a.learn(&bob.account);
    let mut phones = [Phone::new(&bob, 0, 2), Phone::new(&bob, 1, 3)];
    for phone in &mut phones {
        phone.learn(&alice.account);
        let mail = a.begin(phone, b"hello").unwrap();
        phone.hears(&mail);
        talk(phone, &mut a, 1);
    }
    (a, bob, phones)
}

/// A device that is removed is neither heard nor written to from that moment; what was kept of it goes.
#[test]
fn d_10_s_09_a_removed_device_has_no_sessions() {
    let (mut a, mut bob, [mut first, mut second]) = two_devices();
    let (early, late) = (second.say(a.name, b"early").unwrap(), second.say(a.name, b"late").unwrap());
    a.hears(&early);
    bob.remove(1);
    let told = a.learn(&bob.account);
    assert!(
        told.iter().any(
            |notice| matches!(notice, Notice::Learned(_, learned) if learned.removed == [second.name.1])
        )
    );
    assert_eq!(a.refuses(&late).0, SessionError::NotListed);
    assert_eq!(a.say(second.name, b"no").err(), Some(SessionError::NotListed));
    let records = a.store.records();
    assert!(a.look(second.name).is_some());
    a.wake();
    assert!(a.look(second.name).is_none());
    assert!(a.store.records() + 4 <= records, "ratchet, state, tags, device");
    a.refuses(&late);
    assert_eq!(a.begin(&mut second, b"no").err(), Some(SessionError::NotListed));
    let again = second.begin(&mut a, b"it is me").unwrap();
    assert_eq!(a.refuses(&again).0, SessionError::NotListed);
    // What it has captured reads nothing of what follows.
    first.update(&bob);
    let next = a.say(first.name, b"next").unwrap();
    second.refuses(&next);
    assert_eq!(text(&first.hears(&next)), b"next");
}

/// A device of one's own account that the account does not list is a stranger.
#[test]
fn d_12_own_devices_are_those_that_are_listed() {
    let mut alice = Person::new("alice", 2);
    let (mut first, mut second) = (Phone::new(&alice, 0, 1), Phone::new(&alice, 1, 2));
    let mail = first.begin(&mut second, b"hello").unwrap();
    assert_eq!(second.hears(&mail).from, first.name);
    assert_eq!(tell(&mut second, &mut first, b"sync").from, second.name);
    let sync = second.say(first.name, b"sync").unwrap();
    alice.remove(1);
    first.update(&alice);
    assert_eq!(first.refuses(&sync).0, SessionError::NotListed);
    let again = second.begin(&mut first, b"sync").unwrap();
    assert_eq!(first.refuses(&again).0, SessionError::NotListed);
    // Nor is a peer's device one's own, whatever it says.
    let (mut a, mut b) = acquainted();
    let body = SharedBody {
        account: a.name.0,
        device: b.name.1,
        introduction: None,
        content: Some(b"sync".to_vec()),
    };
    let (blob, pointer) = body.seal(&mut generator(6)).unwrap();
    let mail = seal_pointer(&mut b, a.name, &pointer, blob);
    assert_eq!(lost(&a.hears(&mail)), SessionError::ForeignSender);
}

/// An introduction of somebody else makes no sender: a first message is refused with it, a later one is heard and teaches nothing.
#[test]
fn p_10_an_introduction_is_the_senders_own() {
    let (alice, bob, carol) = (Person::new("alice", 1), Person::new("bob", 1), Person::new("carol", 1));
    let (mut a, mut b) = (Phone::new(&alice, 0, 1), Phone::new(&bob, 0, 2));
    b.learn(&alice.account);
    let foreign =
        |account: &Person| Some(Introduction { manifest: account.account.manifest(), certificate: None });
    let body = |from: Name, introduction| SharedBody {
        account: from.0,
        device: from.1,
        introduction,
        content: Some(b"hello".to_vec()),
    };
    let (blob, pointer) = body(b.name, foreign(&carol)).seal(&mut generator(7)).unwrap();
    let request =
        ClaimRequest { request: RequestId::from_bytes([2; 16]), account: a.name.0, device: a.name.1 };
    let answer = a.claimed(&request);
    let shared = Some((pointer, [0; 16]));
    let before = b.store.snapshot();
    let Output::Frame(frame) =
        b.run(Input::Begin(a.name, shared, request, Box::new(answer), a.addresses[0].clone())).unwrap()
    else {
        panic!("no frame")
    };
    let mail = Mail { from: b.name, to: a.name, frame: frame.frame, blob: Some(blob) };
    let empty = a.store.snapshot();
    a.refuses(&mail);
    assert_eq!(a.store.snapshot(), empty);
    b.store.restore(&before);
    let mail = b.begin(&mut a, b"hello").unwrap();
    a.hears(&mail);
    talk(&mut a, &mut b, 1);
    let (blob, pointer) = body(b.name, foreign(&carol)).seal(&mut generator(8)).unwrap();
    let mail = seal_pointer(&mut b, a.name, &pointer, blob);
    let heard = a.hears(&mail);
    assert_eq!((heard.from, text(&heard)), (b.name, b"hello".as_slice()));
    assert!(heard.notices.iter().all(|notice| !matches!(notice, Notice::Learned(..))));
    assert_eq!(
        a.say((carol.account.id(), carol.devices[0].id()), b"hello").err(),
        Some(SessionError::NoIntroduction)
    );
}
