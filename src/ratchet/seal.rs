//! Sealing. `docs/PROTOCOL.md` §6.6.

use rand_core::CryptoRng;

use super::chain::{Chain, MESSAGES};
use super::header::HeaderKeys;
use super::lane::Lane;
use super::open::Position;
use super::root::{self, NewChain, Stepped};
use super::{Healing, LONGEST, OpenChain, Ratchet, RatchetError, Sending, body, message};
use crate::crypto::secret::Secret;
use crate::crypto::{random, x25519};
use crate::pairwise::{FirstAnswer, Role};
use crate::time::Timestamp;

/// A message that was sealed. To be sent once the ratchet is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Sealed {
    /// The bytes.
    pub message: Vec<u8>,
    /// Its place in the session.
    pub position: Position,
}

/// A sending step that was made but not yet taken.
struct Step {
    stepped: Stepped,
    open: OpenChain,
    /// The lane after a step that mixed its secret, and when that secret was made.
    mixed: Option<(Lane, Timestamp)>,
}

impl Ratchet {
    /// Seals a message. Draws what §6.6 says, from randomness for this call alone. A responder gives its first answer with its
    /// first message ([`Ratchet::needs_answer`]).
    ///
    /// [`RatchetError::ReceiveOnly`], [`RatchetError::Exhausted`], [`RatchetError::Unanswered`], and
    /// [`CryptoError::TooLong`](crate::crypto::CryptoError::TooLong) above [`MAX_CONTENT`](super::MAX_CONTENT).
    pub fn seal(
        &mut self,
        content: &[u8],
        answer: Option<FirstAnswer>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, RatchetError> {
        self.may_seal(answer.as_ref(), now)?;
        body::fit(content.len(), false)?;
        let step = match &self.sending {
            Sending::Open(open) if open.chain.next() >= MESSAGES => return Err(RatchetError::Exhausted),
            Sending::Open(_) => None,
            Sending::Due(previous) => Some(self.sending_step(*previous, answer, now, rng)?),
        };
        let mixed = step.as_ref().and_then(|step| step.mixed.as_ref());
        // A step that mixes heals before the message is filled.
        let (stepped_lane, healing) = mixed.map_or((&self.lane, self.healing), |(lane, made)| {
            (lane, Healing { post_quantum: *made, ..self.healing })
        });
        let answered = stepped_lane.answer(now, rng)?;
        let lane = answered.as_ref().unwrap_or(stepped_lane);
        let raised = lane.waits() && healing.is_post_quantum_overdue(now);
        let (size, room) = body::fit(content.len(), raised)?;
        let (fields, cursor) = lane.fields(room);
        let padded = body::encode(&fields, content, size)?;

        let open = match (&step, &self.sending) {
            (Some(step), _) => &step.open,
            (None, Sending::Open(open)) => open,
            (None, Sending::Due(_)) => return Err(RatchetError::Unanswered),
        };
        let mut chain = open.chain.duplicate();
        let (key, random) = (chain.take().ok_or(RatchetError::Exhausted)?, random::draw(rng)?);
        let header = open.next_header();
        let message = message::seal(&open.header, &header, (&key, &random), &self.bound.sent, &padded)?;
        let position = Position { chain: open.header.tag(), number: header.number };

        // Nothing fails from here on.
        if let Some(step) = step {
            self.take_step(step, now);
        }
        if let Some(lane) = answered {
            self.lane = lane;
        }
        self.lane.sent(cursor);
        if let Sending::Open(open) = &mut self.sending {
            open.chain = chain;
        }
        Ok(Sealed { message, position })
    }

    /// Whether the next message needs the first answer: at a responder that has sealed nothing.
    pub const fn needs_answer(&self) -> bool {
        matches!(self.role(), Role::Responder) && self.links.sent.is_none()
    }

    fn may_seal(&self, answer: Option<&FirstAnswer>, now: Timestamp) -> Result<(), RatchetError> {
        if self.receive_only {
            return Err(RatchetError::ReceiveOnly);
        }
        if now.since(self.begun) > LONGEST {
            return Err(RatchetError::Exhausted);
        }
        let has_answer = answer.is_some_and(|answer| answer.transcript() == self.transcript);
        if self.needs_answer() && !has_answer {
            return Err(RatchetError::Unanswered);
        }
        Ok(())
    }

    fn sending_step(
        &self,
        previous: u32,
        answer: Option<FirstAnswer>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Step, RatchetError> {
        let receiver = &self.receiving.as_ref().ok_or(RatchetError::Unanswered)?.ratchet_key;
        let ratchet_secret = x25519::SecretKey::generate(rng)?;
        let ratchet_key = ratchet_secret.public_key();
        let shared = ratchet_secret.diffie_hellman(receiver)?;
        let answer = answer.filter(|_| self.needs_answer());
        let ready = self.lane.ready();
        let mixed: Option<&Secret<32>> =
            answer.as_ref().map(|answer| answer.key().secret()).or_else(|| ready.map(|ready| &ready.secret));
        let epoch = ready.map_or(0, |ready| ready.epoch);
        let direction = self.role().sends();
        let new = NewChain { direction, epoch, sender: &ratchet_key, receiver };
        let stepped = root::step(&self.root, &shared, mixed, &new);
        let mixed = match ready {
            Some(ready) => Some((Lane::offer_next(ready, now, rng)?, ready.made)),
            None => None,
        };
        let open = OpenChain {
            chain: Chain::new(stepped.chain.duplicate()),
            header: HeaderKeys::of(&self.next_sending),
            ratchet_secret,
            ratchet_key,
            previous,
            epoch,
            answer: answer.map(FirstAnswer::into_ciphertext),
        };
        Ok(Step { stepped, open, mixed })
    }

    fn take_step(&mut self, step: Step, now: Timestamp) {
        let Step { stepped: Stepped { root, next_header, link, .. }, open, mixed } = step;
        self.root = root;
        self.next_sending = next_header;
        self.links.sent = Some(link);
        self.sending = Sending::Open(open);
        self.standing = self.standing.answered();
        self.healing.classical = now;
        if let Some((lane, made)) = mixed {
            self.lane = lane;
            self.healing.post_quantum = made;
        }
    }
}
