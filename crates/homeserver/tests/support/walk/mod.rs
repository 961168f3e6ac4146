//! The walking skeleton: two servers as processes with SQLite files, devices on each that send each other items, networks that lose, one
//! server that is killed and put back to an older copy of its database. Every item that was sent has to be fetched.
//!
//! ```text
//!   alice's devices ─┐                                                         ┌─ bob's devices
//!                    ├─HTTP─▶ a.test ◀──── ways that lose and count ────▶ b.test ◀─HTTP─┤
//!                    └─       SQLite                                      SQLite       ─┘
//! ```
#![allow(dead_code, reason = "each of those who include it uses its part")]

mod client;
mod dice;
mod proxy;
mod stage;
#[path = "../mod.rs"]
pub mod support;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client::{Account, Device};
use dice::Dice;
use stage::Home;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What to walk.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server, started with `--config FILE`.
    pub program: PathBuf,
    /// That each of the four devices sends.
    pub items: u32,
    pub seed: u64,
    /// Keeps the files.
    pub keep: bool,
    /// After this it has failed.
    pub patience: Duration,
    /// Clients forget what they have submitted, which has to be found.
    pub forgetful: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub submitted: usize,
    pub drained: usize,
    /// Submitted and never drained, or drained with other content.
    pub lost: usize,
    pub foreign: usize,
    /// By the clients, after they heard that their server was set back.
    pub resubmitted: u64,
    /// By the clients, because they heard nothing for long.
    pub silent: u64,
    /// How often a client heard that its server was set back.
    pub set_back: u64,
    /// Fetched more than once, and recognised by its id.
    pub twice: u64,
    pub statuses: BTreeMap<String, usize>,
    pub requests: u64,
    pub cut: u64,
    pub frames: u64,
    pub items: u64,
    pub again: u64,
    pub epochs_changed: usize,
    pub took: Duration,
}

impl Report {
    pub fn holds(&self) -> bool {
        let settled: usize = self.statuses.values().sum();
        self.lost == 0 && self.foreign == 0 && self.drained == self.submitted && settled == self.submitted
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "items submitted        {:>7}", self.submitted)?;
        writeln!(f, "items drained          {:>7}", self.drained)?;
        writeln!(f, "items lost             {:>7}", self.lost)?;
        writeln!(f, "items nobody sent      {:>7}", self.foreign)?;
        for (status, count) in &self.statuses {
            writeln!(f, "status {status:<15} {count:>7}")?;
        }
        writeln!(
            f,
            "by the clients: submitted again {} ({} after silence), suppressed by id {}, told that the server was set back {}",
            self.resubmitted, self.silent, self.twice, self.set_back
        )?;
        writeln!(
            f,
            "between the servers: {} requests, {} of them or their answers lost; {} frames with {} items, {} of them retransmissions; epochs changed {}",
            self.requests, self.cut, self.frames, self.items, self.again, self.epochs_changed
        )?;
        write!(
            f,
            "in {:.1} s: {}",
            self.took.as_secs_f64(),
            if self.holds() { "nothing is lost" } else { "FAILED" }
        )
    }
}

/// For how long forgetful clients are waited for after the last fault.
const REST: Duration = Duration::from_secs(8);

/// Items that have arrived, for alice and for bob.
#[derive(Debug)]
pub struct Arrived {
    /// For each of them.
    all: usize,
    by_side: [AtomicUsize; 2],
}

impl Arrived {
    pub fn one(&self, side: usize) {
        self.by_side[side].fetch_add(1, Ordering::SeqCst);
    }

    /// Whether so many have arrived on both sides.
    pub fn reaches(&self, percent: usize) -> bool {
        self.by_side.iter().all(|side| side.load(Ordering::SeqCst) * 100 >= self.all * percent)
    }
}

/// Walks.
pub fn walk(options: &Options) -> Result<Report, Failure> {
    let directory =
        tempfile::Builder::new().prefix("sottovoce-walk-").disable_cleanup(options.keep).tempdir()?;
    if options.keep {
        eprintln!("files: {}", directory.path().display());
    }
    let mut dice = Dice(options.seed);
    let home = |domain, dice: &mut Dice| Home::new(domain, directory.path(), &options.program, dice.next());
    let (mut a, mut b) = (home("a.test", &mut dice)?, home("b.test", &mut dice)?);
    a.meet(&b)?;
    b.meet(&a)?;
    a.start()?;
    b.start()?;
    let start = Instant::now();
    let mut alice = Account::register("alice@a.test", &a, 0, &mut dice)?;
    let mut bob = Account::register("bob@b.test", &b, 1, &mut dice)?;
    // Out of band: what people's applications do when they meet.
    let (to_alice, to_bob) = (alice.give()?, bob.give()?);
    alice.plan(&to_bob, options.items, &mut dice);
    bob.plan(&to_alice, options.items, &mut dice);
    let mut devices: Vec<Device> = alice.devices.into_iter().chain(bob.devices).collect();

    let (done, until) = (AtomicBool::new(false), start + options.patience);
    let arrived = Arrived { all: options.items as usize * 2, by_side: Default::default() };
    let result = thread::scope(|scope| {
        let run = |device: &mut Device| device.run(&arrived, &done, options.forgetful);
        let workers: Vec<_> = devices.iter_mut().map(|device| scope.spawn(move || run(device))).collect();
        let played = play(&mut a, &mut b, &arrived, until);
        let finished = || workers.iter().all(thread::ScopedJoinHandle::is_finished);
        // What forgetful clients have lost does not come: they are not waited for as long.
        let until = if options.forgetful { Instant::now() + REST } else { until };
        while played.is_ok() && !finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        done.store(true, Ordering::SeqCst);
        for worker in workers {
            worker.join().map_err(|_| "a client has panicked")??;
        }
        played
    });
    let logs = [a.kill(), b.kill()];
    result.map_err(|error| format!("{error}\n{}", logs.concat()))?;
    let report = report(&devices, [&a, &b], start.elapsed());
    if !report.holds() {
        eprintln!("{}", logs.concat());
    }
    Ok(report)
}

/// What happens to the servers meanwhile, by how much has arrived.
fn play(a: &mut Home, b: &mut Home, arrived: &Arrived, until: Instant) -> Result<(), Failure> {
    let wait = |percent: usize| {
        while !arrived.reaches(percent) {
            if Instant::now() > until {
                return Err(format!("{percent} % of the items have not arrived in time"));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    };
    // They have to find each other first: a document that was lost is not asked for again at once.
    wait(5)?;
    for home in [&*a, &*b] {
        home.way.lose(true);
    }
    wait(20)?;
    b.copy()?;
    wait(40)?;
    a.kill();
    a.start()?;
    wait(60)?;
    // What its clients submit now reaches nobody before it is killed: they alone have it then.
    a.way.lead_to(None);
    thread::sleep(Duration::from_millis(300));
    b.kill();
    b.restore()?;
    b.start()?;
    a.way.lead_to(*a.place.lock().unwrap());
    Ok(())
}

fn report(devices: &[Device], homes: [&Home; 2], took: Duration) -> Report {
    let mut report = Report { took, ..Report::default() };
    let sent: BTreeMap<_, _> = devices.iter().flat_map(Device::sent).collect();
    let mut got = BTreeMap::new();
    for device in devices {
        got.extend(device.got.iter().map(|(id, content)| (*id, (device.id(), *content))));
        for status in device.settled.values() {
            *report.statuses.entry(format!("{status:?}").to_lowercase()).or_default() += 1;
        }
        report.resubmitted += device.resubmitted;
        report.silent += device.silent;
        report.set_back += device.set_back;
        report.twice += device.twice;
    }
    report.submitted = sent.len();
    report.drained = got.len();
    report.lost = sent.iter().filter(|(id, what)| got.get(*id) != Some(what)).count();
    report.foreign = got.keys().filter(|id| !sent.contains_key(*id)).count();
    for ledger in homes.map(|home| home.way.ledger()) {
        report.requests += ledger.requests;
        report.cut += ledger.lost;
        report.frames += ledger.frames;
        report.items += ledger.items;
        report.again += ledger.again();
        report.epochs_changed += ledger.epochs_changed();
    }
    report
}
