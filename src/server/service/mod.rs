//! What a server does for its own users' devices. `docs/PROTOCOL.md` §8.
//!
//! A device sends a [`Request`] and gets a [`Response`]; each operation may be sent again with the same id, after an answer that was
//! lost or an outcome that nobody knows, and is carried out once.

mod answered;
mod blob;
mod dispatch;
mod hello;
mod meet;
mod pseudonym;
mod refused;
mod request;
mod response;
mod route;
mod session;
mod submit;

pub mod hazmat;

use super::kept::Kept;

pub(crate) use dispatch::{answer, due};
pub(crate) use refused::Halt;

pub use blob::{AskBlob, BlobGrant, SignedBlobGrant};
pub use hello::{Hello, Limits, SessionToken, SignedHello, Welcome};
pub use meet::{MeetDevice, Side};
pub use refused::Refused;
pub use request::{Operation, Register, Request};
pub use response::{Outcome, Response};
pub use route::{ClaimDevice, FindAddress, Right};
pub use submit::{Destination, Submit, SubmitItem, Submitted};

/// What is kept for devices.
pub(super) const KEPT: &[Kept] = &[
    Kept::of::<answered::Answered>(),
    Kept::of::<answered::Known>(),
    Kept::of::<meet::LinkMailbox>(),
    Kept::of::<meet::LinkMessage>(),
];
