//! What the rules are written with: a store, and short forms of reading and writing.

use core::fmt::Debug;
use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use std::collections::VecDeque;

use super::Harness;
use crate::storage::effects::Changes;
use crate::storage::key::{ItemId, Key, Partition, Range, Table};
use crate::storage::loaded::{Entry, Loaded, Stored, Tail, Version, Want};
use crate::storage::store::{AsyncStore, Outcome};
use crate::storage::write::{Append, Expect, Put, Trim};

/// `Err` says what was found.
pub(super) type Checked<T = ()> = Result<T, String>;

pub(super) struct Probe<'a, H: Harness> {
    pub(super) harness: &'a mut H,
    open: Option<H::Store>,
    /// Other handles that stay open.
    others: VecDeque<H::Store>,
}

impl<'a, H: Harness> Probe<'a, H> {
    pub(super) fn new(harness: &'a mut H) -> Self {
        Self { harness, open: None, others: VecDeque::new() }
    }

    pub(super) async fn store(&mut self) -> &mut H::Store {
        let store = match self.open.take() {
            Some(store) => store,
            None => self.harness.open().await,
        };
        self.open.insert(store)
    }

    /// Closes all handles: what comes next goes through a new one.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.others.clear();
    }

    /// Goes on through another handle, of at most three that are open at the same time.
    pub(super) async fn turn(&mut self) {
        let next =
            if self.others.len() < 2 { Some(self.harness.open().await) } else { self.others.pop_front() };
        self.others.extend(core::mem::replace(&mut self.open, next));
    }

    pub(super) async fn load(&mut self, wants: &[Want]) -> Checked<Loaded> {
        load(self.store().await, wants).await
    }

    pub(super) async fn record(&mut self, key: Key) -> Checked<Option<Stored>> {
        record(self.store().await, key).await
    }

    pub(super) async fn version(&mut self, key: Key) -> Checked<Option<Version>> {
        Ok(self.record(key).await?.map(|stored| stored.version))
    }

    pub(super) async fn range(&mut self, range: Range) -> Checked<Vec<(Key, Stored)>> {
        let loaded = self.load(&[Want::First(range)]).await?;
        loaded.range(&range).map(<[_]>::to_vec).ok_or_else(|| format!("{range:?} is not answered"))
    }

    pub(super) async fn tail(&mut self, tail: Tail) -> Checked<Vec<Entry>> {
        let loaded = self.load(&[Want::Log(tail)]).await?;
        loaded.tail(&tail).map(<[_]>::to_vec).ok_or_else(|| format!("{tail:?} is not answered"))
    }

    /// A whole log, if it is a short one.
    pub(super) async fn log(&mut self, log: Key) -> Checked<Vec<Entry>> {
        self.tail(Tail::new(log, 0, 1_000)).await
    }

    pub(super) async fn apply(&mut self, changes: Changes) -> Checked<Outcome> {
        apply(self.store().await, &changes).await
    }

    pub(super) async fn commit(&mut self, changes: Changes) -> Checked {
        match self.apply(changes).await? {
            Outcome::Committed => Ok(()),
            Outcome::Conflict => Err("a conflict, though every expectation holds".to_owned()),
        }
    }
}

pub(super) async fn load<S: AsyncStore<Error: Debug>>(store: &mut S, wants: &[Want]) -> Checked<Loaded> {
    store.load(wants).await.map_err(|error| format!("load failed: {error:?}"))
}

pub(super) async fn record<S: AsyncStore<Error: Debug>>(store: &mut S, key: Key) -> Checked<Option<Stored>> {
    let loaded = load(store, &[Want::Record(key)]).await?;
    let record = loaded.record(&key).ok_or_else(|| format!("{key:?} is not answered"))?;
    Ok(record.cloned())
}

pub(super) async fn apply<S: AsyncStore<Error: Debug>>(store: &mut S, changes: &Changes) -> Checked<Outcome> {
    store.apply(&changes.write()).await.map_err(|error| format!("apply failed: {error:?}"))
}

impl Changes {
    pub(super) fn expecting(mut self, key: Key, version: Option<Version>) -> Self {
        self.expect.push(Expect { key, version });
        self
    }

    pub(super) fn deleting(mut self, key: Key) -> Self {
        self.delete.push(key);
        self
    }

    pub(super) fn putting(mut self, key: Key, body: &[u8]) -> Self {
        self.put.push(Put { key, body: body.to_vec() });
        self
    }

    pub(super) fn trimming(mut self, log: Key, through: u64) -> Self {
        self.trim.push(Trim { log, through });
        self
    }

    pub(super) fn appending(mut self, log: Key, id: u8, body: &[u8]) -> Self {
        self.append.push(Append { log, id: item(id), body: body.to_vec() });
        self
    }

    pub(super) fn telling(mut self, event: &[u8]) -> Self {
        self.events.push(event.to_vec());
        self
    }

    pub(super) const fn flushing(mut self) -> Self {
        self.flush = true;
        self
    }
}

pub(super) fn key(partition: u8, suffix: u64) -> Key {
    partition_of(partition).key(suffix)
}

pub(super) const fn partition_of(partition: u8) -> Partition {
    Partition::new(Table::SPECIMENS, [partition; 16])
}

pub(super) const fn item(id: u8) -> ItemId {
    ItemId::new([id; 16])
}

/// `Err` with both sides unless they are equal.
#[expect(clippy::needless_pass_by_value, reason = "callers have values, and the rules read better")]
pub(super) fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Checked {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {}, not {}", short(&found), short(&expected)))
    }
}

pub(super) fn that(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

fn short(value: &impl Debug) -> String {
    let mut text = format!("{value:?}");
    if let Some((end, _)) = text.char_indices().nth(300) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Runs two futures in turn, so that a store which takes its time has both writes before it at once.
pub(super) async fn both<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    core::future::poll_fn(|context| {
        if one.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            one = Some(output);
        }
        if other.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            other = Some(output);
        }
        match (one.take(), other.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (unfinished, unfinished_too) => {
                (one, other) = (unfinished, unfinished_too);
                Poll::Pending
            }
        }
    })
    .await
}
