//! P-08: rules 6 to 8 of the lane, §6.8, and how fast it heals. Each test fails when its rule is loosened
//! (`.ci/campaigns/ratchet-rules`).

use std::collections::BTreeMap;

use sottovoce::ratchet::hazmat::{self, Bits, Fields, Phase};
use sottovoce::ratchet::{OVERDUE, RatchetError};
use sottovoce::time::Span;

use super::lane::{ROOMY, fields, lane, read_held, ready, until};
use super::pair::{NOW, Pair, Side, generator};
use super::{body, forge};

/// Rule 6: an answer whose confirmation is wrong closes the offerer's lane, with the event; it mixes nothing any more, and the session
/// goes on.
#[test]
fn r_14_rule_6_a_wrong_confirmation_closes_the_lane() {
    for bit in [0, 8 * 1_088, 8 * 1_103 + 7] {
        let mut pair = until(1, Phase::Offering, Phase::Holding);
        drop(pair.seal_b(ROOMY));
        // All of the answer in one message, with one bit changed by B itself.
        let mut answer = hazmat::answer(&pair.b.ratchet()).unwrap();
        answer[bit / 8] ^= 1 << (bit % 8);
        answer.resize(1_120, 0);
        let symbols = (0..).zip(answer.as_chunks().0.iter().copied()).collect();
        let fields = Fields { epoch: 1, received: Bits::default(), symbols };
        let opened = pair.a.open(&forge(&pair.b, |_| {}, &body(&fields)), NOW).unwrap();
        assert!(opened.closed_lane && opened.content == b"forged", "bit {bit}");
        assert_eq!(lane(&pair.a), (Phase::Closed, 0));
        for _ in 0..8 {
            drop(pair.seal_a(ROOMY));
        }
        assert_eq!(hazmat::next(&pair.a.ratchet()).unwrap().numbers[2], 0);
        let (said, _) = self::fields(&pair.a, 1);
        assert_eq!(said, Fields::default());
        assert!(pair.a.ratchet().is_renewal_due(NOW));
    }
}

/// Rule 7: acknowledgements add up in any order and are of one epoch; fields of another epoch, and of a closed lane, mean nothing.
#[test]
fn r_14_rule_7_acknowledgements_add_up() {
    let mut pair = Pair::after(1, 1);
    let acknowledge = |pair: &mut Pair, epoch, received: Bits| {
        let fields = Fields { epoch, received, symbols: BTreeMap::new() };
        drop(pair.seal_b(ROOMY));
        let message = forge(&pair.b, |_| {}, &body(&fields));
        drop(pair.a.open(&message, NOW).unwrap());
    };
    let halves = [Bits::below(20), Bits::below(37).without(Bits::below(20))];
    acknowledge(&mut pair, 2, Bits::below(37));
    acknowledge(&mut pair, 1, halves[1]);
    drop(pair.seal_a(ROOMY));
    let waits = |pair: &Pair| fields(&pair.a, 1).0.symbols.keys().copied().collect::<Vec<_>>();
    assert!(!waits(&pair).is_empty() && waits(&pair).iter().all(|number| *number < 20));
    acknowledge(&mut pair, 1, halves[0]);
    drop(pair.seal_a(ROOMY));
    assert_eq!(waits(&pair), [0; 0], "everything has arrived");
}

/// Rule 7: a symbol that differs from one that is held is the peer's fault: the message is refused whole, and honest symbols complete the key.
#[test]
fn r_14_rule_7_poisoned_symbols_are_refused() {
    let mut pair = Pair::after(1, 1);
    let held: Vec<u32> = read_held(&pair.b).numbers().collect();
    assert!(!held.is_empty());
    let before = pair.b.clone();
    let poisoned =
        |epoch, number| Fields { epoch, symbols: [(number, [0xee; 32])].into(), ..Fields::default() };
    let refused = pair.b.open(&forge(&pair.a, |_| {}, &body(&poisoned(1, held[0]))), NOW).err();
    assert_eq!((refused, &pair.b), (Some(RatchetError::BadLane), &before));
    for epoch in [0, 2, 7] {
        let mut side = before.clone();
        let outcome = side.open(&forge(&pair.a, |_| {}, &body(&poisoned(epoch, held[0]))), NOW);
        let expected = (epoch == 0).then_some(RatchetError::BadLane);
        assert_eq!(outcome.err(), expected, "epoch {epoch}");
        assert!(read_held(&side).numbers().eq(held.iter().copied()), "of another epoch nothing is taken");
    }
    let closed = Fields { epoch: 0, received: Bits::below(1), symbols: BTreeMap::new() };
    assert_eq!(
        pair.b.clone().open(&forge(&pair.a, |_| {}, &body(&closed)), NOW).err(),
        Some(RatchetError::BadLane)
    );
    let mut rounds = 0;
    while lane(&pair.b).0 == Phase::Collecting {
        pair.a_says(ROOMY);
        rounds += 1;
        assert!(rounds < 10);
    }
    assert_eq!(lane(&pair.b).0, Phase::Holding);
}

/// Rule 7: the last half symbol of an answer is zeros.
#[test]
fn r_14_rule_7_the_answer_ends_in_zeros() {
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    drop(pair.seal_b(ROOMY));
    let mut answer = hazmat::answer(&pair.b.ratchet()).unwrap();
    answer.resize(1_120, 0);
    for at in [1_104, 1_119] {
        let mut long = answer.clone();
        long[at] = 1;
        let symbol: [u8; 32] = long[1_088..].try_into().unwrap();
        let fields = Fields { epoch: 1, received: Bits::default(), symbols: [(34, symbol)].into() };
        let refused = pair.a.clone().open(&forge(&pair.b, |_| {}, &body(&fields)), NOW).err();
        assert_eq!(refused, Some(RatchetError::BadLane));
    }
}

/// Rule 8: symbols fill what is left and add nothing, but for one whole bucket when healing is overdue.
#[test]
fn p_08_rule_8_symbols_add_whole_buckets() {
    let pair = Pair::after(1, 1);
    let length = |side: &Side, content: usize, days| {
        let now = NOW.plus(Span::from_days(days));
        side.clone().seal(&vec![1; content], now, &mut generator(1)).unwrap().message.len() - 96
    };
    let mut quiet = pair.a.clone();
    let mut other = pair.b.clone();
    drop(other.seal(ROOMY, NOW, &mut generator(3)).unwrap());
    let everything = Fields { epoch: 1, received: Bits::below(37), symbols: BTreeMap::new() };
    drop(quiet.open(&forge(&other, |_| {}, &body(&everything)), NOW).unwrap());
    let buckets = [192, 384, 768, 1_536, 3_072];
    for (place, bucket) in buckets.iter().enumerate().take(4) {
        for content in [bucket - 48, bucket - 49, bucket - 80] {
            assert_eq!(length(&pair.a, content, 0), *bucket, "waiting");
            assert_eq!(length(&quiet, content, 0), *bucket, "nothing waits");
            assert_eq!(length(&quiet, content, 8), *bucket, "overdue, but nothing waits");
            assert_eq!(length(&pair.a, content, 8), buckets[place + 1], "overdue");
            assert_eq!(length(&pair.a, content, 7), *bucket, "not yet");
        }
    }
    assert_eq!(length(&pair.a, sottovoce::ratchet::MAX_CONTENT, 8), 49_152);
    assert!(pair.a.ratchet().healing().is_overdue(NOW.plus(Span::from_days(8))));
    assert!(!pair.a.ratchet().healing().is_overdue(NOW.plus(OVERDUE)));
}

/// Rule 8: whether healing is overdue is asked after the step that the message makes.
#[test]
fn p_08_rule_8_a_step_that_heals_needs_no_larger_bucket() {
    let mut pair = ready();
    pair.now = NOW.plus(Span::from_days(8));
    while lane(&pair.a) != (Phase::Ready, 2) {
        pair.a_says(ROOMY);
        pair.b_says(ROOMY);
    }
    assert!(pair.a.ratchet().healing().is_overdue(pair.now));
    assert_eq!(pair.seal_a(b"").len(), 96 + 192);
    assert_eq!(lane(&pair.a), (Phase::Offering, 3));
}

/// The lane turns over and over, in both directions' epochs, and healing says when.
#[test]
fn r_15_healing_is_told() {
    let mut pair = Pair::new(5);
    let mut mixed = Vec::new();
    for round in 0..120 {
        pair.now = NOW.plus(Span::from_secs(round));
        pair.b_says(ROOMY);
        let before = lane(&pair.a).1;
        pair.a_says(ROOMY);
        assert_eq!(pair.a.ratchet().healing().classical, pair.now);
        if lane(&pair.a).1 > before {
            let healed = [&pair.a, &pair.b].map(|side| side.ratchet().healing().post_quantum);
            assert!(healed.iter().all(|healed| *healed < pair.now));
            mixed.push(healed);
        }
    }
    assert!(mixed.len() >= 8, "{}", mixed.len());
    assert!(mixed.is_sorted_by(|one, next| one[0] < next[0] && one[1] < next[1]));
}
