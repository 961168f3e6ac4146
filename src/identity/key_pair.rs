//! An X25519 and an ML-KEM-768 private key that are drawn, used and kept together. `docs/PROTOCOL.md` §4.7, §4.11.

use rand_core::CryptoRng;

use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, mlkem, x25519};
use crate::wire::Rule;
use crate::wire::message::required_secret;

/// The private keys of a pair: a device's identity, a bundle's prekeys, or one of a stock.
#[derive(Debug)]
pub struct PairSecret {
    agreement: x25519::SecretKey,
    kem: mlkem::DecapsulationKey,
    kem_seed: Secret<{ mlkem::SEED_LENGTH }>,
}

impl PairSecret {
    /// A new pair; draws 32 and 64 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub(super) fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        let agreement = x25519::SecretKey::generate(rng)?;
        let (kem, kem_seed) = mlkem::DecapsulationKey::generate(rng)?;
        Ok(Self { agreement, kem, kem_seed })
    }

    /// The pair kept in two fields of a record, which are erased.
    pub(super) fn from_fields(
        agreement: &mut Option<Vec<u8>>,
        kem: &mut Option<Vec<u8>>,
    ) -> Result<Self, Rule> {
        let agreement = x25519::SecretKey::from_secret(&required_secret(agreement)?);
        let kem_seed = required_secret(kem)?;
        Ok(Self { agreement, kem: mlkem::DecapsulationKey::from_seed(&kem_seed), kem_seed })
    }

    /// The two fields of a record.
    pub(super) fn to_fields(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        (Some(self.agreement.to_secret().expose().to_vec()), Some(self.kem_seed.expose().to_vec()))
    }

    /// The X25519 key.
    pub const fn agreement(&self) -> &x25519::SecretKey {
        &self.agreement
    }

    /// The ML-KEM-768 key.
    pub const fn kem(&self) -> &mlkem::DecapsulationKey {
        &self.kem
    }
}
