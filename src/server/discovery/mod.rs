//! Which server is that of a domain. `docs/PROTOCOL.md` §7.1.
//!
//! A server's manifest names its domain, which proves nothing; the domain has to name the server too, in a [`document`] or in the
//! [`dns`]. Both together are a [`Bound`]. It is fetched under a [policy](fetch) that leads nobody into the operator's network. What a domain
//! names later is weighed against what it was [pinned](continuity) to, and the [`state`] of a domain says what follows from that.

pub mod continuity;
pub mod dns;
pub mod document;
pub mod fetch;
mod gate;
pub mod networks;
mod record;
pub mod state;

use super::kept::Kept;

pub use continuity::Continuity;
pub use document::{Bound, Discovery, SignedDiscovery};
pub use fetch::{Fetch, FetchPolicy, Target};
pub use gate::{Cause, DiscoveryGate, Rates};
pub use state::{DomainState, HoldReason, Next, Outcome, Standing};

/// What is kept of domains, in [`DomainState`].
pub(super) const KEPT: &[Kept] =
    &[Kept::of::<state::Pin>(), Kept::of::<state::Period>(), Kept::of::<state::Hold>()];
