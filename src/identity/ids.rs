//! Names of things: each a type of its own, so that none is taken for another (attack D-06). They are compared by bytes.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The id of these bytes, which name something or nothing.
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    )+};
}

pub(crate) use ids;

ids! {
    /// An account: the hash of its genesis header, 32 bytes. `docs/PROTOCOL.md` §4.2.
    AccountId: 32;
    /// A server: the hash of its genesis header, 32 bytes. §4.2.
    ServerId: 32;
    /// A device: the beginning of the hash of its keys, 16 bytes. §4.7.
    DeviceId: 16;
    /// A server's online key: the beginning of its hash, 16 bytes. §4.8.
    OnlineKeyId: 16;
    /// A claim of prekeys: 16 random bytes. §4.12.
    RequestId: 16;
    /// What people compare of an account, and what a contact is pinned by: 32 bytes. §4.13.
    Fingerprint: 32;
}
