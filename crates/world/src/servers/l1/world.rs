//! A world of servers: something that things happen to, and that keeps its promises or does not.

use std::collections::BTreeSet;

use sottovoce::crypto::random::Generator;
use sottovoce::identity::ids::RequestId;
use sottovoce::server::frame::Frame;
use sottovoce::server::hazmat::{Input, Said};
use sottovoce::server::mailbox::TokenChange;
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::{Output, Submitter};
use sottovoce::time::{Span, Timestamp};

use super::cast::{self, BEGIN, cast, device, domain, index};
use super::host::Host;
use super::lie;
use super::plan::{Action, Kind, Plan};
use super::trace;
use super::users::{Sent, Users, submission};

/// How long faults last at most.
const FAULTS: Span = Span::from_secs(15 * 3_600);

/// What came of a plan, if nothing was broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Items that were submitted.
    pub items: u64,
    /// Frames that arrived.
    pub frames: u64,
    /// Statuses that were told.
    pub statuses: u64,
    /// Wakes after the faults had stopped.
    pub wakes: u64,
    /// Stands for everything that there was at the end.
    pub digest: u64,
}

/// Where plans are carried out: in memory, or with real processes.
pub trait World {
    /// Something happens. An error says which promise was broken.
    fn act(&mut self, action: &Action) -> Result<(), String>;
    /// Nothing goes wrong any more, and everything that was promised has to come about.
    fn heal(&mut self) -> Result<End, String>;
}

/// Something under way.
#[derive(Clone)]
pub(super) enum Flight {
    /// A frame to a server.
    Post { from: u8, to: u8, frame: Box<Frame> },
    /// What came of it.
    Reply { from: u8, to: u8, request: RequestId, frame: Option<Box<Frame>> },
    /// The document of a domain.
    Document { at: u8, about: u8 },
}

/// The world in memory.
pub struct SimWorld {
    pub(super) hosts: Vec<Host>,
    pub(super) users: Users,
    pub(super) flights: Vec<Flight>,
    history: Vec<Flight>,
    cuts: BTreeSet<(u8, u8)>,
    pub(super) now: Timestamp,
    pub(super) rng: Generator,
    pub(super) has_liar: bool,
    pub(super) frames: u64,
    /// Whether to say what happens.
    pub(super) is_loud: bool,
    /// Devices for which something may lie in their mailbox.
    unread: BTreeSet<(u8, u8)>,
}

/// Frames that are remembered, to come again.
const HISTORY: usize = 24;

impl std::fmt::Debug for SimWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimWorld({} servers)", self.hosts.len())
    }
}

impl SimWorld {
    /// The world of a plan. The generator is what servers draw from.
    pub fn new(plan: &Plan, rng: Generator) -> Self {
        let members = cast().members.iter().take(usize::from(plan.servers));
        Self {
            hosts: members.map(Host::new).collect(),
            users: Users::default(),
            flights: Vec::new(),
            history: Vec::new(),
            cuts: BTreeSet::new(),
            now: BEGIN,
            rng,
            has_liar: plan.has_liar(),
            frames: 0,
            is_loud: false,
            unread: BTreeSet::new(),
        }
    }

    /// From now on it says what happens.
    pub const fn be_loud(&mut self) {
        self.is_loud = true;
    }

    fn host(&mut self, at: u8) -> (usize, &mut Host) {
        let count = self.hosts.len();
        let at = usize::from(at) % count;
        (at, &mut self.hosts[at])
    }

    /// Runs an input, and lets go what comes of it. Gives what is for the caller.
    pub(super) fn input(&mut self, at: u8, which: u8, input: &Input) -> Result<Option<Vec<Said>>, String> {
        let host = &mut self.hosts[usize::from(at)];
        let said = host.input(usize::from(which), self.now, &mut self.rng, input)?;
        self.tell(at, || trace::input(input));
        Ok(said.map(|said| self.release(at, said)))
    }

    pub(super) fn release(&mut self, at: u8, said: Vec<Said>) -> Vec<Said> {
        let mut rest = Vec::new();
        for said in said {
            self.tell(at, || trace::said(&said));
            match said {
                Said::Post(post) => {
                    let to = index(&post.to);
                    self.flights.push(Flight::Post { from: at, to, frame: Box::new(post.frame) });
                }
                Said::Other(Output::Fetch(fetch)) => {
                    self.flights.push(Flight::Document { at, about: index(&fetch.host) });
                }
                Said::Other(Output::Notify(device)) => drop(self.unread.insert(cast::owner(device))),
                said => rest.push(said),
            }
        }
        rest
    }

    /// Says what happens, if anybody listens.
    #[expect(clippy::print_stdout, reason = "a plan is watched")]
    fn tell(&self, at: u8, what: impl FnOnce() -> String) {
        if self.is_loud {
            let seconds = self.now.since(BEGIN).as_millis() / 1_000;
            println!("{seconds:>8} s  {at}: {}", what());
        }
    }

    /// What is under way arrives.
    pub(super) fn arrive(&mut self, flight: Flight, which: u8) -> Result<(), String> {
        if self.is_cut(&flight) {
            return Ok(());
        }
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(flight.clone());
        match flight {
            Flight::Document { at, about } => {
                let bound = cast().members[usize::from(about)].bound.clone();
                let input = Input::Introduce(domain(about), Box::new(bound));
                self.input(at, which, &input).map(drop)
            }
            Flight::Post { from, to, frame } => {
                if usize::from(to) >= self.hosts.len() || !self.is_fresh(to, &frame) {
                    return Ok(());
                }
                self.frames += 1;
                let request = frame.request;
                let said = self.input(to, which, &Input::Peer(*frame))?.unwrap_or_default();
                let reply = said.into_iter().find_map(|said| match said {
                    Said::Reply(frame) => Some(frame),
                    _ => None,
                });
                self.flights.push(Flight::Reply { from: to, to: from, request, frame: reply });
                Ok(())
            }
            Flight::Reply { from, to, request, frame } => {
                let reply = frame.filter(|frame| self.is_fresh(to, frame)).map(|frame| *frame);
                self.frames += u64::from(reply.is_some());
                let input = Input::PeerReply { to: domain(from), request, reply };
                self.input(to, which, &input).map(drop)
            }
        }
    }

    /// What verifying a frame checks beside its signature.
    fn is_fresh(&self, at: u8, frame: &Frame) -> bool {
        let now = self.hosts[usize::from(at)].now(self.now);
        let skew = Span::from_secs(24 * 3_600);
        frame.expires_at.plus(skew) >= now && frame.sent_at <= now.plus(skew)
    }

    fn is_cut(&self, flight: &Flight) -> bool {
        match flight {
            Flight::Post { from, to, .. } | Flight::Reply { from, to, .. } => {
                self.cuts.contains(&(*from, *to))
            }
            Flight::Document { .. } => false,
        }
    }

    /// Takes something out of what is under way.
    fn take(&mut self, which: u8) -> Option<Flight> {
        let count = self.flights.len();
        (count > 0).then(|| self.flights.remove(usize::from(which) % count))
    }

    pub(super) fn submit(&mut self, kind: Kind, from: u8, to: u8) -> Result<(), String> {
        let number = u32::try_from(self.users.sent.len()).unwrap();
        self.users.sent.push(Sent { kind, from, to, is_taken: false, status: None, got: 0 });
        self.hand_in(number)
    }

    /// Whoever gets no answer hands in again, at once.
    pub(super) fn hand_in(&mut self, number: u32) -> Result<(), String> {
        let sent = self.users.sent[usize::try_from(number).unwrap()].clone();
        let mut is_taken = true;
        for input in submission(&sent, number) {
            let said = match self.input(sent.from, 0, &input)? {
                Some(said) => said,
                None => self.input(sent.from, 0, &input)?.unwrap_or_default(),
            };
            is_taken &= said == [Said::Taken(true)];
        }
        self.users.sent[usize::try_from(number).unwrap()].is_taken = is_taken;
        Ok(())
    }

    pub(super) fn operate(&mut self, at: u8, operation: Operation) -> Result<Option<Outcome>, String> {
        let said = self.input(at, 0, &Input::Mailboxes(operation))?.unwrap_or_default();
        Ok(said.into_iter().find_map(|said| match said {
            Said::Mailboxes(outcome) => Some(*outcome),
            _ => None,
        }))
    }

    /// The devices of a server that were notified fetch all that there is.
    pub(super) fn drain_notified(&mut self, at: u8) -> Result<(), String> {
        for which in [cast::LISTED, cast::NEW] {
            if self.unread.contains(&(at, which)) {
                self.fetch(at, which)?;
            }
        }
        Ok(())
    }

    /// All devices of a server fetch all that there is.
    pub(super) fn drain(&mut self, at: u8) -> Result<(), String> {
        self.fetch(at, cast::LISTED)?;
        self.fetch(at, cast::NEW)
    }

    fn fetch(&mut self, at: u8, which: u8) -> Result<(), String> {
        let owner = Submitter { account: cast::account(at), device: device(at, which) };
        loop {
            let cursor = self.users.cursor(at, which);
            let outcome = self.operate(at, Operation::Drain(owner, cursor, 100))?;
            let Some(Outcome::Drained(drained)) = outcome else { return Ok(()) };
            if !self.users.read((at, which), *drained)? {
                self.unread.remove(&(at, which));
                return Ok(());
            }
        }
    }

    /// Time passes, and whoever wants to be woken is.
    pub(super) fn pass(&mut self, span: Span) -> Result<(), String> {
        let until = self.now.plus(span);
        // Waits between attempts are short at first, and there are links and copies of servers.
        for _ in 0..1_000 + span.as_millis() / 2_000 {
            let next = self.hosts.iter().enumerate().filter_map(|(at, host)| Some((host.wake_at()?, at)));
            let Some((due, at)) = next.min().filter(|(due, _)| *due <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(due);
            let said = self.hosts[at].wake(self.now, &mut self.rng)?;
            self.tell(u8::try_from(at).unwrap(), || "wake".to_owned());
            self.release(u8::try_from(at).unwrap(), said);
        }
        Err("a server wants to be woken for ever".to_owned())
    }

    /// Everything about tokens and devices that a server has forgotten.
    pub(super) fn adopt(&mut self, at: u8) -> Result<(), String> {
        let admitted = self.hosts[usize::from(at)].admitted;
        self.operate(at, Operation::Account(cast::entry(at, admitted))).map(drop)
    }

    pub(super) fn admit(&mut self, at: u8) -> Result<(), String> {
        self.hosts[usize::from(at)].admitted = true;
        self.adopt(at)
    }

    fn rotate(&mut self, at: u8) -> Result<(), String> {
        for other in (0..3).filter(|other| *other != at) {
            let (old, new) = (cast::token(at, other, Kind::Good), cast::token(at, other, Kind::New));
            self.operate(at, Operation::Tokens(cast::account(at), TokenChange::Rotate { old, new }))?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, at: u8) -> Result<(), String> {
        let others = 0..u8::try_from(self.hosts.len()).unwrap();
        for other in others.filter(|other| *other != at) {
            self.input(at, 0, &Input::Resume(domain(other)))?;
        }
        Ok(())
    }

    /// The end of everything that goes wrong.
    pub(super) fn calm(&mut self) {
        self.cuts.clear();
        for host in &mut self.hosts {
            (host.clock, host.crash) = (0, None);
            host.unfork();
        }
    }

    /// Changes one that the third server sent.
    fn lie(&mut self, which: u8, how: u8) {
        let lies = |flight: &&mut Flight| match flight {
            Flight::Post { from, .. } | Flight::Reply { from, .. } => *from == 2,
            Flight::Document { .. } => false,
        };
        let mut its: Vec<_> = self.flights.iter_mut().filter(lies).collect();
        let count = its.len();
        if count == 0 {
            return;
        }
        match &mut its[usize::from(which) % count] {
            Flight::Post { frame, .. } | Flight::Reply { frame: Some(frame), .. } => lie::lie(frame, how),
            _ => {}
        }
    }
}

impl World for SimWorld {
    fn act(&mut self, action: &Action) -> Result<(), String> {
        match *action {
            Action::Submit(kind, from, to) => self.submit(kind, from, to)?,
            Action::Drain(at) => self.drain(at)?,
            Action::Arrive(which) => {
                if let Some(flight) = self.take(which) {
                    self.arrive(flight, which)?;
                }
            }
            Action::Lose(which) => drop(self.take(which)),
            Action::Fail(which) => match self.take(which) {
                Some(Flight::Post { from, to, frame }) => {
                    let reply = Flight::Reply { from: to, to: from, request: frame.request, frame: None };
                    self.flights.push(reply);
                }
                Some(Flight::Reply { from, to, request, .. }) => {
                    self.flights.push(Flight::Reply { from, to, request, frame: None });
                }
                _ => {}
            },
            Action::Repeat(which) => {
                if let Some(flight) = self.take(which) {
                    self.flights.push(flight.clone());
                    self.arrive(flight, which)?;
                }
            }
            Action::Replay(which) => {
                let count = self.history.len().max(1);
                if let Some(flight) = self.history.get(usize::from(which) % count).cloned() {
                    self.arrive(flight, which)?;
                }
            }
            // A server that has never answered is given up after a day. Deadlines have tests of their own.
            Action::Pass(_) if self.now.since(BEGIN) > FAULTS => {}
            Action::Pass(seconds) => self.pass(Span::from_secs(seconds.into()))?,
            Action::Crash(crash, at) => self.host(at).1.crash = Some(crash),
            Action::Power(at) => self.host(at).1.lose_power(),
            Action::BackUp(at) => self.host(at).1.back_up(),
            Action::Restore(at, backup) => {
                let host = self.host(at).1;
                let count = host.backups.len().max(1);
                host.restore(usize::from(backup) % count);
            }
            Action::Wipe(at) => self.host(at).1.wipe(),
            Action::Fork(at) => self.host(at).1.fork(),
            Action::Clock(at, seconds) => self.host(at).1.clock = i64::from(seconds),
            Action::Cut(from, to) => drop(self.cuts.insert((from, to))),
            Action::Mend(from, to) => drop(self.cuts.remove(&(from, to))),
            Action::Admit(at) => self.admit(at)?,
            Action::Rotate(at) => self.rotate(at)?,
            Action::Lie(which, how) => self.lie(which, how),
            Action::Resume(at) => self.resume(at)?,
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<End, String> {
        self.recover()
    }
}
