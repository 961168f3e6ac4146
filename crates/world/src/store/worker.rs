//! One process: runs commands until it is killed, and says what was released.

use std::path::PathBuf;

use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::storage::{self, Released};
use sottovoce::time::{Span, Timestamp};

use super::breaks::{Break, Watched, application};
use super::machine::{Command, Counter, Input, Note};
use crate::Failure;

/// What a worker is told.
#[derive(Debug, clap::Args)]
pub struct Worker {
    /// The file
    #[arg(long)]
    pub(super) path: PathBuf,
    /// Which worker it is
    #[arg(long)]
    pub(super) number: u32,
    /// Its randomness, another one each time
    #[arg(long)]
    pub(super) seed: u64,
    /// The first command that was not acknowledged
    #[arg(long)]
    pub(super) from: u64,
    /// Ends after this command, and after everything that is due
    #[arg(long)]
    pub(super) last: bool,
    #[arg(long, value_enum)]
    pub(super) fault: Option<Break>,
}

struct Process {
    machine: Counter,
    store: Watched,
    random: Generator,
}

impl Worker {
    /// Runs commands. Fails if the store does.
    pub fn run(&self) -> Result<(), Failure> {
        let machine = Counter { remembers: self.fault != Some(Break::ForgottenCommands), ..Counter::new() };
        let mut seed = [0; 32];
        seed.iter_mut().zip(self.seed.to_le_bytes()).for_each(|(to, from)| *to = from);
        let random = Seed::from_bytes(seed)?.into_generator();
        let store = Watched::open(&self.path, self.fault)?;
        application(&self.path)?;
        say("ready");
        let mut process = Process { machine, store, random };
        let (worker, mut sequence) = (self.number, self.from);
        process.run(&Input::Wake, clock(sequence))?;
        loop {
            let command = Command { worker, sequence };
            say(&format!("begun {sequence}"));
            if self.fault == Some(Break::EarlyAcknowledgement) {
                say(&format!("acknowledged {sequence}"));
            }
            process.run(&Input::Command(command), clock(sequence))?;
            say(&format!("acknowledged {sequence}"));
            if self.last {
                break;
            }
            process.run(&Input::Wake, clock(sequence))?;
            sequence = sequence.saturating_add(1);
        }
        // Until nothing is due, by a clock that is past everything. It goes on, since a job's next turn is in the next millisecond.
        let mut now = Timestamp::from_millis(u64::MAX).minus(Span::from_days(1));
        while process.run(&Input::Wake, now)? > 0 {
            now = now.plus(Span::from_millis(1));
        }
        Ok(())
    }
}

/// What each worker takes for the time. They do not agree, which is as well.
fn clock(sequence: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).plus(Span::from_millis(sequence))
}

impl Process {
    /// Says what was released, and how many conflicts there were. Gives how much it was.
    fn run(&mut self, input: &Input, now: Timestamp) -> Result<usize, Failure> {
        let Self { machine, store, random } = self;
        let released = storage::run(machine, store, now, random, input);
        let Released { send, events: _, wake_at: _ } = released.map_err(|error| match error {
            storage::RunError::Store(error) => describe(&error),
            other => other.to_string(),
        })?;
        for note in &send {
            say_sent(note);
        }
        let conflicts = core::mem::take(&mut store.conflicts);
        if conflicts > 0 {
            say(&format!("conflicts {conflicts}"));
        }
        Ok(send.len())
    }
}

fn describe(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", describe(source)))
}

fn say_sent(note: &Note) {
    say(&format!("sent {note}"));
}

/// One line, at once. If nobody listens any more, the worker is about to be killed.
fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}
