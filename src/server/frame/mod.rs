//! Frames: what one server says to another in one request or answer. `docs/PROTOCOL.md` §7.2.
//!
//! ```text
//! bytes ─ SignedFrame::open ─▶ Unverified ─ verify(keys of its sender, who we are, now) ─▶ Authentic
//!                              size, form      for us? fresh? signed?
//! ```

mod arrived;
mod part;
mod seen;
mod signed;

pub use arrived::Arrived;
pub use part::{Access, Answer, Claim, Lookup, Part, Reply};
pub use seen::Seen;
pub(crate) use signed::LIFETIME;
pub use signed::{Authentic, Frame, SignedFrame, Unverified};
