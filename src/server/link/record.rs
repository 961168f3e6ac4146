//! What is kept of a link. `docs/PROTOCOL.md` §7.9.

use crate::identity::address::Domain;
use crate::identity::ids::{AccountId, RequestId, ServerId};
use crate::server::quota::{Budget, Rate};
use crate::server::stream::StreamId;
use crate::server::timing::Times;
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::state::{Held, Mode, State};

/// How often a peer may set a stream back, or make it begin again, before the link is paused.
pub(super) const SET_BACKS: Rate = Rate { burst: 12, per_hour: 12 };
/// What is taken from a peer.
pub(super) const ITEMS: Rate = Rate { burst: 200_000, per_hour: 2_000_000 };
/// As [`ITEMS`], in bytes.
pub(super) const BYTES: Rate = Rate { burst: 1 << 30, per_hour: 16 << 30 };

/// A link to another server, by its domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(super) domain: Domain,
    pub(super) server: Option<ServerId>,
    pub(super) state: State,
    /// Whether it has ever taken anything.
    pub(super) is_proven: bool,
    /// How many items wait, or more. Corrected when the end of the log is seen.
    pub(super) queued: u64,
    /// Whose these are, while the link is not proven.
    pub(super) submitters: Vec<AccountId>,
    pub(super) max_items: u32,
    pub(super) max_bytes: u32,
    /// Of the frame that is on its way.
    pub(super) request: Option<RequestId>,
    pub(super) timer: Option<Times>,
    /// The last entry of the outbox of which everybody was told what became of it.
    pub(super) settled: u64,
    /// … and of which everybody was told that it waits.
    pub(super) told_waiting: u64,
    /// What was decided on and is still there, oldest first. The last one is being filled.
    pub(super) chunks: Vec<Chunk>,
    pub(super) questions: Vec<RequestId>,
    /// Streams whose position the peer is owed in answer to `owed_to`.
    pub(super) owed: Vec<StreamId>,
    pub(super) owed_to: Option<RequestId>,
    /// When a batch of the peer was last taken.
    pub(super) heard_at: Timestamp,
    pub(super) set_back: Budget,
    pub(super) items: Budget,
    pub(super) bytes: Budget,
}

/// A piece of the outbox that was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its last entry.
    pub(super) through: u64,
    /// When that was decided on.
    pub(super) decided_at: Timestamp,
    /// Of its items.
    pub(super) bytes: u64,
}

impl Link {
    /// Nothing is known yet.
    pub(super) fn new(domain: Domain, now: Timestamp) -> Self {
        Self {
            domain,
            server: None,
            state: State::new(),
            is_proven: false,
            queued: 0,
            submitters: Vec::new(),
            max_items: super::FIRST_ITEMS,
            max_bytes: super::FIRST_BYTES,
            request: None,
            timer: None,
            settled: 0,
            told_waiting: 0,
            chunks: Vec::new(),
            questions: Vec::new(),
            owed: Vec::new(),
            owed_to: None,
            heard_at: Timestamp::default(),
            set_back: Budget::full(&SET_BACKS, now),
            items: Budget::full(&ITEMS, now),
            bytes: Budget::full(&BYTES, now),
        }
    }

    /// Whether it says no more than none would: there is no server, and nothing waits for one.
    pub(super) fn is_forgettable(&self) -> bool {
        let Self { server, state, queued, questions, is_proven, .. } = self;
        let is_empty = *queued == 0 && questions.is_empty() && !is_proven;
        server.is_none() && state.mode == Mode::Finding && is_empty
    }

    /// Where it lies.
    pub(super) fn key(vault: &Vault, name: &[u8; 32]) -> Key {
        vault.partition(Table::LINKS, name).key(0)
    }
}

impl Message for Chunk {
    type Proto = proto::RetainedChunk;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            through: required(proto.through)?,
            decided_at: Timestamp::from_millis(required(proto.decided_at)?),
            bytes: required(proto.bytes)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::RetainedChunk {
            through: Some(self.through),
            decided_at: Some(self.decided_at.as_millis()),
            bytes: Some(self.bytes),
        }
    }
}

fn mode(number: i32, until: Option<u64>) -> Result<Mode, Rule> {
    use proto::LinkMode as Number;
    let until = until.map(Timestamp::from_millis);
    match (Number::try_from(number).map_err(|_| Rule::BadValue)?, until) {
        (Number::Finding, None) => Ok(Mode::Finding),
        (Number::Open, None) => Ok(Mode::Open),
        (Number::Waiting, Some(until)) => Ok(Mode::Waiting(until)),
        (Number::Paused, Some(until)) => Ok(Mode::Paused(until)),
        (Number::HeldIdentity, None) => Ok(Mode::Held(Held::Identity)),
        (Number::HeldClone, None) => Ok(Mode::Held(Held::Clone)),
        (Number::HeldOperator, None) => Ok(Mode::Held(Held::Operator)),
        _ => Err(Rule::BadValue),
    }
}

fn mode_number(mode: Mode) -> (proto::LinkMode, Option<u64>) {
    use proto::LinkMode as Number;
    match mode {
        Mode::Finding => (Number::Finding, None),
        Mode::Open => (Number::Open, None),
        Mode::Waiting(until) => (Number::Waiting, Some(until.as_millis())),
        Mode::Paused(until) => (Number::Paused, Some(until.as_millis())),
        Mode::Held(Held::Identity) => (Number::HeldIdentity, None),
        Mode::Held(Held::Clone) => (Number::HeldClone, None),
        Mode::Held(Held::Operator) => (Number::HeldOperator, None),
    }
}

fn requests(fields: Vec<Vec<u8>>) -> Result<Vec<RequestId>, Rule> {
    fields.into_iter().map(|field| required_array(Some(field)).map(RequestId::from_bytes)).collect()
}

fn stream(owed: proto::OwedPosition) -> Result<StreamId, Rule> {
    StreamId::new(required(owed.stream)?).ok_or(Rule::BadValue)
}

impl Message for Link {
    type Proto = proto::Link;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let accounts = proto.submitters.into_iter().map(|field| required_array(Some(field)));
        let id = |field: Option<Vec<u8>>| field.map(|bytes| required_array(Some(bytes))).transpose();
        Ok(Self {
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            server: proto
                .server
                .map(|bytes| required_array(Some(bytes)))
                .transpose()?
                .map(ServerId::from_bytes),
            state: State {
                mode: mode(required(proto.mode)?, proto.until)?,
                failures: required(proto.failures)?,
                failing_since: proto.failing_since.map(Timestamp::from_millis),
            },
            is_proven: required(proto.proven)?,
            queued: required(proto.queued)?,
            submitters: accounts
                .map(|account| account.map(AccountId::from_bytes))
                .collect::<Result<_, _>>()?,
            max_items: required(proto.max_items)?,
            max_bytes: required(proto.max_bytes)?,
            request: id(proto.request)?.map(RequestId::from_bytes),
            timer: proto.timer.map(Times::from_proto).transpose()?,
            settled: required(proto.settled)?,
            told_waiting: required(proto.told_waiting)?,
            chunks: proto.chunks.into_iter().map(Chunk::from_proto).collect::<Result<_, _>>()?,
            questions: requests(proto.questions)?,
            owed: proto.owed.into_iter().map(stream).collect::<Result<_, _>>()?,
            owed_to: id(proto.owed_to)?.map(RequestId::from_bytes),
            heard_at: Timestamp::from_millis(required(proto.heard_at)?),
            set_back: Budget::from_proto(required(proto.set_back)?)?,
            items: Budget::from_proto(required(proto.items)?)?,
            bytes: Budget::from_proto(required(proto.bytes)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let (mode, until) = mode_number(self.state.mode);
        let id = |request: Option<RequestId>| request.map(|request| request.as_bytes().to_vec());
        proto::Link {
            domain: Some(self.domain.to_string()),
            server: self.server.map(|server| server.as_bytes().to_vec()),
            mode: Some(mode.into()),
            until,
            failures: Some(self.state.failures),
            failing_since: self.state.failing_since.map(Timestamp::as_millis),
            proven: Some(self.is_proven),
            queued: Some(self.queued),
            submitters: self.submitters.iter().map(|account| account.as_bytes().to_vec()).collect(),
            max_items: Some(self.max_items),
            max_bytes: Some(self.max_bytes),
            request: id(self.request),
            timer: self.timer.as_ref().map(Message::to_proto),
            settled: Some(self.settled),
            told_waiting: Some(self.told_waiting),
            chunks: self.chunks.iter().map(Message::to_proto).collect(),
            questions: self.questions.iter().map(|request| request.as_bytes().to_vec()).collect(),
            owed: self.owed.iter().map(|s| proto::OwedPosition { stream: Some(s.number()) }).collect(),
            owed_to: id(self.owed_to),
            heard_at: Some(self.heard_at.as_millis()),
            set_back: Some(self.set_back.to_proto()),
            items: Some(self.items.to_proto()),
            bytes: Some(self.bytes.to_proto()),
        }
    }
}

impl Format for Link {
    const FORMAT: u8 = 1;
}

impl Record for Link {
    const TABLE: Table = Table::LINKS;
}
