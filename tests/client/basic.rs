//! Two people, from nothing to a conversation.

use sottovoce::client::{Event, Stage};
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
