//! Keys and answers in pieces that fit into padding. `docs/PROTOCOL.md` §6.4, §6.8.

use std::collections::BTreeMap;

use crate::crypto::mlkem;
use crate::pairwise::Role;

/// Bytes of a symbol.
pub(in crate::ratchet) const SYMBOL: usize = 32;
/// Symbols of a key.
pub(super) const KEY_SYMBOLS: u32 = 37;
/// Symbols of an answer: ciphertext, confirmation, and 16 zeros.
pub(super) const ANSWER_SYMBOLS: u32 = 35;
/// Bytes of an answer without the zeros.
pub(super) const ANSWER_LENGTH: usize = mlkem::CIPHERTEXT_LENGTH + 16;

/// A set of symbol numbers, of which there are at most 40.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(u64);

impl Bits {
    /// The numbers below `count`.
    pub const fn below(count: u32) -> Self {
        Self(match 1_u64.checked_shl(count) {
            Some(bit) => bit.saturating_sub(1),
            None => u64::MAX,
        })
    }

    /// The set with these bits; `None` unless all its numbers are below `count`.
    pub(in crate::ratchet) const fn from_bits(bits: u64, count: u32) -> Option<Self> {
        if bits & !Self::below(count).0 == 0 { Some(Self(bits)) } else { None }
    }

    pub(in crate::ratchet) const fn bits(self) -> u64 {
        self.0
    }

    pub(in crate::ratchet) fn from_bytes(bytes: [u8; 5]) -> Self {
        Self(bytes.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
    }

    pub(in crate::ratchet) const fn to_bytes(self) -> [u8; 5] {
        let [_, _, _, bytes @ ..] = self.0.to_be_bytes();
        bytes
    }

    /// Whether a number is in the set.
    pub const fn contains(self, number: u32) -> bool {
        match 1_u64.checked_shl(number) {
            Some(bit) => self.0 & bit != 0,
            None => false,
        }
    }

    /// The numbers that are in one of the two.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The numbers that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it has no numbers but those below `count`.
    pub const fn is_below(self, count: u32) -> bool {
        self.without(Self::below(count)).is_empty()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.numbers().count()
    }

    /// The numbers, rising.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |number| self.contains(*number))
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let bit = |number| 1_u64.checked_shl(number).unwrap_or(0);
        Self(numbers.into_iter().fold(0, |bits, number| bits | bit(number)))
    }
}

/// What a body says of the lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The sender's epoch, 0 if its lane is closed.
    pub epoch: u32,
    /// The symbols of the receiver's that the sender holds, or has held.
    pub received: Bits,
    /// Symbols of the sender's, by number.
    pub symbols: BTreeMap<u32, [u8; SYMBOL]>,
}

impl Fields {
    pub(in crate::ratchet) fn present(&self) -> Bits {
        self.symbols.keys().copied().collect()
    }

    /// Whether `sender` has such symbols to send, and to receive.
    pub(in crate::ratchet) fn are_of(&self, sender: Role) -> bool {
        let (sends, receives) = match sender {
            Role::Initiator => (KEY_SYMBOLS, ANSWER_SYMBOLS),
            Role::Responder => (ANSWER_SYMBOLS, KEY_SYMBOLS),
        };
        self.present().is_below(sends) && self.received.is_below(receives)
    }
}

/// A key or an answer on its way out, until all of it is acknowledged.
#[derive(Debug)]
pub(in crate::ratchet) struct Outgoing {
    pub(in crate::ratchet) bytes: Vec<u8>,
    pub(in crate::ratchet) acknowledged: Bits,
    /// The number after the one that was sent last.
    pub(in crate::ratchet) cursor: u32,
}

impl Outgoing {
    pub(super) const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, acknowledged: Bits(0), cursor: 0 }
    }

    pub(super) fn waiting(&self) -> Bits {
        let count = u32::try_from(self.bytes.len().div_ceil(SYMBOL)).unwrap_or(0);
        Bits::below(count).without(self.acknowledged)
    }

    fn symbol(&self, number: u32) -> Option<[u8; SYMBOL]> {
        let chunk = self.bytes.chunks(SYMBOL).nth(usize::try_from(number).ok()?)?;
        let mut symbol = [0; SYMBOL];
        symbol.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        Some(symbol)
    }

    /// At most `room` of those that wait, and the cursor after them.
    pub(super) fn take(&self, room: usize) -> (BTreeMap<u32, [u8; SYMBOL]>, u32) {
        let waiting = self.waiting();
        let (before, after): (Vec<u32>, Vec<u32>) =
            waiting.numbers().partition(|number| *number < self.cursor);
        let numbers: Vec<u32> = after.into_iter().chain(before).take(room).collect();
        let cursor = numbers.last().map_or(self.cursor, |last| last.saturating_add(1));
        (numbers.into_iter().filter_map(|number| Some((number, self.symbol(number)?))).collect(), cursor)
    }

    /// Notes what has arrived; `None` if that is all of it.
    pub(super) fn acknowledge(self, received: Bits) -> Option<Self> {
        let outgoing = Self { acknowledged: self.acknowledged.with(received), ..self };
        (!outgoing.waiting().is_empty()).then_some(outgoing)
    }
}

/// A key or an answer on its way in, until all of it has come.
#[derive(Debug, Default)]
pub(in crate::ratchet) struct Incoming(pub(in crate::ratchet) BTreeMap<u32, [u8; SYMBOL]>);

impl Incoming {
    pub(super) fn held(&self) -> Bits {
        self.0.keys().copied().collect()
    }

    /// Whether no symbol differs from one that is held.
    pub(super) fn agrees(&self, symbols: &BTreeMap<u32, [u8; SYMBOL]>) -> bool {
        symbols.iter().all(|(number, symbol)| self.0.get(number).is_none_or(|held| held == symbol))
    }

    /// Takes symbols that agree.
    pub(super) fn absorb(&mut self, symbols: BTreeMap<u32, [u8; SYMBOL]>) {
        self.0.extend(symbols);
    }

    /// All bytes, if all `count` symbols have come.
    pub(super) fn complete(&self, count: u32) -> Option<Vec<u8>> {
        (self.held() == Bits::below(count)).then(|| self.0.values().flatten().copied().collect())
    }
}
