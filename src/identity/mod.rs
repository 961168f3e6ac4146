//! Layer 3: who is who. `docs/PROTOCOL.md` §4.
//!
//! - [`chain`]: signed manifests, one mechanism for [`account`]s and [`server`]s, in which a recovery key outranks all devices.
//! - [`device`], [`draft`]: a device's keys, and the manifests that add and remove devices; [`recovery`]: the key on paper.
//! - [`address`], [`certificate`]: names for people, and the server's word for them.
//! - [`prekeys`]: what a device publishes to be written to.
//! - [`trust`], [`safety_number`], [`code`], [`sas`]: whether a contact is still who it was; [`link`]: adding a device.
//!
//! What comes from outside has a type without promises ([`chain::Manifest`], [`certificate::SignedCertificate`],
//! [`prekeys::ClaimAnswer`]); its `verify` gives a [`Verified`] value, and whatever needs one asks for that type.

pub mod account;
pub mod address;
pub mod certificate;
pub mod chain;
pub mod code;
pub mod device;
pub mod draft;
mod error;
pub mod ids;
pub mod link;
pub mod prekeys;
mod punycode;
pub mod recovery;
pub mod safety_number;
pub mod sas;
pub mod server;
pub mod trust;
pub mod validity;
mod verified;

pub use error::IdentityError;
pub use verified::Verified;
