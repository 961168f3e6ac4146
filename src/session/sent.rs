//! What was sealed and is not settled. `docs/PROTOCOL.md` §9.6.

use std::collections::BTreeMap;

use super::body::Ack;
use super::context::Context;
use super::lineage::{is_near, is_within};
use crate::crypto::hash::Hash;
use crate::identity::ids::{AccountId, DeviceId};
use crate::ratchet::{Gap, Position, Tag};
use crate::storage::{Format, Interrupt, Item, Key, Record, StorageError, Table, Tail, Vault, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::notice::Notice;

/// How many entries a body is compared with.
const AT_ONCE: u16 = 64;
/// How long a message may still be on its way.
const ON_ITS_WAY: Span = Span::from_secs(3_600);
/// For how long an entry is kept.
const KEPT_FOR: Span = Span::from_days(30);

/// One message that was sealed with something said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// th2 of its session.
    pub session: Hash,
    /// Its place.
    pub position: Position,
    /// When it was sealed.
    pub at: Timestamp,
    /// What the application calls its content.
    pub reference: [u8; 16],
}

/// What a body says of what was sealed.
pub(super) struct Account<'a> {
    /// The session in which it came: the active one.
    pub(super) session: Hash,
    /// Whether it is settled, so that what is left in former sessions is lost.
    pub(super) is_settled: bool,
    /// Whether an ack covers all that was sealed in it.
    pub(super) is_all: bool,
    pub(super) acks: &'a [Ack],
    pub(super) gaps: &'a [Gap],
}

/// What is done with an entry.
enum Fate {
    Settled,
    Again(Option<Gap>),
    Waits,
}

/// The log of a device.
fn log(vault: &Vault, account: AccountId, device: DeviceId) -> Key {
    let name = [account.as_bytes().as_slice(), device.as_bytes()].concat();
    vault.partition(Table::SENT, &name).key(0)
}

fn tail(vault: &Vault, account: AccountId, device: DeviceId) -> Tail {
    Tail::new(log(vault, account, device), 0, AT_ONCE)
}

/// What is to be loaded to [`settle`].
pub(super) fn want(vault: &Vault, (account, device): (AccountId, DeviceId)) -> Want {
    Want::Log(tail(vault, account, device))
}

/// Notes a message.
pub(super) fn note(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    message: &SentMessage,
) -> Result<(), StorageError> {
    let log = log(ctx.tx.vault(), account, device);
    let name = [
        message.session.as_bytes().as_slice(),
        &message.position.chain.0,
        &message.position.number.to_be_bytes(),
    ];
    let id = ctx.tx.vault().item(&log, &name.concat());
    ctx.tx.append(log, id, message)
}

/// Goes through the oldest entries: settles them or hands them over. What is handed over is forgotten. Whether there were any.
pub(super) fn settle(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
    said: &Account<'_>,
    notices: &mut Vec<Notice>,
) -> Result<bool, Interrupt> {
    let entries = ctx.tx.tail::<SentMessage>(tail(ctx.tx.vault(), account, device))?;
    let covered = said.covered(&entries);
    let mut through = None;
    for entry in &entries {
        if let Ok(message) = &entry.value {
            match said.fate(message, &covered, entry.number, ctx.now) {
                Fate::Waits => break,
                Fate::Settled => {}
                Fate::Again(repairs) => {
                    notices.push(Notice::Resend { account, device, reference: message.reference, repairs });
                }
            }
        }
        through = Some(entry.number);
    }
    if let Some(through) = through {
        let log = log(ctx.tx.vault(), account, device);
        ctx.tx.trim(log, through);
    }
    Ok(through.is_some())
}

impl Account<'_> {
    /// The newest entry of each session that an ack covers: those before it in the session are covered too.
    fn covered(&self, entries: &[Item<SentMessage>]) -> BTreeMap<[u8; 32], u64> {
        let is_covered = |message: &SentMessage| {
            let Position { chain, number } = message.position;
            let is_acked = self.acks.iter().any(|ack| ack.chain == chain && number < ack.next);
            is_acked || (self.is_all && message.session == self.session)
        };
        let found = entries.iter().filter_map(|entry| {
            let message = entry.value.as_ref().ok().filter(|message| is_covered(message))?;
            Some((*message.session.as_bytes(), entry.number))
        });
        found.collect()
    }

    fn fate(
        &self,
        message: &SentMessage,
        covered: &BTreeMap<[u8; 32], u64>,
        number: u64,
        now: Timestamp,
    ) -> Fate {
        if !is_near(message.at, now, KEPT_FOR) {
            return Fate::Settled;
        }
        let named = self.gaps.iter().any(|gap| holds(gap, message.position));
        let is_covered = covered.get(message.session.as_bytes()).is_some_and(|newest| number <= *newest);
        if is_covered && !named {
            return Fate::Settled;
        }
        let is_left_behind = message.session != self.session && self.is_settled;
        if !(named || is_left_behind) || is_within(message.at, now, ON_ITS_WAY) {
            return Fate::Waits;
        }
        Fate::Again(named.then_some(Gap { from: message.position, count: 1 }))
    }
}

fn holds(gap: &Gap, position: Position) -> bool {
    let end = gap.from.number.saturating_add(gap.count);
    gap.from.chain == position.chain && (gap.from.number..end).contains(&position.number)
}

impl Format for SentMessage {
    const FORMAT: u8 = 1;
}

impl Record for SentMessage {
    const TABLE: Table = Table::SENT;
}

impl Message for SentMessage {
    type Proto = proto::SentMessage;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let chain = Tag(required_array(proto.chain)?);
        Ok(Self {
            session: Hash::from_bytes(required_array(proto.session)?),
            position: Position { chain, number: required(proto.number)? },
            at: Timestamp::from_millis(required(proto.at)?),
            reference: required_array(proto.reference)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SentMessage {
            session: Some(self.session.as_bytes().to_vec()),
            chain: Some(self.position.chain.0.to_vec()),
            number: Some(self.position.number),
            at: Some(self.at.as_millis()),
            reference: Some(self.reference.to_vec()),
        }
    }
}
