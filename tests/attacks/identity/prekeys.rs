//! H-02, H-03, H-11, H-12: bundles and stocks that are swapped, stale, confused. Claims that are repeated.

use std::collections::BTreeMap;

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::label;
use sottovoce::identity::IdentityError;
use sottovoce::identity::Verified;
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::ids::{AccountId, RequestId};
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, Grant, OneTime, OneTimePair, Prekeys, PrekeysSeen, SignedBundle,
    SignedStock, Stock,
};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{NOW, Person, device, person, with_device};
use crate::support::generator;

struct Published {
    bundle: SignedBundle,
    stock: SignedStock,
    pairs: Vec<OneTimePair>,
}

fn publish(owner: &Person, number: u64, at: Timestamp) -> Published {
    let mut rng = generator(100 + number);
    let validity = Validity::starting(at, LONGEST);
    let (bundle, _) = Bundle::generate(&owner.device, &owner.account, number, validity, &mut rng).unwrap();
    let ids = (owner.account.id(), owner.device.id());
    let (stock, pairs, secrets) = Stock::generate(ids, number, 3, validity, &mut rng).unwrap();
    assert_eq!((pairs.len(), secrets.len()), (8, 8));
    let key = owner.device.signing();
    Published { bundle: bundle.sign(key).unwrap(), stock: stock.sign(key).unwrap(), pairs }
}

fn request(owner: &Person) -> ClaimRequest {
    ClaimRequest::new(owner.account.id(), owner.device.id(), &mut generator(3)).unwrap()
}

fn answer(request: &ClaimRequest, published: &Published, index: usize) -> ClaimAnswer {
    let one_time = OneTime { stock: published.stock.clone(), pair: published.pairs[index].clone() };
    ClaimAnswer { request: request.request, bundle: published.bundle.clone(), one_time: Some(one_time) }
}

fn verify(owner: &Person, answer: &ClaimAnswer, now: Timestamp) -> Result<Verified<Prekeys>, IdentityError> {
    answer.clone().verify(&request(owner), &owner.account, &PrekeysSeen::default(), now)
}

/// Every key that is published stands under a signature of its device: replaced by the attacker's, by another device's or by another
/// account's, it is refused. Verification takes no randomness and changes nothing.
#[test]
fn h_02_published_keys_cannot_be_replaced() {
    let (alice, bob) = (person(1), person(2));
    let (published, foreign) = (publish(&alice, 1, NOW), publish(&bob, 2, NOW));
    let good = answer(&request(&alice), &published, 5);
    verify(&alice, &good, NOW).unwrap();
    let theirs = answer(&request(&alice), &foreign, 5);
    let one_time = |stock: &ClaimAnswer, pair: &ClaimAnswer| {
        Some(OneTime {
            stock: stock.one_time.clone().unwrap().stock,
            pair: pair.one_time.clone().unwrap().pair,
        })
    };
    let mut pair = good.clone();
    pair.one_time = one_time(&good, &theirs);
    assert_eq!(verify(&alice, &pair, NOW).err(), Some(IdentityError::NotInStock));
    let mut stock = good.clone();
    stock.one_time = one_time(&theirs, &theirs);
    assert_eq!(verify(&alice, &stock, NOW).err(), Some(IdentityError::Mismatch));
    let bundle = ClaimAnswer { bundle: foreign.bundle.clone(), ..good.clone() };
    assert_eq!(verify(&alice, &bundle, NOW).err(), Some(IdentityError::Mismatch));
    // One key of the pair, or of the bundle, is the attacker's.
    let mut key = good.clone();
    key.one_time.as_mut().unwrap().pair.agreement = foreign.pairs[5].agreement;
    assert_eq!(verify(&alice, &key, NOW).err(), Some(IdentityError::NotInStock));
    let mut key = good.clone();
    key.one_time.as_mut().unwrap().pair.kem = foreign.pairs[5].kem.clone();
    assert_eq!(verify(&alice, &key, NOW).err(), Some(IdentityError::NotInStock));
    let contents = Bundle::decode(&foreign.bundle.bundle).unwrap();
    let mine = Bundle::decode(&published.bundle.bundle).unwrap();
    for changed in [
        Bundle { agreement: contents.agreement, ..mine.clone() },
        Bundle { kem: contents.kem, ..mine.clone() },
    ] {
        let bundle = SignedBundle { bundle: changed.encode().unwrap(), ..published.bundle.clone() };
        assert!(matches!(
            verify(&alice, &ClaimAnswer { bundle, ..good.clone() }, NOW),
            Err(IdentityError::Crypto(_))
        ));
        let bundle = changed.sign(bob.device.signing()).unwrap();
        assert!(matches!(
            verify(&alice, &ClaimAnswer { bundle, ..good.clone() }, NOW),
            Err(IdentityError::Crypto(_))
        ));
    }
}

/// A signature for one purpose is none for another, and a key of one slot is refused in all others.
#[test]
fn h_03_bundle_stock_and_manifest_are_not_confused() {
    let alice = person(1);
    let published = publish(&alice, 1, NOW);
    let good = answer(&request(&alice), &published, 0);
    let mut swapped = good.clone();
    swapped.bundle.signature = published.stock.signature.clone();
    assert!(verify(&alice, &swapped, NOW).is_err());
    let mut swapped = good.clone();
    swapped.one_time.as_mut().unwrap().stock.signature = published.bundle.signature.clone();
    assert!(verify(&alice, &swapped, NOW).is_err());
    let mut swapped = good.clone();
    swapped.bundle.bundle.clone_from(&published.stock.stock);
    assert!(verify(&alice, &swapped, NOW).is_err());
    let mut swapped = good.clone();
    swapped.one_time.as_mut().unwrap().stock.stock.clone_from(&published.bundle.bundle);
    assert!(verify(&alice, &swapped, NOW).is_err());
    // The prekeys of the bundle as a one-time pair.
    let bundle = Bundle::decode(&published.bundle.bundle).unwrap();
    let mut swapped = good;
    let pair = &mut swapped.one_time.as_mut().unwrap().pair;
    (pair.agreement, pair.kem) = (bundle.agreement, bundle.kem);
    assert_eq!(verify(&alice, &swapped, NOW).err(), Some(IdentityError::NotInStock));
}

/// Old bundles are refused by their validity and by their number, with a clock that may be wrong by a day.
#[test]
fn h_11_stale_bundles_are_refused() {
    let alice = person(1);
    let published = publish(&alice, 5, NOW);
    let whole = answer(&request(&alice), &published, 0);
    let bundle_only = ClaimAnswer { one_time: None, ..whole.clone() };
    let (day, moment) = (Span::from_days(1), Span::from_millis(1));
    let days = |days: u64| NOW.plus(Span::from_days(days));
    let (early, late) = (Some(IdentityError::NotYetValid), Some(IdentityError::Expired));
    for (now, expected) in [
        (Timestamp::from_millis(0), early),
        (NOW.minus(day).minus(moment), early),
        (NOW.minus(day), None),
        (days(31), None),
        (days(31).plus(moment), None),
        (days(61), None),
        (days(61).plus(moment), late),
        (days(365), late),
        (Timestamp::from_millis(u64::MAX), late),
    ] {
        for answer in [&bundle_only, &whole] {
            let verified = verify(&alice, answer, now);
            assert_eq!(verified.as_ref().err().copied(), expected, "{now:?}");
            assert!(
                verified.is_err() || verified.is_ok_and(|prekeys| prekeys.is_overdue() == (now > days(31)))
            );
        }
    }
    // A number once seen is a floor, also for the same number with other keys.
    let seen = *verify(&alice, &whole, NOW).unwrap().seen();
    for (number, expected) in [(4, Some(IdentityError::Rollback)), (5, None), (6, None)] {
        let published = publish(&alice, number, NOW);
        let next = answer(&request(&alice), &published, 1);
        let verified = next.verify(&request(&alice), &alice.account, &seen, NOW);
        assert_eq!(verified.err(), expected, "number {number}");
    }
    let other = publish(&alice, 5, NOW.plus(moment));
    let verified = answer(&request(&alice), &other, 0).verify(&request(&alice), &alice.account, &seen, NOW);
    assert_eq!(verified.err(), Some(IdentityError::Rollback));
}

/// The account's manifest is the newest known; a bundle made under a newer one asks for it, and one made under a sibling is refused.
#[test]
fn h_11_bundles_name_the_manifest_of_their_device() {
    let alice = person(1);
    let newer = with_device(&alice.account, &device(1), Capabilities::NONE, alice.device.signing());
    let validity = Validity::starting(NOW, LONGEST);
    let (bundle, _) = Bundle::generate(&alice.device, &newer, 9, validity, &mut generator(1)).unwrap();
    let signed = bundle.sign(alice.device.signing()).unwrap();
    let request = request(&alice);
    let answer = ClaimAnswer { request: request.request, bundle: signed, one_time: None };
    let seen = PrekeysSeen::default();
    let with = |account| answer.clone().verify(&request, account, &seen, NOW).err();
    assert_eq!(with(&alice.account), Some(IdentityError::OtherManifest));
    assert_eq!(with(&newer), None);
    let sibling = with_device(&alice.account, &device(2), Capabilities::NONE, alice.device.signing());
    assert_eq!(with(&sibling), Some(IdentityError::OtherManifest), "fetch again: there may be a fork");
    let removed = {
        let mut draft = sottovoce::identity::draft::Draft::after(&newer);
        draft.remove(alice.device.id());
        draft.sign(&super::author(alice.recovery.signing())).unwrap()
    };
    assert_eq!(with(&removed), Some(IdentityError::Mismatch), "a device that was removed has no prekeys");
}

/// Numbers and indices of other pools, at their limits, wrapped: each names one key under one signature, or none. The checks are
/// hashes and signatures; no Diffie-Hellman or encapsulation is computed in this layer at all.
#[test]
fn h_12_indices_and_numbers_are_not_confused() {
    let alice = person(1);
    let (first, second) = (publish(&alice, 1, NOW), publish(&alice, 2, NOW));
    let good = answer(&request(&alice), &first, 3);
    verify(&alice, &good, NOW).unwrap();
    for index in [0, 2, 4, 7, 8, 3 + 8, 3 + (1 << 16), 3 + (1 << 31), u32::MAX] {
        let mut other = good.clone();
        other.one_time.as_mut().unwrap().pair.index = index;
        assert_eq!(verify(&alice, &other, NOW).err(), Some(IdentityError::NotInStock), "{index}");
    }
    // A pair of one stock under the other.
    let mut other = good.clone();
    other.one_time.as_mut().unwrap().stock = second.stock;
    assert_eq!(verify(&alice, &other, NOW).err(), Some(IdentityError::NotInStock));
    // An inner node as a leaf, a leaf as a node: their labels differ.
    let mut other = good.clone();
    other.one_time.as_mut().unwrap().pair.proof.remove(0);
    assert_eq!(verify(&alice, &other, NOW).err(), Some(IdentityError::NotInStock));
    // Another request, another device, another account.
    for request in [
        ClaimRequest { request: RequestId::from_bytes([9; 16]), ..request(&alice) },
        ClaimRequest { device: device(1).id(), ..request(&alice) },
        ClaimRequest { account: AccountId::from_bytes([9; 32]), ..request(&alice) },
    ] {
        let verified = good.clone().verify(&request, &alice.account, &PrekeysSeen::default(), NOW);
        assert_eq!(verified.err(), Some(IdentityError::Mismatch));
    }
}

/// Every pair of stocks of every depth proves itself at its index, and at no other.
#[test]
fn every_pair_is_in_its_stock_once() {
    let ids = (AccountId::from_bytes([1; 32]), device(1).id());
    let validity = Validity::starting(NOW, LONGEST);
    for depth in 0..=5 {
        let (stock, pairs, secrets) = Stock::generate(ids, 1, depth, validity, &mut generator(4)).unwrap();
        let leaves: Vec<_> = pairs.iter().map(|pair| Hash::of(&stock.leaf_input(pair))).collect();
        assert!(
            leaves.iter().enumerate().all(|(at, leaf)| !leaves[..at].contains(leaf)),
            "no key occurs twice"
        );
        for (pair, secret) in pairs.iter().zip(secrets) {
            assert_eq!(secret.erase_after(), validity.not_after().plus(Span::from_days(62)));
            assert_eq!(secret.place(), (1, pair.index));
            assert_eq!(secret.into_keys().agreement().public_key(), pair.agreement);
        }
    }
    assert!(Stock::generate(ids, 1, 11, validity, &mut generator(4)).is_err());
}

/// A root over leaves whose indices the stock does not have: the signer may make one, and no pair of it is taken.
#[test]
fn h_12_an_index_beyond_the_stock_is_refused_whatever_the_root() {
    let alice = person(1);
    let published = publish(&alice, 1, NOW);
    let pair = OneTimePair { index: 2, proof: vec![Hash::of(b"sibling")], ..published.pairs[2].clone() };
    let stock = Stock { depth: 1, ..Stock::decode(&published.stock.stock).unwrap() };
    let leaf = Hasher::new(label::hash::LEAF).last(&stock.leaf_input(&pair));
    let node = Hasher::new(label::hash::NODE).array(leaf.as_bytes()).array(pair.proof[0].as_bytes());
    let stock = Stock { root: node.finish(), ..stock };
    let one_time = Some(OneTime { stock: stock.sign(alice.device.signing()).unwrap(), pair });
    let answer = ClaimAnswer { one_time, ..answer(&request(&alice), &published, 0) };
    assert_eq!(verify(&alice, &answer, NOW).err(), Some(IdentityError::NotInStock));
}

/// The last message that a sender may begin with prekeys arrives before their private keys are erased, with both clocks a day wrong.
#[test]
fn private_keys_outlive_the_last_message() {
    let alice = person(1);
    let published = publish(&alice, 1, NOW);
    let (answer, day) = (answer(&request(&alice), &published, 0), Span::from_days(1));
    let not_after = NOW.plus(LONGEST);
    let last = (0..100).map(|days| not_after.plus(Span::from_days(days)));
    let last = last.filter(|now| verify(&alice, &answer, *now).is_ok()).max().unwrap();
    let delivered = last.plus(Span::from_days(30));
    let (_, secret) = Bundle::generate(
        &alice.device,
        &alice.account,
        1,
        Validity::starting(NOW, LONGEST),
        &mut generator(1),
    )
    .unwrap();
    assert!(delivered.plus(day) <= secret.erase_after());
}

/// A stock of one pair is its leaf: no other pair fits it. A bundle's keys are kept as long as a stock's.
#[test]
fn a_stock_of_one_pair_has_no_other() {
    let alice = person(1);
    let validity = Validity::starting(NOW, LONGEST);
    let ids = (alice.account.id(), alice.device.id());
    let (stock, pairs, _) = Stock::generate(ids, 1, 0, validity, &mut generator(4)).unwrap();
    let (_, others, _) = Stock::generate(ids, 1, 0, validity, &mut generator(5)).unwrap();
    let (bundle, secret) =
        Bundle::generate(&alice.device, &alice.account, 7, validity, &mut generator(6)).unwrap();
    assert_eq!((secret.number(), secret.erase_after()), (7, validity.not_after().plus(Span::from_days(62))));
    assert_eq!(secret.keys().agreement().public_key(), bundle.agreement);
    let request = request(&alice);
    for (pair, accepted) in [(&pairs[0], true), (&others[0], false)] {
        let stock = stock.sign(alice.device.signing()).unwrap();
        let one_time = Some(OneTime { stock, pair: pair.clone() });
        let bundle = bundle.sign(alice.device.signing()).unwrap();
        let answer = ClaimAnswer { request: request.request, bundle, one_time };
        assert_eq!(verify(&alice, &answer, NOW).is_ok(), accepted);
    }
}

/// One device in two accounts, which it agreed to: prekeys for one serve for no claim against the other.
#[test]
fn h_02_prekeys_belong_to_one_account() {
    let (alice, bob) = (person(1), person(2));
    let both = with_device(&bob.account, &alice.device, Capabilities::NONE, bob.device.signing());
    let published = publish(&alice, 1, NOW);
    let answer = answer(&request(&alice), &published, 0);
    let verified = answer.verify(&request(&alice), &both, &PrekeysSeen::default(), NOW);
    assert_eq!(verified.err(), Some(IdentityError::Mismatch));
}

/// A request sent again gets the same pair until the deadline; no two requests ever get one pair.
#[test]
fn claims_are_idempotent_and_pairs_are_handed_out_once() {
    let alice = person(1);
    let published = publish(&alice, 1, NOW);
    let mut left: Vec<_> = published.pairs.clone().into_iter().rev().collect();
    let mut grants: BTreeMap<RequestId, Grant> = BTreeMap::new();
    let mut rng = generator(8);
    let mut claim = |request: &ClaimRequest, now: Timestamp| {
        let next = || left.pop().map(|pair| OneTime { stock: published.stock.clone(), pair });
        let grant = Grant::renew(grants.remove(&request.request), request, next, now).unwrap();
        let grant = Grant::decode(&grant.encode().unwrap()).unwrap();
        let answer = grant.answer(published.bundle.clone());
        grants.insert(request.request, grant);
        answer.clone().verify(request, &alice.account, &PrekeysSeen::default(), now).unwrap();
        answer.one_time.map(|one_time| one_time.pair.index)
    };
    let requests: Vec<_> = (0..10)
        .map(|_| ClaimRequest::new(alice.account.id(), alice.device.id(), &mut rng).unwrap())
        .collect();
    let deadline = NOW.plus(Span::from_days(14));
    let first: Vec<_> = requests.iter().map(|request| claim(request, NOW)).collect();
    assert_eq!(first, (0..8).map(Some).chain([None, None]).collect::<Vec<_>>());
    for (request, index) in requests.iter().zip(&first) {
        for now in [NOW, deadline, NOW.minus(Span::from_days(1))] {
            assert_eq!(claim(request, now), *index, "the same answer, also when the clock went back");
        }
    }
    assert_eq!(
        claim(&requests[0], deadline.plus(Span::from_millis(1))),
        None,
        "after the deadline it is a new claim"
    );
    // The id of one claim, used for another device.
    let granted = Grant::renew(None, &requests[0], || None, NOW).unwrap();
    let other = ClaimRequest { device: device(1).id(), ..requests[0] };
    assert_eq!(Grant::renew(Some(granted), &other, || None, NOW).err(), Some(IdentityError::Mismatch));
}
