//! The field of Curve25519 and Ed25519, as far as encodings need it.

/// Whether a little-endian integer is below p = 2^255 - 19. In particular its top bit is clear.
pub(super) fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    let not_below = *last == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *first >= 0xed;
    *last <= 0x7f && !not_below
}
