//! A side of the library, which is stored and loaded as an application would.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::secret::Secret;
use sottovoce::error::Blame as _;
use sottovoce::pairwise::hazmat::{answer_key, first_answer, first_chain, session_secret};
use sottovoce::pairwise::{Authentication, FirstOpened, Role, SessionKeys, SessionSecret};
use sottovoce::ratchet::{
    BlockChange, BlockId, Gap, Given, Opened, Ratchet, RatchetError, SkippedBlock, Wants, open_first,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::ratchet::model::{self, Answer, Class, Key, Keys, Side};

#[derive(Debug)]
pub(super) struct Real {
    keys: Keys,
    role: Role,
    /// A responder has none before its first message.
    pub(super) ratchet: Option<Ratchet>,
    pub(super) blocks: BTreeMap<BlockId, Vec<u8>>,
}

fn class(error: RatchetError) -> Class {
    error.class()
}

impl Real {
    pub(super) fn initiator(keys: &Keys, rng: &mut impl CryptoRng, now: u64) -> Self {
        let mut side = Self { role: Role::Initiator, ..Self::responder(keys) };
        let ratchet = Ratchet::begin(side.secret(), Timestamp::from_millis(now), rng).expect("begins");
        side.ratchet = Some(ratchet);
        side
    }

    pub(super) fn responder(keys: &Keys) -> Self {
        Self { keys: keys.clone(), role: Role::Responder, ratchet: None, blocks: BTreeMap::new() }
    }

    fn secret(&self) -> SessionSecret {
        let Keys { transcript, root, chain, header, next, link } = self.keys;
        let keys = SessionKeys {
            root: Secret::new(root),
            chain: Secret::new(chain),
            header: Secret::new(header),
            next_header_of_responder: Secret::new(next[1]),
            next_header_of_initiator: Secret::new(next[0]),
            link: Secret::new(link),
        };
        session_secret(self.role, Hash::from_bytes(transcript), keys)
    }

    pub(super) fn seal(
        &mut self,
        content: &[u8],
        answer: Option<&Answer>,
        rng: &mut impl CryptoRng,
        now: u64,
    ) -> Result<Vec<u8>, Class> {
        let ratchet = self.ratchet.as_mut().expect("a session");
        let answer = answer.filter(|_| ratchet.needs_answer()).map(|answer| {
            let ciphertext = Ciphertext::from_bytes(&answer.ciphertext).expect("1,088 bytes");
            first_answer(Hash::from_bytes(self.keys.transcript), ciphertext, Secret::new(answer.secret))
        });
        let sealed = ratchet.seal(content, answer, Timestamp::from_millis(now), rng);
        sealed.map(|sealed| sealed.message).map_err(class)
    }

    pub(super) fn open(
        &mut self,
        message: &[u8],
        k3: &dyn Fn(&[u8]) -> Key,
        now: u64,
    ) -> Result<model::Opened, Class> {
        let now = Timestamp::from_millis(now);
        let opened = match self.ratchet.take() {
            None => self.respond(message, now)?,
            Some(mut ratchet) => {
                let opened = self.open_later(&mut ratchet, message, k3, now);
                self.ratchet = Some(ratchet);
                opened.map_err(class)?
            }
        };
        for change in opened.blocks {
            match change {
                BlockChange::Put(block) => {
                    _ = self.blocks.insert(block.id(), block.encode().expect("a block"));
                }
                BlockChange::Delete(id) => assert!(self.blocks.remove(&id).is_some(), "it was there"),
            }
        }
        let gap = |gap: &Gap| (gap.from.chain.0, gap.from.number..gap.from.number + gap.count);
        Ok(model::Opened {
            content: opened.content,
            chain: opened.position.chain.0,
            number: opened.position.number,
            is_late: opened.is_late,
            gaps: opened.gaps.iter().map(gap).collect(),
            closed_lane: opened.closed_lane,
        })
    }

    /// Looks at the message beside an Initial, and makes a session of it.
    fn respond(&mut self, message: &[u8], now: Timestamp) -> Result<Opened, Class> {
        let secret = self.secret();
        let looked = open_first(first_chain(&secret), message).map(FirstOpened::into_message);
        let begun = Ratchet::respond(self.secret(), message, now);
        match (looked, begun) {
            (Ok(looked), Ok((ratchet, opened))) => {
                assert_eq!(looked, opened.content, "what is looked at is what opens");
                self.ratchet = Some(ratchet);
                Ok(opened)
            }
            (Ok(_), Err(RatchetError::BadLane)) => Err("bad-lane"),
            (looked, begun) => {
                let (looked, begun) = (looked.map_err(class), begun.map(|_| ()).map_err(class));
                assert_eq!(looked.as_ref().err(), begun.as_ref().err(), "looking and opening agree");
                Err(looked.expect_err("both are refused"))
            }
        }
    }

    /// Opens a message with all that it needs; without it, it does not.
    fn open_later(
        &self,
        ratchet: &mut Ratchet,
        message: &[u8],
        k3: &dyn Fn(&[u8]) -> Key,
        now: Timestamp,
    ) -> Result<Opened, RatchetError> {
        let examined = ratchet.examine(message)?;
        let wants = examined.wants().clone();
        let transcript = Hash::from_bytes(self.keys.transcript);
        let load = |id: BlockId| SkippedBlock::decode(&self.blocks[&id]).expect("a block that was stored");
        let key = |ct3: &Ciphertext| answer_key(transcript, Secret::new(k3(ct3.as_bytes())));
        let given = Given { block: wants.block.map(load), answer: wants.answer.as_ref().map(key) };
        if wants != Wants::default() {
            let without = ratchet.examine(message)?;
            assert!(ratchet.open(without, Given::default(), now).is_err(), "it opens without what it wants");
        }
        ratchet.open(examined, given, now)
    }

    /// Drops what is too old.
    pub(super) fn expire(&mut self, now: u64) {
        for id in self.ratchet.iter_mut().flat_map(|ratchet| ratchet.expire(Timestamp::from_millis(now))) {
            assert!(self.blocks.remove(&id).is_some(), "it was there");
        }
    }

    pub(super) fn stored(&self) -> Stored {
        let state = self.ratchet.as_ref().map(|ratchet| ratchet.encode().expect("a state"));
        Stored { state, blocks: self.blocks.clone() }
    }

    pub(super) fn load(&mut self, stored: &Stored) {
        let load = |state: &Vec<u8>| Ratchet::decode(state).expect("a state that was stored");
        self.ratchet = stored.state.as_ref().map(load);
        self.blocks.clone_from(&stored.blocks);
    }

    /// Whether all that can be seen of the state is as in the model.
    pub(super) fn check(&self, model: &Side, now: u64) {
        let Some(ratchet) = &self.ratchet else { return };
        let kept: BTreeSet<_> = self.blocks.keys().map(|id| (id.tag.0, id.index)).collect();
        assert_eq!(kept, model.kept_at.keys().copied().collect(), "blocks");
        for (id, bytes) in &self.blocks {
            let keys = model.kept.range((id.tag.0, id.index * 64)..=(id.tag.0, id.index * 64 + 63));
            let keys: Vec<u8> = keys.flat_map(|(_, key)| *key).collect();
            assert!(bytes.ends_with(&keys), "keys of a block");
        }
        assert_eq!(ratchet.tags().iter().map(|tag| tag.0).collect::<BTreeSet<_>>(), model.tags(), "tags");
        let links: BTreeSet<_> = ratchet.links().iter().map(|link| *link.expose()).collect();
        assert_eq!(links, model.links.iter().flatten().copied().collect(), "links");
        let healing = ratchet.healing();
        let times = (healing.classical.as_millis(), healing.post_quantum.as_millis());
        assert_eq!(times, (model.classical, model.post_quantum), "healing");
        assert_eq!(ratchet.is_lane_closed(), model.lane.is_closed(), "lane");
        assert_eq!(ratchet.is_receive_only(), model.receive_only, "for receiving only");
        let standing = ratchet.standing();
        let is_proven = model.receiving.as_ref().is_some_and(|chain| chain.number > 0);
        assert_eq!(standing.authentication() == Authentication::PostQuantum, is_proven, "authentication");
        assert_eq!(standing.has_answered(), model.role == 1 && model.links[1].is_some(), "answered");
        assert_eq!(
            ratchet.needs_answer(),
            model.role == 1 && model.links[1].is_none(),
            "an answer is needed"
        );
        let is_renewal_due = ratchet.is_renewal_due(Timestamp::from_millis(now));
        assert_eq!(is_renewal_due, model.is_renewal_due(now), "renewal");
    }
}

/// What an application has in its store.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    state: Option<Vec<u8>>,
    blocks: BTreeMap<BlockId, Vec<u8>>,
}
