//! What a step has seen, what is damaged, and how much a step may do.

use sottovoce::storage::{
    Commit, ItemId, MemoryStore, Slot, Step, Stop, StorageError, Store, Table, Tail, Transaction, Want,
    Write, limits, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::Part;

use crate::support::{commit, decide, get, key, part, put, run, seed, shown, silent, vault};

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
