//! What follows from what a session notices. `docs/PROTOCOL.md` §11.4.

use super::context::Context;
use super::error::Stopped;
use super::event::{Event, NoticeKind};
use super::{connect, contact, outgoing, reply, waiting};
use crate::identity::chain::News;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::trust::Observation;
use crate::session::{Contact, Learned, Notice};
use crate::time::Span;

/// Does what is to be done, and tells what a person should know.
pub(super) fn heed(ctx: &mut Context<'_, '_>, notices: Vec<Notice>) -> Result<(), Stopped> {
    for notice in notices {
        one(ctx, notice)?;
    }
    Ok(())
}

fn one(ctx: &mut Context<'_, '_>, notice: Notice) -> Result<(), Stopped> {
    use NoticeKind as Kind;
    match notice {
        Notice::Learned(account, learned) => news(ctx, account, &learned),
        Notice::Refetch(account) if account == ctx.own_account() => connect::refetch_own(ctx),
        Notice::Refetch(account) | Notice::HandshakeDue(account, _) | Notice::AnswerOwed(account, _)
            if !contact::is_wanted(ctx, account)? =>
        {
            Ok(())
        }
        Notice::Refetch(account) => reply::refetch(ctx, account, Span::from_millis(0)),
        Notice::HandshakeDue(account, device) => {
            outgoing::claim(ctx, (account, device), Span::from_millis(0))
        }
        Notice::AnswerOwed(account, device) => outgoing::nod(ctx, (account, device)),
        Notice::Resend { account, device, reference, repairs } => {
            outgoing::again(ctx, (account, device), reference, repairs)
        }
        Notice::Copied(account, device) => tell(ctx, Kind::Copied, (account, device), None),
        Notice::SelfCopied(account, device) => tell(ctx, Kind::SelfCopied, (account, device), None),
        Notice::Contested(account, device) => tell(ctx, Kind::Contested, (account, device), None),
        Notice::IdentityCopied(account, device) => tell(ctx, Kind::IdentityCopied, (account, device), None),
        Notice::Replaced(account, device) => tell(ctx, Kind::Replaced, (account, device), None),
        Notice::LaneClosed(account, device) => tell(ctx, Kind::LaneClosed, (account, device), None),
        Notice::Gap(account, device, gap) => tell(ctx, Kind::Gap, (account, device), Some(gap.count)),
        Notice::Lost(account, device, gap) => tell(ctx, Kind::Lost, (account, device), Some(gap.count)),
    }
}

fn tell(
    ctx: &mut Context<'_, '_>,
    what: NoticeKind,
    (account, device): (AccountId, DeviceId),
    count: Option<u32>,
) -> Result<(), Stopped> {
    Ok(ctx.tell(&Event::Notice { what, account, device: Some(device), count })?)
}

/// An account has a newer manifest, or another identity.
fn news(ctx: &mut Context<'_, '_>, account: AccountId, learned: &Learned) -> Result<(), Stopped> {
    let mut about = Vec::new();
    if learned.evidence.is_some() || learned.news == News::Forked {
        about.push(NoticeKind::Forked);
    }
    if learned.observation == Observation::Changed {
        about.push(NoticeKind::IdentityChanged);
    }
    let held = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
    let is_first = held.value().is_none_or(|held| held.devices.len() == learned.added.len());
    let are_others = !learned.added.is_empty() || !learned.removed.is_empty();
    if are_others && !is_first {
        about.push(NoticeKind::DevicesChanged);
    }
    for what in about {
        ctx.tell(&Event::Notice { what, account, device: None, count: None })?;
    }
    if !is_first {
        waiting::extend(ctx, account, &learned.added)?;
    }
    waiting::resume(ctx, account)
}
