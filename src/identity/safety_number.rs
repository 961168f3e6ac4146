//! Safety numbers: what two people read to each other. `docs/PROTOCOL.md` §4.13.

use core::fmt;

use super::ids::Fingerprint;
use super::trust::Compared;
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;

/// How often a fingerprint is hashed, so that looking for one with given digits costs as much more.
const STEPS: usize = 16_384;
const GROUPS: usize = 6;

/// The 60 digits of two identities. It is for people: programs compare fingerprints, so there is no `==`.
///
/// ```compile_fail
/// # use sottovoce::identity::{ids::Fingerprint, safety_number::SafetyNumber};
/// # let [a, b] = [Fingerprint::from_bytes([1; 32]), Fingerprint::from_bytes([2; 32])];
/// assert!(SafetyNumber::new(&a, &b) == SafetyNumber::new(&b, &a));
/// ```
pub struct SafetyNumber {
    theirs: Fingerprint,
    text: String,
}

impl SafetyNumber {
    /// The number of one's own identity and a contact's. Twice 16,384 hashes: a few milliseconds.
    pub fn new(ours: &Fingerprint, theirs: &Fingerprint) -> Self {
        let (ours, other) = (half(ours), half(theirs));
        let (first, second) = if ours <= other { (ours, other) } else { (other, ours) };
        Self { theirs: *theirs, text: format!("{first} {second}") }
    }

    /// The digits in 12 groups of five, separated by spaces.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The person says that both sides show the same digits.
    pub fn confirmed(self) -> Compared {
        Compared::new(self.theirs)
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafetyNumber({})", self.text)
    }
}

/// Six groups of five digits.
fn half(fingerprint: &Fingerprint) -> String {
    let start = Hash::from_bytes(*fingerprint.as_bytes());
    let step = |hash: Hash, _| {
        Hasher::new(label::hash::SAFETY_NUMBER).array(hash.as_bytes()).array(fingerprint.as_bytes()).finish()
    };
    let hash = (0..STEPS).fold(start, step);
    let groups = hash.as_bytes().as_chunks::<5>().0.iter().take(GROUPS).map(|chunk| {
        let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    groups.collect::<Vec<_>>().join(" ")
}
