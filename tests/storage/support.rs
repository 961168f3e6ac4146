//! A store, a vault, and steps written as closures.

use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::{
    Commit, Effects, Interrupt, Key, Loaded, MemoryStore, Outcome, Released, Step, Stop, StorageError, Store,
    Table, Transaction, Vault, step,
};
use sottovoce::wire::specimen::Part;

pub fn vault() -> Vault {
    Vault::new(&Secret::new([7; 32]), b"tests")
}

pub fn seed(number: u8) -> Seed {
    let mut bytes = [0x5a; 32];
    bytes[0] = number;
    Seed::from_bytes(bytes).unwrap()
}

pub fn generator(number: u8) -> Generator {
    seed(number).into_generator()
}

pub fn part(number: u32) -> Part {
    Part { number, mark: None }
}

pub fn key(suffix: u64) -> Key {
    vault().partition(Table::SPECIMENS, b"things").key(suffix)
}

/// Runs a body until it has all it wants. Says how often something was loaded.
pub fn decide<T>(
    store: &mut MemoryStore,
    body: impl Fn(&mut Transaction<'_>) -> Result<T, Interrupt>,
) -> Result<(Effects<T>, usize), StorageError> {
    let (vault, mut loaded) = (vault(), Loaded::new());
    let mut round = 0;
    loop {
        let body = |transaction: &mut Transaction<'_>| {
            Ok(vec![body(transaction).map_err(Stop::<StorageError>::from)?])
        };
        match step(&vault, &loaded, seed(1), body)? {
            Step::Ready(effects) => return Ok((effects, round)),
            Step::Load(wants) => {
                let Ok(more) = store.load(&wants);
                loaded.extend(more);
                round += 1;
            }
        }
    }
}

/// Runs and commits a body.
pub fn commit<T>(
    store: &mut MemoryStore,
    body: impl Fn(&mut Transaction<'_>) -> Result<T, Interrupt>,
) -> Released<T> {
    let (effects, _) = decide(store, body).unwrap();
    let Ok(commit) = effects.commit(|write| store.apply(write));
    let Commit::Released(released) = commit else { panic!("a conflict with nobody") };
    released
}

/// Runs and commits a body, for what it returns.
pub fn run<T>(store: &mut MemoryStore, body: impl Fn(&mut Transaction<'_>) -> Result<T, Interrupt>) -> T {
    commit(store, body).send.pop().unwrap()
}

/// Effects of a body that sends nothing.
pub fn silent(
    store: &mut MemoryStore,
    body: impl Fn(&mut Transaction<'_>) -> Result<(), Interrupt>,
) -> Effects<()> {
    let (vault, mut loaded) = (vault(), Loaded::new());
    loop {
        let body = |transaction: &mut Transaction<'_>| {
            body(transaction).map_err(Stop::<StorageError>::from)?;
            Ok(Vec::new())
        };
        match step(&vault, &loaded, seed(2), body).unwrap() {
            Step::Ready(effects) => return effects,
            Step::Load(wants) => {
                let Ok(more) = store.load(&wants);
                loaded.extend(more);
            }
        }
    }
}

/// A store that shows the writes it gets.
#[derive(Default)]
pub struct Shown {
    pub expect: Vec<(Key, bool)>,
    pub put: Vec<Key>,
    pub delete: Vec<Key>,
    pub bodies: usize,
    pub flush: bool,
}

pub fn shown<T>(effects: Effects<T>) -> Option<Shown> {
    let mut shown = None;
    let result: Result<_, ()> = effects.commit(|write| {
        shown = Some(Shown {
            expect: write.expect.iter().map(|expect| (expect.key, expect.version.is_some())).collect(),
            put: write.put.iter().map(|put| put.key).collect(),
            delete: write.delete.to_vec(),
            bodies: write.put.len() + write.append.len() + write.events.len(),
            flush: write.flush,
        });
        Ok(Outcome::Committed)
    });
    let _ = result.unwrap();
    shown
}

pub fn put(store: &mut MemoryStore, suffix: u64, number: u32) {
    run(store, |transaction| {
        let slot = transaction.read::<Part>(key(suffix))?;
        Ok(transaction.put(slot, &part(number))?)
    });
}

pub fn get(store: &mut MemoryStore, suffix: u64) -> Option<u32> {
    run(store, |transaction| Ok(transaction.read::<Part>(key(suffix))?.value().map(|part| part.number)))
}
