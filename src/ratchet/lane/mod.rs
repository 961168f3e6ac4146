//! The lane: a slow exchange of ML-KEM keys beside the messages. `docs/PROTOCOL.md` §6.8.
//!
//! The initiator offers a key, the responder answers with a ciphertext, the initiator's next root step mixes the secret. A side has one
//! of these states; each step to the next consumes it.

mod answerer;
mod offerer;
mod record;
pub(super) mod secret;
mod symbols;

use rand_core::CryptoRng;

pub(super) use answerer::{Answering, Collecting, Holding};
pub(super) use offerer::{Offering, Ready};
use symbols::{ANSWER_SYMBOLS, KEY_SYMBOLS};
pub use symbols::{Bits, Fields};
pub(super) use symbols::{Outgoing, SYMBOL};

use super::RatchetError;
use crate::crypto::CryptoError;
use crate::pairwise::Role;
use crate::time::Timestamp;

/// One side of the lane.
#[derive(Debug)]
pub(super) struct Lane(pub(super) State);

#[derive(Debug)]
pub(super) enum State {
    Offering(Offering),
    Ready(Ready),
    Collecting(Collecting),
    Holding(Holding),
    Answering(Answering),
    /// For good; in this epoch it was closed.
    Closed(u32),
}

impl Lane {
    /// The offerer's, in epoch 1. Draws 64 bytes.
    pub(super) fn offerer(now: Timestamp, rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        Offering::make(1, now, rng).map(State::Offering).map(Self)
    }

    /// The answerer's, in epoch 1.
    pub(super) const fn answerer() -> Self {
        Self(State::Collecting(Collecting::new(1)))
    }

    /// Whether it is closed.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.0, State::Closed(_))
    }

    /// What the next sending step has to mix.
    pub(super) const fn ready(&self) -> Option<&Ready> {
        match &self.0 {
            State::Ready(ready) => Some(ready),
            _ => None,
        }
    }

    /// What a step of the other side mixes that names this epoch.
    pub(super) fn answering(&self, epoch: u32) -> Option<&Answering> {
        match &self.0 {
            State::Answering(answering) if answering.epoch == epoch => Some(answering),
            _ => None,
        }
    }

    /// The offerer's lane after the step that mixed what was ready: closed if numbers are used up. Draws 64 bytes.
    pub(super) fn offer_next(
        mixed: &Ready,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, CryptoError> {
        mixed.epoch.checked_add(1).map_or(Ok(Self(State::Closed(mixed.epoch))), |epoch| {
            Offering::make(epoch, now, rng).map(State::Offering).map(Self)
        })
    }

    /// The answerer's lane after a step that mixed its secret.
    pub(super) fn collect_next(mixed: &Answering) -> Self {
        let next = mixed.epoch.checked_add(1).map(Collecting::new);
        Self(next.map_or(State::Closed(mixed.epoch), State::Collecting))
    }

    /// The answerer's lane with the answer to the key that it holds, if it holds one. Draws 32 bytes.
    pub(super) fn answer(
        &self,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Self>, CryptoError> {
        match &self.0 {
            State::Holding(holding) => Ok(Some(Self(State::Answering(holding.answer(now, rng)?)))),
            _ => Ok(None),
        }
    }

    /// The current epoch, 0 if it is closed.
    const fn epoch(&self) -> u32 {
        match &self.0 {
            State::Offering(Offering { epoch, .. })
            | State::Ready(Ready { epoch, .. })
            | State::Collecting(Collecting { epoch, .. })
            | State::Holding(Holding { epoch, .. })
            | State::Answering(Answering { epoch, .. }) => *epoch,
            State::Closed(_) => 0,
        }
    }

    fn received(&self) -> Bits {
        match &self.0 {
            State::Offering(offering) => offering.answer.held(),
            State::Ready(_) => Bits::below(ANSWER_SYMBOLS),
            State::Collecting(collecting) => collecting.key.held(),
            State::Holding(_) | State::Answering(_) => Bits::below(KEY_SYMBOLS),
            State::Closed(_) => Bits::default(),
        }
    }

    const fn outgoing(&self) -> Option<&Outgoing> {
        match &self.0 {
            State::Offering(offering) => offering.key.as_ref(),
            State::Answering(answering) => answering.answer.as_ref(),
            _ => None,
        }
    }

    /// Whether there are symbols to send.
    pub(super) const fn waits(&self) -> bool {
        self.outgoing().is_some()
    }

    /// The fields of a message with room for so many symbols, and what [`Lane::sent`] is told if it is sent.
    pub(super) fn fields(&self, room: usize) -> (Fields, u32) {
        let (symbols, cursor) = self.outgoing().map_or_else(Default::default, |out| out.take(room));
        (Fields { epoch: self.epoch(), received: self.received(), symbols }, cursor)
    }

    /// Notes up to which symbol was sent.
    pub(super) const fn sent(&mut self, cursor: u32) {
        match &mut self.0 {
            State::Offering(Offering { key: Some(out), .. })
            | State::Answering(Answering { answer: Some(out), .. }) => out.cursor = cursor,
            _ => {}
        }
    }

    /// [`RatchetError::BadLane`] if fields contradict themselves or what came before.
    pub(super) fn check(&self, fields: &Fields) -> Result<(), RatchetError> {
        let says_nothing = fields.received.is_empty() && fields.symbols.is_empty();
        let agrees = match &self.0 {
            _ if fields.epoch == 0 => says_nothing,
            _ if fields.epoch != self.epoch() => true,
            State::Offering(offering) => offering.agrees(fields),
            State::Collecting(collecting) => collecting.key.agrees(&fields.symbols),
            State::Ready(_) | State::Holding(_) | State::Answering(_) | State::Closed(_) => true,
        };
        if agrees { Ok(()) } else { Err(RatchetError::BadLane) }
    }

    /// Takes fields that were checked.
    pub(super) fn absorb(&mut self, fields: Fields) {
        let epoch = self.epoch();
        if fields.epoch != epoch || epoch == 0 {
            return;
        }
        let closed = State::Closed(epoch);
        self.0 = match core::mem::replace(&mut self.0, State::Closed(epoch)) {
            State::Offering(offering) => match offering.hear(fields) {
                offerer::Heard::Still(offering) => State::Offering(offering),
                offerer::Heard::Complete(ready) => State::Ready(ready),
                offerer::Heard::Wrong => closed,
            },
            State::Collecting(collecting) => match collecting.hear(fields) {
                answerer::Heard::Still(collecting) => State::Collecting(collecting),
                answerer::Heard::Complete(holding) => State::Holding(holding),
                answerer::Heard::Wrong => closed,
            },
            State::Answering(answering) => State::Answering(answering.hear(&fields)),
            other @ (State::Ready(_) | State::Holding(_) | State::Closed(_)) => other,
        };
    }

    /// The side of a session that has such a lane; `None` for both.
    pub(super) const fn role(&self) -> Option<Role> {
        match self.0 {
            State::Offering(_) | State::Ready(_) => Some(Role::Initiator),
            State::Collecting(_) | State::Holding(_) | State::Answering(_) => Some(Role::Responder),
            State::Closed(_) => None,
        }
    }
}
