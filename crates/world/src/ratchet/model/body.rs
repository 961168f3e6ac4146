//! What a message contains, `docs/PROTOCOL.md` §6.4.

use std::collections::BTreeMap;

use super::Class;
use super::lane::{ANSWER, KEY, Lane, Symbol};
use super::primitives::{array, split};

/// The most that fits.
pub(crate) const CONTENT: usize = 49_104;

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) epoch: u32,
    pub(crate) received: u64,
    pub(crate) symbols: BTreeMap<usize, Symbol>,
    pub(crate) content: Vec<u8>,
}

/// The lengths of bodies.
pub(crate) fn buckets() -> impl Iterator<Item = usize> {
    [192, 384, 768].into_iter().chain((1..=32).map(|i| i * 1536))
}

/// A body with this content and as many symbols as fit, in a larger bucket than it needs if the lane is late.
pub(crate) fn padded(content: &[u8], lane: &mut Lane, is_late: bool) -> Vec<u8> {
    let mut fitting = buckets().filter(|bucket| *bucket >= 48 + content.len());
    let smallest = fitting.next().expect("content is short enough");
    let bucket = if is_late && lane.waits() { fitting.next().unwrap_or(smallest) } else { smallest };
    let (epoch, received) = lane.fields();
    let symbols = lane.take((bucket - 16 - content.len()) / 32);
    let body = Body { epoch, received, symbols, content: content.to_vec() };
    let mut bytes = body.bytes();
    bytes.resize(bucket, 0);
    bytes
}

impl Body {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let present = self.symbols.keys().map(|i| 1_u64 << i).sum::<u64>();
        let length = u16::try_from(self.content.len()).expect("content is short enough");
        [
            &self.epoch.to_be_bytes(),
            &self.received.to_be_bytes()[3..],
            &present.to_be_bytes()[3..],
            &self.symbols.values().copied().collect::<Vec<_>>().concat(),
            &length.to_be_bytes(),
            &self.content,
        ]
        .concat()
    }

    /// Reads a body that went in this direction.
    pub(crate) fn read(padded: &[u8], direction: u8) -> Result<Self, Class> {
        let (sent, acknowledged) = if direction == 0 { (KEY, ANSWER) } else { (ANSWER, KEY) };
        let (epoch, rest) = split(padded);
        let (fields, rest) = split::<10>(rest);
        let bits = |bytes: &[u8]| u64::from_be_bytes(array(&[&[0; 3], bytes].concat()));
        let (received, present) = (bits(&fields[..5]), bits(&fields[5..]));
        if received >> acknowledged != 0 || present >> sent != 0 {
            return Err("bad-message");
        }
        let numbers: Vec<_> = (0..sent).filter(|i| present >> i & 1 == 1).collect();
        let (symbols, rest) = rest.split_at_checked(32 * numbers.len()).ok_or("bad-message")?;
        let (length, rest) = rest.split_first_chunk().ok_or("bad-message")?;
        let (content, zeros) =
            rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or("bad-message")?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err("bad-message");
        }
        let symbols = numbers.into_iter().zip(symbols.chunks(32).map(array)).collect();
        Ok(Self { epoch: u32::from_be_bytes(epoch), received, symbols, content: content.to_vec() })
    }
}
