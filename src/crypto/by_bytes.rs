//! Equality and `Debug` for public values that are long strings of bytes.

/// Compares by bytes, and prints the plain hash in place of a kilobyte of hexadecimal.
macro_rules! by_bytes {
    ($name:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }

        impl Eq for $name {}

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), $crate::crypto::hash::Hash::of(self.as_bytes()))
            }
        }
    };
}

pub(super) use by_bytes;
