//! P-08: limits of work, of keeping, of numbers, of length and of age.

use std::collections::BTreeSet;

use sottovoce::crypto::CryptoError;
use sottovoce::ratchet::hazmat::Fields;
use sottovoce::ratchet::{LONGEST, MAX_CONTENT, RENEWAL, RatchetError, hazmat};
use sottovoce::time::{Span, Timestamp};
use sottovoce_heap::measure;

use super::pair::{NOW, Pair};
use super::{body, forge};
use crate::support::{below, rng};

const KEPT_FOR: Span = Span::from_days(30);

/// A forged message under a known tag costs one MAC: it is refused before anything is allocated, whatever it says.
#[test]
fn r_01_forged_headers_cost_one_mac() {
    let mut pair = Pair::after(1, 3);
    let good = pair.seal_a(b"good");
    let ratchet = pair.b.ratchet();
    let mut rng = rng("r_01");
    for _ in 0..100_000 {
        let mut forged = good.clone();
        let at = 8 + below(&mut rng, 16 + 48 + 8);
        forged[at] ^= 1 << below(&mut rng, 8);
        let (refused, heap) = measure(|| ratchet.examine(&forged).err());
        assert_eq!(refused, Some(CryptoError::Unauthentic.into()));
        assert_eq!(heap.count, 0);
    }
    let (refused, heap) = measure(|| ratchet.examine(&[7; 4000]).err());
    assert_eq!((refused, heap.count), (Some(RatchetError::UnknownTag), 0));
}

/// What a peer with keys can make us do is bounded by the numbers of a chain, and by the keys that are kept of it.
#[test]
fn r_01_jumps_are_bounded() {
    let pair = Pair::after(1, 3);
    let jump = |number: u32| forge(&pair.a, |next| next.numbers[0] = number, &body(&Fields::default()));
    for beyond in [65_536, 65_537, u32::MAX] {
        assert_eq!(pair.b.clone().open(&jump(beyond), NOW).err(), Some(RatchetError::BadHeader));
    }
    // Its header is authentic and its key is not that number's, so the whole chain is walked, for nothing.
    let mut side = pair.b.clone();
    let far = jump(65_535);
    let (refused, heap) = measure(|| side.open(&far, NOW).err());
    assert_eq!(refused, Some(CryptoError::Unauthentic.into()));
    assert!(heap.peak < 200_000, "{heap:?}");
    assert_eq!(side, pair.b);
}

/// The longest honest jump: what it passes is a gap, the newest 1,000 keys are kept, in 16 or 17 records.
#[test]
fn r_01_the_longest_jump_opens() {
    let mut pair = Pair::after(1, 1);
    let mut ratchet = pair.a.ratchet();
    let mut messages = Vec::new();
    while let Ok(sealed) = ratchet.seal(b"", None, NOW, &mut pair.rng) {
        messages.push(sealed);
    }
    assert_eq!(messages.last().unwrap().position.number, 65_535);
    let opened = pair.b.open(&messages.last().unwrap().message, NOW).unwrap();
    let passed = u32::try_from(messages.len() - 1).unwrap();
    assert_eq!(opened.gaps.iter().map(|gap| gap.count).collect::<Vec<_>>(), [passed]);
    assert!((16..=17).contains(&pair.b.blocks.len()));
    let bytes: usize = pair.b.blocks.values().map(Vec::len).sum();
    assert!(bytes <= 1_000 * 48, "{bytes} bytes for 1,000 keys");
    for sealed in messages.iter().rev().skip(1).take(1_000) {
        assert!(pair.b.open(&sealed.message, NOW).unwrap().is_late);
    }
    assert!(pair.b.blocks.is_empty());
    let older = &messages[messages.len() - 1_002].message;
    assert_eq!(pair.b.open(older, NOW).err(), Some(RatchetError::TooOld));
    assert_eq!(pair.b.open(&messages.last().unwrap().message, NOW).err(), Some(RatchetError::TooOld));
}

/// A chain ends with its last number, and so does sealing until the other side answers.
#[test]
fn r_18_chains_end() {
    let mut pair = Pair::after(2, 1);
    let mut ratchet = pair.a.ratchet();
    let mut last = None;
    while let Ok(sealed) = ratchet.seal(b"", None, NOW, &mut pair.rng) {
        last = Some(sealed.message);
    }
    assert_eq!(ratchet.seal(b"", None, NOW, &mut pair.rng).err(), Some(RatchetError::Exhausted));
    assert!(ratchet.is_renewal_due(NOW));
    pair.a = super::Side { state: sottovoce::wire::Wire::encode(&ratchet).unwrap(), ..pair.a };
    drop(pair.b.open(&last.unwrap(), NOW).unwrap());
    pair.b_says(b"answer");
    pair.a_says(b"and on");
    assert!(!pair.a.ratchet().is_renewal_due(NOW));
}

/// Lost messages fill what is kept: the newest blocks stay, the oldest are dropped first, and there are never more than 64.
#[test]
fn r_03_the_oldest_keys_are_dropped_first() {
    let mut pair = Pair::after(3, 1);
    let mut lost = Vec::new();
    for round in 0..100_u64 {
        pair.now = NOW.plus(Span::from_secs(round));
        lost.push(pair.seal_a(b"lost"));
        (0..64).for_each(|_| drop(pair.a.seal(b"", pair.now, &mut pair.rng).unwrap()));
        pair.a_passes();
        assert!(pair.b.blocks.len() <= 64);
    }
    let opens: Vec<_> = lost.iter().map(|message| pair.b.open(message, pair.now).is_ok()).collect();
    let first = opens.iter().position(|opens| *opens).unwrap();
    assert!(opens[first..].iter().all(|opens| *opens) && (34..=42).contains(&first), "{first}");
    assert_eq!(pair.b.open(&lost[0], pair.now).err(), Some(RatchetError::TooOld));
}

/// Of closed chains at most 16 have keys, the newest.
#[test]
fn r_03_closed_chains_are_few() {
    let mut pair = Pair::after(4, 1);
    let mut lost = Vec::new();
    for _ in 0..30 {
        lost.push(pair.seal_a(b"lost"));
        pair.a_passes();
        pair.b_says(b"answer");
    }
    pair.a_says(b"next");
    let opens: Vec<_> = lost.iter().map(|message| pair.b.open(message, NOW).is_ok()).collect();
    let expected: Vec<_> = (0..30).map(|chain| chain >= 14).collect();
    assert_eq!(opens, expected);
    assert!(pair.b.blocks.is_empty());
}

/// After 30 days they are gone, also for a clock that was ahead when they were kept.
#[test]
fn r_03_kept_keys_age() {
    for ahead in [0, 60] {
        let mut pair = Pair::after(5, 1);
        let late = pair.seal_a(b"late");
        pair.now = NOW.plus(Span::from_days(ahead));
        pair.a_passes();
        pair.now = NOW;
        let mut ratchet = pair.b.ratchet();
        assert!(ratchet.expire(NOW).is_empty());
        assert_eq!(ratchet.next_expiry(), Some(NOW.plus(KEPT_FOR)));
        pair.b.state = sottovoce::wire::Wire::encode(&ratchet).unwrap();
        let last = NOW.plus(KEPT_FOR);
        assert!(pair.b.clone().open(&late, last).unwrap().is_late);
        let after = Timestamp::from_millis(last.as_millis() + 1);
        assert_eq!(pair.b.clone().open(&late, after).err(), Some(RatchetError::TooOld));
        let expired = ratchet.expire(after);
        assert_eq!(expired, pair.b.blocks.keys().copied().collect::<Vec<_>>());
        assert_eq!((ratchet.next_expiry(), ratchet.expire(after)), (None, Vec::new()));
    }
}

/// New keys in a block make no old ones younger: what was too old when they came is gone.
#[test]
fn r_03_new_keys_do_not_prolong_old_ones() {
    for (days, lives) in [(30, true), (31, false)] {
        let mut pair = Pair::after(5, 1);
        let late = pair.seal_a(b"late");
        pair.a_passes();
        let also = pair.seal_a(b"late too");
        pair.now = NOW.plus(Span::from_days(days));
        pair.a_passes();
        assert_eq!(pair.b.blocks.len(), 1);
        assert!(pair.b.clone().open(&also, pair.now).unwrap().is_late);
        let opened = pair.b.open(&late, pair.now).map(|opened| opened.is_late);
        assert_eq!(opened, if lives { Ok(true) } else { Err(RatchetError::TooOld) }, "{days}");
    }
}

/// A session gets old: a linked handshake is due, and later it seals nothing. It opens what comes.
#[test]
fn r_24_sessions_age() {
    let mut pair = Pair::after(6, 2);
    let at = |age: Span, more| Timestamp::from_millis(NOW.plus(age).as_millis() + more);
    let ratchet = pair.a.ratchet();
    assert!(!ratchet.is_renewal_due(at(RENEWAL, 0)) && ratchet.is_renewal_due(at(RENEWAL, 1)));
    let last = pair.a.seal(b"last", at(LONGEST, 0), &mut pair.rng).unwrap().message;
    assert_eq!(pair.a.seal(b"", at(LONGEST, 1), &mut pair.rng).err(), Some(RatchetError::Exhausted));
    assert_eq!(pair.b.open(&last, at(LONGEST, 1)).unwrap().content, b"last");
    // A clock that goes back does not make it younger than new.
    assert!(pair.a.seal(b"", Timestamp::default(), &mut pair.rng).is_ok());
}

/// Lengths come from a short list; within a bucket they say nothing of the content, and symbols do not change them.
#[test]
fn r_23_p_08_lengths_are_buckets() {
    let mut pair = Pair::after(7, 1);
    let mut seen = BTreeSet::new();
    for length in (0..2_000).chain((2_000..=MAX_CONTENT).step_by(97)).chain([MAX_CONTENT]) {
        let sealed = pair.a.clone().seal(&vec![7; length], NOW, &mut pair.rng).unwrap().message;
        let least = length + 48;
        let bucket = [192, 384, 768].into_iter().find(|bucket| least <= *bucket);
        assert_eq!(sealed.len(), 96 + bucket.unwrap_or(least.next_multiple_of(1_536)));
        seen.insert(sealed.len());
    }
    assert_eq!(seen.len(), 3 + 32);
    let too_long = pair.a.seal(&vec![0; MAX_CONTENT + 1], NOW, &mut pair.rng);
    assert_eq!(too_long.err(), Some(CryptoError::TooLong.into()));
}

/// Every length that is no message's is refused before the header is looked at.
#[test]
fn p_08_other_lengths_are_refused() {
    let mut pair = Pair::after(8, 1);
    let good = pair.seal_a(b"good");
    let ratchet = pair.b.ratchet();
    for length in 0..2 * good.len() {
        let mut bytes = good.clone();
        bytes.resize(length, 0);
        let expected = match length {
            0..8 => RatchetError::Crypto(CryptoError::Truncated),
            288 => continue,
            480 => RatchetError::Crypto(CryptoError::Unauthentic),
            _ => RatchetError::BadLength,
        };
        let examined = ratchet.examine(&bytes).err();
        let opened = pair.b.clone().open(&bytes, NOW).err();
        assert!(examined.is_none() || examined == opened, "{length}");
        assert_eq!(opened, Some(expected), "{length}");
    }
    assert_eq!(hazmat::bucket(0, true), Ok((384, 11)));
}

/// A block that the store has lost holds nothing up for ever: neither what it would open, nor what passes it.
#[test]
fn r_03_a_lost_block_is_given_up() {
    for closes in [false, true] {
        let mut pair = Pair::after(9, 1);
        let late = pair.seal_a(b"late");
        pair.a_passes();
        if closes {
            pair.b_says(b"answer");
            pair.a_says(b"next");
        }
        let block = *pair.b.blocks.keys().next().unwrap();
        pair.b.blocks.clear();
        drop(pair.seal_a(b"lost"));
        let passing = pair.seal_a(b"passing");
        let mut ratchet = pair.b.ratchet();
        let wants = |ratchet: &sottovoce::ratchet::Ratchet, message: &[u8]| {
            ratchet.examine(message).map(|examined| examined.wants().block)
        };
        assert_eq!(wants(&ratchet, &late), Ok(Some(block)));
        assert_eq!(wants(&ratchet, &passing), Ok((!closes).then_some(block)));
        ratchet.forget(block);
        ratchet.forget(block);
        pair.b.state = sottovoce::wire::Wire::encode(&ratchet).unwrap();
        assert_eq!(pair.b.open(&late, NOW).err(), Some(RatchetError::TooOld));
        assert_eq!(pair.b.open(&passing, NOW).unwrap().gaps.len(), 1);
    }
}
