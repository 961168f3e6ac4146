//! Vectors of the wire format.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::make::{File, counting};

fn decode(message: &str, bytes: &[u8]) -> Value {
    json!({ "message": message, "bytes": hex(bytes) })
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

pub fn bytes(field: u64, contents: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(u64::try_from(contents.len()).unwrap()), contents.to_vec()].concat()
}

/// The fields of a specimen, in order: each is one element.
fn fields() -> Vec<Vec<u8>> {
    vec![
        number(1, 7),
        number(2, u64::MAX),
        number(3, 1),
        number(4, 5),
        bytes(5, &counting(0, 16)),
        bytes(6, b"data"),
        bytes(7, "sottovoce ♪".as_bytes()),
        bytes(8, &part(300)),
        bytes(9, &part(0)),
        bytes(9, &part(1)),
        bytes(10, b"one"),
        bytes(10, b""),
        number(11, 0),
        bytes(12, &part(9)),
        number(20, 0),
        bytes(40, b"a secret"),
        number(63, u64::from(u32::MAX)),
    ]
}

fn part(value: u64) -> Vec<u8> {
    [number(1, value), bytes(2, &bytes(1, b"word"))].concat()
}

/// A specimen with the fields that `edit` makes of the usual ones.
pub fn specimen(edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut fields = fields();
    edit(&mut fields);
    fields.concat()
}

/// A specimen whose element `index` is `element`.
fn with(index: usize, element: Vec<u8>) -> Vec<u8> {
    specimen(|fields| fields[index] = element)
}

pub fn wire() -> File {
    let mut file = File::new("3.2", "the wire rules, on the message Specimen");
    accepted(&mut file);
    for (class, cases) in [
        ("unknown-field", unknown_fields()),
        ("wrong-wire-type", wrong_wire_types()),
        ("duplicate", duplicates()),
        ("out-of-order", disorder()),
        ("bad-varint", bad_varints()),
        ("bad-value", bad_values()),
        ("bad-length", bad_lengths()),
        ("truncated", truncations()),
        ("too-large", oversize()),
        ("too-many", too_many()),
        ("bad-text", bad_text()),
        ("missing", missing()),
    ] {
        for (name, bytes) in cases {
            file.bad(&format!("{class}: {name}"), "wire.decode", decode("Specimen", &bytes), class);
        }
    }
    file
}

type Cases = Vec<(String, Vec<u8>)>;

fn named(cases: Vec<(&str, Vec<u8>)>) -> Cases {
    cases.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

fn accepted(file: &mut File) {
    let words: Vec<u8> = (0..12).flat_map(|_| bytes(1, b"sixteen letters!")).collect();
    for (name, bytes) in [
        ("every field", specimen(|_| {})),
        ("no repeated elements", specimen(|fields| drop(fields.drain(8..12)))),
        ("without note", specimen(|fields| drop(fields.remove(12)))),
        ("the other choice", with(13, bytes(13, &bytes(1, b"right")))),
        ("empty mark", with(13, bytes(13, b""))),
        ("part without mark", with(7, bytes(8, &number(1, 0)))),
        ("largest uint32", with(0, number(1, u64::from(u32::MAX)))),
        ("zero is a value", with(1, number(2, 0))),
        ("false is a value", with(2, number(3, 0))),
        ("shortest data", with(5, bytes(6, b"\0"))),
        ("longest data", with(5, bytes(6, &[0xff; 64]))),
        ("empty text", with(6, bytes(7, b""))),
        ("longest text", with(6, bytes(7, &[b'x'; 32]))),
        ("text with NUL", with(6, bytes(7, b"a\0b"))),
        ("eight parts", specimen(|fields| drop(fields.splice(8..10, vec![bytes(9, &part(2)); 8])))),
        ("twelve words", with(13, bytes(13, &words))),
    ] {
        file.good(name, "wire.decode", decode("Specimen", &bytes));
    }
}

fn unknown_fields() -> Cases {
    let mut cases = Vec::new();
    for field in [0_u64, 64, 65, 96, 127, 1000, (1 << 29) - 1, 1 << 29, (1 << 61) - 1] {
        cases.push((format!("number {field}, at the end"), specimen(|fields| fields.push(number(field, 1)))));
    }
    for field in [14, 15, 16, 19] {
        let name = format!("number {field}, in its place");
        cases.push((name, specimen(|fields| fields.insert(14, number(field, 1)))));
    }
    for field in [21, 32, 39, 41, 52, 62] {
        let name = format!("number {field}, near the end");
        cases.push((
            name,
            specimen(|fields| fields.insert(if field < 40 { 15 } else { 16 }, number(field, 1))),
        ));
    }
    cases.push(("at the start".to_owned(), specimen(|fields| fields.insert(0, bytes(14, b"x")))));
    cases.push(("in the middle".to_owned(), specimen(|fields| fields.insert(13, bytes(19, b"")))));
    cases.push(("inside a part".to_owned(), with(7, bytes(8, &[part(1), number(3, 1)].concat()))));
    cases.push(("inside a mark".to_owned(), with(13, bytes(13, &number(2, 1)))));
    cases
}

fn wrong_wire_types() -> Cases {
    let mut cases = named(vec![
        ("number as bytes", with(0, bytes(1, b"\x07"))),
        ("number as fixed64", with(0, [vec![0x09], vec![0; 8]].concat())),
        ("number as fixed32", with(0, [vec![0x0d], vec![0; 4]].concat())),
        ("number as group", with(0, vec![0x0b, 0x0c])),
        ("bytes as number", with(4, number(5, 1))),
        ("bytes as fixed64", with(4, [vec![0x29], vec![0; 8]].concat())),
        ("part as group", with(7, vec![0x43, 0x08, 0x01, 0x44])),
        ("part as number", with(7, number(8, 1))),
        ("end of group", with(0, vec![0x0c])),
        ("wire type 6", with(0, vec![0x0e, 0x01])),
        ("wire type 7", with(0, vec![0x0f, 0x01])),
        ("inside a part", with(7, bytes(8, &bytes(1, b"\x01")))),
    ]);
    cases.extend(named(vec![
        ("out of order as well", specimen(|fields| fields.push(bytes(1, b"x")))),
        ("twice as well", specimen(|fields| fields.insert(1, bytes(1, b"x")))),
    ]));
    cases.push(("a thousand nested groups".to_owned(), vec![0x0b; 1000]));
    cases
}

fn duplicates() -> Cases {
    let mut cases: Cases = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16]
        .into_iter()
        .map(|index| {
            let repeat = |fields: &mut Vec<Vec<u8>>| fields.insert(index, fields[index].clone());
            (format!("element {index} twice"), specimen(repeat))
        })
        .collect();
    cases.extend(named(vec![
        ("number twice, different", specimen(|fields| fields.insert(1, number(1, 8)))),
        (
            "part split in two",
            specimen(|fields| {
                drop(fields.splice(7..8, [bytes(8, &number(1, 3)), bytes(8, &bytes(2, &bytes(1, b"word")))]));
            }),
        ),
        ("both choices", specimen(|fields| fields.insert(14, bytes(13, b"")))),
        ("inside a part", with(7, bytes(8, &[number(1, 1), number(1, 1)].concat()))),
    ]));
    cases
}

fn disorder() -> Cases {
    named(vec![
        ("first two exchanged", specimen(|fields| fields.swap(0, 1))),
        ("last first", specimen(|fields| fields.rotate_right(1))),
        ("repeated elements apart", specimen(|fields| fields.swap(9, 10))),
        ("two messages", [specimen(|_| {}), specimen(|_| {})].concat()),
        ("inside a part", with(7, bytes(8, &[bytes(2, b""), number(1, 1)].concat()))),
        ("other choice before", specimen(|fields| fields.insert(13, bytes(13, b"")))),
    ])
}

fn bad_varints() -> Cases {
    let long = |value: &[u8]| [vec![0x10], value.to_vec()].concat();
    named(vec![
        ("tag of two bytes where one does", with(0, vec![0x88, 0x00, 0x07])),
        ("value of two bytes where one does", with(0, vec![0x08, 0x87, 0x00])),
        ("zero of two bytes", with(0, vec![0x08, 0x80, 0x00])),
        ("length of two bytes where one does", with(5, [vec![0x32, 0x84, 0x00], b"data".to_vec()].concat())),
        (
            "ten bytes, last is 2",
            with(1, long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02])),
        ),
        (
            "ten bytes, last is 0x7f",
            with(1, long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ),
        ("eleven bytes", with(1, long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]))),
        (
            "ten bytes, last is 0",
            with(1, long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00])),
        ),
        ("inside a part", with(7, bytes(8, &[0x08, 0x80, 0x00]))),
        ("tag without end", specimen(|fields| fields.push(vec![0xff; 12]))),
        ("ten bytes that go on, then the end", specimen(|fields| fields.push(vec![0x80; 10]))),
        ("ten bytes, last is 0x81, then the end", {
            specimen(|fields| fields.push([vec![0x80; 9], vec![0x81]].concat()))
        }),
    ])
}

fn bad_values() -> Cases {
    named(vec![
        ("2^32 in a uint32", with(0, number(1, 1 << 32))),
        ("2^64 - 1 in a uint32, as a negative number would be", with(0, number(1, u64::MAX))),
        ("bool 2", with(2, number(3, 2))),
        ("bool 2^32", with(2, number(3, 1 << 32))),
        ("enumeration 0", with(3, number(4, 0))),
        ("enumeration 3, not defined", with(3, number(4, 3))),
        ("enumeration 6, beyond the last", with(3, number(4, 6))),
        ("enumeration 2^32 + 1", with(3, number(4, (1 << 32) + 1))),
        ("enumeration -1", with(3, number(4, u64::MAX))),
        ("late bool 2", with(14, number(20, 2))),
        ("inside a part", with(7, bytes(8, &number(1, 1 << 40)))),
    ])
}

fn bad_lengths() -> Cases {
    let declared = |tag: u8, length: u64| [vec![tag], varint(length)].concat();
    named(vec![
        ("id of 15 bytes", with(4, bytes(5, &[1; 15]))),
        ("id of 17 bytes", with(4, bytes(5, &[1; 17]))),
        ("empty id", with(4, bytes(5, b""))),
        ("empty data", with(5, bytes(6, b""))),
        ("data of 65 bytes", with(5, bytes(6, &[1; 65]))),
        ("text of 33 bytes", with(6, bytes(7, &[b'x'; 33]))),
        ("chunk of 9 bytes", with(10, bytes(10, &[1; 9]))),
        ("empty word", with(13, bytes(13, &bytes(1, b"")))),
        ("word of 17 bytes", with(13, bytes(13, &bytes(1, &[b'x'; 17])))),
        ("length 2^31 - 1", with(5, declared(0x32, (1 << 31) - 1))),
        ("length 2^32", with(5, declared(0x32, 1 << 32))),
        ("length 2^63", with(5, declared(0x32, 1 << 63))),
        ("length 2^64 - 1", with(5, declared(0x32, u64::MAX))),
    ])
}

fn truncations() -> Cases {
    let whole = specimen(|_| {});
    let mut cases: Cases = [1, 3, 13, 18, 20, 38, 60, 62, 80]
        .into_iter()
        .filter(|at| !cumulative().contains(at))
        .map(|at| (format!("at byte {at}"), whole[..at].to_vec()))
        .collect();
    cases.extend(named(vec![
        ("tag only", vec![0x08]),
        ("nine bytes that go on, then the end", specimen(|fields| fields.push(vec![0x80; 9]))),
        ("half a varint", vec![0x10, 0xff]),
        ("length only", vec![0x08, 0x01, 0x10, 0x01, 0x18, 0x01, 0x20, 0x01, 0x2a]),
        ("data says 64 bytes", with(5, [vec![0x32, 64], vec![0; 3]].concat())[..40].to_vec()),
        (
            "part longer than the message",
            specimen(|fields| {
                fields.truncate(7);
                fields.push(vec![0x42, 0x20, 0x08]);
            }),
        ),
        ("word longer than its mark", with(13, bytes(13, &[0x0a, 0x10, b'x']))),
        ("value longer than its part", with(7, bytes(8, &[0x08]))),
    ]));
    cases
}

/// Where elements end: a message cut there lacks fields but is not cut inside one.
fn cumulative() -> Vec<usize> {
    fields()
        .iter()
        .scan(0, |sum, field| {
            *sum += field.len();
            Some(*sum)
        })
        .collect()
}

fn oversize() -> Cases {
    let declared = |tag: u8, length: u64| [vec![tag], varint(length)].concat();
    named(vec![
        ("4097 bytes", specimen(|fields| fields.push(vec![0; 4097 - fields.concat().len()]))),
        ("100,000 bytes", vec![0x08; 100_000]),
        ("part of 301 bytes", with(7, bytes(8, &[0; 301]))),
        ("mark of 257 bytes", with(13, bytes(13, &[0; 257]))),
        ("part says 2^31 - 1", with(7, declared(0x42, (1 << 31) - 1))),
        ("part says 2^63", with(7, declared(0x42, 1 << 63))),
        ("mark in part says 257", with(7, bytes(8, &[vec![0x08, 0x01], declared(0x12, 257)].concat()))),
    ])
}

fn too_many() -> Cases {
    let words: Vec<u8> = (0..13).flat_map(|_| bytes(1, b"w")).collect();
    named(vec![
        ("nine parts", specimen(|fields| drop(fields.splice(8..10, vec![bytes(9, &number(1, 2)); 9])))),
        ("five chunks", specimen(|fields| drop(fields.splice(10..12, vec![bytes(10, b""); 5])))),
        ("a thousand chunks", specimen(|fields| drop(fields.splice(10..12, vec![bytes(10, b""); 1000])))),
        ("thirteen words", with(13, bytes(13, &words))),
    ])
}

fn bad_text() -> Cases {
    named(vec![
        ("overlong NUL", with(6, bytes(7, &[0xc0, 0x80]))),
        ("overlong slash", with(6, bytes(7, &[0xe0, 0x80, 0xaf]))),
        ("surrogate", with(6, bytes(7, &[0xed, 0xa0, 0x80]))),
        ("above U+10FFFF", with(6, bytes(7, &[0xf4, 0x90, 0x80, 0x80]))),
        ("cut sequence", with(6, bytes(7, &[b'a', 0xe2, 0x99]))),
        ("lone continuation", with(6, bytes(7, &[0x80]))),
        ("0xff", with(6, bytes(7, &[0xff]))),
        ("in a word", with(13, bytes(13, &bytes(1, &[0xff])))),
    ])
}

fn missing() -> Cases {
    let mut cases: Cases = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16]
        .into_iter()
        .map(|index| (format!("element {index}"), specimen(|fields| drop(fields.remove(index)))))
        .collect();
    cases.push(("everything".to_owned(), Vec::new()));
    cases.push(("number inside a part".to_owned(), with(7, bytes(8, &bytes(2, b"")))));
    cases.push(("number inside the last part".to_owned(), with(9, bytes(9, b""))));
    cases
}

pub fn messages() -> File {
    let mut file = File::new("3.3", "messages of this layer");
    let key =
        [bytes(1, &hex::decode("58".to_owned() + &"66".repeat(31)).unwrap()), bytes(2, &counting(0, 1952))];
    let signature = [bytes(1, &counting(0, 64)), bytes(2, &counting(0, 3309))];
    let blob = [bytes(1, &counting(0, 32)), bytes(2, &counting(9, 32))];
    let attachment = [bytes(1, &counting(0, 32)), bytes(2, &counting(9, 32)), number(3, 1 << 40)];
    for (message, fields) in [
        ("HybridPublicKey", key.to_vec()),
        ("HybridSignature", signature.to_vec()),
        ("BlobPointer", blob.to_vec()),
        ("AttachmentPointer", attachment.to_vec()),
    ] {
        let whole = fields.concat();
        file.good(message, "wire.decode", decode(message, &whole));
        file.bad(&format!("{message}, empty"), "wire.decode", decode(message, b""), "missing");
        file.bad(
            &format!("{message}, without the first field"),
            "wire.decode",
            decode(message, &fields[1..].concat()),
            "missing",
        );
        let cut = decode(message, &whole[..whole.len() - 1]);
        file.bad(&format!("{message}, cut"), "wire.decode", cut, "truncated");
        let longer = decode(message, &[whole.as_slice(), &[0]].concat());
        file.bad(&format!("{message}, a byte more"), "wire.decode", longer, "too-large");
    }
    let with_size = |size| [blob.concat(), number(3, size)].concat();
    file.good("AttachmentPointer, nothing", "wire.decode", decode("AttachmentPointer", &with_size(0)));
    let input = decode("AttachmentPointer", &with_size((1 << 40) + 1));
    file.bad("AttachmentPointer, over 2^40", "wire.decode", input, "bad-value");
    file.bad(
        "AttachmentPointer as BlobPointer",
        "wire.decode",
        decode("BlobPointer", &with_size(7)),
        "too-large",
    );
    file.bad(
        "BlobPointer as AttachmentPointer",
        "wire.decode",
        decode("AttachmentPointer", &blob.concat()),
        "missing",
    );
    for (name, ed25519) in [
        ("of order 4", vec![0; 32]),
        ("not canonical", [vec![0xf0], vec![0xff; 30], vec![0x7f]].concat()),
        ("that is no point", [vec![2], vec![0; 31]].concat()),
    ] {
        let input = decode("HybridPublicKey", &[bytes(1, &ed25519), key[1].clone()].concat());
        file.bad(&format!("HybridPublicKey with a key {name}"), "wire.decode", input, "invalid-key");
    }
    let input = decode("HybridPublicKey", &[bytes(1, &[0; 31]), bytes(2, &[0; 1953])].concat());
    file.bad("HybridPublicKey with a short key", "wire.decode", input, "bad-length");
    file
}
