//! rules 1 to 5 of the lane, §6.8. Each test fails when its rule is loosened (`.ci/campaigns/ratchet-rules`).

use std::collections::BTreeMap;

use sottovoce::crypto::mlkem::{DecapsulationKey, EncapsulationKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::ratchet::RatchetError;
use sottovoce::ratchet::hazmat::{self, Bits, Fields, Phase};
use sottovoce::time::Span;

use super::pair::{NOW, Pair, Side, generator};
use super::{body, forge};

/// Content that leaves room for ten symbols.
pub(super) const ROOMY: &[u8] = &[7; 400];

pub(super) fn lane(side: &Side) -> (Phase, u32) {
    let (phase, epoch, _) = hazmat::lane(&side.ratchet());
    (phase, epoch)
}

pub(super) fn secret(side: &Side) -> Vec<u8> {
    hazmat::lane(&side.ratchet()).2
}

pub(super) fn contains(side: &Side, needle: &[u8]) -> bool {
    side.state.windows(needle.len()).any(|window| window == needle)
}

/// A pair that talks in turns until both lanes stand like this; the next message is A's.
pub(super) fn until(seed: u64, a: Phase, b: Phase) -> Pair {
    let mut pair = Pair::new(seed);
    for _ in 0..60 {
        if (lane(&pair.a).0, lane(&pair.b).0) == (a, b) {
            return pair;
        }
        pair.b_says(ROOMY);
        if (lane(&pair.a).0, lane(&pair.b).0) == (a, b) {
            return pair;
        }
        pair.a_says(ROOMY);
    }
    panic!("never {a:?} and {b:?}");
}

/// Ready to mix at A, answered at B.
pub(super) fn ready() -> Pair {
    let pair = until(1, Phase::Ready, Phase::Answering);
    assert_eq!((lane(&pair.a).1, lane(&pair.b).1), (1, 1));
    pair
}

/// The fields of a message, read with the keys of its sender's state before.
pub(super) fn fields(before: &Side, rng: u64) -> (Fields, Side) {
    let mut after = before.clone();
    let message = after.seal(ROOMY, NOW, &mut generator(rng)).unwrap().message;
    (read(before, &message), after)
}

fn read(before: &Side, message: &[u8]) -> Fields {
    let next = hazmat::next(&before.ratchet()).expect("an open chain");
    let role = before.ratchet().role();
    hazmat::open_body(&next, message, role).unwrap().0
}

/// Rule 1: every header of the chain names the epoch, so that any of its messages may be the first to arrive; and a chain that names another
/// epoch than the one that was answered is refused.
#[test]
fn r_17_rule_1_every_header_names_the_epoch() {
    let mut pair = ready();
    let chain: Vec<_> = (0..3).map(|_| pair.seal_a(ROOMY)).collect();
    assert_eq!(hazmat::next(&pair.a.ratchet()).unwrap().numbers[2], 1);
    for first in [2, 1, 0] {
        let mut side = pair.b.clone();
        drop(side.open(&chain[first], NOW).unwrap());
        assert_eq!(lane(&side), (Phase::Collecting, 2));
    }
    let named = |epoch| forge(&pair.a, |next| next.numbers[2] = epoch, &body(&Fields::default()));
    for epoch in [2, 3, u32::MAX] {
        assert_eq!(pair.b.clone().open(&named(epoch), NOW).err(), Some(RatchetError::BadHeader), "{epoch}");
    }
    // Named as none, the step that B makes is another one.
    assert!(pair.b.clone().open(&named(0), NOW).is_err());
    drop(pair.b.open(&chain[2], NOW).unwrap());
    // The chain goes on to name it, and naming it again is no second step.
    drop((pair.b.open(&chain[0], NOW).unwrap(), pair.b.open(&chain[1], NOW).unwrap()));
    assert_eq!(lane(&pair.b), (Phase::Collecting, 2));
    pair.b_says(ROOMY);
    pair.a_says(ROOMY);
    assert_eq!(hazmat::next(&pair.a.ratchet()).unwrap().numbers[2], 0, "the next chain mixes nothing");
}

/// Rule 1: an epoch that is named before its key was answered is refused.
#[test]
fn r_17_rule_1_epochs_are_not_named_out_of_turn() {
    let mut pair = Pair::after(1, 1);
    let answer = pair.seal_b(b"delayed");
    for phase in [Phase::Collecting, Phase::Holding] {
        while lane(&pair.b).0 != phase {
            pair.a_says(ROOMY);
        }
        let mut ahead = pair.a.clone();
        drop(ahead.open(&answer, NOW).unwrap());
        drop(ahead.seal(b"begins the chain", NOW, &mut pair.rng).unwrap());
        for named in [1, 2] {
            let message = forge(&ahead, |next| next.numbers[2] = named, &body(&Fields::default()));
            assert_eq!(pair.b.clone().open(&message, NOW).err(), Some(RatchetError::BadHeader));
        }
        let unnamed = forge(&ahead, |_| {}, &body(&Fields::default()));
        drop(pair.b.clone().open(&unnamed, NOW).unwrap());
    }
}

/// Rule 2: a session for receiving only does not step, does not answer, does not listen; and follows a step that mixes what it has answered.
#[test]
fn r_15_rule_2_receive_only() {
    let mut pair = ready();
    let mut ratchet = pair.b.ratchet();
    ratchet.retire();
    pair.b = Side { state: sottovoce::wire::Wire::encode(&ratchet).unwrap(), ..pair.b };
    assert_eq!(pair.b.seal(b"", NOW, &mut pair.rng).err(), Some(RatchetError::ReceiveOnly));
    assert!(pair.b.ratchet().is_receive_only());
    let named = pair.seal_a(ROOMY);
    drop(pair.b.open(&named, NOW).unwrap());
    assert_eq!(lane(&pair.b), (Phase::Collecting, 2), "it kept its secret, and followed");
    (0..8).for_each(|_| pair.a_says(ROOMY));
    assert_eq!(lane(&pair.b), (Phase::Collecting, 2), "symbols are ignored");
    let mut heard = Pair::after(1, 1);
    let held = read_held(&heard.b).numbers().next().unwrap();
    let contradicting = Fields { epoch: 1, symbols: [(held, [1; 32])].into(), ..Fields::default() };
    let message = forge(&heard.a, |_| {}, &body(&contradicting));
    assert_eq!(heard.b.clone().open(&message, NOW).err(), Some(RatchetError::BadLane));
    let mut ratchet = heard.b.ratchet();
    ratchet.retire();
    heard.b = Side::of(&ratchet);
    drop(heard.b.open(&message, NOW).unwrap());
    let mut held = until(1, Phase::Offering, Phase::Holding);
    let mut ratchet = held.b.ratchet();
    ratchet.retire();
    held.b = Side { state: sottovoce::wire::Wire::encode(&ratchet).unwrap(), ..held.b };
    held.a_says(ROOMY);
    assert_eq!(lane(&held.b).0, Phase::Holding, "it never answers");
}

/// Rule 3: as long as the secret of an epoch is not mixed, nothing of the next one is offered.
#[test]
fn r_17_rule_3_the_next_key_comes_with_the_mixing() {
    let mut pair = until(1, Phase::Ready, Phase::Answering);
    if let Some(next) = hazmat::next(&pair.a.ratchet()) {
        panic!("a step was due: {:?}", next.numbers);
    }
    let before = pair.a.clone();
    assert_eq!(lane(&before), (Phase::Ready, 1));
    drop(pair.seal_a(ROOMY));
    assert_eq!(lane(&pair.a), (Phase::Offering, 2), "made in the step that mixes");
    let (said, _) = fields(&pair.a, 5);
    assert_eq!(said.epoch, 2);
    assert!(!said.symbols.is_empty() && said.received == Bits::default());
    // A chain that is open while the secret becomes ready goes on in the old epoch, and offers nothing.
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    let answers: Vec<_> = (0..4).map(|_| pair.seal_b(ROOMY)).collect();
    drop(pair.a.open(&answers[0], NOW).unwrap());
    drop(pair.seal_a(ROOMY));
    answers[1..].iter().for_each(|message| drop(pair.a.open(message, NOW).unwrap()));
    assert_eq!(lane(&pair.a), (Phase::Ready, 1));
    let (said, after) = fields(&pair.a, 6);
    assert_eq!((said.epoch, said.symbols.len()), (1, 0));
    assert_eq!((lane(&after), hazmat::next(&after.ratchet()).unwrap().numbers[2]), ((Phase::Ready, 1), 0));
}

/// Rule 3: the key of an epoch never changes: every symbol of it is the same whenever it is sent.
#[test]
fn r_14_rule_3_an_epoch_has_one_key() {
    let mut pair = Pair::new(3);
    let mut seen: BTreeMap<u32, [u8; 32]> = BTreeMap::new();
    for _ in 0..40 {
        let (said, after) = fields(&pair.a, 7);
        for (number, symbol) in said.symbols {
            assert_eq!(*seen.entry(number).or_insert(symbol), symbol);
        }
        pair.a = after;
    }
    let key: Vec<u8> = seen.values().flatten().copied().collect();
    let seed: [u8; 64] = secret(&pair.a).try_into().unwrap();
    assert_eq!(key, DecapsulationKey::from_seed(&Secret::new(seed)).public_key().as_bytes());
}

/// Rule 4: one encapsulation per epoch: after reloading, in the next message, in the next chain, the answer is the same.
#[test]
fn r_14_rule_4_an_epoch_has_one_answer() {
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    let mut answers = Vec::new();
    drop(pair.seal_b(ROOMY));
    assert_eq!(lane(&pair.b), (Phase::Answering, 1));
    let kept = secret(&pair.b);
    for round in 0..6 {
        let (said, after) = fields(&pair.b, round);
        assert_eq!(secret(&after), kept);
        answers.push(said.symbols);
        pair.b = after;
    }
    let mut all: BTreeMap<u32, [u8; 32]> = BTreeMap::new();
    for symbols in answers {
        for (number, symbol) in symbols {
            assert_eq!(*all.entry(number).or_insert(symbol), symbol);
        }
    }
    assert_eq!(all.len(), 35);
}

/// Rule 4 and 6: a key that is no key closes the lane, and the message that brought it is valid.
#[test]
fn r_14_rule_4_a_key_is_checked() {
    let pair = Pair::after(1, 1);
    let symbols: Vec<(u32, [u8; 32])> = (0..37).map(|number| (number, [0xff; 32])).collect();
    assert!(EncapsulationKey::from_bytes(&[0xff; 1184]).is_err());
    let mut side = pair.b.clone();
    let held = read_held(&side);
    let rest = symbols.into_iter().filter(|(number, _)| !held.contains(*number)).collect();
    let fields = Fields { epoch: 1, received: Bits::default(), symbols: rest };
    let opened = side.open(&forge(&pair.a, |_| {}, &body(&fields)), NOW).unwrap();
    assert!(opened.closed_lane && opened.content == b"forged");
    assert_eq!(lane(&side), (Phase::Closed, 0));
    assert!(side.ratchet().is_lane_closed() && side.ratchet().is_renewal_due(NOW));
}

pub(super) fn read_held(side: &Side) -> Bits {
    let mut after = side.clone();
    drop(after.seal(ROOMY, NOW, &mut generator(1)).unwrap());
    fields(&after, 2).0.received
}

/// Rule 5: what is not needed any more is gone from what is stored; the answerer's secret is not, however long it takes.
#[test]
fn r_17_rule_5_erasure() {
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    let (seed, key) = (secret(&pair.a), secret(&pair.b));
    assert!(contains(&pair.a, &seed) && contains(&pair.b, &key[..32]));
    while lane(&pair.a).0 != Phase::Ready {
        pair.b_says(ROOMY);
        if lane(&pair.a).0 != Phase::Ready {
            pair.a_says(ROOMY);
        }
    }
    assert!(!contains(&pair.a, &seed), "decapsulated");
    assert!(!contains(&pair.a, &key[..32]) && !contains(&pair.b, &key[..32]), "encapsulated");
    let shared = secret(&pair.b);
    assert_eq!(shared, secret(&pair.a));
    // Years pass, and other messages; the answer is acknowledged; a message that names the epoch is tampered with.
    pair.now = NOW.plus(Span::from_days(80));
    let named = pair.seal_a(ROOMY);
    assert!(!contains(&pair.a, &shared), "mixed");
    let mut tampered = named.clone();
    *tampered.last_mut().unwrap() ^= 1;
    assert!(pair.b.open(&tampered, pair.now).is_err());
    assert!(contains(&pair.b, &shared));
    drop(pair.b.ratchet().expire(NOW.plus(Span::from_days(4_000))));
    drop(pair.b.open(&named, NOW.plus(Span::from_days(4_000))).unwrap());
    assert!(!contains(&pair.b, &shared), "followed");
    assert_eq!(lane(&pair.b), (Phase::Collecting, 2));
}

/// Rule 5: neither time nor what else opens takes the answerer's secret.
#[test]
fn r_17_rule_5_the_secret_of_an_answer_does_not_age() {
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    let answers: Vec<_> = (0..4).map(|_| pair.seal_b(ROOMY)).collect();
    drop(pair.a.open(&answers[0], NOW).unwrap());
    pair.a_says(ROOMY);
    answers[1..].iter().for_each(|message| drop(pair.a.open(message, NOW).unwrap()));
    assert_eq!(lane(&pair.a), (Phase::Ready, 1));
    let shared = secret(&pair.b);
    let later: Vec<_> = [31, 91, 4_000].map(|days| (days, pair.seal_a(ROOMY))).into();
    for (days, message) in later {
        let now = NOW.plus(Span::from_days(days));
        let mut ratchet = pair.b.ratchet();
        assert!(ratchet.expire(now).is_empty());
        pair.b = Side::of(&ratchet);
        drop(pair.b.open(&message, now).unwrap());
        assert_eq!((lane(&pair.b), secret(&pair.b)), ((Phase::Answering, 1), shared.clone()), "{days}");
    }
    pair.b_says(ROOMY);
    pair.a_says(ROOMY);
    assert_eq!(lane(&pair.b), (Phase::Collecting, 2));
}

/// Rule 5: the secret stays when the answer has been acknowledged, and the answer does not.
#[test]
fn r_17_rule_5_an_acknowledged_answer_leaves_its_secret() {
    let mut pair = until(1, Phase::Offering, Phase::Holding);
    drop(pair.seal_b(b"lost"));
    let (shared, answer) = (secret(&pair.b), hazmat::answer(&pair.b.ratchet()).unwrap());
    assert!(contains(&pair.b, &answer) && contains(&pair.b, &shared));
    let all = Fields { epoch: 1, received: Bits::below(35), symbols: BTreeMap::new() };
    drop(pair.b.open(&forge(&pair.a, |_| {}, &body(&all)), NOW).unwrap());
    assert_eq!(lane(&pair.b), (Phase::Answering, 1));
    assert!(!contains(&pair.b, &answer) && contains(&pair.b, &shared));
}
