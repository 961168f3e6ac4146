//! A server is away for a week, and so many items are queued for it; then it comes back. Real machines with real signatures; only how items
//! are submitted is taken from `server::hazmat`, which needs no sessions.

#![allow(clippy::print_stdout, reason = "the result")]

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::server::directory::{AccountEntry, AccountState};
use sottovoce::server::hazmat::{self, Plain, Said};
use sottovoce::server::mailbox::hazmat::{Operation, Outcome};
use sottovoce::server::mailbox::{Drained, MailboxCursor, TokenChange, What};
use sottovoce::server::{DeviceItem, Input, Item, ItemId, Kind, Output, Server, Status, Submitter, Token};
use sottovoce::storage::{MemoryStore, Released, Store, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce_store_sqlite::SqliteStore;

use super::wires::{Identities, START, domain, generator};
use crate::Failure;

/// How long the server is away.
const AWAY: Span = Span::from_days(7);
/// A mailbox takes 10,000 entries, a token 2,000 an hour: no limit but that of the link is to be met.
const ITEMS_OF_RECIPIENT: u32 = 1_000;
const SUBMITTERS: u32 = 100;
/// Nothing more comes when nothing was sent for so long.
const QUIET: Span = Span::from_secs(2 * 3_600);

/// What the outage is like.
#[derive(Debug, Args)]
pub struct Options {
    /// Items that are submitted while the server is away, at even distances
    #[arg(long, default_value_t = 1_000_000)]
    items: u32,
    /// Bytes of an item's body
    #[arg(long, default_value_t = 200)]
    body: usize,
    /// Keeps the stores in memory; otherwise they are SQLite files in the directory of temporary files
    #[arg(long)]
    memory: bool,
}

struct Side<S> {
    server: Server,
    store: S,
    identity: Identities,
    wake_at: Option<Timestamp>,
}

struct World<S> {
    /// Who sends, and who is away.
    sides: [Side<S>; 2],
    is_away: bool,
    now: Timestamp,
    rng: Generator,
    recipients: u32,
    posts: Posts,
}

/// The time that passes, and the processor's.
#[derive(Clone, Copy)]
struct Clocks {
    wall: Instant,
    processor: Duration,
}

/// What went over the wire, and when the last of it did.
struct Posts {
    frames: u64,
    bytes: usize,
    last: (Timestamp, Clocks),
}

/// Queues, catches up, and looks at what arrived. A failure if anything is missing, doubled, out of order, or not told.
pub fn main(options: &Options) -> Result<ExitCode, Failure> {
    let faults = if options.memory {
        outage(options, MemoryStore::new)
    } else {
        let directory = tempfile::tempdir()?;
        let mut number = 0;
        outage(options, || {
            number += 1;
            SqliteStore::open(directory.path().join(format!("{number}.db"))).unwrap()
        })
    };
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn outage<S: Store>(options: &Options, fresh: impl FnMut() -> S) -> usize
where
    S::Error: std::fmt::Debug,
{
    let items = options.items;
    let mut world = World::new(items.div_ceil(ITEMS_OF_RECIPIENT), fresh);
    // The link has carried something before, so that it takes more than 64 items.
    world.submit(0, options.body);
    world.pass(Span::from_secs(60));
    let (began, start) = (world.now, Clocks::now());
    world.is_away = true;
    for number in 1..=items {
        let due = began.plus(Span::from_millis(AWAY.as_millis() * u64::from(number) / u64::from(items)));
        world.pass(due.since(world.now));
        world.submit(number, options.body);
    }
    let lost = world.posts.frames;
    println!(
        "{items} items of {} B queued in 7 days, with {lost} frames that nobody answered: {}",
        options.body,
        start.rate(items, Clocks::now())
    );
    // From here on the highest memory is that of catching up.
    let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = resident("VmRSS:");
    let (came_back, start) = (world.now, Clocks::now());
    world.is_away = false;
    world.sides[1].wake_at = Some(world.now);
    while world.now.since(world.posts.last.0.max(came_back)) < QUIET {
        world.pass(Span::from_secs(60));
    }
    let (at, clocks) = world.posts.last;
    println!(
        "caught up in {} frames of {} B: {}; {} s by the clock of the servers, whose limits are 200,000 items at once and 2,000,000 an hour",
        world.posts.frames - lost,
        world.posts.bytes / usize::try_from(world.posts.frames).unwrap(),
        start.rate(items, clocks),
        at.since(came_back).as_millis() / 1_000
    );
    if let (true, Some(before), Some(peak)) = (reset, before, resident("VmHWM:")) {
        println!("memory of both servers before: {before} KiB, at its highest while catching up: {peak} KiB");
    }
    let faults = world.missing(items) + world.untold(items);
    println!("missing, doubled, out of order or not told: {faults}");
    faults
}

impl Clocks {
    fn now() -> Self {
        // Ticks of user and system, a hundred in a second, behind the name in parentheses.
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
        let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
        Self { wall: Instant::now(), processor: Duration::from_millis(ticks * 10) }
    }

    fn rate(self, items: u32, end: Self) -> String {
        let (wall, processor) = (
            (end.wall - self.wall).as_secs_f64(),
            end.processor.saturating_sub(self.processor).as_secs_f64(),
        );
        let items = f64::from(items);
        format!(
            "{:.0} items/s in {wall:.1} s; {:.0} items/s of processor time",
            items / wall,
            items / processor
        )
    }
}

/// A line of what the system says of this process, in KiB.
fn resident(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|row| row.strip_prefix(line)?.trim().split(' ').next()?.parse().ok())
}

fn who(kind: u8, number: u32) -> Submitter {
    let mut id = [kind; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Submitter { account: AccountId::from_bytes(id), device: DeviceId::from_bytes(named(kind, number)) }
}

fn named(kind: u8, number: u32) -> [u8; 16] {
    let mut name = [kind; 16];
    name[..4].copy_from_slice(&number.to_be_bytes());
    name
}

fn sender(number: u32) -> Submitter {
    who(0xa1, number % SUBMITTERS)
}

fn number_in(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(*bytes.first_chunk().unwrap())
}

impl<S: Store> World<S>
where
    S::Error: std::fmt::Debug,
{
    fn new(recipients: u32, mut fresh: impl FnMut() -> S) -> Self {
        let mut rng = generator(1);
        let sides = ["a.test", "b.test"].map(|name| {
            let identity = Identities::found(name, &mut rng);
            Side { server: identity.start(1), store: fresh(), identity, wake_at: None }
        });
        let posts = Posts { frames: 0, bytes: 0, last: (START, Clocks::now()) };
        let mut world = Self { sides, is_away: false, now: START, rng, recipients, posts };
        (0..SUBMITTERS).for_each(|number| world.account(0, who(0xa1, number), &format!("u{number}@a.test")));
        for number in 0..recipients {
            let owner = who(0xb1, number);
            world.account(1, owner, &format!("u{number}@b.test"));
            let add = TokenChange::Add(Token::from_bytes(named(0x70, number)));
            world.mailboxes(1, Operation::Tokens(owner.account, add));
        }
        for (side, other) in [(0, 1), (1, 0)] {
            let identity = &world.sides[other].identity;
            let bound = Box::new(identity.bound(START));
            let introduce = hazmat::Input::Introduce(identity.manifest.domain().clone(), bound);
            world.plain(side, &introduce);
        }
        world
    }

    fn account(&mut self, side: usize, who: Submitter, address: &str) {
        let entry = AccountEntry {
            account: who.account,
            address: address.parse().unwrap(),
            order: Order { term: 0, version: 1 },
            manifest_hash: Hash::of(b"manifest"),
            devices: vec![who.device],
            state: AccountState::Open,
            findable: true,
        };
        self.mailboxes(side, Operation::Account(entry));
    }

    fn plain(&mut self, side: usize, input: &hazmat::Input) -> Vec<Said> {
        let Side { server, store, wake_at, .. } = &mut self.sides[side];
        let released = run(&Plain(server), store, self.now, &mut self.rng, input).unwrap();
        note(wake_at, released.wake_at);
        released.send
    }

    fn mailboxes(&mut self, side: usize, operation: Operation) -> Outcome {
        let said = self.plain(side, &hazmat::Input::Mailboxes(operation));
        let outcome = said.into_iter().find_map(|said| match said {
            Said::Mailboxes(outcome) => Some(*outcome),
            _ => None,
        });
        outcome.unwrap()
    }

    fn submit(&mut self, number: u32, body: usize) {
        let to = number % self.recipients;
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.resize(body.max(4), 7);
        let kind = Kind::Device(DeviceItem {
            token: Token::from_bytes(named(0x70, to)),
            device: who(0xb1, to).device,
            order: Order { term: 0, version: 1 },
            payload: None,
            body: bytes,
        });
        let submit = hazmat::Input::Submit {
            by: sender(number),
            request: RequestId::from_bytes([1; 16]),
            to: domain("b.test"),
            item: Item { id: ItemId::from_bytes(named(0, number)), kind },
        };
        assert_eq!(self.plain(0, &submit), [Said::Taken(true)]);
    }

    /// An input, and all that follows from it at once.
    fn input(&mut self, side: usize, input: Input) {
        let mut inputs = VecDeque::from([(side, input)]);
        while let Some((side, input)) = inputs.pop_front() {
            for output in self.step(side, &input) {
                match output {
                    Output::Post { to, request, frame, .. } => {
                        self.posts.frames += 1;
                        self.posts.bytes += frame.len();
                        let reply = if self.is_away { None } else { self.peer(1 - side, frame) };
                        self.posts.last = (self.now, Clocks::now());
                        let reply = reply.map(Into::into);
                        inputs.push_back((side, Input::PeerReply { to, request, reply }));
                    }
                    Output::Fetch(fetch) => {
                        let document =
                            (!self.is_away).then(|| self.sides[1 - side].identity.document.clone());
                        inputs.push_back((side, Input::Fetched { domain: fetch.host, document }));
                    }
                    Output::Reply(_) | Output::Notify(_) | Output::Push { .. } => {}
                }
            }
        }
    }

    fn step(&mut self, side: usize, input: &Input) -> Vec<Output> {
        let Side { server, store, wake_at, .. } = &mut self.sides[side];
        if *input == Input::Wake {
            *wake_at = None;
        }
        let Released { send, wake_at: earlier, .. } =
            run(server, store, self.now, &mut self.rng, input).unwrap();
        note(wake_at, earlier);
        send
    }

    fn peer(&mut self, side: usize, frame: Vec<u8>) -> Option<Vec<u8>> {
        self.step(side, &Input::Peer(frame.into())).into_iter().find_map(|output| match output {
            Output::Reply(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Lets time pass, and whoever is there do what is due.
    fn pass(&mut self, span: Span) {
        let until = self.now.plus(span);
        let there = if self.is_away { 1 } else { 2 };
        loop {
            let due =
                self.sides[..there].iter().enumerate().filter_map(|(side, it)| Some((it.wake_at?, side)));
            let Some((at, side)) = due.min().filter(|(at, _)| *at <= until) else { break };
            self.now = self.now.max(at);
            self.input(side, Input::Wake);
        }
        self.now = until;
    }

    fn drain(&mut self, side: usize, who: Submitter) -> Vec<What> {
        let mut cursor = MailboxCursor::default();
        let mut all = Vec::new();
        loop {
            let Outcome::Drained(drained) = self.mailboxes(side, Operation::Drain(who, cursor, 100)) else {
                panic!("not drained");
            };
            let Drained { entries, .. } = *drained;
            let Some(last) = entries.last() else { return all };
            cursor = MailboxCursor { entry: Some(last.place), ..cursor };
            all.extend(entries.into_iter().map(|entry| entry.what));
        }
    }

    /// Mailboxes that do not hold exactly what was sent to them, in order.
    fn missing(&mut self, items: u32) -> usize {
        let mut expected: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        (0..=items).for_each(|number| expected.entry(number % self.recipients).or_default().push(number));
        let mut wrong = 0;
        for (to, expected) in expected {
            let number = |what| match what {
                What::Item(item) => Some(number_in(&item.body)),
                What::Status(_) => None,
            };
            let found: Vec<_> = self.drain(1, who(0xb1, to)).into_iter().filter_map(number).collect();
            wrong += usize::from(found != expected);
        }
        wrong
    }

    /// Items whose submitter was not told exactly once that they were delivered, or was told something else that is final.
    fn untold(&mut self, items: u32) -> usize {
        let mut told = vec![0_u32; usize::try_from(items).unwrap() + 1];
        let mut other = 0;
        for number in 0..SUBMITTERS {
            for what in self.drain(0, who(0xa1, number)) {
                match what {
                    What::Status(it) if it.status == Status::Delivered => {
                        told[usize::try_from(number_in(it.id.as_bytes())).unwrap()] += 1;
                    }
                    What::Status(it) if matches!(it.status, Status::Waiting(_)) => {}
                    _ => other += 1,
                }
            }
        }
        other + told.iter().filter(|count| **count != 1).count()
    }
}

fn note(wake_at: &mut Option<Timestamp>, earlier: Option<Timestamp>) {
    if let Some(at) = earlier {
        *wake_at = Some(wake_at.map_or(at, |before| before.min(at)));
    }
}
