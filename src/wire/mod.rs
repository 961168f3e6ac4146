//! Layer 1: the strict wire format. `docs/PROTOCOL.md` §3.
//!
//! A value has one encoding and [`Wire::decode`] accepts nothing else. Limits, presence and types of fields stand in the
//! `.proto` files; from these come `generated::messages` (structs) and `generated::schemas` (tables), and `scan.rs`
//! checks bytes against a table before anything is allocated.
//!
//! To add a message: describe it in the `.proto` file of its layer, regenerate, and implement `Message` for its domain type in
//! the file of that type. `docs/ARCHITECTURE.md` has the list with the tests that then ask for vectors and a fuzz target.

mod crypto;
mod error;
pub(crate) mod generated;
pub(crate) mod message;
mod scan;
mod schema;
pub mod specimen;

pub use error::{DecodeError, EncodeError, Rule};
pub use message::Wire;
