//! What has to hold.

use sottovoce::crypto::hash::Hash;
use sottovoce::session::Lineage;
use sottovoce::time::Span;

use super::act::sessions;
use super::around::Around;
use super::phones::{Name, reference};
use super::world::World;

/// A session that takes the place of a settled one follows it: whoever began it held that one's state. Or else the application was told.
pub(super) fn replaced(
    around: &Around,
    (before, after): (Option<Lineage>, Option<Lineage>),
    told: usize,
    (from, to): (Name, Name),
) -> Result<(), String> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
    let (Some(old), Some(new)) = (before.active, after.active) else { return Ok(()) };
    if old.session == new.session || new.is_begun_here {
        return Ok(());
    }
    let held = around.held.get(new.session.as_bytes());
    let proves = |session: &Hash| held.is_some_and(|held| held.contains(session.as_bytes()));
    let is_linked = proves(&old.session)
        || (!old.is_settled && before.recent().any(|place| proves(&place.session)))
        || (old.is_begun_here && before.settled().is_none());
    let was_told = around.alarms[told..]
        .iter()
        .any(|alarm| (alarm.at, alarm.about, alarm.kind) == (to, from, "replaced"));
    if is_linked || was_told { Ok(()) } else { Err("an unlinked session is active".to_owned()) }
}

/// Whether one of two devices was told something about the other.
fn was_told(world: &World, a: Name, b: Name) -> bool {
    let alarms = world.around.alarms.iter();
    !world.plan.is_harmless()
        && alarms.into_iter().any(|alarm| [(a, b), (b, a)].contains(&(alarm.at, alarm.about)))
}

/// Prints what happened between two devices, if it is asked for.
#[expect(clippy::print_stdout, reason = "for whoever looks for the reason")]
fn trace(world: &World, a: Name, b: Name) {
    if std::env::var_os("SOTTOVOCE_TRACE").is_none() {
        return;
    }
    println!("{:?}", world.plan);
    for (from, to, what) in &world.log {
        if [(a, b), (b, a)].contains(&(*from, *to)) {
            println!("{} {what}", if *from == a { "there:" } else { "back: " });
        }
    }
}

/// Everything has come about, or somebody knows better.
pub(super) fn end(world: &mut World) -> Result<(), String> {
    if world.plan.is_harmless() {
        let alarm = world.around.alarms.iter().find(|alarm| alarm.kind != "lost");
        if let Some(alarm) = alarm {
            trace(world, alarm.at, alarm.about);
            return Err(format!("an alarm without a reason: {alarm:?}"));
        }
    }
    contents(world)?;
    last_day(world)?;
    agreement(world)
}

/// What was said was shown.
fn contents(world: &mut World) -> Result<(), String> {
    let mut told = 0;
    for said in &world.said {
        let mut senders = world.apps.iter().filter(|app| app.name() == said.by);
        // What nobody remembers to have said is not owed.
        if !senders.any(|app| app.memory.texts.contains_key(&reference(&said.text))) {
            continue;
        }
        for to in &said.to {
            let is_there = world.apps.iter().any(|app| app.name() == *to);
            if is_there && !world.ever_shown.contains(&(said.text.clone(), *to)) {
                if !was_told(world, said.by, *to) {
                    trace(world, said.by, *to);
                    let number = &said.text[6..8];
                    let number = u16::from_be_bytes([number[0], number[1]]);
                    let hours = said.at.since(super::phones::NOW).as_millis() / 3_600_000;
                    return Err(format!("content {number}, said after {hours} hours, was lost in silence"));
                }
                told += 1;
            }
        }
    }
    world.tally.told = told;
    Ok(())
}

/// What was said on the last day was said to all devices, and is shown by all.
fn last_day(world: &World) -> Result<(), String> {
    let start = world.now.minus(Span::from_days(1));
    for said in world.said.iter().filter(|said| said.at > start) {
        for app in world.apps.iter().filter(|app| app.name() != said.by) {
            let is_shown = said.to.contains(&app.name()) && app.memory.shown.contains(&said.text);
            if !is_shown && !was_told(world, said.by, app.name()) {
                return Err("a content of the last day is not shown everywhere".to_owned());
            }
        }
    }
    Ok(())
}

/// Both ends use the same session, and have proven who they are.
fn agreement(world: &mut World) -> Result<(), String> {
    let names: Vec<_> = world.apps.iter().map(super::app::App::name).collect();
    for (a, first) in names.iter().enumerate() {
        for (b, second) in names.iter().enumerate().skip(a + 1) {
            let mut place = |app: usize, of: Name| {
                let sessions = sessions(&mut world.apps[app].phone, of);
                sessions.and_then(|sessions| sessions.lineage.active)
            };
            let (here, there) = (place(a, *second), place(b, *first));
            let is_one = here.zip(there).is_some_and(|(here, there)| {
                here.session == there.session && here.is_settled && there.is_settled
            });
            if !is_one {
                if !was_told(world, *first, *second) {
                    trace(world, *first, *second);
                    return Err(format!("no common session: {here:?}, {there:?}"));
                }
                world.tally.apart += 1;
            }
        }
    }
    Ok(())
}
