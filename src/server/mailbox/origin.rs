//! What an origin, another server or a user of this one, may still do. `docs/PROTOCOL.md` §7.6.

use super::limits;
use crate::server::Context;
use crate::server::item::Origin;
use crate::server::quota::Budget;
use crate::storage::{Format, Interrupt, Key, Record, Slot, Table, Vault};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// What an origin may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OriginState {
    pub(super) payloads: Budget,
    /// Until then, what names a payload that is not there may name one that was told to wait.
    pub(super) payloads_busy_until: Timestamp,
    pub(super) requests: Budget,
}

impl Origin {
    /// Its name among the names of records.
    pub(super) fn name(&self) -> Vec<u8> {
        match self {
            Self::Local(account) => [&[0], account.as_bytes().as_slice()].concat(),
            Self::Peer(domain) => [&[1], domain.as_str().as_bytes()].concat(),
        }
    }
}

impl OriginState {
    pub(super) fn key(vault: &Vault, origin: &Origin) -> Key {
        vault.partition(Table::ORIGINS, &origin.name()).key(0)
    }

    pub(super) fn read(ctx: &mut Context<'_, '_>, origin: &Origin) -> Result<(Slot<Self>, Self), Interrupt> {
        let slot = ctx.tx.read::<Self>(Self::key(ctx.tx.vault(), origin))?;
        let state = slot.value().copied().unwrap_or_else(|| Self {
            payloads: Budget::full(&limits::ORIGIN_PAYLOADS, ctx.now),
            payloads_busy_until: Timestamp::default(),
            requests: Budget::full(&limits::ORIGIN_REQUESTS, ctx.now),
        });
        Ok((slot, state))
    }
}

impl Message for OriginState {
    type Proto = proto::OriginState;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            payloads: Budget::from_proto(required(proto.payloads)?)?,
            payloads_busy_until: Timestamp::from_millis(required(proto.payloads_busy_until)?),
            requests: Budget::from_proto(required(proto.requests)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OriginState {
            payloads: Some(self.payloads.to_proto()),
            payloads_busy_until: Some(self.payloads_busy_until.as_millis()),
            requests: Some(self.requests.to_proto()),
        }
    }
}

impl Format for OriginState {
    const FORMAT: u8 = 1;
}

impl Record for OriginState {
    const TABLE: Table = Table::ORIGINS;
}
