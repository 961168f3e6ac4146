//! Layer 7: one device, as a pure function. `docs/PROTOCOL.md` §11.
//!
//! [`Client`] is a [`Machine`](crate::storage::Machine): what was loaded, the time, a seed and an [`Input`] give what is to be written, what
//! is to be sent ([`Output`]), and what the application is told ([`Event`]).

mod account;
mod command;
mod connect;
mod contact;
mod context;
mod drain;
mod driver;
mod errand;
mod error;
mod event;
mod event_wire;
mod inbox;
mod incoming;
mod machine;
mod notice;
mod outgoing;
mod prekeys;
mod progress;
mod receipts;
mod record;
mod reply;
mod state;
mod waiting;

pub use account::ClientAccount;
pub use command::Command;
pub use driver::{AsyncDevice, Device, DeviceError, Outcome};
pub use errand::Errand;
pub use error::ClientError;
pub use event::{Event, NoticeKind, Refusal, Said, Stage};
pub use machine::{Client, Create, Input, Output};
pub use record::{CommandId, KnownContent, Outgoing, PendingDevice, Person, SubmittedItem, TokenOwner};
pub use state::ClientState;
