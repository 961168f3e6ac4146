//! Transactions and effects.

use sottovoce::storage::{
    Commit, ItemId, Loaded, MemoryStore, Outcome, Slot, Step, Stop, StorageError, Store, Table, Tail,
    Transaction, Want, Write, limits, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::Part;

use crate::support::{commit, decide, get, key, part, put, run, seed, shown, silent, vault};

#[test]
fn what_is_read_is_expected() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 10);
    let effects = silent(&mut store, |transaction| {
        let slot = transaction.read::<Part>(key(0))?;
        assert!(slot.value().is_none());
        transaction.read::<Part>(key(1))?;
        Ok(transaction.put(slot, &part(1))?)
    });
    let shown = shown(effects).unwrap();
    assert_eq!(shown.expect.len(), 2);
    assert!(shown.expect.contains(&(key(0), false)) && shown.expect.contains(&(key(1), true)));
    assert_eq!(shown.put, [key(0)]);
}

#[test]
fn a_step_sees_its_own_changes() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 10);
    put(&mut store, 2, 20);
    let seen = run(&mut store, |transaction| {
        let range = vault().partition(Table::SPECIMENS, b"things").range(0..=9, 10);
        transaction.need([Want::First(range), Want::Record(key(1)), Want::Record(key(3))])?;
        let slot = transaction.read::<Part>(key(1))?;
        transaction.put(slot, &part(11))?;
        let again = transaction.read::<Part>(key(1))?;
        assert_eq!(again.value(), Some(&part(11)));
        transaction.put(again, &part(12))?;
        let slot = transaction.read::<Part>(key(3))?;
        transaction.put(slot, &part(30))?;
        let mut slots = transaction.scan::<Part>(range)?;
        let numbers: Vec<_> = slots.iter_mut().map(|slot| slot.take().unwrap().number).collect();
        let second: Slot<Part> = slots.swap_remove(1);
        assert_eq!(*second.key(), key(2));
        transaction.delete(second)?;
        assert!(transaction.read::<Part>(key(2))?.value().is_none());
        assert_eq!(transaction.scan::<Part>(range)?.len(), 2);
        Ok(numbers)
    });
    assert_eq!(seen, [12, 20, 30]);
    assert_eq!([1, 2, 3].map(|suffix| get(&mut store, suffix)), [Some(12), None, Some(30)]);
}

/// What a scan finds is expected once it is used, and not before.
#[test]
fn a_scan_decides_nothing() {
    let mut store = MemoryStore::new();
    for suffix in 1..4 {
        put(&mut store, suffix, 1);
    }
    let range = vault().partition(Table::SPECIMENS, b"things").range(0..=9, 10);
    let effects = silent(&mut store, |transaction| {
        let mut slots = transaction.scan::<Part>(range)?;
        Ok(transaction.delete(slots.remove(1))?)
    });
    let shown = shown(effects).unwrap();
    assert_eq!((shown.expect, shown.delete), (vec![(key(2), true)], vec![key(2)]));
}

/// Attack R-06: of two decisions on the same record, one is made again.
#[test]
fn r_06_two_decisions_on_one_record_conflict() {
    let mut store = MemoryStore::new();
    put(&mut store, 0, 1);
    let count_up = |transaction: &mut Transaction<'_>| {
        let mut slot = transaction.read::<Part>(key(0))?;
        let number = slot.take().unwrap().number + 1;
        transaction.put(slot, &part(number))?;
        Ok(number)
    };
    let (first, _) = decide(&mut store, count_up).unwrap();
    let (second, _) = decide(&mut store, count_up).unwrap();
    let Ok(Commit::Released(released)) = first.commit(|write| store.apply(write)) else { panic!() };
    assert_eq!(released.send, [2]);
    let Ok(commit) = second.commit(|write| store.apply(write));
    assert!(matches!(commit, Commit::Conflict));
    assert_eq!(get(&mut store, 0), Some(2));
}

/// Attack L-05: a session, the deletion of a prekey, the record against replay and the message are one write, or none.
#[test]
fn l_05_what_belongs_together_is_one_write() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 1);
    let body = |transaction: &mut Transaction<'_>| {
        transaction.need([0, 1, 2].map(|suffix| Want::Record(key(suffix))))?;
        let (session, prekey) = (transaction.read::<Part>(key(0))?, transaction.read::<Part>(key(1))?);
        let replay = transaction.read::<Part>(key(2))?;
        transaction.put(session, &part(100))?;
        transaction.delete(prekey)?;
        transaction.put(replay, &part(102))?;
        transaction.append(key(9), vault().item(&key(9), b"message"), &part(103))?;
        transaction.event(&part(104))?;
        Ok(())
    };
    let before = store.snapshot();
    // Someone else takes the prekey first.
    let (effects, rounds) = decide(&mut store, body).unwrap();
    assert_eq!(rounds, 1);
    put(&mut store, 1, 2);
    let changed = store.snapshot();
    let Ok(outcome) = effects.commit(|write| store.apply(write));
    assert!(matches!(outcome, Commit::Conflict));
    assert_eq!(store.snapshot(), changed);

    store.restore(&before);
    run(&mut store, body);
    assert_eq!([0, 1, 2].map(|suffix| get(&mut store, suffix)), [Some(100), None, Some(102)]);
    assert_eq!(store.events().len(), 1);
    assert_eq!(vault().open_event::<Part>(&store.events()[0]), Ok(part(104)));
}

#[test]
fn what_changes_nothing_does_not_reach_the_store() {
    let mut store = MemoryStore::new();
    let effects = silent(&mut store, |transaction| {
        transaction.read::<Part>(key(0))?;
        transaction.wake_at(Timestamp::from_millis(5));
        Ok(())
    });
    let Ok::<_, ()>(Commit::Released(released)) = effects.commit(|_| panic!("nothing to write")) else {
        panic!()
    };
    assert_eq!(released.wake_at, Some(Timestamp::from_millis(5)));
    // Something to send is something to flush, though there is nothing to write.
    let (effects, _) = decide(&mut store, |_| Ok("sent")).unwrap();
    assert!(shown(effects).unwrap().flush);
}

#[test]
fn who_sends_flushes() {
    let mut store = MemoryStore::new();
    let change = |transaction: &mut Transaction<'_>| {
        let slot = transaction.read::<Part>(key(0))?;
        Ok(transaction.put(slot, &part(1))?)
    };
    assert!(!shown(silent(&mut store, change)).unwrap().flush);
    let flushing = |transaction: &mut Transaction<'_>| {
        transaction.flush();
        change(transaction)
    };
    assert!(shown(silent(&mut store, flushing)).unwrap().flush);
    assert!(shown(decide(&mut store, change).unwrap().0).unwrap().flush);
}

/// Nothing is released by a store that fails, and nothing is lost by asking again.
#[test]
fn a_failed_commit_releases_nothing() {
    let mut store = MemoryStore::new();
    let (effects, _) = decide(&mut store, |_| Ok("sent")).unwrap();
    assert_eq!(effects.commit(|_| Err("full")).unwrap_err(), "full");
}

#[test]
fn events_and_sends_are_those_of_the_write() {
    let mut store = MemoryStore::new();
    let released = commit(&mut store, |transaction| {
        transaction.event(&part(1))?;
        transaction.event(&part(2))?;
        Ok("sent")
    });
    assert_eq!(released.send, ["sent"]);
    assert_eq!(released.events, store.events());
    let opened = released.events.iter().map(|event| vault().open_event::<Part>(event).unwrap().number);
    assert_eq!(opened.collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn logs_are_read_as_they_were_committed() {
    let mut store = MemoryStore::new();
    let append = |store: &mut MemoryStore, numbers: [u32; 3]| {
        run(store, |transaction| {
            for number in numbers {
                let id = vault().item(&key(0), &number.to_be_bytes());
                transaction.append(key(0), id, &part(number))?;
            }
            Ok(())
        });
    };
    append(&mut store, [1, 2, 3]);
    append(&mut store, [3, 2, 4]);
    let tail = Tail::new(key(0), 0, 100);
    let read = |store: &mut MemoryStore| {
        run(store, |transaction| {
            let items = transaction.tail::<Part>(tail)?;
            Ok(items.into_iter().map(|item| (item.number, item.value.unwrap().number)).collect::<Vec<_>>())
        })
    };
    assert_eq!(read(&mut store), [(1, 1), (2, 2), (3, 3), (4, 4)]);
    run(&mut store, |transaction| {
        transaction.trim(key(0), 3);
        transaction.trim(key(0), 2);
        Ok(())
    });
    append(&mut store, [1, 4, 5]);
    assert_eq!(read(&mut store), [(4, 4), (5, 1), (6, 5)]);
}

/// Attack O13: the same that was loaded, the same time, seed and input give the same write, byte for byte.
#[test]
fn steps_are_deterministic() {
    let bytes = |number| {
        let (vault, loaded) = (vault(), Loaded::new());
        let body = |transaction: &mut Transaction<'_>| {
            transaction.append(key(0), vault.item(&key(0), b"id"), &part(1))?;
            transaction.event(&part(2))?;
            Ok::<Vec<()>, Stop<StorageError>>(Vec::new())
        };
        let Ok(Step::Ready(effects)) = step(&vault, &loaded, seed(number), body) else { panic!() };
        let mut bytes = String::new();
        let result: Result<_, ()> = effects.commit(|write: &Write<'_>| {
            bytes = format!("{write:?}");
            Ok(Outcome::Committed)
        });
        let _ = result.unwrap();
        bytes
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn a_step_has_limits() {
    let append = |count: usize| {
        move |transaction: &mut Transaction<'_>| {
            for number in 0..count {
                let id = ItemId::new([number.to_be_bytes(), [0; 8]].concat().try_into().unwrap());
                transaction.append(key(0), id, &part(1))?;
            }
            Ok(())
        }
    };
    let mut store = MemoryStore::new();
    assert_eq!(shown(decide(&mut store, append(limits::ROWS)).unwrap().0).unwrap().bodies, limits::ROWS);
    assert_eq!(decide(&mut store, append(limits::ROWS + 1)).unwrap_err(), StorageError::TooMuch);
}

#[test]
fn keys_of_other_tables_are_refused() {
    let mut store = MemoryStore::new();
    let elsewhere = vault().partition(Table::JOBS, b"things");
    let misplaced = |result: Result<_, _>| assert_eq!(result.unwrap_err(), StorageError::Misplaced);
    misplaced(decide(&mut store, |transaction| transaction.read::<Part>(elsewhere.key(0)).map(drop)));
    let range = elsewhere.range(0..=9, 9);
    let row = [sottovoce::storage::Put { key: elsewhere.key(1), body: vec![0; 80] }];
    let write =
        Write { expect: &[], delete: &[], put: &row, trim: &[], append: &[], events: &[], flush: false };
    let Ok(_) = store.apply(&write);
    misplaced(decide(&mut store, |transaction| transaction.scan::<Part>(range).map(drop)));
    misplaced(decide(&mut store, |transaction| {
        transaction.tail::<Part>(Tail::new(elsewhere.key(0), 0, 9)).map(drop)
    }));
    misplaced(decide(&mut store, |transaction| {
        Ok(transaction.append(elsewhere.key(0), ItemId::new([0; 16]), &part(0))?)
    }));
    let vault = vault();
    let sealed = vault.seal_record(&elsewhere.key(0), &part(0), &mut crate::support::generator(1));
    assert_eq!(sealed, Err(StorageError::Misplaced));
    assert_eq!(vault.open_record::<Part>(&elsewhere.key(0), &[0; 80]), Err(StorageError::Misplaced));
}

/// All that is missing is asked for at once.
#[test]
fn one_round_for_all_that_is_needed() {
    let mut store = MemoryStore::new();
    let wants = [0, 1, 2, 3].map(|suffix| Want::Record(key(suffix)));
    let (_, rounds) = decide(&mut store, |transaction| {
        transaction.need(wants)?;
        wants.iter().try_for_each(|want| match want {
            Want::Record(key) => transaction.read::<Part>(*key).map(drop),
            _ => Ok(()),
        })
    })
    .unwrap();
    assert_eq!(rounds, 1);
}
