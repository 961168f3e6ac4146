//! Layer 5: a server. It keeps the mailboxes and directories of its users, and passes items on to other servers. `docs/PROTOCOL.md` §7, §8.
//!
//! A server is a [`Machine`](crate::storage::Machine): a pure function of what its store holds, the time and an input. HTTP, TLS and
//! DNS are the shell's. It reads no content: items are opaque, and what stands in them is sealed between devices.

mod context;
mod error;
mod ids;
mod item;
mod kept;
mod machine;
mod timing;

pub mod directory;
pub mod discovery;
pub mod frame;
pub mod hazmat;
pub mod link;
pub mod mailbox;
pub mod quota;
pub mod service;
pub mod stream;

pub(crate) use context::Context;
pub use context::{Config, Output, Registration, Server, Setup};
pub use error::FrameError;
pub use ids::{Instance, Pseudonym, Token};
pub use item::{
    Code, DeviceItem, Item, ItemId, Kind, Origin, Reason, RequestItem, Stale, Status, Submitter, Verdict,
};
pub use machine::Input;
