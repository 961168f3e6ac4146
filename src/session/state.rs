//! What is kept of a session beside its ratchet, and where everything of it lies. `docs/PROTOCOL.md` §9.1, §9.8.

use super::body::{Ack, History, Linking};
use super::lineage::{is_near, is_within};
use crate::crypto::hash::Hash;
use crate::handshake::{Answering, Awaiting};
use crate::identity::ids::{AccountId, DeviceId};
use crate::ratchet::{BlockId, Gap, Position, Tag};
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// For how long a gap is named.
const PATIENCE: Span = Span::from_days(3);
/// For how long it is named before others.
const YOUNG: Span = Span::from_days(1);
/// How many gaps are remembered.
const MAX_GAPS: usize = 16;
/// How many are named in a body.
pub(super) const MAX_NAMED: usize = 8;

/// One session, apart from its ratchet.
#[derive(Debug)]
pub struct SessionState {
    /// The account of the other side.
    pub account: AccountId,
    /// The device of the other side.
    pub device: DeviceId,
    pub(super) handshake: Unfinished,
    /// H of the `Initial` that it was made of, at the side that did not begin it.
    pub(super) initial: Option<Hash>,
    /// The newest message that was sealed.
    pub(super) sealed: Option<Ack>,
    /// The newest message that was opened.
    pub(super) opened: Option<Ack>,
    pub(super) gaps: Vec<UnfilledGap>,
}

/// What is left of the handshake until the first answer.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// Nothing.
    Done,
    /// This device has begun, and not heard yet.
    Awaiting(Awaiting, Option<Linking>),
    /// The other one has begun, and was not answered yet.
    Answering(Answering),
}

/// A gap, and when it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnfilledGap {
    gap: Gap,
    found: Timestamp,
}

/// Whose session a tag belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTag {
    /// th2.
    pub session: Hash,
    /// The account of the other side.
    pub account: AccountId,
    /// The device of the other side.
    pub device: DeviceId,
}

impl SessionState {
    pub(super) const fn new(account: AccountId, device: DeviceId, handshake: Unfinished) -> Self {
        Self { account, device, handshake, initial: None, sealed: None, opened: None, gaps: Vec::new() }
    }

    /// Where it is kept.
    pub fn key(vault: &Vault, session: &Hash) -> Key {
        vault.partition(Table::SESSIONS, session.as_bytes()).key(0)
    }

    /// What to repeat until the first answer.
    pub(super) fn initial_bytes(&self) -> Option<&[u8]> {
        match &self.handshake {
            Unfinished::Awaiting(awaiting, _) => Some(awaiting.initial()),
            Unfinished::Done | Unfinished::Answering(_) => None,
        }
    }

    /// What the session follows, until the first answer.
    pub(super) fn linking(&self) -> Option<Linking> {
        match &self.handshake {
            Unfinished::Awaiting(_, linking) => linking.clone(),
            Unfinished::Done | Unfinished::Answering(_) => None,
        }
    }

    /// The history before the next message to be sealed.
    pub(super) fn before(&self) -> History {
        self.sealed.map(|sealed| sealed.history).unwrap_or_default()
    }

    /// A message was sealed.
    pub(super) fn seal(&mut self, position: Position, message: &[u8]) {
        let history = self.before().with(message);
        self.sealed = Some(Ack { chain: position.chain, next: position.number.saturating_add(1), history });
    }

    /// A message that is newer than all opened before. Whether it follows the newest directly and says that it follows another.
    pub(super) fn open(
        &mut self,
        position: Position,
        message: &[u8],
        before: History,
        follows: bool,
    ) -> bool {
        let earlier = self.opened.map(|opened| opened.history).unwrap_or_default();
        let history = before.with(message);
        self.opened = Some(Ack { chain: position.chain, next: position.number.saturating_add(1), history });
        follows && before != earlier
    }

    /// Whether an ack speaks of what was not sealed here.
    pub(super) fn is_impossible(&self, ack: &Ack) -> bool {
        let Some(sealed) = &self.sealed else { return false };
        let is_same_chain = ack.chain == sealed.chain;
        is_same_chain
            && (ack.next > sealed.next || (ack.next == sealed.next && ack.history != sealed.history))
    }

    /// Gaps that a message has made.
    pub(super) fn miss(&mut self, gaps: &[Gap], now: Timestamp) {
        let new = |gap: &Gap| UnfilledGap { gap: *gap, found: now };
        self.gaps.extend(gaps.iter().map(new));
    }

    /// Messages have come late, or again.
    pub(super) fn fill(&mut self, came: &Gap) {
        self.gaps = self.gaps.iter().flat_map(|gap| gap.without(came)).collect();
    }

    /// Gaps for a body, oldest first: whoever reads as many knows nothing of what comes after the last. Those that have stayed open for a
    /// day, because nothing was said there or what repairs them was lost too, give way to others.
    pub(super) fn named_gaps(&self, now: Timestamp) -> impl Iterator<Item = Gap> {
        let is_young = move |gap: &&UnfilledGap| is_within(gap.found, now, YOUNG);
        let young = self.gaps.iter().filter(is_young);
        young.chain(self.gaps.iter().filter(move |gap| !is_young(gap))).take(MAX_NAMED).map(|gap| gap.gap)
    }

    /// Takes out the gaps that are given up: those that are too old, and the oldest of too many.
    pub(super) fn give_up(&mut self, now: Timestamp) -> Vec<Gap> {
        let (mut over, mut kept): (Vec<_>, Vec<_>) = self.gaps.iter().partition(|gap| gap.is_over(now));
        over.extend(kept.drain(..kept.len().saturating_sub(MAX_GAPS)));
        self.gaps = kept;
        over.into_iter().map(|gap: UnfilledGap| gap.gap).collect()
    }
}

impl UnfilledGap {
    fn is_over(&self, now: Timestamp) -> bool {
        !is_near(self.found, now, PATIENCE)
    }

    /// What is left of it when these messages have come: nothing, one part, or two.
    fn without(&self, came: &Gap) -> Vec<Self> {
        let (from, chain) = (self.gap.from.number, self.gap.from.chain);
        let end = from.saturating_add(self.gap.count);
        let (start, stop) = (came.from.number, came.from.number.saturating_add(came.count));
        if came.from.chain != chain || stop <= from || start >= end {
            return vec![*self];
        }
        let part = |number: u32, until: u32| {
            let gap = Gap { from: Position { chain, number }, count: until.saturating_sub(number) };
            (gap.count > 0).then_some(Self { gap, ..*self })
        };
        [part(from, start), part(stop, end)].into_iter().flatten().collect()
    }
}

impl SessionTag {
    /// Where the tag's sessions are looked for.
    pub fn range(vault: &Vault, tag: Tag) -> crate::storage::Range {
        vault.partition(Table::SESSION_TAGS, &tag.0).range(0..=u64::MAX, 4)
    }

    pub(super) fn key(&self, vault: &Vault, tag: Tag) -> Key {
        vault.partition(Table::SESSION_TAGS, &tag.0).key(u64::from_be_bytes(self.session.truncated()))
    }
}

/// Where a ratchet is kept.
pub fn ratchet_key(vault: &Vault, session: &Hash) -> Key {
    vault.partition(Table::RATCHETS, session.as_bytes()).key(0)
}

/// Where a block of its kept keys is.
pub fn block_key(vault: &Vault, session: &Hash, block: BlockId) -> Key {
    let name = [session.as_bytes().as_slice(), &block.tag.0].concat();
    vault.partition(Table::SKIPPED_KEYS, &name).key(u64::from(block.index))
}

impl Format for SessionState {
    const FORMAT: u8 = 1;
}

impl Record for SessionState {
    const TABLE: Table = Table::SESSIONS;
}

impl Format for SessionTag {
    const FORMAT: u8 = 1;
}

impl Record for SessionTag {
    const TABLE: Table = Table::SESSION_TAGS;
}

impl Message for UnfilledGap {
    type Proto = proto::UnfilledGap;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            gap: Gap::from_proto(required(proto.gap)?)?,
            found: Timestamp::from_millis(required(proto.found)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::UnfilledGap { gap: Some(self.gap.to_proto()), found: Some(self.found.as_millis()) }
    }
}

impl Message for SessionState {
    type Proto = proto::SessionState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let linking = proto.linking.map(Linking::from_proto).transpose()?;
        let handshake = match (proto.awaiting, proto.answering) {
            (Some(awaiting), None) => Unfinished::Awaiting(Awaiting::from_proto(awaiting)?, linking),
            (None, Some(answering)) if linking.is_none() => {
                Unfinished::Answering(Answering::from_proto(answering)?)
            }
            (None, None) if linking.is_none() => Unfinished::Done,
            _ => return Err(Rule::BadValue),
        };
        let hash = |bytes: Option<Vec<u8>>| {
            bytes.map(|bytes| Ok::<_, Rule>(Hash::from_bytes(required_array(Some(bytes))?))).transpose()
        };
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            handshake,
            initial: hash(proto.initial)?,
            sealed: proto.sealed.map(Ack::from_proto).transpose()?,
            opened: proto.opened.map(Ack::from_proto).transpose()?,
            gaps: proto.gaps.into_iter().map(UnfilledGap::from_proto).collect::<Result<_, _>>()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (awaiting, linking, answering) = match &self.handshake {
            Unfinished::Done => (None, None, None),
            Unfinished::Awaiting(awaiting, linking) => (Some(awaiting), linking.as_ref(), None),
            Unfinished::Answering(answering) => (None, None, Some(answering)),
        };
        proto::SessionState {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            awaiting: awaiting.map(Awaiting::to_proto),
            linking: linking.map(Linking::to_proto),
            answering: answering.map(Answering::to_proto),
            initial: self.initial.map(|initial| initial.as_bytes().to_vec()),
            sealed: self.sealed.as_ref().map(Ack::to_proto),
            opened: self.opened.as_ref().map(Ack::to_proto),
            gaps: self.gaps.iter().map(UnfilledGap::to_proto).collect(),
        }
    }
}

impl Message for SessionTag {
    type Proto = proto::SessionTag;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            session: Hash::from_bytes(required_array(proto.session)?),
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SessionTag {
            session: Some(self.session.as_bytes().to_vec()),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
        }
    }
}
