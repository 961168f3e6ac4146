//! Waiting for a person to compare. `docs/PROTOCOL.md` §4.15.

use core::fmt;

use super::code::Code;
use crate::error::{Blame, Fault};
use crate::wire::Rule;
use crate::wire::message::required;

/// How many wrong codes end an attempt.
const MOST_WRONG: u8 = 3;

/// Shows a code for the other side, and waits for the person to type the one that the other side shows; then gives `T`, which was fixed
/// before.
#[derive(Debug)]
pub struct Comparison<T> {
    shown: Code,
    expected: Code,
    wrong: u8,
    outcome: T,
}

/// The code that was typed is another.
#[derive(Debug)]
pub enum WrongCode<T> {
    /// The person may have mistyped.
    TryAgain(Comparison<T>),
    /// Three were wrong: somebody may be in between, and the attempt is over.
    Aborted,
}

impl<T> Comparison<T> {
    pub(in crate::identity) const fn new(shown: Code, expected: Code, outcome: T) -> Self {
        Self { shown, expected, wrong: 0, outcome }
    }

    /// A comparison that was kept: the codes as numbers, and how many wrong ones were typed.
    pub(in crate::identity) fn from_numbers(
        [shown, expected, wrong]: [Option<u32>; 3],
        outcome: T,
    ) -> Result<Self, Rule> {
        let (shown, expected) =
            (Code::from_number(required(shown)?)?, Code::from_number(required(expected)?)?);
        let wrong = u8::try_from(required(wrong)?).ok().filter(|wrong| *wrong < MOST_WRONG);
        Ok(Self { shown, expected, wrong: wrong.ok_or(Rule::BadValue)?, outcome })
    }

    /// The same comparison of something else.
    pub(in crate::identity) fn with<U>(self, outcome: U) -> Comparison<U> {
        Comparison { shown: self.shown, expected: self.expected, wrong: self.wrong, outcome }
    }

    pub(in crate::identity) fn to_numbers(&self) -> [Option<u32>; 3] {
        [Some(self.shown.number()), Some(self.expected.number()), Some(u32::from(self.wrong))]
    }

    /// The code to show here, for the other side. Typing it here is a wrong code.
    pub const fn shown(&self) -> Code {
        self.shown
    }

    /// What will be the result, to show before the person decides.
    pub const fn pending(&self) -> &T {
        &self.outcome
    }

    /// Takes what the person typed: the code that the other side shows. [`WrongCode`] if it is another; a comparison that was kept is
    /// then kept anew, or its count would begin again.
    pub fn confirm(mut self, typed: &str) -> Result<T, WrongCode<T>> {
        if self.expected.is_typed(typed) {
            return Ok(self.outcome);
        }
        self.wrong = self.wrong.saturating_add(1);
        Err(if self.wrong < MOST_WRONG { WrongCode::TryAgain(self) } else { WrongCode::Aborted })
    }
}

impl<T: fmt::Debug> Blame for WrongCode<T> {
    fn fault(&self) -> Fault {
        Fault::Caller
    }

    fn class(&self) -> &'static str {
        match self {
            Self::TryAgain(_) => "bad-code",
            Self::Aborted => "aborted",
        }
    }
}

impl<T> fmt::Display for WrongCode<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TryAgain(_) => "bad-code",
            Self::Aborted => "aborted",
        })
    }
}

impl<T: fmt::Debug> core::error::Error for WrongCode<T> {}
