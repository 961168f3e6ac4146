//! What lies in a store, in the hands of somebody else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sottovoce::crypto::secret::Secret;
use sottovoce::storage::timer::Timer;
use sottovoce::storage::{Key, Record, StorageError, Table, Vault};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::{Part, Specimen};
use static_assertions::assert_not_impl_any;

use crate::support::{rng, specimen};

const SECRET: [u8; 32] = [7; 32];

fn vault() -> Vault {
    Vault::new(&Secret::new(SECRET), b"alice")
}

fn part(number: u32) -> Part {
    Part { number, mark: None }
}

/// Attack C-18: a store is sealed with a key that the application has chosen, or it is not opened at all.
#[test]
fn c_18_there_is_no_default_vault() {
    assert_not_impl_any!(Vault: Default, From<[u8; 32]>, From<&'static [u8]>, From<&'static str>, Clone);
}

/// Records under other keys, in other tables, of other kinds, from other stores: none opens.
#[test]
fn l_04_swapped_and_foreign_records_are_refused() {
    let mut rng = rng("l_04_swapped_and_foreign_records_are_refused");
    let vault = vault();
    let partition = vault.partition(Table::SPECIMENS, b"sessions");
    let (key, other) = (partition.key(1), partition.key(2));
    let [id, other_id] = [b"1", b"2"].map(|bytes| vault.item(&key, bytes));
    let record = vault.seal_record(&key, &part(1), &mut rng).unwrap();
    let entry = vault.seal_entry(&key, &id, &part(1), &mut rng).unwrap();
    let event = vault.seal_event(&part(1), &mut rng).unwrap();
    let refused = |opened: Result<Part, StorageError>| assert_eq!(opened, Err(StorageError::Unreadable));

    assert_eq!(vault.open_record(&key, &record), Ok(part(1)));
    assert_eq!(vault.open_entry(&key, &id, &entry), Ok(part(1)));
    assert_eq!(vault.open_event(&event), Ok(part(1)));
    // Under another name.
    refused(vault.open_record(&other, &record));
    refused(vault.open_entry(&other, &id, &entry));
    refused(vault.open_entry(&key, &other_id, &entry));
    // As another kind of row.
    refused(vault.open_record(&key, &entry));
    refused(vault.open_record(&key, &event));
    refused(vault.open_entry(&key, &id, &record));
    refused(vault.open_entry(&key, &id, &event));
    refused(vault.open_event(&record));
    refused(vault.open_event(&entry));
    // From another store of the same application, or from another application.
    for foreign in [
        Vault::new(&Secret::new(SECRET), b"bob"),
        Vault::new(&Secret::new(SECRET), b""),
        Vault::new(&Secret::new([8; 32]), b"alice"),
    ] {
        refused(foreign.open_record(&key, &record));
        refused(foreign.open_entry(&key, &id, &entry));
        refused(foreign.open_event(&event));
    }
}

/// The two rows of a timer have the same body and the same kind of name, and still cannot be exchanged.
#[test]
fn l_04_rows_of_other_tables_are_refused() {
    let mut rng = rng("l_04_rows_of_other_tables_are_refused");
    let timer =
        Timer { owner: b"x".to_vec(), due: Timestamp::from_millis(5), set: Timestamp::from_millis(5) };
    let due = Key::new(Table::TIMERS_DUE, [9; 24]);
    let sealed = vault().seal_record(&due, &timer, &mut rng).unwrap();
    assert_eq!(vault().open_record(&due, &sealed), Ok(timer.clone()));
    for table in [Table::TIMERS_SET, Table::JOBS, Table::SPECIMENS] {
        assert_eq!(
            vault().open_record::<Timer>(&Key::new(table, [9; 24]), &sealed),
            Err(StorageError::Misplaced)
        );
        // Nor does it open as what belongs into that table.
        assert!(vault().open_record::<Part>(&Key::new(Table::SPECIMENS, [9; 24]), &sealed).is_err());
    }
}

#[test]
fn l_04_every_bit_of_a_record_counts() {
    let mut rng = rng("l_04_every_bit_of_a_record_counts");
    let key = vault().partition(Table::SPECIMENS, b"x").key(0);
    let sealed = vault().seal_record(&key, &specimen(), &mut rng).unwrap();
    let mut bytes = sealed.clone();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(vault().open_record::<Specimen>(&key, &bytes), Err(StorageError::Unreadable), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..bytes.len() {
        assert_eq!(vault().open_record::<Specimen>(&key, &bytes[..length]), Err(StorageError::Unreadable));
    }
    assert_eq!(vault().open_record::<Specimen>(&key, &bytes), Ok(specimen()));
}

/// Names tell nothing: the same bytes have other names in every table, log and store, and no name contains them.
#[test]
fn names_in_a_store_are_pseudo_random() {
    let address = b"alice@example.org";
    let vaults =
        [vault(), Vault::new(&Secret::new(SECRET), b"bob"), Vault::new(&Secret::new([8; 32]), b"alice")];
    let mut names = BTreeSet::new();
    for vault in &vaults {
        for table in Table::ALL {
            let key = vault.partition(*table, address).key(0);
            names.insert(key.name()[..16].to_vec());
            names.insert(vault.item(&key, address).as_bytes().to_vec());
        }
    }
    assert_eq!(names.len(), vaults.len() * Table::ALL.len() * 2);
    for name in names {
        assert!(!address.windows(4).any(|window| name.windows(4).any(|found| found == window)));
    }
}

/// Attack L-07: nothing weakens a check by a feature or a `cfg`, because there are none, except for documentation and tests.
#[test]
fn l_07_no_feature_or_cfg_changes_what_the_library_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for package in PACKAGES {
        let manifest = std::fs::read_to_string(root.join(package).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("[features]") && !manifest.contains("optional = true"));
        for file in sources(&root.join(package).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for after in text.split("cfg").skip(1) {
                let is_harmless = ["(test)", "(doctest)", "(unix)"].iter().any(|of| after.starts_with(of));
                assert!(is_harmless, "{}: cfg{}", file.display(), after.lines().next().unwrap());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "the search sees something");
}

/// What applications link.
const PACKAGES: &[&str] = &[".", "crates/store-sqlite"];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Records at rest are of a type that says where they belong.
#[test]
fn tables_of_records_are_registered() {
    for table in [Timer::TABLE, sottovoce::storage::job::Job::TABLE, Part::TABLE, Specimen::TABLE] {
        assert!(Table::ALL.contains(&table));
    }
    let numbers: BTreeSet<_> = Table::ALL.iter().map(|table| table.number()).collect();
    assert_eq!(numbers.len(), Table::ALL.len());
}
