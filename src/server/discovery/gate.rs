//! How often anything is fetched (attack F-20).

use crate::server::quota::{Budget, Rate};
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// On whose behalf a domain is asked for that was never bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A user of this server wants to reach it.
    Local,
    /// A server that says that it is of this domain has sent something. Names cost it nothing.
    Inbound,
}

/// The rates of fetches: one each, so that strangers take nothing from users, nor both from domains that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of domains that are pinned.
    pub known: Rate,
    /// For users.
    pub local: Rate,
    /// For strangers.
    pub inbound: Rate,
}

/// What is left of the rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryGate {
    known: Budget,
    local: Budget,
    inbound: Budget,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            known: Rate { burst: 1_000, per_hour: 10_000 },
            local: Rate { burst: 100, per_hour: 1_000 },
            inbound: Rate { burst: 100, per_hour: 600 },
        }
    }
}

impl DiscoveryGate {
    /// Nothing was fetched yet.
    pub const fn open(rates: &Rates, now: Timestamp) -> Self {
        Self {
            known: Budget::full(&rates.known, now),
            local: Budget::full(&rates.local, now),
            inbound: Budget::full(&rates.inbound, now),
        }
    }

    /// Where it lies.
    pub fn key(vault: &Vault) -> Key {
        // No domain is empty.
        vault.partition(Table::DOMAINS, b"").key(0)
    }

    /// Lets a fetch through, or says when to try again. `cause` is `None` for a domain that is pinned.
    pub(super) fn pass(&mut self, rates: &Rates, cause: Option<Cause>, now: Timestamp) -> Result<(), Span> {
        match cause {
            None => self.known.take(&rates.known, 1, now),
            Some(Cause::Local) => self.local.take(&rates.local, 1, now),
            Some(Cause::Inbound) => self.inbound.take(&rates.inbound, 1, now),
        }
    }
}

impl Message for DiscoveryGate {
    type Proto = proto::DiscoveryGate;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            known: Budget::from_proto(required(proto.known)?)?,
            local: Budget::from_proto(required(proto.local)?)?,
            inbound: Budget::from_proto(required(proto.inbound)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::DiscoveryGate {
            known: Some(self.known.to_proto()),
            local: Some(self.local.to_proto()),
            inbound: Some(self.inbound.to_proto()),
        }
    }
}

impl Format for DiscoveryGate {
    const FORMAT: u8 = 1;
}

impl Record for DiscoveryGate {
    const TABLE: Table = Table::DOMAINS;
}
