//! One thing that is said. `docs/PROTOCOL.md` §10.1.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::conversation::{ContentId, Conversation};
use super::{Body, ContentError, Kind};
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::Hasher;
use crate::crypto::{label, random};
use crate::identity::ids::AccountId;
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// One thing that is said. Its body is decoded only when it was received from somebody who may say it ([`receive`](super::receive)).
///
/// `Debug` prints no body.
pub struct Content {
    salt: [u8; 16],
    sent_at: Timestamp,
    conversation: Conversation,
    kind: Kind,
    body: Zeroizing<Vec<u8>>,
}

impl Content {
    /// A new content; draws 16 bytes. [`ContentError::Encode`] if no recipient would take the body.
    pub fn new(
        conversation: Conversation,
        body: &Body,
        sent_at: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ContentError> {
        let (kind, body) = (body.kind(), body.encode()?);
        Ok(Self { salt: *random::draw(rng)?.expose(), sent_at, conversation, kind, body })
    }

    /// The id that it has if this account says it. [`EncodeError`] if it is not within its limits, which a decoded one always is.
    pub fn id(&self, sender: AccountId) -> Result<ContentId, EncodeError> {
        let encoded = Zeroizing::new(self.encode()?);
        let conversation = self.conversation.id(sender);
        let hasher = Hasher::new(label::hash::CONTENT).array(sender.as_bytes());
        let hash = hasher.array(conversation.as_bytes()).lp(&encoded).finish();
        Ok(ContentId::from_bytes(hash.truncated()))
    }

    /// When it was sent, by the sender's clock.
    pub const fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    /// Where it belongs, as its sender sees it.
    pub const fn conversation(&self) -> Conversation {
        self.conversation
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it says. [`ContentError::BadContent`] if that is not of its kind.
    pub fn body(&self) -> Result<Body, ContentError> {
        Body::decode(self.kind, &self.body).map_err(ContentError::BadContent)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent_at, conversation, kind, body, .. } = self;
        write!(f, "Content({kind:?} in {conversation:?} at {}, {} bytes)", sent_at.as_millis(), body.len())
    }
}

impl Message for Content {
    type Proto = proto::Content;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let proto::content::Conversation::Direct(direct) = required(proto.conversation.take())?;
        Ok(Self {
            salt: required_array(proto.salt.take())?,
            sent_at: Timestamp::from_millis(required(proto.sent_at)?),
            conversation: Conversation::Direct { with: AccountId::from_bytes(required_array(direct.with)?) },
            kind: Kind::from_number(required(proto.kind)?).ok_or(Rule::BadValue)?,
            body: Zeroizing::new(required(proto.body.take())?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let Conversation::Direct { with } = self.conversation;
        let direct = proto::DirectConversation { with: Some(with.as_bytes().to_vec()) };
        proto::Content {
            salt: Some(self.salt.to_vec()),
            sent_at: Some(self.sent_at.as_millis()),
            conversation: Some(proto::content::Conversation::Direct(direct)),
            kind: Some(self.kind.number().into()),
            body: Some(self.body.to_vec()),
        }
    }
}
