//! How the state of a contact is kept. `docs/PROTOCOL.md` §10.10.

use super::contact::{ConsentState, ContactConsent};
use super::strict::require;
use super::token::DeliveryToken;
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_secret};

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
    /// What its state demands.
    fn check(&self) -> Result<(), Rule> {
        let (ours, theirs) = (self.ours.is_some(), self.theirs.is_some());
        let fits = match self.state {
            ConsentState::Accepted => ours && theirs,
            ConsentState::RequestSent => ours,
            ConsentState::RequestReceived => theirs,
            ConsentState::Blocked => !ours && !theirs,
            ConsentState::None | ConsentState::Declined => true,
        };
        require(fits && (ours || !self.told))
    }
}

impl Message for ContactConsent {
    type Proto = proto::ContactConsent;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let ours = proto.ours.take().map(|ours| required_secret(&mut Some(ours))).transpose()?;
        let contact = Self {
            state: ConsentState::from_number(required(proto.state)?)?,
            ours: ours.map(DeliveryToken::new),
            theirs: proto.theirs.take().map(Message::from_proto).transpose()?,
            told: required(proto.told)?,
            acted: Timestamp::from_millis(required(proto.acted)?),
            heard: Timestamp::from_millis(required(proto.heard)?),
        };
        contact.check()?;
        Ok(contact)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ContactConsent {
            state: Some(self.state.number()),
            ours: self.ours.as_ref().map(|token| token.secret().expose().to_vec()),
            theirs: self.theirs.as_ref().map(Message::to_proto),
            told: Some(self.told),
            acted: Some(self.acted.as_millis()),
            heard: Some(self.heard.as_millis()),
        }
    }
}

impl Format for ContactConsent {
    const FORMAT: u8 = 1;
}

impl Record for ContactConsent {
    const TABLE: Table = Table::CONSENTS;
}
