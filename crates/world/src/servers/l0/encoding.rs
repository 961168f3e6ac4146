//! States as bytes, the same for states that are alike.

use super::model::{Party, State, Stream};
use super::rules::{Item, Rules};

/// Of a request only this matters: which of the senders, the live one and its backups, waits for the answer.
pub(super) fn encode<R: Rules>(stream: &Stream<R>, state: &State<R>) -> Vec<u8> {
    let rules = &stream.rules;
    let senders = [&state.sender.live].into_iter().chain(&state.sender.backups);
    let waiting: Vec<_> = senders.map(|sender| rules.outstanding(&sender.stream)).collect();
    let role = |request: u32| {
        let bits = waiting.iter().enumerate().filter(|(_, waits)| **waits == Some(request));
        bits.fold(0_u8, |role, (bit, _)| role | 1 << bit)
    };
    // Two backups that wait for the same answer, which is not under way, are told apart from two that do not: that costs states, not truth.
    let mut to = vec![state.enqueued];
    to.extend(waiting.iter().map(|waits| waits.map_or(0, role)));
    list(&mut to, &state.ever);
    party(&mut to, &state.sender, |to, sending| {
        rules.encode_sender(&sending.stream, to);
        list(to, &sending.taken);
        list(to, &sending.parked);
        to.extend(sending.reported.iter().flat_map(|&(item, code)| [item, code as u8]));
        to.push(u8::MAX);
    });
    party(&mut to, &state.receiver, |to, receiving| {
        rules.encode_receiver(&receiving.stream, to);
        list(to, &receiving.delivered);
        list(to, &receiving.refused);
        list(to, &receiving.put_off);
    });
    let requests = state.requests.iter().map(|(request, batch)| {
        let mut bytes = vec![role(*request)];
        rules.encode_batch(batch, &mut bytes);
        bytes
    });
    bag(&mut to, requests.collect());
    let replies = state.replies.iter().map(|(request, position)| {
        let mut bytes = vec![role(*request)];
        rules.encode_position(position, &mut bytes);
        bytes
    });
    bag(&mut to, replies.collect());
    to
}

fn list(to: &mut Vec<u8>, items: &[Item]) {
    to.extend(items);
    to.push(u8::MAX);
}

fn party<S>(to: &mut Vec<u8>, party: &Party<S>, one: impl Fn(&mut Vec<u8>, &S)) {
    to.push(party.restores);
    one(to, &party.live);
    party.backups.iter().for_each(|backup| one(to, backup));
    to.push(u8::MAX);
}

/// In any order.
fn bag(to: &mut Vec<u8>, mut frames: Vec<Vec<u8>>) {
    frames.sort_unstable();
    to.extend(frames.iter().flatten());
    to.push(u8::MAX);
}
