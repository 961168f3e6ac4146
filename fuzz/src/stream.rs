//! A stream between two ends that lose frames and are set back, in any order that the input says. `docs/PROTOCOL.md` §7.4.

use sottovoce::identity::ids::{RequestId, ServerId};
use sottovoce::server::stream::{
    Admission, Batch, Course, Inbound, MARKS, Outbound, Position, Route, StreamId, Verdicts, Window,
};
use sottovoce::server::{Code, Item, Reason, Verdict};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

const ROUTE: Route =
    Route { from: ServerId::from_bytes([1; 32]), to: ServerId::from_bytes([2; 32]), stream: StreamId::DATA };
const WINDOW: Window = Window { max_items: 1_000, max_bytes: 1 << 20, not_before: None };

/// What is to be decided about an item, by its bytes alone, so that every verdict can be looked up.
fn verdict(item: &[u8]) -> Verdict {
    Verdict::of(match item.last().map(|last| last % 5) {
        Some(1) => Code::Refused(Reason::Unknown),
        Some(2) => Code::Busy(Span::from_secs(60)),
        Some(3) => Code::Gone,
        _ => Code::Accepted,
    })
}

#[derive(Clone)]
struct Sender {
    stream: Outbound,
    /// Everything that was ever taken: entry n at n - 1.
    log: Vec<Vec<u8>>,
}

#[derive(Clone)]
struct Receiver {
    stream: Inbound,
    decided: Vec<Vec<u8>>,
}

/// Both ends, what is on its way, and what they were.
struct Ends {
    sender: Sender,
    receiver: Receiver,
    frames: Vec<(RequestId, Batch)>,
    replies: Vec<(RequestId, Position)>,
    was: (Sender, Receiver),
    requests: u64,
    unanswered: usize,
    items: u64,
    is_honest: bool,
}

impl Ends {
    fn new() -> Self {
        let sender = Sender { stream: Outbound::new(&ROUTE), log: Vec::new() };
        let receiver = Receiver { stream: Inbound::new(), decided: Vec::new() };
        let was = (sender.clone(), receiver.clone());
        let (frames, replies) = (Vec::new(), Vec::new());
        Self { sender, receiver, frames, replies, was, requests: 0, unanswered: 0, items: 0, is_honest: true }
    }

    fn enqueue(&mut self, kind: u8) {
        self.items += 1;
        self.sender.log.push([&self.items.to_be_bytes()[..], &[kind]].concat());
    }

    fn send(&mut self, most: usize) {
        self.requests += 1;
        self.unanswered += 1;
        // Places that a sender has forgotten cost a new epoch, as if somebody had been set back.
        self.is_honest &= self.unanswered < MARKS;
        let mut request = [0; 16];
        request[..8].copy_from_slice(&self.requests.to_be_bytes());
        let request = RequestId::from_bytes(request);
        let acked = self.sender.stream.acked();
        let entries =
            (acked.through..).zip(&self.sender.log[usize::try_from(acked.through).expect("small")..]);
        let entries = entries.take(most).map(|(before, item)| (before + 1, Item::hash(item), item.clone()));
        let batch = self.sender.stream.send(&ROUTE, request, entries.collect());
        let batch = batch.expect("the log is what it was");
        assert_eq!(Batch::decode(&batch.encode().expect("small")).as_ref(), Ok(&batch));
        self.frames.push((request, batch));
    }

    fn deliver(&mut self, which: usize) {
        let Some((request, batch)) = self.frames.get(which).cloned() else { return };
        let before = self.receiver.stream.clone();
        if let Some(admission) = before.admit(&ROUTE, &batch) {
            let verdicts: Verdicts = batch.items.iter().map(|item| verdict(item)).collect();
            let hashes = batch.hashes();
            self.receiver.stream = Admission::accept(admission, &hashes, verdicts).expect("as many");
            self.receiver.decided.extend(batch.items.iter().cloned());
            assert!(self.receiver.stream.admit(&ROUTE, &batch).is_none(), "the same batch twice");
        }
        let position = self.receiver.stream.position(&ROUTE, WINDOW);
        assert_eq!(Position::decode(&position.encode().expect("small")).as_ref(), Ok(&position));
        self.replies.push((request, position));
    }

    fn hear(&mut self, which: usize) {
        let Some((request, position)) = self.replies.get(which).cloned() else { return };
        match self.sender.stream.receive(&ROUTE, request, &position) {
            Course::Acked { from, to, verdicts } => {
                self.unanswered = 0;
                assert_eq!(u64::try_from(verdicts.len()), Ok(to.number - from.number), "one for each");
                let [from, to] = [from, to].map(|mark| usize::try_from(mark.through).expect("small"));
                let expected: Vec<_> = self.sender.log[from..to].iter().map(|item| verdict(item)).collect();
                assert_eq!(verdicts, expected, "each item has its verdict");
            }
            Course::Exhausted => panic!("nobody has made an epoch up"),
            Course::Rewound(_) | Course::Restarted => assert!(!self.is_honest, "nobody was set back"),
            Course::Stale | Course::Nothing => {}
        }
        let again = self.sender.stream.receive(&ROUTE, request, &position);
        assert_eq!(again, Course::Stale, "a reply counts once");
    }

    fn act(&mut self, operation: u8, argument: u8) {
        let which = usize::from(argument);
        match operation % 10 {
            0 | 1 => self.enqueue(argument),
            2 => self.send(which % 40),
            3 => self.deliver(self.frames.len().saturating_sub(1)),
            4 => self.deliver(which % self.frames.len().max(1)),
            5 => self.hear(self.replies.len().saturating_sub(1)),
            6 => self.hear(which % self.replies.len().max(1)),
            7 => self.was = (self.sender.clone(), self.receiver.clone()),
            8 => {
                self.is_honest = false;
                if which & 1 != 0 {
                    self.sender = self.was.0.clone();
                }
                if which & 2 != 0 {
                    self.receiver = self.was.1.clone();
                }
            }
            _ => {
                let lost = which % self.frames.len().max(1);
                drop((lost < self.frames.len()).then(|| self.frames.remove(lost)));
                self.replies.truncate(which);
            }
        }
        self.check();
    }

    fn check(&self) {
        let Sender { stream, log } = &self.sender;
        assert_eq!(Outbound::decode(&stream.encode().expect("small")).as_ref(), Ok(stream));
        let inbound = self.receiver.stream.encode().expect("small");
        assert_eq!(Inbound::decode(&inbound).as_ref(), Ok(&self.receiver.stream));
        assert!(stream.encode().expect("small").len() <= Outbound::MAX_BYTES && MARKS == 32);
        if self.is_honest {
            let decided = self.receiver.decided.len();
            assert_eq!(self.receiver.decided, log[..decided], "each once, in order");
            assert!(
                stream.acked().through <= u64::try_from(decided).expect("small"),
                "nothing is taken for decided"
            );
        }
    }

    /// Whatever has happened, once nothing is lost any more, everything arrives.
    fn finish(&mut self) {
        let all = u64::try_from(self.sender.log.len()).expect("small");
        for _ in 0..6 {
            self.send(1_000);
            self.deliver(self.frames.len() - 1);
            self.hear(self.replies.len() - 1);
            self.check();
        }
        assert_eq!(self.sender.stream.acked().through, all, "the stream stands still");
        let missing = self.sender.log.iter().find(|item| !self.receiver.decided.contains(item));
        assert_eq!(missing, None, "an item was lost");
    }
}

pub(super) fn stream_ends(data: &[u8]) {
    let mut ends = Ends::new();
    for pair in data.chunks(2).take(400) {
        if let [operation, argument] = pair {
            ends.act(*operation, *argument);
        }
    }
    ends.finish();
}
