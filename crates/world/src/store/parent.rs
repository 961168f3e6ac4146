//! Starts workers, kills them, starts them again.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::thread;

use clap::ValueEnum as _;
use sottovoce_store_sqlite::SqliteStore;

use super::Options;
use super::machine::{Command, Note};
use super::report::Kills;
use crate::Failure;

/// The longest that a worker lives after the moment from which its life is counted, in microseconds.
const LIFE: u64 = 60_000;
/// The same for a worker that is about to open or create the file.
const START: u64 = 8_000;

/// What workers have said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) acknowledged: BTreeSet<Command>,
    pub(super) sent: BTreeSet<Note>,
    pub(super) conflicts: u64,
    pub(super) kills: Kills,
    /// Of workers that ended by themselves.
    pub(super) failures: Vec<String>,
}

/// What is the same for all workers.
pub(super) struct Stage<'a> {
    pub(super) options: &'a Options,
    pub(super) program: PathBuf,
    pub(super) path: PathBuf,
    pub(super) seed: u64,
    pub(super) kills_left: AtomicU64,
}

/// One of the processes, in all its lives.
struct Slot<'a> {
    stage: &'a Stage<'a>,
    worker: u32,
    dice: Dice,
    /// The first command that was not acknowledged.
    from: u64,
    said: Said,
}

/// From where a worker's life is counted.
enum Life {
    FromStart(Duration),
    FromReady(Duration),
    ToTheEnd,
}

impl Stage<'_> {
    /// Kills workers that create a file: whatever they leave can be opened. `directory` is for such files.
    pub(super) fn births(&self, count: u64, directory: &Path) -> Result<Said, Failure> {
        let mut all = Said::default();
        for birth in 0..count {
            let path = directory.join(format!("birth-{birth}.sqlite"));
            let stage = Stage {
                options: self.options,
                program: self.program.clone(),
                kills_left: AtomicU64::new(0),
                path,
                seed: self.seed,
            };
            let mut slot = Slot::new(&stage, u32::MAX, birth);
            let life = Life::FromStart(slot.dice.micros(START));
            slot.live(&life)?;
            SqliteStore::open(&stage.path)?;
            all.kills.births = all.kills.births.saturating_add(1);
            all.failures.append(&mut slot.said.failures);
        }
        Ok(all)
    }

    /// All processes at once, until enough were killed and the others have done all that is due.
    pub(super) fn play(&self) -> Result<Said, Failure> {
        let mut all = Said::default();
        thread::scope(|scope| {
            let slots: Vec<_> = (0..self.options.processes)
                .map(|worker| scope.spawn(move || Slot::new(self, worker, 0).run()))
                .collect();
            for slot in slots {
                all.add(slot.join().map_err(|_| "a thread has panicked")??);
            }
            Ok(all)
        })
    }
}

impl<'a> Slot<'a> {
    fn new(stage: &'a Stage<'a>, worker: u32, turn: u64) -> Self {
        let dice = Dice(stage.seed ^ (u64::from(worker) << 32) ^ turn);
        Self { stage, worker, dice, from: 1, said: Said::default() }
    }

    fn run(mut self) -> Result<Said, Failure> {
        let left = &self.stage.kills_left;
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let life = if self.dice.below(4) == 0 {
                Life::FromStart(self.dice.micros(START))
            } else {
                Life::FromReady(self.dice.micros(LIFE))
            };
            self.live(&life)?;
            if !self.said.failures.is_empty() {
                return Ok(self.said);
            }
        }
        self.live(&Life::ToTheEnd)?;
        Ok(self.said)
    }

    fn live(&mut self, life: &Life) -> Result<(), Failure> {
        let mut child = self.spawn(matches!(life, Life::ToTheEnd))?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(out).lines();
        let mut ready = false;
        match life {
            Life::FromStart(moment) => thread::sleep(*moment),
            Life::FromReady(moment) => {
                ready = lines.next().transpose()?.is_some();
                thread::sleep(*moment);
            }
            Life::ToTheEnd => {}
        }
        let ends = matches!(life, Life::ToTheEnd);
        if !ends {
            child.kill()?;
        }
        let mut under_way = false;
        for line in lines {
            let line = line?;
            ready |= line == "ready";
            under_way = self.hear(&line, under_way)?;
        }
        let code = child.wait()?.code();
        if code != ends.then_some(0) {
            self.said.failures.push(format!("worker {} has ended with {code:?}", self.worker));
        }
        if !ends {
            self.said.kills.count(ready, under_way);
        }
        Ok(())
    }

    fn spawn(&mut self, last: bool) -> std::io::Result<Child> {
        let mut program = Program::new(&self.stage.program);
        program.arg("store-worker").arg("--path").arg(&self.stage.path);
        program.args(["--number".to_owned(), self.worker.to_string()]);
        program.args(["--seed".to_owned(), self.dice.next().to_string()]);
        program.args(["--from".to_owned(), self.from.to_string()]);
        if let Some(fault) = self.stage.options.fault.and_then(|fault| fault.to_possible_value()) {
            program.args(["--fault", fault.get_name()]);
        }
        if last {
            program.arg("--last");
        }
        program.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
    }

    /// Takes down a line. Gives whether a command is under way after it, given whether one was before.
    fn hear(&mut self, line: &str, under_way: bool) -> Result<bool, Failure> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "begun" => return Ok(true),
            "acknowledged" => {
                let sequence = rest.parse()?;
                self.said.acknowledged.insert(Command { worker: self.worker, sequence });
                self.from = sequence.saturating_add(1);
                return Ok(false);
            }
            "sent" => {
                self.said.sent.insert(rest.parse()?);
            }
            "conflicts" => self.said.conflicts = self.said.conflicts.saturating_add(rest.parse()?),
            _ => {}
        }
        Ok(under_way)
    }
}

impl Said {
    pub(super) fn add(&mut self, mut other: Self) {
        self.acknowledged.append(&mut other.acknowledged);
        self.sent.append(&mut other.sent);
        self.conflicts = self.conflicts.saturating_add(other.conflicts);
        self.kills.add(other.kills);
        self.failures.append(&mut other.failures);
    }
}

/// Numbers that follow from the seed.
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    fn micros(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.below(end))
    }
}
