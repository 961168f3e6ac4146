//! What both sides derive from a key and the answer to it. `docs/PROTOCOL.md` §6.8.

use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hash::Hash;
use crate::crypto::mlkem::{Ciphertext, EncapsulationKey};
use crate::crypto::secret::Secret;
use crate::crypto::{kdf, label};
use crate::pairwise::Direction;

/// K, and the confirmation that goes with the ciphertext.
pub(in crate::ratchet) fn derive(
    shared: &Secret<32>,
    epoch: u32,
    key: &EncapsulationKey,
    ciphertext: &Ciphertext,
) -> (Secret<32>, Secret<16>) {
    let info = Input::with_capacity(69)
        .u8(Direction::FromResponder.number())
        .u32(epoch)
        .array(Hash::of(key.as_bytes()).as_bytes())
        .array(Hash::of(ciphertext.as_bytes()).as_bytes())
        .finish();
    let both = kdf::expand::<48>(&kdf::extract(&[0; 32], &[shared]), label::expand::LANE, &info);
    (both.piece::<0, 32>(), both.piece::<32, 16>())
}
