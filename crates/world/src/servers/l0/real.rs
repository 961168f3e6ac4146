//! The library's rules: `sottovoce::server::stream`, around a log in memory.

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::ids::{RequestId, ServerId};
use sottovoce::server::stream::{Batch, Course, Inbound, Outbound, Position, Route, StreamId, Window};
use sottovoce::server::{self as library, Reason, Verdict};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use super::rules::{Code, Item, Rules};

/// The library's rules.
#[derive(Clone, Debug)]
pub struct Real {
    route: Route,
    /// What items hash to.
    hashes: Vec<Hash>,
}

/// The library's state, and the log that a link keeps beside it. Entries are numbered from 1.
#[derive(Clone, Debug)]
pub struct Sender {
    stream: Outbound,
    log: Vec<(Item, Fate)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Decided,
    Parked,
}

impl Real {
    /// Between two servers.
    pub fn new() -> Self {
        let [from, to] = [1, 2].map(|byte| ServerId::from_bytes([byte; 32]));
        let hashes = (0..u8::MAX).map(|item| library::Item::hash(&[item])).collect();
        Self { route: Route { from, to, stream: StreamId::DATA }, hashes }
    }
}

impl Default for Real {
    fn default() -> Self {
        Self::new()
    }
}

impl Sender {
    fn after(&self, through: u64) -> impl Iterator<Item = (u64, &(Item, Fate))> {
        (1..).zip(&self.log).filter(move |(number, _)| *number > through)
    }

    /// The verdicts on the entries that follow.
    fn judge(&mut self, through: u64, verdicts: &[Verdict]) -> Vec<(Item, Code)> {
        let through = usize::try_from(through).unwrap();
        let mut said = Vec::new();
        for (at, verdict) in (through..).zip(verdicts) {
            let (item, _) = self.log[at];
            let code = match verdict.code {
                library::Code::Accepted => Code::Accepted,
                library::Code::Refused(_) | library::Code::Gone => Code::Refused,
                library::Code::Busy(_) => Code::Busy,
            };
            self.log[at].1 = if code == Code::Busy { Fate::Parked } else { Fate::Decided };
            // It may have been taken once, by a receiver that was restored since: then it waits again, unless it does already.
            let waits = self.log.iter().skip(at + 1).any(|&entry| entry == (item, Fate::Open));
            if code != Code::Busy || !waits {
                said.push((item, code));
            }
        }
        said
    }
}

impl Rules for Real {
    type Sender = Sender;
    type Receiver = Inbound;
    type Batch = Batch;
    type Position = Position;

    fn sender(&self) -> Sender {
        Sender { stream: Outbound::new(&self.route), log: Vec::new() }
    }

    fn receiver(&self) -> Inbound {
        Inbound::new()
    }

    fn enqueue(&self, sender: &mut Sender, item: Item) {
        sender.log.push((item, Fate::Open));
    }

    fn pending(&self, sender: &Sender) -> usize {
        sender.after(sender.stream.acked().through).count()
    }

    fn is_pending(&self, sender: &Sender, item: Item) -> bool {
        sender.after(sender.stream.acked().through).any(|(_, entry)| *entry == (item, Fate::Open))
    }

    fn send(&self, sender: &mut Sender, request: u32, items: usize) -> Batch {
        let entries = sender.after(sender.stream.acked().through).take(items);
        let entry = |(number, &(item, _))| (number, self.hashes[usize::from(item)], vec![item]);
        let entries = entries.map(entry).collect();
        sender.stream.send(&self.route, request_id(request), entries).expect("the log is what it was")
    }

    fn outstanding(&self, sender: &Sender) -> Option<u32> {
        sender.stream.outstanding().map(|request| {
            let [.., a, b, c, d] = *request.as_bytes();
            u32::from_be_bytes([a, b, c, d])
        })
    }

    fn receive(
        &self,
        receiver: &mut Inbound,
        batch: &Batch,
        decide: &mut dyn FnMut(Item) -> Code,
    ) -> Position {
        if let Some(admission) = receiver.admit(&self.route, batch) {
            let items = || batch.items.iter().map(|item| item[0]);
            let verdict = |item| match decide(item) {
                Code::Accepted => Verdict::of(library::Code::Accepted),
                Code::Busy => Verdict::of(library::Code::Busy(Span::from_secs(1))),
                Code::Refused => Verdict::of(library::Code::Refused(Reason::Unknown)),
            };
            let hashes: Vec<_> = items().map(|item| self.hashes[usize::from(item)]).collect();
            let verdicts = items().map(verdict).collect();
            *receiver = admission.accept(&hashes, verdicts).expect("one of each for every item");
        }
        receiver.position(&self.route, Window { max_items: 100, max_bytes: 1_000_000, not_before: None })
    }

    fn apply(&self, sender: &mut Sender, request: u32, position: &Position) -> Vec<(Item, Code)> {
        match sender.stream.receive(&self.route, request_id(request), position) {
            Course::Acked { from, to: _, verdicts } => sender.judge(from.through, &verdicts),
            Course::Stale | Course::Nothing | Course::Rewound(_) | Course::Restarted | Course::Exhausted => {
                Vec::new()
            }
        }
    }

    fn agree(&self, sender: &Sender, receiver: &Inbound) -> bool {
        let mut probe = sender.stream.clone();
        let window = Window { max_items: 1, max_bytes: 1, not_before: None };
        let request = request_id(u32::MAX);
        let is_made = probe.send(&self.route, request, Vec::new()).is_some();
        let course = probe.receive(&self.route, request, &receiver.position(&self.route, window));
        is_made && matches!(course, Course::Nothing | Course::Acked { .. })
    }

    fn epoch(&self, sender: &Sender) -> u64 {
        let mut probe = sender.stream.clone();
        probe.send(&self.route, request_id(u32::MAX), Vec::new()).expect("a probe").epoch
    }

    fn encode_sender(&self, sender: &Sender, to: &mut Vec<u8>) {
        let mut bytes = sender.stream.encode().expect("a record");
        if let Some(request) = sender.stream.outstanding() {
            let id = request.as_bytes();
            let at = bytes.windows(id.len()).position(|window| window == id).expect("it is in there");
            bytes.drain(at..at + id.len());
        }
        with_length(to, &bytes);
        with_length(to, &sender.log.iter().flat_map(|&(item, fate)| [item, fate as u8]).collect::<Vec<_>>());
    }

    fn encode_receiver(&self, receiver: &Inbound, to: &mut Vec<u8>) {
        with_length(to, &receiver.encode().expect("a record"));
    }

    fn encode_batch(&self, batch: &Batch, to: &mut Vec<u8>) {
        with_length(to, &batch.encode().expect("a message"));
    }

    fn encode_position(&self, position: &Position, to: &mut Vec<u8>) {
        with_length(to, &position.encode().expect("a message"));
    }
}

/// Bytes that occur nowhere else.
fn request_id(number: u32) -> RequestId {
    let mut bytes = [0xee; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    RequestId::from_bytes(bytes)
}

fn with_length(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    to.extend(bytes);
}
