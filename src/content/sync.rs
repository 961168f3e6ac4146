//! What the devices of an account tell each other. `docs/PROTOCOL.md` §10.2, §10.6.

use super::contact::ContactConsent;
use super::conversation::{ContentId, ConversationId};
use crate::identity::ids::AccountId;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// How far another own device has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMarker {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The newest content that was read.
    pub id: ContentId,
}

/// How it stands with a contact, by another own device. [`ContactConsent::merge`] says which of two states counts.
#[derive(Debug)]
pub struct ContactSync {
    /// The contact.
    pub account: AccountId,
    /// How it stands.
    pub contact: ContactConsent,
}

impl Message for ReadMarker {
    type Proto = proto::ReadMarkerBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let conversation = ConversationId::from_bytes(required_array(proto.conversation)?);
        Ok(Self { conversation, id: ContentId::from_bytes(required_array(proto.id)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ReadMarkerBody {
            conversation: Some(self.conversation.as_bytes().to_vec()),
            id: Some(self.id.as_bytes().to_vec()),
        }
    }
}

impl Message for ContactSync {
    type Proto = proto::ContactBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let account = AccountId::from_bytes(required_array(proto.account)?);
        Ok(Self { account, contact: Message::from_proto(required(proto.contact)?)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ContactBody {
            account: Some(self.account.as_bytes().to_vec()),
            contact: Some(self.contact.to_proto()),
        }
    }
}
