//! Layer 0: cryptographic primitives behind types that are hard to misuse. `docs/PROTOCOL.md` §2.
//!
//! - Whatever comes from outside enters through a `from_bytes` that checks it completely ([`x25519::PublicKey`],
//!   [`mlkem::EncapsulationKey`], [`hybrid::PublicKey`], …); a value of such a type is known to be good.
//! - A key that may be used once is consumed by its use ([`aead::OneTimeKey`], [`blob::seal`]).
//! - Secrets are [`secret::Secret`]: no copy, no comparison with `==`, no contents in `Debug`, erased on drop.
//! - Every hash, signature and expansion takes a label of its kind from [`label`].
//! - Randomness is a parameter ([`rand_core::CryptoRng`]); [`random::Seed`] makes one from 32 bytes.

mod by_bytes;

pub mod absorb;
pub mod aead;
pub mod attachment;
pub mod blob;
mod commit;
pub mod ed25519;
mod error;
mod field;
pub mod hash;
pub mod hazmat;
pub mod hybrid;
pub mod kdf;
pub mod label;
pub mod mask;
pub mod mldsa;
pub mod mlkem;
pub mod random;
pub mod rest;
pub mod secret;
mod self_test;
pub mod suite;
pub mod x25519;

pub use error::CryptoError;
pub use self_test::self_test;
