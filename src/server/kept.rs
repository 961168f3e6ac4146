//! The messages that only a server keeps, by name: their types stay inside, and vectors and fuzz targets reach their decoders here.

use crate::wire::{DecodeError, EncodeError, Wire};

use super::{discovery, link, mailbox, quota, service, timing};

/// What a message is after it was decoded, when it is encoded again.
type Again = Result<Result<Vec<u8>, EncodeError>, DecodeError>;

/// A message that is kept: its name, and a function that decodes it and encodes it again.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// As the `.proto` file names it.
    pub name: &'static str,
    again: fn(&[u8]) -> Again,
}

impl Kept {
    pub(crate) const fn of<T: Wire>() -> Self {
        Self { name: T::NAME, again: |bytes| Ok(T::decode(bytes)?.encode()) }
    }

    /// Decodes a message, and encodes it again.
    pub fn again(&self, bytes: &[u8]) -> Again {
        (self.again)(bytes)
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = Kept> {
    let own = [Kept::of::<quota::Budget>(), Kept::of::<timing::Times>()];
    let parts = [link::KEPT, mailbox::KEPT, service::KEPT, discovery::KEPT];
    own.into_iter().chain(parts.into_iter().flatten().copied())
}
