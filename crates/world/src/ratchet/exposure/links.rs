//! For how long a thief can pass for an earlier session, `docs/PROTOCOL.md` §5.11.

use super::talk::Talk;
use super::thief::{Broken, Thief};
use crate::ratchet::model::{Key, Side, array, hash, mac};

/// When a state is stolen, and whose.
pub(super) struct Theft {
    pub(super) words: &'static str,
    /// Messages of both sides in turn that come before.
    messages: usize,
    owner: usize,
    /// Whether the last one is the owner's, so that it has a chain open.
    has_sent: bool,
    /// Whether the ML-KEM identity key of A's device is stolen, too.
    with_identity: bool,
}

pub(super) const THEFTS: [Theft; 7] = [
    theft("of A, right after a step of its own", 31, 0, true),
    theft("of B, right after a step of its own", 32, 1, true),
    theft("of A, right before a step of its own", 32, 0, false),
    theft("of B, right before a step of its own", 31, 1, false),
    theft("of A, before B's first answer", 1, 0, true),
    Theft {
        with_identity: true,
        ..theft("of A, before B's first answer, with the ML-KEM identity key of its device", 1, 0, true)
    },
    theft("of B, before its first answer", 1, 1, false),
];

const fn theft(words: &'static str, messages: usize, owner: usize, has_sent: bool) -> Theft {
    Theft { words, messages, owner, has_sent, with_identity: false }
}

/// `LinkProof`
fn proof(link: &Key, transcript: &Key) -> ([u8; 8], Key) {
    (array(&hash(&[link])[..8]), mac(link, &[b"sottovoce/1 link", transcript]))
}

/// Whether the links of the two newest root steps of this state give one of these proofs.
fn accepts(side: &Side, transcript: &Key, proofs: &[([u8; 8], Key)]) -> bool {
    side.links.iter().flatten().any(|link| proofs.contains(&proof(link, transcript)))
}

/// Whether the other side accepts a proof by who stole a state, 0, 1, 2, … root steps later.
pub(super) fn verdicts(number: u64, theft: &Theft, broken: Broken, steps: usize) -> Vec<bool> {
    let mut talk = Talk::new(number, None);
    talk.ping_pong(theft.messages);
    let stolen = talk.sides[theft.owner].clone();
    assert_eq!(stolen.sending.is_some(), theft.has_sent, "the moment that was meant");
    let mut states = vec![talk.sides[1 - theft.owner].clone()];
    for _ in 1..=steps {
        talk.ping_pong(1);
        states.push(talk.sides[1 - theft.owner].clone());
    }
    let transcript = [0x77; 32];
    let mut thief = Thief::new(&talk, broken);
    thief.identity = theft.with_identity.then_some(talk.identity);
    thief.take(&stolen);
    thief.compute();
    let proofs: Vec<_> = thief.links.values().map(|link| proof(link, &transcript)).collect();
    states.iter().map(|side| accepts(side, &transcript, &proofs)).collect()
}
