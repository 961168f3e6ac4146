//! The contract between the library and the store of an application. `docs/STORAGE.md`.
//!
//! All state that outlives a call lies in a store that the application owns: SQLite, IndexedDB, whatever can write several
//! rows at once. The library never reads or writes it. A [`Machine`] (a client, a server) is a pure function that says what it
//! wants to read, is called again with it, and then answers with [`Effects`]: one atomic [`Write`], and what may be sent once
//! that is committed, not before. [`run`] is the loop around it.
//!
//! ```text
//!            ┌──────── wants ────────┐
//!            ▼                       │
//!  input ─▶ step ── Load(wants) ─▶ load          again, with other randomness
//!            │                       ▲                   │
//!            └──── Ready(effects) ─▶ apply ── Conflict ──┘
//!                                    │
//!                                    └── Committed ─▶ Released { send, events, wake_at }
//! ```
//!
//! | to | read |
//! |---|---|
//! | write a store | [`Store`], [`Write`], `docs/STORAGE.md`; check it with [`conformance`] |
//! | write a step | [`Transaction`], [`Record`], [`timer`], [`job`] |
//! | run one | [`run`], [`run_async`] |

pub mod conformance;
pub mod job;
pub mod timer;

mod driver;
mod effects;
mod error;
mod key;
mod loaded;
mod lost;
mod memory;
mod record;
mod store;
mod transaction;
mod vault;
mod write;

pub use driver::{Machine, Ran, RunError, Step, run, run_async};
pub use effects::{Commit, Effects, Released};
pub use error::StorageError;
pub use key::{ItemId, Key, Partition, Range, Table};
pub use loaded::{Entry, Loaded, Stored, Tail, Version, Want};
pub use memory::{MemoryStore, Snapshot};
pub use record::{Format, Record};
pub use store::{AsyncStore, Blocking, Outcome, Store};
pub use transaction::{Interrupt, Item, Slot, Stop, Transaction, step};
pub use vault::Vault;
pub use write::{Append, Expect, Put, Trim, Write};

/// Limits that every store has to bear, and that no step exceeds. `docs/STORAGE.md`.
pub mod limits {
    /// Bytes of one body: a record, an entry of a log, an event.
    pub const BODY: usize = 1 << 20;
    /// Bytes of all bodies of one write.
    pub const WRITE: usize = 8 << 20;
    /// Rows of one write: expectations, puts, deletions, appended entries, trimmed logs, and events.
    pub const ROWS: usize = 8_192;
    /// Wants of one step.
    pub const WANTS: usize = 4_096;
    /// Rows that a scan gives at most, whatever it asks for.
    pub const SCAN_ROWS: u16 = 1_000;
    /// A scan gives no further row once it has given this many bytes.
    pub const SCAN_BYTES: usize = 4 << 20;
}
