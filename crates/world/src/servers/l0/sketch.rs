//! The rules of `docs/PROTOCOL.md` §7.4 once more, as short as they can be, and without a part of them if that is asked for. Hashes are the
//! items themselves.

use super::rules::{Code, Item, Rules};

/// A part that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Without {
    /// The receiver says how far it is, and nothing more: a plain high-water mark
    Hashes,
    /// The receiver does not keep what it said about the last batch
    Verdicts,
    /// The sender raises no epoch when the two differ, but goes back to the last place that fits
    Epochs,
    /// Any answer counts, not only that to the outstanding request
    Outstanding,
}

/// The rules.
#[derive(Clone, Copy, Debug)]
pub struct Sketch(pub Option<Without>);

/// What has become of an entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Decided,
    /// It waits elsewhere.
    Parked,
}

/// §7.4, sender.
#[derive(Clone, Debug)]
pub struct Sender {
    epoch: u8,
    acked: usize,
    log: Vec<(Item, Fate)>,
    outstanding: Option<u32>,
}

/// §7.4, receiver. The items so far stand for the hash.
#[derive(Clone, Debug)]
pub struct Receiver {
    epoch: u8,
    items: Vec<Item>,
    last_first: usize,
    verdicts: Vec<Code>,
}

/// `items` follow those `before`.
#[derive(Clone, Debug)]
pub struct Batch {
    epoch: u8,
    before: Vec<Item>,
    items: Vec<Item>,
}

impl Sketch {
    fn lacks(self, part: Without) -> bool {
        self.0 == Some(part)
    }
}

impl Sender {
    fn items(&self, count: usize) -> Vec<Item> {
        self.log.iter().take(count).map(|&(item, _)| item).collect()
    }

    /// Everything that is retained, from the beginning.
    fn raise(&mut self, other: u8) {
        self.epoch = self.epoch.max(other) + 1;
        self.acked = 0;
        self.log.retain(|&(_, fate)| fate != Fate::Parked);
    }

    /// The verdicts on what lies between `acked` and the position. What is not said counts as accepted.
    fn judge(&mut self, position: &Receiver) -> Vec<(Item, Code)> {
        let mut said = Vec::new();
        for number in self.acked..position.items.len() {
            let at = number.checked_sub(position.last_first);
            let code = at.and_then(|at| position.verdicts.get(at)).copied().unwrap_or(Code::Accepted);
            let Some(&(item, _)) = self.log.get(number) else { continue };
            self.log[number].1 = if code == Code::Busy { Fate::Parked } else { Fate::Decided };
            let waits = self.log.iter().skip(number + 1).any(|&entry| entry == (item, Fate::Open));
            if code != Code::Busy || !waits {
                said.push((item, code));
            }
        }
        said
    }
}

impl Rules for Sketch {
    type Sender = Sender;
    type Receiver = Receiver;
    type Batch = Batch;
    type Position = Receiver;

    fn sender(&self) -> Sender {
        Sender { epoch: 1, acked: 0, log: Vec::new(), outstanding: None }
    }

    fn receiver(&self) -> Receiver {
        Receiver { epoch: 0, items: Vec::new(), last_first: 0, verdicts: Vec::new() }
    }

    fn enqueue(&self, sender: &mut Sender, item: Item) {
        sender.log.push((item, Fate::Open));
    }

    fn pending(&self, sender: &Sender) -> usize {
        sender.log.len().saturating_sub(sender.acked)
    }

    fn is_pending(&self, sender: &Sender, item: Item) -> bool {
        sender.log.iter().skip(sender.acked).any(|entry| *entry == (item, Fate::Open))
    }

    fn send(&self, sender: &mut Sender, request: u32, items: usize) -> Batch {
        sender.outstanding = Some(request);
        let entries = sender.log.iter().skip(sender.acked).take(items);
        let items = entries.map(|&(item, _)| item).collect();
        Batch { epoch: sender.epoch, before: sender.items(sender.acked), items }
    }

    fn outstanding(&self, sender: &Sender) -> Option<u32> {
        sender.outstanding
    }

    fn hears_all(&self) -> bool {
        self.lacks(Without::Outstanding)
    }

    fn receive(
        &self,
        receiver: &mut Receiver,
        batch: &Batch,
        decide: &mut dyn FnMut(Item) -> Code,
    ) -> Receiver {
        let is_newer = batch.epoch > receiver.epoch && batch.before.is_empty() && !batch.items.is_empty();
        let fits = batch.epoch == receiver.epoch && batch.before == receiver.items;
        // By number alone: what was there before is not told from what comes again.
        let counts = self.lacks(Without::Hashes) && batch.before.len() <= receiver.items.len();
        if is_newer && !(counts && receiver.epoch > 0) {
            *receiver = Receiver { epoch: batch.epoch, ..self.receiver() };
        } else if counts {
            let known = receiver.items.len() - batch.before.len();
            let new = batch.items.get(known..).unwrap_or_default().to_vec();
            if !new.is_empty() {
                take(receiver, &new, decide);
            }
            return receiver.clone();
        } else if !fits {
            return receiver.clone();
        }
        if !batch.items.is_empty() {
            take(receiver, &batch.items, decide);
        }
        let said = receiver.clone();
        if self.lacks(Without::Verdicts) {
            receiver.verdicts.clear();
        }
        said
    }

    fn apply(&self, sender: &mut Sender, request: u32, position: &Receiver) -> Vec<(Item, Code)> {
        if sender.outstanding != Some(request) && !self.lacks(Without::Outstanding) {
            return Vec::new();
        }
        sender.outstanding = None;
        let next = position.items.len();
        if self.lacks(Without::Hashes) {
            let said = sender.judge(position);
            sender.acked = next;
            return said;
        }
        // Without the epochs the verdicts that were missed are missed for good.
        let is_known = position.last_first <= sender.acked || self.lacks(Without::Epochs);
        if position.epoch == sender.epoch && sender.items(next) == position.items && is_known {
            let said = sender.judge(position);
            sender.acked = next;
            return said;
        }
        let is_under_way = position.epoch < sender.epoch && sender.acked == 0;
        if self.lacks(Without::Epochs) {
            let alike = sender.log.iter().zip(&position.items).take_while(|(own, theirs)| own.0 == **theirs);
            sender.acked = alike.count();
        } else if !is_under_way {
            sender.raise(position.epoch);
        }
        Vec::new()
    }

    fn agree(&self, sender: &Sender, receiver: &Receiver) -> bool {
        // Whoever counts only sees no difference.
        self.lacks(Without::Hashes)
            || sender.epoch == receiver.epoch && sender.items(receiver.items.len()) == receiver.items
            || receiver.epoch < sender.epoch && sender.acked == 0
    }

    fn epoch(&self, sender: &Sender) -> u64 {
        sender.epoch.into()
    }

    fn encode_sender(&self, sender: &Sender, to: &mut Vec<u8>) {
        to.extend([sender.epoch, length(sender.acked), length(sender.log.len())]);
        to.extend(sender.log.iter().flat_map(|&(item, fate)| [item, fate as u8]));
    }

    fn encode_receiver(&self, receiver: &Receiver, to: &mut Vec<u8>) {
        to.extend([receiver.epoch, length(receiver.last_first), length(receiver.items.len())]);
        to.extend(&receiver.items);
        to.push(length(receiver.verdicts.len()));
        to.extend(receiver.verdicts.iter().map(|&code| code as u8));
    }

    fn encode_batch(&self, batch: &Batch, to: &mut Vec<u8>) {
        to.extend([batch.epoch, length(batch.before.len()), length(batch.items.len())]);
        to.extend(batch.before.iter().chain(&batch.items));
    }

    fn encode_position(&self, position: &Receiver, to: &mut Vec<u8>) {
        self.encode_receiver(position, to);
    }
}

fn take(receiver: &mut Receiver, items: &[Item], decide: &mut dyn FnMut(Item) -> Code) {
    receiver.last_first = receiver.items.len();
    receiver.verdicts = items.iter().map(|&item| decide(item)).collect();
    receiver.items.extend(items);
}

fn length(length: usize) -> u8 {
    u8::try_from(length).unwrap()
}
