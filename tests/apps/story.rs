//! Two people meet and talk, whatever happens to the process of one of them.

use sottovoce::client::{Event, NoticeKind, Stage};
use sottovoce::content::ConsentState;
use sottovoce::time::Span;

use super::{Crash, Make, Town};

/// What is wrong at the end, or how many writes each application made.
pub fn story(make: Make, who: usize, crash: Option<Crash>) -> Result<[u64; 2], String> {
    let mut town = Town::on(make, &["a.test", "b.test"], &["alice@a.test", "bob@b.test"]);
    town.apps[who].device.shelf().crash = crash;
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
    let wrongs = wrongs(&town, &said, u64::from(crash.is_some()));
    if wrongs.is_empty() {
        return Ok([0, 1].map(|at| town.apps[at].device.shelf().writes));
    }
    let events = town.apps.iter().map(|app| format!("{}: {:#?}", app.name, app.events));
    Err(format!("{crash:?} of {who}: {wrongs:?}\n{}", events.collect::<String>()))
}

fn wrongs(town: &Town, said: &[(usize, sottovoce::client::CommandId)], crashes: u64) -> Vec<&'static str> {
    let accounts = [0, 1].map(|at: usize| town.apps[at].account());
    let mut checks = vec![
        (town.crashes == crashes, "another number of crashes"),
        (town.apps[0].state(accounts[1]) == Some(ConsentState::Accepted), "alice has no contact"),
        (town.apps[1].state(accounts[0]) == Some(ConsentState::Accepted), "bob has no contact"),
        (town.apps[1].heard() == ["a0", "a1", "a2"], "not what alice said, once and in order"),
        (town.apps[0].heard() == ["b0", "b1", "b2"], "not what bob said, once and in order"),
    ];
    for app in &town.apps {
        let registered = app.events.iter().filter(|event| matches!(event, Event::Registered(_))).count();
        // What overtakes another leaves a gap until that comes. Everything else is an alarm.
        let is_alarm =
            |event: &Event| matches!(event, Event::Notice { what, .. } if *what != NoticeKind::Gap);
        let noticed = app.events.iter().any(is_alarm);
        checks.push((registered == 1, "not registered once"));
        checks.push((!noticed, "an alarm"));
    }
    for (by, id) in said {
        let stages = town.apps[*by].stages(*id);
        let delivered = stages.iter().filter(|stage| **stage == Stage::Delivered).count();
        checks.push((delivered == 1, "not told once that it is delivered"));
    }
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, wrong)| wrong).collect()
}

/// Every moment at which the process of one of them can end.
pub fn moments(writes: [u64; 2]) -> impl Iterator<Item = (usize, Crash)> {
    [0, 1].into_iter().flat_map(move |who| {
        let each = (2..=writes[who]).flat_map(|write| [Crash::Before(write), Crash::After(write)]);
        each.map(move |crash| (who, crash))
    })
}
