//! Frames, and the signature over them. `docs/PROTOCOL.md` §7.2.

use core::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::crypto::{CryptoError, ed25519, label};
use crate::identity::chain::Manifest;
use crate::identity::ids::{OnlineKeyId, RequestId, ServerId};
use crate::identity::server::OnlineKey;
use crate::server::Instance;
use crate::server::error::FrameError;
use crate::server::stream::MAX_ITEMS;
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

use super::{Part, Seen};

/// The version of the protocol between servers.
const VERSION: u32 = 1;
/// How long a frame may be on its way.
pub(crate) const LIFETIME: Span = Span::from_secs(600);
/// How far the clocks of two servers may be apart. A frame that comes again changes nothing, so this can be generous.
const SKEW: Span = Span::from_secs(3_600);

/// What a server says to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Who says it.
    pub from: ServerId,
    /// To whom.
    pub to: ServerId,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Until when it may arrive; at most 10 minutes later.
    pub expires_at: Timestamp,
    /// The run of the sender's process.
    pub instance: Instance,
    /// Names the frame, for the answer to it.
    pub request: RequestId,
    /// Names the frame that it answers.
    pub reply_to: Option<RequestId>,
    /// The sender's newest manifest.
    pub mine: Seen,
    /// The receiver's newest one that the sender holds.
    pub yours: Option<Seen>,
    /// The sender's manifest, when the receiver may not have it. Not yet judged.
    pub manifest: Option<Manifest>,
    /// The run of the receiver's process, as the sender knows it. A batch for an earlier one is not taken.
    pub to_instance: Option<Instance>,
    /// At most 128, with at most one batch for each stream, and 1,000 items in all.
    pub parts: Vec<Part>,
}

/// A frame as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFrame {
    /// The encoded [`Frame`], exactly as it was signed.
    pub frame: Vec<u8>,
    /// Which online key signed it.
    pub online_key: OnlineKeyId,
    /// The signature over `frame`.
    pub signature: ed25519::Signature,
}

/// A frame that says who it is from.
#[derive(Debug)]
pub struct Unverified {
    frame: Arc<Frame>,
    signed: SignedFrame,
    /// What came of verifying the signature, and with which key.
    held: OnceLock<(ed25519::PublicKey, Result<(), CryptoError>)>,
}

/// A frame that the server which it names has sent to this one, not long ago. Only [`Unverified::verify`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Authentic(Arc<Frame>);

impl Frame {
    /// Signs the frame with an online key of the sender. [`EncodeError`] if it is larger than a frame may be.
    pub fn sign(&self, key: &OnlineKey, secret: &ed25519::SecretKey) -> Result<SignedFrame, EncodeError> {
        let frame = encode_to_sign(self)?;
        let signature = secret.sign(label::classical::FRAME, &frame);
        Ok(SignedFrame { frame, online_key: key.id(), signature })
    }
}

impl SignedFrame {
    /// Reads the frame, to look its sender up.
    pub fn open(self) -> Result<Unverified, FrameError> {
        let frame = Arc::new(Frame::decode(&self.frame)?);
        Ok(Unverified { frame, signed: self, held: OnceLock::new() })
    }
}

impl Unverified {
    /// Who it says it is from.
    pub fn from(&self) -> ServerId {
        self.frame.from
    }

    /// How it introduces itself.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.frame.manifest.as_ref()
    }

    /// Verifies the frame against the online keys of the server that it names, §7.2. [`FrameError::Mismatch`] if it is for another
    /// server, or signed with another key; [`FrameError::NotYetValid`], [`FrameError::Expired`].
    pub fn verify(&self, keys: &[OnlineKey], to: ServerId, now: Timestamp) -> Result<Authentic, FrameError> {
        let Self { frame, signed, .. } = self;
        if frame.to != to || frame.from == to {
            return Err(FrameError::Mismatch);
        }
        if frame.sent_at > now.plus(SKEW) {
            return Err(FrameError::NotYetValid);
        }
        if frame.expires_at.plus(SKEW) < now {
            return Err(FrameError::Expired);
        }
        let key = keys.iter().find(|key| key.id() == signed.online_key).ok_or(FrameError::Mismatch)?;
        key.validity.check(now)?;
        self.check_signature(&key.key)?;
        Ok(Authentic(Arc::clone(frame)))
    }

    /// Signatures cost the most, and whether one holds depends on nothing but these bytes and the key.
    fn check_signature(&self, key: &ed25519::PublicKey) -> Result<(), CryptoError> {
        let check = || {
            let signed = &self.signed;
            key.verify(label::classical::FRAME, &signed.frame, &signed.signature)
        };
        let (with, held) = self.held.get_or_init(|| (*key, check()));
        if with == key { *held } else { check() }
    }
}

impl Authentic {
    /// For those who hold a frame that needs no signature.
    pub(in crate::server) fn assumed(frame: Frame) -> Self {
        Self(Arc::new(frame))
    }

    /// The frame.
    pub fn into_inner(self) -> Frame {
        Arc::unwrap_or_clone(self.0)
    }
}

impl Deref for Authentic {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.0
    }
}

/// One batch for each stream at most, and no more items than a step can take.
fn is_bounded(parts: &[Part]) -> bool {
    let mut streams = Vec::new();
    let mut items = 0_usize;
    for part in parts {
        if let Part::Batch(batch) = part {
            if streams.contains(&batch.stream) {
                return false;
            }
            streams.push(batch.stream);
            items = items.saturating_add(batch.items.len());
        }
    }
    items <= MAX_ITEMS
}

impl Message for Frame {
    type Proto = proto::Frame;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        if required(proto.version)? != VERSION {
            return Err(Rule::BadValue);
        }
        let reply_to = proto.reply_to.map(|bytes| required_array(Some(bytes))).transpose()?;
        let to_instance = proto.to_instance.map(|bytes| required_array(Some(bytes))).transpose()?;
        let frame = Self {
            from: ServerId::from_bytes(required_array(proto.from)?),
            to: ServerId::from_bytes(required_array(proto.to)?),
            sent_at: Timestamp::from_millis(required(proto.sent_at)?),
            expires_at: Timestamp::from_millis(required(proto.expires_at)?),
            instance: Instance::from_bytes(required_array(proto.instance)?),
            request: RequestId::from_bytes(required_array(proto.request)?),
            reply_to: reply_to.map(RequestId::from_bytes),
            to_instance: to_instance.map(Instance::from_bytes),
            mine: Seen::from_proto(required(proto.mine)?)?,
            yours: proto.yours.map(Seen::from_proto).transpose()?,
            manifest: proto.manifest.map(Manifest::from_proto).transpose()?,
            parts: proto.parts.into_iter().map(Part::from_proto).collect::<Result<_, _>>()?,
        };
        // Rules about several fields come last.
        let is_timely =
            frame.sent_at <= frame.expires_at && frame.expires_at.since(frame.sent_at) <= LIFETIME;
        if is_timely && is_bounded(&frame.parts) { Ok(frame) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Frame {
            version: Some(VERSION),
            from: Some(self.from.as_bytes().to_vec()),
            to: Some(self.to.as_bytes().to_vec()),
            sent_at: Some(self.sent_at.as_millis()),
            expires_at: Some(self.expires_at.as_millis()),
            instance: Some(self.instance.as_bytes().to_vec()),
            request: Some(self.request.as_bytes().to_vec()),
            reply_to: self.reply_to.map(|request| request.as_bytes().to_vec()),
            mine: Some(self.mine.to_proto()),
            yours: self.yours.as_ref().map(Message::to_proto),
            manifest: self.manifest.as_ref().map(Message::to_proto),
            parts: self.parts.iter().map(Message::to_proto).collect(),
            to_instance: self.to_instance.map(|instance| instance.as_bytes().to_vec()),
        }
    }
}

impl Message for SignedFrame {
    type Proto = proto::SignedFrame;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            frame: required(proto.frame)?,
            online_key: OnlineKeyId::from_bytes(required_array(proto.online_key)?),
            signature: ed25519::Signature::from_bytes(&required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedFrame {
            frame: Some(self.frame.clone()),
            online_key: Some(self.online_key.as_bytes().to_vec()),
            signature: Some(self.signature.as_bytes().to_vec()),
        }
    }
}
