//! Chains of manifests: one mechanism for accounts and servers. `docs/PROTOCOL.md` §4.2 to §4.6.
//!
//! [`Manifest`] comes from outside; [`Manifest::verify`] makes a [`Verified`](super::Verified) account or server of it, which
//! [`Followed`] compares with what was known. [`Author`] signs new ones, always through the same verification.

mod author;
mod evidence;
mod followed;
mod header;
mod manifest;
mod path;

pub use author::Author;
pub use evidence::{Fork, ForkEvidence};
pub use followed::{Followed, Mention, News};
pub use header::{Authorities, Header, Kind, Link, Order, Rank, SignedHeader};
pub(super) use manifest::sealed::Parts;
pub use manifest::{Manifest, Subject};
pub use path::{AuthorityPath, Chain};
