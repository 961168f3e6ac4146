//! Unambiguous concatenation. `docs/PROTOCOL.md` §1.
//!
//! A field has a width fixed by its type, or a length prefix, or is the last one. So no two different lists of fields
//! give the same bytes (attack C-05).

/// Something that takes fields one after the other: a hash, a MAC, a buffer.
pub trait Absorb: Sized {
    /// What comes out at the end.
    type Output;

    /// Takes bytes as they are. Use the typed methods below.
    fn absorb(&mut self, bytes: &[u8]);

    /// The result.
    fn finish(self) -> Self::Output;

    /// A field whose width its type fixes.
    #[must_use]
    fn array<const N: usize>(mut self, bytes: &[u8; N]) -> Self {
        self.absorb(bytes);
        self
    }

    /// One byte.
    #[must_use]
    fn u8(self, value: u8) -> Self {
        self.array(&[value])
    }

    /// Two bytes, big-endian.
    #[must_use]
    fn u16(self, value: u16) -> Self {
        self.array(&value.to_be_bytes())
    }

    /// Four bytes, big-endian.
    #[must_use]
    fn u32(self, value: u32) -> Self {
        self.array(&value.to_be_bytes())
    }

    /// Eight bytes, big-endian.
    #[must_use]
    fn u64(self, value: u64) -> Self {
        self.array(&value.to_be_bytes())
    }

    /// `lp(bytes)`: the length as four bytes, then the bytes.
    #[must_use]
    fn lp(mut self, bytes: &[u8]) -> Self {
        // Every input is bounded far below 4 GiB by its message's limit; saturating keeps this total.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.absorb(&length.to_be_bytes());
        self.absorb(bytes);
        self
    }

    /// A last field of any length, and the result.
    fn last(mut self, bytes: &[u8]) -> Self::Output {
        self.absorb(bytes);
        self.finish()
    }
}

/// A buffer of fields, for inputs that an algorithm wants in one piece.
#[derive(Default)]
pub struct Input(Vec<u8>);

impl Input {
    /// An empty input.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty input that takes `bytes` bytes without growing.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }
}

impl Absorb for Input {
    type Output = Vec<u8>;

    fn absorb(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(self) -> Vec<u8> {
        self.0
    }
}

impl core::fmt::Debug for Input {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Input({} bytes)", self.0.len())
    }
}
