//! Short authentication strings: commit, answer, reveal, compare nine digits. `docs/PROTOCOL.md` §4.15.
//!
//! ```text
//! Initiator::start ──SasStart──▶ Responder::answer
//!                  ◀─SasAnswer──
//! Initiator::reveal ─SasReveal─▶ Responder::check
//!        │                              │
//!   Comparison                     Comparison      each person types the code that the other one reads
//! ```

use core::fmt;

use rand_core::CryptoRng;

use super::IdentityError;
use super::ids::Fingerprint;
use super::trust::Compared;
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::{CryptoError, label, random};
use crate::error::{Blame, Fault};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array};

/// How many wrong codes end an attempt.
const MOST_WRONG: u8 = 3;

/// What a string authenticates. One for a verification never fits a linking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
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

/// 32 random bytes of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonce(pub(super) [u8; 32]);

impl Nonce {
    pub(super) fn draw(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        Ok(Self(*random::draw(rng)?.expose()))
    }
}

/// What binds the initiator to its nonce before it sees the other's.
pub(super) fn commitment(purpose: Purpose, context: &[u8], initiator: Nonce) -> Hash {
    let hasher = Hasher::new(label::hash::SAS_COMMITMENT).u8(purpose.number()).lp(context);
    hasher.array(&initiator.0).finish()
}

/// [`CryptoError::Unauthentic`] unless the nonce is the one committed to.
pub(super) fn check_reveal(
    purpose: Purpose,
    context: &[u8],
    committed: Hash,
    initiator: Nonce,
) -> Result<(), CryptoError> {
    let fits = commitment(purpose, context, initiator) == committed;
    if fits { Ok(()) } else { Err(CryptoError::Unauthentic) }
}

/// Nine digits for people.
#[derive(Clone)]
pub struct Code(String);

impl Code {
    pub(super) fn new(purpose: Purpose, context: &[u8], initiator: Nonce, responder: Nonce) -> Self {
        let hasher = Hasher::new(label::hash::SAS_CODE).u8(purpose.number()).lp(context);
        let hash = hasher.array(&initiator.0).array(&responder.0).finish();
        let number = u64::from_be_bytes(hash.truncated()) % 1_000_000_000;
        let (high, middle, low) = (number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
        Self(format!("{high:03} {middle:03} {low:03}"))
    }

    /// Three groups of three digits, separated by spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a person typed these digits, in whatever groups.
    fn is_typed(&self, typed: &str) -> bool {
        let digits = |text: &str| text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>();
        digits(typed) == digits(&self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}

/// Waits for the person to type the code that the other side shows; then gives `T`, which was fixed before.
#[derive(Debug)]
pub struct Comparison<T> {
    code: Code,
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
    pub(super) const fn new(code: Code, outcome: T) -> Self {
        Self { code, wrong: 0, outcome }
    }

    /// The code to show.
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// What will be the result, to show before the person decides.
    pub const fn pending(&self) -> &T {
        &self.outcome
    }

    /// Takes what the person typed: the other side's code. [`WrongCode`] if it is not this one.
    pub fn confirm(mut self, typed: &str) -> Result<T, WrongCode<T>> {
        if self.code.is_typed(typed) {
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

/// First message: the initiator's commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasStart {
    /// §4.15.
    pub commitment: Hash,
}

/// Second message: the responder's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasAnswer {
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Third message: the initiator's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasReveal {
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Verifies a contact at a distance; has committed, and waits for the answer.
#[derive(Debug)]
pub struct Initiator {
    context: [u8; 64],
    theirs: Fingerprint,
    nonce: Nonce,
}

/// Verifies a contact at a distance; has answered, and waits for the reveal.
#[derive(Debug)]
pub struct Responder {
    context: [u8; 64],
    theirs: Fingerprint,
    nonce: Nonce,
    committed: Hash,
}

impl Initiator {
    /// Begins with the identities as they are now; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn start(
        own: &Fingerprint,
        theirs: &Fingerprint,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, SasStart), CryptoError> {
        let nonce = Nonce::draw(rng)?;
        let context = context(own, theirs);
        let start = SasStart { commitment: commitment(Purpose::Verification, &context, nonce) };
        Ok((Self { context, theirs: *theirs, nonce }, start))
    }

    /// Takes the answer; from now on the code is fixed.
    pub fn reveal(self, answer: &SasAnswer) -> (SasReveal, Comparison<Compared>) {
        let code = Code::new(Purpose::Verification, &self.context, self.nonce, Nonce(answer.nonce));
        (SasReveal { nonce: self.nonce.0 }, Comparison::new(code, Compared::new(self.theirs)))
    }
}

impl Responder {
    /// Answers with the identities as they are now; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn answer(
        own: &Fingerprint,
        theirs: &Fingerprint,
        start: &SasStart,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, SasAnswer), CryptoError> {
        let nonce = Nonce::draw(rng)?;
        let context = context(theirs, own);
        let responder = Self { context, theirs: *theirs, nonce, committed: start.commitment };
        Ok((responder, SasAnswer { nonce: nonce.0 }))
    }

    /// Takes the reveal. [`CryptoError::Unauthentic`] if it is not what was committed to, or was made for other identities; the
    /// attempt is over then.
    pub fn check(self, reveal: &SasReveal) -> Result<Comparison<Compared>, IdentityError> {
        let initiator = Nonce(reveal.nonce);
        check_reveal(Purpose::Verification, &self.context, self.committed, initiator)?;
        let code = Code::new(Purpose::Verification, &self.context, initiator, self.nonce);
        Ok(Comparison::new(code, Compared::new(self.theirs)))
    }
}

/// Both identities, the initiator's first.
fn context(initiator: &Fingerprint, responder: &Fingerprint) -> [u8; 64] {
    let mut context = [0; 64];
    let (first, second) = context.split_at_mut(32);
    first.copy_from_slice(initiator.as_bytes());
    second.copy_from_slice(responder.as_bytes());
    context
}

impl Message for SasStart {
    type Proto = proto::SasStart;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { commitment: Hash::from_bytes(required_array(proto.commitment)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasStart { commitment: Some(self.commitment.as_bytes().to_vec()) }
    }
}

impl Message for SasAnswer {
    type Proto = proto::SasAnswer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { nonce: required_array(proto.nonce)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasAnswer { nonce: Some(self.nonce.to_vec()) }
    }
}

impl Message for SasReveal {
    type Proto = proto::SasReveal;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { nonce: required_array(proto.nonce)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasReveal { nonce: Some(self.nonce.to_vec()) }
    }
}
