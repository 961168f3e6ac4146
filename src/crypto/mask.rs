//! The ChaCha20 key stream (RFC 8439 §2.4) as a mask: it hides, and authenticates nothing. `docs/PROTOCOL.md` §6.3.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};

use super::secret::Secret;

/// Combines `data` with the key stream from block 0 on; a second time undoes it. What is masked must be authenticated by
/// something else, and two texts must not be masked under one key and nonce.
pub fn apply(key: &Secret<32>, nonce: &[u8; 12], data: &mut [u8]) {
    ChaCha20::new(key.expose().into(), nonce.into()).apply_keystream(data);
}
