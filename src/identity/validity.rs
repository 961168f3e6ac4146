//! From when until when something holds. `docs/PROTOCOL.md` §4.10.

use super::IdentityError;
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// How wrong a clock may be, on either side.
pub const TOLERANCE: Span = Span::from_days(1);

/// The longest validity of an online key, a certificate, a bundle or a stock.
pub const LONGEST: Span = Span::from_days(30);

/// A span of time with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// From `not_before` for `length`. Nothing with a validity longer than [`LONGEST`] can be signed.
    pub const fn starting(not_before: Timestamp, length: Span) -> Self {
        Self { not_before, not_after: not_before.plus(length) }
    }

    /// The first moment of validity.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment of validity.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// [`IdentityError::NotYetValid`] or [`IdentityError::Expired`] if it does not hold `now`, by more than [`TOLERANCE`].
    pub fn check(&self, now: Timestamp) -> Result<(), IdentityError> {
        self.check_begun(now)?;
        if self.is_over(now) { Err(IdentityError::Expired) } else { Ok(()) }
    }

    /// [`IdentityError::NotYetValid`] if it has not begun, by more than [`TOLERANCE`].
    pub fn check_begun(&self, now: Timestamp) -> Result<(), IdentityError> {
        if now.plus(TOLERANCE) < self.not_before { Err(IdentityError::NotYetValid) } else { Ok(()) }
    }

    /// Whether it has ended, by more than [`TOLERANCE`].
    pub fn is_over(&self, now: Timestamp) -> bool {
        now > self.not_after.plus(TOLERANCE)
    }

    /// Whether all of `other` lies within it.
    pub fn covers(&self, other: &Self) -> bool {
        self.not_before <= other.not_before && other.not_after <= self.not_after
    }

    /// Refuses a validity longer than [`LONGEST`], when decoding.
    pub(crate) fn limited(self) -> Result<Self, Rule> {
        if self.not_after.since(self.not_before) > LONGEST { Err(Rule::BadValue) } else { Ok(self) }
    }
}

impl Message for Validity {
    type Proto = proto::Validity;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let not_before = Timestamp::from_millis(required(proto.not_before)?);
        let not_after = Timestamp::from_millis(required(proto.not_after)?);
        if not_before <= not_after { Ok(Self { not_before, not_after }) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Validity {
            not_before: Some(self.not_before.as_millis()),
            not_after: Some(self.not_after.as_millis()),
        }
    }
}
