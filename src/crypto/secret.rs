//! Secret bytes: erased on drop, never printed, compared only in constant time.

use core::fmt;
use core::ops::{Deref, DerefMut};

use subtle::{Choice, ConstantTimeEq};
use zeroize::{ZeroizeOnDrop, optimization_barrier};

/// `N` secret bytes.
///
/// There is no `Clone`, `Copy`, `PartialEq` or content in `Debug`: a second copy is made by [`Secret::duplicate`] and
/// the bytes are read by [`Secret::expose`], both easy to find in a review.
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes over `bytes`, which are the caller's to erase where it keeps them.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// A secret that `fill` writes into zeroed memory, so that no other copy is made.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self([0; N]);
        fill(&mut secret.0);
        secret
    }

    /// The bytes.
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// The `M` bytes from `START` on.
    pub(crate) fn piece<const START: usize, const M: usize>(&self) -> Secret<M> {
        const { assert!(M <= N && START <= N - M, "a piece lies within the secret") };
        Secret::filled_by(|out| {
            out.iter_mut().zip(self.0.iter().skip(START)).for_each(|(to, from)| *to = *from);
        })
    }

    /// The pieces of 32 bytes that this secret consists of.
    pub(crate) fn split<const K: usize>(&self) -> [Secret<32>; K] {
        const { assert!(K * 32 == N, "a secret is split without remainder") };
        let mut pieces = self.0.as_chunks::<32>().0.iter();
        core::array::from_fn(|_| {
            Secret::filled_by(|out| pieces.by_ref().take(1).for_each(|piece| out.copy_from_slice(piece)))
        })
    }

    /// A second copy.
    #[must_use]
    pub const fn duplicate(&self) -> Self {
        Self(self.0)
    }
}

/// Not `Zeroize`: a secret that was erased and lives on would be a key of zeros.
impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.fill(0);
        optimization_barrier(&self.0);
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

/// Secret bytes of any length: all of their memory is erased on drop. Growing leaves a copy behind, so whoever fills them gives the capacity.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Empty, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// A copy.
impl From<&[u8]> for SecretBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for SecretBytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for SecretBytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        erase(&mut self.0);
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({})", self.0.len())
    }
}

/// Erases bytes, and what lies behind them in the same block. In one go: `Zeroize` writes a byte at a time.
pub(crate) fn erase(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.resize(bytes.capacity(), 0);
    optimization_barrier(bytes.as_slice());
    bytes.clear();
}
