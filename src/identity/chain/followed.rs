//! Following a chain: the newest manifest, or the evidence of a fork. `docs/PROTOCOL.md` §4.5.
//!
//! ```text
//!            newer                     newer (ends it)
//!           ┌─────┐        twin       ┌───────────────┐
//!           ▼     │     ┌─────────────┴──┐            │
//!        ┌────────┴─┐   │  two twins     │            │
//!        │   one    ├──▶└──────┬─────────┘            │
//!        │          │◀─────────┼──────────────────────┘
//!        └──▲────┬──┘          │ contradiction
//!    higher │    │ contradiction
//!      term │    ▼             ▼
//!        ┌──┴──────────────────────┐
//!        │      contradiction      │
//!        └─────────────────────────┘
//! ```

use super::evidence::ForkEvidence;
use super::header::Order;
use super::manifest::Subject;
use crate::crypto::hash::Hash;
use crate::identity::{IdentityError, Verified};

/// What is known of a chain. It depends on which manifests arrived, not on their order.
#[derive(Clone, Debug)]
pub struct Followed<T> {
    held: Verified<T>,
    fork: Option<Fork<T>>,
}

/// The other side of a fork, in the term of what is held.
#[derive(Clone, Debug)]
struct Fork<T> {
    other: Verified<T>,
    lasts_for_the_term: bool,
}

/// What a manifest that arrived has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing: it was known.
    Known,
    /// It is held now.
    Newer,
    /// The chain has forked, now or before ([`Followed::evidence`] was there already): it has the proof.
    Forked,
}

/// What a peer's mention of a manifest means for one's own view of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// The peer holds the same.
    Same,
    /// The peer holds an older one, and should be given the newer.
    PeerIsBehind,
    /// The peer knows one that is newer, or one of the same order that differs: fetch before the next send.
    Refetch,
}

impl<T: Subject> Followed<T> {
    /// Begins with the first manifest seen of a chain.
    pub const fn new(first: Verified<T>) -> Self {
        Self { held: first, fork: None }
    }

    /// The manifest to act on. [`IdentityError::Forked`] while there are two. Whether its account is still who it was, is asked of
    /// [`ContactTrust::permits`](crate::identity::trust::ContactTrust::permits).
    pub fn current(&self) -> Result<&Verified<T>, IdentityError> {
        if self.fork.is_some() { Err(IdentityError::Forked) } else { Ok(&self.held) }
    }

    /// The two sides of a fork, if there is one, for storing: learning both again leads to the same state.
    pub fn sides(&self) -> Option<[&Verified<T>; 2]> {
        self.fork.as_ref().map(|fork| [&self.held, &fork.other])
    }

    /// The proof of a fork, if there is one, for anyone.
    pub fn evidence(&self) -> Option<ForkEvidence> {
        self.sides().map(|[first, second]| ForkEvidence {
            kind: T::KIND,
            first: first.chain().path(),
            second: second.chain().path(),
        })
    }

    /// Whether a fork is between manifests of one order that any later manifest supersedes, and not between authorities, which
    /// only a recovery settles.
    pub fn is_fork_of_twins(&self) -> bool {
        self.fork.as_ref().is_some_and(|fork| !fork.lasts_for_the_term)
    }

    /// Takes a manifest that arrived. [`IdentityError::OtherChain`] for another chain's, [`IdentityError::Rollback`] for an older
    /// one; then nothing has changed.
    pub fn learn(&mut self, new: Verified<T>) -> Result<News, IdentityError> {
        if new.chain().id() != self.held.chain().id() {
            return Err(IdentityError::OtherChain);
        }
        let (ours, theirs) = (self.held.chain().order(), new.chain().order());
        if theirs.term != ours.term {
            return if theirs.term < ours.term { Err(IdentityError::Rollback) } else { Ok(self.hold(new)) };
        }
        if self.fork.as_ref().is_some_and(|fork| fork.lasts_for_the_term) {
            return Ok(News::Forked);
        }
        if new.chain().contradicts(self.held.chain()) {
            return Ok(self.split(new, true));
        }
        if self.holds(new.chain().hash()) {
            return Ok(News::Known);
        }
        match theirs.cmp(&ours) {
            core::cmp::Ordering::Less => Err(IdentityError::Rollback),
            // Of several twins two are proof enough.
            core::cmp::Ordering::Equal if self.fork.is_some() => Ok(News::Forked),
            core::cmp::Ordering::Equal => Ok(self.split(new, false)),
            core::cmp::Ordering::Greater => Ok(self.hold(new)),
        }
    }

    /// What it means that a peer holds the manifest of this order whose hash begins with `prefix`.
    pub fn mentioned(&self, order: Order, prefix: [u8; 16]) -> Mention {
        let held = self.held.chain();
        match order.cmp(&held.order()) {
            _ if self.fork.is_some() => Mention::Refetch,
            core::cmp::Ordering::Less => Mention::PeerIsBehind,
            core::cmp::Ordering::Equal if held.hash().as_bytes().starts_with(&prefix) => Mention::Same,
            core::cmp::Ordering::Equal | core::cmp::Ordering::Greater => Mention::Refetch,
        }
    }

    fn holds(&self, hash: Hash) -> bool {
        let other = self.fork.as_ref().is_some_and(|fork| fork.other.chain().hash() == hash);
        self.held.chain().hash() == hash || other
    }

    fn hold(&mut self, new: Verified<T>) -> News {
        *self = Self::new(new);
        News::Newer
    }

    fn split(&mut self, new: Verified<T>, lasts_for_the_term: bool) -> News {
        self.fork = Some(Fork { other: new, lasts_for_the_term });
        News::Forked
    }
}
