//! The initiator's side of the lane. `docs/PROTOCOL.md` §6.8.
//!
//! ```text
//! Offering (seed, ek, what of the answer has come) ──answer complete──▶ Ready (K) ──sending step──▶ Offering, next epoch
//!                                                  └─wrong confirmation─▶ Closed
//! ```

use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use super::secret;
use super::symbols::{ANSWER_SYMBOLS, Fields, Incoming, Outgoing};
use crate::crypto::CryptoError;
use crate::crypto::mlkem::{CIPHERTEXT_LENGTH, Ciphertext, DecapsulationKey, SEED_LENGTH};
use crate::crypto::secret::Secret;
use crate::time::Timestamp;

/// A key was made and is offered.
#[derive(Debug)]
pub(in crate::ratchet) struct Offering {
    pub(in crate::ratchet) epoch: u32,
    pub(in crate::ratchet) seed: Secret<SEED_LENGTH>,
    pub(in crate::ratchet) made: Timestamp,
    /// `None` once all of it is acknowledged.
    pub(in crate::ratchet) key: Option<Outgoing>,
    pub(in crate::ratchet) answer: Incoming,
}

/// A secret waits for the next sending step.
#[derive(Debug)]
pub(in crate::ratchet) struct Ready {
    pub(in crate::ratchet) epoch: u32,
    pub(in crate::ratchet) secret: Secret<32>,
    /// When the seed was drawn that it comes from.
    pub(in crate::ratchet) made: Timestamp,
}

/// What fields lead to.
pub(super) enum Heard {
    Still(Offering),
    Complete(Ready),
    /// The answer is not to this key.
    Wrong,
}

impl Offering {
    /// Draws 64 bytes.
    pub(super) fn make(epoch: u32, now: Timestamp, rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        let (key, seed) = DecapsulationKey::generate(rng)?;
        let key = Some(Outgoing::new(key.public_key().as_bytes().to_vec()));
        Ok(Self { epoch, seed, made: now, key, answer: Incoming::default() })
    }

    /// Whether symbols do not contradict those that are held.
    pub(super) fn agrees(&self, fields: &Fields) -> bool {
        let last = fields.symbols.get(&ANSWER_SYMBOLS.saturating_sub(1));
        let ends_in_zeros = last.is_none_or(|symbol| symbol.ends_with(&[0; 16]));
        ends_in_zeros && self.answer.agrees(&fields.symbols)
    }

    pub(super) fn hear(mut self, fields: Fields) -> Heard {
        self.key = self.key.and_then(|key| key.acknowledge(fields.received));
        self.answer.absorb(fields.symbols);
        match self.answer.complete(ANSWER_SYMBOLS) {
            None => Heard::Still(self),
            Some(answer) => self.decapsulate(&answer).map_or(Heard::Wrong, Heard::Complete),
        }
    }

    /// The one decapsulation of this seed. `None` if the confirmation is wrong.
    fn decapsulate(self, answer: &[u8]) -> Option<Ready> {
        let (ciphertext, rest) = answer.split_at_checked(CIPHERTEXT_LENGTH)?;
        let confirm: &[u8; 16] = rest.first_chunk()?;
        let ciphertext = Ciphertext::from_bytes(ciphertext).ok()?;
        let key = DecapsulationKey::from_seed(&self.seed);
        let shared = key.decapsulate(&ciphertext);
        let (secret, expected) = secret::derive(&shared, self.epoch, key.public_key(), &ciphertext);
        let is_right: bool = expected.expose().ct_eq(confirm).into();
        is_right.then_some(Ready { epoch: self.epoch, secret, made: self.made })
    }
}
