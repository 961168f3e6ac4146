//! A frame as it came. `docs/PROTOCOL.md` §7.2.

use core::fmt;
use std::sync::OnceLock;

use crate::server::error::FrameError;
use crate::wire::Wire as _;

use super::{SignedFrame, Unverified};

/// The bytes of a frame, and what was found out about them: a step runs again with more loaded, and need not decode and verify again.
///
/// What is remembered follows from the bytes alone, and goes when they go. Whether a frame is believed is decided anew each time.
pub struct Arrived {
    bytes: Vec<u8>,
    opened: OnceLock<Result<Unverified, FrameError>>,
}

impl Arrived {
    /// Bytes from outside.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, opened: OnceLock::new() }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The frame, to look its sender up. [`FrameError`] if it is none.
    pub fn open(&self) -> Result<&Unverified, FrameError> {
        let open = || SignedFrame::decode(&self.bytes).map_err(FrameError::from).and_then(SignedFrame::open);
        self.opened.get_or_init(open).as_ref().map_err(|error| *error)
    }
}

impl From<Vec<u8>> for Arrived {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

/// The same bytes, of which nothing is known yet.
impl Clone for Arrived {
    fn clone(&self) -> Self {
        Self::new(self.bytes.clone())
    }
}

impl PartialEq for Arrived {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Arrived {}

/// Says how many bytes.
impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arrived({} bytes)", self.bytes.len())
    }
}
