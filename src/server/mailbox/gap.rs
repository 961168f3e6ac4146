//! Gaps: what another server sent between two times and cannot say. `docs/PROTOCOL.md` §7.6.
//!
//! Nobody knows for whom it was, so every device is told: one log for all, and in each mailbox how far its device has been told.

use super::entry::{Gap, LogPlace};
use super::limits;
use super::place::tag;
use crate::identity::address::Domain;
use crate::server::Context;
use crate::server::quota::Budget;
use crate::storage::{Format, Interrupt, Item, Key, Record, Table, Tail, Vault, Want};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A gap in the log.
pub(super) struct KeptGap {
    tag: [u8; 8],
    at: Timestamp,
    gap: Gap,
}

/// How many gaps another server may still tell.
pub(super) struct GapBudget(Budget);

/// Another server cannot say what it sent between two times: every device is told. `false`, and nothing happens, if it tells too many.
pub(crate) fn gap(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    from: Timestamp,
    to: Timestamp,
) -> Result<bool, Interrupt> {
    let log = log(ctx.tx.vault());
    let kept = Tail::new(log, 0, limits::GAPS);
    let key = ctx.tx.vault().partition(Table::GAPS, domain.as_str().as_bytes()).key(1);
    ctx.tx.need([Want::Record(key), Want::Log(kept)])?;
    let mut slot = ctx.tx.read::<GapBudget>(key)?;
    let mut budget =
        slot.take().map_or_else(|| Budget::full(&limits::DOMAIN_GAPS, ctx.now), |budget| budget.0);
    if budget.take(&limits::DOMAIN_GAPS, 1, ctx.now).is_err() {
        return Ok(false);
    }
    ctx.tx.put(slot, &GapBudget(budget))?;
    let kept = ctx.tx.tail::<KeptGap>(kept)?;
    let is_old = |entry: &&Item<KeptGap>| {
        entry.value.as_ref().is_ok_and(|kept| kept.at.plus(limits::LIFETIME) <= ctx.now)
    };
    let old = kept.iter().take_while(is_old).count();
    let excess = usize::from(kept.len() >= usize::from(limits::GAPS));
    if let Some(last) = kept.iter().take(old.max(excess)).next_back() {
        ctx.tx.trim(log, last.number);
    }
    let (tag, gap) = (tag(ctx)?, Gap { domain: domain.clone(), from, to });
    let id = ctx.tx.vault().item(&log, &tag);
    ctx.tx.append(log, id, &KeptGap { tag, at: ctx.now, gap })?;
    Ok(true)
}

/// The gaps after one that a device was told.
pub(super) fn after(vault: &Vault, told: Option<LogPlace>) -> Tail {
    Tail::new(log(vault), told.map_or(0, |told| told.number), limits::PAGE_GAPS)
}

/// The gap that a cursor names, if it is there.
pub(super) fn at(vault: &Vault, place: LogPlace) -> Tail {
    Tail::new(log(vault), place.number.saturating_sub(1), 1)
}

/// Where a gap of the log is.
pub(super) fn place(entry: &Item<KeptGap>) -> Option<LogPlace> {
    let kept = entry.value.as_ref().ok()?;
    Some(LogPlace { number: entry.number, tag: kept.tag })
}

/// Those that can be read.
pub(super) fn gaps(entries: Vec<Item<KeptGap>>) -> Vec<Gap> {
    entries.into_iter().filter_map(|entry| entry.value.ok()).map(|kept| kept.gap).collect()
}

fn log(vault: &Vault) -> Key {
    vault.partition(Table::GAPS, b"").key(0)
}

impl Message for KeptGap {
    type Proto = proto::KeptGap;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            tag: required_array(proto.tag)?,
            at: Timestamp::from_millis(required(proto.at)?),
            gap: Gap::from_proto(required(proto.gap)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::KeptGap {
            tag: Some(self.tag.to_vec()),
            at: Some(self.at.as_millis()),
            gap: Some(self.gap.to_proto()),
        }
    }
}

impl Message for GapBudget {
    type Proto = proto::GapBudget;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Budget::from_proto(required(proto.gaps)?).map(Self)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::GapBudget { gaps: Some(self.0.to_proto()) }
    }
}

impl Format for KeptGap {
    const FORMAT: u8 = 1;
}

impl Record for KeptGap {
    const TABLE: Table = Table::GAPS;
}

impl Format for GapBudget {
    const FORMAT: u8 = 1;
}

impl Record for GapBudget {
    const TABLE: Table = Table::GAPS;
}
