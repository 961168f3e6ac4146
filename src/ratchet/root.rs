//! Root steps. `docs/PROTOCOL.md` §6.1.
//!
//! ```text
//!        DH ‖ K
//!          │
//! root ────X── p ── P("root" ‖ …, 128) ──▶ root' ‖ chain ‖ nhk ‖ link
//! ```

use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::PublicKey;
use crate::crypto::{kdf, label};
use crate::pairwise::Direction;

/// The chain that a root step begins: everything that the step is bound to.
pub(super) struct NewChain<'a> {
    pub(super) direction: Direction,
    /// The epoch of the lane that is mixed, 0 for none.
    pub(super) epoch: u32,
    pub(super) sender: &'a PublicKey,
    pub(super) receiver: &'a PublicKey,
}

/// What a root step gives.
pub(super) struct Stepped {
    pub(super) root: Secret<32>,
    /// The first key of the new chain.
    pub(super) chain: Secret<32>,
    /// The header key of the chain after it in the same direction.
    pub(super) next_header: Secret<32>,
    pub(super) link: Secret<32>,
}

/// Mixes the secret of two ratchet keys, and `mixed` if there is something to mix, into the root.
pub(super) fn step(
    root: &Secret<32>,
    shared: &Secret<32>,
    mixed: Option<&Secret<32>>,
    new: &NewChain<'_>,
) -> Stepped {
    let nothing = Secret::new([0; 32]);
    let prk = kdf::extract(root.expose(), &[shared, mixed.unwrap_or(&nothing)]);
    let info = Input::with_capacity(69)
        .u8(new.direction.number())
        .u32(new.epoch)
        .array(new.sender.as_bytes())
        .array(new.receiver.as_bytes())
        .finish();
    let [root, chain, next_header, link] = kdf::expand::<128>(&prk, label::expand::ROOT, &info).split();
    Stepped { root, chain, next_header, link }
}
