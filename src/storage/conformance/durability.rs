//! Rules about events, handles, and what is left after a crash.

use super::Harness;
use super::probe::{Checked, Probe, apply, both, key, load, partition_of, record, same, that};
use crate::storage::effects::Changes;
use crate::storage::key::{ItemId, Key};
use crate::storage::limits;
use crate::storage::loaded::{Entry, Loaded, Tail, Want};
use crate::storage::store::{AsyncStore as _, Outcome};
use crate::storage::write::{Append, Expect, Put, Trim};

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
    let (subject, log) = (key(1, 0), key(2, 0));
    let (range, tail) = (partition_of(1).range(0..=u64::MAX, 100), Tail::new(log, 0, 100));
    let (mut one, mut other) = (probe.harness.open().await, probe.harness.open().await);
    // Whatever a handle might keep of what it has read, it has read it now.
    let everything = [Want::Record(subject), Want::First(range), Want::Log(tail)];
    let empty = load(&mut other, &everything).await?;
    same("a record of an empty store", empty.record(&subject), Some(None))?;
    for round in 0..10_u8 {
        let version = record(&mut one, subject).await?.map(|stored| stored.version);
        let write = Changes::default().expecting(subject, version).putting(subject, &[round]);
        let write = write.putting(key(1, u64::from(round).saturating_add(1)), &[round]);
        let write = write.appending(log, round, &[round]).telling(&[round]);
        same("a write", apply(&mut one, &write).await?, Outcome::Committed)?;
        let outcome = apply(&mut other, &write).await?;
        same("the same write through another handle", outcome, Outcome::Conflict)?;
        let loaded = load(&mut other, &everything).await?;
        let found = loaded.record(&subject).flatten().map(|stored| stored.body.clone());
        same("a record through another handle", found, Some(vec![round]))?;
        let rows = usize::from(round).saturating_add(2);
        same("a range through another handle", loaded.range(&range).map(<[_]>::len), Some(rows))?;
        let entries = loaded.tail(&tail).unwrap_or_default();
        let bodies: Vec<_> = entries.iter().flat_map(|entry| entry.body.clone()).collect();
        same("a log through another handle", bodies, (0..=round).collect())?;
        let numbers: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.number).collect();
        same("numbers given by two handles", numbers.len(), entries.len())?;
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

/// A write of [`limits::ROWS`] rows of whichever kinds is carried out whole, and so is one of [`limits::WRITE`] bytes; a load of
/// [`limits::WANTS`] is answered.
pub(super) async fn size(probe: &mut Probe<'_, impl Harness>) -> Checked {
    let rows = limits::ROWS / 4;
    let keys: Vec<_> = (0..).take(rows).map(|suffix| key(1, suffix)).collect();
    let put = |key: &Key| Put { key: *key, body: vec![1; 100] };
    let append = |key: &Key| Append {
        log: key_of_log(),
        id: long_item(key.suffix()),
        body: key.suffix().to_be_bytes().to_vec(),
    };
    let write = Changes {
        expect: keys.iter().map(|key| Expect { key: *key, version: None }).collect(),
        put: keys.iter().map(put).collect(),
        append: keys.iter().map(append).collect(),
        events: keys.iter().map(|key| key.suffix().to_be_bytes().to_vec()).collect(),
        ..Changes::default()
    };
    same("rows", write.rows(), limits::ROWS)?;
    probe.commit(write).await?;
    let wants: Vec<_> = keys.iter().map(|key| Want::Record(*key)).take(limits::WANTS).collect();
    let loaded = probe.load(&wants).await?;
    let there =
        |loaded: &Loaded| keys.iter().filter(|key| matches!(loaded.record(key), Some(Some(_)))).count();
    same("records of a large write", there(&loaded), rows)?;
    same("events of a large write", probe.harness.events().await.len(), rows)?;
    let (mut after, mut entries) = (0, 0_usize);
    while let Some(last) = probe.tail(Tail::new(key_of_log(), after, 1_000)).await?.last() {
        let page = probe.tail(Tail::new(key_of_log(), after, 1_000)).await?;
        let is_right = |(entry, at): (&Entry, usize)| entry.body.last() == at.to_be_bytes().last();
        that(page.iter().zip(entries..).all(is_right), || {
            "entries of a large write are in another order".to_owned()
        })?;
        entries = entries.saturating_add(page.len());
        after = last.number;
    }
    same("entries of a large write", entries, rows)?;

    let trim = (0..).take(rows).map(|suffix| Trim { log: key(4, suffix), through: 1 }).collect();
    probe.commit(Changes { delete: keys.clone(), trim, ..Changes::default() }).await?;
    let loaded = probe.load(&wants).await?;
    same("records left by a large write of deletions", there(&loaded), 0)?;

    let bodies = limits::WRITE / limits::BODY;
    let large = (0..).take(bodies).map(|suffix| Put { key: key(3, suffix), body: vec![3; limits::BODY] });
    probe.commit(Changes { put: large.collect(), ..Changes::default() }).await?;
    for suffix in (0..).take(bodies) {
        let found = probe.record(key(3, suffix)).await?.map(|stored| stored.body);
        that(found == Some(vec![3; limits::BODY]), || "a large record of a large write is cut".to_owned())?;
    }
    Ok(())
}

fn key_of_log() -> Key {
    key(2, 0)
}

fn long_item(number: u64) -> ItemId {
    let mut id = [0; 16];
    id.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    ItemId::new(id)
}

/// A lock ends with a write, with a conflict, by itself, and with its handle, and does not keep its own handle from anything.
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
        one.unlock();
        one.unlock();
        same(
            "a write after it",
            apply(&mut other, &Changes::default().telling(b"3")).await?,
            Outcome::Committed,
        )?;
        let found = record(&mut other, subject).await?.map(|stored| stored.body);
        same("a record written under a lock", found, Some(vec![round]))?;
    }
    one.lock().await.map_err(failed)?;
    drop(one);
    same(
        "a write after a handle with a lock",
        apply(&mut other, &Changes::default().telling(b"4")).await?,
        Outcome::Committed,
    )?;
    same("events", probe.harness.events().await.len(), 10)
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
        // What another handle has written counts too.
        if round % 2 == 1 {
            probe.turn().await;
        }
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
