//! A simulated disk with the manners of IndexedDB: it takes its time, serves transactions in turn, and forgets in a power cut what
//! was not flushed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use sottovoce::storage::{
    Append, AsyncStore, Key, Loaded, MemoryStore, Outcome, Put, Snapshot, Store, Trim, Want, Write,
};

/// What all handles share.
#[derive(Clone, Debug, Default)]
pub struct Disk(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    content: RefCell<Content>,
    /// Transactions that wait or run, by ticket, in the order in which they were begun.
    queue: RefCell<VecDeque<u64>>,
    tickets: Cell<u64>,
    /// What the next operation does instead, if it is its turn.
    fault: RefCell<Option<(u64, Fault)>>,
}

#[derive(Debug, Default)]
struct Content {
    now: MemoryStore,
    durable: MemoryStore,
    /// Writes since the last flush.
    pending: Vec<Owned>,
    /// How many writes there were.
    writes: u64,
}

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not carried out.
    Before,
    /// It is carried out, and nobody is told.
    After,
}

/// A handle. Every operation takes `patience` turns before it is carried out, and as many afterwards.
#[derive(Debug)]
pub struct Handle {
    disk: Disk,
    patience: u32,
    /// Its turn, held for longer than one transaction, as the Web Locks of a browser allow.
    lock: Option<Turn>,
}

/// The disk stopped answering in a write. Whether that was carried out is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle whose operations take their time.
    pub fn open(&self, patience: u32) -> Handle {
        Handle { disk: self.clone(), patience, lock: None }
    }

    /// The power fails: of the writes since the last flush the first `kept` are left, or all if there are fewer.
    pub fn power_cut(&self, kept: usize) {
        let mut content = self.0.content.borrow_mut();
        let pending = std::mem::take(&mut content.pending);
        for write in pending.iter().take(kept) {
            let Ok(_) = content.durable.apply(&write.borrow());
        }
        content.now = content.durable.clone();
        self.0.queue.borrow_mut().clear();
    }

    /// How many writes a power cut could take away.
    pub fn unflushed(&self) -> usize {
        self.0.content.borrow().pending.len()
    }

    /// Whether somebody has its turn, or waits for it.
    pub fn is_taken(&self) -> bool {
        !self.0.queue.borrow().is_empty()
    }

    /// How many writes there were, conflicts included.
    pub fn writes(&self) -> u64 {
        self.0.content.borrow().writes
    }

    /// Lets write number `number`, counted from 0, fail.
    pub fn fail(&self, number: u64, fault: Fault) {
        *self.0.fault.borrow_mut() = Some((number, fault));
    }

    /// All that is on the disk.
    pub fn snapshot(&self) -> Snapshot {
        self.0.content.borrow().now.snapshot()
    }

    /// Makes the disk what it was.
    pub fn restore(&self, snapshot: &Snapshot) {
        let mut content = self.0.content.borrow_mut();
        content.now.restore(snapshot);
        content.durable.restore(snapshot);
        content.pending.clear();
    }

    /// The events of all writes, in order.
    pub fn events(&self) -> Vec<Vec<u8>> {
        self.0.content.borrow().now.events().to_vec()
    }

    fn write(&self, write: &Write<'_>) -> Result<Outcome, Lost> {
        let mut content = self.0.content.borrow_mut();
        let number = content.writes;
        content.writes = number.saturating_add(1);
        let fault = self.0.fault.borrow().filter(|(at, _)| *at == number).map(|(_, fault)| fault);
        if fault == Some(Fault::Before) {
            return Err(Lost);
        }
        let Ok(outcome) = content.now.apply(write);
        if outcome == Outcome::Committed {
            content.pending.push(Owned::of(write));
            if write.flush {
                content.durable = content.now.clone();
                content.pending.clear();
            }
        }
        if fault == Some(Fault::After) { Err(Lost) } else { Ok(outcome) }
    }
}

impl Handle {
    /// Waits until it is this transaction's turn; while it is held no other begins.
    async fn turn(&self) -> Turn {
        let ticket = self.disk.0.tickets.get();
        self.disk.0.tickets.set(ticket.wrapping_add(1));
        self.disk.0.queue.borrow_mut().push_back(ticket);
        let turn = Turn { disk: self.disk.clone(), ticket };
        poll_fn(|context| {
            // After a power cut the queue is empty.
            let first = self.disk.0.queue.borrow().front().copied();
            if first.is_none_or(|first| first == ticket) { Poll::Ready(()) } else { again(context) }
        })
        .await;
        pause(self.patience).await;
        turn
    }
}

#[derive(Debug)]
struct Turn {
    disk: Disk,
    ticket: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.disk.0.queue.borrow_mut().retain(|ticket| *ticket != self.ticket);
    }
}

impl AsyncStore for Handle {
    type Error = Lost;

    async fn load(&mut self, wants: &[Want]) -> Result<Loaded, Lost> {
        let turn = if self.lock.is_some() { None } else { Some(self.turn().await) };
        let Ok(loaded) = self.disk.0.content.borrow_mut().now.load(wants);
        drop(turn);
        pause(self.patience).await;
        Ok(loaded)
    }

    async fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Lost> {
        let turn = match self.lock.take() {
            Some(turn) => turn,
            None => self.turn().await,
        };
        let outcome = self.disk.write(write);
        drop(turn);
        pause(self.patience).await;
        outcome
    }

    async fn lock(&mut self) -> Result<(), Lost> {
        if self.lock.is_none() {
            self.lock = Some(self.turn().await);
        }
        Ok(())
    }

    fn unlock(&mut self) {
        self.lock = None;
    }
}

/// The same disk without waiting.
impl Store for Disk {
    type Error = Lost;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Lost> {
        let Ok(loaded) = self.0.content.borrow_mut().now.load(wants);
        Ok(loaded)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Lost> {
        self.write(write)
    }
}

/// Lets others run, this many times.
pub async fn pause(turns: u32) {
    for _ in 0..turns {
        let mut is_first = true;
        poll_fn(|context| if std::mem::take(&mut is_first) { again(context) } else { Poll::Ready(()) }).await;
    }
}

fn again<T>(context: &Context<'_>) -> Poll<T> {
    context.waker().wake_by_ref();
    Poll::Pending
}

/// Runs futures in turn until all have ended.
pub async fn all(mut futures: Vec<Pin<Box<dyn Future<Output = ()>>>>) {
    poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Runs a future that is always about to go on, as all here are.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// A write that was kept, to be carried out again. Its expectations have held.
#[derive(Debug)]
struct Owned {
    delete: Vec<Key>,
    put: Vec<Put>,
    trim: Vec<Trim>,
    append: Vec<Append>,
    events: Vec<Vec<u8>>,
}

impl Owned {
    fn of(write: &Write<'_>) -> Self {
        let Write { expect: _, delete, put, trim, append, events, flush: _ } = write;
        Self {
            delete: delete.to_vec(),
            put: put.to_vec(),
            trim: trim.to_vec(),
            append: append.to_vec(),
            events: events.to_vec(),
        }
    }

    fn borrow(&self) -> Write<'_> {
        let Self { delete, put, trim, append, events } = self;
        Write { expect: &[], delete, put, trim, append, events, flush: false }
    }
}
