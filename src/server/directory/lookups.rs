//! Look-ups of addresses, and certificates. `docs/PROTOCOL.md` §7.8, §8.4.

use super::entry::{AccountEntry, AccountState, AddressOwner};
use super::record::{self, AskBudget};
use crate::identity::address::Address;
use crate::identity::certificate::{AddressCertificate, SignedCertificate};
use crate::identity::chain::Manifest;
use crate::identity::ids::AccountId;
use crate::identity::server::OnlineKey;
use crate::identity::validity::{LONGEST, Validity};
use crate::server::frame::{Answer, Lookup, Reply};
use crate::server::quota::{Budget, Rate};
use crate::server::{Context, Origin};
use crate::storage::{Interrupt, Want};
use crate::time::{Span, Timestamp};

/// What another server may look up. Its users are its own affair: a pseudonym costs it nothing, so none has a budget here.
const OF_SERVER: Rate = Rate { burst: 1_000, per_hour: 2_000 };
/// What a user of this server may ask, here and elsewhere.
const OF_USER: Rate = Rate { burst: 200, per_hour: 600 };
/// How often a certificate is renewed: when half of it is over.
const RENEWED: Span = Span::from_days(15);

/// Answers a look-up. An address that is nobody's, one whose account is closed or does not want to be found, and one question too many
/// have one answer (attack P-07).
pub(crate) fn lookup(
    ctx: &mut Context<'_, '_>,
    origin: &Origin,
    lookup: &Lookup,
) -> Result<Answer, Interrupt> {
    let nothing = Answer { request: lookup.request, reply: Reply::Nothing };
    let vault = ctx.tx.vault();
    let (owner, budget) = (AddressOwner::key(vault, &lookup.address), record::ask_budget(vault, origin));
    ctx.tx.need([owner, budget].map(Want::Record))?;
    if matches!(origin, Origin::Peer(_)) && may_ask(ctx, origin)?.is_err() {
        return Ok(nothing);
    }
    let owner = ctx.tx.read::<AddressOwner>(owner)?;
    // Nobody's account is looked for in the same way.
    let account = owner.value().map_or(AccountId::from_bytes([0; 32]), |owner| owner.account);
    let entry = AccountEntry::key(vault, account);
    let [manifest, ..] = record::manifests(vault, account);
    ctx.tx.need([entry, manifest].map(Want::Record))?;
    let (entry, mut manifest) = (ctx.tx.read::<AccountEntry>(entry)?, ctx.tx.read::<Manifest>(manifest)?);
    let is_found = |entry: &&AccountEntry| {
        entry.state == AccountState::Open && entry.findable && entry.address == lookup.address
    };
    let Some((entry, manifest)) = entry.value().filter(is_found).zip(manifest.take()) else {
        return Ok(nothing);
    };
    let Some(certificate) = certificate(ctx, &entry.address, account) else { return Ok(nothing) };
    Ok(Answer { request: lookup.request, reply: Reply::Found { manifest, certificate } })
}

/// Counts a question. `Err` is for how long there are too many.
pub(crate) fn may_ask(ctx: &mut Context<'_, '_>, origin: &Origin) -> Result<Result<(), Span>, Interrupt> {
    let rate = if matches!(origin, Origin::Peer(_)) { &OF_SERVER } else { &OF_USER };
    let slot = ctx.tx.read::<AskBudget>(record::ask_budget(ctx.tx.vault(), origin))?;
    let mut budget = slot.value().map_or_else(|| Budget::full(rate, ctx.now), |asked| asked.budget);
    if let Err(wait) = budget.take(rate, 1, ctx.now) {
        return Ok(Err(wait));
    }
    ctx.tx.put(slot, &AskBudget { budget })?;
    Ok(Ok(()))
}

/// The server's word that an address is an account's: for half of its time the same, then the next one. `None` if the server has no online
/// key whose manifest covers now.
pub(crate) fn certificate(
    ctx: &Context<'_, '_>,
    address: &Address,
    account: AccountId,
) -> Option<SignedCertificate> {
    let key =
        OnlineKey { key: ctx.server.online.public_key(), validity: Validity::starting(ctx.now, LONGEST) };
    let key = ctx.server.manifest.online_key(key.id())?;
    let start = begin(ctx.now, account).max(key.validity.not_before());
    let end = begin(ctx.now, account).plus(LONGEST).min(key.validity.not_after());
    if start > ctx.now || end < ctx.now {
        return None;
    }
    let validity = Validity::starting(start, end.since(start));
    let server = ctx.server.manifest.id();
    AddressCertificate { address: address.clone(), account, server, validity }.sign(&ctx.server.online).ok()
}

/// When the certificate began that counts now. Not all accounts' begin at once.
fn begin(now: Timestamp, account: AccountId) -> Timestamp {
    let period = RENEWED.as_millis();
    let drawn = account.as_bytes().first_chunk().map_or(0, |drawn| u64::from_be_bytes(*drawn));
    let shift = drawn.checked_rem(period).unwrap_or(0);
    let into = now.as_millis().saturating_add(shift).checked_rem(period).unwrap_or(0);
    now.minus(Span::from_millis(into))
}
