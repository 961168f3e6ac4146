//! W-04, W-05, W-08, W-09, W-11 to W-16, W-20: lengths, nesting, trailing and missing bytes, memory, work, confusion.

use std::path::Path;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, DynamicMessage, prost::Message as _};
use rand_core::TryRng as _;
use sottovoce::crypto::suite::Suite;
use sottovoce::crypto::{CryptoError, ed25519, hybrid, label, mldsa, mlkem, x25519};
use sottovoce::error::Blame as _;
use sottovoce::identity::address::Address;
use sottovoce::wire::Wire as _;
use sottovoce::wire::specimen::Specimen;
use sottovoce_heap::measure;

use crate::support::{Sample, below, generator, join, rng, samples, split, varint};

#[test]
fn w_04_lengths_beyond_the_input_allocate_nothing() {
    for sample in samples() {
        for length in [u64::from(u32::MAX >> 1), 1 << 32, 1 << 63, u64::MAX, 100_000] {
            let mut fields = split(&sample.bytes);
            for index in 0..fields.len() {
                if fields[index].wire_type == 2 {
                    let true_length = std::mem::replace(&mut fields[index].value, length);
                    let bytes = join(&fields);
                    let (result, heap) = measure(|| (sample.decode)(&bytes));
                    assert!(result.is_err());
                    assert_eq!(heap.count, 0, "{} allocated before it refused", sample.name);
                    fields[index].value = true_length;
                }
            }
        }
    }
}

#[test]
fn w_05_nesting_needs_no_stack() {
    let groups = vec![0x0b; 1_000_000];
    let messages = [0x42, 0x7f].repeat(500_000);
    let small_stack = std::thread::Builder::new().stack_size(64 * 1024);
    let deepest = samples().pop().unwrap();
    let attack = move || {
        for bytes in [&groups, &messages, &groups[..4000].to_vec(), &messages[..4000].to_vec()] {
            assert!(Specimen::decode(bytes).is_err());
        }
        (deepest.decode)(&deepest.bytes).expect("the deepest message fits the stack too");
    };
    small_stack.spawn(attack).unwrap().join().expect("64 KiB are enough");
}

#[test]
fn w_08_nothing_before_or_after_a_message() {
    for Sample { name, bytes, decode } in samples() {
        for extra in 0..=255 {
            assert!(decode(&[bytes.as_slice(), &[extra]].concat()).is_err(), "{name} then {extra}");
            assert!(decode(&[&[extra], bytes.as_slice()].concat()).is_err(), "{extra} then {name}");
        }
        assert!(decode(&bytes.repeat(2)).is_err(), "{name} twice");
    }
}

#[test]
fn w_09_truncation_at_every_offset() {
    for Sample { name, bytes, decode } in samples() {
        for length in 0..bytes.len() {
            let error = decode(&bytes[..length]).expect_err(name);
            assert!(["truncated", "missing"].contains(&error.class()), "{name} cut at {length}: {error}");
        }
    }
}

#[test]
fn w_11_every_parser_takes_every_length() {
    let bytes: Vec<_> = (0..=4096_u32).map(|i| i.to_le_bytes()[0] ^ 0x5a).collect();
    for length in 0..=4096 {
        let input = &bytes[..length];
        let right =
            |wanted: usize, result: bool| assert!(!result || length == wanted, "{length} for {wanted}");
        right(32, x25519::PublicKey::from_bytes(input).is_ok());
        right(32, ed25519::PublicKey::from_bytes(input).is_ok());
        right(64, ed25519::Signature::from_bytes(input).is_ok());
        right(1952, mldsa::PublicKey::from_bytes(input).is_ok());
        right(3309, mldsa::Signature::from_bytes(input).is_ok());
        right(1184, mlkem::EncapsulationKey::from_bytes(input).is_ok());
        right(1088, mlkem::Ciphertext::from_bytes(input).is_ok());
        for sample in samples_once() {
            assert!((sample.decode)(input).is_err());
        }
    }
    for text in ["\0", "a\0@b.c", "a@b.c\0", "\u{fffd}@b.c", "@", "a@", "@b.c"] {
        assert!(text.parse::<Address>().is_err(), "{text:?}");
    }
}

fn samples_once() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(samples)
}

#[test]
fn w_12_a_million_empty_elements_allocate_nothing() {
    for element in [&[0x4a, 0x00], &[0x52, 0x00], &[0x0a, 0x00], &[0x08, 0x00]] {
        let bytes = element.repeat(1_000_000);
        for sample in samples_once() {
            for input in [bytes.as_slice(), &bytes[..4096], &bytes[..1988], &bytes[..68]] {
                let (result, heap) = measure(|| (sample.decode)(input).is_err());
                assert!(result && heap.count == 0, "{}: {heap:?}", sample.name);
            }
        }
    }
}

/// Memory is bounded for what is accepted, too: as many elements as a message may have.
#[test]
fn w_12_memory_is_proportional_to_accepted_input() {
    for sample in samples_once() {
        let (result, heap) = measure(|| (sample.decode)(&sample.bytes));
        result.unwrap();
        let allowed = 8 * sample.bytes.len() + 1024;
        assert!(heap.peak <= allowed, "{}: {} bytes for {}", sample.name, heap.peak, sample.bytes.len());
    }
}

/// Twice the input, at most 2.2 times the allocations. `.ci/work` counts instructions in the same way.
#[test]
fn w_13_work_is_linear() {
    let specimen = |words: usize| {
        let mut value = crate::support::specimen();
        let part = value.parts[0].clone();
        value.parts = vec![part; words];
        value.encode().unwrap()
    };
    let allocations = |bytes: &[u8]| measure(|| Specimen::decode(bytes).unwrap()).1.count;
    let (base, four, eight) = (specimen(0), specimen(4), specimen(8));
    let (zero, four, eight) = (allocations(&base), allocations(&four), allocations(&eight));
    assert!(four > zero, "elements cost allocations");
    assert!((eight - zero) * 10 <= (four - zero) * 22, "{zero} {four} {eight}");
}

/// A signature covers bytes, so bytes that a general decoder takes for the same message do not verify.
#[test]
fn w_14_signatures_cover_exact_bytes() {
    let key = hybrid::SecretKey::generate(&mut generator(3)).unwrap();
    let sample = samples().pop().unwrap();
    let signature = key.sign(label::sign::MANIFEST, &sample.bytes);
    let mut reordered = split(&sample.bytes);
    reordered.swap(0, 1);
    let mut overlong = sample.bytes.clone();
    overlong.splice(0..2, [0x88, 0x00, 0x07]);
    for other in [join(&reordered), overlong] {
        assert_eq!(general_decoder("Specimen", &other), general_decoder("Specimen", &sample.bytes));
        assert!(key.public_key().verify(label::sign::MANIFEST, &other, &signature).is_err());
        assert!(Specimen::decode(&other).is_err());
    }
    key.public_key().verify(label::sign::MANIFEST, &sample.bytes, &signature).unwrap();
}

#[test]
fn w_15_no_message_is_one_of_another_type() {
    for first in samples_once() {
        for second in samples_once() {
            assert_eq!((first.decode)(&second.bytes).is_ok(), first.name == second.name);
        }
    }
}

#[test]
fn w_16_other_versions_are_refused() {
    for number in 0..=u16::MAX {
        let expected = if number == 1 { Ok(Suite::One) } else { Err(CryptoError::UnknownSuite) };
        assert_eq!(Suite::from_number(number), expected);
    }
    for label in label::ALL {
        assert!(label.starts_with("sottovoce/1 "), "the version is in every label");
    }
}

/// What the strict decoder accepts, a general one reads alike: 200,000 random changes to valid messages.
#[test]
fn w_20_the_strict_decoder_accepts_a_subset() {
    let mut rng = rng("w_20");
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let sample = &samples_once()[2 + below(&mut rng, 3)];
        let mut bytes = sample.bytes.clone();
        for _ in 0..=below(&mut rng, 3) {
            let at = below(&mut rng, bytes.len());
            match below(&mut rng, 4) {
                0 => bytes[at] ^= 1 << below(&mut rng, 8),
                1 => bytes[at] = rng.try_next_u32().unwrap().to_le_bytes()[0],
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, varint(below(&mut rng, 300).try_into().unwrap())[0]),
            }
        }
        if (sample.decode)(&bytes).is_err() {
            refused += 1;
            continue;
        }
        accepted += 1;
        let general = general_decoder(sample.name, &bytes).expect("a general decoder takes it");
        assert_eq!(general.encode_to_vec(), bytes, "{}", sample.name);
    }
    println!("w_20: {accepted} accepted, {refused} refused");
    assert!(accepted > 10_000 && refused > 10_000);
}

/// A decoder that does not know our rules, from the `.proto` files.
pub fn general_decoder(
    message: &str,
    bytes: &[u8],
) -> Result<DynamicMessage, prost_reflect::prost::DecodeError> {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
        let files = std::fs::read_dir(&proto).unwrap().map(|file| file.unwrap().path());
        let mut compiler = protox::Compiler::new([&proto]).unwrap();
        compiler.include_imports(true).open_files(files).unwrap();
        compiler.descriptor_pool()
    });
    let descriptor = pool.get_message_by_name(&format!("sottovoce.v1.{message}")).unwrap();
    DynamicMessage::decode(descriptor, bytes)
}
