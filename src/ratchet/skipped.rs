//! Keys of messages that were passed: blocks outside the session, and the list of them inside. `docs/PROTOCOL.md` §6.10.

use super::chain::{Chain, MESSAGES, MessageKey};
use super::header::{HeaderKeys, Tag};
use crate::crypto::secret::Secret;
use crate::time::{Span, Timestamp};

/// Numbers of a block.
pub(super) const BLOCK: u32 = 64;
const MOST_KEYS: usize = 64;
/// The most keys that one message leaves behind in a chain.
const KEPT_AT_ONCE: u32 = 1_000;
/// The most blocks of a session.
pub(super) const MAX_BLOCKS: usize = 64;
/// The most closed chains of which blocks are kept.
const MAX_CLOSED: usize = 16;
/// The most closed chains whose tags are remembered.
const MAX_REMEMBERED: usize = 8;
/// How long a block is kept after a key was last put into it.
const KEPT_FOR: Span = Span::from_days(30);

/// Which record a block is, within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// The tag of the chain.
    pub tag: Tag,
    /// The number of its first message divided by 64.
    pub index: u32,
}

/// Keys of up to 64 consecutive messages of a chain, to be stored beside the session.
pub struct SkippedBlock {
    pub(super) id: BlockId,
    /// By rising number within the block. Copied, never moved, and with room for all: a list that grows or gives something away leaves
    /// bytes behind.
    pub(super) keys: Vec<(u32, Secret<32>)>,
}

/// What happens to a block in the write that stores the session.
#[derive(Debug)]
pub enum BlockChange {
    /// It is stored, in place of the one that may be there.
    Put(SkippedBlock),
    /// It is deleted.
    Delete(BlockId),
}

/// That a block is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) index: u32,
    pub(super) at: Timestamp,
}

/// What is kept of one chain.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By rising index.
    pub(super) blocks: Vec<Kept>,
    /// Whether keys were dropped.
    pub(super) forgotten: bool,
}

/// A closed chain of which keys are kept.
pub(super) struct Closed {
    pub(super) header: HeaderKeys,
    pub(super) length: u32,
    /// Whether it is the responder's first.
    pub(super) answers: bool,
    pub(super) ledger: Ledger,
}

/// A closed chain of which none are.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) tag: Tag,
    pub(super) forgotten: bool,
}

/// The closed chains, oldest first.
#[derive(Default)]
pub(super) struct Past {
    pub(super) closed: Vec<Closed>,
    pub(super) remembered: Vec<Remembered>,
}

/// The keys that a chain leaves behind when it moves on.
pub(super) struct Run {
    pub(super) from: u32,
    pub(super) to: u32,
    keys: Vec<(u32, MessageKey)>,
}

/// The block that a number belongs to.
pub(super) const fn index_of(number: u32) -> u32 {
    number / BLOCK
}

/// Moves a chain on to message `to`, and takes the keys that it passes, as far as they are kept.
pub(super) fn pass(chain: &mut Chain, to: u32) -> Run {
    let (from, to) = (chain.next(), to.min(MESSAGES));
    let kept_from = to.saturating_sub(KEPT_AT_ONCE).max(from);
    let kept = usize::try_from(to.saturating_sub(kept_from)).unwrap_or(0);
    let mut keys = Vec::with_capacity(kept);
    while chain.next() < to {
        let number = chain.next();
        if number < kept_from {
            chain.advance();
        } else {
            keys.extend(chain.take().map(|key| (number, key)));
        }
    }
    Run { from, to, keys }
}

impl SkippedBlock {
    /// Which record this is.
    pub const fn id(&self) -> BlockId {
        self.id
    }

    pub(super) fn new(id: BlockId) -> Self {
        Self { id, keys: Vec::with_capacity(MOST_KEYS) }
    }

    pub(super) fn push(&mut self, number: u32, key: &Secret<32>) {
        self.keys.push((number % BLOCK, key.duplicate()));
    }

    /// Takes the key of a message out.
    pub(super) fn take(&mut self, number: u32) -> Option<MessageKey> {
        let number = number % BLOCK;
        let (_, key) = self.keys.iter().find(|(held, _)| *held == number)?;
        let key = MessageKey(key.duplicate());
        let mut rest = Self::new(self.id);
        self.keys.iter().filter(|(held, _)| *held != number).for_each(|(held, key)| rest.push(*held, key));
        *self = rest;
        Some(key)
    }
}

impl core::fmt::Debug for SkippedBlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SkippedBlock({:?}, {} keys)", self.id, self.keys.len())
    }
}

impl Ledger {
    pub(super) fn has(&self, index: u32) -> bool {
        self.blocks.iter().any(|kept| kept.index == index)
    }

    /// Whether a block is kept and not too old.
    pub(super) fn is_usable(&self, index: u32, now: Timestamp) -> bool {
        self.blocks.iter().any(|kept| kept.index == index && now <= kept.at.min(now).plus(KEPT_FOR))
    }

    /// Puts the keys of a run into blocks; `started` is the one that is already kept, if the run begins in it. New keys do not make
    /// older ones younger that are too old: these go.
    pub(super) fn keep(
        &mut self,
        tag: Tag,
        run: &Run,
        started: Option<SkippedBlock>,
        now: Timestamp,
    ) -> Vec<BlockChange> {
        self.forgotten |= run.keys.first().is_some_and(|(first, _)| *first > run.from);
        let mut blocks: Vec<SkippedBlock> = Vec::new();
        let held = started.is_some();
        let mut started = started.filter(|block| self.is_usable(block.id.index, now));
        self.forgotten |= held && started.is_none();
        for (number, key) in &run.keys {
            let id = BlockId { tag, index: index_of(*number) };
            if blocks.last().is_none_or(|block| block.id != id) {
                let block = started.take_if(|block| block.id == id);
                blocks.push(block.unwrap_or_else(|| SkippedBlock::new(id)));
            }
            if let Some(block) = blocks.last_mut() {
                block.push(*number, &key.0);
            }
        }
        for block in &blocks {
            self.blocks.retain(|kept| kept.index != block.id.index);
            self.blocks.push(Kept { index: block.id.index, at: now });
        }
        blocks.into_iter().map(BlockChange::Put).collect()
    }

    /// What becomes of a block of which a key was taken.
    pub(super) fn put_back(&mut self, block: SkippedBlock) -> BlockChange {
        if block.keys.is_empty() {
            self.blocks.retain(|kept| kept.index != block.id.index);
            BlockChange::Delete(block.id)
        } else {
            BlockChange::Put(block)
        }
    }

    /// Drops what is too old.
    fn expire(&mut self, tag: Tag, now: Timestamp) -> Vec<BlockId> {
        let mut dropped = Vec::new();
        self.blocks.retain_mut(|kept| {
            kept.at = kept.at.min(now);
            let stays = now <= kept.at.plus(KEPT_FOR);
            dropped.extend((!stays).then_some(BlockId { tag, index: kept.index }));
            stays
        });
        self.forgotten |= !dropped.is_empty();
        dropped
    }

    fn drop_block(&mut self, index: u32) {
        self.blocks.retain(|kept| kept.index != index);
        self.forgotten = true;
    }
}

impl Past {
    /// Takes a chain that ended.
    pub(super) fn close(&mut self, chain: Closed) {
        if chain.ledger.blocks.is_empty() {
            self.remember(Remembered { tag: chain.header.tag(), forgotten: chain.ledger.forgotten });
        } else {
            self.closed.push(chain);
        }
    }

    fn remember(&mut self, chain: Remembered) {
        self.remembered.push(chain);
        let excess = self.remembered.len().saturating_sub(MAX_REMEMBERED);
        self.remembered.drain(..excess);
    }

    /// Keeps the limits of number and age, and says which blocks that drops. `current` is the chain that is not closed.
    pub(super) fn tidy(&mut self, current: Option<(Tag, &mut Ledger)>, now: Timestamp) -> Vec<BlockId> {
        let mut dropped = Vec::new();
        let mut current = current;
        if let Some((tag, ledger)) = &mut current {
            dropped.extend(ledger.expire(*tag, now));
        }
        for chain in &mut self.closed {
            dropped.extend(chain.ledger.expire(chain.header.tag(), now));
        }
        let excess = self.closed.len().saturating_sub(MAX_CLOSED);
        for chain in self.closed.iter_mut().take(excess) {
            let tag = chain.header.tag();
            dropped.extend(chain.ledger.blocks.drain(..).map(|kept| BlockId { tag, index: kept.index }));
            chain.ledger.forgotten = true;
        }
        dropped.extend(self.drop_oldest(current));
        self.forget_empty();
        dropped
    }

    fn drop_oldest(&mut self, current: Option<(Tag, &mut Ledger)>) -> Vec<BlockId> {
        let closed = self.closed.iter_mut().map(|chain| (chain.header.tag(), &mut chain.ledger));
        let mut chains: Vec<_> = closed.chain(current).collect();
        let mut blocks: Vec<(Timestamp, usize, u32)> = Vec::new();
        for (place, (_, ledger)) in chains.iter().enumerate() {
            blocks.extend(ledger.blocks.iter().map(|kept| (kept.at, place, kept.index)));
        }
        blocks.sort_unstable();
        let excess = blocks.len().saturating_sub(MAX_BLOCKS);
        let mut dropped = Vec::with_capacity(excess);
        for (_, place, index) in blocks.into_iter().take(excess) {
            if let Some((tag, ledger)) = chains.get_mut(place) {
                ledger.drop_block(index);
                dropped.push(BlockId { tag: *tag, index });
            }
        }
        dropped
    }

    /// Of a chain without blocks only the tag stays.
    fn forget_empty(&mut self) {
        let (kept, empty) =
            core::mem::take(&mut self.closed).into_iter().partition(|chain| !chain.ledger.blocks.is_empty());
        self.closed = kept;
        let empty: Vec<Closed> = empty;
        for chain in empty {
            self.remember(Remembered { tag: chain.header.tag(), forgotten: chain.ledger.forgotten });
        }
    }

    /// Drops one block, if it is listed.
    pub(super) fn forget(&mut self, current: Option<(Tag, &mut Ledger)>, block: BlockId) {
        let closed = self.closed.iter_mut().map(|chain| (chain.header.tag(), &mut chain.ledger));
        let mut listed =
            closed.chain(current).filter(|(tag, ledger)| *tag == block.tag && ledger.has(block.index));
        if let Some((_, ledger)) = listed.next() {
            ledger.drop_block(block.index);
        }
        drop(listed);
        self.forget_empty();
    }

    /// When the next block is too old.
    pub(super) fn next_expiry(&self, current: Option<&Ledger>) -> Option<Timestamp> {
        let closed = self.closed.iter().map(|chain| &chain.ledger);
        let blocks = closed.chain(current).flat_map(|ledger| &ledger.blocks);
        blocks.map(|kept| kept.at.plus(KEPT_FOR)).min()
    }
}
