//! What an operator is told. `docs/PROTOCOL.md` §7.9.

use crate::identity::address::Domain;
use crate::server::Context;
use crate::storage::{Format, Interrupt};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// A domain names another identity, or its chain has forked. Links to it are held.
    Identity,
    /// Two processes of one server take turns: one is a copy. Links to it are held.
    Clone,
    /// This server's own chain has forked: the other server has the proof.
    OwnFork,
    /// What was due here fails, most likely because a record is damaged. It is tried again each hour, without another alarm.
    Damaged {
        /// The owner of the timer.
        timer: Vec<u8>,
    },
}

/// An event of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAlarm {
    /// About which server, or from which.
    pub domain: Domain,
    /// What.
    pub alarm: Alarm,
}

impl Context<'_, '_> {
    pub(super) fn alarm(&mut self, domain: &Domain, alarm: Alarm) -> Result<(), Interrupt> {
        Ok(self.tx.event(&ServerAlarm { domain: domain.clone(), alarm })?)
    }
}

impl Message for ServerAlarm {
    type Proto = proto::ServerAlarm;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::AlarmKind as Number;
        let kind = Number::try_from(required(proto.kind)?).map_err(|_| Rule::BadValue)?;
        let alarm = match (kind, proto.timer) {
            (Number::Identity, None) => Alarm::Identity,
            (Number::Clone, None) => Alarm::Clone,
            (Number::OwnFork, None) => Alarm::OwnFork,
            (Number::Damaged, Some(timer)) => Alarm::Damaged { timer },
            _ => return Err(Rule::BadValue),
        };
        Ok(Self { domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?, alarm })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::AlarmKind as Number;
        let (kind, timer) = match &self.alarm {
            Alarm::Identity => (Number::Identity, None),
            Alarm::Clone => (Number::Clone, None),
            Alarm::OwnFork => (Number::OwnFork, None),
            Alarm::Damaged { timer } => (Number::Damaged, Some(timer.clone())),
        };
        proto::ServerAlarm { domain: Some(self.domain.to_string()), kind: Some(kind.into()), timer }
    }
}

impl Format for ServerAlarm {
    const FORMAT: u8 = 1;
}
