//! Attacks on frames, streams and links, by their ids.

use sottovoce::crypto::ed25519;
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::ids::{RequestId, ServerId};
use sottovoce::server::frame::{Frame, Part, SignedFrame};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::stream::{
    Admission, Batch, Course, Inbound, Outbound, Position, Route, StreamId, Verdicts, Window,
};
use sottovoce::server::{Code, Input, Item, Origin, Status, Verdict};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::scene::{BOB, TOKEN, all, found, item, mailboxes, pair, submit, told};
use crate::servers::{Net, START, domain};

const ROUTE: Route =
    Route { from: ServerId::from_bytes([1; 32]), to: ServerId::from_bytes([2; 32]), stream: StreamId::DATA };
const OPEN: Window = Window { max_items: 100, max_bytes: 1 << 20, not_before: None };

fn acquainted() -> Net {
    let mut net = pair();
    (0..10).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(0..10, Status::Delivered));
    net
}

/// A frame as a.test signs it.
fn forged(net: &Net, change: impl FnOnce(&mut Frame)) -> Vec<u8> {
    let a = &net.identities[&domain("a.test")];
    let signed = SignedFrame::decode(&net.seen.last().unwrap().1).unwrap();
    let mut frame = Frame::decode(&signed.frame).unwrap();
    (frame.sent_at, frame.expires_at) = (net.now, net.now.plus(Span::from_secs(60)));
    change(&mut frame);
    let secret = ed25519::SecretKey::from_seed(&a.online);
    frame.sign(&a.manifest.online_keys()[0], &secret).unwrap().encode().unwrap()
}

fn accept(admission: Admission, batch: &Batch) -> Inbound {
    let verdicts: Verdicts = batch.items.iter().map(|_| Verdict::of(Code::Accepted)).collect();
    admission.accept(&batch.hashes(), verdicts).unwrap()
}

fn entries(numbers: std::ops::RangeInclusive<u64>) -> Vec<(u64, Hash, Vec<u8>)> {
    let entry = |number: u64| {
        let bytes = number.to_be_bytes().to_vec();
        (number, Item::hash(&bytes), bytes)
    };
    numbers.map(entry).collect()
}

#[test]
fn f_04_a_batch_that_is_split_differently_brings_each_item_once() {
    let (mut sender, receiver) = (Outbound::new(&ROUTE), Inbound::new());
    let [first, second] = [1, 2].map(|byte| RequestId::from_bytes([byte; 16]));
    let whole = sender.send(&ROUTE, first, entries(1..=4)).unwrap();
    let receiver = accept(receiver.admit(&ROUTE, &whole).unwrap(), &whole);
    // The answer is lost, and the sender begins again with less, and with more.
    let less = sender.send(&ROUTE, second, entries(1..=2)).unwrap();
    assert_eq!(receiver.admit(&ROUTE, &less), None);
    let more = sender.send(&ROUTE, second, entries(1..=6)).unwrap();
    assert_eq!(receiver.admit(&ROUTE, &more), None);
    let position = receiver.position(&ROUTE, OPEN);
    assert_eq!(sender.receive(&ROUTE, first, &position), Course::Stale);
    let Course::Acked { from, to, verdicts } = sender.receive(&ROUTE, second, &position) else {
        panic!("not acknowledged");
    };
    assert_eq!((from.number, to.number, verdicts.len()), (0, 4, 4));
    let rest = sender.send(&ROUTE, first, entries(5..=6)).unwrap();
    assert!(receiver.admit(&ROUTE, &rest).is_some());
}

#[test]
fn f_08_numbers_at_their_ends() {
    let receiver = Inbound::new();
    let batch = |epoch, first| Batch {
        stream: StreamId::DATA,
        epoch,
        first,
        previous: ROUTE.start(epoch),
        horizon: START,
        items: vec![vec![1], vec![2]],
    };
    assert_eq!(receiver.admit(&ROUTE, &batch(1, u64::MAX)), None, "no number after it");
    assert_eq!(receiver.admit(&ROUTE, &batch(1, 0)), None);
    let last = batch(u64::MAX, 1);
    let receiver = accept(receiver.admit(&ROUTE, &last).unwrap(), &last);
    // Who makes up the last epoch has shut only its own stream.
    let mut sender = Outbound::new(&ROUTE);
    let request = RequestId::from_bytes([1; 16]);
    sender.send(&ROUTE, request, entries(1..=1)).unwrap();
    assert_eq!(sender.receive(&ROUTE, request, &receiver.position(&ROUTE, OPEN)), Course::Exhausted);

    // On the wire: zeros are refused, and so is what the arithmetic of a position cannot be.
    let mut net = acquainted();
    for (epoch, first) in [(0, 1), (1, 0), (0, 0)] {
        let mut bytes = batch(1, 1);
        (bytes.epoch, bytes.first) = (epoch, first);
        let encoded = bytes.encode().unwrap();
        assert!(Batch::decode(&encoded).is_err(), "epoch {epoch}, first {first}");
    }
    for (next, last_first) in [(u64::MAX, 1), (1, 0), (0, 1), (5, 6), (u64::MAX, u64::MAX - 1)] {
        let position = Position { next, last_first, ..Inbound::new().position(&ROUTE, OPEN) };
        let encoded = position.encode().unwrap();
        assert!(Position::decode(&encoded).is_err(), "{last_first} to {next}");
    }
    for epoch in [u64::MAX, u64::MAX - 1] {
        let to = domain("b.test");
        let frame = forged(&net, |frame| {
            frame.parts = vec![Part::Batch(batch(epoch, u64::MAX))];
        });
        assert!(net.input(&to, &Input::Peer(frame.into())).is_some(), "answered with the position");
    }
    (20..30).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(20..30, Status::Delivered), "honest items go on");
}

#[test]
fn f_09_frames_out_of_their_time_are_refused() {
    let mut net = acquainted();
    let to = domain("b.test");
    let hour = Span::from_secs(3_600);
    let now = net.now;
    for (sent_at, is_taken) in [
        (now, true),
        (now.plus(hour), true),
        (now.plus(hour).plus(Span::from_millis(1)), false),
        (now.minus(hour).minus(Span::from_secs(60)), true),
        (now.minus(hour).minus(Span::from_secs(61)), false),
        (sottovoce::time::Timestamp::from_millis(0), false),
        (sottovoce::time::Timestamp::from_millis(u64::MAX), false),
    ] {
        let frame = forged(&net, |frame| {
            (frame.sent_at, frame.expires_at) = (sent_at, sent_at.plus(Span::from_secs(60)));
        });
        assert_eq!(net.input(&to, &Input::Peer(frame.into())).is_some(), is_taken, "{sent_at:?}");
    }
}

#[test]
fn f_12_answers_are_not_answered_without_end() {
    let mut net = acquainted();
    // Bob's server has something for a, a for it, and both speak at once.
    for round in 0..3 {
        submit(&mut net, 100 + round);
    }
    let before = net.frames;
    net.pass(Span::from_days(1));
    assert!(net.frames - before <= 2, "{} frames for three items", net.frames - before);
    let quiet = net.frames;
    net.pass(Span::from_days(5));
    assert_eq!(net.frames, quiet, "nobody has anything to say");
}

#[test]
fn f_14_a_frame_is_for_whom_it_names() {
    let mut net = acquainted();
    let others = [ServerId::from_bytes([9; 32]), net.identities[&domain("a.test")].manifest.id()];
    for other in others {
        let frame = forged(&net, |frame| frame.to = other);
        assert_eq!(net.input(&domain("b.test"), &Input::Peer(frame.into())), None, "for another server");
    }
    // A batch that is made for the stream to another server continues no stream here.
    let to = ServerId::from_bytes([9; 32]);
    let from = net.identities[&domain("a.test")].manifest.id();
    let stream = StreamId::new(2).unwrap();
    let other = Route { from, to, stream };
    let frame = forged(&net, |frame| {
        let batch = Batch {
            stream,
            epoch: 1,
            first: 1,
            previous: other.start(1),
            horizon: frame.sent_at,
            items: vec![item(1_000).encode().unwrap()],
        };
        frame.parts = vec![Part::Batch(batch)];
    });
    assert!(net.input(&domain("b.test"), &Input::Peer(frame.into())).is_some());
    assert!(!found(&mut net).contains(&1_000));
}

#[test]
fn f_16_a_sink_is_one_for_everybody() {
    let mut net = acquainted();
    let at = domain("b.test");
    found(&mut net);
    mailboxes(&mut net, &at, Operation::Tokens(BOB.account, TokenChange::Sink(TOKEN)));
    let mut verdicts = Vec::new();
    for (origin, number) in [("a.test", 60), ("c.test", 61), ("relay.test", 60)] {
        let deliver = Operation::Deliver(Origin::Peer(domain(origin)), vec![item(number)]);
        verdicts.push(mailboxes(&mut net, &at, deliver));
    }
    assert_eq!(verdicts, vec![Outcome::Verdicts(vec![Verdict::of(Code::Accepted)]); 3]);
    assert_eq!(found(&mut net), Vec::<u16>::new());
}

#[test]
fn d_13_f_22_a_server_that_shows_two_manifests_is_held() {
    let mut net = acquainted();
    let (a, b) = (domain("a.test"), domain("b.test"));
    let twins = [1, 2].map(|port| net.identities[&a].renewed(net.now, port));
    net.speak_as(&a, twins[0].clone());
    submit(&mut net, 50);
    net.pass(Span::from_secs(20));
    assert_eq!(found(&mut net).last(), Some(&50), "a newer manifest is nothing");
    net.speak_as(&a, twins[1].clone());
    submit(&mut net, 51);
    net.pass(Span::from_secs(20));
    assert_eq!(found(&mut net), Vec::<u16>::new(), "taken from a chain that has forked");
    assert!(net.alarms.contains(&b), "b's operator is told");
    assert!(net.alarms.contains(&a), "a's operator is given the proof");
    // Not for a while: whoever goes back to the first one has still shown both.
    net.speak_as(&a, twins[0].clone());
    net.pass(Span::from_days(2));
    assert_eq!(found(&mut net), Vec::<u16>::new());
    // A later manifest of the same chain ends it.
    let later = net.identities[&a].renewed_after(&twins[0], net.now, 3);
    net.speak_as(&a, later);
    net.pass(Span::from_days(1));
    assert_eq!(found(&mut net), [51]);
}
