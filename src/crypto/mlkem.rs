//! ML-KEM-768 (FIPS 203) from seeds, with checked keys. `docs/PROTOCOL.md` §2.4.

use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768PrivateKey, MlKem768PublicKey};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::CryptoError;
use super::by_bytes::by_bytes;
use super::random;
use super::secret::Secret;

/// Bytes of a private seed, `d ‖ z`.
pub const SEED_LENGTH: usize = 64;
/// Bytes of an encapsulation key.
pub const PUBLIC_KEY_LENGTH: usize = 1184;
/// Bytes of a ciphertext.
pub const CIPHERTEXT_LENGTH: usize = 1088;

pub(super) const EXPANDED_LENGTH: usize = 2400;

/// An encapsulation key whose coefficients are all below the modulus.
#[derive(Clone)]
pub struct EncapsulationKey(Box<MlKem768PublicKey>);

impl EncapsulationKey {
    /// Checks and takes a key from outside. [`CryptoError::InvalidKey`] unless it has 1184 bytes and passes the modulus
    /// check of FIPS 203 §7.2.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let key = MlKem768PublicKey::try_from(bytes).map_err(|_| CryptoError::InvalidKey)?;
        if mlkem768::validate_public_key(&key) {
            Ok(Self(Box::new(key)))
        } else {
            Err(CryptoError::InvalidKey)
        }
    }

    /// The 1184 bytes.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LENGTH] {
        self.0.as_slice()
    }

    /// A fresh shared secret and the ciphertext that conveys it; draws 32 bytes.
    /// [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn encapsulate(&self, rng: &mut impl CryptoRng) -> Result<(Ciphertext, Secret<32>), CryptoError> {
        let coins = random::draw::<32>(rng)?;
        let (ciphertext, mut shared) = mlkem768::encapsulate(&self.0, *coins.expose());
        let secret = Secret::new(shared);
        shared.zeroize();
        Ok((Ciphertext(Box::new(ciphertext)), secret))
    }
}

/// A ciphertext: 1088 bytes.
#[derive(Clone)]
pub struct Ciphertext(Box<MlKem768Ciphertext>);

impl Ciphertext {
    /// Takes a ciphertext from outside. [`CryptoError::InvalidLength`] unless it has 1088 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let ciphertext = MlKem768Ciphertext::try_from(bytes).map_err(|_| CryptoError::InvalidLength)?;
        Ok(Self(Box::new(ciphertext)))
    }

    /// The 1088 bytes.
    pub fn as_bytes(&self) -> &[u8; CIPHERTEXT_LENGTH] {
        self.0.as_slice()
    }
}

/// A decapsulation key, expanded from its seed.
pub struct DecapsulationKey {
    expanded: Box<MlKem768PrivateKey>,
    public: EncapsulationKey,
}

impl DecapsulationKey {
    /// A new key and the seed to store; draws 64 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<(Self, Secret<SEED_LENGTH>), CryptoError> {
        let seed = random::draw(rng)?;
        Ok((Self::from_seed(&seed), seed))
    }

    /// The key of this seed (FIPS 203 algorithm 16). Store the seed, not this.
    pub fn from_seed(seed: &Secret<SEED_LENGTH>) -> Self {
        let (mut private, public) = mlkem768::generate_key_pair(*seed.expose()).into_parts();
        let expanded = Box::new(private.clone());
        wipe(&mut private);
        Self { expanded, public: EncapsulationKey(Box::new(public)) }
    }

    /// The encapsulation key to give away.
    pub fn public_key(&self) -> &EncapsulationKey {
        &self.public
    }

    /// The secret in `ciphertext`. A ciphertext made for another key gives an unrelated secret, not an error
    /// (implicit rejection, FIPS 203 §7.3): what uses the secret will fail to authenticate.
    pub fn decapsulate(&self, ciphertext: &Ciphertext) -> Secret<32> {
        let mut shared = mlkem768::decapsulate(&self.expanded, &ciphertext.0);
        let secret = Secret::new(shared);
        shared.zeroize();
        secret
    }

    pub(super) fn expanded(&self) -> &[u8; EXPANDED_LENGTH] {
        self.expanded.as_slice()
    }

    /// Imports the expanded form, with the checks of FIPS 203 §7.3 and the modulus check on the public key inside it.
    pub(super) fn from_expanded(bytes: &[u8]) -> Result<Self, CryptoError> {
        let expanded = MlKem768PrivateKey::try_from(bytes).map_err(|_| CryptoError::InvalidKey)?;
        let key = Self { public: public_key_inside(bytes)?, expanded: Box::new(expanded) };
        // The ciphertext is checked for its length only, which its type fixes.
        if mlkem768::validate_private_key(&key.expanded, &MlKem768Ciphertext::default()) {
            Ok(key)
        } else {
            Err(CryptoError::InvalidKey)
        }
    }
}

/// FIPS 203 algorithm 16: the expanded key is `dkPKE 1152 ‖ ek 1184 ‖ H(ek) 32 ‖ z 32`.
fn public_key_inside(expanded: &[u8]) -> Result<EncapsulationKey, CryptoError> {
    const START: usize = 1152;
    let bytes = expanded.get(START..START + PUBLIC_KEY_LENGTH).ok_or(CryptoError::InvalidKey)?;
    EncapsulationKey::from_bytes(bytes)
}

fn wipe(key: &mut MlKem768PrivateKey) {
    key[0..EXPANDED_LENGTH].zeroize();
}

impl Drop for DecapsulationKey {
    fn drop(&mut self) {
        wipe(&mut self.expanded);
    }
}

impl ZeroizeOnDrop for DecapsulationKey {}

impl core::fmt::Debug for DecapsulationKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("mlkem::DecapsulationKey(..)")
    }
}

by_bytes!(EncapsulationKey);
by_bytes!(Ciphertext);
