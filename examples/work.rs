//! Decodes one adversarial input many times, for `.ci/work` to count instructions:
//! `work list`, or `work INPUT BYTES REPETITIONS`.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::indexing_slicing, reason = "a development tool")]

use std::hint::black_box;

use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hybrid;
use sottovoce::identity::address::Address;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::{Mark, Part, Specimen};

/// A name, an element that is repeated to the wanted length, what stands before it, and the decoder.
type Input = (&'static str, &'static [u8], &'static [u8], fn(&[u8]));

const INPUTS: &[Input] = &[
    ("specimen-parts", &[0x4a, 0x02, 0x08, 0x00], &[], decode::<Specimen>),
    ("specimen-chunks", &[0x52, 0x00], &[], decode::<Specimen>),
    ("specimen-groups", &[0x0b], &[], decode::<Specimen>),
    ("specimen-nested", &[0x42, 0x7f], &[], decode::<Specimen>),
    ("specimen-varint", &[0xff], &[0x08], decode::<Specimen>),
    ("specimen-same-field", &[0x08, 0x01], &[], decode::<Specimen>),
    ("part", &[0x08, 0x01], &[], decode::<Part>),
    ("mark-words", &[0x0a, 0x01, b'w'], &[], decode::<Mark>),
    ("hybrid-public-key", &[0x0a, 0x20], &[], decode::<hybrid::PublicKey>),
    ("hybrid-signature", &[0x0a, 0x40], &[], decode::<hybrid::Signature>),
    ("blob-pointer", &[0x0a, 0x00], &[], decode::<BlobPointer>),
    ("attachment-pointer", &[0x18, 0x01], &[], decode::<AttachmentPointer>),
    ("address-labels", b"a.", b"a@", address),
    ("address-punycode", b"z", b"a@xn--", address),
    ("address-local", b"a", b"", address),
];

fn decode<T: Wire>(bytes: &[u8]) {
    let _ = black_box(T::decode(black_box(bytes)).is_ok());
}

fn address(bytes: &[u8]) {
    let text = core::str::from_utf8(bytes).expect("ASCII");
    let _ = black_box(black_box(text).parse::<Address>().is_ok());
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [name, bytes, repetitions] = arguments.as_slice() else {
        for input in INPUTS {
            println!("{}", input.0);
        }
        return;
    };
    let (_, element, before, run) =
        INPUTS.iter().find(|input| input.0 == name).expect("an input of the list");
    let length: usize = bytes.parse().expect("a number of bytes");
    let input: Vec<_> = before.iter().chain(element.iter().cycle()).copied().take(length).collect();
    for _ in 0..repetitions.parse::<usize>().expect("a number of repetitions") {
        run(&input);
    }
}
