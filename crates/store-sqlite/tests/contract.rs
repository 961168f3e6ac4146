//! What the contract asks of this store in particular. The conformance suite asks the rest.
#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::sync::{Arc, Mutex};

use sottovoce::storage::{Outcome, Range, Store, Tail, Version, Want, limits};
use sottovoce_store_sqlite::rusqlite::{self, Connection};
use sottovoce_store_sqlite::{SqliteError, SqliteStore};

use support::{Draft, State, database, directory, entries, key, numbers, record, records, state};

#[test]
fn one_of_two_handles_gets_a_conflict() {
    let directory = directory();
    let mut first = SqliteStore::open(database(&directory)).unwrap();
    let mut second = SqliteStore::open(database(&directory)).unwrap();
    Draft::new().put(key(1), b"a").commit(&mut first);
    let version = record(&mut second, key(1)).unwrap().version;

    let change =
        |body: &[u8]| Draft::new().expect(key(1), Some(version)).put(key(1), body).append(key(2), 1, body);
    change(b"b").commit(&mut first);
    assert_eq!(change(b"c").apply(&mut second).unwrap(), Outcome::Conflict);
    assert_eq!(record(&mut second, key(1)).unwrap().body, b"b");
    assert_eq!(entries(&mut second, key(2)).len(), 1);
    assert_eq!(Draft::new().expect(key(1), None).apply(&mut second).unwrap(), Outcome::Conflict);
    assert_eq!(Draft::new().expect(key(9), None).apply(&mut second).unwrap(), Outcome::Committed);
    let largest = Some(Version(u64::MAX));
    assert_eq!(Draft::new().expect(key(1), largest).apply(&mut second).unwrap(), Outcome::Conflict);
}

#[test]
fn versions_are_never_given_twice() {
    let directory = directory();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..20_u8 {
        let mut store = SqliteStore::open(database(&directory)).unwrap();
        let mut other = SqliteStore::open(database(&directory)).unwrap();
        for handle in [&mut store, &mut other] {
            Draft { flush: round % 2 == 0, ..Draft::new() }
                .put(key(1), &[round])
                .put(key(2), b"")
                .commit(handle);
            assert!(seen.insert(record(handle, key(1)).unwrap().version));
            assert!(seen.insert(record(handle, key(2)).unwrap().version));
            Draft::new().delete(key(1)).delete(key(2)).delete(key(3)).commit(handle);
        }
        assert!(record(&mut other, key(1)).is_none());
    }
}

#[test]
fn numbers_go_on_after_everything_was_trimmed_and_the_store_opened_again() {
    let directory = directory();
    let log = key(1);
    for through in [3, u64::MAX, i64::MAX.unsigned_abs()] {
        let mut store = SqliteStore::open(database(&directory)).unwrap();
        let before = numbers(&mut store, log).last().copied();
        let write = (1..=3).fold(Draft::new().trim(log, through), |draft, id| draft.append(log, id, &[id]));
        write.commit(&mut store);
        let found = numbers(&mut store, log);
        assert_eq!(found.len(), 3);
        assert!(before < found.first().copied());
    }
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    assert_eq!(numbers(&mut store, log), [7, 8, 9]);
    Draft::new().trim(log, u64::MAX).trim(key(2), u64::MAX).commit(&mut store);
    assert!(numbers(&mut store, log).is_empty());
    drop(store);

    let mut store = SqliteStore::open(database(&directory)).unwrap();
    Draft::new()
        .append(log, 1, b"again")
        .append(log, 1, b"twice")
        .append(key(2), 1, b"first")
        .commit(&mut store);
    Draft::new().append(log, 1, b"held").append(log, 2, b"new").trim(log, 0).commit(&mut store);
    assert_eq!(numbers(&mut store, log), [10, 11]);
    assert_eq!(entries(&mut store, log)[0].body, b"again");
    assert_eq!(numbers(&mut store, key(2)), [1]);
    // In the middle, and after what is there.
    Draft::new().trim(log, 10).append(log, 1, b"").commit(&mut store);
    assert_eq!(numbers(&mut store, log), [11, 12]);
    for after in [12, i64::MAX.unsigned_abs(), u64::MAX] {
        let tail = Tail::new(log, after, 10);
        assert!(store.load(&[Want::Log(tail)]).unwrap().tail(&tail).unwrap().is_empty());
    }
}

#[test]
fn scans_end_at_their_limits() {
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    // Five bodies of 1 MiB, of which four are 4 MiB; and suffixes whose order as signed numbers would be another.
    let suffixes = [0, 1, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, u64::MAX];
    let body = vec![1; limits::BODY];
    for (id, suffix) in (1..).zip(suffixes) {
        Draft::new().put(key(suffix), &body).append(key(0), id, &body).event(&body).commit(&mut store);
    }
    let scan = |store: &mut SqliteStore, range: Range| -> Vec<u64> {
        let loaded = store.load(&[Want::First(range)]).unwrap();
        loaded.range(&range).unwrap().iter().map(|(key, _)| key.suffix()).collect()
    };
    assert_eq!(scan(&mut store, records().range(0..=u64::MAX, 1_000)), suffixes[..4]);
    assert_eq!(scan(&mut store, records().range(0..=u64::MAX, 2)), suffixes[..2]);
    assert_eq!(scan(&mut store, records().range(0..=u64::MAX, 0)), []);
    assert_eq!(scan(&mut store, records().range(1..=suffixes[3], 9)), suffixes[1..4]);
    #[expect(clippy::reversed_empty_ranges, reason = "a range that holds nothing")]
    let backwards = records().range(2..=1, 9);
    assert_eq!(scan(&mut store, backwards), []);
    assert_eq!(numbers(&mut store, key(0)), [1, 2, 3, 4]);
    let numbers = store.events(0, 100).unwrap().into_iter().map(|(number, _)| number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn events_wait_until_they_are_forgotten() {
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    Draft::new().event(b"a").event(b"b").commit(&mut store);
    Draft::new().event(b"c").commit(&mut store);
    assert_eq!(store.events(1, 10).unwrap(), [(2, b"b".to_vec()), (3, b"c".to_vec())]);
    assert_eq!(store.events(0, 1).unwrap().len(), 1);
    store.forget_events(2).unwrap();
    assert_eq!(store.events(0, 10).unwrap().len(), 1);
    store.forget_events(u64::MAX).unwrap();
    drop(store);
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    Draft::new().event(b"d").commit(&mut store);
    assert_eq!(store.events(0, 10).unwrap(), [(4, b"d".to_vec())]);
}

/// A store whose hook writes into a table of the application and then does what it is told.
fn with_hook(path: &std::path::Path, fail: &Arc<Mutex<Option<&'static str>>>) -> SqliteStore {
    let fail = Arc::clone(fail);
    SqliteStore::open_with(path, move |connection: &Connection, events: &[Vec<u8>]| {
        connection.execute_batch("CREATE TABLE IF NOT EXISTS message (body BLOB)")?;
        for event in events {
            connection.execute("INSERT INTO message VALUES (?1)", [event])?;
        }
        fail.lock().unwrap().map_or(Ok(()), |sql| connection.execute_batch(sql))
    })
    .unwrap()
}

#[test]
fn the_application_and_the_library_write_together_or_not_at_all() {
    let directory = directory();
    let fail = Arc::new(Mutex::new(None));
    let mut store = with_hook(&database(&directory), &fail);
    let messages = |store: &mut SqliteStore| -> (State, Vec<Vec<u8>>) {
        let connection = Connection::open(database(&directory)).unwrap();
        let mut statement = connection.prepare("SELECT body FROM message ORDER BY rowid").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap().map(rusqlite::Result::unwrap);
        (state(store), rows.collect())
    };
    let seeded =
        Draft::new().put(key(0), b"0").append(key(1), 1, b"1").append(key(1), 2, b"2").event(b"first");
    seeded.commit(&mut store);
    assert!(store.events(0, 10).unwrap().is_empty());
    let before = messages(&mut store);
    assert_eq!(before.1, [b"first".to_vec()]);

    // All parts of a write, in all combinations, with and without lock.
    for parts in 0..64_u8 {
        let mut draft = Draft { flush: parts & 32 != 0, ..Draft::new() }.event(b"second").event(b"third");
        draft.delete.extend((parts & 1 != 0).then_some(key(0)));
        draft = if parts & 2 != 0 { draft.put(key(2), b"new") } else { draft };
        draft = if parts & 4 != 0 { draft.trim(key(1), 1) } else { draft };
        draft = if parts & 8 != 0 { draft.append(key(1), 3, b"3").append(key(3), 1, b"") } else { draft };
        if parts & 16 != 0 {
            store.lock().unwrap();
        }
        *fail.lock().unwrap() = Some("SELECT * FROM no_such_table");
        assert!(matches!(draft.apply(&mut store), Err(SqliteError::Hook(_))), "{parts}");
        store.unlock();
        assert_eq!(messages(&mut store), before, "{parts}");
    }
    *fail.lock().unwrap() = Some("ROLLBACK");
    assert!(matches!(Draft::new().event(b"x").put(key(4), b"").apply(&mut store), Err(SqliteError::Hook(_))));
    assert_eq!(messages(&mut store), before);
    *fail.lock().unwrap() = None;
    Draft::new().event(b"second").put(key(4), b"").commit(&mut store);
    assert_eq!(messages(&mut store).1, [b"first".to_vec(), b"second".to_vec()]);
}

#[test]
fn a_lock_keeps_others_waiting_until_the_next_write() {
    let directory = directory();
    let mut first = SqliteStore::open(database(&directory)).unwrap();
    let mut second = SqliteStore::open(database(&directory)).unwrap();
    second.set_busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let put = Draft::new().put(key(1), b"");
    for flush in [false, true] {
        first.lock().unwrap();
        first.lock().unwrap();
        assert!(record(&mut second, key(1)).is_none() || flush);
        assert!(matches!(put.apply(&mut second), Err(SqliteError::Busy(_))));
        let seen = record(&mut first, key(1)).map(|stored| stored.version);
        Draft { flush, ..Draft::new() }.expect(key(1), seen).put(key(1), b"").commit(&mut first);
        put.commit(&mut second);
    }
    first.lock().unwrap();
    first.unlock();
    first.unlock();
    put.commit(&mut second);
    // A conflict ends the lock too.
    first.lock().unwrap();
    assert_eq!(Draft::new().expect(key(1), None).apply(&mut first).unwrap(), Outcome::Conflict);
    put.commit(&mut second);
    // And so does the end of the handle.
    first.lock().unwrap();
    drop(first);
    put.commit(&mut second);
}

#[test]
fn what_waits_for_a_lock_gets_it() {
    let directory = directory();
    let mut first = SqliteStore::open(database(&directory)).unwrap();
    first.lock().unwrap();
    std::thread::scope(|scope| {
        let path = database(&directory);
        let waiting = scope.spawn(move || {
            let mut second = SqliteStore::open(path).unwrap();
            Draft::new().put(key(2), b"second").apply(&mut second).unwrap()
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        Draft::new().put(key(1), b"first").commit(&mut first);
        assert_eq!(waiting.join().unwrap(), Outcome::Committed);
    });
    assert_eq!(record(&mut first, key(2)).unwrap().body, b"second");
}

#[test]
fn deleted_state_does_not_stay_in_the_files() {
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    let secret = |id: u8| [b"ratchet state number ".as_slice(), &[id; 16]].concat().repeat(40);
    let found = || {
        let files = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.filter(|file| file.windows(20).any(|window| window == b"ratchet state number")).count()
    };
    for id in 1..=40 {
        Draft::new().put(key(id.into()), &secret(id)).append(key(0), id, &secret(id)).commit(&mut store);
    }
    Draft::new().event(&secret(1)).commit(&mut store);
    assert!(store.checkpoint().unwrap());
    assert_eq!(found(), 1);
    for id in 1..=20 {
        Draft::new().put(key(id), b"").delete(key(id + 20)).commit(&mut store);
    }
    Draft::new().trim(key(0), u64::MAX).commit(&mut store);
    store.forget_events(9).unwrap();
    assert!(found() > 0);
    assert!(store.checkpoint().unwrap());
    assert_eq!(found(), 0);
}

#[test]
fn a_backup_is_a_store() {
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    let mut other = SqliteStore::open(database(&directory)).unwrap();
    let fill = (0..5).fold(Draft::new(), |draft, id| draft.put(key(id), b"body").append(key(1), 9, b"entry"));
    fill.event(b"event").commit(&mut store);
    Draft::new().trim(key(1), 1).commit(&mut store);
    // Others may write meanwhile.
    other.lock().unwrap();
    let copy = directory.path().join("copy");
    store.backup(&copy).unwrap();
    assert!(store.backup(&copy).is_err(), "nothing is overwritten");
    let mut copied = SqliteStore::open(&copy).unwrap();
    assert_eq!(state(&mut copied), state(&mut store));
    assert_eq!(copied.events(0, 9).unwrap(), store.events(0, 9).unwrap());
    assert_eq!(record(&mut copied, key(1)), record(&mut store, key(1)));
    Draft::new().append(key(1), 9, b"").commit(&mut copied);
    assert_eq!(numbers(&mut copied, key(1)), [2]);
}

#[cfg(unix)]
#[test]
fn a_new_store_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    Draft::new().put(key(1), b"").commit(&mut store);
    store.backup(directory.path().join("copy")).unwrap();
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 4);
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn handles_can_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    moves::<SqliteStore>();
    moves::<SqliteError>();
}
