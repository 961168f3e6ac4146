//! One server: its process, its store, its clock, and what becomes of them.

use sottovoce::crypto::random::Generator;
use sottovoce::server::Server;
use sottovoce::server::hazmat::{Input, Plain, Said};
use sottovoce::storage::{Loaded, MemoryStore, Outcome, Store, Want, Write, run};
use sottovoce::time::{Span, Timestamp};

use super::cast::Member;
use super::plan::Crash;

/// A store in memory that forgets what was not flushed, if the power fails.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) live: MemoryStore,
    flushed: Option<MemoryStore>,
}

impl Disk {
    pub(super) const fn new(live: MemoryStore) -> Self {
        Self { live, flushed: None }
    }

    fn lose_power(&mut self) {
        if let Some(flushed) = self.flushed.take() {
            self.live = flushed;
        }
    }
}

impl Store for Disk {
    type Error = <MemoryStore as Store>::Error;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Self::Error> {
        self.live.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Self::Error> {
        let before = (!write.flush && self.flushed.is_none()).then(|| self.live.clone());
        let outcome = self.live.apply(write)?;
        match (outcome, write.flush) {
            (Outcome::Committed, true) => self.flushed = None,
            // The first write since the last flush: what was there before is what stays.
            (Outcome::Committed, false) => self.flushed = self.flushed.take().or(before),
            (Outcome::Conflict, _) => {}
        }
        Ok(outcome)
    }
}

/// A process.
struct Process {
    server: Server,
    disk: Disk,
    wake_at: Option<Timestamp>,
}

/// A server.
pub(super) struct Host {
    member: &'static Member,
    processes: Vec<Process>,
    started: u8,
    pub(super) backups: Vec<(Disk, bool)>,
    /// Seconds before or behind the others.
    pub(super) clock: i64,
    pub(super) crash: Option<Crash>,
    /// Whether it lists the new device.
    pub(super) admitted: bool,
    /// Whether it ever was what it had been before.
    pub(super) was_set_back: bool,
    /// Whether two processes ever ran.
    pub(super) was_forked: bool,
}

impl Host {
    pub(super) fn new(member: &'static Member) -> Self {
        let mut host = Self {
            member,
            processes: Vec::new(),
            started: 0,
            backups: Vec::new(),
            clock: 0,
            crash: None,
            admitted: false,
            was_set_back: false,
            was_forked: false,
        };
        host.start(Disk::new(member.ready.clone()));
        host
    }

    /// A new process on a disk. Its first input is a wake.
    fn start(&mut self, disk: Disk) {
        self.started = self.started.wrapping_add(1);
        let server = self.member.identities.start(self.started);
        self.processes.push(Process { server, disk, wake_at: Some(Timestamp::from_millis(0)) });
    }

    pub(super) fn now(&self, now: Timestamp) -> Timestamp {
        let span = Span::from_secs(self.clock.unsigned_abs());
        if self.clock < 0 { now.minus(span) } else { now.plus(span) }
    }

    /// When it wants to be woken, on everybody's clock.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let earliest = self.processes.iter().filter_map(|process| process.wake_at).min()?;
        let span = Span::from_secs(self.clock.unsigned_abs());
        Some(if self.clock < 0 { earliest.plus(span) } else { earliest.minus(span) })
    }

    /// What its store holds.
    pub(super) fn disk(&self) -> &Disk {
        &self.processes[0].disk
    }

    /// Runs an input on one of the processes. `None` if nothing comes out, because it crashed.
    pub(super) fn input(
        &mut self,
        which: usize,
        now: Timestamp,
        rng: &mut Generator,
        input: &Input,
    ) -> Result<Option<Vec<Said>>, String> {
        let which = which % self.processes.len();
        let now = self.now(now);
        match self.crash.take() {
            None => self.processes[which].input(now, rng, input).map(Some),
            Some(Crash::Before) => {
                self.restart(which);
                Ok(None)
            }
            Some(Crash::After) => {
                drop(self.processes[which].input(now, rng, input)?);
                self.restart(which);
                Ok(None)
            }
            Some(Crash::Ambiguous) => {
                drop(self.processes[which].input(now, rng, input)?);
                self.processes[which].input(now, rng, input).map(Some)
            }
        }
    }

    fn restart(&mut self, which: usize) {
        let Process { disk, .. } = self.processes.remove(which);
        self.start(disk);
        let last = self.processes.len() - 1;
        self.processes.swap(which, last);
    }

    /// Wakes whichever process asked for it first.
    pub(super) fn wake(&mut self, now: Timestamp, rng: &mut Generator) -> Result<Vec<Said>, String> {
        let local = self.now(now);
        let due = |(_, process): &(usize, &Process)| process.wake_at.is_some_and(|at| at <= local);
        let Some((which, _)) = self.processes.iter().enumerate().find(due) else { return Ok(Vec::new()) };
        Ok(self.input(which, now, rng, &Input::Wake)?.unwrap_or_default())
    }

    pub(super) fn lose_power(&mut self) {
        for which in 0..self.processes.len() {
            self.processes[which].disk.lose_power();
            self.restart(which);
        }
    }

    pub(super) fn back_up(&mut self) {
        self.backups.push((self.disk().clone(), self.admitted));
    }

    /// What is put back is all that there is.
    pub(super) fn restore(&mut self, backup: usize) {
        if let Some((disk, admitted)) = self.backups.get(backup).cloned() {
            (self.was_set_back, self.admitted) = (true, admitted);
            self.processes.clear();
            self.start(disk);
        }
    }

    pub(super) fn wipe(&mut self) {
        (self.was_set_back, self.admitted) = (true, false);
        self.processes.clear();
        self.start(Disk::new(self.member.bare.clone()));
    }

    pub(super) fn fork(&mut self) {
        if self.processes.len() == 1 {
            self.was_forked = true;
            self.start(self.disk().clone());
        }
    }

    /// Both processes end, and one is started.
    pub(super) fn unfork(&mut self) {
        if self.processes.len() > 1 {
            let disk = self.disk().clone();
            self.processes.clear();
            self.start(disk);
        }
    }
}

impl Process {
    fn input(&mut self, now: Timestamp, rng: &mut Generator, input: &Input) -> Result<Vec<Said>, String> {
        if *input == Input::Wake {
            self.wake_at = None;
        }
        let released = run(&Plain(&self.server), &mut self.disk, now, rng, input)
            .map_err(|error| format!("a step fails: {error:?}"))?;
        if let Some(at) = released.wake_at {
            self.wake_at = Some(self.wake_at.map_or(at, |before| before.min(at)));
        }
        Ok(released.send)
    }
}
