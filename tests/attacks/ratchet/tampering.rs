//! messages that were changed, moved, reflected, cut.

use sottovoce::crypto::CryptoError;
use sottovoce::error::{Blame as _, Channel, Disclosure, Fault, disclosure};
use sottovoce::pairwise::{FirstOpened, Role};
use sottovoce::ratchet::hazmat::{self, Fields};
use sottovoce::ratchet::{RatchetError, open_first};

use super::pair::{NOW, Pair, Side, generator, keys};
use super::{body, forge, forge_raw};
use crate::support::{below, rng};

/// B, and a message for each way by which one opens: current chain, late, closed chain, next chain; and A with B's first chain.
fn stages() -> Vec<(Side, Vec<u8>)> {
    let mut fresh = Pair::new(1);
    let answer = fresh.seal_b(b"answer");
    let mut stages = vec![(fresh.a.clone(), answer)];
    let mut pair = Pair::after(1, 2);
    let closed = pair.seal_a(b"closed");
    pair.a_passes();
    let late = pair.seal_a(b"late");
    pair.a_passes();
    let current = pair.seal_a(b"current");
    stages.extend([&closed, &late, &current].map(|message| (pair.b.clone(), message.clone())));
    pair.b_says(b"answer");
    let next = pair.seal_a(b"next");
    stages.push((pair.b.clone(), next.clone()));
    drop(pair.b.open(&next, NOW).unwrap());
    stages.push((pair.b.clone(), closed));
    stages
}

/// A million changed messages in release campaigns, some thousands here: nothing changes, and the honest message opens afterwards.
#[test]
fn r_02_r_07_a_changed_message_changes_nothing() {
    let mut rng = rng("r_02");
    let rounds = std::env::var("SOTTOVOCE_ROUNDS").map_or(1_500, |rounds| rounds.parse().unwrap());
    for (side, message) in stages() {
        let mut refused = side.clone();
        for _ in 0..rounds {
            let mut changed = message.clone();
            let at = below(&mut rng, changed.len());
            changed[at] ^= 1 << below(&mut rng, 8);
            assert!(refused.open(&changed, NOW).is_err());
        }
        assert_eq!(refused, side);
        drop(refused.open(&message, NOW).unwrap());
    }
}

/// Every bit of header and hm, and every byte of the rest.
#[test]
fn r_07_every_bit_is_authentic() {
    for (side, message) in stages() {
        let ratchet = side.ratchet();
        for bit in 0..8 * (8 + 16 + 48 + 8) {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 64 {
                RatchetError::UnknownTag
            } else {
                RatchetError::Crypto(CryptoError::Unauthentic)
            };
            assert_eq!(ratchet.examine(&changed).err(), Some(expected), "bit {bit}");
        }
        for at in 80..message.len() {
            let mut changed = message.clone();
            changed[at] ^= 1;
            assert_eq!(side.clone().open(&changed, NOW).err(), Some(CryptoError::Unauthentic.into()));
        }
    }
}

/// Headers of two messages, two sessions, two directions are not interchangeable.
#[test]
fn r_07_headers_do_not_move() {
    let (mut pair, mut other) = (Pair::after(1, 2), Pair::after(2, 2));
    let (one, two, theirs) = (pair.seal_a(b"one"), pair.seal_a(b"two"), other.seal_a(b"one"));
    let swap = |from: &[u8], range: std::ops::Range<usize>| {
        let mut message = one.clone();
        message[range.clone()].copy_from_slice(&from[range]);
        message
    };
    for from in [&two, &theirs] {
        for range in [8..80, 8..24, 24..72, 72..80, 8..288, 80..288] {
            let moved = swap(from, range.clone());
            assert!(moved == one || moved == *from || pair.b.open(&moved, NOW).is_err(), "{range:?}");
        }
    }
    assert_eq!(pair.b.open(&theirs, NOW).err(), Some(RatchetError::UnknownTag));
    drop(pair.b.open(&one, NOW).unwrap());
}

/// Each field of an authentic header, as only the peer itself could set it wrongly.
#[test]
fn r_07_headers_that_contradict_their_chain() {
    let mut pair = Pair::after(1, 2);
    pair.a_says(b"one");
    let number = hazmat::next(&pair.a.ratchet()).unwrap().numbers[0];
    let good = body(&Fields::default());
    let current = |edit: fn(&mut hazmat::Next)| pair.b.clone().open(&forge(&pair.a, edit, &good), NOW).err();
    assert_eq!(current(|_| {}), None);
    let bad = Some(RatchetError::BadHeader);
    assert_eq!(current(|next| next.numbers[1] += 1), bad, "pn");
    assert_eq!(current(|next| next.numbers[2] = 1), bad, "epoch");
    assert_eq!(current(|next| next.numbers[1] = 65_537), bad, "pn that no chain has");
    let next = hazmat::next(&pair.a.ratchet()).unwrap();
    let header = hazmat::header(next.ratchet_key, next.numbers, None);
    for at in [0, 45, 46, 47] {
        let mut changed = header.clone();
        changed[at] = 1;
        let message = forge_raw(&next, &changed, &good);
        assert_eq!(pair.b.clone().open(&message, NOW).err(), bad, "byte {at}");
    }
    for key in [[0; 32], [0xff; 32]] {
        let mut changed = header.clone();
        changed[1..33].copy_from_slice(&key);
        let message = forge_raw(&next, &changed, &good);
        assert_eq!(pair.b.clone().open(&message, NOW).err(), Some(CryptoError::InvalidKey.into()));
    }
    assert_eq!(number, 2);
    // The same of a message that begins a chain, and of one in a chain that ended.
    let closed = pair.a.clone();
    pair.b_says(b"answer");
    let before = pair.b.clone();
    let first = pair.seal_a(b"first of the chain");
    let chain = |edit: fn(&mut hazmat::Next)| before.clone().open(&forge(&pair.a, edit, &good), NOW).err();
    assert_eq!(chain(|_| {}), None);
    assert_eq!(chain(|next| next.numbers[1] -= 1), bad, "pn below what was seen");
    assert_eq!(chain(|next| next.numbers[2] = 1), bad, "an epoch that was not answered");
    drop(pair.b.open(&first, NOW).unwrap());
    let beyond = forge(&closed, |_| {}, &good);
    assert_eq!(pair.b.open(&beyond, NOW).err(), Some(RatchetError::Used), "a closed chain without kept keys");
}

/// In a chain that was closed with keys kept, a number beyond its length is refused.
#[test]
fn r_07_closed_chains_have_an_end() {
    let mut pair = Pair::after(1, 2);
    let late = pair.seal_a(b"late");
    pair.a_passes();
    let closed = pair.a.clone();
    pair.b_says(b"answer");
    pair.a_says(b"next");
    let beyond = forge(&closed, |_| {}, &body(&Fields::default()));
    assert_eq!(pair.b.open(&beyond, NOW).err(), Some(RatchetError::BadHeader));
    assert!(pair.b.open(&late, NOW).unwrap().is_late);
}

/// What one has sent does not come back.
#[test]
fn r_08_reflected_messages_are_unknown() {
    let mut pair = Pair::after(1, 2);
    for _ in 0..4 {
        let (from_a, from_b) = (pair.seal_a(b"a"), pair.seal_b(b"b"));
        assert_eq!(pair.a.open(&from_a, NOW).err(), Some(RatchetError::UnknownTag));
        assert_eq!(pair.b.open(&from_b, NOW).err(), Some(RatchetError::UnknownTag));
        drop((pair.b.open(&from_a, NOW).unwrap(), pair.a.open(&from_b, NOW).unwrap()));
    }
    // Nor if whoever holds the keys puts it under the tag that is expected: the direction is in what is authentic.
    drop((pair.seal_a(b"a"), pair.seal_b(b"b")));
    let [a, b] = [&pair.a, &pair.b].map(|side| hazmat::next(&side.ratchet()).unwrap().bound);
    assert_ne!(a, b);
}

/// No prefix of a message is one, and a tag of another length is none.
#[test]
fn r_19_cut_messages_are_refused() {
    for (side, message) in stages() {
        let ratchet = side.ratchet();
        for length in 0..message.len() {
            let refused = ratchet.examine(&message[..length]).err();
            let expected = if length < 8 {
                RatchetError::Crypto(CryptoError::Truncated)
            } else {
                RatchetError::BadLength
            };
            assert_eq!(refused, Some(expected), "{length}");
        }
        for more in 1..=64 {
            let longer = [&message[..], &vec![0; more]].concat();
            assert_eq!(ratchet.examine(&longer).err(), Some(RatchetError::BadLength));
        }
    }
}

/// A body that its sender formed badly is refused whole: no content comes out, and nothing changes.
#[test]
fn r_20_bodies_are_checked_before_anything_is_released() {
    let pair = Pair::after(1, 2);
    let good = hazmat::encode_body(&Fields::default(), b"content", 192).unwrap();
    let opens = |padded: &[u8]| {
        let mut side = pair.b.clone();
        let outcome = side.open(&forge(&pair.a, |_| {}, padded), NOW).map(|opened| opened.content);
        assert!(outcome.is_ok() || side == pair.b);
        outcome
    };
    let changed = |edit: fn(&mut Vec<u8>)| {
        let mut padded = good.clone();
        edit(&mut padded);
        opens(&padded)
    };
    let bad = Err(RatchetError::BadMessage);
    assert_eq!(changed(|_| {}), Ok(b"content".to_vec()));
    assert_eq!(changed(|padded| padded[191] = 1), bad, "padding that is not zero");
    assert_eq!(changed(|padded| padded[14] = 1), bad, "longer than the bucket");
    assert_eq!(changed(|padded| padded[15] = 176).map(|content| content.len()), Ok(176), "all of it");
    assert_eq!(changed(|padded| padded[15] = 177), bad, "longer by one");
    assert_eq!(changed(|padded| padded[9] = 0x80), bad, "a symbol that no key has");
    assert_eq!(changed(|padded| padded[4] = 0x80), bad, "an acknowledgement of a symbol that no answer has");
    assert_eq!(changed(|padded| padded[9] = 0x1f), Err(RatchetError::BadLane), "symbols of no epoch");
    assert_eq!(changed(|padded| padded[13] = 0x7f), bad, "more symbols than fit");
    assert_eq!(changed(|padded| padded[15] = 6), bad, "content that runs into the padding");
}

/// Every refusal looks the same from outside: like nothing.
#[test]
fn r_21_refusals_have_no_effect_outside() {
    let refusals = [
        CryptoError::Unauthentic.into(),
        CryptoError::InvalidKey.into(),
        CryptoError::Truncated.into(),
        RatchetError::BadLength,
        RatchetError::UnknownTag,
        RatchetError::Used,
        RatchetError::TooOld,
        RatchetError::BadHeader,
        RatchetError::Ahead,
        RatchetError::BadMessage,
        RatchetError::BadLane,
    ];
    for refusal in refusals {
        assert_eq!(refusal.fault(), Fault::Peer);
        assert_eq!(disclosure(refusal.fault(), Channel::EndToEnd), Disclosure::Nothing);
    }
    // What is sent next is the same, byte for byte, whatever was refused before.
    let pair = Pair::after(1, 2);
    let next = |refused: &[&[u8]]| {
        let mut side = pair.b.clone();
        for bytes in refused {
            assert!(side.open(bytes, NOW).is_err());
        }
        side.seal(b"next", NOW, &mut super::pair::generator(9)).unwrap().message
    };
    let tampered = forge(&pair.a, |next| next.numbers[0] = 70_000, &body(&Fields::default()));
    assert_eq!(next(&[]), next(&[b"", &[1; 288], &tampered, &pair.first]));
}

/// Who sent a message is a function of the session: nothing in the bytes says it, and a message of another session with the same
/// keys does not open, because what is authentic is th2.
#[test]
fn r_22_messages_are_bound_to_the_handshake() {
    use sottovoce::crypto::hash::Hash;
    use sottovoce::pairwise::hazmat::{first_chain, session_secret};
    let pair = Pair::new(1);
    let open = |transcript| {
        let secret = session_secret(Role::Responder, transcript, keys());
        open_first(first_chain(&secret), &pair.first).map(FirstOpened::into_message)
    };
    assert_eq!(open(super::pair::transcript()), Ok(b"first".to_vec()));
    assert_eq!(open(Hash::of(b"another handshake")), Err(CryptoError::Unauthentic.into()));
}

/// A state that was set back is told when the other side goes on from what it forgot.
#[test]
fn r_05_a_state_that_was_set_back_is_told() {
    let mut pair = Pair::after(1, 2);
    let older = pair.b.clone();
    pair.b_says(b"forgotten");
    let next = pair.seal_a(b"goes on");
    assert_eq!(older.clone().open(&next, NOW).err(), Some(RatchetError::Ahead));
    drop(pair.b.open(&next, NOW).unwrap());
}

/// Nothing that an initiator has sealed can have been answered before it sealed anything.
#[test]
fn r_05_a_state_from_before_the_first_message_is_told() {
    let mut pair = Pair::new(8);
    let mut older = Side::beginning(&mut generator(8));
    let answer = pair.seal_b(b"answer");
    assert_eq!(older.open(&answer, NOW).err(), Some(RatchetError::Ahead));
    drop(pair.a.open(&answer, NOW).unwrap());
}
