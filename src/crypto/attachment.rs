//! Attachments: a sequence of sealed chunks under one committed key. `docs/PROTOCOL.md` §2.10.
//!
//! ```text
//! Sealer::new(size) ──> commitment ──> [ next_length ─> seal_chunk ]* ──> finish ──> AttachmentPointer
//! Opener::new(pointer, commitment) ──> [ next_length ─> open_chunk ]* ──> finish ──> every recipient saw the same
//! Opener::resume(pointer, commitment, position) ──^              └─> position
//! ```

use rand_core::CryptoRng;

use super::absorb::Absorb as _;
use super::commit::{self, BodyType, CommittedKey};
use super::hash::{Hash, Hasher};
use super::secret::Secret;
use super::{CryptoError, aead, label, random};

/// Bytes of plaintext in every chunk but the last.
pub const CHUNK_LENGTH: usize = 65_536;
/// The largest attachment, in bytes of plaintext: 1 TiB.
pub const MAX_SIZE: u64 = 1 << 40;
/// [`CHUNK_LENGTH`] in the type of sizes.
const FULL: u64 = 65_536;
/// Bytes of the commitment that precedes the chunks.
pub const COMMITMENT_LENGTH: usize = commit::LENGTH;

/// What opens an attachment. Goes to each recipient under end-to-end encryption.
#[derive(Debug)]
pub struct AttachmentPointer {
    key: Secret<32>,
    digest: Hash,
    size: u64,
}

impl AttachmentPointer {
    /// A pointer from its parts. [`CryptoError::TooLong`] if `size` is above [`MAX_SIZE`].
    pub fn new(key: Secret<32>, digest: Hash, size: u64) -> Result<Self, CryptoError> {
        if size <= MAX_SIZE { Ok(Self { key, digest, size }) } else { Err(CryptoError::TooLong) }
    }

    /// The attachment's own key.
    pub const fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// The digest over all chunks.
    pub const fn digest(&self) -> &Hash {
        &self.digest
    }

    /// Bytes of plaintext.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// How far an opener has come: chunks opened, and the digest over them. Not secret, but it decides what is accepted:
/// keep it in one's own storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Chunks already opened.
    pub chunks: u64,
    /// The digest over them.
    pub digest: Hash,
}

impl Position {
    fn start(commitment: &[u8; COMMITMENT_LENGTH]) -> Self {
        Self { chunks: 0, digest: Hasher::new(label::hash::ATTACHMENT).array(commitment).finish() }
    }

    fn after(self, sealed: &[u8]) -> Self {
        let digest = Hasher::new(label::hash::CHUNK).array(self.digest.as_bytes()).last(sealed);
        Self { chunks: self.chunks.saturating_add(1), digest }
    }

    /// Whether all chunks of an attachment of `size` bytes were seen, and no more.
    fn is_complete(self, size: u64) -> bool {
        self.chunks == size.div_ceil(FULL).max(1)
    }

    /// The chunk that comes next in an attachment of `size` bytes, or `None` after the last.
    fn next(self, size: u64) -> Option<Chunk> {
        let start = self.chunks.checked_mul(FULL)?;
        let left = size.checked_sub(start).filter(|left| *left > 0 || self.chunks == 0)?;
        let length = usize::try_from(left.min(FULL)).ok()?;
        Some(Chunk { index: self.chunks, length, last: left <= FULL })
    }
}

/// One chunk's place: everything that its nonce binds.
struct Chunk {
    index: u64,
    length: usize,
    last: bool,
}

impl Chunk {
    fn nonce(&self) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.index.to_be_bytes());
        nonce[8] = u8::from(self.last);
        nonce
    }
}

/// Seals one attachment of known size, under a key of its own that no other sealer can have.
///
/// There is no resuming: after a crash, a file that changed in between would be sealed under used nonces.
#[derive(Debug)]
pub struct Sealer {
    key: Secret<32>,
    keys: CommittedKey,
    size: u64,
    position: Position,
}

impl Sealer {
    /// Starts an attachment of `size` bytes; draws 32 bytes. [`CryptoError::TooLong`] above [`MAX_SIZE`],
    /// [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn new(size: u64, rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        if size > MAX_SIZE {
            return Err(CryptoError::TooLong);
        }
        let key = random::draw(rng)?;
        let keys = CommittedKey::new(&key, BodyType::Attachment);
        let position = Position::start(&keys.commitment);
        Ok(Self { key, keys, size, position })
    }

    /// The 32 bytes with which the sealed attachment begins.
    pub const fn commitment(&self) -> &[u8; COMMITMENT_LENGTH] {
        &self.keys.commitment
    }

    /// How many bytes of plaintext [`Self::seal_chunk`] takes next; `None` after the last chunk.
    pub fn next_length(&self) -> Option<usize> {
        self.position.next(self.size).map(|chunk| chunk.length)
    }

    /// Seals the next chunk; the result follows the earlier ones. [`CryptoError::UnexpectedChunk`] if it does not have
    /// the length that [`Self::next_length`] says.
    pub fn seal_chunk(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut sealed = Vec::new();
        self.seal_chunk_onto(plaintext, &mut sealed)?;
        Ok(sealed)
    }

    /// [`Self::seal_chunk`], appended to `out`, which is unchanged on error.
    pub(crate) fn seal_chunk_onto(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let chunk = self.position.next(self.size).ok_or(CryptoError::UnexpectedChunk)?;
        if plaintext.len() != chunk.length {
            return Err(CryptoError::UnexpectedChunk);
        }
        let (key, aad, start) = (self.keys.content.expose(), &self.keys.commitment, out.len());
        aead::raw_seal(key, &chunk.nonce(), aad, plaintext, out)?;
        self.position = self.position.after(out.get(start..).unwrap_or_default());
        Ok(())
    }

    /// The pointer, once every chunk is sealed; before, [`CryptoError::UnexpectedChunk`].
    pub fn finish(self) -> Result<AttachmentPointer, CryptoError> {
        if !self.position.is_complete(self.size) {
            return Err(CryptoError::UnexpectedChunk);
        }
        AttachmentPointer::new(self.key, self.position.digest, self.size)
    }
}

/// Opens one attachment, chunk by chunk.
#[derive(Debug)]
pub struct Opener {
    keys: CommittedKey,
    size: u64,
    digest: Hash,
    position: Position,
}

impl Opener {
    /// Starts with the first 32 bytes of the sealed attachment. [`CryptoError::Unauthentic`] if they do not commit to the
    /// pointer's key.
    pub fn new(
        pointer: &AttachmentPointer,
        commitment: &[u8; COMMITMENT_LENGTH],
    ) -> Result<Self, CryptoError> {
        Self::resume(pointer, commitment, Position::start(commitment))
    }

    /// Continues where an earlier opener of the same attachment was. From a position that none of it can have had,
    /// nothing finishes.
    pub fn resume(
        pointer: &AttachmentPointer,
        commitment: &[u8; COMMITMENT_LENGTH],
        position: Position,
    ) -> Result<Self, CryptoError> {
        let keys = CommittedKey::new(&pointer.key, BodyType::Attachment);
        keys.check(commitment)?;
        Ok(Self { keys, size: pointer.size, digest: pointer.digest, position })
    }

    /// How many sealed bytes [`Self::open_chunk`] takes next; `None` after the last chunk.
    pub fn next_length(&self) -> Option<usize> {
        self.position.next(self.size).map(|chunk| chunk.length.saturating_add(aead::TAG_LENGTH))
    }

    /// Opens the next chunk. [`CryptoError::InvalidLength`] if it does not have the length that [`Self::next_length`] says,
    /// [`CryptoError::Unauthentic`] if it is not this chunk of this attachment. After an error the same chunk can be tried again.
    pub fn open_chunk(&mut self, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut plaintext = Vec::new();
        self.open_chunk_onto(sealed, &mut plaintext)?;
        Ok(plaintext)
    }

    /// [`Self::open_chunk`], appended to `out`, which is unchanged on error.
    pub(crate) fn open_chunk_onto(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let chunk = self.position.next(self.size).ok_or(CryptoError::InvalidLength)?;
        if sealed.len() != chunk.length.saturating_add(aead::TAG_LENGTH) {
            return Err(CryptoError::InvalidLength);
        }
        let (key, aad) = (self.keys.content.expose(), &self.keys.commitment);
        aead::raw_open_onto(key, &chunk.nonce(), aad, sealed, out)?;
        self.position = self.position.after(sealed);
        Ok(())
    }

    /// Where to resume.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Whether the attachment is complete and is what every recipient of the pointer gets: [`CryptoError::Truncated`] if
    /// chunks are missing, [`CryptoError::Unauthentic`] if someone who knows the key exchanged content.
    pub fn finish(self) -> Result<(), CryptoError> {
        if !self.position.is_complete(self.size) {
            return Err(CryptoError::Truncated);
        }
        if self.position.digest == self.digest { Ok(()) } else { Err(CryptoError::Unauthentic) }
    }
}
