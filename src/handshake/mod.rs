//! Layer 4: the handshake, by which one device opens a session with another that may be offline. `docs/PROTOCOL.md` §5.
//!
//! ```text
//! A   Sender, Recipient ──initiate──▶ Initiated { awaiting: bytes to send, session }
//!                                                    │ Awaiting::k3 ◀── ct3 in B's first answer
//!
//! B   Initial ──screen──▶ Screened ──open──▶ Tentative ──first_message──▶ Opened ──accept──▶ Accepted: one write
//!     no key is touched      │      who it says it is,      its message       its manifest       │
//!                       wants prekeys   for looking up      opened            agrees       Answering::answer ──▶ ct3, k3
//! ```
//!
//! Each state is consumed by the step to the next. A handshake begins with [`Verified`](crate::identity::Verified) prekeys and a
//! verified manifest; nothing here takes a key from anywhere else. What must be kept is a value with an encoding:
//! [`Awaiting`], [`Answering`], [`OwnBundle`], [`OwnManifest`], [`ReplayEntry`], [`Floor`].

mod answer;
mod error;
mod floor;
pub mod hazmat;
mod identity_block;
mod initial;
mod initiator;
mod linked;
mod records;
mod responder;
mod schedule;

pub use answer::{Answering, Awaiting};
pub use error::HandshakeError;
pub use floor::Floor;
pub use identity_block::IdentityBlock;
pub use initial::{Initial, OneTimePlace};
pub use initiator::{Initiated, Recipient, Sender, initiate};
pub use linked::LinkProof;
pub use records::{OwnBundle, OwnManifest, ReplayEntry};
pub use responder::{Accepted, Opened, Own, Screened, Tentative};
