//! Batches of items. `docs/PROTOCOL.md` §7.4.

use crate::crypto::hash::Hash;
use crate::server::Item;
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::StreamId;

/// Bytes of an encoded item.
pub const MAX_ITEM: usize = 589_824;
/// Items of a batch.
pub const MAX_ITEMS: usize = 1_000;

/// Items that follow each other in a stream. Without items it asks where the receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which stream.
    pub stream: StreamId,
    /// From 1.
    pub epoch: u64,
    /// The number of the first item, from 1.
    pub first: u64,
    /// The hash of the stream before it.
    pub previous: Hash,
    /// What was decided on since then, by the sender's clock, it still holds.
    pub horizon: Timestamp,
    /// Encoded [`Item`]s. That one of them is none is a matter of its own verdict.
    pub items: Vec<Vec<u8>>,
}

impl Batch {
    /// The hashes of the items.
    pub fn hashes(&self) -> Vec<Hash> {
        self.items.iter().map(|item| Item::hash(item)).collect()
    }
}

/// A stream inside a message.
pub(super) fn stream(number: Option<u32>) -> Result<StreamId, Rule> {
    StreamId::new(required(number)?).ok_or(Rule::BadValue)
}

impl Message for Batch {
    type Proto = proto::Batch;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let (epoch, first) = (required(proto.epoch)?, required(proto.first)?);
        if epoch == 0 || first == 0 {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            stream: stream(proto.stream)?,
            epoch,
            first,
            previous: Hash::from_bytes(required_array(proto.previous)?),
            horizon: Timestamp::from_millis(required(proto.horizon)?),
            items: proto.items,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Batch {
            stream: Some(self.stream.number()),
            epoch: Some(self.epoch),
            first: Some(self.first),
            previous: Some(self.previous.as_bytes().to_vec()),
            horizon: Some(self.horizon.as_millis()),
            items: self.items.clone(),
        }
    }
}
