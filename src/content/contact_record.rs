//! How the state of a contact is kept. `docs/PROTOCOL.md` §10.10.

use super::contact::{ConsentState, ContactConsent};
use super::conversation::ContentId;
use super::strict::require;
use super::token::DeliveryToken;
use super::version::Version;
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array, required_secret};

impl ConsentState {
    pub(crate) fn from_number(number: i32) -> Result<Self, Rule> {
        match proto::ConsentState::try_from(number) {
            Ok(proto::ConsentState::None) => Ok(Self::None),
            Ok(proto::ConsentState::RequestSent) => Ok(Self::RequestSent),
            Ok(proto::ConsentState::RequestReceived) => Ok(Self::RequestReceived),
            Ok(proto::ConsentState::Accepted) => Ok(Self::Accepted),
            Ok(proto::ConsentState::Declined) => Ok(Self::Declined),
            Ok(proto::ConsentState::Blocked) => Ok(Self::Blocked),
            Ok(proto::ConsentState::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }

    pub(crate) fn number(self) -> i32 {
        let state = match self {
            Self::None => proto::ConsentState::None,
            Self::RequestSent => proto::ConsentState::RequestSent,
            Self::RequestReceived => proto::ConsentState::RequestReceived,
            Self::Accepted => proto::ConsentState::Accepted,
            Self::Declined => proto::ConsentState::Declined,
            Self::Blocked => proto::ConsentState::Blocked,
        };
        state.into()
    }
}

impl ContactConsent {
    /// What its state demands; what holds for two states also holds for what comes of them ([`merge`](Self::merge)).
    fn check(&self) -> Result<(), Rule> {
        let (has_ours, has_heard) = (self.ours.is_some(), self.heard != Version::NONE);
        require(match self.state {
            ConsentState::Accepted => has_ours && has_heard,
            ConsentState::RequestSent => has_ours,
            ConsentState::RequestReceived => has_heard,
            ConsentState::Blocked => !has_ours && self.theirs.is_none(),
            ConsentState::None | ConsentState::Declined => true,
        })?;
        require(has_ours || !(self.told || self.previous.is_some()))?;
        require(has_ours == (self.made != Timestamp::default()) && (has_heard || self.theirs.is_none()))?;
        // A block is a decision, and lasts until the next one.
        let is_blocked = self.blocked == self.decided && self.blocked != Timestamp::default();
        require(is_blocked == (self.state == ConsentState::Blocked))?;
        require(self.blocked.max(self.revoked) <= self.decided && self.decided.max(self.made) <= self.acted)
    }
}

impl Message for ContactConsent {
    type Proto = proto::ContactConsent;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let token = |field: Option<Vec<u8>>| {
            field.map(|token| required_secret(&mut Some(token)).map(DeliveryToken::new)).transpose()
        };
        let time = |field| required(field).map(Timestamp::from_millis);
        let contact = Self {
            state: ConsentState::from_number(required(proto.state)?)?,
            ours: token(proto.ours.take())?,
            previous: token(proto.previous.take())?,
            theirs: proto.theirs.take().map(Message::from_proto).transpose()?,
            told: required(proto.told)?,
            acted: time(proto.acted)?,
            decided: time(proto.decided)?,
            made: time(proto.made)?,
            blocked: time(proto.blocked)?,
            revoked: time(proto.revoked)?,
            heard: Version {
                sent_at: time(proto.heard)?,
                id: ContentId::from_bytes(required_array(proto.heard_id.take())?),
            },
        };
        contact.check()?;
        Ok(contact)
    }

    fn to_proto(&self) -> Self::Proto {
        let token =
            |token: &Option<DeliveryToken>| token.as_ref().map(|token| token.secret().expose().to_vec());
        proto::ContactConsent {
            state: Some(self.state.number()),
            ours: token(&self.ours),
            previous: token(&self.previous),
            theirs: self.theirs.as_ref().map(Message::to_proto),
            told: Some(self.told),
            acted: Some(self.acted.as_millis()),
            decided: Some(self.decided.as_millis()),
            made: Some(self.made.as_millis()),
            blocked: Some(self.blocked.as_millis()),
            revoked: Some(self.revoked.as_millis()),
            heard: Some(self.heard.sent_at.as_millis()),
            heard_id: Some(self.heard.id.as_bytes().to_vec()),
        }
    }
}

impl Format for ContactConsent {
    const FORMAT: u8 = 1;
}

impl Record for ContactConsent {
    const TABLE: Table = Table::CONSENTS;
}
