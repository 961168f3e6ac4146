//! One item that is not like the others, at each place of a batch.

use sottovoce::crypto::ed25519;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::DeviceId;
use sottovoce::server::frame::{Frame, Part, Seen, SignedFrame};
use sottovoce::server::stream::{Batch, Position, Route, StreamId};
use sottovoce::server::{Code, Input, Instance, Item, Kind, Reason, Status, Token};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::scene::{found, item, item_under, pair, submit, submit_item, told};
use crate::servers::{Net, domain};

const BATCH: u16 = 100;

fn acquainted() -> Net {
    let mut net = pair();
    (1_000..1_010).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    told(&mut net);
    found(&mut net);
    net
}

/// For a device that the recipient's server does not know yet: it is told to come again.
fn for_a_new_device(number: u16) -> Item {
    let Item { id, kind: Kind::Device(mut device) } = item(number) else { panic!() };
    device.device = DeviceId::from_bytes([9; 16]);
    device.order = Order { term: 0, version: 2 };
    Item { id, kind: Kind::Device(device) }
}

fn refused(number: u16) -> Item {
    item_under(number, Token::from_bytes([0x71; 16]))
}

/// F-07: the other 99 arrive in their order, each submitter is told what became of its own item, and what comes after arrives too.
#[test]
fn f_07_one_bad_item_at_each_place_between_servers() {
    let net = &mut acquainted();
    let before: Vec<_> = net.hosts.values().map(|host| host.store.snapshot()).collect();
    let wakes: Vec<_> = net.hosts.values().map(|host| host.wake_at).collect();
    for (make, status) in
        [(refused as fn(u16) -> Item, Some(Status::Refused(Reason::Unknown))), (for_a_new_device, None)]
    {
        for bad in 0..BATCH {
            for ((host, snapshot), wake_at) in net.hosts.values_mut().zip(&before).zip(&wakes) {
                host.store.restore(snapshot);
                host.wake_at = *wake_at;
            }
            (0..BATCH).for_each(|number| {
                submit_item(net, if number == bad { make(number) } else { item(number) });
            });
            net.pass(Span::from_secs(10));
            submit(net, BATCH);
            net.pass(Span::from_secs(10));
            let good: Vec<_> = (0..=BATCH).filter(|number| *number != bad).collect();
            assert_eq!(found(net), good, "bad at {bad}");
            let mut told = told(net);
            let of_bad = told.iter().position(|(number, _)| *number == bad).map(|at| told.remove(at).1);
            assert_eq!(of_bad, status, "bad at {bad}");
            let delivered: Vec<_> = good.iter().map(|number| (*number, Status::Delivered)).collect();
            assert_eq!(told, delivered, "bad at {bad}");
        }
    }
}

/// F-07: bytes that are no item, which no honest server sends.
#[test]
fn f_07_what_is_no_item_spoils_nothing_around_it() {
    let net = &mut acquainted();
    let before = net.hosts[&domain("b.test")].store.snapshot();
    let position = answer(net, Vec::new(), None);
    for bad in 0..usize::from(BATCH) {
        net.hosts.get_mut(&domain("b.test")).unwrap().store.restore(&before);
        let mut items: Vec<_> = (0..BATCH).map(|number| item(number).encode().unwrap()).collect();
        items[bad] = vec![0xff; bad];
        let after = answer(net, items, Some(&position));
        assert_eq!((after.last_first, after.next), (position.next, position.next + u64::from(BATCH)));
        for (at, verdict) in after.verdicts.iter().enumerate() {
            let expected = if at == bad { Code::Refused(Reason::Malformed) } else { Code::Accepted };
            assert_eq!(verdict.code, expected, "bad at {bad}");
        }
        let next = answer(net, vec![item(BATCH).encode().unwrap()], Some(&after));
        assert_eq!(next.verdicts.iter().next().map(|verdict| verdict.code), Some(Code::Accepted));
        let good: Vec<_> = (0..=BATCH).filter(|number| usize::from(*number) != bad).collect();
        assert_eq!(found(net), good, "bad at {bad}");
    }
}

/// What b.test says to a batch of a.test's that goes on from a position.
fn answer(net: &mut Net, items: Vec<Vec<u8>>, position: Option<&Position>) -> Position {
    let [from, to] = ["a.test", "b.test"].map(|name| &net.identities[&domain(name)]);
    let route = Route { from: from.manifest.id(), to: to.manifest.id(), stream: StreamId::DATA };
    let (epoch, first, previous) =
        position.map_or((1, 1, route.start(1)), |position| (position.epoch, position.next, position.hash));
    let horizon = Timestamp::from_millis(0);
    let frame = Frame {
        from: route.from,
        to: route.to,
        sent_at: net.now,
        expires_at: net.now.plus(Span::from_secs(600)),
        instance: Instance::from_bytes([1; 16]),
        to_instance: Some(Instance::from_bytes([1; 16])),
        request: sottovoce::identity::ids::RequestId::from_bytes([7; 16]),
        reply_to: None,
        mine: Seen::of(&from.manifest),
        yours: None,
        manifest: None,
        parts: vec![Part::Batch(Batch { stream: StreamId::DATA, epoch, first, previous, horizon, items })],
    };
    let online = ed25519::SecretKey::from_seed(&from.online);
    let bytes = frame.sign(&from.manifest.online_keys()[0], &online).unwrap().encode().unwrap();
    let reply = net.input(&domain("b.test"), &Input::Peer(bytes.into())).expect("it is answered");
    let reply = Frame::decode(&SignedFrame::decode(&reply).unwrap().frame).unwrap();
    let position = reply.parts.into_iter().find_map(|part| match part {
        Part::Position(position) => Some(position),
        _ => None,
    });
    position.expect("a batch is answered with a position")
}
