//! What the two sides of a stream do, behind a trait: the library's rules, and rules that lack something.

use std::fmt::Debug;

/// An item is a number from 0.
pub type Item = u8;

/// What is said about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// It was delivered.
    Accepted,
    /// It was refused.
    Refused,
    /// Again later.
    Busy,
}

/// What becomes of an item at the receiver, whenever it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It is delivered.
    Accepted,
    /// It is refused.
    Refused,
    /// It is put off the first time, and delivered the next.
    Busy,
}

/// The rules of a stream.
pub trait Rules: Clone + Debug + Sync {
    /// What the sender keeps.
    type Sender: Clone + Debug + Send + Sync;
    /// What the receiver keeps.
    type Receiver: Clone + Debug + Send + Sync;
    /// What goes to the receiver.
    type Batch: Clone + Debug + Send + Sync;
    /// What comes back.
    type Position: Clone + Debug + Send + Sync;

    /// A sender that has never sent.
    fn sender(&self) -> Self::Sender;
    /// A receiver that has never received.
    fn receiver(&self) -> Self::Receiver;
    /// Takes an item into custody.
    fn enqueue(&self, sender: &mut Self::Sender, item: Item);
    /// How many items wait to be sent.
    fn pending(&self, sender: &Self::Sender) -> usize;
    /// Whether the item is among them, and nothing has been said about it.
    fn is_pending(&self, sender: &Self::Sender, item: Item) -> bool;
    /// The first so many of them, in a request of this number.
    fn send(&self, sender: &mut Self::Sender, request: u32, items: usize) -> Self::Batch;
    /// The request whose answer counts.
    fn outstanding(&self, sender: &Self::Sender) -> Option<u32>;
    /// What the receiver makes of a batch.
    fn receive(
        &self,
        receiver: &mut Self::Receiver,
        batch: &Self::Batch,
        decide: &mut dyn FnMut(Item) -> Code,
    ) -> Self::Position;
    /// Whether it listens to answers to other requests too, which is wrong.
    fn hears_all(&self) -> bool {
        false
    }
    /// What the sender makes of the answer to a request: verdicts on items.
    fn apply(&self, sender: &mut Self::Sender, request: u32, position: &Self::Position) -> Vec<(Item, Code)>;
    /// Whether the receiver stands where the sender believes, or at something that the sender sends.
    fn agree(&self, sender: &Self::Sender, receiver: &Self::Receiver) -> bool;
    /// The epoch of the sender.
    fn epoch(&self, sender: &Self::Sender) -> u64;

    /// All of a sender but its outstanding request, for comparison.
    fn encode_sender(&self, sender: &Self::Sender, to: &mut Vec<u8>);
    /// All of a receiver.
    fn encode_receiver(&self, receiver: &Self::Receiver, to: &mut Vec<u8>);
    /// All of a batch.
    fn encode_batch(&self, batch: &Self::Batch, to: &mut Vec<u8>);
    /// All of a position.
    fn encode_position(&self, position: &Self::Position, to: &mut Vec<u8>);
}
