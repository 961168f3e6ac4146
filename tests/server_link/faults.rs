//! Servers that lose their state, answers that get lost, recipients who are busy, servers that exist twice.

use sottovoce::identity::ids::RequestId;
use sottovoce::server::{Input, Output, Reason, Status, Token, hazmat};
use sottovoce::storage::Snapshot;
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::scene::{BOB, TOKEN, all, found, item_under, pair, plain, submit, submit_item, told};
use crate::servers::{Net, domain};

/// Two servers that know each other and have passed ten items.
fn acquainted() -> Net {
    let mut net = pair();
    (0..10).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(0..10, Status::Delivered));
    net
}

fn snapshot(net: &Net, at: &str) -> Snapshot {
    net.hosts[&domain(at)].store.snapshot()
}

/// The store of a server is what it was before, and its process is another one.
fn restore(net: &mut Net, at: &str, snapshot: &Snapshot, instance: u8) {
    let name = domain(at);
    let server = net.identities[&name].start(instance);
    let host = net.hosts.get_mut(&name).unwrap();
    host.store.restore(snapshot);
    host.server = server;
    net.input(&name, &Input::Wake);
}

fn submit_all(net: &mut Net, numbers: std::ops::Range<u16>) {
    numbers.for_each(|number| submit(net, number));
    net.pass(Span::from_secs(60));
}

#[test]
fn a_receiver_that_was_set_back_gets_again_what_it_lost() {
    let mut net = acquainted();
    let before = snapshot(&net, "b.test");
    submit_all(&mut net, 10..40);
    submit_all(&mut net, 40..50);
    restore(&mut net, "b.test", &before, 2);
    submit_all(&mut net, 50..51);
    let mut found = found(&mut net);
    found.sort_unstable();
    assert_eq!(found, (0..51).collect::<Vec<_>>(), "lost, or doubled");
}

#[test]
fn a_sender_that_was_set_back_does_not_swallow_a_new_item() {
    let mut net = acquainted();
    let before = snapshot(&net, "a.test");
    submit_all(&mut net, 10..12);
    restore(&mut net, "a.test", &before, 2);
    submit_all(&mut net, 20..22);
    let found = found(&mut net);
    assert_eq!(found, (0..12).chain(20..22).collect::<Vec<_>>());
    assert!(told(&mut net).ends_with(&all(20..22, Status::Delivered)));
}

#[test]
fn both_set_back_to_different_times() {
    let mut net = acquainted();
    let first = snapshot(&net, "a.test");
    submit_all(&mut net, 10..20);
    let second = snapshot(&net, "b.test");
    submit_all(&mut net, 20..30);
    restore(&mut net, "b.test", &second, 2);
    restore(&mut net, "a.test", &first, 2);
    submit_all(&mut net, 30..40);
    let found = found(&mut net);
    for number in (0..20).chain(30..40) {
        assert!(found.contains(&number), "{number} is lost");
    }
}

#[test]
fn a_server_that_lost_everything_is_found_again() {
    let mut net = acquainted();
    let empty = Net::new(&["b.test"], 1).hosts[&domain("b.test")].store.snapshot();
    restore(&mut net, "b.test", &empty, 2);
    submit_all(&mut net, 10..12);
    net.pass(Span::from_secs(3_600));
    // It knows no token any more, and says so.
    assert_eq!(told(&mut net).last(), Some(&(11, Status::Refused(Reason::Unknown))));
}

#[test]
fn a_verdict_survives_a_lost_answer() {
    let mut net = acquainted();
    net.lose_answers = 3;
    for number in 10..13 {
        submit_item(&mut net, item_under(number, Token::from_bytes([0x71; 16])));
    }
    net.pass(Span::from_secs(600));
    assert_eq!(told(&mut net), all(10..13, Status::Refused(Reason::Unknown)));
}

/// Attack F-04.
#[test]
fn f_04_frames_that_come_again_change_nothing() {
    let mut net = acquainted();
    submit_all(&mut net, 10..60);
    let before = snapshot(&net, "b.test");
    let seen = net.seen.clone();
    for (to, frame) in seen.iter().rev().chain(&seen) {
        let answer = net.input(to, &Input::Peer(frame.clone().into()));
        assert!(answer.is_none_or(|answer| answer.len() < 4_000));
    }
    let after = snapshot(&net, "b.test");
    assert!(before == after, "a replayed frame has changed the store");
    assert_eq!(found(&mut net), (0..60).collect::<Vec<_>>());
}

#[test]
fn a_frame_of_another_server_or_with_a_changed_bit_is_not_answered() {
    let mut net = acquainted();
    let (to, frame) = net.seen.last().unwrap().clone();
    let before = snapshot(&net, "b.test");
    for bit in (0..frame.len() * 8).step_by(7) {
        let mut changed = frame.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(net.input(&to, &Input::Peer(changed.into())), None, "bit {bit}");
    }
    assert!(before == snapshot(&net, "b.test"));
    let signed = sottovoce::server::frame::SignedFrame::decode(&frame).unwrap();
    assert_eq!(net.input(&domain("a.test"), &Input::Peer(signed.encode().unwrap().into())), None, "its own");
}

#[test]
fn two_processes_of_one_server_hold_the_link() {
    let mut net = acquainted();
    let before = snapshot(&net, "a.test");
    restore(&mut net, "a.test", &before, 2);
    submit_all(&mut net, 10..11);
    // The first process goes on, on a copy.
    restore(&mut net, "a.test", &before, 1);
    submit_all(&mut net, 20..21);
    restore(&mut net, "a.test", &before, 2);
    submit_all(&mut net, 30..31);
    let before = found(&mut net);
    assert_eq!(before, (0..11).collect::<Vec<_>>(), "taken from a clone");
    net.input(&domain("b.test"), &Input::Resume(domain("a.test")));
    net.pass(Span::from_secs(2 * 3_600));
    assert_eq!(found(&mut net).last(), Some(&30));
}

#[test]
fn who_is_busy_keeps_nobody_waiting() {
    let mut net = acquainted();
    found(&mut net);
    // The budget of a token is 2,000 items.
    (100..2_300).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(120));
    let told_first = told(&mut net).len();
    let found_first = found(&mut net);
    assert!(found_first.len() < 2_100, "{}", found_first.len());
    net.pass(Span::from_secs(4 * 3_600));
    let mut found: Vec<_> = found_first.into_iter().chain(found(&mut net)).collect();
    found.sort_unstable();
    assert_eq!(found, (100..2_300).collect::<Vec<_>>());
    assert!(told_first < 2_210 && told(&mut net).len() >= 2_200 - 2_100);
}

/// A receiver that was set back, and a batch for its earlier process that was still under way: the second decision would be heard by nobody.
#[test]
fn a_batch_for_an_earlier_process_is_not_taken() {
    let mut net = acquainted();
    let before = snapshot(&net, "b.test");
    submit_all(&mut net, 10..12);
    let late = net.seen.iter().rev().find(|(to, _)| *to == domain("b.test")).unwrap().1.clone();
    restore(&mut net, "b.test", &before, 2);
    let kept = snapshot(&net, "b.test");
    assert!(net.input(&domain("b.test"), &Input::Peer(late.into())).is_some(), "answered");
    assert_eq!(found(&mut net), (0..10).collect::<Vec<_>>());
    net.hosts.get_mut(&domain("b.test")).unwrap().store.restore(&kept);
    submit_all(&mut net, 12..13);
    let mut found = found(&mut net);
    found.sort_unstable();
    assert_eq!(found, (0..13).collect::<Vec<_>>());
}

/// What is learned of a domain, or decided by an operator, while a frame is under way does not take the link its time-out: the frame may be lost.
#[test]
fn a_lost_frame_is_missed_whatever_is_learned_meanwhile() {
    let news: [fn(&mut Net); 2] = [
        |net| {
            let bound = Box::new(net.identities[&domain("b.test")].bound(net.now));
            plain(net, &domain("a.test"), &hazmat::Input::Introduce(domain("b.test"), bound));
        },
        |net| {
            drop(net.input(&domain("a.test"), &Input::Fetched { domain: domain("b.test"), document: None }));
        },
    ];
    for learn in news {
        let mut net = pair();
        submit(&mut net, 0);
        net.pass(Span::from_secs(20));
        submit(&mut net, 1);
        let mut wake = || plain(&mut net, &domain("a.test"), &hazmat::Input::Wake);
        let is_sent = (0..4).any(|_| wake().iter().any(|said| matches!(said, hazmat::Said::Post(_))));
        assert!(is_sent, "and lost");
        learn(&mut net);
        net.pass(Span::from_secs(60));
        assert_eq!(found(&mut net), [0, 1]);
    }
}

/// Both have something for the other and have just asked for its domain: neither waits as for a domain that does not answer.
#[test]
fn two_servers_that_ask_for_each_other_at_once_meet_within_seconds() {
    let mut net = pair();
    let (a, b) = (domain("a.test"), domain("b.test"));
    let request = RequestId::from_bytes([2; 16]);
    let submit_back = hazmat::Input::Submit { by: BOB, request, to: a.clone(), item: item_under(0, TOKEN) };
    assert_eq!(plain(&mut net, &b, &submit_back), [hazmat::Said::Taken(true)]);
    let said = plain(&mut net, &b, &hazmat::Input::Wake);
    assert!(
        said.iter().any(|said| matches!(said, hazmat::Said::Other(Output::Fetch(_)))),
        "b asks: {said:?}"
    );
    submit(&mut net, 1);
    net.pass(Span::from_millis(500));
    assert_eq!(found(&mut net), [], "b knows nothing of a yet");
    let document = Some(net.hosts[&a].document.clone());
    net.input(&b, &Input::Fetched { domain: a, document });
    net.pass(Span::from_secs(10));
    assert_eq!(found(&mut net), [1]);
}
