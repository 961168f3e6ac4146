//! C-14, O7: copies of a state, and randomness that repeats.

use std::collections::BTreeMap;

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::secret::Secret;
use sottovoce::handshake::{HandshakeError, LinkProof};
use sottovoce::ratchet::{RatchetError, hazmat};

use super::pair::{NOW, Pair, Side, generator};
use crate::support::{Stuck, below, rng};

/// Sees every key that seals a message, O7: mk and salt decide it, and the nonce is always zero.
#[derive(Default)]
struct Recorder(BTreeMap<([u8; 32], [u8; 16]), Vec<u8>>);

impl Recorder {
    /// Seals in a chain that is open, and fails if one key seals two messages.
    fn seal(&mut self, side: &mut Side, content: &[u8], seed: u64) -> Vec<u8> {
        let key = hazmat::next(&side.ratchet()).unwrap().key;
        let message = side.seal(content, NOW, &mut generator(seed)).unwrap().message;
        let salt = message[8..24].try_into().unwrap();
        let earlier = self.0.insert((*key.expose(), salt), message.clone());
        assert!(earlier.is_none_or(|earlier| earlier == message), "one key, two messages");
        message
    }
}

/// Copies of a state that go on apart, states that are set back, with the same randomness for all: no key seals two messages.
#[test]
fn r_05_o7_no_key_seals_two_messages() {
    let mut recorder = Recorder::default();
    let mut rng = rng("r_05");
    let pair = Pair::after(1, 2);
    let mut copies = vec![pair.a.clone(); 4];
    let mut sealed = 0;
    for _ in 0..400 {
        let which = below(&mut rng, copies.len());
        match below(&mut rng, 10) {
            0 => copies[which] = pair.a.clone(),
            1 => {
                let from = below(&mut rng, copies.len());
                copies[which] = copies[from].clone();
            }
            _ => {
                // Two contents, so that copies often seal the same one, and often not.
                let content = [u8::try_from(below(&mut rng, 2)).unwrap(); 5];
                let _ = recorder.seal(&mut copies[which], &content, 77);
                sealed += 1;
            }
        }
    }
    assert!(sealed > 250 && recorder.0.len() > 20, "{sealed} {}", recorder.0.len());
}

/// The recorder would see it: without the salt a copy repeats its key.
#[test]
fn r_05_o7_message_keys_alone_do_repeat() {
    let pair = Pair::after(1, 2);
    let (mut one, mut two) = (pair.a.clone(), pair.a.clone());
    let key = |side: &Side| *hazmat::next(&side.ratchet()).unwrap().key.expose();
    assert_eq!(key(&one), key(&two));
    let one = one.seal(b"one", NOW, &mut generator(1)).unwrap().message;
    let two = two.seal(b"two", NOW, &mut generator(1)).unwrap().message;
    assert_ne!(one[8..24], two[8..24], "salts differ with the same randomness");
    assert_ne!(one[80..], two[80..]);
}

/// Copies that make a root step with the same randomness have the same chain, and still seal two messages under two keys.
#[test]
fn r_05_o7_copies_that_step_alike() {
    let pair = Pair::after(1, 2);
    let seal = |content: &[u8]| pair.b.clone().seal(content, NOW, &mut generator(1)).unwrap().message;
    let (one, two) = (seal(b"one"), seal(b"two"));
    assert_eq!(one[..8], two[..8], "one chain");
    assert_ne!(one[8..24], two[8..24], "two salts");
    assert_eq!(one, seal(b"one"), "the same message is the same");
}

/// Two messages of one number from two copies: the first that arrives opens, the other one is told as used, so a clone is not unseen.
#[test]
fn r_05_the_second_message_of_a_number_is_refused() {
    let mut pair = Pair::after(1, 2);
    let mut copy = pair.a.clone();
    let original = pair.seal_a(b"original");
    let cloned = copy.seal(b"cloned", NOW, &mut generator(5)).unwrap().message;
    drop(pair.b.open(&cloned, NOW).unwrap());
    assert_eq!(pair.b.open(&original, NOW).err(), Some(RatchetError::Used));
}

/// Randomness that is stuck seals nothing, begins nothing, and changes nothing.
#[test]
fn c_14_stuck_randomness_seals_nothing() {
    for (side, open) in [(Pair::after(1, 2).a, true), (Pair::after(1, 2).b, false)] {
        let mut ratchet = side.ratchet();
        assert_eq!(hazmat::next(&ratchet).is_some(), open);
        for byte in [0, 0xff, 7] {
            let sealed = ratchet.seal(b"text", None, NOW, &mut Stuck(byte));
            assert_eq!(sealed.err(), Some(sottovoce::crypto::CryptoError::WeakRandomness.into()));
            assert_eq!(Side::of(&ratchet).state, side.state);
        }
    }
}

/// For how many root steps a thief links who has taken a state right after its owner's sending step, with all that is public, and with
/// the device's key where the step is the beginning. §5.11 says: not after three.
#[test]
fn r_12_a_stolen_state_stops_linking_after_three_steps() {
    for trips in [0, 3] {
        let mut pair = Pair::after(1, trips);
        let message = pair.seal_a(b"in the chain of A's step");
        let mut thief = pair.a.clone();
        drop(pair.b.open(&message, NOW).unwrap());
        assert_eq!(links(&thief, &pair), [true, true]);
        // B's step: the thief holds A's private ratchet key, and follows.
        let answer = pair.seal_b(b"first step");
        drop((pair.a.open(&answer, NOW).unwrap(), thief.open(&answer, NOW).unwrap()));
        assert_eq!(links(&thief, &pair), [true, true]);
        // A's step is with a key drawn after the theft; B still takes the link of its own step, the one before.
        pair.a_says(b"second step");
        assert_eq!(links(&thief, &pair), [true, true]);
        pair.b_says(b"third step");
        assert_eq!(links(&thief, &pair), [false, false]);
    }
}

/// Without A's device key nobody follows B's first step, nor without B's next ratchet key: a state of before the first answer links for two
/// steps, whosever it is.
#[test]
fn r_12_a_state_of_the_beginning_stops_linking_after_two_steps() {
    let mut pair = Pair::new(1);
    let thieves = [pair.a.clone(), pair.b.clone()];
    let all = |pair: &Pair| thieves.each_ref().map(|thief| links(thief, pair));
    assert_eq!(all(&pair), [[true, true]; 2]);
    pair.b_says(b"first step");
    assert_eq!(all(&pair), [[true, true]; 2]);
    pair.a_says(b"second step");
    assert_eq!(all(&pair), [[false, false]; 2]);
}

/// Whether A and B, as they are, accept a proof by what the thief has.
fn links(thief: &Side, pair: &Pair) -> [bool; 2] {
    let transcript = Hash::of(b"another handshake");
    let (stolen, owners) = (thief.ratchet().links(), [&pair.a, &pair.b]);
    owners.map(|owner| {
        let newest = owner.ratchet().links();
        let verdict = |link| LinkProof::new(link, &transcript).verify(&newest, &transcript);
        let verdicts: Vec<_> = stolen.iter().map(verdict).collect();
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Ok(()) | Err(HandshakeError::NotLinked))));
        verdicts.contains(&Ok(()))
    })
}

/// Whatever is on its way, one of the links that a side can prove is one that the other side accepts: from the beginning on, with
/// messages of either side lost, and with steps that the other side has not seen.
#[test]
fn r_12_one_of_two_links_is_known_to_the_other_side() {
    let mut rng = rng("r_12");
    let mut unseen = 0;
    for seed in 0..20 {
        let mut pair = Pair::new(seed);
        for round in 0..30 {
            let (proven, newest) = proofs(&pair);
            assert_eq!(proven, [Ok(()), Ok(())], "{seed} {round}");
            unseen += usize::from(!newest);
            let side = below(&mut rng, 2);
            let (from, to) = if side == 0 { (&mut pair.a, &mut pair.b) } else { (&mut pair.b, &mut pair.a) };
            let message = from.seal(b"", NOW, &mut pair.rng).unwrap().message;
            if below(&mut rng, 3) > 0 {
                drop(to.open(&message, NOW).unwrap());
            }
        }
    }
    assert!(unseen > 20, "the newest step of the other side alone would not do: {unseen}");
}

/// Of both sides, whether the other one accepts one of its proofs; and whether both would with the newest link from the other side alone.
fn proofs(pair: &Pair) -> ([Result<(), HandshakeError>; 2], bool) {
    let transcript = Hash::of(b"another handshake");
    let [a, b] = [&pair.a, &pair.b].map(|side| side.ratchet().links());
    let verifies =
        |link: &Secret<32>, links: &[_]| LinkProof::new(link, &transcript).verify(links, &transcript);
    let one_of = |by: &[Secret<32>], to: &[_]| {
        by.iter().map(|link| verifies(link, to)).find(Result::is_ok).unwrap_or(Err(HandshakeError::NotLinked))
    };
    let newest =
        [(&a, &b), (&b, &a)].iter().all(|(by, to)| by.last().is_some_and(|link| verifies(link, to).is_ok()));
    ([one_of(&a, &b), one_of(&b, &a)], newest)
}
