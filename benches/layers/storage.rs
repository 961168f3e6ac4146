//! Steps over the store in memory, beside the sealing that they cannot do without; and scans of 100,000 rows.

use std::collections::BTreeMap;
use std::hint::black_box;

use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::{
    Append, Commit, Format, Key, Loaded, MemoryStore, Outcome, Put, Record, Step, Stop, StorageError, Store,
    Table, Tail, Transaction, Vault, Want, Write, step,
};
use sottovoce::wire::{DecodeError, EncodeError, Wire};

use crate::bare;
use crate::paired::Pairs;

const ROWS: u64 = 100_000;
const PAGE: u16 = 1_000;

/// A record that is its own encoding.
struct Body(Vec<u8>);

impl Wire for Body {
    const NAME: &'static str = "Body";
    const MAX_BYTES: usize = 4_096;

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(bytes.to_vec()))
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.clone())
    }
}

impl Format for Body {
    const FORMAT: u8 = 1;
}

impl Record for Body {
    const TABLE: Table = Table::SPECIMENS;
}

pub fn run(pairs: &mut Pairs) {
    typical_step(pairs);
    scans(pairs);
}

fn vault() -> Vault {
    Vault::new(&Secret::new([7; 32]), b"bench")
}

/// Three records of 700 bytes are read and replaced, one entry is appended, one event told.
fn typical_step(pairs: &mut Pairs) {
    let vault = vault();
    let keys = [0, 1, 2].map(|suffix| vault.partition(Table::SPECIMENS, b"session").key(suffix));
    let log = vault.partition(Table::SPECIMENS, b"log").key(0);
    let mut store = MemoryStore::new();
    let mut number: u64 = 0;
    take_step(&vault, &mut store, keys, log, 0);
    let bodies: Vec<_> = {
        let Ok(loaded) = store.load(&keys.map(Want::Record));
        keys.iter().map(|key| loaded.record(key).unwrap().unwrap().body.clone()).collect()
    };
    // The same number of bytes under the same construction; which key does not matter for the time.
    let (rest, aad) = (RestKey::new(&Secret::new([7; 32])), [0; 26]);
    let sealed = rest.seal(&aad, &[5; 701], &mut bare::our_generator()).unwrap();
    assert_eq!(sealed.len(), bodies[0].len());
    pairs.peers(
        "step: 3 records of 700 B read and put, 1 entry, 1 event (beside: 3 openings, 5 sealings)",
        || {
            number += 1;
            take_step(black_box(&vault), &mut store, keys, log, number);
            5
        },
        || {
            let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..").unwrap().into_generator();
            let opened: Vec<_> = (0..3).map(|_| rest.open(&aad, black_box(&sealed)).unwrap()).collect();
            let records = opened.iter().map(|opened| rest.seal(&aad, opened, &mut rng).unwrap());
            let records: Vec<_> = records.collect();
            let small = [0, 1].map(|_| rest.seal(&aad, black_box(&[5; 301]), &mut rng).unwrap());
            records.len() + small.len()
        },
        |ours, bare| ours == bare,
    );
}

fn take_step(vault: &Vault, store: &mut MemoryStore, keys: [Key; 3], log: Key, number: u64) {
    let Ok(loaded) = store.load(&keys.map(Want::Record));
    let seed = Seed::from_bytes(*b"thirty-two bytes of randomness..").unwrap();
    let body = |transaction: &mut Transaction<'_>| -> Result<Vec<()>, Stop<StorageError>> {
        for key in keys {
            let mut slot = transaction.read::<Body>(key)?;
            let body = slot.take().unwrap_or_else(|| Body(vec![5; 700]));
            transaction.put(slot, &body)?;
        }
        let entry = Body(vec![6; 300]);
        transaction.append(log, vault.item(&log, &number.to_be_bytes()), &entry)?;
        transaction.trim(log, number);
        transaction.event(&entry)?;
        Ok(Vec::new())
    };
    let Ok(Step::Ready(effects)) = step(vault, &loaded, seed, body) else { panic!("everything is loaded") };
    let Ok(commit) = effects.commit(|write| store.apply(write));
    assert!(matches!(commit, Commit::Released(_)));
    store.take_events();
}

/// A store with 100,000 records in one partition, and as many entries in one log, of 200 bytes.
fn filled(vault: &Vault) -> (MemoryStore, Key) {
    let (partition, mut store) = (vault.partition(Table::SPECIMENS, b"many"), MemoryStore::new());
    let log = vault.partition(Table::SPECIMENS, b"log").key(0);
    for number in 0..ROWS {
        let put = [Put { key: partition.key(number), body: vec![1; 200] }];
        let append = [Append { log, id: vault.item(&log, &number.to_be_bytes()), body: vec![2; 200] }];
        let write = Write {
            expect: &[],
            delete: &[],
            put: &put,
            trim: &[],
            append: &append,
            events: &[],
            flush: false,
        };
        let Ok(outcome) = store.apply(&write);
        assert_eq!(outcome, Outcome::Committed);
    }
    (store, log)
}

fn scans(pairs: &mut Pairs) {
    let vault = vault();
    let (store, log) = filled(&vault);
    let (mut store, mut logs) = (store.clone(), store);
    let partition = vault.partition(Table::SPECIMENS, b"many");
    let plain: BTreeMap<Key, Vec<u8>> =
        (0..ROWS).map(|number| (partition.key(number), vec![1; 200])).collect();
    let entries: BTreeMap<u64, Vec<u8>> = (1..=ROWS).map(|number| (number, vec![2; 200])).collect();

    let (mut page, mut other) = (0, 0);
    pairs.peers(
        "First: a page of 1,000 of 100,000 records (beside: cloned from a BTreeMap)",
        || {
            page = (page + 1) % (ROWS / u64::from(PAGE));
            let range = partition.range(page * u64::from(PAGE)..=u64::MAX, PAGE);
            let Ok(loaded) = store.load(&[Want::First(range)]);
            rows(&loaded, |loaded| loaded.range(&range).unwrap().len())
        },
        || {
            other = (other + u64::from(PAGE)) % ROWS;
            let page = plain.range(black_box(partition.key(other))..).take(PAGE.into());
            page.map(|(key, body)| (*key, body.clone())).collect::<Vec<_>>().len()
        },
        |ours, bare| ours == bare,
    );
    let (mut after, mut other) = (0, 0);
    pairs.peers(
        "Log: a page of 1,000 of 100,000 entries (beside: cloned from a BTreeMap)",
        || {
            after = (after + u64::from(PAGE)) % ROWS;
            let tail = Tail::new(log, after, PAGE);
            let Ok(loaded) = logs.load(&[Want::Log(tail)]);
            rows(&loaded, |loaded| loaded.tail(&tail).unwrap().len())
        },
        || {
            other = (other + u64::from(PAGE)) % ROWS;
            let page = entries.range(black_box(other + 1)..).take(PAGE.into());
            page.map(|(number, body)| (*number, body.clone())).collect::<Vec<_>>().len()
        },
        |ours, bare| ours == bare,
    );
}

fn rows(loaded: &Loaded, count: impl FnOnce(&Loaded) -> usize) -> usize {
    count(black_box(loaded))
}
