//! What a short authentication string is made of: commitment and codes. `docs/PROTOCOL.md` §4.15.

use core::fmt;

use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::{CryptoError, label};
use crate::wire::Rule;

/// Codes have nine digits.
const MODULUS: u64 = 1_000_000_000;

/// What a string authenticates. One for a verification never fits a linking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::identity) enum Purpose {
    Verification,
    Linking,
}

impl Purpose {
    const fn number(self) -> u8 {
        match self {
            Self::Verification => 1,
            Self::Linking => 2,
        }
    }
}

/// What binds the initiator to its nonce before it sees the other's.
pub(in crate::identity) fn commitment(purpose: Purpose, context: &[u8], initiator: &[u8; 32]) -> Hash {
    let hasher = Hasher::new(label::hash::SAS_COMMITMENT).u8(purpose.number()).lp(context);
    hasher.array(initiator).finish()
}

/// [`CryptoError::Unauthentic`] unless the nonce is the one committed to.
pub(in crate::identity) fn check_reveal(
    purpose: Purpose,
    context: &[u8],
    committed: Hash,
    initiator: &[u8; 32],
) -> Result<(), CryptoError> {
    let fits = commitment(purpose, context, initiator) == committed;
    if fits { Ok(()) } else { Err(CryptoError::Unauthentic) }
}

/// Nine digits for people: three groups of three when displayed. It is for people, so there is no `==`.
#[derive(Clone, Copy)]
pub struct Code(u32);

impl Code {
    /// The codes of initiator and responder.
    pub(in crate::identity) fn both(
        purpose: Purpose,
        context: &[u8],
        initiator: &[u8; 32],
        responder: &[u8; 32],
    ) -> [Self; 2] {
        let hasher = Hasher::new(label::hash::SAS_CODE).u8(purpose.number()).lp(context);
        let hash = hasher.array(initiator).array(responder).finish().truncated::<16>();
        let (numbers, _) = hash.as_chunks::<8>();
        let mut codes = [Self(0); 2];
        for (code, bytes) in codes.iter_mut().zip(numbers) {
            // Below 10^9, so it fits.
            code.0 = u32::try_from(u64::from_be_bytes(*bytes) % MODULUS).unwrap_or_default();
        }
        codes
    }

    /// A code kept as a number.
    pub(in crate::identity) fn from_number(number: u32) -> Result<Self, Rule> {
        if u64::from(number) < MODULUS { Ok(Self(number)) } else { Err(Rule::BadValue) }
    }

    pub(in crate::identity) const fn number(self) -> u32 {
        self.0
    }

    /// Whether a person typed these digits, in whatever groups.
    pub(super) fn is_typed(self, typed: &str) -> bool {
        let digits = |text: &str| text.split_ascii_whitespace().collect::<String>();
        digits(typed) == digits(&self.to_string())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, middle, low) = (self.0 / 1_000_000, self.0 / 1_000 % 1_000, self.0 % 1_000);
        write!(f, "{high:03} {middle:03} {low:03}")
    }
}

/// Not the digits: those that are expected are nobody's to read.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}
