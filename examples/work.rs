//! Decodes one input many times, for `.ci/work` to count instructions:
//! `work list`, or `work INPUT BYTES REPETITIONS`.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::indexing_slicing, reason = "a development tool")]

use std::hint::black_box;

use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hybrid;
use sottovoce::identity::account::AccountBody;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::{AuthorityPath, Header, Manifest};
use sottovoce::identity::prekeys::{ClaimAnswer, OneTimePair};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::ServerBody;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::{Choice, Colour, Mark, Part, Specimen};

/// A name, the input of about so many bytes, and the decoder.
struct Input {
    name: &'static str,
    make: fn(usize) -> Vec<u8>,
    run: fn(&[u8]),
}

macro_rules! inputs {
    ($($name:literal, $make:expr, $run:expr;)+) => {
        const INPUTS: &[Input] = &[$(Input { name: $name, make: $make, run: $run }),+];
    };
}

inputs! {
    "accepted-specimen", accepted, accept::<Specimen>;
    "accepted-part", |n| part(n / 9).encode().expect("encodes"), accept::<Part>;
    "parts", |n| repeat(&[], &[0x4a, 0x02, 0x08, 0x00], n), decode::<Specimen>;
    "chunks", |n| repeat(&[], &[0x52, 0x00], n), decode::<Specimen>;
    "groups", |n| repeat(&[], &[0x0b], n), decode::<Specimen>;
    "nested", |n| repeat(&[], &[0x42, 0x7f], n), decode::<Specimen>;
    "varint", |n| repeat(&[0x08], &[0xff], n), decode::<Specimen>;
    "same-field", |n| repeat(&[], &[0x08, 0x01], n), decode::<Specimen>;
    "words", |n| repeat(&[], &[0x0a, 0x01, b'w'], n), decode::<Mark>;
    "public-key", |n| repeat(&[], &[0x0a, 0x20], n), decode::<hybrid::PublicKey>;
    "signature", |n| repeat(&[], &[0x0a, 0x40], n), decode::<hybrid::Signature>;
    "blob-pointer", |n| repeat(&[], &[0x0a, 0x00], n), decode::<BlobPointer>;
    "attachment-pointer", |n| repeat(&[], &[0x18, 0x01], n), decode::<AttachmentPointer>;
    "account-devices", |n| repeat(&[], &[0x0a, 0x00], n), decode::<AccountBody>;
    "path-headers", |n| repeat(&[], &[0x0a, 0x00], n), decode::<AuthorityPath>;
    "manifest-nested", |n| repeat(&[0x0a, 0xff, 0x7f], &[0x0a, 0x00], n), decode::<Manifest>;
    "header-authorities", |n| repeat(&[0x08, 0x01], &[0x3a, 0x00], n), decode::<Header>;
    "server-endpoints", |n| repeat(&[0x0a, 0x03, b'a', b'.', b'b'], &[0x12, 0x00], n), decode::<ServerBody>;
    "pair-proof", |n| repeat(&[0x08, 0x01], &[0x22, 0x00], n), decode::<OneTimePair>;
    "claim-answer", |n| repeat(&[], &[0x12, 0x00], n), decode::<ClaimAnswer>;
    "phrase", |n| repeat(&[], b"abandon ", n), phrase;
    "address-labels", |n| repeat(b"a@", b"a.", n / 8), address;
    "address-punycode", |n| repeat(b"a@b.xn--", b"z", n / 40), address;
}

fn repeat(before: &[u8], element: &[u8], length: usize) -> Vec<u8> {
    before.iter().chain(element.iter().cycle()).copied().take(length).collect()
}

/// A part of about `length` bytes, at most 224.
fn part(length: usize) -> Part {
    let words = (length / 18).clamp(1, 12);
    Part { number: 0, mark: Some(Mark { words: vec!["sixteen letters!".to_owned(); words] }) }
}

/// A valid specimen of about `length` bytes, at most 2,000.
fn accepted(length: usize) -> Vec<u8> {
    let specimen = Specimen {
        number: 1,
        big: 1,
        flag: true,
        colour: Colour::Red,
        id: [1; 16],
        data: vec![1],
        text: String::new(),
        part: part(0),
        parts: vec![part(length / 9); 8],
        chunks: Vec::new(),
        note: None,
        choice: Choice::Left(part(0)),
        late: true,
        token: [1; 8],
        last: 1,
    };
    specimen.encode().expect("within the limits")
}

fn accept<T: Wire>(bytes: &[u8]) {
    assert!(black_box(T::decode(black_box(bytes)).is_ok()), "this input is valid");
}

fn decode<T: Wire>(bytes: &[u8]) {
    assert!(black_box(T::decode(black_box(bytes)).is_err()), "this input is not valid");
}

fn address(bytes: &[u8]) {
    let text = core::str::from_utf8(bytes).expect("ASCII");
    let _ = black_box(black_box(text).parse::<Address>().is_ok());
}

fn phrase(bytes: &[u8]) {
    let text = core::str::from_utf8(bytes).expect("ASCII");
    assert!(black_box(black_box(text).parse::<RecoveryKey>().is_err()), "too many words");
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [name, bytes, repetitions] = arguments.as_slice() else {
        for input in INPUTS {
            println!("{}", input.name);
        }
        return;
    };
    let input = INPUTS.iter().find(|input| input.name == name).expect("an input of the list");
    let bytes = (input.make)(bytes.parse().expect("a number of bytes"));
    for _ in 0..repetitions.parse::<usize>().expect("a number of repetitions") {
        (input.run)(&bytes);
    }
}
