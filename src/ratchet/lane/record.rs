//! The lane as it is kept.

use super::symbols::{ANSWER_LENGTH, ANSWER_SYMBOLS, Bits, Incoming, KEY_SYMBOLS, Outgoing, SYMBOL};
use super::{Answering, Collecting, Holding, Lane, Offering, Ready, State};
use crate::crypto::mlkem::{EncapsulationKey, PUBLIC_KEY_LENGTH};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::generated::messages::ratchet_state;
use crate::wire::message::{required, required_secret};

impl Lane {
    pub(in crate::ratchet) fn from_proto(proto: ratchet_state::Lane) -> Result<Self, Rule> {
        use ratchet_state::Lane as Kept;
        let lane = match proto {
            Kept::Offering(lane) => State::Offering(offering(lane)?),
            Kept::Ready(mut lane) => State::Ready(Ready {
                epoch: epoch(lane.epoch)?,
                secret: required_secret(&mut lane.secret)?,
                made: Timestamp::from_millis(required(lane.made)?),
            }),
            Kept::Collecting(lane) => State::Collecting(Collecting {
                epoch: epoch(lane.epoch)?,
                key: incoming(required(lane.key)?, KEY_SYMBOLS)?,
            }),
            Kept::Holding(lane) => State::Holding(Holding {
                epoch: epoch(lane.epoch)?,
                key: EncapsulationKey::from_bytes(&required(lane.key)?)?,
            }),
            Kept::Answering(mut lane) => State::Answering(Answering {
                epoch: epoch(lane.epoch)?,
                secret: required_secret(&mut lane.secret)?,
                made: Timestamp::from_millis(required(lane.made)?),
                answer: lane.answer.take().map(|answer| outgoing(answer, ANSWER_LENGTH)).transpose()?,
            }),
            Kept::Closed(lane) => State::Closed(epoch(lane.epoch)?),
        };
        Ok(Self(lane))
    }

    pub(in crate::ratchet) fn to_proto(&self) -> ratchet_state::Lane {
        use ratchet_state::Lane as Kept;
        match &self.0 {
            State::Offering(lane) => Kept::Offering(proto::LaneOffering {
                epoch: Some(lane.epoch),
                seed: Some(lane.seed.expose().to_vec()),
                made: Some(lane.made.as_millis()),
                key: lane.key.as_ref().map(kept_outgoing),
                answer: Some(kept_incoming(&lane.answer)),
            }),
            State::Ready(lane) => Kept::Ready(proto::LaneReady {
                epoch: Some(lane.epoch),
                secret: Some(lane.secret.expose().to_vec()),
                made: Some(lane.made.as_millis()),
            }),
            State::Collecting(lane) => Kept::Collecting(proto::LaneCollecting {
                epoch: Some(lane.epoch),
                key: Some(kept_incoming(&lane.key)),
            }),
            State::Holding(lane) => Kept::Holding(proto::LaneHolding {
                epoch: Some(lane.epoch),
                key: Some(lane.key.as_bytes().to_vec()),
            }),
            State::Answering(lane) => Kept::Answering(proto::LaneAnswering {
                epoch: Some(lane.epoch),
                secret: Some(lane.secret.expose().to_vec()),
                made: Some(lane.made.as_millis()),
                answer: lane.answer.as_ref().map(kept_outgoing),
            }),
            State::Closed(epoch) => Kept::Closed(proto::LaneClosed { epoch: Some(*epoch) }),
        }
    }
}

fn offering(mut lane: proto::LaneOffering) -> Result<Offering, Rule> {
    Ok(Offering {
        epoch: epoch(lane.epoch)?,
        seed: required_secret(&mut lane.seed)?,
        made: Timestamp::from_millis(required(lane.made)?),
        key: lane.key.take().map(|key| outgoing(key, PUBLIC_KEY_LENGTH)).transpose()?,
        answer: incoming(required(lane.answer.take())?, ANSWER_SYMBOLS)?,
    })
}

/// Epochs are numbered from 1.
fn epoch(field: Option<u32>) -> Result<u32, Rule> {
    required(field).and_then(|epoch| if epoch == 0 { Err(Rule::BadValue) } else { Ok(epoch) })
}

/// What is on its way out, and not all acknowledged.
fn outgoing(proto: proto::LaneOutgoing, length: usize) -> Result<Outgoing, Rule> {
    let count = u32::try_from(length.div_ceil(SYMBOL)).map_err(|_| Rule::BadValue)?;
    let acknowledged = Bits::from_bits(required(proto.acknowledged)?, count).ok_or(Rule::BadValue)?;
    let (bytes, cursor) = (required(proto.bytes)?, required(proto.cursor)?);
    let outgoing = Outgoing { bytes, acknowledged, cursor };
    let is_good = outgoing.bytes.len() == length && cursor <= count && !outgoing.waiting().is_empty();
    if is_good { Ok(outgoing) } else { Err(Rule::BadValue) }
}

/// What is on its way in, and not all there.
fn incoming(proto: proto::LaneIncoming, count: u32) -> Result<Incoming, Rule> {
    let held = Bits::from_bits(required(proto.held)?, count).ok_or(Rule::BadValue)?;
    let symbols = required(proto.symbols)?;
    let is_whole = held.count().checked_mul(SYMBOL) == Some(symbols.len());
    let is_good = is_whole && held != Bits::below(count);
    let incoming = Incoming(held.numbers().zip(symbols.as_chunks().0.iter().copied()).collect());
    if is_good { Ok(incoming) } else { Err(Rule::BadValue) }
}

fn kept_outgoing(outgoing: &Outgoing) -> proto::LaneOutgoing {
    proto::LaneOutgoing {
        bytes: Some(outgoing.bytes.clone()),
        acknowledged: Some(outgoing.acknowledged.bits()),
        cursor: Some(outgoing.cursor),
    }
}

fn kept_incoming(incoming: &Incoming) -> proto::LaneIncoming {
    let symbols = incoming.0.values().flatten().copied().collect();
    proto::LaneIncoming { held: Some(incoming.held().bits()), symbols: Some(symbols) }
}
