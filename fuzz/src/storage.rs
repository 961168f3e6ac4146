//! Targets of layer 2.

use std::collections::BTreeSet;

use sottovoce::crypto::absorb::{Absorb as _, Input};
use sottovoce::crypto::kdf;
use sottovoce::crypto::label;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::storage::job::{Job, JobId};
use sottovoce::storage::timer::{self, Timer};
use sottovoce::storage::{
    Commit, Format, Interrupt, ItemId, Key, Loaded, MemoryStore, Record, Step, Stop, StorageError, Store,
    Table, Transaction, Vault, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::{Part, Specimen};

use super::rng;

const SECRET: [u8; 32] = [0x17; 32];

fn vault() -> Vault {
    Vault::new(&Secret::new(SECRET), b"fuzz")
}

/// Names are those of their inputs, and other inputs have other names.
pub(super) fn vault_names(data: &[u8]) {
    let vault = Vault::new(&Secret::new(SECRET), data);
    let partition = vault.partition(Table::SPECIMENS, data);
    assert_eq!(partition, Vault::new(&Secret::new(SECRET), data).partition(Table::SPECIMENS, data));
    assert_ne!(partition.key(0).name(), vault.partition(Table::JOBS, data).key(0).name());
    assert_ne!(partition.key(0), vault.partition(Table::SPECIMENS, &[data, &[0]].concat()).key(0));
    let log = partition.key(1);
    assert_ne!(vault.item(&log, data), vault.item(&partition.key(2), data));
    if let Some(name) = data.first_chunk::<24>() {
        let key = Key::new(Table::SPECIMENS, *name);
        assert_eq!((key.name(), key.table()), (name, Table::SPECIMENS));
    }
    if let Some(bytes) = data.first_chunk::<16>() {
        assert_eq!(ItemId::new(*bytes).as_bytes(), bytes);
    }
}

/// Nobody without the key makes a row.
pub(super) fn vault_open(data: &[u8]) {
    let vault = vault();
    let key = vault.partition(Table::SPECIMENS, b"x").key(0);
    let id = vault.item(&key, b"y");
    assert_eq!(vault.open_record::<Specimen>(&key, data), Err(StorageError::Unreadable));
    assert_eq!(vault.open_entry::<Specimen>(&key, &id, data), Err(StorageError::Unreadable));
    assert_eq!(vault.open_event::<Specimen>(data), Err(StorageError::Unreadable));
}

/// Any plaintext under the right key: it is what an encoder has made, or it is refused.
pub(super) fn stored_records(data: &[u8]) {
    let _ = reopened::<Timer>(&Key::new(Table::TIMERS_DUE, [1; 24]), data);
    let _ = reopened::<Job>(&Key::new(Table::JOBS, [1; 24]), data);
    let _ = reopened::<Part>(&Key::new(Table::SPECIMENS, [1; 24]), data);
    let _ = reopened::<Specimen>(&Key::new(Table::SPECIMENS, [1; 24]), data);
    assert_eq!(<Part as Format>::previous(data), Err(StorageError::UnknownFormat));
    due_of(data);
}

fn sealed(key: &Key, plaintext: &[u8]) -> Vec<u8> {
    let keys = kdf::expand::<64>(&Secret::new(SECRET), label::expand::VAULT, b"fuzz");
    let (rest, _) = keys.expose().split_first_chunk::<32>().expect("64 bytes");
    let aad = Input::new().u8(0).u8(key.table().number()).array(key.name()).finish();
    RestKey::new(&Secret::new(*rest)).seal(&aad, plaintext, &mut rng(3)).expect("seals")
}

fn reopened<T: Record>(key: &Key, plaintext: &[u8]) -> Result<T, StorageError> {
    let opened: T = vault().open_record(key, &sealed(key, plaintext))?;
    assert_eq!([&[T::FORMAT], opened.encode().expect("encodes").as_slice()].concat(), plaintext);
    Ok(opened)
}

/// The same plaintext as a row of the table by time of setting, read by whoever looks for what is due.
fn due_of(data: &[u8]) {
    let key = Key::new(Table::TIMERS_SET, [9; 24]);
    let mut store = MemoryStore::new();
    let put = [sottovoce::storage::Put { key, body: sealed(&key, data) }];
    let nothing = sottovoce::storage::Write {
        expect: &[],
        delete: &[],
        put: &put,
        trim: &[],
        append: &[],
        events: &[],
        flush: false,
    };
    let _ = store.apply(&nothing);
    let look = |transaction: &mut Transaction<'_>| timer::take_due(transaction, Timestamp::default(), 9);
    if let Ok(found) = run(&mut store, look) {
        match Timer::decode(data.get(1..).unwrap_or_default()) {
            Ok(timer) if data.first() == Some(&1) => {
                assert!(found.timers == [timer.clone()] || timer.set == Timestamp::default());
                assert_eq!(found.damaged, 0);
            }
            _ => assert_eq!((found.timers.len(), found.damaged, store.records()), (0, 1, 0)),
        }
    }
}

fn run<T>(
    store: &mut MemoryStore,
    body: impl Fn(&mut Transaction<'_>) -> Result<T, Interrupt>,
) -> Result<T, StorageError> {
    let (vault, mut loaded) = (vault(), Loaded::new());
    loop {
        let body = |transaction: &mut Transaction<'_>| {
            Ok(vec![body(transaction).map_err(Stop::<StorageError>::from)?])
        };
        let seed = Seed::from_bytes(*b"thirty-two bytes of randomness..").expect("not all equal");
        match step(&vault, &loaded, seed, body)? {
            Step::Load(wants) => {
                let Ok(more) = store.load(&wants);
                loaded.extend(more);
            }
            Step::Ready(effects) => {
                let Ok(commit) = effects.commit(|write| store.apply(write));
                let Commit::Released(mut released) = commit else { panic!("a conflict with nobody") };
                return Ok(released.send.pop().expect("one"));
            }
        }
    }
}

/// Jobs and timers, started, served, stopped and ended in any order, by a clock that goes anywhere.
pub(super) fn timers_and_jobs(data: &[u8]) {
    let mut store = MemoryStore::new();
    let mut jobs = BTreeSet::new();
    let mut timers = BTreeSet::<Timer>::new();
    for [what, owner, time] in data.as_chunks::<3>().0.iter().take(64) {
        let now = Timestamp::from_millis(u64::from(*time));
        let id = JobId([*owner & 3; 16]);
        let due = Timestamp::from_millis(u64::from(*what >> 3));
        let timer = Timer { owner: vec![2, *owner & 3], due, set: now };
        let before = timers.iter().find(|before| before.owner == timer.owner).cloned();
        let step = |transaction: &mut Transaction<'_>| {
            Ok(match *what & 7 {
                0 => u8::from(id.start(transaction, Job::new(1, data.to_vec(), 3), now)?),
                1 => u8::from(
                    id.resume(transaction)?.map(|running| running.end(transaction)).transpose()?.is_some(),
                ),
                2..=4 => {
                    if *what & 7 == 4 {
                        if let Some(before) = &before {
                            before.stop(transaction);
                        }
                    } else {
                        timer.start(before.as_ref(), transaction)?;
                    }
                    0
                }
                _ => 0,
            })
        };
        let Ok(is_new) = run(&mut store, step) else { continue };
        match *what & 7 {
            0 => assert_eq!(jobs.insert(id), is_new == 1),
            1 => assert_eq!(jobs.remove(&id), is_new == 1),
            2..=4 => {
                before.map(|before| timers.remove(&before));
                if *what & 7 != 4 {
                    timers.insert(timer);
                }
            }
            _ => serve(&mut store, now, &mut timers, &mut jobs),
        }
        // A timer of a job that was ended in another step is gone as well.
        assert_eq!(store.records(), 3 * jobs.len() + 2 * timers.len());
    }
}

fn serve(store: &mut MemoryStore, now: Timestamp, timers: &mut BTreeSet<Timer>, jobs: &mut BTreeSet<JobId>) {
    let served = run(store, |transaction| {
        let mut taken = Vec::new();
        for timer in timer::take_due(transaction, now, 100)?.timers {
            let mut ended = None;
            if let Some(id) = JobId::of(&timer)
                && let Some(mut running) = id.resume(transaction)?
            {
                running.job_mut().done += 1;
                if running.job().done == running.job().total {
                    running.end(transaction)?;
                    ended = Some(id);
                } else {
                    running.advance(transaction, now)?;
                }
            }
            taken.push((timer, ended));
        }
        Ok(taken)
    });
    for (timer, ended) in served.expect("nothing is damaged") {
        assert!(timer.due <= now || timer.set > now);
        timers.remove(&timer);
        ended.map(|id| jobs.remove(&id));
    }
    assert!(timers.iter().all(|timer| timer.due > now && timer.set <= now));
}
