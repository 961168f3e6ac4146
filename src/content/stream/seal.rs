//! Sealing in pieces. `docs/PROTOCOL.md` §10.8.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::content::ContentError;
use crate::content::padding::padded;
use crate::crypto::CryptoError;
use crate::crypto::attachment::{AttachmentPointer, CHUNK_LENGTH, Sealer};

/// Seals a file of known size and its padding. There is no resuming, as there is none of a [`Sealer`].
#[derive(Debug)]
pub struct SealStream {
    sealer: Sealer,
    /// Bytes of the file that are still to come.
    left: u64,
    is_begun: bool,
    /// Less than a chunk of plaintext.
    buffer: Zeroizing<Vec<u8>>,
}

impl SealStream {
    /// Starts a file of `size` bytes; draws 32 bytes. [`CryptoError::TooLong`] if it is too large.
    pub fn new(size: u64, rng: &mut impl CryptoRng) -> Result<Self, ContentError> {
        let sealer = Sealer::new(padded(size), rng)?;
        let buffer = Zeroizing::new(Vec::with_capacity(CHUNK_LENGTH));
        Ok(Self { sealer, left: size, is_begun: false, buffer })
    }

    /// Takes the next piece, of any length, and appends to `out` what is sealed by it: at most a chunk more than the piece.
    /// [`CryptoError::UnexpectedChunk`] if the file is longer than was said; nothing has changed then.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        let length = u64::try_from(piece.len()).map_err(|_| CryptoError::UnexpectedChunk)?;
        self.left = self.left.checked_sub(length).ok_or(CryptoError::UnexpectedChunk)?;
        self.begin(out);
        while !piece.is_empty() {
            let (taken, rest) = piece.split_at(self.room()?.min(piece.len()));
            // A whole chunk is sealed where it lies.
            if self.buffer.is_empty() && self.sealer.next_length() == Some(taken.len()) {
                self.sealer.seal_chunk_onto(taken, out)?;
            } else {
                self.buffer.extend_from_slice(taken);
                self.seal_if_full(out)?;
            }
            piece = rest;
        }
        Ok(())
    }

    /// Appends a chunk's worth of padding. Whether there is more to come; call it until there is none.
    /// [`CryptoError::UnexpectedChunk`] before all of the file was pushed.
    pub fn pad(&mut self, out: &mut Vec<u8>) -> Result<bool, ContentError> {
        if self.left > 0 {
            return Err(CryptoError::UnexpectedChunk.into());
        }
        self.begin(out);
        if let Some(length) = self.sealer.next_length() {
            self.buffer.resize(length, 0);
            self.seal_if_full(out)?;
        }
        Ok(self.sealer.next_length().is_some())
    }

    /// The pointer, once file and padding are sealed; before, [`CryptoError::UnexpectedChunk`].
    pub fn finish(self) -> Result<AttachmentPointer, ContentError> {
        Ok(self.sealer.finish()?)
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.is_begun {
            out.extend_from_slice(self.sealer.commitment());
            self.is_begun = true;
        }
    }

    fn room(&self) -> Result<usize, CryptoError> {
        let length = self.sealer.next_length().ok_or(CryptoError::UnexpectedChunk)?;
        length.checked_sub(self.buffer.len()).ok_or(CryptoError::UnexpectedChunk)
    }

    fn seal_if_full(&mut self, out: &mut Vec<u8>) -> Result<(), CryptoError> {
        if self.sealer.next_length() == Some(self.buffer.len()) {
            self.sealer.seal_chunk_onto(&self.buffer, out)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
