//! Mailboxes: where items for a device wait, and who may put some there. `docs/PROTOCOL.md` §7.5, §7.6.
//!
//! ```text
//!   item ─▶ deliver ─ token ─ account ─ payload ─ budgets ─ room ─▶ mailbox ─▶ drain
//!                        │                                 │            │
//!                        ▼ unknown, expired                ▼ busy       ▼ after 30 days: a mark in its place
//!                     refused                                         (shadow, if the token is a sink)
//! ```
//!
//! Verdicts depend on what the sender did and on what the recipient's device drains, on nothing else: what is thrown away counts
//! where nobody drains, so that who is blocked sees a device that is offline.

mod deliver;
mod drain;
mod due;
mod entry;
mod gap;
mod inbox;
mod origin;
mod payload;
mod place;
mod record;
mod request;
mod token;

pub mod hazmat;
pub mod limits;

use super::kept::Kept;

pub(crate) use deliver::{affordable, deliver, likely, may_submit, prepare, report, report_wants};
pub(crate) use drain::{drain, push};
pub(crate) use due::due;
pub(crate) use gap::gap;
pub(crate) use request::{requests, settle};
pub(crate) use token::{owner, owner_want, tokens};

pub use entry::{
    AgedEntries, Drained, Gap, ItemStatus, LogPlace, MailboxCursor, MailboxEntry, MailboxItem, What,
};
pub use inbox::InboxRequest;
pub use request::{Listed, Settle};
pub use token::{TokenChange, TokenChanged};

/// What is kept of mailboxes.
pub(super) const KEPT: &[Kept] = &[
    Kept::of::<gap::GapBudget>(),
    Kept::of::<gap::KeptGap>(),
    Kept::of::<inbox::Blocked>(),
    Kept::of::<inbox::KeptRequest>(),
    Kept::of::<inbox::RequestState>(),
    Kept::of::<inbox::Slot>(),
    Kept::of::<origin::OriginState>(),
    Kept::of::<payload::Body>(),
    Kept::of::<payload::PayloadState>(),
    Kept::of::<record::Held>(),
    Kept::of::<record::Kept>(),
    Kept::of::<record::MailboxState>(),
    Kept::of::<token::TokenCount>(),
    Kept::of::<token::TokenEntry>(),
];
