//! Whether the disk is really asked: counts the system calls of a child process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "test support")]
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::process::Command;

use sottovoce::storage::Store as _;
use sottovoce_store_sqlite::SqliteStore;

use support::{Draft, child, database, directory, key};

const PATH: &str = "SOTTOVOCE_TEST_PATH";

/// Whether a phase may sync so often.
type Allowed = fn(usize) -> bool;

/// The child's phases, and how often each may sync.
const PHASES: [(&str, Allowed); 11] = [
    ("open", |_| true),
    ("ten-unflushed", |syncs| syncs == 0),
    ("first-empty-flush", |syncs| syncs >= 1),
    ("second-empty-flush", |syncs| syncs == 0),
    ("one-flushed", |syncs| syncs == 1),
    ("ten-flushed", |syncs| syncs == 10),
    ("flush-that-changes-nothing", |syncs| syncs == 0),
    ("ten-unflushed-again", |syncs| syncs == 0),
    ("flush-that-changes-nothing-after-unflushed", |syncs| syncs == 1),
    ("conflict", |syncs| syncs == 0),
    // It cannot know whether who wrote last was killed while it flushed.
    ("first-empty-flush-of-another-handle", |syncs| syncs >= 1),
];

#[test]
fn a_flush_syncs_and_nothing_else_does() {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success())
    {
        println!("skipped: no strace, or it may not trace");
        return;
    }
    let directory = directory();
    let trace = directory.path().join("trace");
    let run = child("writes_in_phases");
    let mut command = Command::new("strace");
    command.args(["-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync,statx", "-o"]).arg(&trace);
    command.arg(run.get_program()).args(run.get_args()).env(PATH, database(&directory));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let trace = fs::read_to_string(trace).unwrap();
    let mut rest = trace.as_str();
    for (name, expected) in PHASES {
        let (before, after) = rest.split_once(&format!("phase-{name}\"")).expect(name);
        assert!(!before.contains("phase-"), "{name}");
        let lines = after.lines().take_while(|line| !line.contains("phase-"));
        let syncs = lines.filter(|line| line.contains("sync(") && line.ends_with("= 0")).count();
        println!("{syncs:>2} syncs: {name}");
        assert!(expected(syncs), "{syncs} syncs: {name}");
        rest = after;
    }
}

#[test]
#[ignore = "a child of a_flush_syncs_and_nothing_else_does"]
fn writes_in_phases() {
    let path = std::env::var_os(PATH).expect("runs as a child of another test");
    // A system call that leaves its argument in the trace.
    let phase = |name: &str| assert!(fs::metadata(format!("phase-{name}")).is_err());
    let put = |body: u8| Draft::new().put(key(1), &[body]).append(key(2), body, &[body]).event(&[body]);

    phase("open");
    let mut store = SqliteStore::open(&path).unwrap();
    phase("ten-unflushed");
    (0..10).for_each(|body| put(body).commit(&mut store));
    phase("first-empty-flush");
    Draft::new().flush().commit(&mut store);
    phase("second-empty-flush");
    Draft::new().flush().commit(&mut store);
    phase("one-flushed");
    put(20).flush().commit(&mut store);
    phase("ten-flushed");
    (10..20).for_each(|body| put(body).flush().commit(&mut store));
    phase("flush-that-changes-nothing");
    Draft::new().delete(key(5)).append(key(2), 20, b"").flush().commit(&mut store);
    phase("ten-unflushed-again");
    (30..40).for_each(|body| put(body).commit(&mut store));
    phase("flush-that-changes-nothing-after-unflushed");
    Draft::new().delete(key(5)).append(key(2), 20, b"").flush().commit(&mut store);
    phase("conflict");
    let _ = put(50).expect(key(1), None).flush().apply(&mut store).unwrap();
    store.lock().unwrap();
    store.unlock();
    phase("first-empty-flush-of-another-handle");
    let mut other = SqliteStore::open(path).unwrap();
    Draft::new().flush().commit(&mut other);
    phase("end");
}
