//! what is lost, late, repeated.

use std::collections::BTreeSet;

use sottovoce::ratchet::hazmat::Fields;
use sottovoce::ratchet::{Position, RatchetError};

use super::pair::Pair;
use super::{body, forge};
use crate::support::{below, rng};

/// Every order in which six messages arrive, with every set of them lost: what opens, what is late, and the gaps.
#[test]
fn r_09_gaps_are_exact() {
    let mut pair = Pair::new(1);
    let messages: Vec<_> = (0..6_u8).map(|number| pair.seal_a(&[number])).collect();
    let start = pair.b.clone();
    for arrived in 0..1_u32 << 6 {
        let arrived: Vec<usize> = (0..6).filter(|number| arrived >> number & 1 == 1).collect();
        for order in permutations(&arrived) {
            let mut side = start.clone();
            // The chain's message 0 opened before; these are 1 to 6.
            let (mut next, mut missing) = (1, BTreeSet::new());
            for index in order {
                let number = u32::try_from(index).unwrap() + 1;
                let opened = side.open(&messages[index], pair.now).unwrap();
                assert_eq!(opened.content, [u8::try_from(index).unwrap()]);
                assert_eq!((opened.position.number, opened.is_late), (number, missing.remove(&number)));
                let gaps: Vec<_> = opened.gaps.iter().map(|gap| (gap.from.number, gap.count)).collect();
                let expected = (number > next).then(|| (next, number - next));
                assert_eq!(gaps, expected.into_iter().collect::<Vec<_>>());
                missing.extend(next..number);
                next = next.max(number + 1);
            }
        }
    }
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let rest: Vec<_> = items[..place].iter().chain(&items[place + 1..]).copied().collect();
        all.extend(permutations(&rest).into_iter().map(|tail| [&[*item][..], &tail].concat()));
    }
    all
}

/// A gap at the end of a chain is told by the first message of the next one, with the chain that it is in.
#[test]
fn r_09_gaps_at_the_end_of_a_chain() {
    let mut pair = Pair::new(1);
    let lost: Vec<_> = (0..3).map(|_| pair.seal_a(b"late")).collect();
    pair.b_says(b"answer");
    let next: Vec<_> = (0..3).map(|_| pair.seal_a(b"next")).collect();
    let opened = pair.b.open(&next[2], pair.now).unwrap();
    let chain = |message: &[u8]| sottovoce::ratchet::Tag(message[..8].try_into().unwrap());
    let gaps: Vec<_> = opened.gaps.iter().map(|gap| (gap.from, gap.count)).collect();
    let ended = Position { chain: chain(&lost[0]), number: 1 };
    let began = Position { chain: chain(&next[0]), number: 0 };
    assert_eq!(gaps, [(ended, 3), (began, 2)]);
    for message in lost.iter().chain(&next[..2]) {
        let opened = pair.b.open(message, pair.now).unwrap();
        assert!(opened.is_late && opened.gaps.is_empty());
    }
    assert!(pair.b.blocks.is_empty(), "every key was used and erased");
}

/// Whatever was opened does not open again: at once, after reloading, after its chain was closed, and after its tag was forgotten.
#[test]
fn r_04_r_10_messages_open_once() {
    let mut pair = Pair::new(2);
    let mut rng = rng("r_04");
    let mut past: Vec<Vec<u8>> = vec![pair.first.clone()];
    for _ in 0..24 {
        let burst: Vec<_> = (0..=below(&mut rng, 4)).map(|_| pair.seal_a(b"once")).collect();
        for message in &burst {
            drop(pair.b.open(message, pair.now).unwrap());
        }
        past.extend(burst);
        for message in &past {
            let again = pair.b.open(message, pair.now).unwrap_err();
            assert!(matches!(again, RatchetError::Used | RatchetError::UnknownTag), "{again}");
        }
        pair.b_says(b"answer");
    }
    let newest = past.last().unwrap();
    assert_eq!(pair.b.open(newest, pair.now).err(), Some(RatchetError::Used));
}

/// Keys of late messages go with the message, and a message that came twice finds nothing.
#[test]
fn r_04_late_messages_open_once() {
    let mut pair = Pair::new(3);
    let late = pair.seal_a(b"late");
    let key = sottovoce::ratchet::hazmat::next(&pair.a.ratchet()).unwrap().key;
    let also = pair.seal_a(b"late too");
    pair.a_passes();
    let kept = |pair: &Pair| {
        let needle = &key.expose()[..];
        pair.b.blocks.values().any(|block| block.windows(32).any(|window| window == needle))
    };
    assert!(kept(&pair));
    for message in [&also, &late] {
        assert!(pair.b.open(message, pair.now).unwrap().is_late);
        assert_eq!(pair.b.open(message, pair.now).err(), Some(RatchetError::Used));
        assert!(!kept(&pair));
    }
    assert!(pair.b.blocks.is_empty());
}

/// An old ratchet key under the newest chain's tag, or the current one as if it were new: no step is made.
#[test]
fn r_13_old_ratchet_keys_make_no_step() {
    let mut pair = Pair::new(4);
    let old = sottovoce::ratchet::hazmat::next(&pair.a.ratchet()).unwrap().ratchet_key;
    pair.b_says(b"answer");
    pair.a_says(b"next");
    let replayed = forge(&pair.a, |next| next.ratchet_key = old, &body(&Fields::default()));
    assert_eq!(pair.b.open(&replayed, pair.now).err(), Some(RatchetError::BadHeader));
    pair.b_says(b"answer");
    let current = sottovoce::ratchet::hazmat::next(&pair.a.ratchet());
    assert!(current.is_none(), "a step is due");
    let mut ahead = pair.a.clone();
    drop(ahead.seal(b"lost", pair.now, &mut pair.rng).unwrap());
    let shown = pair.b.ratchet();
    let ratchet_key = sottovoce::ratchet::hazmat::peer(&shown).unwrap();
    let reused = forge(&ahead, |next| next.ratchet_key = ratchet_key, &body(&Fields::default()));
    assert_eq!(pair.b.open(&reused, pair.now).err(), Some(RatchetError::BadHeader));
}
