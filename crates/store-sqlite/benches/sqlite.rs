//! What [`SqliteStore`] costs beside the plainest use of SQLite for the same bytes: one table per kind, no versions, no numbers,
//! no expectations, no erasure.
//!
//! `cargo bench -p sottovoce-store-sqlite [NAME]`. The directory is that of temporary files: `TMPDIR` chooses the disk.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a benchmark that cannot go on should stop"
)]

#[allow(dead_code, reason = "it has judged pairs too")]
#[path = "../../../benches/paired/mod.rs"]
mod paired;

use std::cell::RefCell;

use paired::Pairs;
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::{
    Append, Expect, ItemId, Key, Outcome, Partition, Put, Store, Table, Tail, Vault, Version, Want, Write,
};
use sottovoce_store_sqlite::SqliteStore;
use sottovoce_store_sqlite::rusqlite::{Connection, params};
use tempfile::TempDir;

const RAW: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE record (key BLOB PRIMARY KEY, body BLOB);
    CREATE TABLE entry (number INTEGER PRIMARY KEY, log BLOB, body BLOB);
    CREATE TABLE event (number INTEGER PRIMARY KEY, body BLOB);";

/// Records of a store that has been in use.
const SESSIONS: u64 = 2_000;
const ROWS: u64 = 100_000;

fn main() {
    let mut pairs = Pairs::from_arguments();
    let directory = tempfile::tempdir().unwrap();
    pairs.head("ours", "raw", false);
    writes(&mut pairs, &directory, true);
    writes(&mut pairs, &directory, false);
    pairs.head("ours", "raw", false);
    loads(&mut pairs, &directory);
    scans(&mut pairs, &directory);
    pairs.finish();
}

fn partition(name: &str) -> Partition {
    Vault::new(&Secret::new([7; 32]), b"bench").partition(Table::SPECIMENS, name.as_bytes())
}

/// Names as they are: pseudo-random.
fn session(number: u64) -> Key {
    partition(&number.to_string()).key(0)
}

fn body(number: u64) -> Vec<u8> {
    vec![1; 700 + usize::try_from(number * 97 % 300).unwrap()]
}

fn raw(directory: &TempDir, name: &str, synchronous: &str) -> Connection {
    let connection = Connection::open(directory.path().join(name)).unwrap();
    connection.execute_batch(RAW).unwrap();
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    connection
}

fn execute(connection: &Connection, sql: &str) {
    connection.prepare_cached(sql).unwrap().execute([]).unwrap();
}

/// Four records of 0.7 to 1 kB in place of others, two log entries, one event; now and then what is old goes.
fn writes(pairs: &mut Pairs, directory: &TempDir, flush: bool) {
    let name = format!("writes-{flush}");
    let mut store = SqliteStore::open(directory.path().join(&name)).unwrap();
    let connection = raw(directory, &format!("raw-{name}"), if flush { "FULL" } else { "NORMAL" });
    let mut versions = vec![None; usize::try_from(SESSIONS).unwrap()];
    let (mut turn, mut raw_turn) = (0, 0);
    let keys: Vec<Key> = (0..SESSIONS).map(session).collect();
    let ours = RefCell::new(|| {
        turn += 1;
        apply(&mut store, &keys, &mut versions, turn, flush)
    });
    let plain = RefCell::new(|| {
        raw_turn += 1;
        apply_raw(&connection, &keys, raw_turn)
    });
    (0..SESSIONS).for_each(|_| {
        ours.borrow_mut()();
        plain.borrow_mut()();
    });
    let name = if flush { "with flush" } else { "without flush" };
    pairs.peers(name, || ours.borrow_mut()(), || plain.borrow_mut()(), |a, b| a == b);
}

fn chosen(turn: u64) -> [u64; 4] {
    [0, 1, 2, 3].map(|part| (turn * 7_919 + part * 4_801) % SESSIONS)
}

fn apply(
    store: &mut SqliteStore,
    keys: &[Key],
    versions: &mut [Option<Version>],
    turn: u64,
    flush: bool,
) -> u64 {
    let chosen = chosen(turn).map(|number| usize::try_from(number).unwrap());
    let expect = chosen.map(|number| Expect { key: keys[number], version: versions[number] });
    let put = chosen.map(|number| Put { key: keys[number], body: body(turn) });
    let append = [0, 1].map(|part| {
        let log = keys[usize::try_from((turn + part * 31) % 50).unwrap()];
        let id = u128::from(turn * 2 + part).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Append { log, id: ItemId::new(id.to_be_bytes()), body: vec![2; 300] }
    });
    let events = [vec![3; 300]];
    let write =
        Write { expect: &expect, delete: &[], put: &put, trim: &[], append: &append, events: &events, flush };
    let outcome = store.apply(&write).unwrap();
    assert_eq!(outcome, Outcome::Committed);
    // The versions that were given, as the next step of these sessions would load them.
    let wants = chosen.map(|number| Want::Record(keys[number]));
    let loaded = store.load(&wants[..1]).unwrap();
    let first = loaded.record(&keys[chosen[0]]).unwrap().unwrap().version.0;
    for (number, version) in chosen.into_iter().zip(first..) {
        versions[number] = Some(Version(version));
    }
    turn
}

fn apply_raw(connection: &Connection, keys: &[Key], turn: u64) -> u64 {
    execute(connection, "BEGIN IMMEDIATE");
    {
        let chosen = chosen(turn).map(|number| usize::try_from(number).unwrap());
        let mut put = connection
            .prepare_cached(
                "INSERT INTO record VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            )
            .unwrap();
        for number in chosen {
            put.execute(params![keys[number].name(), body(turn)]).unwrap();
        }
        let mut append = connection.prepare_cached("INSERT INTO entry (log, body) VALUES (?1, ?2)").unwrap();
        for part in [0, 1] {
            let log = keys[usize::try_from((turn + part * 31) % 50).unwrap()];
            append.execute(params![log.name(), vec![2_u8; 300]]).unwrap();
        }
        let mut event = connection.prepare_cached("INSERT INTO event (body) VALUES (?1)").unwrap();
        event.execute(params![vec![3_u8; 300]]).unwrap();
    }
    execute(connection, "COMMIT");
    let mut read = connection.prepare_cached("SELECT body FROM record WHERE key = ?1").unwrap();
    let key = keys[usize::try_from(chosen(turn)[0]).unwrap()];
    let _: Vec<u8> = read.query_row([key.name()], |row| row.get(0)).unwrap();
    turn
}

/// Six records in two rounds, as for a message that arrives.
fn loads(pairs: &mut Pairs, directory: &TempDir) {
    let mut store = SqliteStore::open(directory.path().join("loads")).unwrap();
    let connection = raw(directory, "raw-loads", "NORMAL");
    let keys: Vec<Key> = (0..SESSIONS).map(session).collect();
    let put: Vec<Put> = keys.iter().map(|key| Put { key: *key, body: body(key.suffix()) }).collect();
    fill(&mut store, &put, &[]);
    for Put { key, body } in &put {
        connection.execute("INSERT INTO record VALUES (?1, ?2)", params![key.name(), body]).unwrap();
    }
    let (mut turn, mut raw_turn) = (0, 0);
    let chosen = |turn: u64| -> Vec<Key> {
        (0..6).map(|part| keys[usize::try_from((turn * 7_919 + part * 307) % SESSIONS).unwrap()]).collect()
    };
    let ours = || {
        turn += 1;
        let wants: Vec<_> = chosen(turn).into_iter().map(Want::Record).collect();
        let mut loaded = store.load(&wants[..3]).unwrap();
        loaded.extend(store.load(&wants[3..]).unwrap());
        loaded
    };
    let raw = || {
        raw_turn += 1;
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        for half in chosen(raw_turn).chunks(3) {
            execute(&connection, "BEGIN");
            let mut read = connection.prepare_cached("SELECT body FROM record WHERE key = ?1").unwrap();
            for key in half {
                bodies.push(read.query_row([key.name()], |row| row.get(0)).unwrap());
            }
            execute(&connection, "COMMIT");
        }
        bodies
    };
    let first = chosen(1);
    pairs.peers("load of 6 records in 2 rounds", ours, raw, |loaded, bodies| {
        let found = first.iter().map(|key| &loaded.record(key).unwrap().unwrap().body);
        found.eq(bodies.iter())
    });
}

fn fill(store: &mut SqliteStore, put: &[Put], append: &[Append]) {
    let (mut puts, mut appends) = (put.chunks(500), append.chunks(500));
    loop {
        let (put, append) = (puts.next().unwrap_or_default(), appends.next().unwrap_or_default());
        if put.is_empty() && append.is_empty() {
            return;
        }
        let write = Write { expect: &[], delete: &[], put, trim: &[], append, events: &[], flush: false };
        assert_eq!(store.apply(&write).unwrap(), Outcome::Committed);
    }
}

/// A hundred pages of a thousand rows, one after the other. One sample is one page; the figures are for each.
fn scans(pairs: &mut Pairs, directory: &TempDir) {
    let mut store = SqliteStore::open(directory.path().join("scans")).unwrap();
    let connection = raw(directory, "raw-scans", "NORMAL");
    let all = partition("all");
    let put: Vec<_> = (0..ROWS).map(|suffix| Put { key: all.key(suffix), body: vec![1; 300] }).collect();
    let append: Vec<_> = (0..ROWS)
        .map(|number| {
            let id = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            Append { log: all.key(0), id: ItemId::new(id.to_be_bytes()), body: vec![2; 300] }
        })
        .collect();
    fill(&mut store, &put, &append);
    execute(&connection, "BEGIN");
    for (Put { key, body }, append) in put.iter().zip(&append) {
        connection
            .prepare_cached("INSERT INTO record VALUES (?1, ?2)")
            .unwrap()
            .execute(params![key.name(), body])
            .unwrap();
        let mut entry = connection.prepare_cached("INSERT INTO entry (log, body) VALUES (?1, ?2)").unwrap();
        entry.execute(params![append.log.name(), append.body]).unwrap();
    }
    execute(&connection, "COMMIT");

    let store = RefCell::new(store);
    let (mut page, mut raw_page) = (0..).map(|page| page % 100 * 1_000).fuse().pair();
    let first = || {
        let from = page.next().unwrap();
        let range = all.range(from..=u64::MAX, 1_000);
        let loaded = store.borrow_mut().load(&[Want::First(range)]).unwrap();
        loaded.range(&range).unwrap().len()
    };
    let raw = || {
        let from: u64 = raw_page.next().unwrap();
        let sql = "SELECT key, body FROM record WHERE key >= ?1 ORDER BY key LIMIT 1000";
        let mut statement = connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map([all.key(from).name()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect::<Vec<([u8; 24], Vec<u8>)>>().len()
    };
    pairs.peers("page of 1,000 of 100,000 records (ns/1000 = ns per row)", first, raw, |a, b| a == b);

    let (mut page, mut raw_page) = (0..).map(|page| page % 100 * 1_000).fuse().pair();
    let log = || {
        let tail = Tail::new(all.key(0), page.next().unwrap(), 1_000);
        let loaded = store.borrow_mut().load(&[Want::Log(tail)]).unwrap();
        loaded.tail(&tail).unwrap().len()
    };
    let raw = || {
        let from: u64 = raw_page.next().unwrap();
        let sql = "SELECT number, log, body FROM entry WHERE number > ?1 ORDER BY number LIMIT 1000";
        let mut statement = connection.prepare_cached(sql).unwrap();
        let rows = statement
            .query_map([i64::try_from(from).unwrap()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<(i64, [u8; 24], Vec<u8>)>>().len()
    };
    pairs.peers("page of 1,000 of a log of 100,000 (ns/1000 = ns per row)", log, raw, |a, b| a == b);
}

/// The same sequence for both sides.
trait Pair: Sized + Clone {
    fn pair(self) -> (Self, Self) {
        (self.clone(), self)
    }
}

impl<I: Iterator<Item = u64> + Clone> Pair for I {}
