//! Randomness as a parameter. `docs/PROTOCOL.md` §2.11.
//!
//! The library draws no randomness of its own. An application draws a fresh [`Seed`] from the operating system for every call;
//! inside, every function that needs randomness takes `&mut impl CryptoRng`, which a [`Generator`] is.

use core::convert::Infallible;
use core::fmt;

use chacha20::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng as _, TryCryptoRng, TryRng};

use super::CryptoError;
use super::kdf;
use super::label;
use super::secret::Secret;

/// 32 fresh random bytes, for one call.
#[derive(Debug)]
pub struct Seed(Secret<32>);

impl Seed {
    /// A seed from 32 random bytes. [`CryptoError::WeakRandomness`] if they are all equal.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, CryptoError> {
        not_stuck(Secret::new(bytes)).map(Self)
    }

    /// A seed from a source that can fail, such as the operating system's.
    /// [`CryptoError::WeakRandomness`] if it fails or is stuck; nothing is drawn a second time.
    pub fn draw(source: &mut impl TryCryptoRng) -> Result<Self, CryptoError> {
        let mut failed = false;
        let bytes = Secret::filled_by(|out| failed = source.try_fill_bytes(out).is_err());
        if failed { Err(CryptoError::WeakRandomness) } else { not_stuck(bytes).map(Self) }
    }

    /// The generator of this seed. The seed is used up: one seed, one sequence.
    pub fn into_generator(self) -> Generator {
        let key = kdf::expand::<32>(&self.0, label::expand::GENERATOR, &[]);
        Generator(ChaCha20Rng::from_seed(*key.expose()))
    }
}

/// A deterministic generator: the same seed gives the same bytes on every machine.
pub struct Generator(ChaCha20Rng);

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(out)
    }
}

impl TryCryptoRng for Generator {}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator(..)")
    }
}

/// Exactly `N` random bytes, 16 or more and a multiple of 4. All randomness in the library comes through here.
pub fn draw<const N: usize>(rng: &mut impl CryptoRng) -> Result<Secret<N>, CryptoError> {
    const {
        assert!(
            N >= 16 && N.is_multiple_of(4),
            "fewer would be equal by chance; generators work in words of 4"
        );
    };
    not_stuck(Secret::filled_by(|out| rng.fill_bytes(out)))
}

/// Refuses bytes that are all equal. For 32 honest bytes this happens with probability 2^-248.
fn not_stuck<const N: usize>(bytes: Secret<N>) -> Result<Secret<N>, CryptoError> {
    let first = bytes.expose().first().copied().unwrap_or(0);
    let difference = bytes.expose().iter().fold(0, |sum, byte| sum | (byte ^ first));
    if difference == 0 { Err(CryptoError::WeakRandomness) } else { Ok(bytes) }
}
