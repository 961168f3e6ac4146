//! Names on the federation side. `docs/PROTOCOL.md` §7.

use core::fmt;

use crate::identity::ids::ids;

ids! {
    /// A run of a server's process: 16 random bytes. Two that take turns are a clone. §7.2.
    Instance: 16;
    /// A user as its server names it towards one address: 16 bytes. §7.6.
    Pseudonym: 16;
}

/// What a recipient gave a sender, so that its items find the mailbox: 16 random bytes. Whoever has it can send, so it is not printed. §7.6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// The token of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Redacted.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
