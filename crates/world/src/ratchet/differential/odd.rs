//! Authentic messages that no honest side makes: from a copy of its state, with its keys.

use crate::dice::Dice;
use crate::ratchet::model::{ANSWER, Answer, Body, KEY, Side, draw, padded};

fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(u64::try_from(end).expect("small"))).expect("small")
}

/// The next message of a side, or one of its next chain, with one thing changed. `None` if it cannot send yet.
pub(super) fn message(side: &Side, answer: &Answer, dice: &mut Dice, now: u64) -> Option<Vec<u8>> {
    let mut side = side.clone();
    let begins = side.sending.is_none() || side.receiving.is_some() && dice.below(8) == 0;
    if begins {
        side.receiving.as_ref()?.ratchet_key?;
        side.previous = side.sending.as_ref().map_or(side.previous, |chain| chain.next);
        let is_unanswered = side.role == 1 && side.links[1].is_none();
        side.begin_chain(Some(answer).filter(|_| is_unanswered), &mut dice.generator(), now);
    }
    let mut header = side.header();
    let mut body = padded(b"odd", &mut side.lane, false);
    if dice.below(2) == 0 {
        change_header(&mut header, dice);
    } else {
        change_body(&mut body, side.role, dice);
    }
    Some(side.write(&header, &body, &draw(&mut dice.generator())))
}

/// A message that has so many before it that were never sent.
pub(super) fn ahead(side: &Side, by: u32, dice: &mut Dice) -> Option<Vec<u8>> {
    let mut side = side.clone();
    let chain = side.sending.as_mut()?;
    let to = (chain.next + by).min(65_535);
    while chain.next < to {
        chain.step();
    }
    let header = side.header();
    let body = padded(b"ahead", &mut side.lane, false);
    Some(side.write(&header, &body, &draw(&mut dice.generator())))
}

fn change_header(header: &mut [u8], dice: &mut Dice) {
    let number = |header: &mut [u8], i: usize, to: u32| header[i..i + 4].copy_from_slice(&to.to_be_bytes());
    let close = u32::try_from(dice.below(4)).expect("small");
    match dice.below(12) {
        0 => header[0] = 1,
        1 => header[45 + below(dice, 3)] = 1,
        2 => number(header, 33, 65_536 + close),
        3 => number(header, 33, close),
        4 => number(header, 37, 65_536 + close),
        5 => number(header, 37, close),
        6 => number(header, 41, close),
        7 => header[32] |= 0x80,
        8 => header[1..33].fill(0),
        9 => header[1..33].fill(9),
        10 => header[1..33].copy_from_slice(&[[0xed].as_slice(), &[0xff; 30], &[0x7f]].concat()),
        _ => {
            let last = header.len() - 1;
            header[last] ^= 1;
        }
    }
}

fn change_body(padded: &mut Vec<u8>, role: u8, dice: &mut Dice) {
    let mut body = Body::read(padded, role).expect("as it was made");
    let count = if role == 0 { KEY } else { ANSWER };
    match dice.below(9) {
        0 => body.epoch = 0,
        1 => {
            body.epoch = [body.epoch.wrapping_sub(1), body.epoch + 1][below(dice, 2)];
        }
        2 => body.received = dice.below(1 << 40),
        3 => body.received = 1 << 35 | dice.below(1 << 35),
        4 => _ = body.symbols.insert(below(dice, 40), [1; 32]),
        5 => _ = body.symbols.insert(below(dice, count), [1; 32]),
        6 => _ = body.symbols.insert(34, core::array::from_fn(|i| u8::from(i == 31))),
        7 => body.symbols.clear(),
        _ => {
            let place = [padded.len() - 1, below(dice, padded.len())][below(dice, 2)];
            padded[place] ^= 1 << dice.below(8);
            return;
        }
    }
    *padded = body.bytes();
    let bucket = crate::ratchet::model::buckets().find(|bucket| *bucket >= padded.len());
    padded.resize(bucket.expect("small"), 0);
}
