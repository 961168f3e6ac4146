//! Records that cannot be read any more.

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::secret::Secret;
use sottovoce::server::link::{Alarm, ServerAlarm};
use sottovoce::server::{Input, Status};
use sottovoce::storage::{Key, Loaded, Outcome, Put, Store as _, Table, Vault, Want, Write};
use sottovoce::time::Span;

use crate::scene::{ALICE, all, found, item, pair, plain, submit, told};
use crate::servers::{Host, Net, domain};

fn vault() -> Vault {
    Vault::new(&Secret::new([7; 32]), b"a.test")
}

/// Where the link of a.test to a domain lies.
fn link(to: &str) -> Key {
    vault().partition(Table::LINKS, Hash::of(to.as_bytes()).as_bytes()).key(0)
}

fn a(net: &mut Net) -> &mut Host {
    net.hosts.get_mut(&domain("a.test")).unwrap()
}

fn body(net: &mut Net, key: Key) -> Vec<u8> {
    let loaded: Loaded = a(net).store.load(&[Want::Record(key)]).unwrap();
    loaded.record(&key).unwrap().unwrap().body.clone()
}

fn put(net: &mut Net, key: Key, body: Vec<u8>) {
    let put = &[Put { key, body }];
    let write = Write { expect: &[], delete: &[], put, trim: &[], append: &[], events: &[], flush: true };
    assert_eq!(a(net).store.apply(&write).unwrap(), Outcome::Committed);
}

/// What the operator of a.test was told.
fn alarms(net: &mut Net) -> Vec<ServerAlarm> {
    let events = a(net).store.take_events();
    events.iter().map(|event| vault().open_event(event).unwrap()).collect()
}

/// A link to a server that does not answer, and whose record is damaged, has a timer before all others.
#[test]
fn a_damaged_record_holds_up_nothing_but_its_own() {
    let mut net = pair();
    net.input(&domain("a.test"), &Input::Wake);
    submit_to_nowhere(&mut net);
    let whole = body(&mut net, link("nowhere.test"));
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    put(&mut net, link("nowhere.test"), damaged);
    net.pass(Span::from_secs(5));

    let owner = [&b"l"[..], Hash::of(b"nowhere.test").as_bytes()].concat();
    let alarm = ServerAlarm { domain: domain("a.test"), alarm: Alarm::Damaged { timer: owner } };
    assert_eq!(alarms(&mut net), [alarm]);
    (0..20).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(20));
    assert_eq!(found(&mut net), (0..20).collect::<Vec<_>>(), "the others go on");
    assert_eq!(told(&mut net), all(0..20, Status::Delivered));

    // Tried every hour, and not more often, without another alarm.
    let wakes = net.pass(Span::from_days(2));
    assert!((40..120).contains(&wakes), "{wakes}");
    assert_eq!(alarms(&mut net), []);

    // An operator puts it back: what waited for the link is dealt with within the hour.
    put(&mut net, link("nowhere.test"), whole);
    net.pass(Span::from_secs(3_700));
    let told = told(&mut net);
    assert_eq!(told.last(), Some(&(500, Status::Expired)), "{told:?}");
    assert_eq!(alarms(&mut net), []);
}

fn submit_to_nowhere(net: &mut Net) {
    let submit = sottovoce::server::hazmat::Input::Submit {
        by: ALICE,
        request: sottovoce::identity::ids::RequestId::from_bytes([1; 16]),
        to: domain("nowhere.test"),
        item: item(500),
    };
    plain(net, &domain("a.test"), &submit);
}
