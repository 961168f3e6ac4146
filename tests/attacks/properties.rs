//! For all values and all bytes: canonicity, totality, bounded allocation. proptest prints the seed of a failure and keeps it.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use sottovoce::wire::Wire as _;
use sottovoce::wire::specimen::{Choice, Colour, Mark, Part, Specimen};
use sottovoce_heap::measure;

use crate::support::{Sample, samples};

fn mark() -> impl Strategy<Value = Mark> {
    vec("[a-z♪]{1,4}", 0..=12).prop_map(|words| Mark { words })
}

fn part() -> impl Strategy<Value = Part> {
    (any::<u32>(), proptest::option::of(mark())).prop_map(|(number, mark)| Part { number, mark })
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![part().prop_map(Choice::Left), mark().prop_map(Choice::Right)]
}

fn specimen() -> impl Strategy<Value = Specimen> {
    let colour = prop_oneof![Just(Colour::Red), Just(Colour::Green), Just(Colour::Blue)];
    let numbers = (
        any::<u32>(),
        any::<u64>(),
        any::<bool>(),
        colour,
        any::<bool>(),
        proptest::option::of(any::<u32>()),
    );
    let strings = (
        any::<([u8; 16], [u8; 8], u32)>(),
        vec(any::<u8>(), 1..=64),
        "\\PC{0,8}",
        vec(vec(any::<u8>(), 0..=8), 0..=4),
    );
    (numbers, strings, part(), vec(part(), 0..=8), choice()).prop_map(
        |(numbers, strings, part, parts, choice)| {
            let (number, big, flag, colour, late, note) = numbers;
            let ((id, token, last), data, text, chunks) = strings;
            Specimen {
                number,
                big,
                flag,
                colour,
                id,
                data,
                text,
                part,
                parts,
                chunks,
                note,
                choice,
                late,
                token,
                last,
            }
        },
    )
}

fn config() -> ProptestConfig {
    let failures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks/properties.regressions");
    let persistence = proptest::test_runner::FileFailurePersistence::Direct(Box::leak(
        failures.to_str().unwrap().to_owned().into_boxed_str(),
    ));
    ProptestConfig {
        cases: 5000,
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::default()
    }
}

/// No decoder of this layer allocates more than this for `length` bytes: the struct, and each field copied a few times.
const fn most_bytes(length: usize) -> usize {
    8 * length + 1024
}

proptest! {
    #![proptest_config(config())]

    /// Every value has one encoding, which decodes to the value: within limits always, beyond them never.
    #[test]
    fn canonicity(value in specimen()) {
        let bytes = value.encode().unwrap();
        assert_eq!(Specimen::decode(&bytes).unwrap(), value);
        assert!(bytes.len() <= Specimen::MAX_BYTES);
    }

    /// A value beyond a limit does not encode, so nothing that this library sends is refused for its form.
    #[test]
    fn limits_hold_for_senders(mut value in specimen(), which in 0..6) {
        match which {
            0 => value.data.clear(),
            1 => value.data = vec![0; 65],
            2 => value.text = "x".repeat(33),
            3 => value.chunks = vec![vec![]; 5],
            4 => value.parts = vec![value.part.clone(); 9],
            _ => value.choice = Choice::Right(Mark { words: vec![String::new()] }),
        }
        assert!(value.encode().is_err());
    }

    /// No bytes make a decoder panic, loop or allocate out of proportion.
    #[test]
    fn totality_for_any_bytes(bytes in vec(any::<u8>(), 0..4200)) {
        for Sample { name, decode, .. } in samples_once() {
            let (_, heap) = measure(|| decode(&bytes).is_ok());
            assert!(heap.peak <= most_bytes(bytes.len()), "{name}: {heap:?}");
        }
    }

    /// The same near valid messages, where decoding goes further.
    #[test]
    fn totality_near_valid_messages(value in specimen(), changes in vec((any::<u16>(), any::<u8>()), 0..4)) {
        let mut bytes = value.encode().unwrap();
        for (at, byte) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        let (decoded, heap) = measure(|| Specimen::decode(&bytes));
        assert!(heap.peak <= most_bytes(bytes.len()), "{heap:?} for {} bytes", bytes.len());
        if let Ok(value) = decoded {
            assert_eq!(value.encode().unwrap(), bytes);
        }
    }
}

fn samples_once() -> &'static [Sample] {
    static SAMPLES: std::sync::OnceLock<Vec<Sample>> = std::sync::OnceLock::new();
    SAMPLES.get_or_init(samples)
}
