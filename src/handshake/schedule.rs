//! The key schedule. `docs/PROTOCOL.md` §5.2.
//!
//! ```text
//! Target: suite, B's account, device, address, manifest, bundle, one-time leaf
//!    │ H("hs bundle")
//!   th0 ── EK, ct1, ct2
//!    │ H("hs offer")
//!   th1 ─────────────────────── Offer
//!    │
//!    X ◀── es, eo or 0^32, ei, k1, k2
//!    │
//!   p1 ──────────────────────── Concealing
//!    ├── P("hs hidden") ── hidden: seals the identity block, aad th1 ──▶ idb
//!    │                                                                   │
//!    │                     th2 = H("hs full" ‖ th1 ‖ lp(block) ‖ H(idb)) ┘
//!    ├── P("hs chain") ───────── Complete
//!    │
//!    X ◀── se, ss
//!    │
//!   p2 ──────────────────────── Proven
//!    └── P("hs keys" ‖ th2, 192) ── root ‖ ckA ‖ hkA ‖ nhkB ‖ nhkA ‖ link
//! ```
//!
//! One struct per stage; the step to the next consumes it, so no stage is used twice and none is left out.

use super::identity_block::{BLOCK_LENGTH, SEALED_LENGTH};
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::aead::OneTimeKey;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::crypto::{CryptoError, kdf, label, mlkem, x25519};
use crate::identity::address::Address;
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId};
use crate::pairwise::SessionKeys;

/// Whom a handshake is for, and with which of its keys: everything that A was given.
pub(super) struct Target<'a> {
    pub(super) suite: Suite,
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) address: &'a Address,
    pub(super) order: Order,
    pub(super) manifest: Hash,
    pub(super) bundle: &'a [u8],
    pub(super) leaf: &'a [u8],
}

/// What both sides know before they know who A is.
pub(super) struct FirstSecrets {
    pub(super) es: Secret<32>,
    pub(super) eo: Option<Secret<32>>,
    pub(super) ei: Secret<32>,
    pub(super) k1: Secret<32>,
    pub(super) k2: Secret<32>,
}

/// What A and B alone can compute: A's identity key with both of B's.
pub(super) struct SecondSecrets {
    pub(super) se: Secret<32>,
    pub(super) ss: Secret<32>,
}

/// The first stage: th1.
pub(super) struct Offer {
    pub(super) th1: Hash,
}

/// The second stage: p1. The identity block is sealed or opened.
pub(super) struct Concealing {
    th1: Hash,
    pub(super) p1: Secret<32>,
}

/// The third stage: th2. Everything that is sent is in it.
pub(super) struct Complete {
    pub(super) th2: Hash,
    p1: Secret<32>,
}

/// The last stage: p2.
pub(super) struct Proven {
    th2: Hash,
    pub(super) p2: Secret<32>,
}

impl Target<'_> {
    /// th0.
    pub(super) fn hash(&self) -> Hash {
        Hasher::new(label::hash::HANDSHAKE_BUNDLE)
            .u16(self.suite.number())
            .array(self.account.as_bytes())
            .array(self.device.as_bytes())
            .lp(self.address.as_str().as_bytes())
            .u32(self.order.term)
            .u64(self.order.version)
            .array(self.manifest.as_bytes())
            .lp(self.bundle)
            .lp(self.leaf)
            .finish()
    }
}

impl Offer {
    pub(super) fn new(
        th0: &Hash,
        ephemeral: &x25519::PublicKey,
        to_prekey: &mlkem::Ciphertext,
        to_identity: &mlkem::Ciphertext,
    ) -> Self {
        let th1 = Hasher::new(label::hash::HANDSHAKE_OFFER)
            .array(th0.as_bytes())
            .array(ephemeral.as_bytes())
            .array(to_prekey.as_bytes())
            .array(to_identity.as_bytes())
            .finish();
        Self { th1 }
    }

    pub(super) fn extract(self, secrets: &FirstSecrets) -> Concealing {
        let FirstSecrets { es, eo, ei, k1, k2 } = secrets;
        let none = Secret::new([0; 32]);
        let p1 = kdf::extract(self.th1.as_bytes(), &[es, eo.as_ref().unwrap_or(&none), ei, k1, k2]);
        Concealing { th1: self.th1, p1 }
    }
}

impl Concealing {
    pub(super) fn hidden(&self) -> Secret<32> {
        kdf::expand(&self.p1, label::expand::HANDSHAKE_HIDDEN, &[])
    }

    /// Seals the identity block: A's step.
    pub(super) fn seal(
        self,
        block: &[u8; BLOCK_LENGTH],
    ) -> Result<(Complete, [u8; SEALED_LENGTH]), CryptoError> {
        let sealed = OneTimeKey::new(self.hidden()).seal(self.th1.as_bytes(), block)?;
        let sealed = sealed.try_into().map_err(|_| CryptoError::InvalidLength)?;
        Ok((self.complete(block, &sealed), sealed))
    }

    /// Opens the identity block: B's step. [`CryptoError::Unauthentic`] if anything that entered so far differs from A's.
    pub(super) fn open(
        self,
        sealed: &[u8; SEALED_LENGTH],
    ) -> Result<(Complete, [u8; BLOCK_LENGTH]), CryptoError> {
        let block = OneTimeKey::new(self.hidden()).open(self.th1.as_bytes(), sealed)?;
        let block = block.try_into().map_err(|_| CryptoError::InvalidLength)?;
        Ok((self.complete(&block, sealed), block))
    }

    fn complete(self, block: &[u8; BLOCK_LENGTH], sealed: &[u8; SEALED_LENGTH]) -> Complete {
        let th2 = Hasher::new(label::hash::HANDSHAKE_FULL)
            .array(self.th1.as_bytes())
            .lp(block)
            .array(Hash::of(sealed).as_bytes())
            .finish();
        Complete { th2, p1: self.p1 }
    }
}

impl Complete {
    pub(super) fn prove(self, secrets: &SecondSecrets) -> Proven {
        let chain = kdf::expand::<32>(&self.p1, label::expand::HANDSHAKE_CHAIN, &[]);
        let p2 = kdf::extract(chain.expose(), &[&secrets.se, &secrets.ss]);
        Proven { th2: self.th2, p2 }
    }
}

impl Proven {
    /// th2 and the keys of the session.
    pub(super) fn keys(self) -> (Hash, SessionKeys) {
        let info = Input::with_capacity(32).array(self.th2.as_bytes()).finish();
        let keys = kdf::expand::<192>(&self.p2, label::expand::HANDSHAKE_KEYS, &info);
        let [root, chain, header, next_header_of_responder, next_header_of_initiator, link] = keys.split();
        let keys =
            SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link };
        (self.th2, keys)
    }
}
