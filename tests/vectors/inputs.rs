//! Access to the inputs of a case.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;
use sottovoce::crypto::label::{self, ClassicalLabel, ExpandLabel, PREFIX, SignLabel};
use sottovoce::crypto::secret::Secret;

pub struct Inputs<'a>(pub &'a Value);

impl Inputs<'_> {
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap_or_else(|_| panic!("{name} is not hexadecimal"))
    }

    pub fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} has not {N} bytes"))
    }

    pub fn secret<const N: usize>(&self, name: &str) -> Secret<N> {
        Secret::new(self.array(name))
    }

    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name} is missing"))
    }

    pub fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name} is missing"))
    }

    pub fn number64(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }

    pub fn sign_label(&self) -> SignLabel {
        let wanted = format!("{PREFIX}{}", self.text("label"));
        *label::sign::ALL
            .iter()
            .find(|label| label.as_bytes() == wanted.as_bytes())
            .expect("a signature label")
    }

    pub fn classical_label(&self) -> ClassicalLabel {
        let wanted = format!("{PREFIX}{}", self.text("label"));
        *label::classical::ALL
            .iter()
            .find(|label| label.as_bytes() == wanted.as_bytes())
            .expect("a classical label")
    }

    pub fn expand_label(&self) -> ExpandLabel {
        let wanted = format!("{PREFIX}{}", self.text("label"));
        *label::expand::ALL
            .iter()
            .find(|label| label.as_bytes() == wanted.as_bytes())
            .expect("an expansion label")
    }

    pub fn random(&self) -> Fixed {
        Fixed(self.bytes("random"))
    }
}

/// Randomness from a case: handed out in order, and none may be left.
pub struct Fixed(Vec<u8>);

impl Fixed {
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn finish(self) {
        assert!(self.0.is_empty(), "{} random bytes were not drawn", self.0.len());
    }
}

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        assert!(out.len() <= self.0.len(), "more randomness is drawn than the specification says");
        let drawn: Vec<u8> = self.0.drain(..out.len()).collect();
        out.copy_from_slice(&drawn);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
