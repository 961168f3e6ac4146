//! The first answer, on its way from a handshake to a ratchet. `docs/PROTOCOL.md` §5.8.

use crate::crypto::hash::Hash;
use crate::crypto::mlkem::Ciphertext;
use crate::crypto::secret::Secret;

/// A responder's first answer: ct3 and k3. One session begins to answer with it.
#[derive(Debug)]
pub struct FirstAnswer {
    ciphertext: Ciphertext,
    key: AnswerKey,
}

/// k3, which the root step of the responder's first chain mixes.
#[derive(Debug)]
pub struct AnswerKey {
    transcript: Hash,
    key: Secret<32>,
}

impl FirstAnswer {
    pub(crate) const fn new(ciphertext: Ciphertext, key: AnswerKey) -> Self {
        Self { ciphertext, key }
    }

    /// ct3.
    pub const fn ciphertext(&self) -> &Ciphertext {
        &self.ciphertext
    }

    /// th2 of the handshake that is answered.
    pub const fn transcript(&self) -> Hash {
        self.key.transcript
    }

    pub(crate) const fn key(&self) -> &AnswerKey {
        &self.key
    }

    pub(crate) fn into_ciphertext(self) -> Ciphertext {
        self.ciphertext
    }
}

impl AnswerKey {
    pub(crate) const fn new(transcript: Hash, key: Secret<32>) -> Self {
        Self { transcript, key }
    }

    /// th2 of the handshake that is answered.
    pub const fn transcript(&self) -> Hash {
        self.transcript
    }

    pub(crate) const fn secret(&self) -> &Secret<32> {
        &self.key
    }
}
