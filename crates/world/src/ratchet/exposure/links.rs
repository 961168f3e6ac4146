//! For how long a thief can pass for an earlier session, `docs/PROTOCOL.md` §5.11.

use super::talk::Talk;
use super::thief::{Broken, Thief};
use crate::ratchet::model::{Key, Side, array, hash, mac};

/// `LinkProof`
fn proof(link: &Key, transcript: &Key) -> ([u8; 8], Key) {
    (array(&hash(&[link])[..8]), mac(link, &[b"sottovoce/1 link", transcript]))
}

/// Whether the links of the two newest root steps of this state give one of these proofs.
fn accepts(side: &Side, transcript: &Key, proofs: &[([u8; 8], Key)]) -> bool {
    side.links.iter().flatten().any(|link| proofs.contains(&proof(link, transcript)))
}

/// Whether the other side accepts a proof by who stole a state, 0, 1, 2, … root steps later. The state is that of `owner`, stolen right
/// after its sending step or, if not `has_sent`, before the next one.
pub(super) fn verdicts(number: u64, owner: usize, has_sent: bool, broken: Broken, steps: usize) -> Vec<bool> {
    let mut talk = Talk::new(number, None);
    talk.ping_pong(if (owner == 0) == has_sent { 31 } else { 32 });
    let stolen = talk.sides[owner].clone();
    assert_eq!(stolen.sending.is_some(), has_sent, "the moment that was meant");
    let mut states = vec![talk.sides[1 - owner].clone()];
    for _ in 1..=steps {
        talk.ping_pong(1);
        states.push(talk.sides[1 - owner].clone());
    }
    let transcript = [0x77; 32];
    let mut thief = Thief::new(&talk, broken);
    thief.take(&stolen);
    thief.compute();
    let proofs: Vec<_> = thief.links.values().map(|link| proof(link, &transcript)).collect();
    states.iter().map(|side| accepts(side, &transcript, &proofs)).collect()
}
