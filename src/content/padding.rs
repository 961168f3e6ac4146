//! Sizes of attachments. `docs/PROTOCOL.md` §10.8.

/// The smallest padded size.
const SMALLEST: u64 = 1_024;

/// The size to which a file of `size` bytes is padded: at most a sixteenth more, except for the smallest. One of
/// about 1,100 sizes says little of a file (attack P-08).
pub fn padded(size: u64) -> u64 {
    let Some(exponent) = size.checked_ilog2().filter(|_| size > SMALLEST) else { return SMALLEST };
    // The exponent of a size above the smallest is 10 or more.
    let kept = exponent.checked_ilog2().unwrap_or(0).saturating_add(1);
    let unit = 1_u64.checked_shl(exponent.saturating_sub(kept)).unwrap_or(1);
    size.div_ceil(unit).saturating_mul(unit)
}
