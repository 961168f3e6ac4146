//! Streams: how items pass from one server to another without loss. `docs/PROTOCOL.md` §7.4.
//!
//! A stream is a hash chain over numbered items. The receiver keeps one position in it; a batch that does not begin right there changes
//! nothing and is answered with the position. The sender keeps the places where its batches ended, and from a position it knows whether the
//! receiver has taken a batch, was set back, or follows a stream that this sender did not make, because one of both lost its state.
//!
//! ```text
//!  sender                                               receiver
//!  Outbound ── Batch { epoch, first, previous, items } ──▶ Inbound::admit ─▶ Admission ─▶ a verdict for each item, one write
//!     ▲                                                                                        │
//!     └── receive ◀── Position { epoch, next, hash, last first, verdicts } ◀───────────────────┘
//!
//!  Course:  Acked      a place ahead: these items are decided, with these verdicts
//!           Nothing    the receiver has not got it yet
//!           Rewound    a place behind: the receiver was set back, go on from there
//!           Restarted  no place of this stream: a new epoch, and all that is retained once more
//! ```
//!
//! Everything here is pure: no store, no time, no keys.

mod batch;
mod chain;
mod inbound;
mod outbound;
mod position;
mod record;
mod verdicts;

pub use batch::{Batch, MAX_ITEM, MAX_ITEMS};
pub use chain::{Route, StreamId};
pub use inbound::{Admission, Inbound};
pub use outbound::{Course, MARKS, Mark, Outbound, Retained};
pub use position::{Position, Window};
pub use verdicts::Verdicts;
