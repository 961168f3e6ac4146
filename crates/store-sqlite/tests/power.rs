//! What a power cut leaves: of what was not synced, any part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "test support"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use sottovoce_store_sqlite::SqliteStore;
use sottovoce_store_sqlite::rusqlite::Connection;

use support::{Dice, Draft, State, database, fast_directory, state};

/// A disk writes so many bytes at once.
const SECTOR: usize = 512;

/// What was written since the last flush, and what the files held at the end.
struct Machine {
    database: Vec<u8>,
    /// The log when it was last synced, and now.
    synced: Vec<u8>,
    log: Vec<u8>,
    /// How much of the log is used by each state since the last flush; the first is the flushed one.
    states: Vec<(usize, State)>,
}

fn log_of(path: &Path) -> PathBuf {
    path.with_extension("sqlite-wal")
}

fn everything(store: &mut SqliteStore) -> State {
    let events = store.events(0, 1_000).unwrap().into_iter().map(|(_, event)| event).collect();
    State { events, ..state(store) }
}

/// Writes that are flushed now and then, the last few not. `reused`: the log starts again at its beginning, over old content.
fn machine(dice: &mut Dice, reused: bool) -> Machine {
    let directory = fast_directory();
    let path = database(&directory);
    let mut store = SqliteStore::open(&path).unwrap();
    let mut before = Vec::new();
    if reused {
        (0..20).for_each(|_| dice.draft(5_000).commit(&mut store));
        let connection = Connection::open(&path).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        before = fs::read(log_of(&path)).unwrap();
    }
    for _ in 0..dice.roll(6) {
        Draft { flush: dice.roll(3) == 0, ..dice.draft(1_500) }.commit(&mut store);
    }
    // An empty flush counts for all before it.
    let empty = dice.roll(2) == 0;
    Draft { flush: true, ..if empty { Draft::new() } else { dice.draft(1_500) } }.commit(&mut store);
    let synced = fs::read(log_of(&path)).unwrap();
    let database = fs::read(&path).unwrap();
    let mut states = vec![(used(&synced), everything(&mut store))];
    for _ in 0..=dice.roll(5) {
        dice.draft(1_500).commit(&mut store);
        states.push((used(&fs::read(log_of(&path)).unwrap()), everything(&mut store)));
    }
    assert_eq!(fs::read(&path).unwrap(), database, "no checkpoint meanwhile");
    assert!(!reused || before.len() == synced.len() && used(&synced) < used(&before), "the log was reused");
    Machine { database, synced, log: fs::read(log_of(&path)).unwrap(), states }
}

/// How far a log goes: frames whose salts are those of its header.
fn used(log: &[u8]) -> usize {
    let frames = log[32..].chunks_exact(4_096 + 24);
    32 + frames.take_while(|frame| frame[8..16] == log[16..24]).count() * (4_096 + 24)
}

impl Machine {
    /// The state after a power cut that leaves this log: one of those since the last flush.
    fn after(&self, log: &[u8]) -> usize {
        let directory = fast_directory();
        let path = database(&directory);
        fs::write(&path, &self.database).unwrap();
        fs::write(log_of(&path), log).unwrap();
        let mut store = SqliteStore::open(&path).unwrap();
        let found = everything(&mut store);
        let which = self.states.iter().rposition(|(_, state)| *state == found);
        // It also goes on from there.
        Draft::new().put(support::key(0), b"").append(support::key(1), 99, b"").flush().commit(&mut store);
        which.expect("a state that was never committed, or from before the flush")
    }

    fn flushed(&self) -> usize {
        self.states[0].0
    }

    fn end(&self) -> usize {
        self.states.last().unwrap().0
    }
}

#[test]
fn a_log_cut_anywhere_leaves_a_prefix() {
    let mut dice = Dice(1);
    let mut cuts = 0;
    for round in 0..8 {
        let machine = machine(&mut dice, false);
        let frames = (machine.flushed()..=machine.end()).step_by(4_096 + 24);
        let around = frames.flat_map(|frame| [frame.saturating_sub(1), frame, frame + 1, frame + 24]);
        let span = u64::try_from(machine.end() - machine.flushed()).unwrap();
        let anywhere = (0..60).map(|_| machine.flushed() + usize::try_from(dice.roll(span)).unwrap());
        for cut in around.chain(anywhere).filter(|cut| (machine.flushed()..=machine.end()).contains(cut)) {
            // All that lies whole before the cut is there, and nothing else.
            let expected = machine.states.iter().rposition(|(end, _)| *end <= cut).unwrap();
            let found = machine.after(&machine.log[..cut]);
            assert_eq!(machine.states[found].1, machine.states[expected].1, "round {round}, cut at {cut}");
            cuts += 1;
        }
    }
    println!("{cuts} cuts");
}

#[test]
fn sectors_that_were_not_written_or_hold_garbage_leave_a_prefix() {
    let mut dice = Dice(2);
    let mut reached = std::collections::BTreeSet::new();
    for round in 0..12 {
        let machine = machine(&mut dice, round % 4 == 3);
        for _ in 0..40 {
            let mut log = machine.log.clone();
            let often = 1 + dice.roll(200);
            for at in (machine.flushed()..log.len()).step_by(SECTOR) {
                let end = log.len().min(at + SECTOR);
                match dice.roll(often * 3) {
                    0 => {
                        (at..end).for_each(|byte| log[byte] = machine.synced.get(byte).copied().unwrap_or(0));
                    }
                    1 => (at..end).for_each(|byte| log[byte] = dice.byte()),
                    2 => log[at] ^= 1,
                    _ => {}
                }
            }
            reached.insert(machine.after(&log));
        }
    }
    assert!(reached.len() > 3, "{reached:?}");
}

/// That the tests above can fail: what is not flushed is lost, and a log whose synced part is damaged loses more.
#[test]
fn what_was_synced_is_needed() {
    let machine = machine(&mut Dice(4), false);
    assert_eq!(machine.after(&machine.log[..machine.flushed()]), 0);
    let short = machine.flushed() - 1;
    assert!(std::panic::catch_unwind(|| machine.after(&machine.log[..short])).is_err());
}
