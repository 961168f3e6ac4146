//! The accounts of this server. `docs/PROTOCOL.md` §7.7.

mod entry;

pub use entry::{AccountEntry, AccountState, AddressOwner};
