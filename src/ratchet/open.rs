//! Opening. `docs/PROTOCOL.md` §6.7.
//!
//! `examine` uses no secret but header keys. `open` makes a plan of copies, which fails or does not, and carries it out, which cannot fail.

use super::body::{self, Body};
use super::chain::Chain;
use super::header::{Header, HeaderKeys, Tag};
use super::lane::Lane;
use super::message::{self, Envelope};
use super::plan::{Place, gone};
use super::skipped::{BlockChange, BlockId, Ledger, SkippedBlock, index_of, pass};
use super::{Ratchet, RatchetError, Receiving};
use crate::crypto::mlkem;
use crate::pairwise::{AnswerKey, FirstChain, FirstOpened, Role};
use crate::time::Timestamp;

/// A message's place in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Its chain, by tag.
    pub chain: Tag,
    /// Its number in the chain, from 0.
    pub number: u32,
}

/// Messages that were not seen when a later one opened. They may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Position,
    /// How many there are.
    pub count: u32,
}

/// A message whose header is authentic and unmasked.
#[derive(Debug)]
pub struct Examined<'m> {
    envelope: Envelope<'m>,
    header: Header,
    wants: Wants,
}

/// What is needed to open a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// A block of kept keys.
    pub block: Option<BlockId>,
    /// The secret of the first answer with this ciphertext, ct3: ask [`Awaiting::k3`](crate::handshake::Awaiting::k3).
    pub answer: Option<mlkem::Ciphertext>,
}

/// What [`Wants`] asked for.
#[derive(Debug, Default)]
pub struct Given {
    /// The block.
    pub block: Option<SkippedBlock>,
    /// k3.
    pub answer: Option<AnswerKey>,
}

/// A message that opened. To be handed on once the ratchet and the blocks are stored, in one write.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Opened {
    /// What the other side said.
    pub content: Vec<u8>,
    /// Where in the session it stands.
    pub position: Position,
    /// Whether it was passed by a message that opened before.
    pub is_late: bool,
    /// Messages that it passed: at most one gap in the chain before and one in its own.
    pub gaps: Vec<Gap>,
    /// Blocks to store and to delete.
    pub blocks: Vec<BlockChange>,
    /// Whether it closed the lane.
    pub closed_lane: bool,
}

/// The header of a message of an initiator's first chain.
pub(super) fn first_header(keys: &HeaderKeys, message: &[u8]) -> Result<Header, RatchetError> {
    if message::tag(message)? != keys.tag() {
        return Err(RatchetError::UnknownTag);
    }
    let header = Envelope::split(message, false)?.header(keys)?;
    if header.previous == 0 && header.epoch == 0 { Ok(header) } else { Err(RatchetError::BadHeader) }
}

/// Opens the message beside an `Initial`, before there is a session (§5.6). Nothing comes of it but its content.
pub fn open_first<'a>(
    first: FirstChain<'a>,
    message: &[u8],
) -> Result<FirstOpened<'a, Vec<u8>>, RatchetError> {
    let keys = HeaderKeys::of(first.header());
    let header = first_header(&keys, message)?;
    let mut chain = Chain::new(first.chain().duplicate());
    pass(&mut chain, header.number);
    let key = chain.take().ok_or(RatchetError::BadHeader)?;
    let padded = Envelope::split(message, false)?.open(&key, &first.associated_data())?;
    let Body { fields, content } = body::decode(&padded, Role::Initiator)?;
    Lane::answerer().check(&fields)?;
    Ok(first.opened(content))
}

impl Examined<'_> {
    /// What [`Ratchet::open`] needs.
    pub const fn wants(&self) -> &Wants {
        &self.wants
    }
}

impl Ratchet {
    /// Authenticates the header of a message, and says what is needed to open it. Steps 1 to 3 of §6.7; what it costs does not
    /// depend on what the header says.
    pub fn examine<'m>(&self, message: &'m [u8]) -> Result<Examined<'m>, RatchetError> {
        let place = self.locate(message::tag(message)?)?;
        let (keys, answers) = self.keys_of(place).ok_or(RatchetError::UnknownTag)?;
        let envelope = Envelope::split(message, answers)?;
        let header = envelope.header(keys)?;
        let answer = header.answer.clone().filter(|_| matches!(place, Place::Next));
        let block = self.wanted_block(place, &header);
        Ok(Examined { envelope, header, wants: Wants { block, answer } })
    }

    /// Opens a message. Nothing has changed if this fails; otherwise everything has.
    pub fn open(
        &mut self,
        examined: Examined<'_>,
        given: Given,
        now: Timestamp,
    ) -> Result<Opened, RatchetError> {
        let Examined { envelope, header, .. } = examined;
        let place = self.locate(envelope.tag)?;
        let wanted = self.wanted_block(place, &header);
        if given.block.as_ref().map(SkippedBlock::id) != wanted {
            return Err(RatchetError::NotGiven);
        }
        let plan = self.plan(place, &envelope, &header, given, now)?;
        Ok(self.commit(plan, now))
    }

    fn locate(&self, tag: Tag) -> Result<Place, RatchetError> {
        if self.receiving.as_ref().is_some_and(|receiving| receiving.header.tag() == tag) {
            return Ok(Place::Current);
        }
        if self.next_receiving.tag() == tag {
            return Ok(Place::Next);
        }
        if let Some(place) = self.past.closed.iter().position(|chain| chain.header.tag() == tag) {
            return Ok(Place::Closed(place));
        }
        let remembered = self.past.remembered.iter().find(|chain| chain.tag == tag);
        Err(remembered.map_or(RatchetError::UnknownTag, |chain| gone(chain.forgotten)))
    }

    /// The keys of a chain's headers, and whether these have ct3.
    fn keys_of(&self, place: Place) -> Option<(&HeaderKeys, bool)> {
        let current = self.receiving.as_ref();
        match place {
            Place::Current => current.map(|chain| (&chain.header, chain.answers(self.role()))),
            Place::Next => {
                let answers = self.role() == Role::Initiator && current.is_none();
                Some((&self.next_receiving, answers))
            }
            Place::Closed(place) => self.past.closed.get(place).map(|chain| (&chain.header, chain.answers)),
        }
    }

    /// The block from which a late message takes its key, or in which the keys begin that a message passes.
    fn wanted_block(&self, place: Place, header: &Header) -> Option<BlockId> {
        let block = |tag, ledger: &Ledger, number| {
            let index = index_of(number);
            ledger.has(index).then_some(BlockId { tag, index })
        };
        let current = |passed_to: u32| {
            let Receiving { chain, header, ledger, .. } = self.receiving.as_ref()?;
            if passed_to == chain.next() {
                None
            } else {
                block(header.tag(), ledger, passed_to.min(chain.next()))
            }
        };
        match place {
            Place::Current => current(header.number),
            Place::Next => current(header.previous),
            Place::Closed(place) => {
                let chain = self.past.closed.get(place)?;
                block(chain.header.tag(), &chain.ledger, header.number)
            }
        }
    }
}
