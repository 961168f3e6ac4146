//! The loop around a machine.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use rand_core::TryRng as _;
use sottovoce::crypto::random::Seed;
use sottovoce::storage::{
    Loaded, Machine, MemoryStore, Outcome, RunError, Step, Stop, StorageError, Store, Transaction, Vault,
    Want, Write, run, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::Part;

use crate::support::{generator, key, part, vault};

/// Adds its input to a record that another record names: two rounds. Sends the sum.
struct Adder {
    vault: Vault,
    /// The randomness of every call.
    drawn: RefCell<BTreeSet<u64>>,
    calls: Cell<usize>,
}

impl Adder {
    fn new() -> Self {
        Self { vault: vault(), drawn: RefCell::default(), calls: Cell::default() }
    }
}

impl Machine for Adder {
    type Input = u32;
    type Output = u32;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        _now: Timestamp,
        seed: Seed,
        input: &u32,
    ) -> Result<Step<u32>, StorageError> {
        self.calls.set(self.calls.get() + 1);
        step(&self.vault, loaded, seed, |transaction: &mut Transaction<'_>| {
            assert!(
                self.drawn.borrow_mut().insert(transaction.rng().try_next_u64().unwrap()),
                "a seed twice"
            );
            let pointer = transaction.read::<Part>(key(0))?;
            let at = pointer.value().map_or(1, |part| part.number);
            let slot = transaction.read::<Part>(key(at.into()))?;
            let sum = slot.value().map_or(0, |part| part.number) + input;
            transaction.put(slot, &part(sum)).map_err(Stop::from)?;
            Ok(vec![sum])
        })
    }
}

/// A store that somebody else writes to just before every write, so many times.
struct Contested {
    store: MemoryStore,
    others: u32,
    locks: Vec<&'static str>,
    loads: Vec<usize>,
    /// Whether a lock keeps the others out.
    can_lock: bool,
    is_locked: bool,
}

impl Contested {
    fn new(others: u32, can_lock: bool) -> Self {
        let store = MemoryStore::new();
        Self { store, others, locks: Vec::new(), loads: Vec::new(), can_lock, is_locked: false }
    }
}

impl Store for Contested {
    type Error = &'static str;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, &'static str> {
        self.loads.push(wants.len());
        let Ok(loaded) = self.store.load(wants);
        Ok(loaded)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, &'static str> {
        if self.others > 0 && !(self.is_locked && self.can_lock) {
            self.others -= 1;
            let _ =
                run(&Adder::new(), &mut self.store, Timestamp::default(), &mut generator(9), &100).unwrap();
        }
        self.is_locked = false;
        let Ok(outcome) = self.store.apply(write);
        Ok(outcome)
    }

    fn lock(&mut self) -> Result<(), &'static str> {
        self.locks.push("lock");
        self.is_locked = true;
        Ok(())
    }

    fn unlock(&mut self) {
        self.locks.push("unlock");
        self.is_locked = false;
    }
}

type Ran = Result<Vec<u32>, RunError<StorageError, &'static str>>;

fn add(machine: &Adder, store: &mut Contested, number: u32) -> Ran {
    let released = run(machine, store, Timestamp::default(), &mut generator(1), &number)?;
    Ok(released.send)
}

#[test]
fn without_conflicts_it_loads_what_is_wanted_and_commits() {
    let (machine, mut store) = (Adder::new(), Contested::new(0, true));
    assert_eq!(add(&machine, &mut store, 5), Ok(vec![5]));
    assert_eq!((store.loads, machine.calls.get()), (vec![1, 1], 3));
    assert_eq!(store.locks, [""; 0]);
}

/// After a conflict everything is read again, in one go, and decided anew with another seed.
#[test]
fn after_a_conflict_it_decides_again() {
    let (machine, mut store) = (Adder::new(), Contested::new(2, true));
    assert_eq!(add(&machine, &mut store, 5), Ok(vec![205]));
    assert_eq!(store.loads, [1, 1, 2, 2]);
    assert_eq!(store.locks, [""; 0]);
}

/// Repeated conflicts end with a lock, if the store has one, and otherwise with an error.
#[test]
fn contention_ends() {
    let (machine, mut store) = (Adder::new(), Contested::new(1_000, true));
    assert_eq!(add(&machine, &mut store, 5), Ok(vec![305]));
    assert_eq!(store.locks, ["lock", "unlock"]);

    let (machine, mut store) = (Adder::new(), Contested::new(1_000, false));
    assert_eq!(add(&machine, &mut store, 5), Err(RunError::Contended));
    assert!(machine.calls.get() < 200);
    assert!(!store.is_locked);
    store.others = 0;
    assert_eq!(add(&Adder::new(), &mut store, 5), Ok(vec![64 * 100 + 5]));
}

/// A machine whose behaviour is given.
struct Given<F>(F);

impl<F: Fn(&Loaded) -> Result<Step<u32>, &'static str>> Machine for Given<F> {
    type Input = ();
    type Output = u32;
    type Refused = &'static str;

    fn step(&self, loaded: &Loaded, _: Timestamp, _: Seed, (): &()) -> Result<Step<u32>, &'static str> {
        (self.0)(loaded)
    }
}

fn run_given(
    behaviour: impl Fn(&Loaded) -> Result<Step<u32>, &'static str>,
    store: &mut impl Store<Error = &'static str>,
) -> Result<Vec<u32>, RunError<&'static str, &'static str>> {
    run(&Given(behaviour), store, Timestamp::default(), &mut generator(1), &()).map(|released| released.send)
}

#[test]
fn a_machine_that_does_not_end_is_stopped() {
    let mut store = Contested::new(0, true);
    let again = |_: &Loaded| Ok(Step::Load(vec![Want::Record(key(0))]));
    assert_eq!(run_given(again, &mut store), Err(RunError::Endless));
    assert_eq!(store.loads, [1]);
    assert_eq!(run_given(|_| Ok(Step::Load(Vec::new())), &mut store), Err(RunError::Endless));
    let calls = Cell::new(0);
    let more = |_: &Loaded| {
        calls.set(calls.get() + 1);
        Ok(Step::Load(vec![Want::Record(key(calls.get()))]))
    };
    assert_eq!(run_given(more, &mut store), Err(RunError::Endless));
    assert_eq!(calls.get(), 4_097);
}

#[test]
fn refusals_and_failures_come_back() {
    struct Failing;
    impl Store for Failing {
        type Error = &'static str;
        fn load(&mut self, _: &[Want]) -> Result<Loaded, &'static str> {
            Err("no disk")
        }
        fn apply(&mut self, _: &Write<'_>) -> Result<Outcome, &'static str> {
            Err("no disk")
        }
    }
    assert_eq!(run_given(|_| Err("no"), &mut Failing), Err(RunError::Refused("no")));
    let asks = |_: &Loaded| Ok(Step::Load(vec![Want::Record(key(0))]));
    assert_eq!(run_given(asks, &mut Failing), Err(RunError::Store("no disk")));
    let ready = |loaded: &Loaded| {
        let body = |_: &mut Transaction<'_>| Ok::<_, Stop<StorageError>>(vec![1]);
        step(&vault(), loaded, Seed::from_bytes(*b"thirty-two bytes of randomness..").unwrap(), body)
            .map_err(|_| "refused")
    };
    assert_eq!(run_given(ready, &mut Failing), Err(RunError::Store("no disk")));
    assert_eq!(run_given(ready, &mut Contested::new(0, true)), Ok(vec![1]));
}

/// Errors under a lock end it.
#[test]
fn a_lock_does_not_outlive_an_error() {
    let mut store = Contested::new(3, true);
    let (adder, calls) = (Adder::new(), Cell::new(0));
    let machine = Given(|loaded: &Loaded| {
        calls.set(calls.get() + 1);
        if calls.get() > 5 {
            return Err("enough");
        }
        let mut seed = [0x33; 32];
        seed[0] = calls.get();
        adder.step(loaded, Timestamp::default(), Seed::from_bytes(seed).unwrap(), &1).map_err(|_| "refused")
    });
    let ran = run(&machine, &mut store, Timestamp::default(), &mut generator(1), &());
    assert_eq!(ran.map(|released| released.send), Err(RunError::Refused("enough")));
    assert_eq!(store.locks, ["lock", "unlock"]);
}

#[test]
fn a_stuck_source_of_randomness_stops_it() {
    struct Stuck;
    impl rand_core::TryRng for Stuck {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.fill(0);
            Ok(())
        }
    }
    impl rand_core::TryCryptoRng for Stuck {}
    let (machine, mut store) = (Adder::new(), Contested::new(0, true));
    let ran = run(&machine, &mut store, Timestamp::default(), &mut Stuck, &1);
    assert!(matches!(ran, Err(RunError::Randomness(_))));
    assert_eq!((machine.calls.get(), store.loads.len()), (0, 0));
}

/// What somebody does between two loads.
struct Moving<F> {
    store: MemoryStore,
    loads: usize,
    before_load: F,
}

impl<F: FnMut(usize, &mut MemoryStore)> Store for Moving<F> {
    type Error = &'static str;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, &'static str> {
        self.loads += 1;
        (self.before_load)(self.loads, &mut self.store);
        let Ok(loaded) = self.store.load(wants);
        Ok(loaded)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, &'static str> {
        let Ok(outcome) = self.store.apply(write);
        Ok(outcome)
    }
}

fn set(store: &mut MemoryStore, suffix: u64, number: Option<u32>) {
    crate::support::run(store, |transaction| {
        let slot = transaction.read::<Part>(key(suffix))?;
        match number {
            Some(number) => transaction.put(slot, &part(number))?,
            None => transaction.delete(slot)?,
        }
        Ok(())
    });
}

/// Reads a record that another one names, and refuses if it is not there; `send` or not if it is.
fn follow(loaded: &Loaded, send: bool) -> Result<Step<u32>, &'static str> {
    let vault = vault();
    let seed = Seed::from_bytes(*b"thirty-two bytes of randomness..").unwrap();
    let mut missing = false;
    let step = step(&vault, loaded, seed, |transaction: &mut Transaction<'_>| {
        let at = transaction.read::<Part>(key(0))?.value().map_or(1, |part| part.number);
        let found = transaction.read::<Part>(key(at.into()))?.value().map(|part| part.number);
        missing = found.is_none();
        Ok::<_, Stop<StorageError>>(found.filter(|_| send).into_iter().collect())
    });
    if missing { Err("not there") } else { step.map_err(|_| "refused") }
}

/// Neither a refusal nor "nothing to do" is checked by a commit. Both are believed only of what was there at one moment.
#[test]
fn what_is_not_committed_was_there_at_one_moment() {
    for send in [true, false] {
        let mut store = MemoryStore::new();
        set(&mut store, 0, Some(1));
        set(&mut store, 1, Some(7));
        // Between the two rounds somebody moves the record and tells so, in one write or two: it was never missing.
        let move_it = |load, store: &mut MemoryStore| {
            if load == 2 {
                set(store, 2, Some(7));
                set(store, 0, Some(2));
                set(store, 1, None);
            }
        };
        let mut moving = Moving { store, loads: 0, before_load: move_it };
        let found = run_given(|loaded| follow(loaded, send), &mut moving);
        assert_eq!(found, Ok(if send { vec![7] } else { vec![] }));
    }
    // What is missing for good is refused, after one more look.
    let mut store = MemoryStore::new();
    set(&mut store, 0, Some(9));
    let mut still = Moving { store, loads: 0, before_load: |_, _: &mut MemoryStore| () };
    assert_eq!(run_given(|loaded| follow(loaded, true), &mut still), Err(RunError::Refused("not there")));
    assert_eq!(still.loads, 3);
}

/// A record that never stands still is the business of the lock, not of endless looking.
#[test]
fn what_never_stands_still_ends() {
    let mut count = 0;
    let churn = |_, store: &mut MemoryStore| {
        count += 1;
        set(store, 0, Some(100 + count));
    };
    let mut moving = Moving { store: MemoryStore::new(), loads: 0, before_load: churn };
    let ran = run_given(|loaded| follow(loaded, true), &mut moving);
    assert!(matches!(ran, Err(RunError::Endless | RunError::Refused(_))), "{ran:?}");
    assert!(moving.loads <= 5_000);
}

#[test]
fn a_store_that_leaves_a_want_open_is_stopped() {
    struct Silent(u32);
    impl Store for Silent {
        type Error = &'static str;
        fn load(&mut self, _: &[Want]) -> Result<Loaded, &'static str> {
            self.0 += 1;
            Ok(Loaded::new())
        }
        fn apply(&mut self, _: &Write<'_>) -> Result<Outcome, &'static str> {
            Ok(Outcome::Committed)
        }
    }
    let mut silent = Silent(0);
    assert_eq!(run_given(|loaded| follow(loaded, true), &mut silent), Err(RunError::Endless));
    assert_eq!(silent.0, 1);
}

/// An input that was dealt with is made durable all the same: the commit that did it may have failed after writing.
#[test]
fn what_was_done_already_is_flushed() {
    let mut store = MemoryStore::new();
    let effects = crate::support::silent(&mut store, |transaction| {
        transaction.already_done();
        Ok(())
    });
    let mut flushed = false;
    let committed: Result<_, ()> = effects.commit(|write| {
        flushed = write.flush;
        Ok(Outcome::Committed)
    });
    let _ = committed.unwrap();
    assert!(flushed);
}
