//! What a server says that lies. Its frames are its own, so their form is good.

use sottovoce::crypto::hash::Hash;
use sottovoce::server::frame::{Frame, Part};
use sottovoce::server::stream::{Batch, Position, Verdicts};
use sottovoce::server::{Code, Instance, Verdict};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

/// Changes a frame in one way or another. It stays one that a server could send.
pub(super) fn lie(frame: &mut Frame, how: u8) {
    let before = frame.clone();
    if how % 16 == 15 {
        frame.instance = Instance::from_bytes([how; 16]);
    }
    for part in &mut frame.parts {
        match part {
            Part::Position(position) => lie_in_position(position, how),
            Part::Batch(batch) => lie_in_batch(batch, how),
            _ => {}
        }
    }
    if how % 16 == 14 {
        frame.parts.clear();
    }
    let again = frame.encode().ok().and_then(|bytes| Frame::decode(&bytes).ok());
    if again.as_ref() != Some(frame) {
        *frame = before;
    }
}

fn lie_in_position(position: &mut Position, how: u8) {
    let accepted = Verdict::of(Code::Accepted);
    match how % 8 {
        // Everything is taken, and more than there was.
        0 => {
            position.next = position.next.saturating_add(1);
            position.verdicts.push(accepted);
        }
        1 => position.verdicts = position.verdicts.iter().map(|_| accepted).collect(),
        // It was set back, or never got anything.
        2 => {
            (position.next, position.last_first, position.verdicts) = (1, 1, Verdicts::new());
            position.epoch *= u64::from(how / 8 % 2);
        }
        3 => position.epoch = position.epoch.saturating_add(u64::from(how / 8) + 1),
        4 => position.epoch = u64::MAX - u64::from(how / 128),
        5 => position.hash = Hash::of(&[how]),
        6 => {
            let busy = Verdict::of(Code::Busy(Span::from_millis(u64::MAX)));
            position.verdicts = position.verdicts.iter().map(|_| busy).collect();
        }
        _ => {
            (position.window.max_items, position.window.max_bytes) = (u32::from(how / 64), 0);
            position.window.not_before = Some(sottovoce::time::Timestamp::from_millis(u64::MAX));
        }
    }
}

fn lie_in_batch(batch: &mut Batch, how: u8) {
    match how % 8 {
        0 => batch.epoch = batch.epoch.saturating_add(1),
        1 => (batch.epoch, batch.first) = (batch.epoch.saturating_add(1), 1),
        2 => batch.first = batch.first.saturating_add(1),
        3 => batch.previous = Hash::of(&[how]),
        4 => batch.items.reverse(),
        5 => batch.items.extend(batch.items.clone()),
        6 => batch.items.push(vec![how]),
        _ => batch.epoch = u64::MAX,
    }
}
