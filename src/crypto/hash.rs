//! SHA-256, labelled. `docs/PROTOCOL.md` §1.

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::absorb::Absorb;
use super::label::HashLabel;

/// A SHA-256 hash, 32 bytes. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The plain hash `H(bytes)`, for content that is named by its hash.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A hash received from elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first `N` bytes, at most 32.
    pub fn truncated<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= 32, "a hash has 32 bytes") };
        let mut start = [0; N];
        start.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        start
    }
}

/// Collects the fields of a labelled hash.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts with `label`.
    pub fn new(label: HashLabel) -> Self {
        Self(Sha256::new_with_prefix(label.as_bytes()))
    }
}

impl Absorb for Hasher {
    type Output = Hash;

    fn absorb(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

impl ConstantTimeEq for Hash {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}
