//! The ratchet and its blocks as they are kept. `docs/PROTOCOL.md` §6.12.

use super::chain::{Chain, MESSAGES};
use super::header::{HeaderKeys, Tag};
use super::healing::Healing;
use super::lane::Lane;
use super::skipped::{
    BLOCK, BlockId, Closed, Kept, Ledger, MAX_BLOCKS, Past, Remembered, SkippedBlock, index_of,
};
use super::{Bound, Links, OpenChain, Ratchet, Receiving, Sending};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{mlkem, x25519};
use crate::pairwise::{Role, Standing};
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::generated::messages::ratchet_state;
use crate::wire::message::{Message, required, required_array, required_secret};

impl Format for Ratchet {
    const FORMAT: u8 = 1;
}

impl Record for Ratchet {
    const TABLE: Table = Table::RATCHETS;
}

impl Format for SkippedBlock {
    const FORMAT: u8 = 1;
}

impl Record for SkippedBlock {
    const TABLE: Table = Table::SKIPPED_KEYS;
}

impl Message for Ratchet {
    type Proto = proto::RatchetState;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let standing = Standing::from_proto(required(proto.standing.take())?)?;
        let transcript = Hash::from_bytes(required_array(proto.transcript.take())?);
        let closed = core::mem::take(&mut proto.closed_chains);
        let remembered = core::mem::take(&mut proto.remembered_chains);
        let ratchet = Self {
            standing,
            transcript,
            bound: Bound::of(transcript, standing.role()),
            begun: Timestamp::from_millis(required(proto.begun)?),
            receive_only: required(proto.receive_only)?,
            root: required_secret(&mut proto.root)?,
            sending: Sending::from_proto(required(proto.sending.take())?)?,
            next_sending: required_secret(&mut proto.next_sending)?,
            receiving: proto.receiving.take().map(Receiving::from_proto).transpose()?,
            next_receiving: HeaderKeys::from_secret(required_secret(&mut proto.next_receiving)?),
            lane: Lane::from_proto(required(proto.lane.take())?)?,
            links: Links { sent: link(&mut proto.sent_link)?, received: link(&mut proto.received_link)? },
            healing: Healing {
                classical: Timestamp::from_millis(required(proto.classical)?),
                post_quantum: Timestamp::from_millis(required(proto.post_quantum)?),
            },
            past: Past {
                closed: closed.into_iter().map(Closed::from_proto).collect::<Result<_, _>>()?,
                remembered: remembered.into_iter().map(Remembered::from_proto).collect::<Result<_, _>>()?,
            },
        };
        if ratchet.is_sound() { Ok(ratchet) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        let link = |link: &Option<Secret<32>>| link.as_ref().map(|link| link.expose().to_vec());
        proto::RatchetState {
            standing: Some(self.standing.to_proto()),
            transcript: Some(self.transcript.as_bytes().to_vec()),
            begun: Some(self.begun.as_millis()),
            receive_only: Some(self.receive_only),
            root: Some(self.root.expose().to_vec()),
            next_sending: Some(self.next_sending.expose().to_vec()),
            next_receiving: Some(self.next_receiving.expose().to_vec()),
            sending: Some(self.sending.to_proto()),
            receiving: self.receiving.as_ref().map(Receiving::to_proto),
            lane: Some(self.lane.to_proto()),
            sent_link: link(&self.links.sent),
            received_link: link(&self.links.received),
            classical: Some(self.healing.classical.as_millis()),
            post_quantum: Some(self.healing.post_quantum.as_millis()),
            closed_chains: self.past.closed.iter().map(Closed::to_proto).collect(),
            remembered_chains: self.past.remembered.iter().map(Remembered::to_proto).collect(),
        }
    }
}

impl Ratchet {
    /// What the parts must have in common.
    fn is_sound(&self) -> bool {
        let role = self.role();
        let sending = match &self.sending {
            Sending::Open(open) => open.answer.is_some() == (role == Role::Responder && open.previous == 0),
            // Only a responder that has not answered has had no chain.
            Sending::Due(previous) => (*previous == 0) == self.needs_answer() && self.receiving.is_some(),
        };
        let begun = match role {
            Role::Initiator => {
                self.links.sent.is_some() && self.receiving.is_some() == self.links.received.is_some()
            }
            Role::Responder => {
                self.links.received.is_some()
                    && self.receiving.is_some()
                    && self.standing.has_answered() == self.links.sent.is_some()
            }
        };
        let current = self.receiving.iter().map(|chain| &chain.ledger);
        let ledgers = current.chain(self.past.closed.iter().map(|chain| &chain.ledger));
        let few = ledgers.map(|ledger| ledger.blocks.len()).sum::<usize>() <= MAX_BLOCKS;
        sending && begun && few && self.lane.role().is_none_or(|of| of == role)
    }
}

fn link(field: &mut Option<Vec<u8>>) -> Result<Option<Secret<32>>, Rule> {
    if field.is_some() { required_secret(field).map(Some) } else { Ok(None) }
}

/// A number of messages, or that of the next one.
fn length(field: Option<u32>) -> Result<u32, Rule> {
    required(field).and_then(|length| if length <= MESSAGES { Ok(length) } else { Err(Rule::BadValue) })
}

impl Sending {
    fn from_proto(proto: ratchet_state::Sending) -> Result<Self, Rule> {
        match proto {
            ratchet_state::Sending::Open(open) => OpenChain::from_proto(open).map(Self::Open),
            ratchet_state::Sending::Due(due) => length(due.previous).map(Self::Due),
        }
    }

    fn to_proto(&self) -> ratchet_state::Sending {
        match self {
            Self::Open(open) => ratchet_state::Sending::Open(open.to_proto()),
            Self::Due(previous) => ratchet_state::Sending::Due(proto::DueChain { previous: Some(*previous) }),
        }
    }
}

impl OpenChain {
    fn from_proto(mut proto: proto::OpenChain) -> Result<Self, Rule> {
        let answer = proto.answer.take();
        Ok(Self {
            chain: Chain::at(required_secret(&mut proto.key)?, length(proto.next)?),
            header: HeaderKeys::from_secret(required_secret(&mut proto.header)?),
            ratchet_secret: x25519::SecretKey::from_secret(&required_secret(&mut proto.ratchet_secret)?),
            ratchet_key: x25519::PublicKey::from_bytes(&required(proto.ratchet_key.take())?)?,
            previous: length(proto.previous)?,
            epoch: required(proto.epoch)?,
            answer: answer.as_deref().map(mlkem::Ciphertext::from_bytes).transpose()?,
        })
    }

    fn to_proto(&self) -> proto::OpenChain {
        proto::OpenChain {
            key: Some(self.chain.key().expose().to_vec()),
            next: Some(self.chain.next()),
            header: Some(self.header.expose().to_vec()),
            ratchet_secret: Some(self.ratchet_secret.to_secret().expose().to_vec()),
            ratchet_key: Some(self.ratchet_key.as_bytes().to_vec()),
            previous: Some(self.previous),
            epoch: Some(self.epoch),
            answer: self.answer.as_ref().map(|answer| answer.as_bytes().to_vec()),
        }
    }
}

impl Receiving {
    fn from_proto(mut proto: proto::ReceivingChain) -> Result<Self, Rule> {
        let next = length(proto.next)?;
        let blocks = core::mem::take(&mut proto.blocks);
        Ok(Self {
            chain: Chain::at(required_secret(&mut proto.key)?, next),
            header: HeaderKeys::from_secret(required_secret(&mut proto.header)?),
            ratchet_key: x25519::PublicKey::from_bytes(&required(proto.ratchet_key.take())?)?,
            previous: length(proto.previous)?,
            epoch: required(proto.epoch)?,
            ledger: Ledger { blocks: kept(blocks, next)?, forgotten: required(proto.forgotten)? },
        })
    }

    fn to_proto(&self) -> proto::ReceivingChain {
        proto::ReceivingChain {
            key: Some(self.chain.key().expose().to_vec()),
            next: Some(self.chain.next()),
            header: Some(self.header.expose().to_vec()),
            ratchet_key: Some(self.ratchet_key.as_bytes().to_vec()),
            previous: Some(self.previous),
            epoch: Some(self.epoch),
            forgotten: Some(self.ledger.forgotten),
            blocks: self.ledger.to_proto(),
        }
    }
}

impl Closed {
    fn from_proto(mut proto: proto::ClosedChain) -> Result<Self, Rule> {
        let length = length(proto.length)?;
        let blocks = kept(core::mem::take(&mut proto.blocks), length)?;
        let header = HeaderKeys::from_secret(required_secret(&mut proto.header)?);
        let ledger = Ledger { blocks, forgotten: required(proto.forgotten)? };
        let closed = Self { header, length, answers: required(proto.answers)?, ledger };
        if closed.ledger.blocks.is_empty() { Err(Rule::BadValue) } else { Ok(closed) }
    }

    fn to_proto(&self) -> proto::ClosedChain {
        proto::ClosedChain {
            header: Some(self.header.expose().to_vec()),
            length: Some(self.length),
            answers: Some(self.answers),
            forgotten: Some(self.ledger.forgotten),
            blocks: self.ledger.to_proto(),
        }
    }
}

impl Remembered {
    fn from_proto(proto: proto::RememberedChain) -> Result<Self, Rule> {
        Ok(Self { tag: Tag(required_array(proto.tag)?), forgotten: required(proto.forgotten)? })
    }

    fn to_proto(&self) -> proto::RememberedChain {
        proto::RememberedChain { tag: Some(self.tag.0.to_vec()), forgotten: Some(self.forgotten) }
    }
}

impl Ledger {
    fn to_proto(&self) -> Vec<proto::KeptBlock> {
        let block =
            |kept: &Kept| proto::KeptBlock { index: Some(kept.index), kept_at: Some(kept.at.as_millis()) };
        self.blocks.iter().map(block).collect()
    }
}

/// Blocks of a chain of so many messages, in rising order.
fn kept(blocks: Vec<proto::KeptBlock>, length: u32) -> Result<Vec<Kept>, Rule> {
    let block = |block: proto::KeptBlock| {
        let (index, at) = (required(block.index)?, required(block.kept_at)?);
        Ok(Kept { index, at: Timestamp::from_millis(at) })
    };
    let blocks = blocks.into_iter().map(block).collect::<Result<Vec<Kept>, Rule>>()?;
    let is_within = |kept: &Kept| length.checked_sub(1).is_some_and(|last| kept.index <= index_of(last));
    let is_sound = blocks.is_sorted_by(|one, next| one.index < next.index) && blocks.iter().all(is_within);
    if is_sound { Ok(blocks) } else { Err(Rule::BadValue) }
}

impl Message for SkippedBlock {
    type Proto = proto::SkippedBlock;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let id = BlockId { tag: Tag(required_array(proto.tag.take())?), index: required(proto.index)? };
        let held = required(proto.held)?;
        let bytes = proto.keys.as_deref().unwrap_or_default();
        let (keys, rest) = bytes.as_chunks::<32>();
        let is_held = |number: &u32| 1_u64.checked_shl(*number).is_some_and(|bit| held & bit != 0);
        let numbers: Vec<u32> = (0..BLOCK).filter(is_held).collect();
        let is_sound = id.index <= index_of(MESSAGES - 1) && rest.is_empty() && keys.len() == numbers.len();
        let mut block = Self::new(id);
        for (number, key) in numbers.into_iter().zip(keys) {
            block.push(number, &Secret::new(*key));
        }
        if is_sound { Ok(block) } else { Err(Rule::BadValue) }
    }

    fn to_proto(&self) -> Self::Proto {
        let bit = |(number, _): &(u32, Secret<32>)| 1_u64.checked_shl(*number).unwrap_or(0);
        proto::SkippedBlock {
            tag: Some(self.id.tag.0.to_vec()),
            index: Some(self.id.index),
            held: Some(self.keys.iter().map(bit).fold(0, |held, bit| held | bit)),
            keys: Some(self.keys.iter().flat_map(|(_, key)| *key.expose()).collect()),
        }
    }
}
