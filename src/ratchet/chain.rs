//! Chains: one key per message. `docs/PROTOCOL.md` §6.2.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::kdf::Mac;
use crate::crypto::secret::Secret;

/// The most messages that a chain has.
pub(super) const MESSAGES: u32 = 65_536;

/// A chain key, and the number of the message whose key it gives.
pub(super) struct Chain {
    key: Secret<32>,
    next: u32,
}

/// mk: what one message is sealed with.
pub(super) struct MessageKey(pub(super) Secret<32>);

impl Chain {
    /// A chain at its first message.
    pub(super) const fn new(key: Secret<32>) -> Self {
        Self { key, next: 0 }
    }

    /// A chain at a later message, [`MESSAGES`] if all are used up.
    pub(super) const fn at(key: Secret<32>, next: u32) -> Self {
        Self { key, next }
    }

    pub(super) const fn key(&self) -> &Secret<32> {
        &self.key
    }

    pub(super) const fn next(&self) -> u32 {
        self.next
    }

    /// A copy to work on, until the message has opened.
    pub(super) const fn duplicate(&self) -> Self {
        Self { key: self.key.duplicate(), next: self.next }
    }

    /// The key of the next message, and on to the one after it; `None` if there is no number left.
    pub(super) fn take(&mut self) -> Option<MessageKey> {
        (self.next < MESSAGES).then(|| {
            // Preparing HMAC for a key is half of its work on one byte: once for both.
            let keyed = Mac::new(&self.key);
            self.key = keyed.duplicate().u8(2).finish();
            self.next = self.next.saturating_add(1);
            MessageKey(keyed.u8(1).finish())
        })
    }

    /// Goes on by one message without its key. A chain that is used up stays where it is.
    pub(super) fn advance(&mut self) {
        if self.next < MESSAGES {
            self.key = Mac::new(&self.key).u8(2).finish();
            self.next = self.next.saturating_add(1);
        }
    }
}
