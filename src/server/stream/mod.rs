//! Streams. `docs/PROTOCOL.md` §7.4.
