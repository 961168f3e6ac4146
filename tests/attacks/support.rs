//! What the tests share: randomness that replays, messages to attack, and their fields.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use sottovoce::crypto::attachment::{AttachmentPointer, Sealer};
use sottovoce::crypto::blob;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::{hybrid, label};
use sottovoce::wire::specimen::{Choice, Colour, Mark, Part, Specimen};
use sottovoce::wire::{DecodeError, Wire};

/// The generator of a test: another seed in every run, unless `SOTTOVOCE_SEED` replays one.
pub fn rng(test: &str) -> Generator {
    let drawn = || {
        rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the operating system's randomness")
            >> 1
    };
    let seed =
        std::env::var("SOTTOVOCE_SEED").map_or_else(|_| drawn(), |seed| seed.parse().expect("a number"));
    println!("{test}: SOTTOVOCE_SEED={seed}");
    generator(seed)
}

pub fn generator(seed: u64) -> Generator {
    let mut bytes = [0xa5; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

pub fn below(rng: &mut Generator, bound: usize) -> usize {
    let word = usize::try_from(rng.try_next_u64().unwrap() >> 32).unwrap();
    word % bound
}

/// Randomness that repeats one byte for ever.
pub struct Stuck(pub u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

/// Randomness that repeats the same 32 bytes for ever, and counts them.
pub struct Repeating {
    pub bytes: [u8; 32],
    pub drawn: usize,
}

impl TryRng for Repeating {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = self.bytes[index % 32];
        }
        self.drawn += out.len();
        Ok(())
    }
}

impl TryCryptoRng for Repeating {}

/// Messages of every layer: name, one encoding, and decoder. The specimen, which has a field of every shape, is the last.
pub struct Sample {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub decode: fn(&[u8]) -> Result<(), DecodeError>,
}

pub fn samples() -> Vec<Sample> {
    let mut rng = generator(7);
    let key = hybrid::SecretKey::generate(&mut rng).unwrap();
    let signature = key.sign(label::sign::MANIFEST, b"manifest");
    let (_, blob) = blob::seal(b"body", &mut rng).unwrap();
    let mut samples = vec![
        sample(&key.public_key()),
        sample(&signature),
        sample(&blob),
        sample(&attachment_pointer(&mut rng)),
    ];
    samples.extend(crate::identity::samples());
    samples.extend(crate::opening::samples());
    samples.push(sample(&specimen()));
    samples
}

pub fn sample<T: Wire>(value: &T) -> Sample {
    Sample { name: T::NAME, bytes: value.encode().unwrap(), decode: |bytes| T::decode(bytes).map(drop) }
}

fn attachment_pointer(rng: &mut Generator) -> AttachmentPointer {
    let mut sealer = Sealer::new(300, rng).unwrap();
    sealer.seal_chunk(&[1; 300]).unwrap();
    sealer.finish().unwrap()
}

pub fn specimen() -> Specimen {
    let mark = Mark { words: vec!["one".to_owned(), "two".to_owned()] };
    let part = Part { number: 300, mark: Some(mark.clone()) };
    Specimen {
        number: 7,
        big: u64::MAX,
        flag: true,
        colour: Colour::Blue,
        id: [9; 16],
        data: b"data".to_vec(),
        text: "♪".to_owned(),
        part: part.clone(),
        parts: vec![part.clone(), Part { number: 0, mark: None }],
        chunks: vec![b"chunk".to_vec(), Vec::new()],
        note: Some(0),
        choice: Choice::Right(mark),
        late: false,
        token: *b"a secret",
        last: u32::MAX,
    }
}

/// One field of an encoded message, in its three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawField {
    pub number: u64,
    pub wire_type: u64,
    /// The varint, or the length as a varint.
    pub value: u64,
    pub contents: Vec<u8>,
}

impl RawField {
    pub fn encode(&self) -> Vec<u8> {
        [varint(self.number << 3 | self.wire_type), varint(self.value), self.contents.clone()].concat()
    }
}

/// The fields at the top level of an encoded message, found without the library.
pub fn split(bytes: &[u8]) -> Vec<RawField> {
    let (mut rest, mut fields) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (tag, value) = (take_varint(&mut rest), take_varint(&mut rest));
        let length = if tag & 7 == 2 { usize::try_from(value).unwrap() } else { 0 };
        let (contents, after) = rest.split_at(length);
        fields.push(RawField { number: tag >> 3, wire_type: tag & 7, value, contents: contents.to_vec() });
        rest = after;
    }
    fields
}

pub fn join(fields: &[RawField]) -> Vec<u8> {
    fields.iter().flat_map(RawField::encode).collect()
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}
