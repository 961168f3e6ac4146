//! Whatever was taken is delivered, or its submitter hears what became of it: with full pages, after long silences, after restores.

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{DeviceId, RequestId, ServerId};
use sottovoce::server::hazmat::{Input as Plain, Said};
use sottovoce::server::stream::{Course, Inbound, Outbound, Route, StreamId, Verdicts, Window};
use sottovoce::server::{Code, DeviceItem, Input, Item, Kind, Output, Reason, Status, Submitter, Verdict};
use sottovoce::time::Span;

use crate::scene::{ALICE, BOB, TOKEN, account, all, found, item, pair, plain, submit, submit_item, told};
use crate::servers::{Net, domain};

const SECOND: Submitter = Submitter { device: DeviceId::from_bytes([0xb9; 16]), ..BOB };

fn acquainted() -> Net {
    let mut net = pair();
    (0..10).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(0..10, Status::Delivered));
    net
}

/// For a device that the account does not list yet.
fn large(number: u16) -> Item {
    let mut body = vec![0x33; 60_000];
    body[..2].copy_from_slice(&number.to_be_bytes());
    let Item { id, .. } = item(number);
    let order = Order { term: 0, version: 2 };
    let device = SECOND.device;
    Item { id, kind: Kind::Device(DeviceItem { token: TOKEN, device, order, payload: None, body }) }
}

#[test]
fn large_items_of_a_busy_recipient_all_go_back() {
    let mut net = acquainted();
    // More than a page of the log, which ends after 4 MiB.
    (100..250).for_each(|number| submit_item(&mut net, large(number)));
    net.pass(Span::from_secs(60));
    assert_eq!(told(&mut net), []);
    account(&mut net, &domain("b.test"), SECOND, "bob@b.test");
    net.pass(Span::from_secs(3_600));
    let mut told = told(&mut net);
    told.sort_unstable_by_key(|(number, _)| *number);
    assert_eq!(told, all(100..250, Status::Delivered));
}

#[test]
fn more_than_a_page_expires_at_once() {
    let mut net = acquainted();
    net.down.push(domain("b.test"));
    (100..2_600).for_each(|number| submit(&mut net, number));
    // The server itself was off.
    net.now = net.now.plus(Span::from_days(15));
    net.pass(Span::from_secs(3_700));
    let mut told = told(&mut net);
    told.retain(|(_, status)| !matches!(status, Status::Waiting(_)));
    assert_eq!(told.len(), 2_500);
}

#[test]
fn a_receiver_that_lost_more_than_a_batch_gets_all_of_it() {
    let mut net = acquainted();
    let b = domain("b.test");
    let before = net.hosts[&b].store.snapshot();
    (10..1_900).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(60));
    let server = net.identities[&b].start(2);
    let host = net.hosts.get_mut(&b).unwrap();
    host.store.restore(&before);
    host.server = server;
    net.input(&b, &Input::Wake);
    submit(&mut net, 1_900);
    net.pass(Span::from_secs(60));
    let mut found = found(&mut net);
    found.sort_unstable();
    assert_eq!(found, (0..=1_900).collect::<Vec<_>>());
}

#[test]
fn what_was_delivered_does_not_expire_when_it_goes_out_again() {
    let mut net = acquainted();
    net.pass(Span::from_days(14).plus(Span::from_secs(12 * 3_600)));
    let b = domain("b.test");
    let empty = Net::new(&["b.test"], 1).hosts[&b].store.snapshot();
    let server = net.identities[&b].start(2);
    let host = net.hosts.get_mut(&b).unwrap();
    host.store.restore(&empty);
    host.server = server;
    net.input(&b, &Input::Wake);
    submit(&mut net, 10);
    net.pass(Span::from_secs(3_600));
    assert_eq!(told(&mut net), [(10, Status::Refused(Reason::Unknown))]);
}

#[test]
fn copies_with_one_id_for_several_devices_are_several_items() {
    let mut net = acquainted();
    found(&mut net);
    let Item { id, kind: Kind::Device(first) } = item(50) else { panic!("not for a device") };
    submit_item(&mut net, Item { id, kind: Kind::Device(DeviceItem { device: SECOND.device, ..first }) });
    submit(&mut net, 50);
    net.pass(Span::from_secs(20));
    assert_eq!(found(&mut net), [50]);
}

#[test]
fn a_wait_that_was_set_by_a_clock_that_was_ahead_ends() {
    let mut net = acquainted();
    let (b, now) = (domain("b.test"), net.now);
    net.down.push(b);
    net.now = now.plus(Span::from_days(365));
    submit(&mut net, 10);
    net.pass(Span::from_secs(600));
    net.now = now.plus(Span::from_secs(700));
    net.down.clear();
    net.hosts.values_mut().for_each(|host| host.wake_at = Some(now));
    net.pass(Span::from_secs(7_200));
    assert_eq!(found(&mut net).last(), Some(&10));
}

#[test]
fn a_domain_that_does_not_exist_is_forgotten() {
    let mut net = pair();
    let submit = Plain::Submit {
        by: ALICE,
        request: RequestId::from_bytes([1; 16]),
        to: domain("nowhere.test"),
        item: item(1),
    };
    let a = domain("a.test");
    assert_eq!(plain(&mut net, &a, &submit), [Said::Taken(true)]);
    net.pass(Span::from_days(3));
    assert_eq!(told(&mut net).last(), Some(&(1, Status::Expired)));
    assert_eq!(net.pass(Span::from_days(5)), 0, "still looked for");
}

#[test]
fn a_server_that_does_not_answer_is_looked_for_again() {
    let mut net = acquainted();
    let (a, b) = (domain("a.test"), domain("b.test"));
    submit(&mut net, 10);
    let (until, mut fetched) = (net.now.plus(Span::from_days(3)), 0);
    while let Some(at) = net.hosts[&a].wake_at.filter(|at| *at <= until) {
        net.now = net.now.max(at);
        net.hosts.get_mut(&a).unwrap().wake_at = None;
        for said in plain(&mut net, &a, &Plain::Wake) {
            match said {
                Said::Post(post) => {
                    let reply = Plain::PeerReply { to: post.to, request: post.frame.request, reply: None };
                    plain(&mut net, &a, &reply);
                }
                Said::Other(Output::Fetch(fetch)) if fetch.host == b => fetched += 1,
                _ => {}
            }
        }
    }
    assert!((1..4_000).contains(&fetched), "{fetched}");
}

#[test]
fn the_batch_that_arrived_first_is_known_after_many_more() {
    let route = Route {
        from: ServerId::from_bytes([1; 32]),
        to: ServerId::from_bytes([2; 32]),
        stream: StreamId::DATA,
    };
    let entries = |count: u64| {
        let entry = |number: u64| {
            let bytes = number.to_be_bytes().to_vec();
            (number, Item::hash(&bytes), bytes)
        };
        (1..=count).map(entry).collect::<Vec<(u64, Hash, Vec<u8>)>>()
    };
    let mut sender = Outbound::new(&route);
    let request = |byte| RequestId::from_bytes([byte; 16]);
    let first = sender.send(&route, request(0), entries(3)).unwrap();
    let verdicts: Verdicts = first.items.iter().map(|_| Verdict::of(Code::Accepted)).collect();
    let receiver = Inbound::new().admit(&route, &first).unwrap().accept(&first.hashes(), verdicts).unwrap();
    // Its answers get lost, and each time there is more to be sent.
    for more in 1..=60 {
        sender.send(&route, request(more), entries(3 + u64::from(more))).unwrap();
    }
    let window = Window { max_items: 100, max_bytes: 1 << 20, not_before: None };
    let course = sender.receive(&route, request(60), &receiver.position(&route, window));
    assert!(matches!(course, Course::Acked { to, .. } if to.number == 3), "{course:?}");
    assert_eq!(sender.numbered().number, 63, "numbers that were given stay given");
}
