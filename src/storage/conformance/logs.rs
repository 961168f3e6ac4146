//! Rules about logs.

use super::Harness;
use super::probe::{Checked, Probe, key, same, that};
use crate::storage::effects::Changes;
use crate::storage::key::Key;
use crate::storage::limits;
use crate::storage::loaded::{Entry, Tail};

fn bodies(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned()).collect()
}

/// The numbers of a log, if they ascend.
fn ascending(entries: &[Entry]) -> Checked<Vec<u64>> {
    let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
    that(numbers.is_sorted_by(|a, b| a < b), || format!("numbers do not ascend: {numbers:?}"))?;
    that(numbers.first() != Some(&0), || "an entry has number 0".to_owned())?;
    Ok(numbers)
}

/// Entries are numbered in the order in which they were committed, within a write as listed, each log by itself.
pub(super) async fn numbers(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (log, other) = (key(1, 0), key(1, 1));
    let write = Changes::default().appending(log, 9, b"a").appending(other, 9, b"x");
    probe.commit(write.appending(log, 3, b"b").appending(log, 5, b"c")).await?;
    probe.commit(Changes::default().appending(other, 1, b"y")).await?;
    probe.commit(Changes::default().appending(log, 1, b"d")).await?;
    for _ in 0..2 {
        let (entries, others) = (probe.log(log).await?, probe.log(other).await?);
        same("a log", bodies(&entries), ["a", "b", "c", "d"].map(str::to_owned).to_vec())?;
        same("another log", bodies(&others), ["x", "y"].map(str::to_owned).to_vec())?;
        ascending(&entries)?;
        ascending(&others)?;
        let ids: Vec<_> = entries.iter().map(|entry| *entry.id.as_bytes()).collect();
        same("ids", ids, vec![[9; 16], [3; 16], [5; 16], [1; 16]])?;
        probe.close();
    }
    // A log and a record may have the same key.
    same("a record with the key of a log", probe.record(log).await?, None)?;
    probe.commit(Changes::default().putting(log, b"record")).await?;
    same("a log with the key of a record", probe.log(log).await?.len(), 4)
}

/// An id that a log holds is passed over, in the same write too; content and other logs do not matter.
pub(super) async fn ids(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (log, other) = (key(1, 0), key(1, 1));
    probe.commit(Changes::default().appending(log, 1, b"first").appending(log, 1, b"again")).await?;
    probe.close();
    let write =
        Changes::default().appending(log, 1, b"later").appending(log, 2, b"first").appending(other, 1, b"x");
    probe.commit(write.telling(b"told").putting(key(2, 0), b"put")).await?;
    same("a log", bodies(&probe.log(log).await?), ["first", "first"].map(str::to_owned).to_vec())?;
    same("another log", bodies(&probe.log(other).await?), vec!["x".to_owned()])?;
    same("the rest of the write", probe.record(key(2, 0)).await?.is_some(), true)?;
    same("its event", probe.harness.events().await.len(), 1)
}

async fn fill(probe: &mut Probe<'_, impl Harness>, log: Key, count: u8) -> Checked<Vec<u64>> {
    let write = (1..=count).fold(Changes::default(), |changes, id| changes.appending(log, id, &[id]));
    probe.commit(write).await?;
    ascending(&probe.log(log).await?)
}

/// A tail begins after its number and gives no more than asked.
pub(super) async fn tails(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let log = key(1, 0);
    let numbers = fill(probe, log, 9).await?;
    fill(probe, key(1, 1), 5).await?;
    let ends = [0, u64::MAX, u64::MAX >> 1, 1 << 63];
    for after in ends.into_iter().chain(numbers.iter().copied()) {
        for max in [1, 4, 1_000] {
            let found = probe.tail(Tail::new(log, after, max)).await?;
            let wanted = numbers.iter().filter(|number| **number > after).take(max.into());
            let found: Vec<_> = found.iter().map(|entry| entry.number).collect();
            same(&format!("at most {max} entries after {after}"), found, wanted.copied().collect())?;
        }
    }
    Ok(())
}

/// A tail ends after [`limits::SCAN_BYTES`], with the entry that reaches them.
pub(super) async fn tail_limits(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let log = key(1, 0);
    for id in 0..6 {
        probe.commit(Changes::default().appending(log, id, &vec![7; limits::BODY])).await?;
    }
    let entries = probe.log(log).await?;
    same("large entries", entries.len(), limits::SCAN_BYTES.div_ceil(limits::BODY))?;
    let last = entries.last().map_or(0, |entry| entry.number);
    same("large entries in the rest", probe.tail(Tail::new(log, last, 1_000)).await?.len(), 2)
}

/// Trimming deletes up to its number, and numbers go on, whatever was trimmed, through other handles too.
pub(super) async fn trims(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (log, other) = (key(1, 0), key(1, 1));
    probe.commit(Changes::default().trimming(log, 5)).await?;
    let numbers = fill(probe, log, 5).await?;
    fill(probe, other, 3).await?;
    let third = numbers.get(2).copied().unwrap_or_default();
    probe.commit(Changes::default().trimming(log, third)).await?;
    probe.commit(Changes::default().trimming(log, 0)).await?;
    let left = ascending(&probe.log(log).await?)?;
    same("what is left", left.as_slice(), numbers.get(3..).unwrap_or_default())?;
    same("another log", probe.log(other).await?.len(), 3)?;

    // What a write appends it does not trim; a trimmed id may come again.
    probe.commit(Changes::default().trimming(log, u64::MAX).appending(log, 1, b"again")).await?;
    let entries = probe.log(log).await?;
    same("after trimming everything", bodies(&entries), vec!["again".to_owned()])?;
    let mut last = numbers.last().copied();
    for _ in 0..3 {
        let entries = probe.log(log).await?;
        let number = entries.first().map(|entry| entry.number);
        that(number > last, || format!("number {number:?} comes after {last:?}"))?;
        last = number;
        probe.commit(Changes::default().trimming(log, u64::MAX)).await?;
        same("an empty log", probe.log(log).await?, Vec::new())?;
        probe.close();
        probe.commit(Changes::default().appending(log, 2, b"more")).await?;
    }
    Ok(())
}
