//! Layer 3: who is who. `docs/PROTOCOL.md` §4.

pub mod address;
mod punycode;
