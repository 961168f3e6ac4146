//! Jobs: in slices, resumed, ended, and not started twice.

use sottovoce::storage::job::{Job, JobId};
use sottovoce::storage::timer;
use sottovoce::storage::{Commit, MemoryStore, StorageError, Store, Transaction};
use sottovoce::time::Timestamp;

use crate::support::{commit, decide, run};

const ID: JobId = JobId([3; 16]);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn start(store: &mut MemoryStore, id: JobId, total: u64) -> bool {
    run(store, |transaction| id.start(transaction, Job::new(7, vec![0], total), at(5)))
}

/// Wakes, and does a slice of every job that is due: one step of its total. The jobs that were served.
fn wake(store: &mut MemoryStore, now: u64) -> (Vec<JobId>, Option<Timestamp>) {
    wake_some(store, now, 2)
}

fn wake_some(store: &mut MemoryStore, now: u64, max: u16) -> (Vec<JobId>, Option<Timestamp>) {
    let mut released = commit(store, |transaction| {
        let mut served = Vec::new();
        for timer in timer::take_due(transaction, at(now), max)?.timers {
            let id = JobId::of(&timer).expect("only jobs have timers here");
            served.push(id);
            let Some(mut running) = id.resume(transaction)? else { continue };
            let job = running.job_mut();
            job.done += 1;
            job.state = [job.state.as_slice(), &[0]].concat().into();
            if job.done == job.total {
                running.end(transaction)?;
            } else {
                running.advance(transaction, at(now))?;
            }
        }
        Ok(served)
    });
    (released.send.pop().unwrap(), released.wake_at)
}

#[test]
fn a_job_goes_on_at_once_until_it_ends() {
    let mut store = MemoryStore::new();
    assert!(start(&mut store, ID, 3));
    for (now, next) in [(10, 10), (10, 10), (11, 11)] {
        let (served, wake_at) = wake(&mut store, now);
        assert_eq!((served, wake_at), (vec![ID], Some(at(next))));
    }
    assert_eq!(wake(&mut store, 11), (vec![], None));
    assert_eq!(store.records(), 0);
}

#[test]
fn a_command_that_runs_again_starts_nothing() {
    let mut store = MemoryStore::new();
    assert!(start(&mut store, ID, 3));
    wake(&mut store, 10);
    let before = store.snapshot();
    assert!(!start(&mut store, ID, 9));
    assert_eq!(store.snapshot(), before);
    let done = run(&mut store, |transaction| {
        let running = ID.resume(transaction)?.unwrap();
        let job = running.job();
        Ok((job.kind, job.state.to_vec(), job.done, job.total))
    });
    assert_eq!(done, (7, vec![0, 0], 1, 3));
}

/// However many jobs there are, each gets its turn.
#[test]
fn jobs_take_turns() {
    let mut store = MemoryStore::new();
    for id in 0..5 {
        start(&mut store, JobId([id; 16]), 4);
    }
    let mut slices = [0; 5];
    let mut wakes = 0;
    for now in 10.. {
        let (served, _) = wake(&mut store, now);
        if served.is_empty() {
            break;
        }
        wakes += 1;
        for id in served {
            slices[usize::from(id.0[0])] += 1;
        }
        let spread = slices.iter().max().unwrap() - slices.iter().min().unwrap();
        // Those that were served in one wake are due at the same time, in any order.
        assert!(spread <= 2, "{slices:?}");
    }
    assert_eq!((slices, wakes), ([4; 5], 10));
    assert_eq!(store.records(), 0);
}

#[test]
fn a_cancelled_job_is_gone() {
    let mut store = MemoryStore::new();
    start(&mut store, ID, 1_000_000);
    wake(&mut store, 10);
    let cancel = |transaction: &mut Transaction<'_>| {
        let running = ID.resume(transaction)?;
        Ok(running.map(|running| running.end(transaction)).transpose()?.map(|job| job.done))
    };
    // A slice that was being done at the same time is not kept.
    let (slice, _) = decide(&mut store, |transaction| {
        let running = ID.resume(transaction)?.unwrap();
        Ok(running.advance(transaction, at(11))?)
    })
    .unwrap();
    assert_eq!(run(&mut store, cancel), Some(1));
    let Ok(commit) = slice.commit(|write| store.apply(write));
    assert!(matches!(commit, Commit::Conflict));
    assert_eq!(run(&mut store, cancel), None);
    assert_eq!(store.records(), 0);
    assert_eq!(wake(&mut store, 20), (vec![], None));
}

#[test]
fn a_job_has_limits() {
    let mut store = MemoryStore::new();
    let too_large =
        |transaction: &mut Transaction<'_>| ID.start(transaction, Job::new(1, vec![0; 4_097], 1), at(0));
    assert!(matches!(decide(&mut store, too_large), Err(StorageError::Encode(_))));
    let largest = |transaction: &mut Transaction<'_>| {
        ID.start(transaction, Job::new(u32::MAX, vec![0; 4_096], u64::MAX), at(u64::MAX))
    };
    assert!(run(&mut store, largest));
}

/// On a clock that stands still, and on one that was put back, each job still gets its turn.
#[test]
fn no_job_starves() {
    // Started by a clock that was far ahead, or by the one that runs.
    for started in [5, 1_000_000] {
        let mut store = MemoryStore::new();
        for id in 0..4_u8 {
            let at_start = if id < 2 { started } else { 5 };
            run(&mut store, |transaction| {
                JobId([id; 16]).start(transaction, Job::new(7, vec![], 1_000), at(at_start))
            });
        }
        let mut slices = [0; 4];
        // Ten wakes in each millisecond.
        for wake in 0..400 {
            for id in wake_some(&mut store, 10 + wake / 10, 1).0 {
                slices[usize::from(id.0[0])] += 1;
            }
        }
        let spread = slices.iter().max().unwrap() - slices.iter().min().unwrap();
        assert!(slices.iter().sum::<u32>() >= 160 && spread <= 2, "{slices:?}");
    }
}

/// Not every timer is a job's.
#[test]
fn jobs_know_their_timers() {
    let timer = |owner: &[u8]| timer::Timer { owner: owner.to_vec(), due: at(0), set: at(0) };
    assert_eq!(JobId::of(&timer(&[&[1], [3; 16].as_slice()].concat())), Some(ID));
    for owner in [[&[2], [3; 16].as_slice()].concat(), [1; 16].to_vec(), [1; 18].to_vec(), vec![1]] {
        assert_eq!(JobId::of(&timer(&owner)), None);
    }
}

/// A slice that is done out of turn moves the timer, and leaves no other behind.
#[test]
fn a_job_has_one_timer() {
    let mut store = MemoryStore::new();
    start(&mut store, ID, 9);
    for now in [20, 30, 30] {
        run(&mut store, |transaction| {
            let running = ID.resume(transaction)?.unwrap();
            Ok(running.advance(transaction, at(now))?)
        });
        // The job, and its timer in both tables.
        assert_eq!(store.records(), 3);
    }
}

/// More done than there is would not be read back, and stop every later wake: it is not written.
#[test]
fn a_job_that_could_not_be_read_is_not_written() {
    let mut store = MemoryStore::new();
    start(&mut store, ID, 2);
    let before = store.snapshot();
    let too_far = decide(&mut store, |transaction| {
        let mut running = ID.resume(transaction)?.unwrap();
        running.job_mut().done = 3;
        Ok(running.advance(transaction, at(9))?)
    });
    assert!(matches!(too_far, Err(StorageError::Encode(_))));
    assert_eq!(store.snapshot(), before);
}
