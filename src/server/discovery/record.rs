//! How the state of a domain is kept. `docs/PROTOCOL.md` §2.12.

use super::state::{DomainState, Hold, HoldReason, Period, Pin};
use crate::identity::ids::ServerId;
use crate::identity::server;
use crate::identity::trust::ContactTrust;
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

impl Message for Pin {
    type Proto = proto::DomainPin;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let server = ServerId::from_bytes(required_array(proto.server)?);
        Ok(Self { server, trust: ContactTrust::from_proto(required(proto.trust)?)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DomainPin { server: Some(self.server.as_bytes().to_vec()), trust: Some(self.trust.to_proto()) }
    }
}

impl Message for Period {
    type Proto = proto::Period;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let since = Timestamp::from_millis(required(proto.since)?);
        let until = Timestamp::from_millis(required(proto.until)?);
        if since <= until { Ok(Self { since, until }) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Period { since: Some(self.since.as_millis()), until: Some(self.until.as_millis()) }
    }
}

impl Message for Hold {
    type Proto = proto::DomainHold;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let number = required(proto.reason)?;
        let reason = proto::HoldReason::try_from(number).map_err(|_| Rule::BadValue)?;
        let reason = match (reason, proto.server) {
            (proto::HoldReason::Changed, Some(server)) => {
                HoldReason::Changed { server: ServerId::from_bytes(required_array(Some(server))?) }
            }
            (proto::HoldReason::Forked, None) => HoldReason::Forked,
            _ => return Err(Rule::BadValue),
        };
        Ok(Self { reason, period: Period::from_proto(required(proto.period)?)? })
    }

    fn to_proto(&self) -> Self::Proto {
        let (reason, server) = match self.reason {
            HoldReason::Changed { server } => (proto::HoldReason::Changed, Some(server.as_bytes().to_vec())),
            HoldReason::Forked => (proto::HoldReason::Forked, None),
        };
        proto::DomainHold { reason: Some(reason.into()), period: Some(self.period.to_proto()), server }
    }
}

impl Message for DomainState {
    type Proto = proto::DomainState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let state = Self {
            domain: server::domain(proto.domain)?,
            pin: proto.pin.map(Pin::from_proto).transpose()?,
            asked: proto.asked.map(Timestamp::from_millis),
            rest: proto.rest.map(Period::from_proto).transpose()?,
            failures: required(proto.failures)?,
            bound: proto.bound.map(Period::from_proto).transpose()?,
            hold: proto.hold.map(Hold::from_proto).transpose()?,
        };
        let has_nothing_of_a_pin = state.bound.is_none() && state.hold.is_none();
        if state.pin.is_some() || has_nothing_of_a_pin { Ok(state) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DomainState {
            domain: Some(self.domain.to_string()),
            pin: self.pin.as_ref().map(Message::to_proto),
            asked: self.asked.map(Timestamp::as_millis),
            rest: self.rest.as_ref().map(Message::to_proto),
            failures: Some(self.failures),
            bound: self.bound.as_ref().map(Message::to_proto),
            hold: self.hold.as_ref().map(Message::to_proto),
        }
    }
}

impl Format for DomainState {
    const FORMAT: u8 = 1;
}

impl Record for DomainState {
    const TABLE: Table = Table::DOMAINS;
}
