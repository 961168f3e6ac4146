//! Punycode (RFC 3492), as far as needed to tell an A-label from a look-alike.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_CODE_POINT: u32 = 0x80;

/// Whether `encoded`, of lower-case letters, digits and hyphens, decodes (RFC 3492 §6.2) to Unicode scalar values of
/// which at least one is not ASCII. Decoding maps no two such strings to one result.
pub(super) fn encodes_non_ascii(encoded: &str) -> bool {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    // A delimiter follows basic code points and nothing else.
    let delimiter_fits = !basic.is_empty() || !encoded.starts_with('-');
    delimiter_fits && !extended.is_empty() && decodes(basic.len(), extended.as_bytes()).is_some()
}

/// The decoding procedure, without keeping what it decodes: how many code points come out.
fn decodes(basic: usize, extended: &[u8]) -> Option<u32> {
    let mut digits = extended.iter().map(|byte| digit(*byte));
    let (mut code_point, mut index, mut bias) = (INITIAL_CODE_POINT, 0_u32, INITIAL_BIAS);
    let mut length = u32::try_from(basic).ok()?;
    while digits.len() > 0 {
        let start = index;
        index = index.checked_add(delta(&mut digits, bias)?)?;
        length = length.checked_add(1)?;
        bias = adapt(index.checked_sub(start)?, length, start == 0);
        code_point = code_point.checked_add(index.checked_div(length)?)?;
        index = index.checked_rem(length)?.checked_add(1)?;
        char::from_u32(code_point)?;
    }
    Some(length)
}

/// One generalised variable-length integer.
fn delta(digits: &mut impl Iterator<Item = Option<u32>>, bias: u32) -> Option<u32> {
    let (mut value, mut weight, mut k) = (0_u32, 1_u32, BASE);
    loop {
        let digit = digits.next()??;
        value = value.checked_add(digit.checked_mul(weight)?)?;
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if digit < threshold {
            return Some(value);
        }
        weight = weight.checked_mul(BASE.checked_sub(threshold)?)?;
        k = k.checked_add(BASE)?;
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "divisors are positive constants, sums far below 2^32")]
fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / length.max(1);
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte.wrapping_sub(b'a'))),
        b'0'..=b'9' => Some(u32::from(byte.wrapping_sub(b'0')).saturating_add(26)),
        _ => None,
    }
}
