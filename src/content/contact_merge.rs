//! What comes of the states that two own devices have of one contact. `docs/PROTOCOL.md` §10.6.

use std::cmp::Ordering;

use super::ContentError;
use super::contact::{ConsentState, ContactConsent};
use super::token::{DeliveryToken, TokenAction, TokenGrant};
use super::version::{TOLERANCE, Version};
use crate::time::{Span, Timestamp};

impl ContactConsent {
    /// Takes what another own device holds of the contact. Devices that have taken the same states hold the same, in whatever order and
    /// however often they took them. Returns what the own server has to be told: tokens that only the other way of things had are sunk.
    ///
    /// [`ContentError::InTheFuture`] if the other device's times are more than a day ahead of `now`, or what it heard more than two: it
    /// would win for ever. Nothing has changed then.
    pub fn merge(&mut self, other: &Self, now: Timestamp) -> Result<Vec<TokenAction>, ContentError> {
        let latest = now.plus(TOLERANCE);
        if other.acted > latest || other.heard.sent_at > latest.plus(TOLERANCE) {
            return Err(ContentError::InTheFuture);
        }
        let mut mine = self.duplicate();
        mine.settle(now);
        let mut joined = match mine.ends().cmp(&other.ends()) {
            Ordering::Greater => mine.duplicate(),
            Ordering::Less => other.duplicate(),
            Ordering::Equal => mine.join(other),
        };
        joined.acted = mine.acted.max(other.acted);
        let tokens = [&mine, other].into_iter().flat_map(|side| side.serving(now));
        let mut lost: Vec<&DeliveryToken> = Vec::new();
        for token in tokens {
            let is_kept = [&joined.ours, &joined.previous].into_iter().flatten().any(|kept| kept.is(token));
            if !is_kept && !lost.iter().any(|before| before.is(token)) {
                lost.push(token);
            }
        }
        let tokens = lost.into_iter().map(|token| TokenAction::Sink(token.duplicate())).collect();
        *self = joined;
        Ok(tokens)
    }

    /// What this device did while its clock was far ahead was refused by the others, and so would be what follows. That the clock was ahead,
    /// and is not wrong now, is known only here, where it agrees with another device's.
    fn settle(&mut self, now: Timestamp) {
        if self.acted <= now.plus(TOLERANCE) {
            return;
        }
        // Time 0 stands for what never was.
        let now = now.max(Timestamp::from_millis(1));
        let before = now.minus(Span::from_millis(1));
        (self.acted, self.decided, self.made) = (now, self.decided.min(now), self.made.min(now));
        self.revoked = self.revoked.min(now);
        let latest = if self.state == ConsentState::Blocked { self.decided } else { before };
        self.blocked = self.blocked.min(latest);
    }

    /// What a device did without knowing of a block, or of a revocation, does not count.
    const fn ends(&self) -> (Timestamp, Timestamp) {
        (self.blocked, self.revoked)
    }

    /// Of two that know of the same ends: decision, own token and the other's each for itself.
    fn join(&self, other: &Self) -> Self {
        let decided = if self.decision() < other.decision() { other } else { self };
        let ours = if self.own_token() < other.own_token() { other } else { self };
        let theirs = if self.other_token() < other.other_token() { other } else { self };
        let is_same = matches!((&self.ours, &other.ours), (Some(one), Some(two)) if one.is(two));
        Self {
            state: decided.state,
            decided: decided.decided,
            ours: ours.ours.as_ref().map(DeliveryToken::duplicate),
            previous: ours.previous.as_ref().map(DeliveryToken::duplicate),
            made: ours.made,
            // Telling it once more is better than a contact that writes with one that is gone.
            told: self.told && other.told && is_same,
            theirs: theirs.theirs.as_ref().map(TokenGrant::duplicate),
            heard: theirs.heard,
            ..self.duplicate()
        }
    }

    /// The later one; of one decision what the other has said since; of two at once that which takes less from the other.
    const fn decision(&self) -> (Timestamp, u8) {
        let rank = match self.state {
            ConsentState::RequestSent => 0,
            ConsentState::Accepted => 1,
            ConsentState::None => 2,
            ConsentState::RequestReceived => 3,
            ConsentState::Declined => 4,
            ConsentState::Blocked => 5,
        };
        (self.decided, rank)
    }

    fn own_token(&self) -> (Timestamp, Option<&[u8; 16]>, Option<&[u8; 16]>) {
        (self.made, self.ours.as_ref().map(bytes), self.previous.as_ref().map(bytes))
    }

    fn other_token<'a>(&'a self) -> (Version, Option<(&'a [u8; 16], String)>) {
        let parts = |grant: &'a TokenGrant| (bytes(&grant.token), grant.domain.to_string());
        (self.heard, self.theirs.as_ref().map(parts))
    }

    /// The tokens that may reach this account.
    fn serving(&self, now: Timestamp) -> impl Iterator<Item = &DeliveryToken> {
        let previous = self.previous.as_ref().filter(|_| self.previous_serves(now));
        self.ours.iter().chain(previous)
    }
}

/// What decides between two that were made at once. Both are the account's own.
const fn bytes(token: &DeliveryToken) -> &[u8; 16] {
    token.secret().expose()
}
