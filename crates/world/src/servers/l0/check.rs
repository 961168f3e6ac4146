//! What holds in every state, and what holds once nothing goes wrong any more.

use super::model::{State, Stream};
use super::rules::{Code, Item, Rules, Truth};

/// A status is what happened.
pub(super) fn report<R: Rules>(
    stream: &Stream<R>,
    state: &State<R>,
    item: Item,
    code: Code,
) -> Result<(), String> {
    let truth = stream.truths[usize::from(item)];
    let is_true = match code {
        Code::Accepted => truth != Truth::Refused,
        Code::Refused => truth == Truth::Refused,
        Code::Busy => truth == Truth::Busy,
    };
    if !is_true {
        return Err(format!("item {} is reported as {code:?}, but it is {truth:?}", item + 1));
    }
    if code == Code::Accepted && !state.ever.contains(&item) {
        return Err(format!("item {} is reported as {code:?}, but nobody has it", item + 1));
    }
    Ok(())
}

/// Custody, order, and epochs.
pub(super) fn always<R: Rules>(stream: &Stream<R>, state: &State<R>) -> Result<(), String> {
    let (sender, receiver) = (&state.sender.live, &state.receiver.live);
    for &item in &sender.taken {
        let is_kept = stream.rules.is_pending(&sender.stream, item) || sender.parked.contains(&item);
        let is_there = receiver.delivered.contains(&item) || receiver.refused.contains(&item);
        let is_told = sender.status(item).is_some() && state.receiver.restores > 0;
        if !(is_kept || is_there || is_told) {
            return Err(format!("nobody has item {}", item + 1));
        }
    }
    let restores = u64::from(state.sender.restores) + u64::from(state.receiver.restores);
    if restores == 0 {
        let is_put_off = |item: &Item| stream.truths[usize::from(*item)] == Truth::Busy;
        let in_order: Vec<_> = receiver.delivered.iter().filter(|item| !is_put_off(item)).collect();
        if !in_order.is_sorted_by(|one, next| one < next) {
            return Err("items are delivered out of order or twice".to_owned());
        }
        let mut once = receiver.delivered.clone();
        once.sort_unstable();
        if !once.is_sorted_by(|one, next| one < next) {
            return Err("an item is delivered twice".to_owned());
        }
        if !stream.rules.agree(&sender.stream, &receiver.stream) {
            return Err("the receiver's position is none of the sender's".to_owned());
        }
    }
    // A restore of one side makes one difference, and that makes one epoch, and one more if answers of before it come late.
    let epoch = stream.rules.epoch(&sender.stream);
    if epoch > 1 + 2 * restores {
        return Err(format!("epoch {epoch} after {restores} restores"));
    }
    Ok(())
}

/// From here on nothing is lost: is everything decided, and soon?
pub(super) fn in_the_end<R: Rules>(stream: &Stream<R>, state: &State<R>) -> Result<(), String> {
    let rules = &stream.rules;
    let mut state = state.clone();
    state.requests.clear();
    state.replies.clear();
    let most = 4 + 2 * usize::from(stream.bounds.items);
    for round in 0.. {
        for item in state.sender.live.parked.clone() {
            stream.retry(&mut state, item);
        }
        let pending = rules.pending(&state.sender.live.stream);
        let agree = rules.agree(&state.sender.live.stream, &state.receiver.live.stream);
        // The first exchange also finds out where the other one is.
        if round > 0 && pending == 0 && agree {
            break;
        }
        if round == most {
            return Err(format!("after {most} undisturbed exchanges {pending} items still wait"));
        }
        stream.send(&mut state, pending);
        stream.request(&mut state, 0, false);
        let (request, position) = state.replies.remove(0);
        stream.reply(&mut state, request, &position)?;
    }
    always(stream, &state)?;
    let sender = &state.sender.live;
    for &item in &sender.taken {
        let truth = stream.truths[usize::from(item)];
        let receiver = &state.receiver.live;
        let is_done = match truth {
            Truth::Refused => sender.status(item) == Some(Code::Refused),
            Truth::Accepted | Truth::Busy => {
                receiver.delivered.contains(&item) && sender.status(item).is_some()
            }
        };
        if !is_done {
            return Err(format!("item {}, which is {truth:?}, is never done", item + 1));
        }
    }
    Ok(())
}
