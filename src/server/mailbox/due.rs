//! What becomes due: mailboxes and inboxes to be looked through, tokens and payloads to go. `docs/PROTOCOL.md` §7.6.

use super::place::Place;
use super::{payload, request, token};
use crate::server::Context;
use crate::storage::timer::Timer;
use crate::storage::{Interrupt, Key, Table, Want};
use crate::time::Timestamp;

/// The first bytes of the owners of timers.
pub(super) const MAILBOX: u8 = 0x30;
pub(super) const TOKEN: u8 = 0x31;
pub(super) const PAYLOAD: u8 = 0x32;
pub(super) const INBOX: u8 = 0x33;

/// A timer of what lies under a name.
pub(super) fn timer(kind: u8, key: &Key, due: Timestamp, set: Timestamp) -> Timer {
    Timer { owner: [&[kind], key.name().as_slice()].concat(), due, set }
}

/// Another record, or the log, of the same name but for the suffix.
pub(super) fn sibling(key: &Key, table: Table, suffix: u64) -> Key {
    let mut name = *key.name();
    if let Some(last) = name.last_chunk_mut() {
        *last = suffix.to_be_bytes();
    }
    Key::new(table, name)
}

/// Deals with those timers that are of mailboxes, up to 16 at a time, and passes over others. They were taken from the store by this step.
pub(crate) fn due(ctx: &mut Context<'_, '_>, timers: &[Timer]) -> Result<(), Interrupt> {
    let mine: Vec<_> = timers.iter().filter_map(mine).collect();
    ctx.tx.need(mine.iter().map(|(_, key)| Want::Record(*key)))?;
    let places: Vec<_> = mine.iter().filter(|(kind, _)| *kind == MAILBOX).collect();
    let places: Vec<_> = places.into_iter().map(|(_, key)| Place::at(*key)).collect();
    Place::foresee_age(&places, ctx)?;
    for place in places {
        place.age(ctx)?;
    }
    for (kind, key) in mine {
        match kind {
            TOKEN => token::expire(ctx, key)?,
            PAYLOAD => payload::expire(ctx, key)?,
            INBOX => request::age(ctx, key)?,
            _ => {}
        }
    }
    Ok(())
}

/// The kind and the record of a timer of this module.
fn mine(timer: &Timer) -> Option<(u8, Key)> {
    let (&kind, name) = timer.owner.split_first()?;
    let table = match kind {
        MAILBOX => Table::MAILBOXES,
        TOKEN => Table::TOKENS,
        PAYLOAD => Table::PAYLOADS,
        INBOX => Table::REQUEST_STATE,
        _ => return None,
    };
    Some((kind, Key::new(table, name.try_into().ok()?)))
}
