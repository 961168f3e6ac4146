//! Timers, on clocks that go forwards and backwards.

use sottovoce::storage::timer::{self, Timer};
use sottovoce::storage::{Commit, Key, MemoryStore, Put, StorageError, Store, Table, Write};
use sottovoce::time::Timestamp;

use crate::support::{commit, decide, run};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn timer(owner: &[u8], due: u64, set: u64) -> Timer {
    Timer { owner: owner.to_vec(), due: at(due), set: at(set) }
}

fn start(store: &mut MemoryStore, timer: &Timer) -> Option<Timestamp> {
    commit(store, |transaction| Ok(timer.start(None, transaction)?)).wake_at
}

/// Takes up to `max` due timers; their owners, and when to wake.
fn take(store: &mut MemoryStore, now: u64, max: u16) -> (Vec<Vec<u8>>, Option<Timestamp>) {
    let mut released = commit(store, |transaction| {
        let taken = timer::take_due(transaction, at(now), max)?;
        assert_eq!(taken.damaged, 0);
        Ok(taken.timers.into_iter().map(|timer| timer.owner).collect::<Vec<_>>())
    });
    (released.send.pop().unwrap(), released.wake_at)
}

#[test]
fn timers_are_due_in_order_and_once() {
    let mut store = MemoryStore::new();
    for (owner, due) in [(b"c", 30), (b"a", 10), (b"b", 20)] {
        assert_eq!(start(&mut store, &timer(owner, due, 5)), Some(at(due)));
    }
    assert_eq!(take(&mut store, 9, 10), (vec![], Some(at(10))));
    assert_eq!(take(&mut store, 25, 1), (vec![b"a".to_vec()], Some(at(25))));
    assert_eq!(take(&mut store, 25, 10), (vec![b"b".to_vec()], Some(at(25))));
    assert_eq!(take(&mut store, 25, 10), (vec![], Some(at(30))));
    assert_eq!(take(&mut store, 30, 10), (vec![b"c".to_vec()], Some(at(30))));
    assert_eq!(take(&mut store, 30, 10), (vec![], None));
    assert_eq!(store.records(), 0);
}

#[test]
fn a_stopped_timer_is_not_due() {
    let mut store = MemoryStore::new();
    let (first, second) = (timer(b"x", 10, 1), timer(b"x", 20, 2));
    start(&mut store, &first);
    // Its owner sets it anew.
    run(&mut store, |transaction| Ok(second.start(Some(&first), transaction)?));
    assert_eq!(take(&mut store, 15, 10), (vec![], Some(at(20))));
    run(&mut store, |transaction| {
        second.stop(transaction);
        Ok(())
    });
    assert_eq!(take(&mut store, 99, 10), (vec![], None));
    assert_eq!(store.records(), 0);
    // Stopping and starting the same one leaves it started.
    run(&mut store, |transaction| {
        first.stop(transaction);
        Ok(first.start(None, transaction)?)
    });
    assert_eq!(take(&mut store, 10, 10).0, [b"x"]);
}

/// A clock that was a year ahead is put back: what it set must not wait for a year.
#[test]
fn a_clock_that_is_put_back_delays_nothing() {
    const YEAR: u64 = 31_536_000_000;
    let mut store = MemoryStore::new();
    start(&mut store, &timer(b"before", 2_000, 1_000));
    start(&mut store, &timer(b"ahead", YEAR + 60_000, YEAR));
    start(&mut store, &timer(b"ahead too", YEAR + 1, YEAR));
    assert_eq!(take(&mut store, 1_500, 1).0.len(), 1);
    assert_eq!(take(&mut store, 1_500, 9).0.len(), 1);
    assert_eq!(take(&mut store, 1_500, 9), (vec![], Some(at(2_000))));
    assert_eq!(take(&mut store, 2_000, 9).0, [b"before"]);
    assert_eq!(store.records(), 0);
}

#[test]
fn at_the_ends_of_time() {
    let mut store = MemoryStore::new();
    start(&mut store, &timer(b"never", u64::MAX, 0));
    start(&mut store, &timer(b"always", 0, 0));
    start(&mut store, &timer(b"both", u64::MAX, u64::MAX));
    assert_eq!(take(&mut store, 0, 9).0, [b"both".to_vec(), b"always".to_vec()]);
    assert_eq!(take(&mut store, u64::MAX - 1, 9), (vec![], Some(at(u64::MAX))));
    start(&mut store, &timer(b"last", u64::MAX, u64::MAX));
    let (mut owners, _) = take(&mut store, u64::MAX, 9);
    owners.sort();
    assert_eq!(owners, [b"last".to_vec(), b"never".to_vec()]);
    assert_eq!(store.records(), 0);
}

/// Two processes wake at the same time: one of them takes the timer.
#[test]
fn a_timer_is_taken_once() {
    for (set, now) in [(1, 10), (99, 5)] {
        let mut store = MemoryStore::new();
        start(&mut store, &timer(b"x", 10.max(set), set));
        let body = |transaction: &mut sottovoce::storage::Transaction<'_>| {
            Ok(timer::take_due(transaction, at(now), 5)?.timers.len())
        };
        let (first, _) = decide(&mut store, body).unwrap();
        let (second, _) = decide(&mut store, body).unwrap();
        let Ok(commit) = first.commit(|write| store.apply(write));
        assert!(matches!(commit, Commit::Released(released) if released.send == [1]));
        let Ok(commit) = second.commit(|write| store.apply(write));
        assert!(matches!(commit, Commit::Conflict));
    }
}

/// A timer that is due by both its times is one timer, and no more than asked for are given.
#[test]
fn a_timer_is_found_once() {
    let mut store = MemoryStore::new();
    start(&mut store, &timer(b"both", 5, 20));
    start(&mut store, &timer(b"past", 6, 1));
    start(&mut store, &timer(b"future", 50, 30));
    assert_eq!(take(&mut store, 10, 2).0.len(), 2);
    assert_eq!(take(&mut store, 10, 2).0.len(), 1);
    assert_eq!((take(&mut store, 10, 2).0.len(), store.records()), (0, 0));
}

/// A row that cannot be read would be due for ever. One that a newer release has written is not ours to delete.
#[test]
fn damaged_timers_do_not_stop_the_others() {
    let mut store = MemoryStore::new();
    start(&mut store, &timer(b"good", 5, 1));
    let name = |time: u64| [time.to_be_bytes().as_slice(), &[9; 16]].concat().try_into().unwrap();
    let due = Key::new(Table::TIMERS_DUE, name(3));
    let set = Key::new(Table::TIMERS_SET, name(90));
    let damage = |store: &mut MemoryStore, rows: &[Put]| {
        let Ok(_) = store.apply(&Write {
            expect: &[],
            delete: &[],
            put: rows,
            trim: &[],
            append: &[],
            events: &[],
            flush: false,
        });
    };
    let bad = |key| Put { key, body: vec![1; 90] };
    // It wakes for a damaged one too, or a later one would be forgotten behind it.
    damage(&mut store, &[bad(due)]);
    assert_eq!(take(&mut store, 2, 9), (vec![], Some(at(3))));
    damage(&mut store, &[bad(set)]);
    let taken = run(&mut store, |transaction| timer::take_due(transaction, at(10), 9));
    assert_eq!((taken.timers.len(), taken.damaged, store.records()), (1, 2, 0));

    start(&mut store, &timer(b"good", 5, 1));
    damage(&mut store, &[Put { key: due, body: crate::formats::sealed(&due, &[2, 1, 2, 3]) }]);
    let taken = decide(&mut store, |transaction| timer::take_due(transaction, at(10), 9).map(drop));
    assert_eq!(taken.unwrap_err(), StorageError::UnknownFormat);
    assert_eq!(store.records(), 3);
}
