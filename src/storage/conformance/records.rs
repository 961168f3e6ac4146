//! Rules about records.

use super::Harness;
use super::probe::{Checked, Probe, key, partition_of, same, that};
use crate::storage::effects::Changes;
use crate::storage::key::{Key, Table};
use crate::storage::limits;
use crate::storage::loaded::{Tail, Want};
use crate::storage::store::Outcome;

/// Every want is answered, also twice, also when there is nothing.
pub(super) async fn answers(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (range, tail) = (partition_of(1).range(0..=u64::MAX, 10), Tail::new(key(1, 1), 0, 10));
    let mut wants =
        vec![Want::First(range), Want::Record(key(1, 0)), Want::Log(tail), Want::Record(key(1, 0))];
    wants.extend((0..1_000).map(|suffix| Want::Record(key(2, suffix))));
    let loaded = probe.load(&wants).await?;
    let unanswered = wants.iter().find(|want| !loaded.answers(want));
    same("unanswered", unanswered, None)?;
    same("a record of an empty store", loaded.record(&key(1, 0)), Some(None))?;
    same("records of an empty store", loaded.range(&range).map(<[_]>::len), Some(0))?;
    same("entries of an empty store", loaded.tail(&tail).map(<[_]>::len), Some(0))
}

/// What was put is what is loaded, whatever its length and bytes, and through every handle.
pub(super) async fn contents(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let all_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4_096).collect();
    let bodies = [vec![], vec![0], b"'; DROP TABLE \0 \xff".to_vec(), all_bytes, vec![0xa5; limits::BODY]];
    let keys = || (0..).map(|suffix| key(1, suffix));
    let changes =
        keys().zip(&bodies).fold(Changes::default(), |changes, (key, body)| changes.putting(key, body));
    probe.commit(changes).await?;
    for _ in 0..2 {
        for (key, body) in keys().zip(&bodies) {
            let found = probe.record(key).await?.map(|stored| stored.body);
            that(found.as_ref() == Some(body), || {
                format!("a body of {} bytes comes back changed", body.len())
            })?;
        }
        probe.close();
    }
    probe.commit(Changes::default().putting(key(1, 0), b"new")).await?;
    same(
        "an overwritten record",
        probe.record(key(1, 0)).await?.map(|stored| stored.body),
        Some(b"new".to_vec()),
    )
}

/// Every byte of a key counts, and so does the table.
pub(super) async fn keys(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let base = Key::new(Table::SPECIMENS, [0x55; 24]);
    let mut keys: Vec<_> = Table::ALL.iter().map(|table| Key::new(*table, *base.name())).collect();
    for at in 0..24 {
        for bit in [0x01, 0x80] {
            let mut name = *base.name();
            name.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            keys.push(Key::new(Table::SPECIMENS, name));
        }
    }
    for (number, key) in (0_u64..).zip(&keys) {
        probe.commit(Changes::default().expecting(*key, None).putting(*key, &number.to_be_bytes())).await?;
    }
    for (number, key) in (0_u64..).zip(&keys) {
        let found = probe.record(*key).await?.map(|stored| stored.body);
        same("a record among similar keys", found, Some(number.to_be_bytes().to_vec()))?;
    }
    Ok(())
}

/// No two puts have the same version, neither of equal bodies, nor after a deletion, nor through other handles.
pub(super) async fn versions(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..30_u64 {
        let mut changes = Changes::default();
        for suffix in 0..3 {
            changes = changes.putting(key(1, suffix), b"the same");
        }
        probe.commit(changes).await?;
        for suffix in 0..3 {
            let version = probe.version(key(1, suffix)).await?;
            let again = probe.version(key(1, suffix)).await?;
            same("a version, read twice", again, version)?;
            let version = version.ok_or("a record that was put is not there")?;
            that(seen.insert((suffix, version)), || format!("version {} was given twice", version.0))?;
        }
        if round % 3 == 1 {
            let delete = (0..3).fold(Changes::default(), |changes, suffix| changes.deleting(key(1, suffix)));
            probe.commit(delete).await?;
        }
        if round % 4 == 3 {
            probe.close();
        }
    }
    Ok(())
}

/// A write is carried out exactly if all its expectations hold.
pub(super) async fn expectations(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (subject, other) = (key(1, 0), key(1, 1));
    probe.commit(Changes::default().putting(subject, b"old").putting(other, b"other")).await?;
    let old = probe.version(subject).await?;
    probe.commit(Changes::default().expecting(subject, old).putting(subject, b"new")).await?;
    let (new, others) = (probe.version(subject).await?, probe.version(other).await?);
    let wrong = [("an old version", old), ("absence", None), ("the version of another record", others)];
    for (name, version) in wrong {
        let write = Changes::default().expecting(other, others).expecting(subject, version);
        let outcome = probe.apply(write.putting(subject, b"wrong")).await?;
        same(&format!("expecting {name} of a record"), outcome, Outcome::Conflict)?;
    }
    same("a version after conflicts", probe.version(subject).await?, new)?;
    probe.commit(Changes::default().expecting(subject, new).deleting(subject)).await?;
    for (name, version) in [("an old version", old), ("the last version", new)] {
        let outcome = probe.apply(Changes::default().expecting(subject, version).putting(other, b"")).await?;
        same(&format!("expecting {name} of a deleted record"), outcome, Outcome::Conflict)?;
    }
    // Only looked at, not written: it counts all the same.
    probe.commit(Changes::default().expecting(subject, None).putting(key(2, 0), b"")).await?;
    let outcome = probe.apply(Changes::default().expecting(other, None)).await?;
    same("a write of nothing but a wrong expectation", outcome, Outcome::Conflict)
}

/// A conflict changes nothing, wherever in the list the expectation stands that does not hold.
pub(super) async fn conflicts(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let (kept, new, log) = (key(1, 0), key(1, 1), key(3, 0));
    probe
        .commit(Changes::default().putting(kept, b"kept").appending(log, 1, b"first").telling(b"one"))
        .await?;
    let version = probe.version(kept).await?;
    for first in [true, false] {
        let mut write = Changes::default().expecting(kept, version).expecting(new, version);
        if first {
            write.expect.reverse();
        }
        let write = write.deleting(kept).putting(new, b"new").trimming(log, 1).appending(log, 2, b"second");
        let outcome = probe.apply(write.telling(b"two").flushing()).await?;
        same("a write that expects what does not hold", outcome, Outcome::Conflict)?;
        for _ in 0..2 {
            same("a record that it deletes", probe.version(kept).await?, version)?;
            same("a record that it puts", probe.version(new).await?, None)?;
            let entries = probe.log(log).await?;
            same("the log", entries.into_iter().map(|entry| entry.body).collect(), vec![b"first".to_vec()])?;
            same("the events", probe.harness.events().await, vec![b"one".to_vec()])?;
            probe.close();
        }
    }
    Ok(())
}

/// A deleted record is gone, and deleting what is not there is no error.
pub(super) async fn deletions(probe: &mut Probe<'_, impl Harness>) -> Checked {
    probe.commit(Changes::default().deleting(key(1, 0))).await?;
    probe.commit(Changes::default().putting(key(1, 0), b"a").putting(key(1, 1), b"b")).await?;
    probe.commit(Changes::default().deleting(key(1, 0)).deleting(key(1, 2)).putting(key(1, 3), b"c")).await?;
    let found = probe.range(partition_of(1).range(0..=u64::MAX, 10)).await?;
    let found: Vec<_> = found.into_iter().map(|(key, _)| key.suffix()).collect();
    same("what is left", found, vec![1, 3])?;
    same("a deleted record", probe.record(key(1, 0)).await?, None)
}

/// A range has both its ends, ascends, stays in its table, and gives no more than asked.
pub(super) async fn ranges(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let suffixes = [0, 1, 127, 128, 255, 256, 1 << 31, 1 << 32, 1 << 63, u64::MAX];
    let mut changes = Changes::default();
    for suffix in suffixes.into_iter().rev() {
        changes = changes.putting(key(0x80, suffix), &suffix.to_be_bytes());
        let elsewhere = Key::new(Table::JOBS, *key(0x80, suffix).name());
        changes = changes.putting(elsewhere, b"of another table");
    }
    let changes = changes.putting(key(0x7f, u64::MAX), b"before").putting(key(0x81, 0), b"after");
    probe.commit(changes).await?;
    for _ in 0..2 {
        let partition = partition_of(0x80);
        for (from, to, max) in
            [(0, u64::MAX, 1_000), (1, 255, 1_000), (2, 126, 1_000), (128, 1 << 63, 3), (1, 1, 1), (5, 4, 9)]
        {
            let found = probe.range(partition.range(from..=to, max)).await?;
            let wanted = suffixes.iter().filter(|suffix| from <= **suffix && **suffix <= to);
            let wanted: Vec<_> = wanted.take(max.into()).copied().collect();
            let what = format!("at most {max} records from {from} to {to}");
            same(&what, found.iter().map(|(key, _)| key.suffix()).collect(), wanted)?;
            for (key, stored) in found {
                same(&what, stored.body, key.suffix().to_be_bytes().to_vec())?;
                same(&what, Some(stored.version), probe.version(key).await?)?;
            }
        }
        probe.close();
    }
    Ok(())
}

/// A range ends after [`limits::SCAN_BYTES`], with the row that reaches them.
pub(super) async fn range_limits(probe: &mut Probe<'_, impl Harness>) -> Checked {
    for suffix in 0..6 {
        probe.commit(Changes::default().putting(key(1, suffix), &vec![7; limits::BODY])).await?;
    }
    let found = probe.range(partition_of(1).range(0..=u64::MAX, 1_000)).await?;
    same("large records in a range", found.len(), limits::SCAN_BYTES.div_ceil(limits::BODY))?;
    let rest = probe.range(partition_of(1).range(4..=u64::MAX, 1_000)).await?;
    same("large records in the rest of it", rest.len(), 2)?;
    probe.commit(Changes::default().putting(key(1, 3), b"small")).await?;
    let found = probe.range(partition_of(1).range(0..=u64::MAX, 1_000)).await?;
    same("large records and a small one", found.len(), 5)
}
