//! Draining a mailbox. `docs/PROTOCOL.md` §7.6.

use std::collections::BTreeSet;

use super::entry::{Drained, LogPlace, MailboxCursor, MailboxEntry, What};
use super::gap;
use super::limits;
use super::payload;
use super::place::{Place, readable};
use super::record::{Kept, KeptWhat, MailboxState};
use crate::server::Context;
use crate::server::item::Submitter;
use crate::storage::{Interrupt, Item, Key, Table, Tail, Want};

/// What a cursor says.
enum Course {
    /// Nothing new.
    Repeated,
    /// The device has all up to there.
    Acknowledged,
    /// It is not of this log.
    Lost,
}

/// Gives a device the next entries of its mailbox, at most `max`, and lets those go that its cursor acknowledges.
///
/// Whoever calls has made sure that the device is who it is, and still belongs to the account.
pub(crate) fn drain(
    ctx: &mut Context<'_, '_>,
    owner: &Submitter,
    cursor: &MailboxCursor,
    max: u16,
) -> Result<Drained, Interrupt> {
    let (vault, place) = (ctx.tx.vault(), Place::of(ctx.tx.vault(), owner));
    let mut wants = vec![Want::Record(place.key())];
    wants.extend(cursor.entry.map(|entry| Want::Log(page(place, entry.number))));
    wants.extend(cursor.gap.map(|told| Want::Log(gap::at(vault, told))));
    ctx.tx.need(wants)?;
    let mut slot = ctx.tx.read::<MailboxState>(place.key())?;
    let before = slot.take().unwrap_or_else(MailboxState::new);
    let mut state = before.clone();

    acknowledge_gaps(ctx, &mut state, cursor.gap)?;
    ctx.tx.need([gap::after(vault, state.gap), page(place, state.start())].map(Want::Log))?;
    let course = acknowledge(ctx, place, &mut state, cursor.entry)?;
    let mut drained = Drained { lost: matches!(course, Course::Lost), ..Drained::default() };
    show(ctx, place, &mut state, &mut drained, max.clamp(1, limits::PAGE))?;
    show_gaps(ctx, &state, &mut drained)?;
    drained.aged = state.aged;
    state.is_woken = false;
    if state != before {
        ctx.tx.put(slot, &state)?;
    }
    Ok(drained)
}

/// One entry more than an answer has, to know whether there is more.
fn page(place: Place, after: u64) -> Tail {
    Tail::new(place.log(), after, limits::PAGE.saturating_add(1))
}

/// Lets go what the cursor acknowledges. Only an entry of the page after the last acknowledged one can have been shown.
fn acknowledge(
    ctx: &mut Context<'_, '_>,
    place: Place,
    state: &mut MailboxState,
    cursor: Option<LogPlace>,
) -> Result<Course, Interrupt> {
    let Some(cursor) = cursor else { return Ok(Course::Repeated) };
    if state.floor == Some(cursor) {
        // What went by age was shown together with this cursor.
        state.aged = None;
        return Ok(Course::Repeated);
    }
    let mut entries = readable(ctx.tx.tail::<Kept>(page(place, state.start()))?)?;
    let is_named = |entry: &Item<Kept>| {
        entry.number == cursor.number && entry.value.as_ref().is_ok_and(|kept| kept.tag == cursor.tag)
    };
    let Some(index) = entries.iter().position(is_named) else { return Ok(Course::Lost) };
    entries.truncate(index.saturating_add(1));
    place.release(ctx, state, &entries)?;
    (state.floor, state.aged) = (Some(cursor), None);
    Ok(Course::Acknowledged)
}

/// The next entries, and their payloads.
fn show(
    ctx: &mut Context<'_, '_>,
    place: Place,
    state: &mut MailboxState,
    drained: &mut Drained,
    max: u16,
) -> Result<(), Interrupt> {
    let mut entries = readable(ctx.tx.tail::<Kept>(page(place, state.start()))?)?;
    let damaged = entries.iter().take_while(|entry| entry.value.is_err()).count();
    let rest = entries.split_off(damaged.min(entries.len()));
    place.drop_unseen(ctx, state, &entries)?;

    let mut left = limits::PAGE_BYTES;
    let mut payloads = BTreeSet::<[u8; 24]>::new();
    let total = rest.len();
    let mut seen: usize = 0;
    drained.next.entry = state.floor;
    for Item { number, value, .. } in rest {
        let Ok(kept) = value else {
            seen = seen.saturating_add(1);
            continue;
        };
        let cost = cost(&kept, kept.payload.is_some_and(|name| payloads.contains(&name)));
        if drained.entries.len() >= usize::from(max) || cost > left {
            break;
        }
        left = left.saturating_sub(cost);
        seen = seen.saturating_add(1);
        payloads.extend(kept.payload);
        let place = LogPlace { number, tag: kept.tag };
        drained.next.entry = Some(place);
        drained.entries.extend(shown(place, kept));
    }
    drained.more = seen < total;
    let keys: Vec<_> = payloads.into_iter().map(|name| Key::new(Table::PAYLOADS, name)).collect();
    ctx.tx.need(keys.iter().map(payload::body_want))?;
    for key in keys {
        drained.payloads.extend(payload::body(ctx, &key)?);
    }
    Ok(())
}

/// Bytes in an answer, at most.
fn cost(kept: &Kept, is_there: bool) -> usize {
    let all = usize::try_from(kept.size).unwrap_or(usize::MAX);
    match &kept.what {
        KeptWhat::Item(item) if is_there => {
            item.body.len().saturating_add(usize::try_from(limits::ENTRY).unwrap_or(usize::MAX))
        }
        _ => all,
    }
}

fn shown(place: LogPlace, kept: Kept) -> Option<MailboxEntry> {
    let what = match kept.what {
        KeptWhat::Item(item) => What::Item(item),
        KeptWhat::Status(status) => What::Status(status),
        KeptWhat::Sunk => return None,
    };
    Some(MailboxEntry { place, at: kept.at, what })
}

/// A cursor's place among the gaps counts if there is such a gap. If not, gaps are told once more.
fn acknowledge_gaps(
    ctx: &mut Context<'_, '_>,
    state: &mut MailboxState,
    told: Option<LogPlace>,
) -> Result<(), Interrupt> {
    let Some(told) = told else { return Ok(()) };
    let found = ctx.tx.tail(gap::at(ctx.tx.vault(), told))?;
    let is_there = found.first().and_then(gap::place) == Some(told);
    if is_there && state.gap.is_none_or(|before| before.number < told.number) {
        state.gap = Some(told);
    }
    Ok(())
}

fn show_gaps(
    ctx: &mut Context<'_, '_>,
    state: &MailboxState,
    drained: &mut Drained,
) -> Result<(), Interrupt> {
    let entries = ctx.tx.tail(gap::after(ctx.tx.vault(), state.gap))?;
    let full = entries.len() >= usize::from(limits::PAGE_GAPS);
    drained.next.gap = entries.iter().filter_map(gap::place).next_back().or(state.gap);
    drained.gaps = gap::gaps(entries);
    drained.more |= full;
    Ok(())
}

/// Says where a device is to be woken while it sleeps, 1 to 1,024 bytes; `None`: nowhere. `false` if it is too long.
pub(crate) fn push(
    ctx: &mut Context<'_, '_>,
    owner: &Submitter,
    endpoint: Option<&[u8]>,
) -> Result<bool, Interrupt> {
    if endpoint.is_some_and(|endpoint| endpoint.is_empty() || endpoint.len() > limits::PUSH) {
        return Ok(false);
    }
    let key = Place::of(ctx.tx.vault(), owner).key();
    let mut slot = ctx.tx.read::<MailboxState>(key)?;
    let before = slot.take();
    let mut state = before.clone().unwrap_or_else(MailboxState::new);
    state.push = endpoint.map(<[u8]>::to_vec);
    if before.as_ref().map(|before| &before.push) != Some(&state.push) {
        state.is_woken = false;
        ctx.tx.put(slot, &state)?;
    }
    Ok(true)
}
