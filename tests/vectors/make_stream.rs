//! Vectors of streams: the chain of hashes, what a receiver accepts, and what a position means for a sender.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::make::{File, counting};
use crate::make_wire::{bytes, number};

const FROM: [u8; 32] = [1; 32];
const TO: [u8; 32] = [2; 32];
/// The items of all streams here: not all are items, which is a matter of verdicts.
const ITEMS: [&[u8]; 6] = [b"one", b"two", b"", b"four", b"five", b"six"];

pub fn streams() -> File {
    let mut file = File::new("7.4", "streams of items between servers");
    chains(&mut file);
    receiving(&mut file);
    sending(&mut file);
    settling(&mut file);
    file
}

fn route(stream: u32) -> Value {
    json!({ "from": hex(FROM), "to": hex(TO), "stream": stream })
}

fn with(mut base: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

fn items(count: usize) -> Vec<String> {
    ITEMS[..count].iter().map(hex).collect()
}

fn chain_input(stream: u32, epoch: u64, items: &[String]) -> Value {
    with(route(stream), json!({ "epoch": epoch.to_string(), "items": items }))
}

fn chains(file: &mut File) {
    let op = "stream.chain";
    file.good("no items", op, chain_input(1, 1, &[]));
    file.good("six items", op, chain_input(1, 1, &items(6)));
    file.good("another stream", op, chain_input(15, 1, &items(1)));
    file.good("another epoch", op, chain_input(1, u64::MAX, &items(2)));
    file.good(
        "the other way",
        op,
        with(chain_input(1, 1, &items(1)), json!({ "from": hex(TO), "to": hex(FROM) })),
    );
    file.good("the same item again and again", op, chain_input(1, 2, &vec![hex(b"x"); 5]));
}

/// `h_n` of stream 1 in an epoch.
fn hash(epoch: u64, n: usize) -> Vec<u8> {
    let input = chain_input(1, epoch, &items(n));
    let out = crate::ops::run("stream.chain", &crate::inputs::Inputs(&input)).unwrap();
    let found = if n == 0 { &out["start"] } else { &out["hashes"][n - 1] };
    hex::decode(found.as_str().unwrap()).unwrap()
}

fn n(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

pub fn accepted() -> Vec<u8> {
    number(1, 1)
}

pub fn busy(after: u64) -> Vec<u8> {
    [number(1, 3), number(3, after)].concat()
}

pub fn refused(reason: u64) -> Vec<u8> {
    [number(1, 2), number(2, reason)].concat()
}

fn runs(field: u64, verdicts: &[Vec<u8>]) -> Vec<u8> {
    let mut runs: Vec<(u64, &Vec<u8>)> = Vec::new();
    for verdict in verdicts {
        match runs.last_mut() {
            Some((count, last)) if *last == verdict => *count += 1,
            _ => runs.push((1, verdict)),
        }
    }
    runs.iter()
        .flat_map(|(count, verdict)| bytes(field, &[number(1, *count), bytes(2, verdict)].concat()))
        .collect()
}

/// A receiver that has taken `next - 1` items, the last batch from `first` on.
pub fn inbound(epoch: u64, next: usize, first: usize, verdicts: &[Vec<u8>]) -> Vec<u8> {
    let place = [number(1, epoch), number(2, n(next)), bytes(3, &hash(epoch, next - 1)), number(4, n(first))];
    [place.concat(), runs(5, verdicts)].concat()
}

/// A batch of the items `from` to `to - 1`, from 1.
pub fn batch(epoch: u64, first: u64, previous: &[u8], items: &[&[u8]]) -> Vec<u8> {
    let head = [number(1, 1), number(2, epoch), number(3, first), bytes(4, previous), number(5, 77)];
    let items = items.iter().flat_map(|item| bytes(6, item));
    head.concat().into_iter().chain(items).collect()
}

fn receiving(file: &mut File) {
    let mut receive = |name: &str, state: &[u8], batch: &[u8], verdicts: &[Vec<u8>], is_accepted: bool| {
        let verdicts: Vec<_> = verdicts.iter().map(hex).collect();
        let input = with(route(1), json!({ "state": hex(state), "batch": hex(batch), "verdicts": verdicts }));
        let out = file.good(name, "stream.receive", input);
        assert_eq!(out["accepted"], is_accepted, "{name}");
    };
    let (ok, two) = (accepted(), inbound(1, 3, 1, &[accepted(), accepted()]));
    let first = |epoch| batch(epoch, 1, &hash(epoch, 0), &ITEMS[..2]);
    receive("the first batch", &[], &first(1), &[ok.clone(), ok.clone()], true);
    let mixed = [refused(1), busy(60_000)];
    receive("the first batch, other verdicts", &[], &first(1), &mixed, true);
    receive("the first batch of a late epoch", &[], &first(9), &[ok.clone(), ok.clone()], true);
    receive("the first batch of epoch 2^64 - 1", &[], &first(u64::MAX), &[ok.clone(), ok.clone()], true);
    receive(
        "the next batch",
        &two,
        &batch(1, 3, &hash(1, 2), &ITEMS[2..5]),
        &[ok.clone(), busy(1), ok.clone()],
        true,
    );
    receive("the first batch of the next epoch", &two, &first(2), &[ok.clone(), refused(2)], true);
    receive("the first batch again", &two, &first(1), &[], false);
    receive("the first batch with other items", &two, &batch(1, 1, &hash(1, 0), &[b"other"]), &[], false);
    receive(
        "one item of the last batch again, and one more",
        &two,
        &batch(1, 2, &hash(1, 1), &ITEMS[1..3]),
        &[],
        false,
    );
    receive("a batch after the next", &two, &batch(1, 4, &hash(1, 3), &ITEMS[3..4]), &[], false);
    receive("the next batch on another past", &two, &batch(1, 3, &hash(1, 1), &ITEMS[2..3]), &[], false);
    receive("the next number after a start", &two, &batch(1, 3, &hash(1, 0), &ITEMS[2..3]), &[], false);
    receive("a higher epoch from another start", &two, &batch(2, 1, &hash(1, 0), &ITEMS[..1]), &[], false);
    receive("a higher epoch from zeros", &[], &batch(1, 1, &[0; 32], &ITEMS[..1]), &[], false);
    receive(
        "a higher epoch not from its first item",
        &two,
        &batch(2, 3, &hash(2, 2), &ITEMS[2..3]),
        &[],
        false,
    );
    receive(
        "a higher epoch that goes on where this one is",
        &two,
        &batch(2, 3, &hash(1, 2), &ITEMS[2..3]),
        &[],
        false,
    );
    let later = inbound(5, 3, 1, &[accepted(), accepted()]);
    receive("an older epoch", &later, &first(4), &[], false);
    receive("an older epoch, the next number", &later, &batch(4, 3, &hash(4, 2), &ITEMS[2..3]), &[], false);
    receive("no items, in place", &two, &batch(1, 3, &hash(1, 2), &[]), &[], false);
    receive("no items, a higher epoch", &two, &batch(2, 1, &hash(2, 0), &[]), &[], false);
    receive("no items, at first", &[], &batch(1, 1, &hash(1, 0), &[]), &[], false);
    receive(
        "a batch beyond the last number",
        &two,
        &batch(1, u64::MAX, &hash(1, 2), &ITEMS[..2]),
        &[],
        false,
    );
    let zero_epoch = [number(1, 0), number(2, 1), bytes(3, &[0; 32]), number(4, 1)].concat();
    receive("what a receiver knows at first, written out", &zero_epoch, &first(1), &[ok.clone(), ok], true);
    let bad = |state: &[u8], batch: &[u8]| {
        with(route(1), json!({ "state": hex(state), "batch": hex(batch), "verdicts": [] }))
    };
    file.bad("a batch of epoch 0", "stream.receive", bad(&two, &batch(0, 1, &hash(1, 0), &[])), "bad-value");
    file.bad("a batch from 0", "stream.receive", bad(&two, &batch(1, 0, &hash(1, 0), &[])), "bad-value");
}

/// Marks: number and entry of the log. The hashes are those of the items of this epoch.
fn outbound(
    epoch: u64,
    marks: &[(usize, u64)],
    acked: usize,
    outstanding: Option<u8>,
    after: u64,
) -> Vec<u8> {
    let marks = marks.iter().flat_map(|(place, through)| {
        bytes(2, &[number(1, n(*place)), bytes(2, &hash(epoch, *place)), number(3, *through)].concat())
    });
    let marks: Vec<_> = marks.collect();
    let outstanding = outstanding.map_or_else(Vec::new, |request| bytes(4, &[request; 16]));
    [number(1, epoch), marks, number(3, n(acked)), outstanding, number(5, after), number(6, 77)].concat()
}

fn sending(file: &mut File) {
    let op = "stream.send";
    let input = |state: &[u8], entries: &[u64], items: &[&[u8]]| {
        let entries: Vec<_> = entries.iter().map(ToString::to_string).collect();
        let items: Vec<_> = items.iter().map(hex).collect();
        with(
            route(1),
            json!({ "state": hex(state), "request": hex([8; 16]), "entries": entries, "items": items }),
        )
    };
    file.good("send the first batch", op, input(&[], &[1, 2], &ITEMS[..2]));
    file.good("ask for the position at first", op, input(&[], &[], &[]));
    let two = outbound(1, &[(0, 0), (2, 5)], 2, None, 0);
    file.good("send the next batch", op, input(&two, &[6, 9], &ITEMS[2..4]));
    file.good("ask for the position", op, input(&two, &[], &[]));
    let lost = outbound(1, &[(0, 0), (2, 5)], 0, Some(7), 3);
    file.good("send the same batch again", op, input(&lost, &[4, 5], &ITEMS[..2]));
    file.good("send a part of it again", op, input(&lost, &[4], &ITEMS[..1]));
    file.good("send it again with more", op, input(&lost, &[4, 5, 6], &ITEMS[..3]));
    for (name, entries, items) in [
        ("another item under a number", &[4, 5][..], &[&b"one"[..], b"other"][..]),
        ("another entry under a number", &[4, 6], &ITEMS[..2]),
        ("a smaller number for a later entry", &[6], &ITEMS[..1]),
    ] {
        let out = file.good(name, op, input(&lost, entries, items));
        assert_eq!(out["batch"], "", "{name}");
    }
    let numbers: Vec<_> = (0..32_u64).collect();
    let mark = |number_of: u64, epoch: u64| {
        let place =
            [number(1, number_of), bytes(2, &if number_of == 0 { hash(epoch, 0) } else { counting(9, 32) })];
        bytes(2, &[place.concat(), number(3, number_of)].concat())
    };
    for acked in [0, 3, 31] {
        let marks: Vec<_> = numbers.iter().flat_map(|at| mark(*at, 1)).collect();
        let state = [number(1, 1), marks, number(3, acked), number(5, 0), number(6, 0)].concat();
        let entries: Vec<_> = (acked + 1..=32).collect();
        let items = vec![&b"x"[..]; entries.len()];
        let out =
            file.good(&format!("the 33rd mark, acknowledged {acked}"), op, input(&state, &entries, &items));
        assert_ne!(out["batch"], "");
    }
}

fn position(epoch: u64, next: u64, hash: &[u8], first: u64, verdicts: &[Vec<u8>]) -> Vec<u8> {
    let place = [number(1, 1), number(2, epoch), number(3, next), bytes(4, hash), number(5, first)];
    [place.concat(), runs(6, verdicts), number(7, 1_000), number(8, 1 << 20)].concat()
}

fn settling(file: &mut File) {
    let mut settle = |name: &str, state: &[u8], position: &[u8], course: &str| {
        let input = with(
            route(1),
            json!({ "state": hex(state), "reply_to": hex([7; 16]), "position": hex(position) }),
        );
        let out = file.good(name, "stream.settle", input);
        assert_eq!(out["course"], course, "{name}");
    };
    let ok = accepted();
    let marks = [(0, 0), (2, 5), (3, 6), (5, 9)];
    let at = |acked| outbound(3, &marks, acked, Some(7), 4);
    let seen = |next: usize, first: u64, verdicts: &[Vec<u8>]| {
        position(3, n(next), &hash(3, next - 1), first, verdicts)
    };
    let many = |count: usize| vec![ok.clone(); count];
    let fresh = outbound(3, &marks, 0, Some(7), 4);
    let never = position(0, 1, &[0; 32], 1, &[]);
    settle("the epoch has not arrived", &fresh, &never, "nothing");
    settle("the epoch before is still there", &fresh, &position(2, 9, &counting(1, 32), 9, &[]), "nothing");
    settle("nothing new", &at(2), &seen(3, 1, &many(2)), "nothing");
    settle("nothing new at the start of the epoch", &fresh, &position(3, 1, &hash(3, 0), 1, &[]), "nothing");
    settle("one batch was taken", &at(2), &seen(4, 3, &[busy(60_000)]), "acknowledged");
    settle(
        "one batch was taken, from further back",
        &at(2),
        &seen(4, 2, &[refused(2), ok.clone()]),
        "acknowledged",
    );
    settle(
        "two batches were taken as one",
        &at(2),
        &seen(6, 3, &[ok.clone(), refused(3), ok.clone()]),
        "acknowledged",
    );
    settle("everything was taken", &fresh, &seen(6, 1, &many(5)), "acknowledged");
    settle("set back to the mark before", &at(3), &seen(3, 1, &many(2)), "set back");
    settle("set back to the start", &at(5), &position(3, 1, &hash(3, 0), 1, &[]), "set back");
    settle("a mark ahead, but verdicts are missing", &at(2), &seen(6, 4, &many(2)), "new epoch");
    settle("a place that is no mark", &at(2), &seen(2, 1, &many(1)), "new epoch");
    settle("a place ahead that is no mark", &at(2), &seen(5, 3, &many(2)), "new epoch");
    settle("a mark with another hash", &at(2), &position(3, 4, &hash(3, 2), 3, &many(1)), "new epoch");
    settle(
        "the acknowledged mark with another hash",
        &at(2),
        &position(3, 3, &hash(3, 1), 3, &[]),
        "new epoch",
    );
    settle(
        "an older epoch after something was taken",
        &at(2),
        &position(2, 3, &hash(2, 2), 1, &many(2)),
        "new epoch",
    );
    settle("nothing at all after something was taken", &at(2), &never, "new epoch");
    settle("the same place in a later epoch", &at(2), &position(4, 3, &hash(4, 2), 1, &many(2)), "new epoch");
    settle(
        "a later epoch before anything was taken",
        &fresh,
        &position(9, 1, &hash(9, 0), 1, &[]),
        "new epoch",
    );
    settle("epoch 2^64 - 2", &at(2), &position(u64::MAX - 1, 1, &[0; 32], 1, &[]), "new epoch");
    settle("epoch 2^64 - 1: none is higher", &at(2), &position(u64::MAX, 1, &[0; 32], 1, &[]), "exhausted");
    settle(
        "position after the last number",
        &at(2),
        &position(3, u64::MAX, &[0; 32], u64::MAX, &[]),
        "new epoch",
    );
    let other = outbound(3, &marks, 2, Some(8), 4);
    settle("an answer to another frame", &other, &seen(4, 3, &many(1)), "stale");
    let idle = outbound(3, &marks, 2, None, 4);
    settle("an answer to no frame", &idle, &seen(4, 3, &many(1)), "stale");
    settle("no answer, and the epoch before", &outbound(3, &marks, 0, None, 4), &never, "stale");
    let bad = |state: &[u8], position: &[u8]| {
        with(route(1), json!({ "state": hex(state), "reply_to": hex([7; 16]), "position": hex(position) }))
    };
    file.bad("verdicts that are too few", "stream.settle", bad(&at(2), &seen(4, 2, &many(1))), "bad-value");
    file.bad("verdicts that are too many", "stream.settle", bad(&at(2), &seen(4, 3, &many(2))), "bad-value");
    file.bad(
        "marks that do not ascend",
        "stream.settle",
        bad(&outbound(3, &[(2, 5), (0, 0)], 2, None, 0), &never),
        "bad-value",
    );
    file.bad(
        "acknowledged where no mark is",
        "stream.settle",
        bad(&outbound(3, &[(0, 0), (2, 5)], 1, None, 0), &never),
        "bad-value",
    );
}
