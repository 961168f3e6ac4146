//! A process may end before any write, or after it and before it has heard of it.

use sottovoce::client::{Event, Stage};
use sottovoce::content::ConsentState;
use sottovoce::time::Span;

use crate::apps::{Crash, Town};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Two people meet and talk, whatever happens to one of them. How many writes each application made.
fn story(who: usize, crash: Option<Crash>) -> [u64; 2] {
    let mut town = Town::new(&["a.test", "b.test"], &["alice@a.test", "bob@b.test"]);
    town.apps[who].store.crash = crash;
    town.pass(Span::from_secs(60));
    town.acquaint(0, 1);
    town.pass(Span::from_secs(60));
    let said: Vec<_> = (0..3)
        .flat_map(|number| {
            let one = (0, town.say(0, 1, &format!("a{number}")));
            let other = (1, town.say(1, 0, &format!("b{number}")));
            town.pass(Span::from_secs(40));
            [one, other]
        })
        .collect();
    town.pass(Span::from_secs(600));
    let told = format!("{crash:?} of {who}: {:#?} {:#?}", town.apps[0].events, town.apps[1].events);
    let (alice, bob) = (town.apps[0].account(), town.apps[1].account());
    assert_eq!(town.apps[0].state(bob), Some(ConsentState::Accepted), "{told}");
    assert_eq!(town.apps[1].state(alice), Some(ConsentState::Accepted), "{told}");
    assert_eq!(town.apps[1].heard(), ["a0", "a1", "a2"], "{told}");
    assert_eq!(town.apps[0].heard(), ["b0", "b1", "b2"], "{told}");
    for (by, id) in said {
        let stages = town.apps[by].stages(id);
        assert_eq!(stages.iter().filter(|stage| **stage == Stage::Delivered).count(), 1, "{told}");
    }
    let registered =
        |at: usize| town.apps[at].events.iter().filter(|event| matches!(event, Event::Registered(_))).count();
    assert_eq!([registered(0), registered(1)], [1, 1]);
    if crash.is_some() {
        assert_eq!(town.crashes, 1, "{crash:?}");
    }
    [0, 1].map(|at| town.apps[at].store.writes)
}

#[test]
fn whenever_a_process_ends_nothing_is_lost_or_doubled() {
    let writes = story(0, None);
    let all = [0, 1].into_iter().flat_map(|who| {
        (2..=writes[who])
            .flat_map(move |write| [Crash::Before(write), Crash::After(write)])
            .map(move |crash| (who, crash))
    });
    // Some of them in each run; all of them with SOTTOVOCE_EVERY=1.
    let every = setting("SOTTOVOCE_EVERY").unwrap_or(12);
    let first = setting("SOTTOVOCE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("SOTTOVOCE_SEED={first}: {writes:?} writes");
    let chosen = all.skip(usize::try_from(first % every).unwrap()).step_by(usize::try_from(every).unwrap());
    let mut stories = 0;
    for (who, crash) in chosen {
        story(who, Some(crash));
        stories += 1;
    }
    println!("{stories} stories");
    assert!(stories > 0);
}
