//! One stream between a sender and a receiver, a network that does what it wants, and backups that are put back.

use std::fmt;

use super::check;
use super::rules::{Code, Item, Rules, Truth};
use crate::servers::explore::Model;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Items that are enqueued.
    pub items: u8,
    /// How often each side may be restored.
    pub restores: u8,
    /// Frames under way, in each direction.
    pub frames: usize,
    /// Backups that each side keeps.
    pub backups: usize,
    /// A receiver that was restored may be busy again with what it took before.
    pub relapses: bool,
}

/// The model, for items of these fates.
#[derive(Debug)]
pub struct Stream<R> {
    pub(super) rules: R,
    pub(super) bounds: Bounds,
    pub(super) truths: Vec<Truth>,
}

/// One side, its backups, and how often it was restored.
#[derive(Clone, Debug)]
pub struct Party<S> {
    pub(super) live: S,
    pub(super) backups: Vec<S>,
    pub(super) restores: u8,
}

/// All that the sender's store holds.
#[derive(Clone, Debug)]
pub struct Sending<R: Rules> {
    pub(super) stream: R::Sender,
    /// Items that it has ever taken, as far as it remembers.
    pub(super) taken: Vec<Item>,
    /// Items that wait to be enqueued again.
    pub(super) parked: Vec<Item>,
    /// Statuses, the last of each item.
    pub(super) reported: Vec<(Item, Code)>,
}

/// All that the receiver's store holds.
#[derive(Clone, Debug)]
pub struct Receiving<R: Rules> {
    pub(super) stream: R::Receiver,
    pub(super) delivered: Vec<Item>,
    pub(super) refused: Vec<Item>,
    pub(super) put_off: Vec<Item>,
}

/// A state of the world.
#[derive(Clone, Debug)]
pub struct State<R: Rules> {
    pub(super) sender: Party<Sending<R>>,
    pub(super) receiver: Party<Receiving<R>>,
    pub(super) requests: Vec<(u32, R::Batch)>,
    pub(super) replies: Vec<(u32, R::Position)>,
    pub(super) enqueued: Item,
    /// Items that were ever delivered, also in times that were undone.
    pub(super) ever: Vec<Item>,
    pub(super) last_request: u32,
}

/// Something that happens. Frames under way are counted from 0.
#[derive(Clone, Debug)]
pub enum Event {
    /// A user hands in the next item.
    Enqueue,
    /// An item that was put off goes to the end of the log.
    Retry(Item),
    /// The sender sends a batch of so many of the items that wait.
    Send(usize),
    /// This batch arrives.
    Request {
        /// Which one.
        frame: usize,
        /// It comes again later.
        stays: bool,
    },
    /// This answer arrives.
    Reply {
        /// Which one.
        frame: usize,
        /// It comes again later.
        stays: bool,
    },
    /// This batch never arrives.
    LoseRequest(usize),
    /// This answer never arrives.
    LoseReply(usize),
    /// The sender's store is copied.
    BackUpSender,
    /// The receiver's store is copied.
    BackUpReceiver,
    /// A copy of the sender's store is put back.
    RestoreSender(usize),
    /// A copy of the receiver's store is put back.
    RestoreReceiver(usize),
}

impl<R: Rules> Model for Stream<R> {
    type State = State<R>;
    type Event = Event;

    fn start(&self) -> State<R> {
        let (sender, receiver) = (self.rules.sender(), self.rules.receiver());
        let sending = Sending { stream: sender, taken: Vec::new(), parked: Vec::new(), reported: Vec::new() };
        let (delivered, refused, put_off) = (Vec::new(), Vec::new(), Vec::new());
        State {
            sender: Party::new(sending),
            receiver: Party::new(Receiving { stream: receiver, delivered, refused, put_off }),
            requests: Vec::new(),
            replies: Vec::new(),
            enqueued: 0,
            ever: Vec::new(),
            last_request: 0,
        }
    }

    fn events(&self, state: &State<R>) -> Vec<Event> {
        let mut events = Vec::new();
        let sender = &state.sender.live;
        if state.enqueued < self.bounds.items {
            events.push(Event::Enqueue);
        }
        events.extend(sender.parked.iter().map(|&item| Event::Retry(item)));
        if state.requests.len() < self.bounds.frames {
            events.extend((0..=self.rules.pending(&sender.stream)).map(Event::Send));
        }
        let both = |count: usize| (0..count).flat_map(|frame| [(frame, false), (frame, true)]);
        events.extend(both(state.requests.len()).map(|(frame, stays)| Event::Request { frame, stays }));
        events.extend(both(state.replies.len()).map(|(frame, stays)| Event::Reply { frame, stays }));
        events.extend((0..state.requests.len()).map(Event::LoseRequest));
        events.extend((0..state.replies.len()).map(Event::LoseReply));
        if state.sender.restores < self.bounds.restores {
            events.push(Event::BackUpSender);
            events.extend((0..state.sender.backups.len()).map(Event::RestoreSender));
        }
        if state.receiver.restores < self.bounds.restores {
            events.push(Event::BackUpReceiver);
            events.extend((0..state.receiver.backups.len()).map(Event::RestoreReceiver));
        }
        events
    }

    fn step(&self, state: &State<R>, event: &Event) -> Result<State<R>, String> {
        let mut next = state.clone();
        match *event {
            Event::Enqueue => {
                next.sender.live.take(&self.rules, next.enqueued);
                next.enqueued += 1;
            }
            Event::Retry(item) => self.retry(&mut next, item),
            Event::Send(items) => self.send(&mut next, items),
            Event::Request { frame, stays } => self.request(&mut next, frame, stays),
            Event::Reply { frame, stays } => {
                let (request, position) = next.replies[frame].clone();
                if !stays {
                    drop(next.replies.remove(frame));
                }
                self.reply(&mut next, request, &position)?;
            }
            Event::LoseRequest(frame) => drop(next.requests.remove(frame)),
            Event::LoseReply(frame) => drop(next.replies.remove(frame)),
            Event::BackUpSender => next.sender.back_up(self.bounds.backups),
            Event::BackUpReceiver => next.receiver.back_up(self.bounds.backups),
            Event::RestoreSender(backup) => next.sender.restore(backup, self.bounds.restores),
            Event::RestoreReceiver(backup) => {
                let put_off = core::mem::take(&mut next.receiver.live.put_off);
                next.receiver.restore(backup, self.bounds.restores);
                if !self.bounds.relapses {
                    next.receiver.live.put_off = put_off;
                }
            }
        }
        self.forget(&mut next);
        Ok(next)
    }

    fn check(&self, state: &State<R>) -> Result<(), String> {
        check::always(self, state)?;
        check::in_the_end(self, state)
    }

    fn encode(&self, state: &State<R>) -> Vec<u8> {
        super::encoding::encode(self, state)
    }
}

impl<R: Rules> Stream<R> {
    /// The model of these rules.
    pub fn new(rules: R, bounds: &Bounds, truths: &[Truth]) -> Self {
        Self { rules, bounds: *bounds, truths: truths.to_vec() }
    }

    pub(super) fn retry(&self, state: &mut State<R>, item: Item) {
        state.sender.live.parked.retain(|&other| other != item);
        self.rules.enqueue(&mut state.sender.live.stream, item);
    }

    pub(super) fn send(&self, state: &mut State<R>, items: usize) {
        state.last_request += 1;
        let batch = self.rules.send(&mut state.sender.live.stream, state.last_request, items);
        state.requests.push((state.last_request, batch));
    }

    /// The receiver takes a request and answers, if the answer finds room.
    pub(super) fn request(&self, state: &mut State<R>, frame: usize, stays: bool) {
        let (request, batch) = state.requests[frame].clone();
        if !stays {
            drop(state.requests.remove(frame));
        }
        let Receiving { stream, delivered, refused, put_off } = &mut state.receiver.live;
        let position = self.rules.receive(stream, &batch, &mut |item| {
            match self.truths[usize::from(item)] {
                Truth::Busy if !put_off.contains(&item) => put_off.push(item),
                Truth::Refused => refused.push(item),
                Truth::Accepted | Truth::Busy => {
                    delivered.push(item);
                    state.ever.push(item);
                    return Code::Accepted;
                }
            }
            if put_off.contains(&item) { Code::Busy } else { Code::Refused }
        });
        for items in [refused, put_off, &mut state.ever] {
            items.sort_unstable();
            items.dedup();
        }
        if state.replies.len() < self.bounds.frames {
            state.replies.push((request, position));
        }
    }

    pub(super) fn reply(
        &self,
        state: &mut State<R>,
        request: u32,
        position: &R::Position,
    ) -> Result<(), String> {
        for (item, code) in self.rules.apply(&mut state.sender.live.stream, request, position) {
            check::report(self, state, item, code)?;
            let sender = &mut state.sender.live;
            if code == Code::Busy {
                sender.parked.retain(|&other| other != item);
                sender.parked.push(item);
            } else {
                sender.reported.retain(|&(other, _)| other != item);
                sender.reported.push((item, code));
                sender.reported.sort_unstable();
            }
        }
        Ok(())
    }

    /// Answers to which nobody listens, now or after a restore, are as good as lost.
    fn forget(&self, state: &mut State<R>) {
        let senders = state.sender.backups.iter().chain([&state.sender.live]);
        let counts: Vec<_> = senders.filter_map(|sender| self.rules.outstanding(&sender.stream)).collect();
        if !self.rules.hears_all() {
            state.replies.retain(|(request, _)| counts.contains(request));
        }
    }
}

impl<R: Rules> Sending<R> {
    fn take(&mut self, rules: &R, item: Item) {
        rules.enqueue(&mut self.stream, item);
        self.taken.push(item);
    }

    pub(super) fn status(&self, item: Item) -> Option<Code> {
        self.reported.iter().find(|&&(other, _)| other == item).map(|&(_, code)| code)
    }
}

impl<S: Clone> Party<S> {
    const fn new(live: S) -> Self {
        Self { live, backups: Vec::new(), restores: 0 }
    }

    fn back_up(&mut self, most: usize) {
        if self.backups.len() == most {
            drop(self.backups.remove(0));
        }
        self.backups.push(self.live.clone());
    }

    fn restore(&mut self, backup: usize, most: u8) {
        self.live = self.backups[backup].clone();
        self.restores += 1;
        if self.restores == most {
            self.backups.clear();
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = |stays: bool| if stays { ", and stays under way" } else { "" };
        match *self {
            Self::Enqueue => f.write_str("an item is enqueued"),
            Self::Retry(item) => write!(f, "item {} is enqueued again", item + 1),
            Self::Send(items) => write!(f, "the sender sends a batch of {items}"),
            Self::Request { frame, stays } => write!(f, "batch {frame} under way arrives{}", again(stays)),
            Self::Reply { frame, stays } => write!(f, "answer {frame} under way arrives{}", again(stays)),
            Self::LoseRequest(frame) => write!(f, "batch {frame} under way is lost"),
            Self::LoseReply(frame) => write!(f, "answer {frame} under way is lost"),
            Self::BackUpSender => f.write_str("the sender is backed up"),
            Self::BackUpReceiver => f.write_str("the receiver is backed up"),
            Self::RestoreSender(backup) => write!(f, "the sender is restored from backup {backup}"),
            Self::RestoreReceiver(backup) => write!(f, "the receiver is restored from backup {backup}"),
        }
    }
}
