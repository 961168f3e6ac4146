//! Rules about events, handles, and what is left after a crash.

use super::Harness;
use super::probe::{Checked, Probe, apply, both, item, key, load, record, same, that};
use crate::storage::effects::Changes;
use crate::storage::limits;
use crate::storage::loaded::Want;
use crate::storage::store::{AsyncStore as _, Outcome};
use crate::storage::write::{Append, Put};

/// Events come in the order of writes, and in the order within a write, equal ones too.
pub(super) async fn events(probe: &mut Probe<'_, impl Harness>) -> Checked {
    probe.commit(Changes::default().telling(b"2").telling(b"1").telling(b"1")).await?;
    probe.close();
    probe.commit(Changes::default().putting(key(1, 0), b"").telling(b"3").telling(&[0; 3])).await?;
    let expected: [&[u8]; 5] = [b"2", b"1", b"1", b"3", &[0; 3]];
    same("events", probe.harness.events().await, expected.map(<[_]>::to_vec).to_vec())
}

/// What one handle commits the other loads, and runs into.
pub(super) async fn handles(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let subject = key(1, 0);
    let (mut one, mut other) = (probe.harness.open().await, probe.harness.open().await);
    // Whatever a handle might keep of a record, it has seen it now.
    same("a record of an empty store", record(&mut other, subject).await?, None)?;
    for round in 0..10_u8 {
        let version = record(&mut one, subject).await?.map(|stored| stored.version);
        let write = Changes::default().expecting(subject, version).putting(subject, &[round]);
        same("a write", apply(&mut one, &write).await?, Outcome::Committed)?;
        let outcome = apply(&mut other, &write).await?;
        same("the same write through another handle", outcome, Outcome::Conflict)?;
        let found = record(&mut other, subject).await?.map(|stored| stored.body);
        same("a record through another handle", found, Some(vec![round]))?;
        core::mem::swap(&mut one, &mut other);
    }
    Ok(())
}

/// Of two writes at the same time that expect the same, one is carried out.
pub(super) async fn overlaps(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let subject = key(1, 0);
    let (mut one, mut other) = (probe.harness.open().await, probe.harness.open().await);
    for round in 0..20_u8 {
        let version = record(&mut one, subject).await?.map(|stored| stored.version);
        let write = |id| {
            let changes = Changes::default().expecting(subject, version).putting(subject, &[round, id]);
            changes.appending(key(2, 0), round, &[id]).telling(&[round, id])
        };
        let (first, second) = (write(1), write(2));
        let (first, second) = both(apply(&mut one, &first), apply(&mut other, &second)).await;
        let committed = [first?, second?].into_iter().filter(|outcome| *outcome == Outcome::Committed);
        same("committed writes of two that exclude each other", committed.count(), 1)?;
    }
    same("entries", probe.log(key(2, 0)).await?.len(), 20)?;
    same("events", probe.harness.events().await.len(), 20)
}

/// A write of [`limits::ROWS`] rows, and one of [`limits::WRITE`] bytes, is carried out; so is a load of [`limits::WANTS`].
pub(super) async fn size(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let mut write = Changes::default();
    let half = u64::try_from(limits::ROWS / 2).unwrap_or_default();
    write.put = (0..half).map(|suffix| Put { key: key(1, suffix), body: vec![1; 100] }).collect();
    write.append = (0..half)
        .map(|number| {
            let mut id = *item(0).as_bytes();
            id.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
            Append { log: key(2, 0), id: crate::storage::ItemId::new(id), body: vec![2; 100] }
        })
        .collect();
    probe.commit(write).await?;
    let wants: Vec<_> = (0..half).map(|suffix| Want::Record(key(1, suffix))).take(limits::WANTS).collect();
    let loaded = load(probe.store().await, &wants).await?;
    let missing = wants.iter().filter_map(|want| match want {
        Want::Record(key) => Some(key),
        _ => None,
    });
    same(
        "records of a large write that are missing",
        missing.filter(|key| loaded.record(key) == Some(None)).count(),
        0,
    )?;

    let bodies = limits::WRITE / limits::BODY;
    let large = (0..).take(bodies).map(|suffix| Put { key: key(3, suffix), body: vec![3; limits::BODY] });
    probe.commit(Changes { put: large.collect(), ..Changes::default() }).await
}

/// A lock ends with a write, with a conflict, and by itself, and does not keep its own handle from anything.
pub(super) async fn locks(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let subject = key(1, 0);
    let failed = |error| format!("lock or unlock failed: {error:?}");
    let (mut one, mut other) = (probe.harness.open().await, probe.harness.open().await);
    for round in 0..3_u8 {
        one.lock().await.map_err(failed)?;
        let version = record(&mut one, subject).await?.map(|stored| stored.version);
        let write = Changes::default().expecting(subject, version).putting(subject, &[round]).flushing();
        same("a write under a lock", apply(&mut one, &write).await?, Outcome::Committed)?;
        same(
            "a write after it",
            apply(&mut other, &Changes::default().telling(b"1")).await?,
            Outcome::Committed,
        )?;

        one.lock().await.map_err(failed)?;
        same("a wrong write under a lock", apply(&mut one, &write).await?, Outcome::Conflict)?;
        same(
            "a write after it",
            apply(&mut other, &Changes::default().telling(b"2")).await?,
            Outcome::Committed,
        )?;

        one.lock().await.map_err(failed)?;
        load(&mut one, &[Want::Record(subject)]).await?;
        one.unlock().await.map_err(failed)?;
        one.unlock().await.map_err(failed)?;
        same(
            "a write after it",
            apply(&mut other, &Changes::default().telling(b"3")).await?,
            Outcome::Committed,
        )?;
        let found = record(&mut other, subject).await?.map(|stored| stored.body);
        same("a record written under a lock", found, Some(vec![round]))?;
    }
    same("events", probe.harness.events().await.len(), 9)
}

/// A process that ends, however it ends, loses nothing that was committed, flushed or not.
pub(super) async fn processes(probe: &mut Probe<'_, impl Harness>) -> Checked {
    for round in 0..8_u8 {
        let write = Changes::default().putting(key(1, u64::from(round)), &[round]).telling(&[round]);
        probe.commit(write.appending(key(2, 0), round, &[round])).await?;
        probe.close();
        let found = probe.record(key(1, u64::from(round))).await?.map(|stored| stored.body);
        same("a record of a process that has ended", found, Some(vec![round]))?;
    }
    same("entries", probe.log(key(2, 0)).await?.len(), 8)?;
    same("events", probe.harness.events().await.len(), 8)
}

/// What was flushed, and everything before it, survives a power cut, also if the flush itself writes nothing.
pub(super) async fn flushes(probe: &mut Probe<'_, impl Harness>) -> Checked {
    for round in 0..12_u8 {
        let before = Changes::default().putting(key(1, 0), &[round]).appending(key(2, 0), round, &[round]);
        probe.commit(before.telling(&[round])).await?;
        let flush = match round % 3 {
            0 => Changes::default().putting(key(1, 1), &[round]),
            1 => Changes::default().expecting(key(1, 7), None),
            _ => Changes::default(),
        };
        probe.commit(flush.flushing()).await?;
        probe.close();
        probe.harness.power_cut().await;
        let found = probe.record(key(1, 0)).await?.map(|stored| stored.body);
        same("a record that was flushed", found, Some(vec![round]))?;
        same("entries", probe.log(key(2, 0)).await?.len(), usize::from(round).saturating_add(1))?;
        same("events", probe.harness.events().await.len(), usize::from(round).saturating_add(1))?;
    }
    Ok(())
}

/// Of writes that were not flushed, a power cut leaves the first few, each whole.
pub(super) async fn prefixes(probe: &mut Probe<'_, impl Harness>) -> Checked {
    for cut in 0..8_u64 {
        probe.commit(Changes::default().deleting(key(1, 1)).putting(key(1, 0), &[0]).flushing()).await?;
        let entries = probe.log(key(2, cut)).await?.len();
        let events = probe.harness.events().await.len();
        for number in 1..=6_u8 {
            let write = Changes::default().putting(key(1, 0), &[number]).putting(key(1, 1), &[number]);
            probe.commit(write.appending(key(2, cut), number, &[number]).telling(&[number])).await?;
        }
        probe.close();
        probe.harness.power_cut().await;
        let one = probe.record(key(1, 0)).await?.map(|stored| stored.body);
        let left = one.as_ref().and_then(|body| body.first().copied()).ok_or("a flushed record is gone")?;
        that(left <= 6, || format!("a record nobody wrote: {left}"))?;
        let other = probe.record(key(1, 1)).await?.map(|stored| stored.body);
        same("two records of one write", other, (left > 0).then(|| vec![left]))?;
        let log = probe.log(key(2, cut)).await?;
        let numbers: Vec<_> = log.iter().flat_map(|entry| entry.body.clone()).collect();
        same("entries of the same writes", numbers, (1..=left).collect())?;
        let told = probe.harness.events().await.len();
        same("events of the same writes", told, events.saturating_add(left.into()))?;
        same("entries before", entries, 0)?;
    }
    Ok(())
}
