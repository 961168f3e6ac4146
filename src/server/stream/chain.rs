//! The hash chain of a stream. `docs/PROTOCOL.md` §7.4.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;
use crate::identity::ids::ServerId;

/// Which of the streams between two servers, below 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

/// From whom to whom, in which stream. Every hash of the stream covers it, so that positions of another one mean nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Who sends the items.
    pub from: ServerId,
    /// Who takes them.
    pub to: ServerId,
    /// In which stream.
    pub stream: StreamId,
}

impl StreamId {
    /// Payloads, and items for devices and request inboxes.
    pub const DATA: Self = Self(1);

    /// The stream of this number, if there is one.
    pub fn new(number: u32) -> Option<Self> {
        (number < 16).then_some(Self(number))
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl Route {
    /// `h_0`: the hash before the first item of an epoch.
    pub fn start(&self, epoch: u64) -> Hash {
        Hasher::new(label::hash::STREAM_START)
            .array(self.from.as_bytes())
            .array(self.to.as_bytes())
            .u32(self.stream.0)
            .u64(epoch)
            .finish()
    }
}

/// `h_n` from `h_{n-1}` and the hash of item n.
pub(super) fn step(before: Hash, item: Hash) -> Hash {
    Hasher::new(label::hash::STREAM_STEP).array(before.as_bytes()).array(item.as_bytes()).finish()
}
