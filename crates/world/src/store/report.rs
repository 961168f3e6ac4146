//! What came of a world.

use core::fmt;
use core::sync::atomic::AtomicU64;

use super::Options;
use super::account::Account;
use super::parent::Stage;
use crate::Failure;

/// Of so many kills, one is in the first moments of a new file.
const BIRTHS: u64 = 10;

/// What came of it.
#[derive(Debug)]
pub struct Report {
    account: Account,
    kills: Kills,
    conflicts: u64,
    failures: Vec<String>,
    options: Options,
    seed: u64,
    seconds: f64,
}

/// Kills, by what the worker was doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kills {
    pub(super) births: u64,
    starting: u64,
    in_command: u64,
    between: u64,
}

impl Report {
    /// Runs the world. An error is one of the machinery, such as a program that cannot be started.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        let start = clock::Start::now();
        let seed = options.seed.unwrap_or_else(clock::seed);
        let directory =
            tempfile::Builder::new().prefix("sottovoce-world-").disable_cleanup(options.keep).tempdir()?;
        let program = options.program.clone().map_or_else(std::env::current_exe, Ok)?;
        let path = directory.path().join("store.sqlite");
        let births = options.kill.checked_div(BIRTHS).unwrap_or(0);
        let kills_left = AtomicU64::new(options.kill.saturating_sub(births));
        let stage = Stage { options, program, path, seed, kills_left };

        let mut said = stage.births(births, directory.path())?;
        said.add(stage.play()?);
        let account = Account::of(&stage.path, options.processes, &said)?;
        Ok(Self {
            account,
            kills: said.kills,
            conflicts: said.conflicts,
            failures: said.failures,
            options: options.clone(),
            seed,
            seconds: start.seconds(),
        })
    }

    /// Whether every promise was kept, and the world was hard enough to show it.
    pub fn holds(&self) -> bool {
        let kills = self.kills;
        self.account.holds()
            && self.failures.is_empty()
            && kills.total() >= self.options.kill
            && (kills.in_command > 0 || self.options.kill < 20)
            && (self.conflicts > 0 || self.options.processes < 2)
    }

    /// What was found, in words.
    pub fn findings(&self) -> Vec<String> {
        self.failures.iter().chain(self.account.findings()).cloned().collect()
    }
}

impl Kills {
    pub(super) const fn count(&mut self, ready: bool, in_command: bool) {
        let kind = match (ready, in_command) {
            (_, true) => &mut self.in_command,
            (true, false) => &mut self.between,
            (false, false) => &mut self.starting,
        };
        *kind = kind.saturating_add(1);
    }

    pub(super) const fn add(&mut self, other: Self) {
        let Self { births, starting, in_command, between } = other;
        self.births = self.births.saturating_add(births);
        self.starting = self.starting.saturating_add(starting);
        self.in_command = self.in_command.saturating_add(in_command);
        self.between = self.between.saturating_add(between);
    }

    const fn total(&self) -> u64 {
        let Self { births, starting, in_command, between } = *self;
        births.saturating_add(starting).saturating_add(in_command).saturating_add(between)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, kills, conflicts, failures, options, seed, seconds } = self;
        writeln!(f, "processes            {:>8}", options.processes)?;
        writeln!(f, "kills                {:>8}", kills.total())?;
        writeln!(f, "  creating the file  {:>8}", kills.births)?;
        writeln!(f, "  starting           {:>8}", kills.starting)?;
        writeln!(f, "  within a command   {:>8}", kills.in_command)?;
        writeln!(f, "  elsewhere          {:>8}", kills.between)?;
        writeln!(f, "conflicts            {conflicts:>8}")?;
        write!(f, "{account}")?;
        writeln!(f, "workers that failed  {:>8}", failures.len())?;
        writeln!(f, "seconds              {seconds:>8.1}")?;
        writeln!(f, "seed                 {seed}")?;
        self.findings().iter().try_for_each(|finding| writeln!(f, "! {finding}"))?;
        f.write_str(if self.holds() { "everything holds" } else { "DOES NOT HOLD" })
    }
}

/// The world may look at the clock; the library may not.
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the world measures time")]
mod clock {
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    pub(super) struct Start(Instant);

    impl Start {
        pub(super) fn now() -> Self {
            Self(Instant::now())
        }

        pub(super) fn seconds(&self) -> f64 {
            self.0.elapsed().as_secs_f64()
        }
    }

    /// Another one each time.
    pub(super) fn seed() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs().wrapping_mul(1_000_000).wrapping_add(since.subsec_micros().into())
    }
}
