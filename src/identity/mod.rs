//! Layer 3: who is who. `docs/PROTOCOL.md` §4.
//!
//! - [`chain`]: signed manifests, one mechanism for [`account`]s and [`server`]s, in which a recovery key outranks all devices.
//! - [`device`], [`draft`]: a device's keys, and the manifests that add and remove devices; [`recovery`]: the key on paper.
//! - [`address`], [`certificate`]: names for people, and the server's word for them.
//! - [`prekeys`]: what a device publishes to be written to.
//! - [`trust`], [`safety_number`], [`qr`], [`sas`]: whether a contact is still who it was; [`link`]: adding a device.
//!
//! ```
//! use sottovoce::crypto::random::Seed;
//! use sottovoce::identity::account::Account;
//! use sottovoce::identity::chain::{Author, Followed, Manifest, News, Subject as _};
//! use sottovoce::identity::device::{Capabilities, DeviceSecret};
//! use sottovoce::identity::{Verified, draft::Draft, recovery::RecoveryKey};
//! use sottovoce::time::{Span, Timestamp};
//! use sottovoce::wire::Wire as _;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Timestamp::from_millis(1_795_000_000_000); // what the application's clock says
//! let week = now.plus(Span::from_days(7));
//! let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..")?.into_generator();
//!
//! // An account is founded by a key that goes on paper, with a first device.
//! let (paper, phone) = (RecoveryKey::generate(&mut rng)?, DeviceSecret::generate(&mut rng)?);
//! let by = |key| Author { key, issued_at: now, refresh_after: week };
//! let account = Verified::<Account>::found(&by(paper.signing()), &phone)?;
//!
//! // A contact receives bytes, verifies them, and follows the account from then on.
//! let bytes = account.manifest().encode()?;
//! let mut contact = Followed::new(Manifest::decode(&bytes)?.verify::<Account>()?);
//!
//! // The phone adds a laptop that proved to possess its keys for this account.
//! let laptop = DeviceSecret::generate(&mut rng)?;
//! let mut draft = Draft::after(&account);
//! draft.add(laptop.possess(account.id()), Capabilities::NONE)?;
//! let newer = draft.sign(&by(phone.signing()))?;
//! assert_eq!(contact.learn(newer)?, News::Newer);
//! assert_eq!(contact.current()?.devices().len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! What comes from outside has a type without promises ([`chain::Manifest`], [`certificate::SignedCertificate`],
//! [`prekeys::ClaimAnswer`]); its `verify` gives a [`Verified`] value, and whatever needs one asks for that type.

pub mod account;
pub mod address;
pub mod certificate;
pub mod chain;
pub mod device;
pub mod draft;
mod error;
pub mod ids;
pub mod key_pair;
pub mod link;
pub mod prekeys;
mod punycode;
pub mod qr;
pub mod recovery;
pub mod safety_number;
pub mod sas;
pub mod server;
pub mod trust;
pub mod validity;
mod verified;

pub use error::IdentityError;
pub use verified::Verified;
