//! Layer 5: sessions, from a handshake and a ratchet to a conversation between devices. `docs/PROTOCOL.md` §9.
//!
//! ```text
//! content ─▶ SharedBody::seal ─▶ blob, pointer ─┬▶ seal(device) ─▶ frame       a session is there
//!                                               └▶ begin(device, prekeys) ─▶ frame      none is, or another is due
//!
//! frame, blob ─▶ receive ─▶ Received: content and notices, or why not
//!
//! timer ─▶ tend ─▶ notices
//! ```
//!
//! Everything here happens inside a step (`storage::step`) of the layer above, which decides when; all reads come before the first write,
//! so that what is refused has changed nothing.

mod begin;
mod body;
mod contact;
mod context;
mod device;
mod error;
pub mod fan_out;
mod gaps;
mod heed;
mod initial;
mod lineage;
mod notice;
mod own;
mod receive;
mod seal;
mod sent;
mod shared;
mod state;
mod tend;

pub use begin::{Begun, Claimed, begin, begin_all};
pub use body::{Ack, Body, History, Linking, SessionPrefix, View};
pub use contact::{Contact, ContactManifest, Learned};
pub use context::{Context, OwnDevice};
pub use device::{DeviceSessions, RENEWAL};
pub use error::SessionError;
pub use lineage::{CONTEST, Contested, Lineage, MAX_FORMER, Place, Placed, Proof, RECEIVES_FOR, Standing};
pub use notice::Notice;
pub use own::{keep_bundle, keep_stock};
pub use receive::{Arrival, Message, Received, receive};
pub use seal::{Say, SealedFrame, needs_introduction, seal};
pub use sent::SentMessage;
pub use shared::{Introduction, MAX_CONTENT, SharedBody};
pub use state::{SessionState, SessionTag, block_key, ratchet_key};
pub use tend::{decide, learn, tend, unknown_tag};
