//! W-01 to W-03, W-06, W-07, W-10: fields that are unknown, twice, badly encoded, of another type, missing or out of order.

use sottovoce::error::Blame as _;

use crate::support::{RawField, join, samples, split, varint};

/// Applies `edit` at each field of each message and expects `class`.
fn each_field(class: &str, edit: impl Fn(&mut Vec<RawField>, usize)) {
    for sample in samples() {
        let fields = split(&sample.bytes);
        assert_eq!(join(&fields), sample.bytes, "the test can take messages apart");
        for index in 0..fields.len() {
            let mut edited = fields.clone();
            edit(&mut edited, index);
            let error = (sample.decode)(&join(&edited)).expect_err(sample.name);
            let too_large = join(&edited).len() > sample.bytes.len() && error.class() == "too-large";
            assert!(error.class() == class || too_large, "{} field {index}: {error}", sample.name);
        }
    }
}

#[test]
fn w_01_unknown_fields_are_refused() {
    let unknown = |number| RawField { number, wire_type: 0, value: 1, contents: vec![] };
    for sample in samples() {
        let fields = split(&sample.bytes);
        let known: Vec<_> = fields.iter().map(|field| field.number).chain([12, 13]).collect();
        let sampled = (1..=130).chain((7..29).map(|power| 1 << power)).chain([(1 << 29) - 1]);
        for number in sampled.filter(|number| !known.contains(number)) {
            let mut edited = fields.clone();
            edited.push(unknown(number));
            edited.sort_by_key(|field| field.number);
            let error = (sample.decode)(&join(&edited)).expect_err(sample.name);
            let tight = sample.name != "Specimen" && error.class() == "too-large";
            assert!(error.class() == "unknown-field" || tight, "{} {number}: {error}", sample.name);
        }
    }
}

#[test]
fn w_01_unknown_fields_are_refused_at_every_depth() {
    each_nested("unknown-field", |contents| contents.extend([0xf8, 0x01, 0x01]));
}

/// Applies `edit` to the contents of each nested message of the specimen.
fn each_nested(class: &str, edit: impl Fn(&mut Vec<u8>)) {
    let sample = samples().pop().unwrap();
    let fields = split(&sample.bytes);
    let nested: Vec<_> =
        (0..fields.len()).filter(|index| [8, 9, 12, 13].contains(&fields[*index].number)).collect();
    assert_eq!(nested.len(), 4);
    for index in nested {
        let mut edited = fields.clone();
        edit(&mut edited[index].contents);
        edited[index].value = u64::try_from(edited[index].contents.len()).unwrap();
        let error = (sample.decode)(&join(&edited)).expect_err("nested");
        assert_eq!(error.class(), class, "element {index}: {error}");
    }
}

#[test]
fn w_02_no_field_is_read_twice() {
    for sample in samples() {
        let fields = split(&sample.bytes);
        for (index, field) in fields.iter().enumerate() {
            let mut edited = fields.clone();
            edited.insert(index, field.clone());
            let repeated = sample.name == "Specimen" && [9, 10].contains(&field.number);
            assert_eq!((sample.decode)(&join(&edited)).is_ok(), repeated, "{} {index}", sample.name);
        }
    }
}

/// A submessage in two pieces would be merged by a general decoder.
#[test]
fn w_02_submessages_are_not_merged() {
    let sample = samples().pop().unwrap();
    let mut fields = split(&sample.bytes);
    let part = fields.iter().position(|field| field.number == 8).unwrap();
    let inner = split(&fields[part].contents);
    let piece = |inner: &RawField| {
        let contents = inner.encode();
        RawField { number: 8, wire_type: 2, value: u64::try_from(contents.len()).unwrap(), contents }
    };
    fields.splice(part..=part, inner.iter().map(piece));
    let merged = prost_reflected(&join(&fields));
    assert_eq!(merged, prost_reflected(&sample.bytes), "a general decoder sees the same message");
    assert_eq!((sample.decode)(&join(&fields)).expect_err("split").class(), "duplicate");
}

/// The specimen as a general decoder reads it.
fn prost_reflected(bytes: &[u8]) -> prost_reflect::DynamicMessage {
    crate::wire_bytes::general_decoder("Specimen", bytes).expect("a general decoder takes it")
}

#[test]
fn w_03_varints_have_one_encoding() {
    let overlong = |value: u64| {
        let mut bytes = varint(value);
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(0);
        bytes
    };
    for sample in samples() {
        let fields = split(&sample.bytes);
        for index in 0..fields.len() {
            let (before, after) = (join(&fields[..index]), join(&fields[index + 1..]));
            let field = &fields[index];
            let tag = field.number << 3 | field.wire_type;
            let long_tag = [overlong(tag), varint(field.value), field.contents.clone()].concat();
            let long_value = [varint(tag), overlong(field.value), field.contents.clone()].concat();
            for middle in [long_tag, long_value] {
                let bytes = [before.clone(), middle, after.clone()].concat();
                let error = (sample.decode)(&bytes).expect_err(sample.name);
                let tight = sample.name != "Specimen" && error.class() == "too-large";
                let longest = field.value == u64::MAX;
                assert!(
                    error.class() == "bad-varint" || tight || longest,
                    "{} {index}: {error}",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn w_06_wire_types_are_fixed() {
    for wire_type in 0..8 {
        for sample in samples() {
            let fields = split(&sample.bytes);
            for index in 0..fields.len() {
                let mut edited = fields.clone();
                if edited[index].wire_type != wire_type {
                    edited[index].wire_type = wire_type;
                    let error = (sample.decode)(&join(&edited)).expect_err(sample.name);
                    assert_eq!(error.class(), "wrong-wire-type", "{} {index}", sample.name);
                }
            }
        }
    }
}

#[test]
fn w_06_field_numbers_0_and_above_2_29_are_refused() {
    for number in [0, 1 << 29, (1 << 32) / 8, (1 << 61) - 1] {
        each_field("unknown-field", |fields, index| fields[index].number = number);
    }
}

#[test]
fn w_07_no_field_has_a_default() {
    for sample in samples() {
        let fields = split(&sample.bytes);
        for index in 0..fields.len() {
            let mut edited = fields.clone();
            let removed = edited.remove(index);
            let may_be_absent = match sample.name {
                "Specimen" => [9, 10, 11].contains(&removed.number),
                "Initial" => removed.number == 5,
                _ => false,
            };
            let result = (sample.decode)(&join(&edited));
            assert_eq!(result.is_ok(), may_be_absent, "{} {}", sample.name, removed.number);
            assert!(result.is_ok() || result.unwrap_err().class() == "missing");
        }
    }
}

#[test]
fn w_07_empty_keys_and_unknown_enumerations_are_refused() {
    for sample in samples() {
        let mut fields = split(&sample.bytes);
        for index in 0..fields.len() {
            let field = fields[index].clone();
            let fixed = match sample.name {
                "Specimen" => [5, 6, 40].contains(&field.number),
                // Not a key but an address, which is text, with a class of its own.
                "Initial" => field.number != 3,
                // What is kept of a bundle is the device's own.
                "OwnBundle" => field.number != 1,
                // What was signed is decoded by the verifier.
                name => !name.starts_with("Signed") || field.number != 1,
            };
            if field.wire_type == 2 && fixed {
                fields[index] = RawField { value: 0, contents: vec![], ..field.clone() };
                let class = (sample.decode)(&join(&fields)).expect_err("empty").class();
                // An empty message lacks its fields.
                assert!(["bad-length", "missing"].contains(&class), "{} {index}: {class}", sample.name);
            }
            if sample.name == "Specimen" && field.number == 4 {
                for unknown in [0, 3, 4, 6, 1 << 31, u64::MAX] {
                    fields[index] = RawField { value: unknown, ..field.clone() };
                    assert_eq!(
                        (sample.decode)(&join(&fields)).expect_err("enumeration").class(),
                        "bad-value"
                    );
                }
            }
            fields[index] = field;
        }
    }
}

#[test]
fn w_10_there_is_one_order() {
    for sample in samples() {
        let fields = split(&sample.bytes);
        for first in 0..fields.len() {
            for second in first + 1..fields.len() {
                let mut edited = fields.clone();
                edited.swap(first, second);
                let same_field = fields[first].number == fields[second].number;
                let result = (sample.decode)(&join(&edited));
                assert_eq!(result.is_ok(), same_field, "{} {first} {second}", sample.name);
            }
        }
    }
}
