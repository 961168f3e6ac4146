//! Prekeys: what a device publishes so that others can write to it while it is away. `docs/PROTOCOL.md` §4.11, §4.12.
//!
//! A device makes a [`Bundle`] and a [`Stock`]; a sender sends a [`ClaimRequest`], and [`ClaimAnswer::verify`] gives the
//! [`Prekeys`] that a handshake begins with.

mod bundle;
mod claim;
mod merkle;
mod secrets;
mod seen;
mod stock;

pub use bundle::{Bundle, SignedBundle};
pub use claim::{ClaimAnswer, ClaimRequest, Grant, Prekeys};
pub use secrets::{OneTimeSecret, PrekeySecret};
pub use seen::{PrekeysSeen, Seen};
pub use stock::{MAX_DEPTH, OneTime, OneTimePair, SignedStock, Stock};

use crate::time::Span;

/// How long after their validity a bundle and a stock may still be used, with a warning.
pub const OVERDUE: Span = Span::from_days(30);

/// How long after the end of a validity its private keys are kept: [`OVERDUE`], 30 days of mailbox deadline, and the tolerance of the
/// sender's clock and of one's own.
pub const KEPT: Span = Span::from_days(62);
