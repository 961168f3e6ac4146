//! End-to-end encrypted messaging between accounts `user@domain` on independent servers, as a library without I/O: no
//! sockets, no files, no clock, no threads, no randomness of its own. So far it contains the ground: cryptographic
//! primitives behind types that are hard to misuse ([`crypto`]), the strict wire format ([`wire`]), the contract with the application's
//! store ([`storage`]), and accounts, devices, servers, prekeys and trust ([`identity`]); above it the [`handshake`] and the [`ratchet`], [`session`]s, [`content`], the [`server`], and the [`client`], which is what an
//! application links: `docs/EMBEDDING.md` has a whole one.
//!
//! ```
//! use sottovoce::crypto::blob;
//! use sottovoce::crypto::random::Seed;
//! use sottovoce::crypto::{hybrid, label};
//! use sottovoce::wire::Wire;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 32 fresh bytes from the operating system for every operation; constant here.
//! let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..")?.into_generator();
//!
//! // Seal once for many recipients. Each gets the pointer, in practice inside an encrypted message.
//! let (sealed, pointer) = blob::seal(b"under the voice", &mut rng)?;
//!
//! // Sign with Ed25519 and ML-DSA-65 at once, and send key and signature.
//! let key = hybrid::SecretKey::generate(&mut rng)?;
//! let signature = key.sign(label::sign::BUNDLE, &sealed).encode()?;
//! let public = key.public_key().encode()?;
//!
//! // The other side decodes strictly, verifies, opens.
//! let public = hybrid::PublicKey::decode(&public)?;
//! public.verify(label::sign::BUNDLE, &sealed, &hybrid::Signature::decode(&signature)?)?;
//! assert_eq!(blob::open(&pointer, &sealed)?, b"under the voice");
//! # Ok(())
//! # }
//! ```
//!
//! The protocol is specified in `docs/PROTOCOL.md`, the design in `docs/DESIGN.md`, and `docs/ARCHITECTURE.md` says which
//! layer a line of code belongs to. A module imports from lower layers only:
//!
//! | layer | module | |
//! |---|---|---|
//! | 7 | [`client`] | one device: what an application links |
//! | 6 | [`content`] | what people and their devices say to each other |
//! | 5 | [`session`] | which session is used with a device, one message for many devices, repair |
//! | 5 | [`server`] | what a server does for its users and with other servers |
//! | 4 | [`handshake`] | how two devices come to share a session |
//! | 4 | [`ratchet`] | how a session's messages are sealed and opened |
//! | 3 | [`identity`] | addresses, accounts, devices, servers, prekeys, trust |
//! | 3 | [`pairwise`] | what handshake and ratchet give each other |
//! | 2 | [`storage`] | keys, wants, writes, encryption at rest |
//! | 1 | [`wire`] | strict canonical Protocol Buffers, limits |
//! | 0 | [`crypto`] | primitives, labels, secrets |
//! | leaves | [`error`], [`time`] | whose fault an error is; time as a value |

#![deny(unreachable_pub)]

pub mod client;
pub mod content;
pub mod crypto;
pub mod error;
pub mod handshake;
pub mod identity;
pub mod pairwise;
pub mod ratchet;
pub mod server;
pub mod session;
pub mod storage;
pub mod time;
pub mod wire;

/// Keeps the example in the README compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Keeps the store in the guide for authors of stores working.
#[cfg(doctest)]
#[doc = include_str!("../docs/STORAGE.md")]
struct StorageGuide;
