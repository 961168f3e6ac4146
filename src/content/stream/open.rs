//! Opening in pieces. `docs/PROTOCOL.md` §2.10, §10.8.

use crate::content::ContentError;
use crate::content::padding::padded;
use crate::crypto::CryptoError;
use crate::crypto::attachment::{AttachmentPointer, CHUNK_LENGTH, COMMITMENT_LENGTH, Opener, Position};

/// Opens an attachment, chunk by chunk as its bytes arrive, and releases the file without its padding.
#[derive(Debug)]
pub struct OpenStream {
    stage: Stage,
    size: u64,
    /// Sealed bytes of less than a chunk.
    buffer: Vec<u8>,
    /// Bytes of the file that are still to come.
    left: u64,
    /// Whether all of the padding was zero so far.
    is_clean: bool,
}

#[derive(Debug)]
enum Stage {
    /// The commitment has not arrived.
    Waiting(AttachmentPointer),
    Opening {
        opener: Opener,
        commitment: [u8; COMMITMENT_LENGTH],
    },
}

/// Where an opener has come. Not secret, but it decides what is accepted: keep it in one's own storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPosition {
    /// The first bytes of the attachment.
    pub commitment: [u8; COMMITMENT_LENGTH],
    /// Chunks opened, and their digest.
    pub position: Position,
}

impl StreamPosition {
    /// Sealed bytes that were taken: from where to ask for more.
    pub fn sealed(&self) -> u64 {
        let chunk = u64::try_from(CHUNK_LENGTH.saturating_add(16)).unwrap_or(u64::MAX);
        self.position.chunks.saturating_mul(chunk).saturating_add(32)
    }
}

impl OpenStream {
    /// Starts an attachment whose file has `size` bytes. [`ContentError::BadPadding`] if the pointer is not one of that size's padding.
    pub fn new(pointer: &AttachmentPointer, size: u64) -> Result<Self, ContentError> {
        if pointer.size() != padded(size) {
            return Err(ContentError::BadPadding);
        }
        let pointer = AttachmentPointer::new(pointer.key().duplicate(), *pointer.digest(), pointer.size())?;
        Ok(Self { stage: Stage::Waiting(pointer), size, buffer: Vec::new(), left: size, is_clean: true })
    }

    /// Goes on where an earlier one was: the next byte is number [`StreamPosition::sealed`] of the attachment.
    pub fn resume(pointer: &AttachmentPointer, size: u64, at: StreamPosition) -> Result<Self, ContentError> {
        let before = Self::new(pointer, size)?;
        let opener = Opener::resume(pointer, &at.commitment, at.position)?;
        let chunk = u64::try_from(CHUNK_LENGTH).unwrap_or(u64::MAX);
        let left = size.saturating_sub(at.position.chunks.saturating_mul(chunk));
        let stage = Stage::Opening { opener, commitment: at.commitment };
        Ok(Self { stage, left, ..before })
    }

    /// Takes the next piece, of any length, and appends to `out` the part of the file that it opened: at most a chunk more than the piece.
    /// After an error nothing more is opened; [`resume`](Self::resume) at [`position`](Self::position), with bytes from elsewhere.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        while !piece.is_empty() {
            let wanted = self.wanted().ok_or(CryptoError::InvalidLength)?;
            let (taken, rest) = piece.split_at(wanted.saturating_sub(self.buffer.len()).min(piece.len()));
            if self.buffer.is_empty() && taken.len() == wanted {
                self.take(taken, out)?;
            } else {
                self.buffer.extend_from_slice(taken);
                if self.buffer.len() == wanted {
                    let whole = core::mem::take(&mut self.buffer);
                    self.take(&whole, out)?;
                    self.buffer = whole;
                    self.buffer.clear();
                }
            }
            piece = rest;
        }
        Ok(())
    }

    /// Where to resume; `None` before the first 32 bytes, and if padding was seen that is not zero: a resumed stream would not know of it.
    pub const fn position(&self) -> Option<StreamPosition> {
        match &self.stage {
            Stage::Waiting(_) => None,
            Stage::Opening { .. } if !self.is_clean => None,
            Stage::Opening { opener, commitment } => {
                Some(StreamPosition { commitment: *commitment, position: opener.position() })
            }
        }
    }

    /// Whether the file is complete and what every recipient gets: [`CryptoError::Truncated`] if bytes are missing,
    /// [`CryptoError::Unauthentic`] if somebody who has the key exchanged content, [`ContentError::BadPadding`] if the padding is not zero.
    pub fn finish(self) -> Result<(), ContentError> {
        let Stage::Opening { opener, .. } = self.stage else { return Err(CryptoError::Truncated.into()) };
        if !self.buffer.is_empty() {
            return Err(CryptoError::Truncated.into());
        }
        opener.finish()?;
        if self.is_clean { Ok(()) } else { Err(ContentError::BadPadding) }
    }

    /// Bytes of the file.
    pub const fn size(&self) -> u64 {
        self.size
    }

    fn wanted(&self) -> Option<usize> {
        match &self.stage {
            Stage::Waiting(_) => Some(COMMITMENT_LENGTH),
            Stage::Opening { opener, .. } => opener.next_length(),
        }
    }

    fn take(&mut self, whole: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        match &mut self.stage {
            Stage::Waiting(pointer) => {
                let commitment: [u8; COMMITMENT_LENGTH] =
                    whole.try_into().map_err(|_| CryptoError::InvalidLength)?;
                let opener = Opener::new(pointer, &commitment)?;
                self.stage = Stage::Opening { opener, commitment };
            }
            Stage::Opening { opener, .. } => {
                let start = out.len();
                opener.open_chunk_onto(whole, out)?;
                let opened = out.len().saturating_sub(start);
                let of_the_file = usize::try_from(self.left).unwrap_or(usize::MAX).min(opened);
                let end = start.saturating_add(of_the_file);
                self.is_clean &= out.iter().skip(end).all(|byte| *byte == 0);
                out.truncate(end);
                self.left = self.left.saturating_sub(u64::try_from(of_the_file).unwrap_or(u64::MAX));
            }
        }
        Ok(())
    }
}
