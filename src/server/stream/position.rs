//! Where a receiver is in a stream. `docs/PROTOCOL.md` §7.4.

use crate::crypto::hash::Hash;
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::batch::stream;
use super::{StreamId, Verdicts};

/// A receiver's answer to a batch, whatever came of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which stream.
    pub stream: StreamId,
    /// Of the last batch that was accepted; 0 before the first.
    pub epoch: u64,
    /// The number of the item that is awaited, from 1.
    pub next: u64,
    /// The hash of the stream before it.
    pub hash: Hash,
    /// The number of the first item of the last batch that was accepted.
    pub last_first: u64,
    /// On the items from there to the one before `next`.
    pub verdicts: Verdicts,
    /// What the next batch may be.
    pub window: Window,
}

/// What a receiver is ready to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Items of a batch.
    pub max_items: u32,
    /// Bytes of their encodings.
    pub max_bytes: u32,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

impl Message for Position {
    type Proto = proto::Position;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let (next, last_first) = (required(proto.next)?, required(proto.last_first)?);
        let verdicts = Verdicts::from_proto(proto.verdicts)?;
        if last_first == 0 || last_first.checked_add(verdicts.len()) != Some(next) {
            return Err(Rule::BadValue);
        }
        let window = Window {
            max_items: required(proto.max_items)?,
            max_bytes: required(proto.max_bytes)?,
            not_before: proto.not_before.map(Timestamp::from_millis),
        };
        Ok(Self {
            stream: stream(proto.stream)?,
            epoch: required(proto.epoch)?,
            next,
            hash: Hash::from_bytes(required_array(proto.hash)?),
            last_first,
            verdicts,
            window,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Position {
            stream: Some(self.stream.number()),
            epoch: Some(self.epoch),
            next: Some(self.next),
            hash: Some(self.hash.as_bytes().to_vec()),
            last_first: Some(self.last_first),
            verdicts: self.verdicts.to_proto(),
            max_items: Some(self.window.max_items),
            max_bytes: Some(self.window.max_bytes),
            not_before: self.window.not_before.map(Timestamp::as_millis),
        }
    }
}
