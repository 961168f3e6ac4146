//! The sender's side of a stream. `docs/PROTOCOL.md` §7.4.

use crate::crypto::hash::Hash;
use crate::identity::ids::RequestId;
use crate::time::Timestamp;

use super::chain::step;
use super::{Batch, Position, Route, Verdicts};
use crate::server::Verdict;

/// How many places a sender remembers. A receiver that was set back further gets a new epoch.
pub const MARKS: usize = 32;

/// A place in a stream where a batch has ended, and the entry of the sender's log that it ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The number of the last item before this place; 0 at the start.
    pub number: u64,
    /// The hash of the stream here.
    pub hash: Hash,
    /// The number in the log of the last entry before this place.
    pub through: u64,
}

/// From where a sender still has everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Entries of the log with larger numbers.
    pub after: u64,
    /// Everything that was decided on since then.
    pub since: Timestamp,
}

/// How far a sender is in a stream.
///
/// Within an epoch a number belongs to one entry of the log for ever, from when a batch with it was first made: also when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    pub(super) epoch: u64,
    /// Ascending. The last one bounds what has a number.
    pub(super) marks: Vec<Mark>,
    /// The number of one of the marks.
    pub(super) acked: u64,
    pub(super) outstanding: Option<RequestId>,
    pub(super) retained: Retained,
}

/// What a position means for a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what was decided is to be reported"]
pub enum Course {
    /// It does not answer the outstanding request.
    Stale,
    /// Nothing new was taken.
    Nothing,
    /// These items were decided on.
    Acked {
        /// The place before them.
        from: Mark,
        /// The place after them.
        to: Mark,
        /// One for each.
        verdicts: Vec<Verdict>,
    },
    /// The receiver was set back to this place.
    Rewound(Mark),
    /// One of both has lost its state. What is retained goes out again in a new epoch.
    Restarted,
    /// There is no later epoch: the receiver has made one up.
    Exhausted,
}

impl Outbound {
    /// Before the first batch.
    pub fn new(route: &Route) -> Self {
        let retained = Retained::default();
        Self { epoch: 1, marks: vec![start(route, 1, 0)], acked: 0, outstanding: None, retained }
    }

    /// Before the first batch, of a log whose entries up to one are not for this receiver.
    pub fn after(route: &Route, through: u64) -> Self {
        let retained = Retained { after: through, since: Timestamp::default() };
        Self { marks: vec![start(route, 1, through)], retained, ..Self::new(route) }
    }

    /// The place that the receiver is known to have reached in this epoch.
    pub fn acked(&self) -> Mark {
        let found = self.marks.iter().find(|mark| mark.number == self.acked);
        // It is never forgotten; a record without it is not read.
        found.copied().unwrap_or(Mark { number: 0, hash: Hash::from_bytes([0; 32]), through: 0 })
    }

    /// The end of what has a number. Entries up to there belong into the next batch, whatever has become of them.
    pub fn numbered(&self) -> Mark {
        self.marks.last().copied().unwrap_or_else(|| self.acked())
    }

    /// From where everything is still there.
    pub const fn retained(&self) -> Retained {
        self.retained
    }

    /// The request whose reply counts.
    pub const fn outstanding(&self) -> Option<RequestId> {
        self.outstanding
    }

    /// Makes the batch of these entries, and remembers where it ends. They follow [`Outbound::acked`] in the log without a gap: each with its
    /// number there, its hash, and its bytes. `request` is the frame that it travels in: only the reply to that counts from now on.
    pub fn send(
        &mut self,
        route: &Route,
        request: RequestId,
        entries: Vec<(u64, Hash, Vec<u8>)>,
    ) -> Option<Batch> {
        let from = self.acked();
        let count = u64::try_from(entries.len()).ok()?;
        let number = from.number.checked_add(count)?;
        let hash = entries.iter().fold(from.hash, |hash, (_, item, _)| step(hash, *item));
        let through = entries.last().map_or(from.through, |(through, _, _)| *through);
        self.remember(Mark { number, hash, through })?;
        self.outstanding = Some(request);
        Some(Batch {
            stream: route.stream,
            epoch: self.epoch,
            first: from.number.checked_add(1)?,
            previous: from.hash,
            horizon: self.retained.since,
            items: entries.into_iter().map(|(_, _, item)| item).collect(),
        })
    }

    /// `None` if the place is known as another one: the log is not what it was.
    fn remember(&mut self, mark: Mark) -> Option<()> {
        let at = self.marks.partition_point(|known| known.number < mark.number);
        match self.marks.get(at) {
            Some(known) if known.number == mark.number => (*known == mark).then_some(()),
            Some(known) if known.through <= mark.through => None,
            _ => {
                self.marks.insert(at, mark);
                self.forget();
                Some(())
            }
        }
    }

    /// Keeps the acknowledged mark and those after it, of which the receiver has reached at most one: more likely an early one, which was
    /// sent first. The last one bounds what has a number.
    fn forget(&mut self) {
        while self.marks.len() > MARKS {
            let is_behind = self.marks.first().is_some_and(|mark| mark.number < self.acked);
            self.marks.remove(if is_behind { 0 } else { self.marks.len().saturating_sub(2) });
        }
    }

    /// What a position says. The state changes only with what it returns.
    pub fn receive(&mut self, route: &Route, reply_to: RequestId, position: &Position) -> Course {
        if self.outstanding != Some(reply_to) {
            return Course::Stale;
        }
        self.outstanding = None;
        let from = self.acked();
        if position.epoch < self.epoch && from.number == 0 {
            return Course::Nothing;
        }
        let place = |mark: &&Mark| {
            position.epoch == self.epoch
                && mark.number.checked_add(1) == Some(position.next)
                && mark.hash == position.hash
        };
        match self.marks.iter().find(place).copied() {
            Some(mark) if mark.number == from.number => Course::Nothing,
            Some(mark) if mark.number < from.number => {
                self.acked = mark.number;
                Course::Rewound(mark)
            }
            Some(to) if position.last_first <= from.number.saturating_add(1) => {
                self.acked = to.number;
                let known = from.number.saturating_add(1).saturating_sub(position.last_first);
                let verdicts = decided(&position.verdicts, known);
                Course::Acked { from, to, verdicts }
            }
            // A place ahead, but what was decided on the way there is not known any more.
            Some(_) | None => self.restart(route, position.epoch),
        }
    }

    fn restart(&mut self, route: &Route, theirs: u64) -> Course {
        let Some(epoch) = self.epoch.max(theirs).checked_add(1) else { return Course::Exhausted };
        self.begin(route, epoch, self.retained.after);
        Course::Restarted
    }

    fn begin(&mut self, route: &Route, epoch: u64, through: u64) {
        self.epoch = epoch;
        self.marks = vec![start(route, epoch, through)];
        self.acked = 0;
        self.outstanding = None;
    }

    /// Passes over entries of the log that never got a number. Earlier places are forgotten, for what follows them in the log is not all
    /// in the stream any more. `false`, and nothing has changed, if the receiver has not reached the end of what has a number.
    pub fn skip(&mut self, through: u64) -> bool {
        let mut last = self.numbered();
        let is_at_end = last.number == self.acked && last.through <= through;
        if is_at_end {
            last.through = through;
            self.marks = vec![last];
        }
        is_at_end
    }

    /// Gives up what was sent and never answered, up to an entry of the log: a new epoch begins after it. `false` if there is no later epoch.
    pub fn abandon(&mut self, route: &Route, through: u64) -> bool {
        let next = self.epoch.checked_add(1);
        if let Some(epoch) = next {
            self.begin(route, epoch, through);
        }
        next.is_some()
    }

    /// Says that the log has lost its beginning.
    pub fn trimmed(&mut self, retained: Retained) {
        self.retained = retained;
        // A place from which the next entry is gone is of no use.
        let acked = self.acked;
        self.marks.retain(|mark| mark.through >= retained.after || mark.number == acked);
    }
}

fn start(route: &Route, epoch: u64, through: u64) -> Mark {
    Mark { number: 0, hash: route.start(epoch), through }
}

/// The verdicts without those that are known.
fn decided(verdicts: &Verdicts, known: u64) -> Vec<Verdict> {
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    verdicts.iter().skip(known).collect()
}
