//! Short authentication strings: commit, answer, reveal, compare nine digits each way. `docs/PROTOCOL.md` §4.15.
//!
//! ```text
//! Initiator::start ──SasStart──▶ Responder::answer
//!                  ◀─SasAnswer──
//! Initiator::reveal ─SasReveal─▶ Responder::check
//!        │                              │
//!   Comparison                     Comparison      each person types the code that the other one reads
//! ```

mod code;
mod comparison;
mod verification;

pub use code::Code;
pub(super) use code::{Purpose, check_reveal, commitment};
pub use comparison::{Comparison, WrongCode};
pub use verification::{Initiator, Responder, SasAnswer, SasReveal, SasStart};
