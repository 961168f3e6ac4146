//! Random histories, through up to three handles at once, with power cuts, against the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::Rng as _;

use super::Harness;
use super::probe::{Checked, Probe, key, partition_of, same, that};
use crate::crypto::random::Generator;
use crate::storage::effects::Changes;
use crate::storage::key::{Key, Range};
use crate::storage::loaded::{Stored, Tail, Version, Want};
use crate::storage::memory::{MemoryStore, Snapshot};
use crate::storage::store::{Outcome, Store as _};
use crate::storage::write::{Expect, Trim};

const OPERATIONS: u32 = 200;
const PARTITIONS: [u8; 2] = [1, 2];
const SUFFIXES: u64 = 6;
const LOGS: u64 = 2;

/// What is seen of a store, in terms that do not depend on its versions and numbers.
#[derive(Debug, PartialEq)]
struct Seen {
    records: Vec<(Key, Vec<u8>)>,
    logs: Vec<Vec<([u8; 16], Vec<u8>)>>,
    events: Vec<Vec<u8>>,
}

struct History<'a, 'b, H: Harness> {
    probe: &'a mut Probe<'b, H>,
    rng: &'a mut Generator,
    reference: MemoryStore,
    /// What a power cut may leave, the oldest being what was flushed.
    possible: Vec<Snapshot>,
    /// Versions that the store has given to each record, none of which may come back.
    versions: BTreeMap<Key, BTreeSet<Version>>,
    /// The largest number seen in each log.
    numbers: BTreeMap<Key, u64>,
}

pub(super) async fn check<H: Harness>(probe: &mut Probe<'_, H>, rng: &mut Generator) -> Checked {
    let reference = MemoryStore::new();
    let possible = vec![reference.snapshot()];
    let (versions, numbers) = (BTreeMap::new(), BTreeMap::new());
    let mut history = History { probe, rng, reference, possible, versions, numbers };
    for operation in 1..=OPERATIONS {
        history.step().await.map_err(|found| format!("operation {operation}: {found}"))?;
    }
    history.compare().await
}

impl<H: Harness> History<'_, '_, H> {
    async fn step(&mut self) -> Checked {
        if self.below(3) == 0 {
            self.probe.turn().await;
        }
        match self.below(20) {
            0 => self.power_cut().await,
            1 => {
                self.probe.close();
                Ok(())
            }
            2..6 => self.scan().await,
            6 => self.compare().await,
            _ => self.write().await,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.rng.next_u64().checked_rem(end).unwrap_or_default()
    }

    fn any_partition(&mut self) -> u8 {
        let [first, second] = PARTITIONS;
        if self.below(2) == 0 { first } else { second }
    }

    fn any_key(&mut self) -> Key {
        let partition = self.any_partition();
        key(partition, self.below(SUFFIXES))
    }

    fn any_body(&mut self) -> Vec<u8> {
        let length = self.below(40);
        (0..length).map(|_| self.rng.next_u64().to_le_bytes()[0]).collect()
    }

    /// A write of several kinds of rows, whose expectations hold or do not.
    async fn write(&mut self) -> Checked {
        let mut changes = Changes { flush: self.below(4) == 0, ..Changes::default() };
        let mut used = BTreeSet::new();
        for _ in 0..self.below(4) {
            let (key, body) = (self.any_key(), self.any_body());
            if used.insert(key) {
                changes =
                    if self.below(4) == 0 { changes.deleting(key) } else { changes.putting(key, &body) };
            }
        }
        for _ in 0..self.below(3) {
            let (log, id, body) = (key(9, self.below(LOGS)), self.below(40), self.any_body());
            changes = changes.appending(log, id.to_le_bytes()[0], &body);
        }
        for _ in 0..self.below(3) {
            let body = self.any_body();
            changes = changes.telling(&body);
        }
        let mut of_reference = changes.clone();
        if self.below(6) == 0 {
            let log = key(9, self.below(LOGS));
            let count = self.below(5);
            changes.trim.extend(self.trim_of(log, count).await?);
            of_reference.trim.extend(self.reference_trim_of(log, count));
        }
        for _ in 0..self.below(3) {
            let (expected, of_store) = self.expectation().await?;
            of_reference.expect.push(expected);
            changes.expect.push(of_store);
        }
        self.commit(changes, of_reference).await
    }

    async fn commit(&mut self, changes: Changes, of_reference: Changes) -> Checked {
        let puts: Vec<_> = changes.put.iter().map(|put| put.key).collect();
        let is_flush = changes.flush;
        let outcome = self.probe.apply(changes).await?;
        let Ok(wanted) = self.reference.apply(&of_reference.write());
        same("the outcome of a write", outcome, wanted)?;
        if outcome == Outcome::Conflict {
            return Ok(());
        }
        if is_flush {
            self.possible.clear();
        }
        self.possible.push(self.reference.snapshot());
        for key in puts {
            let version = self.probe.version(key).await?.ok_or("a record that was put is not there")?;
            let is_new = self.versions.entry(key).or_default().insert(version);
            that(is_new, || format!("version {} of {key:?} was given twice", version.0))?;
        }
        Ok(())
    }

    /// An expectation for the reference and one for the store, of the same truth.
    async fn expectation(&mut self) -> Checked<(Expect, Expect)> {
        let key = self.any_key();
        let current = self.probe.version(key).await?;
        let Ok(loaded) = self.reference.load(&[Want::Record(key)]);
        let wanted = loaded.record(&key).flatten().map(|stored| stored.version);
        let expect = |version| Expect { key, version };
        Ok(match self.below(8) {
            0 => (expect(None), expect(None)),
            1 => {
                let known = self.versions.get(&key);
                let stale = known.and_then(|known| known.iter().find(|version| Some(**version) != current));
                match stale {
                    // The reference never gives version 0.
                    Some(stale) => (expect(Some(Version(0))), expect(Some(*stale))),
                    None => (expect(wanted), expect(current)),
                }
            }
            _ => (expect(wanted), expect(current)),
        })
    }

    /// A trim of the first `count` entries.
    async fn trim_of(&mut self, log: Key, count: u64) -> Checked<Option<Trim>> {
        let entries = self.probe.log(log).await?;
        Ok(nth_trim(log, entries.iter().map(|entry| entry.number), count))
    }

    fn reference_trim_of(&mut self, log: Key, count: u64) -> Option<Trim> {
        let tail = Tail::new(log, 0, 1_000);
        let Ok(loaded) = self.reference.load(&[Want::Log(tail)]);
        nth_trim(log, loaded.tail(&tail).unwrap_or_default().iter().map(|entry| entry.number), count)
    }

    async fn scan(&mut self) -> Checked {
        let partition = self.any_partition();
        let (from, to) = (self.below(SUFFIXES), self.below(SUFFIXES));
        let max = u16::from(self.below(4).to_le_bytes()[0]).saturating_add(1);
        let range = partition_of(partition).range(from..=to, max);
        let found = self.probe.range(range).await?;
        same("a range", plain(found), plain(self.reference_range(range)))
    }

    fn reference_range(&mut self, range: Range) -> Vec<(Key, Stored)> {
        let Ok(loaded) = self.reference.load(&[Want::First(range)]);
        loaded.range(&range).unwrap_or_default().to_vec()
    }

    /// After a power cut the store is at one of the possible moments, and goes on from there.
    async fn power_cut(&mut self) -> Checked {
        self.probe.close();
        self.probe.harness.power_cut().await;
        // Nobody remembers versions and numbers that were lost.
        self.versions.clear();
        self.numbers.clear();
        let seen = self.seen().await?;
        let mut moments = core::mem::take(&mut self.possible).into_iter().rev();
        let found = moments.find(|moment| {
            self.reference.restore(moment);
            self.seen_in_reference() == seen
        });
        let found = found.ok_or_else(|| "a power cut leaves a state that never was".to_owned())?;
        self.reference.restore(&found);
        self.possible.push(found);
        for (key, _) in seen.records {
            let version = self.probe.version(key).await?;
            self.versions.entry(key).or_default().extend(version);
        }
        Ok(())
    }

    async fn compare(&mut self) -> Checked {
        let seen = self.seen().await?;
        same("the store", seen, self.seen_in_reference())
    }

    async fn seen(&mut self) -> Checked<Seen> {
        let mut seen =
            Seen { records: Vec::new(), logs: Vec::new(), events: self.probe.harness.events().await };
        for partition in PARTITIONS {
            let found = self.probe.range(partition_of(partition).range(0..=u64::MAX, 1_000)).await?;
            seen.records.extend(plain(found));
        }
        for log in 0..LOGS {
            let entries = self.probe.log(key(9, log)).await?;
            let last = self.numbers.entry(key(9, log)).or_default();
            let newest = entries.last().map_or(0, |entry| entry.number);
            that(entries.is_empty() || newest >= *last, || format!("number {newest} comes after {last}"))?;
            *last = newest.max(*last);
            seen.logs.push(entries.into_iter().map(|entry| (*entry.id.as_bytes(), entry.body)).collect());
        }
        Ok(seen)
    }

    fn seen_in_reference(&mut self) -> Seen {
        let mut seen =
            Seen { records: Vec::new(), logs: Vec::new(), events: self.reference.events().to_vec() };
        for partition in PARTITIONS {
            let range = partition_of(partition).range(0..=u64::MAX, 1_000);
            seen.records.extend(plain(self.reference_range(range)));
        }
        for log in 0..LOGS {
            let tail = Tail::new(key(9, log), 0, 1_000);
            let Ok(loaded) = self.reference.load(&[Want::Log(tail)]);
            let entries = loaded.tail(&tail).unwrap_or_default().iter();
            seen.logs.push(entries.map(|entry| (*entry.id.as_bytes(), entry.body.clone())).collect());
        }
        seen
    }
}

fn nth_trim(log: Key, numbers: impl Iterator<Item = u64>, count: u64) -> Option<Trim> {
    let count = usize::try_from(count).unwrap_or_default();
    numbers.take(count).last().map(|through| Trim { log, through })
}

fn plain(rows: Vec<(Key, Stored)>) -> Vec<(Key, Vec<u8>)> {
    rows.into_iter().map(|(key, stored)| (key, stored.body)).collect()
}
