//! What opening a message will change: made of copies, then carried out at once. `docs/PROTOCOL.md` §6.7, steps 4 to 7.

use super::body::{self, Body};
use super::chain::{Chain, MessageKey};
use super::header::{Header, HeaderKeys};
use super::lane::Lane;
use super::message::Envelope;
use super::open::{Gap, Given, Opened, Position};
use super::root::{self, NewChain, Stepped};
use super::skipped::{BlockChange, Closed, Ledger, Run, SkippedBlock, index_of, pass};
use super::{Ratchet, RatchetError, Receiving, Sending};
use crate::pairwise::{AnswerKey, ChainPlace, Role};
use crate::time::Timestamp;

/// Which chain a message belongs to.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Current,
    Next,
    /// Which of the closed ones.
    Closed(usize),
}

/// All that opening a message changes.
pub(super) struct Plan {
    place: Place,
    position: Position,
    key: KeyFrom,
    new: Option<New>,
    body: Body,
}

/// Where the message's key came from.
enum KeyFrom {
    /// A block, from which it was taken.
    Block(SkippedBlock),
    /// Its chain, which has moved on.
    Chain(Moved),
}

/// A chain that has moved on.
struct Moved {
    chain: Chain,
    passed: Run,
    /// The block in which the passed keys begin, if it is kept already.
    started: Option<SkippedBlock>,
}

/// A chain that begins.
struct New {
    stepped: Stepped,
    receiving: Receiving,
    /// The chain before it, moved on to its end.
    before: Option<Moved>,
    /// The length of the sending chain that ends.
    sent: u32,
    /// The answerer's lane after a step that mixed its secret, and when that was made.
    mixed: Option<(Lane, Timestamp)>,
}

/// Why there is no key.
pub(super) const fn gone(forgotten: bool) -> RatchetError {
    if forgotten { RatchetError::TooOld } else { RatchetError::Used }
}

impl Ratchet {
    /// Everything that may fail.
    pub(super) fn plan(
        &self,
        place: Place,
        envelope: &Envelope<'_>,
        header: &Header,
        given: Given,
        now: Timestamp,
    ) -> Result<Plan, RatchetError> {
        let number = header.number;
        let Given { block, answer } = given;
        let (key, new) = match (place, &self.receiving) {
            (Place::Closed(place), _) => {
                let chain = self.past.closed.get(place).ok_or(RatchetError::UnknownTag)?;
                if number >= chain.length {
                    return Err(RatchetError::BadHeader);
                }
                (late(&chain.ledger, block, number, now)?, None)
            }
            (Place::Current, Some(current)) => {
                current.accepts(header)?;
                if number < current.chain.next() {
                    (late(&current.ledger, block, number, now)?, None)
                } else {
                    (move_to(&current.chain, number, block)?, None)
                }
            }
            (Place::Next | Place::Current, current) => {
                let new = self.follow(current.as_ref(), header, block, answer)?;
                (move_to(&new.receiving.chain, number, None)?, Some(new))
            }
        };
        let (key, message_key) = key;
        let padded = envelope.open(&message_key, &self.bound.received)?;
        let body = body::decode(&padded, self.role().other())?;
        let mixed = new.as_ref().and_then(|new| new.mixed.as_ref()).map(|(lane, _)| lane);
        if !self.receive_only {
            mixed.unwrap_or(&self.lane).check(&body.fields)?;
        }
        Ok(Plan { place, position: Position { chain: envelope.tag, number }, key, new, body })
    }

    /// The step that begins the other side's next chain.
    fn follow(
        &self,
        current: Option<&Receiving>,
        header: &Header,
        block: Option<SkippedBlock>,
        answer: Option<AnswerKey>,
    ) -> Result<New, RatchetError> {
        // An initiator that was set back to its beginning has sealed nothing that could have been answered.
        let open = match &self.sending {
            Sending::Open(open) if open.chain.next() > 0 => open,
            Sending::Open(_) | Sending::Due(_) => return Err(RatchetError::Ahead),
        };
        let Header { ratchet_key, previous, epoch, .. } = *header;
        let least = current.map_or(0, |current| current.chain.next());
        let most = if current.is_some() { u32::MAX } else { 0 };
        let is_new = current.is_none_or(|current| current.ratchet_key != ratchet_key);
        if !(least..=most).contains(&previous) || !is_new {
            return Err(RatchetError::BadHeader);
        }
        let answering = match epoch {
            0 => None,
            _ => Some(self.lane.answering(epoch).ok_or(RatchetError::BadHeader)?),
        };
        let answer = if self.role() == Role::Initiator && current.is_none() {
            let answer = answer.filter(|answer| answer.transcript() == self.transcript);
            Some(answer.ok_or(RatchetError::NotGiven)?)
        } else {
            None
        };
        let mixed = answer.as_ref().map(AnswerKey::secret).or(answering.map(|answering| &answering.secret));
        let shared = open.ratchet_secret.diffie_hellman(&ratchet_key)?;
        let direction = self.role().receives();
        let new = NewChain { direction, epoch, sender: &ratchet_key, receiver: &open.ratchet_key };
        let stepped = root::step(&self.root, &shared, mixed, &new);
        Ok(New {
            receiving: Receiving {
                chain: Chain::new(stepped.chain.duplicate()),
                header: self.next_receiving.duplicate(),
                ratchet_key,
                previous,
                epoch,
                ledger: Ledger::default(),
            },
            stepped,
            before: current.map(|current| Moved::to(&current.chain, previous, block)),
            sent: open.chain.next(),
            mixed: answering.map(|answering| (Lane::collect_next(answering), answering.made)),
        })
    }

    /// The one point at which state changes. Nothing here fails.
    pub(super) fn commit(&mut self, plan: Plan, now: Timestamp) -> Opened {
        let Plan { place, position, key, new, body: Body { fields, content } } = plan;
        let mut changes = Changes { now, gaps: Vec::new(), blocks: Vec::new() };
        let newest = new.as_ref().map(|new| &new.receiving).or(self.receiving.as_ref());
        let is_first = newest.is_some_and(|chain| chain.previous == 0);
        if let Some(new) = new {
            self.begin_chain(new, &mut changes);
        }
        let is_late = matches!(key, KeyFrom::Block(_));
        match key {
            KeyFrom::Block(block) => {
                changes.blocks.extend(self.ledger(place).map(|ledger| ledger.put_back(block)));
            }
            KeyFrom::Chain(moved) => {
                if let Some(receiving) = &mut self.receiving {
                    receiving.move_on(moved, &mut changes);
                }
            }
        }
        let current = self.receiving.as_mut().map(|chain| (chain.header.tag(), &mut chain.ledger));
        let dropped = self.past.tidy(current, now);
        // None of these is to be stored: what one message keeps is the newest, and less than what a session has room for.
        changes.blocks.extend(dropped.into_iter().map(BlockChange::Delete));
        let place = if is_first { ChainPlace::First } else { ChainPlace::Later };
        self.standing = self.standing.opened(place);
        let was_closed = self.lane.is_closed();
        if !self.receive_only {
            self.lane.absorb(fields);
        }
        let closed_lane = self.lane.is_closed() && !was_closed;
        let Changes { gaps, blocks, .. } = changes;
        Opened { content, position, is_late, gaps, blocks, closed_lane }
    }

    /// Ends the current chain and the sending one, and begins the next.
    fn begin_chain(&mut self, new: New, changes: &mut Changes) {
        let New { stepped, receiving, before, sent, mixed } = new;
        let answers = self.receiving.as_ref().is_some_and(|ended| ended.answers(self.role()));
        if let (Some(mut ended), Some(moved)) = (self.receiving.take(), before) {
            ended.move_on(moved, changes);
            let Receiving { chain, header, ledger, .. } = ended;
            self.past.close(Closed { header, length: chain.next(), answers, ledger });
        }
        self.receiving = Some(receiving);
        self.root = stepped.root;
        self.next_receiving = HeaderKeys::of(&stepped.next_header);
        self.links.received = Some(stepped.link);
        self.sending = Sending::Due(sent);
        if let Some((lane, made)) = mixed {
            self.lane = lane;
            self.healing.post_quantum = made;
        }
    }

    fn ledger(&mut self, place: Place) -> Option<&mut Ledger> {
        match place {
            Place::Closed(place) => self.past.closed.get_mut(place).map(|chain| &mut chain.ledger),
            Place::Current | Place::Next => self.receiving.as_mut().map(|chain| &mut chain.ledger),
        }
    }
}

/// What the application is told of a commit.
struct Changes {
    now: Timestamp,
    gaps: Vec<Gap>,
    blocks: Vec<BlockChange>,
}

impl Moved {
    fn to(chain: &Chain, number: u32, started: Option<SkippedBlock>) -> Self {
        let mut chain = chain.duplicate();
        let passed = pass(&mut chain, number);
        Self { chain, passed, started }
    }
}

impl Receiving {
    /// [`RatchetError::BadHeader`] if a header is not one of this chain.
    fn accepts(&self, header: &Header) -> Result<(), RatchetError> {
        let of_chain = (self.ratchet_key, self.previous, self.epoch);
        let is_it = (header.ratchet_key, header.previous, header.epoch) == of_chain;
        if is_it { Ok(()) } else { Err(RatchetError::BadHeader) }
    }

    fn move_on(&mut self, moved: Moved, changes: &mut Changes) {
        let Moved { chain, passed, started } = moved;
        let tag = self.header.tag();
        if passed.from < passed.to {
            let count = passed.to.saturating_sub(passed.from);
            changes.gaps.push(Gap { from: Position { chain: tag, number: passed.from }, count });
        }
        changes.blocks.extend(self.ledger.keep(tag, &passed, started, changes.now));
        self.chain = chain;
    }
}

/// The key of a message that was passed.
fn late(
    ledger: &Ledger,
    block: Option<SkippedBlock>,
    number: u32,
    now: Timestamp,
) -> Result<(KeyFrom, MessageKey), RatchetError> {
    let index = index_of(number);
    let is_usable = ledger.is_usable(index, now);
    let mut block = block.filter(|_| is_usable).ok_or(gone(ledger.forgotten || ledger.has(index)))?;
    let key = block.take(number).ok_or(gone(ledger.forgotten))?;
    Ok((KeyFrom::Block(block), key))
}

/// The key of a message that is ahead in its chain, or the next.
fn move_to(
    chain: &Chain,
    number: u32,
    started: Option<SkippedBlock>,
) -> Result<(KeyFrom, MessageKey), RatchetError> {
    let mut moved = Moved::to(chain, number, started);
    let key = moved.chain.take().ok_or(RatchetError::BadHeader)?;
    Ok((KeyFrom::Chain(moved), key))
}
