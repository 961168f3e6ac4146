//! Why bytes are not a message. `docs/PROTOCOL.md` §3.2 and Appendix A.

use core::fmt;

use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};

/// The rule that the bytes break: the first one met, reading from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The message is longer than its type permits.
    TooLarge,
    /// A varint or a length runs past the end.
    Truncated,
    /// A varint is too long, too large or not minimal.
    BadVarint,
    /// The message type has no field of this number.
    UnknownField,
    /// The field has another wire type.
    WrongWireType,
    /// A field follows one with a higher number.
    OutOfOrder,
    /// A singular field, or a `oneof`, occurs twice.
    Duplicate,
    /// A repeated field has more elements than permitted.
    TooMany,
    /// A number is outside its range.
    BadValue,
    /// Bytes or text are shorter or longer than permitted.
    BadLength,
    /// Text is not UTF-8.
    BadText,
    /// A required field is not there.
    Missing,
    /// Encoding the decoded message gives other bytes. The rules above leave nothing to find for this one.
    NotCanonical,
    /// A value breaks a rule of its own, such as a key that is not a key.
    Content(CryptoError),
}

impl Rule {
    const fn class(self) -> Option<&'static str> {
        Some(match self {
            Self::TooLarge => "too-large",
            Self::Truncated => "truncated",
            Self::BadVarint => "bad-varint",
            Self::UnknownField => "unknown-field",
            Self::WrongWireType => "wrong-wire-type",
            Self::OutOfOrder => "out-of-order",
            Self::Duplicate => "duplicate",
            Self::TooMany => "too-many",
            Self::BadValue => "bad-value",
            Self::BadLength => "bad-length",
            Self::BadText => "bad-text",
            Self::Missing => "missing",
            Self::NotCanonical => "not-canonical",
            Self::Content(_) => return None,
        })
    }
}

impl From<CryptoError> for Rule {
    fn from(error: CryptoError) -> Self {
        Self::Content(error)
    }
}

/// Bytes that are not a message of the expected type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// The rule that was broken.
    pub rule: Rule,
    /// The message type in which it was broken, as the `.proto` file names it.
    pub message: &'static str,
    /// The number of the field at which it was broken; 0 if it concerns the message as a whole.
    pub field: u64,
}

impl Blame for DecodeError {
    fn fault(&self) -> Fault {
        Fault::Peer
    }

    fn class(&self) -> &'static str {
        match self.rule {
            Rule::Content(error) => error.class(),
            rule => rule.class().unwrap_or("not-canonical"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} field {}: {}", self.message, self.field, self.class())
    }
}

impl core::error::Error for DecodeError {}

/// A value that no receiver would accept, because it exceeds a limit of its message type. Nothing was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncodeError(pub DecodeError);

impl Blame for EncodeError {
    fn fault(&self) -> Fault {
        Fault::Caller
    }

    fn class(&self) -> &'static str {
        self.0.class()
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not encodable: {}", self.0)
    }
}

impl core::error::Error for EncodeError {}
