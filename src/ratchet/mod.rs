//! Layer 4: the ratchet, by which a session's messages are sealed and opened. `docs/PROTOCOL.md` §6.
//!
//! ```text
//! SessionSecret ──begin (A), respond (B)──▶ Ratchet ──seal──▶ Sealed: message to send, after the ratchet was stored
//!                                              │
//!                 message ──examine──▶ Examined ──open──▶ Opened: content, gaps, blocks to store with the ratchet
//!                              └ wants: a block of kept keys, the secret of the first answer
//! ```
//!
//! A call that fails changes nothing. One that succeeds has changed the ratchet in memory: ratchet and blocks are stored in one write, and
//! only then is a message sent or content shown.

mod body;
mod chain;
mod error;
pub mod hazmat;
mod header;
mod healing;
mod lane;
mod message;
mod open;
mod plan;
mod record;
mod root;
mod seal;
mod skipped;

pub use body::MAX_CONTENT;
pub use error::RatchetError;
pub use header::Tag;
pub use healing::{Healing, LONGEST, OVERDUE, RENEWAL};
pub use open::{Examined, Gap, Given, Opened, Position, Wants, open_first};
pub use seal::Sealed;
pub use skipped::{BlockChange, BlockId, SkippedBlock};

use chain::Chain;
use header::{Header, HeaderKeys};
use lane::Lane;
use rand_core::CryptoRng;
use skipped::{Ledger, Past};

use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{mlkem, x25519};
use crate::pairwise::{Role, SessionKeys, SessionSecret, Standing, associated_data};
use crate::time::Timestamp;

/// One session at one device.
pub struct Ratchet {
    standing: Standing,
    transcript: Hash,
    bound: Bound,
    begun: Timestamp,
    receive_only: bool,
    root: Secret<32>,
    sending: Sending,
    next_sending: Secret<32>,
    receiving: Option<Receiving>,
    next_receiving: HeaderKeys,
    lane: Lane,
    links: Links,
    healing: Healing,
    past: Past,
}

/// AD of both directions, made once.
struct Bound {
    sent: Hash,
    received: Hash,
}

/// The side that seals.
enum Sending {
    Open(OpenChain),
    /// The next message makes a root step; the last chain had so many messages.
    Due(u32),
}

/// A chain in which messages are sealed.
struct OpenChain {
    chain: Chain,
    header: HeaderKeys,
    ratchet_secret: x25519::SecretKey,
    ratchet_key: x25519::PublicKey,
    previous: u32,
    epoch: u32,
    /// ct3, in the responder's first chain.
    answer: Option<mlkem::Ciphertext>,
}

/// The newest chain of the other side.
struct Receiving {
    chain: Chain,
    header: HeaderKeys,
    ratchet_key: x25519::PublicKey,
    previous: u32,
    epoch: u32,
    ledger: Ledger,
}

/// Links of the newest root step in each direction; the session's beginning counts as one of A. So A always has one that was sent, B one
/// that was received.
struct Links {
    sent: Option<Secret<32>>,
    received: Option<Secret<32>>,
}

impl Ratchet {
    /// An initiator's session. Draws 32 bytes for its first ratchet key and 64 for the first key of the lane.
    /// [`RatchetError::NotGiven`] if the secret is a responder's.
    pub fn begin(
        secret: SessionSecret,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, RatchetError> {
        if secret.role() != Role::Initiator {
            return Err(RatchetError::NotGiven);
        }
        let ratchet_secret = x25519::SecretKey::generate(rng)?;
        let lane = Lane::offerer(now, rng)?;
        let (standing, transcript) = (secret.standing(), secret.transcript());
        let SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link } =
            secret.into_keys();
        Ok(Self {
            standing,
            transcript,
            bound: Bound::of(transcript, Role::Initiator),
            begun: now,
            receive_only: false,
            root,
            sending: Sending::Open(OpenChain {
                chain: Chain::new(chain),
                header: HeaderKeys::of(&header),
                ratchet_key: ratchet_secret.public_key(),
                ratchet_secret,
                previous: 0,
                epoch: 0,
                answer: None,
            }),
            next_sending: next_header_of_initiator,
            receiving: None,
            next_receiving: HeaderKeys::of(&next_header_of_responder),
            lane,
            links: Links { sent: Some(link), received: None },
            healing: Healing::at_first(now),
            past: Past::default(),
        })
    }

    /// A responder's session, with the message that opened beside the `Initial` (§5.7), which is opened again.
    /// [`RatchetError::NotGiven`] if the secret is an initiator's; otherwise as [`open_first`].
    pub fn respond(
        secret: SessionSecret,
        message: &[u8],
        now: Timestamp,
    ) -> Result<(Self, Opened), RatchetError> {
        if secret.role() != Role::Responder {
            return Err(RatchetError::NotGiven);
        }
        let (standing, transcript) = (secret.standing(), secret.transcript());
        let SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link } =
            secret.into_keys();
        let header = HeaderKeys::of(&header);
        let ratchet_key = open::first_header(&header, message)?.ratchet_key;
        let chain = Chain::new(chain);
        let mut ratchet = Self {
            standing,
            transcript,
            bound: Bound::of(transcript, Role::Responder),
            begun: now,
            receive_only: false,
            root,
            sending: Sending::Due(0),
            next_sending: next_header_of_responder,
            receiving: Some(Receiving {
                chain,
                header,
                ratchet_key,
                previous: 0,
                epoch: 0,
                ledger: Ledger::default(),
            }),
            next_receiving: HeaderKeys::of(&next_header_of_initiator),
            lane: Lane::answerer(),
            links: Links { sent: None, received: Some(link) },
            healing: Healing::at_first(now),
            past: Past::default(),
        };
        let examined = ratchet.examine(message)?;
        let opened = ratchet.open(examined, Given::default(), now)?;
        Ok((ratchet, opened))
    }

    /// Which side of the session this is.
    pub const fn role(&self) -> Role {
        self.standing.role()
    }

    /// th2 of the handshake: the name of the session.
    pub const fn transcript(&self) -> Hash {
        self.transcript
    }

    /// How much is proven of the other side (§5.9).
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// When the session began at this device.
    pub const fn begun(&self) -> Timestamp {
        self.begun
    }

    /// When it last healed.
    pub const fn healing(&self) -> Healing {
        self.healing
    }

    /// The links of the two newest root steps, or of the session's beginning alone: what [`LinkProof`](crate::handshake::LinkProof)s are
    /// made of and verified by (§5.11). There is always one, and the other side has one of them.
    pub fn links(&self) -> Vec<Secret<32>> {
        let Links { sent, received } = &self.links;
        sent.iter().chain(received).map(Secret::duplicate).collect()
    }

    /// Makes the session one for receiving only, for ever.
    pub const fn retire(&mut self) {
        self.receive_only = true;
    }

    /// Whether it is for receiving only.
    pub const fn is_receive_only(&self) -> bool {
        self.receive_only
    }

    /// Whether the lane was closed, so that post-quantum healing needs another handshake.
    pub const fn is_lane_closed(&self) -> bool {
        self.lane.is_closed()
    }

    /// Whether a linked handshake is due (§6.9).
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        let many = match &self.sending {
            Sending::Open(open) => open.chain.next() >= healing::MANY_MESSAGES,
            Sending::Due(_) => false,
        };
        many || self.lane.is_closed() || now.since(self.begun) > RENEWAL
    }

    /// The tags of the messages that may come, for an index: of the current chain, the next one, and closed ones of which keys are kept
    /// or which are remembered.
    pub fn tags(&self) -> Vec<Tag> {
        let current = self.receiving.iter().map(|receiving| receiving.header.tag());
        let closed = self.past.closed.iter().map(|chain| chain.header.tag());
        let remembered = self.past.remembered.iter().map(|chain| chain.tag);
        current.chain([self.next_receiving.tag()]).chain(closed).chain(remembered).collect()
    }

    /// Drops kept keys that are too old, and says which blocks to delete in the write that stores the ratchet. It is stored in any case:
    /// times in the future were set to now.
    pub fn expire(&mut self, now: Timestamp) -> Vec<BlockId> {
        let current = self.receiving.as_mut().map(|chain| (chain.header.tag(), &mut chain.ledger));
        self.past.tidy(current, now)
    }

    /// Gives up a block that the store has lost, so that messages which want it are too old and no message waits for it.
    pub fn forget(&mut self, block: BlockId) {
        let current = self.receiving.as_mut().map(|chain| (chain.header.tag(), &mut chain.ledger));
        self.past.forget(current, block);
    }

    /// When [`Ratchet::expire`] has something to do. `None` if no keys are kept.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.past.next_expiry(self.receiving.as_ref().map(|chain| &chain.ledger))
    }
}

impl Bound {
    fn of(transcript: Hash, role: Role) -> Self {
        Self {
            sent: associated_data(transcript, role.sends()),
            received: associated_data(transcript, role.receives()),
        }
    }
}

impl OpenChain {
    /// The header of its next message.
    fn next_header(&self) -> Header {
        Header {
            ratchet_key: self.ratchet_key,
            number: self.chain.next(),
            previous: self.previous,
            epoch: self.epoch,
            answer: self.answer.clone(),
        }
    }
}

impl Receiving {
    /// Whether its headers have ct3: whether it is the responder's first. Only a first chain has none before it.
    const fn answers(&self, owner: Role) -> bool {
        matches!(owner, Role::Initiator) && self.previous == 0
    }
}

/// Shows nothing that is secret.
impl core::fmt::Debug for Ratchet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ratchet").field("transcript", &self.transcript).finish_non_exhaustive()
    }
}
