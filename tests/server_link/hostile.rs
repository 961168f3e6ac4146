//! A server that lies, replays, and never comes to an end.

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::frame::{Frame, Part, Seen};
use sottovoce::server::hazmat::{Input as Plain, Said};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::stream::{Batch, Position, Route, StreamId, Verdicts, Window};
use sottovoce::server::{DeviceItem, Instance, Item, ItemId, Kind, Status, Submitter, Token};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::scene::{ALICE, account, all, item, mailboxes, pair, plain, submit, submit_item, told};
use crate::servers::{Identities, Net, domain};

const OPEN: Window = Window { max_items: 1_000, max_bytes: 3 << 20, not_before: None };

fn acquainted() -> Net {
    let mut net = pair();
    (0..10).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(0..10, Status::Delivered));
    net
}

/// A frame of one of the servers of b.test.
fn frame_of(net: &Net, who: &Identities, instance: u8, parts: Vec<Part>) -> Frame {
    let a = &net.identities[&domain("a.test")].manifest;
    Frame {
        from: who.manifest.id(),
        to: a.id(),
        sent_at: net.now,
        expires_at: net.now.plus(Span::from_secs(60)),
        instance: Instance::from_bytes([instance; 16]),
        to_instance: Some(Instance::from_bytes([1; 16])),
        request: RequestId::from_bytes([0x77; 16]),
        reply_to: None,
        mine: Seen::of(&who.manifest),
        yours: Some(Seen::of(a)),
        manifest: None,
        parts,
    }
}

fn frame(net: &Net, instance: u8, parts: Vec<Part>) -> Frame {
    frame_of(net, &net.identities[&domain("b.test")], instance, parts)
}

/// The parts of what a.test answers.
fn answered(net: &mut Net, frame: Frame) -> Vec<Part> {
    let said = plain(net, &domain("a.test"), &Plain::Peer(frame));
    let reply = said.into_iter().find_map(|said| match said {
        Said::Reply(frame) => Some(frame.parts),
        _ => None,
    });
    reply.unwrap()
}

fn has_batch(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Batch(_)))
}

fn route(net: &Net, stream: u32) -> Route {
    let id = |name| net.identities[&domain(name)].manifest.id();
    Route { from: id("b.test"), to: id("a.test"), stream: StreamId::new(stream).unwrap() }
}

fn batch(net: &Net, stream: u32, items: Vec<Vec<u8>>) -> Part {
    let route = route(net, stream);
    let (epoch, previous) = (1, route.start(1));
    Part::Batch(Batch { stream: route.stream, epoch, first: 1, previous, horizon: net.now, items })
}

/// Whether a.test takes what b.test brings, seen from what it says to a question for the position.
fn listens(net: &mut Net, instance: u8) -> bool {
    let asked = frame(net, instance, vec![batch(net, 3, Vec::new())]);
    let parts = answered(net, asked);
    parts.iter().any(|part| matches!(part, Part::Position(position) if position.window.not_before.is_none()))
}

/// Answers whatever a.test sends for a time. Gives what it sent.
fn talk(net: &mut Net, span: Span, mut answer: impl FnMut(&Frame) -> Vec<Part>) -> Vec<Frame> {
    let (a, until, mut frames) = (domain("a.test"), net.now.plus(span), Vec::new());
    while let Some(at) = net.hosts[&a].wake_at.filter(|at| *at <= until && frames.len() < 2_000) {
        net.now = net.now.max(at);
        net.hosts.get_mut(&a).unwrap().wake_at = None;
        for said in plain(net, &a, &Plain::Wake) {
            let Said::Post(post) = said else { continue };
            let mut reply = frame(net, 1, answer(&post.frame));
            reply.reply_to = Some(post.frame.request);
            let input = Plain::PeerReply { to: post.to, request: post.frame.request, reply: Some(reply) };
            plain(net, &a, &input);
            frames.push(post.frame);
        }
    }
    net.now = until;
    frames
}

#[test]
fn an_answer_without_anything_does_not_set_off_the_next_frame_at_once() {
    let mut net = acquainted();
    submit(&mut net, 20);
    let frames = talk(&mut net, Span::from_secs(60), |_| Vec::new()).len();
    assert!((10..=70).contains(&frames), "{frames} frames in a minute");
}

#[test]
fn who_is_set_back_all_the_time_makes_the_link_pause() {
    let mut net = acquainted();
    submit(&mut net, 20);
    let mut epoch = 1;
    let mut restart = |_: &Frame| {
        epoch += 1_000;
        vec![Part::Position(Position {
            stream: StreamId::DATA,
            epoch,
            next: 1,
            hash: Hash::from_bytes([0; 32]),
            last_first: 1,
            verdicts: Verdicts::new(),
            window: OPEN,
        })]
    };
    let frames = talk(&mut net, Span::from_secs(600), &mut restart).len();
    assert!((10..=20).contains(&frames), "{frames} frames in ten minutes");
    let later = talk(&mut net, Span::from_secs(6 * 3_600), &mut restart).len();
    assert!((6..=100).contains(&later), "{later} frames in six hours");
}

#[test]
fn positions_of_every_stream_and_many_items_fit_into_one_frame() {
    let mut net = acquainted();
    let a = domain("a.test");
    let carol =
        Submitter { account: AccountId::from_bytes([0xc1; 32]), device: DeviceId::from_bytes([0xc2; 16]) };
    account(&mut net, &a, carol, "carol@a.test");
    let tokens = [(ALICE, Token::from_bytes([1; 16])), (carol, Token::from_bytes([2; 16]))];
    for (who, token) in tokens {
        mailboxes(&mut net, &a, Operation::Tokens(who.account, TokenChange::Add(token)));
    }
    // A verdict with another account's manifest for each item.
    let stale = |stream: u16, number: u16| {
        let (who, token) = tokens[usize::from(number % 2)];
        let order = Order { term: 0, version: 0 };
        let item = DeviceItem { token, device: who.device, order, payload: None, body: vec![1] };
        let mut id = [9; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        id[2..4].copy_from_slice(&stream.to_be_bytes());
        Item { id: ItemId::from_bytes(id), kind: Kind::Device(item) }.encode().unwrap()
    };
    for stream in 0..16 {
        let items = (0..1_000).map(|number| stale(stream, number)).collect();
        let brought = frame(&net, 1, vec![batch(&net, stream.into(), items)]);
        let Some(Part::Position(position)) = answered(&mut net, brought).pop() else { panic!("no position") };
        assert_eq!(position.next, 1_001);
    }
    let large = |number: u16| {
        let Item { id, kind: Kind::Device(device) } = item(number) else { panic!("not for a device") };
        Item { id, kind: Kind::Device(DeviceItem { body: vec![7; 60_000], ..device }) }
    };
    (100..160).for_each(|number| submit_item(&mut net, large(number)));
    let asked: Vec<_> = (0..16).map(|stream| batch(&net, stream, Vec::new())).collect();
    let frames = talk(&mut net, Span::from_secs(3), |_| asked.clone());
    let positions =
        |frame: &Frame| frame.parts.iter().filter(|part| matches!(part, Part::Position(_))).count();
    assert!(frames.iter().any(|frame| positions(frame) == 16 && has_batch(&frame.parts)));
    for frame in frames {
        assert!(frame.encode().is_ok(), "a frame that no server can send");
    }
}

#[test]
fn f_04_a_frame_that_is_replayed_is_not_answered_with_items() {
    let mut net = acquainted();
    net.now = net.now.plus(Span::from_secs(60));
    let old = frame(&net, 1, Vec::new());
    answered(&mut net, old.clone());
    submit(&mut net, 20);
    net.now = net.now.plus(Span::from_secs(60));
    assert!(!has_batch(&answered(&mut net, old)), "items for whoever has an old frame");
    let new = frame(&net, 1, Vec::new());
    assert!(has_batch(&answered(&mut net, new)));
}

#[test]
fn a_replayed_frame_of_an_earlier_process_is_no_clone() {
    let mut net = acquainted();
    let mut old = None;
    for instance in [1, 2, 3] {
        net.now = net.now.plus(Span::from_secs(60));
        let spoken = frame(&net, instance, Vec::new());
        answered(&mut net, spoken.clone());
        old.get_or_insert(spoken);
    }
    answered(&mut net, old.unwrap());
    net.now = net.now.plus(Span::from_secs(60));
    assert!(listens(&mut net, 3), "held");
}

#[test]
fn the_process_that_is_left_of_two_is_listened_to_again() {
    let mut net = acquainted();
    for (instance, is_heard) in [(1, true), (2, true), (1, false)] {
        net.now = net.now.plus(Span::from_secs(60));
        assert_eq!(listens(&mut net, instance), is_heard);
    }
    plain(&mut net, &domain("a.test"), &Plain::Resume(domain("b.test")));
    net.now = net.now.plus(Span::from_secs(60));
    assert!(listens(&mut net, 1), "held once more, though it is alone");
    net.now = net.now.plus(Span::from_secs(60));
    assert!(!listens(&mut net, 2), "the other one is still there");
}

#[test]
fn the_former_server_of_a_domain_gets_nothing_and_stops_nothing() {
    let mut net = acquainted();
    let (a, b) = (domain("a.test"), domain("b.test"));
    let new = Identities::found("b.test", &mut net.rng);
    for _ in 0..2 {
        net.now = net.now.plus(Span::from_secs(73 * 3_600));
        let bound = new.bound(net.now);
        plain(&mut net, &a, &Plain::Introduce(b.clone(), Box::new(bound)));
    }
    submit(&mut net, 20);
    for instance in [1, 2, 1] {
        net.now = net.now.plus(Span::from_secs(1));
        let former = frame(&net, instance, Vec::new());
        assert!(!has_batch(&answered(&mut net, former)), "items for a server that is not the domain's");
    }
    net.now = net.now.plus(Span::from_secs(1));
    let spoken = frame_of(&net, &new, 5, Vec::new());
    let parts = answered(&mut net, spoken);
    let Some(Part::Batch(batch)) = parts.first() else { panic!("its link is held") };
    assert_eq!(
        batch.items,
        [item(20).encode().unwrap()],
        "what the former one has decided on is not its business"
    );
}
