//! What a step writes.

use super::key::{ItemId, Key};
use super::loaded::Version;

/// One transaction: all of it or nothing.
///
/// A store carries it out in the order of the fields. It takes the fields apart with `let Write { expect, put, … } = write`, so
/// that it stops compiling when the contract gets a new one. No key occurs twice among puts and deletions, no log twice
/// among the trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write<'a> {
    /// If any of these does not hold: [`Outcome::Conflict`](super::Outcome::Conflict), and nothing has changed.
    pub expect: &'a [Expect],
    /// Records to delete, whether they are there or not.
    pub delete: &'a [Key],
    /// Records to put in place of what is there, each under a new version.
    pub put: &'a [Put],
    /// Beginnings of logs to delete.
    pub trim: &'a [Trim],
    /// Entries to append, in this order. One whose id its log holds already is passed over.
    pub append: &'a [Append],
    /// For the application, which may put rows of its own into the same transaction.
    pub events: &'a [Vec<u8>],
    /// Whether this write, and every one before it, must survive a power cut before the store answers.
    pub flush: bool,
}

/// What a step decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// A record …
    pub key: Key,
    /// … and the version that it has; `None` if there is none.
    pub version: Option<Version>,
}

/// A record to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Where.
    pub key: Key,
    /// The sealed record.
    pub body: Vec<u8>,
}

/// A log whose beginning is not needed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// The log.
    pub log: Key,
    /// The last number to delete. Numbers go on from where they were.
    pub through: u64,
}

/// An entry to append to a log. The store numbers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The log.
    pub log: Key,
    /// The entry's id.
    pub id: ItemId,
    /// The sealed entry.
    pub body: Vec<u8>,
}
