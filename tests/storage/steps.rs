//! Transactions and effects.

use sottovoce::storage::{
    Commit, Effects, ItemId, Key, Loaded, MemoryStore, Outcome, Slot, Step, Stop, StorageError, Store, Table,
    Tail, Transaction, Want, Write, limits, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::Part;

use crate::support::{commit, decide, key, part, run, seed, silent, vault};

/// A store that shows the writes it gets.
#[derive(Default)]
struct Shown {
    expect: Vec<(Key, bool)>,
    put: Vec<Key>,
    delete: Vec<Key>,
    bodies: usize,
    flush: bool,
}

fn shown<T>(effects: Effects<T>) -> Option<Shown> {
    let mut shown = None;
    let result: Result<_, ()> = effects.commit(|write| {
        shown = Some(Shown {
            expect: write.expect.iter().map(|expect| (expect.key, expect.version.is_some())).collect(),
            put: write.put.iter().map(|put| put.key).collect(),
            delete: write.delete.to_vec(),
            bodies: write.put.len() + write.append.len() + write.events.len(),
            flush: write.flush,
        });
        Ok(Outcome::Committed)
    });
    let _ = result.unwrap();
    shown
}

fn put(store: &mut MemoryStore, suffix: u64, number: u32) {
    run(store, |transaction| {
        let slot = transaction.read::<Part>(key(suffix))?;
        Ok(transaction.put(slot, &part(number))?)
    });
}

fn get(store: &mut MemoryStore, suffix: u64) -> Option<u32> {
    run(store, |transaction| Ok(transaction.read::<Part>(key(suffix))?.value().map(|part| part.number)))
}

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

/// A row is scanned, then somebody else writes it, then it is read: what was scanned cannot be put any more.
#[test]
fn two_views_of_a_record_are_a_conflict() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 10);
    let range = vault().partition(Table::SPECIMENS, b"things").range(0..=9, 10);
    let Ok(mut loaded) = store.load(&[Want::First(range)]);
    put(&mut store, 1, 100);
    let Ok(later) = store.load(&[Want::Record(key(1))]);
    loaded.extend(later);
    let vault = vault();
    let body = |transaction: &mut Transaction<'_>| {
        let mut scanned = transaction.scan::<Part>(range)?.remove(0);
        let _ = transaction.read::<Part>(key(1))?;
        let sum = scanned.take().unwrap().number + 1;
        transaction.put(scanned, &part(sum))?;
        Ok::<_, Stop<StorageError>>(vec![()])
    };
    let Ok(Step::Ready(effects)) = step(&vault, &loaded, seed(1), body) else { panic!() };
    let Ok(commit) = effects.commit(|write| store.apply(write));
    assert!(matches!(commit, Commit::Conflict));
    assert_eq!(get(&mut store, 1), Some(100));
}

/// A slot serves while the record is what was seen: not after another slot of the same record, nor in another step.
#[test]
fn a_slot_that_is_outdated_is_refused() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 10);
    let outdated = |result: Result<_, _>| assert_eq!(result.unwrap_err(), StorageError::Outdated);
    outdated(decide(&mut store, |transaction| {
        let (first, second) = (transaction.read::<Part>(key(1))?, transaction.read::<Part>(key(1))?);
        transaction.put(first, &part(11))?;
        Ok(transaction.put(second, &part(11))?)
    }));
    outdated(decide(&mut store, |transaction| {
        let first = transaction.read::<Part>(key(1))?;
        transaction.put(first, &part(11))?;
        let (own, same) = (transaction.read::<Part>(key(1))?, transaction.read::<Part>(key(1))?);
        transaction.delete(own)?;
        Ok(transaction.delete(same)?)
    }));
    // Carried from one step into the next: the version goes with it.
    let carried = std::cell::RefCell::new(None);
    let _ = decide(&mut store, |transaction| {
        *carried.borrow_mut() = Some(transaction.read::<Part>(key(1))?);
        Ok(())
    });
    put(&mut store, 1, 110);
    let effects = silent(&mut store, |transaction| {
        Ok(transaction.put(carried.borrow_mut().take().unwrap(), &part(11))?)
    });
    let Ok(commit) = effects.commit(|write| store.apply(write));
    assert!(matches!(commit, Commit::Conflict));
    assert_eq!(get(&mut store, 1), Some(110));
}

/// Who pages on from the last row of a full page passes over nothing.
#[test]
fn a_full_page_ends_where_the_store_ended_it() {
    let mut store = MemoryStore::new();
    for suffix in 1..6 {
        put(&mut store, suffix, 1);
    }
    let partition = vault().partition(Table::SPECIMENS, b"things");
    for (max, seen) in [(2, vec![1, 2]), (9, vec![1, 2, 3, 4, 5, 8])] {
        let range = partition.range(0..=8, max);
        let found = run(&mut store, |transaction| {
            transaction.need([Want::First(range), Want::Record(key(8)), Want::Record(key(9))])?;
            for suffix in [8, 9] {
                let slot = transaction.read::<Part>(key(suffix))?;
                transaction.put(slot, &part(1))?;
            }
            let found = transaction.scan::<Part>(range)?;
            let found: Vec<_> = found.iter().map(|slot| slot.key().suffix()).collect();
            for suffix in [8, 9] {
                let slot = transaction.read::<Part>(key(suffix))?;
                transaction.delete(slot)?;
            }
            Ok(found)
        });
        assert_eq!(found, seen);
    }
}

/// One damaged row stops neither a scan nor a log.
#[test]
fn a_damaged_row_stands_alone() {
    let mut store = MemoryStore::new();
    put(&mut store, 1, 1);
    let damaged = [sottovoce::storage::Put { key: key(2), body: vec![7; 80] }];
    let entry = |id, body| sottovoce::storage::Append { log: key(9), id: ItemId::new([id; 16]), body };
    let vault = vault();
    let good = vault.seal_entry(&key(9), &ItemId::new([2; 16]), &part(5), &mut crate::support::generator(1));
    let entries = [entry(1, vec![7; 80]), entry(2, good.unwrap())];
    let write = Write {
        expect: &[],
        delete: &[],
        put: &damaged,
        trim: &[],
        append: &entries,
        events: &[],
        flush: false,
    };
    let Ok(_) = store.apply(&write);
    let range = vault.partition(Table::SPECIMENS, b"things").range(0..=9, 10);
    let tail = Tail::new(key(9), 0, 10);
    let (values, errors, entries) = run(&mut store, |transaction| {
        transaction.need([Want::First(range), Want::Log(tail)])?;
        let mut slots = transaction.scan::<Part>(range)?;
        let values: Vec<_> = slots.iter().map(|slot| slot.value().is_some()).collect();
        let errors: Vec<_> = slots.iter().map(Slot::error).collect();
        transaction.delete(slots.remove(1))?;
        let items = transaction.tail::<Part>(tail)?;
        Ok((values, errors, items.into_iter().map(|item| (item.number, item.value)).collect::<Vec<_>>()))
    });
    assert_eq!((values, errors), (vec![true, false], vec![None, Some(StorageError::Unreadable)]));
    assert_eq!(entries, [(1, Err(StorageError::Unreadable)), (2, Ok(part(5)))]);
    assert_eq!(get(&mut store, 2), None);
    // Read by key it is an error: a decision cannot go by it.
    let Ok(_) = store.apply(&write);
    let read = decide(&mut store, |transaction| transaction.read::<Part>(key(2)).map(drop));
    assert_eq!(read.unwrap_err(), StorageError::Unreadable);
}

#[test]
fn a_write_of_one_kind_of_row_is_a_write() {
    let mut store = MemoryStore::new();
    let id = ItemId::new([1; 16]);
    assert!(shown(silent(&mut store, |transaction| Ok(transaction.append(key(0), id, &part(1))?))).is_some());
    assert!(shown(silent(&mut store, |transaction| Ok(transaction.event(&part(1))?))).is_some());
    let trim = |transaction: &mut Transaction<'_>| {
        transaction.trim(key(0), 1);
        Ok(())
    };
    assert!(shown(silent(&mut store, trim)).is_some());
}

#[test]
fn the_earliest_time_to_wake_counts() {
    let mut store = MemoryStore::new();
    for times in [[5, 9], [9, 5]] {
        let released = commit(&mut store, |transaction| {
            for time in times {
                transaction.wake_at(Timestamp::from_millis(time));
            }
            Ok(())
        });
        assert_eq!(released.wake_at, Some(Timestamp::from_millis(5)));
    }
}

/// A record that is its own encoding.
struct Large(usize);

impl sottovoce::wire::Wire for Large {
    const NAME: &'static str = "Large";
    const MAX_BYTES: usize = 1 << 21;

    fn decode(bytes: &[u8]) -> Result<Self, sottovoce::wire::DecodeError> {
        Ok(Self(bytes.len()))
    }

    fn encode(&self) -> Result<Vec<u8>, sottovoce::wire::EncodeError> {
        Ok(vec![1; self.0])
    }
}

impl sottovoce::storage::Format for Large {
    const FORMAT: u8 = 1;
}

impl sottovoce::storage::Record for Large {
    const TABLE: Table = Table::SPECIMENS;
}

#[test]
fn bodies_and_writes_have_limits() {
    let overhead = sottovoce::crypto::rest::OVERHEAD + 1;
    let largest = limits::BODY - overhead;
    let mut store = MemoryStore::new();
    let one = |size| move |transaction: &mut Transaction<'_>| Ok(transaction.event(&Large(size))?);
    assert!(decide(&mut store, one(largest)).is_ok());
    assert_eq!(decide(&mut store, one(largest + 1)).unwrap_err(), StorageError::TooMuch);
    // Bodies of entries, events and records count alike.
    let many = |more: usize| {
        move |transaction: &mut Transaction<'_>| {
            for number in 0..3 {
                transaction.event(&Large(largest))?;
                transaction.append(key(0), ItemId::new([number; 16]), &Large(largest))?;
            }
            for suffix in 0..2 {
                let slot = transaction.read::<Large>(key(suffix))?;
                transaction.put(slot, &Large(largest))?;
            }
            (0..more).try_for_each(|_| transaction.event(&Large(1)))?;
            Ok(())
        }
    };
    assert!(decide(&mut store, many(0)).is_ok());
    assert_eq!(decide(&mut store, many(1)).unwrap_err(), StorageError::TooMuch);
    // What is only read is a row too.
    let read = |count: u64| {
        move |transaction: &mut Transaction<'_>| {
            transaction.need((0..count).map(|suffix| Want::Record(key(suffix))))?;
            (0..count).try_for_each(|suffix| transaction.read::<Part>(key(suffix)).map(drop))
        }
    };
    let rows = u64::try_from(limits::ROWS).unwrap();
    assert!(decide(&mut store, read(rows)).is_ok());
    assert_eq!(decide(&mut store, read(rows + 1)).unwrap_err(), StorageError::TooMuch);
    // No scan asks for more than a store has to give.
    let (range, tail) =
        (vault().partition(Table::SPECIMENS, b"x").range(0..=9, u16::MAX), Tail::new(key(0), 0, u16::MAX));
    assert_eq!((range.limit(), tail.limit()), (limits::SCAN_ROWS, limits::SCAN_ROWS));
}
