//! What one device sends to another. `docs/PROTOCOL.md` §6.11.

use crate::crypto::hash::Hash;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// A message of a session, with the `Initial` before it until the session is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The bytes of an `Initial`.
    pub initial: Option<Vec<u8>>,
    /// A message of the ratchet.
    pub message: Vec<u8>,
}

impl Frame {
    /// Whether a frame whose message has an expected tag may be taken for what it is: it has no `Initial`, or a repetition of the one
    /// that the session was made of, `accepted` being its hash (§5.6, step 2). Otherwise it is refused as a
    /// [`Mismatch`](crate::handshake::HandshakeError::Mismatch). An initiator's session was made of none that could come back.
    pub fn repeats(&self, accepted: Option<Hash>) -> bool {
        self.initial.as_ref().is_none_or(|initial| accepted == Some(Hash::of(initial)))
    }
}

impl Message for Frame {
    type Proto = proto::PairwiseFrame;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { initial: proto.initial, message: required(proto.message)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PairwiseFrame { initial: self.initial.clone(), message: Some(self.message.clone()) }
    }
}
