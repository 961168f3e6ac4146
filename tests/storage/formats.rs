//! Format bytes: a release reads its own format and the one before.

use sottovoce::crypto::kdf;
use sottovoce::crypto::label;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::{Format, Key, Record, StorageError, Table, Vault};
use sottovoce::wire::{DecodeError, EncodeError, Wire, specimen::Part};

use crate::support::{generator, key, part, vault};

/// The message in a third format: the second had a number in one byte, the first another form altogether.
#[derive(Debug, PartialEq)]
struct Third(Part);

impl Wire for Third {
    const NAME: &'static str = "SpecimenPart";
    const MAX_BYTES: usize = Part::MAX_BYTES;

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Part::decode(bytes).map(Self)
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.0.encode()
    }
}

impl Format for Third {
    const FORMAT: u8 = 3;

    fn previous(bytes: &[u8]) -> Result<Self, StorageError> {
        match bytes {
            [number] => Ok(Self(part((*number).into()))),
            _ => Err(StorageError::Unreadable),
        }
    }
}

impl Record for Third {
    const TABLE: Table = Table::SPECIMENS;
}

/// Seals any plaintext as the record under a key.
pub fn sealed(key: &Key, plaintext: &[u8]) -> Vec<u8> {
    let keys = kdf::expand::<64>(&Secret::new([7; 32]), label::expand::VAULT, b"tests");
    let rest = RestKey::new(&Secret::new(keys.expose()[..32].try_into().unwrap()));
    let aad = [&[0, key.table().number()], key.name().as_slice()].concat();
    rest.seal(&aad, plaintext, &mut generator(1)).unwrap()
}

#[test]
fn a_release_reads_two_formats() {
    let (vault, body) = (vault(), part(300).encode().unwrap());
    let open = |format: u8, body: &[u8]| {
        vault.open_record::<Third>(&key(0), &sealed(&key(0), &[&[format], body].concat()))
    };
    assert_eq!(open(3, &body), Ok(Third(part(300))));
    assert_eq!(open(2, &[9]), Ok(Third(part(9))));
    for other in (0..=255).filter(|format| ![2, 3].contains(format)) {
        assert_eq!(open(other, &body), Err(StorageError::UnknownFormat), "format {other}");
    }
    assert_eq!(open(3, b"\xff"), Err(StorageError::Unreadable));
    assert_eq!(open(2, &body), Err(StorageError::Unreadable));
    assert_eq!(vault.open_record::<Third>(&key(0), &sealed(&key(0), &[])), Err(StorageError::Unreadable));
}

/// Format 1 has none before it.
#[test]
fn the_first_format_reads_itself() {
    let (vault, body) = (vault(), part(300).encode().unwrap());
    for format in 0..=255 {
        let opened =
            vault.open_record::<Part>(&key(0), &sealed(&key(0), &[&[format], body.as_slice()].concat()));
        let expected = if format == 1 { Ok(part(300)) } else { Err(StorageError::UnknownFormat) };
        assert_eq!(opened, expected, "format {format}");
    }
}

#[test]
fn what_is_written_has_the_present_format() {
    let record = vault().seal_record(&key(0), &Third(part(1)), &mut generator(1)).unwrap();
    assert_eq!(vault().open_record::<Third>(&key(0), &record), Ok(Third(part(1))));
    assert_eq!(record, sealed(&key(0), &[&[3], part(1).encode().unwrap().as_slice()].concat()));
    let _: &Vault = &vault();
}
