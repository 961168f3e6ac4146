//! Padded bodies. `docs/PROTOCOL.md` §6.4.

use super::RatchetError;
use super::lane::{Bits, Fields, SYMBOL};
use crate::crypto::CryptoError;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::pairwise::Role;

/// Bytes of a body with neither symbols nor content.
const FIXED: usize = 4 + 5 + 5 + 2;
/// The smallest buckets. The others are multiples of [`STEP`].
const SMALL: [usize; 3] = [192, 384, 768];
const STEP: usize = 1_536;
/// The largest bucket.
const LARGEST: usize = 49_152;
/// The most content that a message has.
pub const MAX_CONTENT: usize = LARGEST - FIXED - SYMBOL;

/// What a body says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) fields: Fields,
    pub(super) content: Vec<u8>,
}

/// Whether padded bodies have this length.
pub(super) const fn is_bucket(length: usize) -> bool {
    let [smallest, small, middle] = SMALL;
    let is_step = length > 0 && length <= LARGEST && length.is_multiple_of(STEP);
    length == smallest || length == small || length == middle || is_step
}

/// The smallest bucket of at least `length` bytes. [`CryptoError::TooLong`] if there is none.
fn bucket(length: usize) -> Result<usize, CryptoError> {
    let small = SMALL.into_iter().find(|bucket| length <= *bucket);
    let large = || length.checked_next_multiple_of(STEP).filter(|bucket| *bucket <= LARGEST);
    small.or_else(large).ok_or(CryptoError::TooLong)
}

/// The bucket for content of this length, the next larger one if `raised` and there is one, and how many symbols it has room for: at
/// least one, whether one waits or not. [`CryptoError::TooLong`] above [`MAX_CONTENT`].
pub(super) fn fit(content: usize, raised: bool) -> Result<(usize, usize), CryptoError> {
    let used = content.checked_add(FIXED).ok_or(CryptoError::TooLong)?;
    let mut size = bucket(used.saturating_add(SYMBOL))?;
    if raised {
        size = bucket(size.saturating_add(1)).unwrap_or(size);
    }
    Ok((size, size.saturating_sub(used).checked_div(SYMBOL).unwrap_or(0)))
}

/// The body in `size` bytes, into which it was made to fit.
pub(super) fn encode(fields: &Fields, content: &[u8], size: usize) -> Result<Vec<u8>, CryptoError> {
    let length = u16::try_from(content.len()).map_err(|_| CryptoError::TooLong)?;
    let mut padded = Input::with_capacity(size)
        .u32(fields.epoch)
        .array(&fields.received.to_bytes())
        .array(&fields.present().to_bytes());
    fields.symbols.values().for_each(|symbol| padded.absorb(symbol));
    let mut padded = padded.u16(length).last(content);
    padded.resize(size, 0);
    Ok(padded)
}

/// Reads the body of a message that `sender` sealed. [`RatchetError::BadMessage`].
pub(super) fn decode(padded: &[u8], sender: Role) -> Result<Body, RatchetError> {
    parse(padded, sender).ok_or(RatchetError::BadMessage)
}

fn parse(padded: &[u8], sender: Role) -> Option<Body> {
    let (epoch, rest) = padded.split_first_chunk()?;
    let (received, rest) = rest.split_first_chunk()?;
    let (present, rest) = rest.split_first_chunk()?;
    let (received, present) = (Bits::from_bytes(*received), Bits::from_bytes(*present));
    let fields = Fields { epoch: u32::from_be_bytes(*epoch), received, symbols: [].into() };
    let (symbols, rest) = rest.split_at_checked(present.count().checked_mul(SYMBOL)?)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (content, zeros) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let symbols = present.numbers().zip(symbols.as_chunks().0.iter().copied()).collect();
    let fields = Fields { symbols, ..fields };
    (fields.are_of(sender) && zeros.iter().all(|zero| *zero == 0))
        .then(|| Body { fields, content: content.to_vec() })
}
