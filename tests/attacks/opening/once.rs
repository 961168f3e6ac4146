//! H-08, H-09, H-10, H-19: what is accepted once, what is deleted with it, and how little a refusal costs.

use sottovoce::crypto::CryptoError;
use sottovoce::handshake::{HandshakeError, Initial, OneTimePlace, ReplayEntry};
use sottovoce::identity::prekeys::{KEPT, OneTimeSecret};
use sottovoce::identity::validity::LONGEST;
use sottovoce::pairwise::hazmat::{answered, opened};
use sottovoce::pairwise::{ForwardSecrecy, Frame};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;
use sottovoce_heap::measure;

use super::{Responder, With, again, begin, read, sent};
use crate::identity::{NOW, person};
use crate::support::{below, join, rng, split};

/// (a) at once, (b) after a restart, (c) without the session, (d) after a backup without it, (e) by another way. The record says it all:
/// it is one value that outlives each of these, because it is written with the session and does not depend on it.
#[test]
fn h_09_an_initial_is_accepted_once() {
    let (alice, mut bob) = (person(1), Responder::new(2));
    for with in [With::BundleOnly, With::Pair(2)] {
        let (initial, message, _) = sent(begin(&alice, &bob, with, 1));
        let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
        let replay = accepted.replay;
        let replayed = Initial::decode(&initial).unwrap();
        for entry in [replay, again(&replay)] {
            let refused = bob.open_after(replayed.clone(), Some(&entry)).err();
            assert_eq!(refused, Some(HandshakeError::Replayed));
        }
        // With another bundle number, address, or whatever else a server could write over it: the key decides, before anything else.
        let altered = Initial { bundle: 77, address: "eve@example.org".parse().unwrap(), ..replayed.clone() };
        assert_eq!(bob.open_after(altered, Some(&replay)).err(), Some(HandshakeError::Replayed));
        // The record of another Initial does not refuse this one.
        let (other, hello, _) = sent(begin(&alice, &bob, With::Pair(3), 9));
        let other = bob.accept(&other, &hello, &alice.account).unwrap().replay;
        assert!(bob.open_after(replayed.clone(), Some(&other)).is_ok());
        // Without the record, which is why it is load-bearing: a one-time pair that is gone refuses it, a bundle alone does not.
        if let Some(OneTimePlace { stock, index }) = accepted.consumed {
            bob.delete_pair((stock, index));
            assert_eq!(bob.open(replayed).err(), Some(HandshakeError::UnknownPrekey));
        } else {
            assert!(read(bob.open(replayed).unwrap(), &message).is_ok());
        }
    }
}

/// A repetition with the next message is compared by its hash and not opened again; another Initial under a tag of the session is
/// refused, and one of whoever answers always.
#[test]
fn h_09_a_repetition_is_of_the_same_initial() {
    let (alice, bob) = (person(1), Responder::new(2));
    let (initial, message, _) = sent(begin(&alice, &bob, With::Pair(2), 1));
    let accepted = Some(bob.accept(&initial, &message, &alice.account).unwrap().initial);
    let frame = |initial: Option<Vec<u8>>| again(&Frame { initial, message: message.clone() });
    assert!(frame(None).repeats(accepted) && frame(None).repeats(None));
    assert!(frame(Some(initial.clone())).repeats(accepted) && !frame(Some(initial.clone())).repeats(None));
    for bit in (0..8 * initial.len()).step_by(101) {
        let mut other = initial.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!frame(Some(other)).repeats(accepted), "bit {bit}");
    }
}

/// The keys open nothing after their moment, and everything again when the clock is set back to before it. So the record is kept as
/// long as the keys, whatever the clock says: an entry that went by the clock would let the same first flight in a second time.
#[test]
fn h_09_the_record_outlives_the_keys() {
    let (alice, bob) = (person(1), Responder::new(2));
    for with in [With::BundleOnly, With::Pair(0)] {
        let (initial, message, _) = sent(begin(&alice, &bob, with, 1));
        let entry = bob.accept(&initial, &message, &alice.account).unwrap().replay;
        let last = NOW.plus(LONGEST).plus(KEPT);
        assert_eq!(entry.erase_after(), last);
        let open = |now| {
            let screened = Initial::decode(&initial).unwrap().screen(&bob.own(), None).unwrap();
            let pair = screened.one_time().and_then(|place| bob.kept_pair((place.stock, place.index)));
            screened.open(Some(&bob.kept_bundle()), pair, now).err()
        };
        assert_eq!(open(last), None);
        let ahead = last.plus(Span::from_millis(1));
        assert_eq!(open(ahead), Some(HandshakeError::UnknownPrekey));
        // The clock jumps ahead, the store erases, the clock is set back.
        let mut record = Some(entry);
        record.take_if(|entry| entry.may_be_erased(ahead, false));
        let replayed = Initial::decode(&initial).unwrap();
        assert_eq!(bob.open_after(replayed, record.as_ref()).err(), Some(HandshakeError::Replayed));
        assert_eq!(open(NOW), None, "without the entry it would open again");
        assert!(!entry.may_be_erased(last, true) && entry.may_be_erased(ahead, true));
    }
}

/// A crash before the write leaves the key and no session: the same Initial is accepted then. After it, the pair is gone, and of two
/// initiators with the same pair the first one is accepted.
#[test]
fn h_10_one_pair_makes_one_session() {
    let (alice, carol, mut bob) = (person(1), person(3), Responder::new(2));
    let (first, message, keys) = sent(begin(&alice, &bob, With::Pair(1), 1));
    let (second, other, _) = sent(begin(&carol, &bob, With::Pair(1), 2));
    let crashed = bob.accept(&first, &message, &alice.account).unwrap();
    drop(crashed);
    let accepted = bob.accept(&first, &message, &alice.account).unwrap();
    let place = accepted.consumed.unwrap();
    assert_eq!(super::exposed(&accepted.session.into_keys()), keys);
    bob.delete_pair((place.stock, place.index));
    for (initial, message, from) in [(&first, &message, &alice), (&second, &other, &carol)] {
        let refused = bob.accept(initial, message, &from.account).err();
        assert_eq!(refused, Some(HandshakeError::UnknownPrekey));
    }
    let (third, message, _) = sent(begin(&carol, &bob, With::Pair(2), 3));
    assert!(bob.accept(&third, &message, &carol.account).is_ok(), "Carol tries again with new prekeys");
}

/// The keys that are handed in must be those that are named: no other pair, bundle or pool serves in their place.
#[test]
fn h_12_keys_of_another_place_do_not_serve() {
    let (alice, bob, other) = (person(1), Responder::new(2), Responder::new(4));
    let initial = Initial::decode(&sent(begin(&alice, &bob, With::Pair(1), 1)).0).unwrap();
    let screened = || initial.clone().screen(&bob.own(), None).unwrap();
    assert_eq!((screened().bundle(), screened().one_time()), (2, Some(OneTimePlace { stock: 1, index: 1 })));
    let unknown = Some(HandshakeError::UnknownPrekey);
    let bundle = bob.kept_bundle();
    assert_eq!(screened().open(None, bob.kept_pair((1, 1)), NOW).err(), unknown);
    assert_eq!(screened().open(Some(&bundle), None, NOW).err(), unknown);
    assert_eq!(screened().open(Some(&bundle), bob.kept_pair((1, 2)), NOW).err(), unknown);
    assert_eq!(screened().open(Some(&other.kept_bundle()), bob.kept_pair((1, 1)), NOW).err(), unknown);
    for place in [(0, 1), (u64::MAX, 1), (1, 0), (1, u32::MAX), (1 << 32, 1)] {
        let (stock, index) = place;
        let named = Initial { one_time: Some(OneTimePlace { stock, index }), ..initial.clone() };
        let refused = bob.open(named).err();
        let expected =
            if place == (1, 0) { CryptoError::Unauthentic.into() } else { HandshakeError::UnknownPrekey };
        assert_eq!(refused, Some(expected), "{place:?}");
    }
    // The same number and index with another stock's keys.
    let swapped = screened().open(Some(&bundle), other.kept_pair((1, 1)), NOW).err();
    assert_eq!(swapped, Some(CryptoError::Unauthentic.into()));
    // The right index in another stock, and the right pair after its end, which may come before the bundle's.
    let kept = |stock: u64, erase_after: Timestamp| {
        let mut fields = split(&bob.kept_pair((1, 1)).unwrap().encode().unwrap());
        (fields[0].value, fields[4].value) = (stock, erase_after.as_millis());
        Some(OneTimeSecret::decode(&join(&fields)).unwrap())
    };
    assert_eq!(screened().open(Some(&bundle), kept(2, NOW), NOW).err(), unknown);
    assert_eq!(screened().open(Some(&bundle), kept(1, NOW.minus(Span::from_millis(1))), NOW).err(), unknown);
    assert!(screened().open(Some(&bundle), kept(1, NOW), NOW).is_ok());
    let without = Initial { one_time: None, ..initial.clone() };
    assert_eq!(bob.open(without).err(), Some(CryptoError::Unauthentic.into()));
    assert!(screened().open(Some(&bundle), bob.kept_pair((1, 1)), NOW).is_ok());
}

/// Both ends know that there was no one-time pair, until a round trip.
#[test]
fn h_08_reduced_forward_secrecy_is_said() {
    let (alice, bob) = (person(1), Responder::new(2));
    for (with, expected) in
        [(With::BundleOnly, ForwardSecrecy::Reduced), (With::Pair(0), ForwardSecrecy::Full)]
    {
        let begun = begin(&alice, &bob, with, 1);
        let at_alice = begun.session.standing();
        let (initial, message, _) = sent(begun);
        let at_bob = bob.accept(&initial, &message, &alice.account).unwrap().session.standing();
        assert_eq!(at_alice.forward_secrecy(), expected);
        assert_eq!(at_bob.forward_secrecy(), expected);
        assert_eq!(opened(answered(at_bob), true).forward_secrecy(), expected);
        assert_eq!(opened(at_bob, false).forward_secrecy(), expected, "it has not answered");
        assert_eq!(opened(at_alice, true).forward_secrecy(), ForwardSecrecy::Full);
        let after = opened(answered(at_bob), false);
        assert_eq!(after.forward_secrecy(), ForwardSecrecy::Full);
    }
}

/// An Initial for somebody else, replayed, or with names that lead nowhere: refused by comparing, without allocating, and without a
/// prekey at hand. What is no Initial is refused before anything is allocated.
#[test]
fn h_19_refusals_before_keys_cost_nothing() {
    let (alice, bob) = (person(1), Responder::new(2));
    let (initial, message, _) = sent(begin(&alice, &bob, With::Pair(1), 1));
    let good = Initial::decode(&initial).unwrap();
    let entry: ReplayEntry = bob.accept(&initial, &message, &alice.account).unwrap().replay;
    let own = bob.own();
    let refused = |initial: Initial, earlier: Option<&ReplayEntry>, expected: HandshakeError| {
        let (outcome, heap) = measure(|| initial.screen(&own, earlier).err());
        assert_eq!(outcome, Some(expected));
        assert_eq!(heap.count, 0, "{expected:?}");
    };
    let address = "eve@example.org".parse().unwrap();
    let order = sottovoce::identity::chain::Order { term: 0, version: 1 };
    refused(good.clone(), Some(&entry), HandshakeError::Replayed);
    refused(Initial { device: alice.device.id(), ..good.clone() }, None, HandshakeError::Mismatch);
    refused(Initial { address, ..good.clone() }, None, HandshakeError::Mismatch);
    refused(Initial { order, ..good.clone() }, None, HandshakeError::OtherManifest);
    refused(Initial { manifest: alice.account.hash(), ..good.clone() }, None, HandshakeError::OtherManifest);

    let mut rng = rng("h_19");
    let mut bytes = vec![0; 2048];
    for _ in 0..10_000 {
        rand_core::TryRng::try_fill_bytes(&mut rng, &mut bytes).unwrap();
        let (outcome, heap) = measure(|| Initial::decode(&bytes).is_err());
        assert!(outcome && heap.count == 0);
    }
    for _ in 0..2_000 {
        let mut changed = initial.clone();
        let at = below(&mut rng, 80);
        changed[at] ^= 1 << below(&mut rng, 8);
        let (_, heap) =
            measure(|| Initial::decode(&changed).is_ok_and(|initial| initial.screen(&own, None).is_ok()));
        assert!(heap.count <= 40 && heap.total <= 20_000, "{heap:?}");
    }
}
