//! Two people, from nothing to a conversation.

use sottovoce::client::{Event, Input, Stage};
use sottovoce::content::ConsentState;
use sottovoce::time::Span;

use crate::apps::Town;

#[test]
fn two_people_meet_and_talk() {
    let mut town = Town::new(&["a.test", "b.test"], &["alice@a.test", "bob@b.test"]);
    town.pass(Span::from_secs(60));
    for app in &town.apps {
        assert!(matches!(app.events[..], [Event::Registered(_)]), "{:?}", app.events);
    }
    town.acquaint(0, 1);
    let (alice, bob) = (town.apps[0].account(), town.apps[1].account());
    assert_eq!(town.apps[0].state(bob), Some(ConsentState::Accepted), "{:?}", town.apps[0].events);
    assert_eq!(town.apps[1].state(alice), Some(ConsentState::Accepted), "{:?}", town.apps[1].events);
    let first = town.say(0, 1, "hello");
    town.pass(Span::from_secs(30));
    let second = town.say(1, 0, "hello too");
    town.pass(Span::from_secs(30));
    assert_eq!(town.apps[1].heard(), ["hello"], "{:?}", town.apps[1].events);
    assert_eq!(town.apps[0].heard(), ["hello too"]);
    assert_eq!(town.apps[0].stages(first).last(), Some(&Stage::Delivered));
    assert_eq!(town.apps[1].stages(second).last(), Some(&Stage::Delivered));
}

/// What the push process of an application does for one message: it starts, fetches, and shows.
#[test]
fn one_message_is_shown_with_few_rounds_of_loading() {
    let mut town = Town::new(&["a.test"], &["alice@a.test", "bob@a.test"]);
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    town.say(0, 1, "first");
    town.say(1, 0, "second");
    town.pass(Span::from_secs(120));
    town.say(0, 1, "third");
    while town.apps[0].wake_at.is_some_and(|at| at <= town.net.now) {
        town.input(0, &Input::Wake);
    }
    let before = (town.apps[1].device.shelf().loads, town.apps[1].device.shelf().writes);
    town.input(1, &Input::Fetch { wait: Span::from_secs(0) });
    assert_eq!(town.apps[1].heard(), ["first", "third"]);
    let (loads, writes) = (town.apps[1].device.shelf().loads, town.apps[1].device.shelf().writes);
    let [rounds, wants] = [loads[0] - before.0[0], loads[1] - before.0[1]];
    println!("{rounds} rounds, {wants} records and ranges, {} writes", writes - before.1);
    assert!(rounds <= 12 && wants <= 24, "{rounds} rounds, {wants} wants");
}
