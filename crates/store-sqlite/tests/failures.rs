//! Files that are not ours, damage, full disks, and processes that die.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "test support")]

mod support;

use std::error::Error as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sottovoce::storage::Store;
use sottovoce_store_sqlite::rusqlite::Connection;
use sottovoce_store_sqlite::{SqliteError, SqliteStore};

use support::{Dice, Draft, child, database, directory, entries, key, record, state};

/// Tells a child process which file to use.
const PATH: &str = "SOTTOVOCE_TEST_PATH";

fn path_of_parent() -> PathBuf {
    std::env::var_os(PATH).expect("runs as a child of another test").into()
}

/// Opening fails, says something, and leaves the file as it is.
fn refused(path: &Path, expected: fn(&SqliteError) -> bool) {
    let before = fs::read(path).ok();
    let error = SqliteStore::open(path).unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert!(error.to_string().contains(':'), "{error} does not say what to do");
    assert_eq!(fs::read(path).ok(), before);
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let directory = directory();
    let not_ours = |error: &SqliteError| matches!(error, SqliteError::NotOurs);
    let open = |error: &SqliteError| matches!(error, SqliteError::Open(_)) && error.source().is_some();

    let foreign = directory.path().join("foreign");
    let connection = Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE theirs (body BLOB)").unwrap();
    refused(&foreign, not_ours);
    connection.execute_batch("PRAGMA application_id = 5").unwrap();
    refused(&foreign, not_ours);
    connection.execute_batch("DROP TABLE theirs; VACUUM").unwrap();
    refused(&foreign, not_ours);

    let text = directory.path().join("text");
    fs::write(&text, "not a database at all, but long enough to look like one".repeat(100)).unwrap();
    refused(&text, not_ours);
    refused(directory.path(), open);
    refused(&directory.path().join("no/such/directory"), open);
}

#[test]
fn a_newer_schema_is_refused() {
    let directory = directory();
    let path = database(&directory);
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    refused(&path, |error| matches!(error, SqliteError::NewerSchema { found: 2, known: 1 }));
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    SqliteStore::open(&path).unwrap();
}

#[test]
fn names_of_files_have_no_second_meaning() {
    let directory = directory();
    for name in ["file:x?mode=memory", ":memory:", "a b%20c#d"] {
        let path = directory.path().join(name);
        Draft::new().put(key(1), b"").commit(&mut SqliteStore::open(&path).unwrap());
        assert!(record(&mut SqliteStore::open(&path).unwrap(), key(1)).is_some());
        assert!(path.exists());
    }
}

#[test]
fn damage_is_reported() {
    let directory = directory();
    let path = database(&directory);
    let mut store = SqliteStore::open(&path).unwrap();
    let mut dice = Dice(1);
    for _ in 0..50 {
        dice.draft(2_000).commit(&mut store);
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    let (mut corrupt, mut fine) = (0, 0);
    for round in 0..300 {
        let mut damaged = whole.clone();
        let length = u64::try_from(whole.len()).unwrap();
        let at = usize::try_from(if round == 0 { 0 } else { dice.roll(length) }).unwrap();
        damaged[at..].iter_mut().take(64).for_each(|byte| *byte = dice.byte());
        if round % 10 == 1 {
            damaged.truncate(at);
        }
        fs::write(&path, damaged).unwrap();
        let result = SqliteStore::open(&path).and_then(|mut store| {
            let wants =
                (0..6).map(|number| sottovoce::storage::Want::Record(key(number))).collect::<Vec<_>>();
            store.load(&wants)?;
            let _ = dice.draft(2_000).apply(&mut store)?;
            store.events(0, 1_000)
        });
        match result {
            Ok(_) => fine += 1,
            Err(SqliteError::Corrupt(_)) => corrupt += 1,
            Err(error) => assert!(
                matches!(error, SqliteError::NotOurs | SqliteError::Other(_)) || at < 4_096,
                "{error:?}"
            ),
        }
        for beside in ["store.sqlite-wal", "store.sqlite-shm"] {
            let _ = fs::remove_file(directory.path().join(beside));
        }
    }
    // What lies under the seal of a body is not SQLite's to find.
    assert!(corrupt > 20 && fine > 20, "{corrupt} {fine}");
}

#[test]
fn a_full_database_changes_nothing() {
    let directory = directory();
    let path = database(&directory);
    // The limit belongs to a connection, and the hook has the store's.
    let mut store = SqliteStore::open_with(&path, |connection: &Connection, events: &[Vec<u8>]| {
        let limit = std::str::from_utf8(&events[0]).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))
    })
    .unwrap();
    Draft::new().put(key(0), b"old").append(key(1), 1, b"old").event(b"40").commit(&mut store);
    let (before, version) = (state(&mut store), record(&mut store, key(0)).unwrap().version);
    for size in [200_000, 1_000_000] {
        for flush in [false, true] {
            let draft = Draft { flush, ..Draft::new() }.delete(key(0)).put(key(2), b"new").append(
                key(1),
                2,
                &vec![1; size],
            );
            let error = draft.apply(&mut store).unwrap_err();
            assert!(matches!(error, SqliteError::Full(_)) && error.source().is_some(), "{error:?}");
            assert_eq!(state(&mut store), before);
            assert_eq!(record(&mut store, key(0)).unwrap().version, version);
        }
    }
    Draft::new().put(key(2), b"small").commit(&mut store);
    Draft::new().put(key(2), b"").event(b"1000000").commit(&mut store);
    Draft::new().append(key(1), 2, &vec![1; 1_000_000]).commit(&mut store);
}

/// On a file system of 16 MiB, in a mount namespace of its own.
#[test]
fn a_full_disk_changes_nothing() {
    let directory = directory();
    let mount = format!("mount -t tmpfs -o size=16m tmpfs '{}'", directory.path().display());
    let possible = Command::new("unshare").args(["-m", "sh", "-c", &mount]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        println!("skipped: a small file system cannot be mounted here");
        return;
    }
    let run = child("writes_until_the_disk_is_full");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &format!("{mount} && exec \"$0\" \"$@\"")]);
    command.arg(run.get_program()).args(run.get_args()).env(PATH, database(&directory));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "a child of a_full_disk_changes_nothing"]
fn writes_until_the_disk_is_full() {
    let path = path_of_parent();
    let filler = path.with_file_name("filler");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut dice = Dice(3);
    let mut failures = 0;
    for round in 0..400 {
        let before = (state(&mut store), store.events(0, 1_000).unwrap());
        let draft = Draft { flush: round % 3 == 0, ..dice.draft(30_000) };
        match draft.apply(&mut store) {
            Ok(_) => {
                // Leaves less and less room.
                let mut file = fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
                let _ = file.write_all(&vec![0; 1_000_000]);
            }
            Err(error) => {
                assert!(matches!(error, SqliteError::Full(_)), "{error:?}");
                assert_eq!((state(&mut store), store.events(0, 1_000).unwrap()), before);
                failures += 1;
                fs::File::create(&filler).unwrap();
                store.forget_events(u64::MAX).unwrap();
                draft.commit(&mut store);
            }
        }
    }
    drop(store);
    state(&mut SqliteStore::open(&path).unwrap());
    assert!(failures > 3, "{failures}");
}

#[test]
fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..5 {
        let directory = directory();
        let children: Vec<_> = (0..6)
            .map(|_| {
                let mut child = child("opens_and_writes");
                child.env(PATH, database(&directory)).stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let mut store = SqliteStore::open(database(&directory)).unwrap();
        assert_eq!(entries(&mut store, key(1)).len(), 1);
        assert_eq!(store.events(0, 10).unwrap().len(), 6);
    }
}

#[test]
#[ignore = "a child of a_new_file_may_be_opened_by_many_at_once"]
fn opens_and_writes() {
    let mut store = SqliteStore::open(path_of_parent()).unwrap();
    Draft::new().put(key(1), b"").append(key(1), 1, b"").event(b"").flush().commit(&mut store);
}

#[test]
fn who_dies_with_the_lock_leaves_nothing_behind() {
    let directory = directory();
    let mut store = SqliteStore::open(database(&directory)).unwrap();
    Draft::new().put(key(1), b"before").commit(&mut store);
    let mut child = child("locks_and_waits");
    let mut child = child.env(PATH, database(&directory)).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("locked")));

    store.set_busy_timeout(Duration::from_millis(50)).unwrap();
    let put = Draft::new().put(key(1), b"after");
    assert!(matches!(put.apply(&mut store), Err(SqliteError::Busy(_))));
    assert!(matches!(store.lock(), Err(SqliteError::Busy(_))));
    assert_eq!(record(&mut store, key(1)).unwrap().body, b"before");
    child.kill().unwrap();
    child.wait().unwrap();
    put.commit(&mut store);
    assert_eq!(record(&mut store, key(1)).unwrap().body, b"after");
}

#[test]
#[ignore = "a child of who_dies_with_the_lock_leaves_nothing_behind"]
fn locks_and_waits() {
    // The hook runs when everything else is written, and nothing is committed.
    let mut store = SqliteStore::open_with(path_of_parent(), |_, _| {
        println!("locked");
        std::thread::sleep(Duration::from_mins(1));
        Ok(())
    });
    let write = Draft::new().put(key(1), b"torn").event(b"").flush();
    let _ = write.apply(store.as_mut().unwrap());
}
