//! The responder's side of the lane. `docs/PROTOCOL.md` §6.8.
//!
//! ```text
//! Collecting ──key complete──▶ Holding (ek) ──seal──▶ Answering (answer, K) ──step that names it──▶ Collecting, next epoch
//!            └─no key────────▶ Closed
//! ```

use rand_core::CryptoRng;

use super::secret;
use super::symbols::{ANSWER_LENGTH, Fields, Incoming, KEY_SYMBOLS, Outgoing};
use crate::crypto::CryptoError;
use crate::crypto::mlkem::EncapsulationKey;
use crate::crypto::secret::Secret;
use crate::time::Timestamp;

/// A key is on its way in.
#[derive(Debug)]
pub(in crate::ratchet) struct Collecting {
    pub(in crate::ratchet) epoch: u32,
    pub(in crate::ratchet) key: Incoming,
}

/// A key has come, and is answered by the next message.
#[derive(Debug)]
pub(in crate::ratchet) struct Holding {
    pub(in crate::ratchet) epoch: u32,
    pub(in crate::ratchet) key: EncapsulationKey,
}

/// The key was answered. The secret is kept until a message that names the epoch is committed, however long that takes.
#[derive(Debug)]
pub(in crate::ratchet) struct Answering {
    pub(in crate::ratchet) epoch: u32,
    pub(in crate::ratchet) secret: Secret<32>,
    /// When it was encapsulated.
    pub(in crate::ratchet) made: Timestamp,
    /// `None` once all of it is acknowledged.
    pub(in crate::ratchet) answer: Option<Outgoing>,
}

/// What fields lead to.
pub(super) enum Heard {
    Still(Collecting),
    Complete(Holding),
    /// The key is none.
    Wrong,
}

impl Collecting {
    pub(super) const fn new(epoch: u32) -> Self {
        Self { epoch, key: Incoming(std::collections::BTreeMap::new()) }
    }

    pub(super) fn hear(mut self, fields: Fields) -> Heard {
        self.key.absorb(fields.symbols);
        match self.key.complete(KEY_SYMBOLS) {
            None => Heard::Still(self),
            Some(key) => EncapsulationKey::from_bytes(&key)
                .map_or(Heard::Wrong, |key| Heard::Complete(Holding { epoch: self.epoch, key })),
        }
    }
}

impl Holding {
    /// The one encapsulation to this key. Draws 32 bytes.
    pub(super) fn answer(&self, now: Timestamp, rng: &mut impl CryptoRng) -> Result<Answering, CryptoError> {
        let (ciphertext, shared) = self.key.encapsulate(rng)?;
        let (secret, confirm) = secret::derive(&shared, self.epoch, &self.key, &ciphertext);
        let mut answer = Vec::with_capacity(ANSWER_LENGTH);
        answer.extend_from_slice(ciphertext.as_bytes());
        answer.extend_from_slice(confirm.expose());
        Ok(Answering { epoch: self.epoch, secret, made: now, answer: Some(Outgoing::new(answer)) })
    }
}

impl Answering {
    pub(super) fn hear(self, fields: &Fields) -> Self {
        Self { answer: self.answer.and_then(|answer| answer.acknowledge(fields.received)), ..self }
    }
}
