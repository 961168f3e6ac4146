//! D-11: a device is stolen. The thief adds devices and locks the owner out; the phrase takes the account back, for every peer, in
//! every order of arrival, whatever the clocks say.

use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Followed, Mention, News};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::Timestamp;

use super::{at, device, person, with_device};
use crate::support::{below, rng};

struct Drill {
    /// All manifests of the account, in the order in which they were signed.
    all: Vec<Verified<Account>>,
    recovered: Verified<Account>,
    latest: Verified<Account>,
    thieves: Vec<DeviceSecret>,
}

/// The thief works before and after the recovery, from everything that it saw; `clock` gives the time of each signature.
fn drill(mut clock: impl FnMut() -> Timestamp) -> Drill {
    let owner = person(1);
    let phrase = owner.recovery.phrase();
    let (laptop, accomplice, new_phone) = (device(1), device(2), device(3));
    let mut sign = |before: &Verified<Account>, by: &DeviceSecret, edit: &dyn Fn(&mut Draft<'_>)| {
        let mut draft = Draft::after(before);
        edit(&mut draft);
        draft.sign(&at(by.signing(), clock())).unwrap()
    };
    let add = |draft: &mut Draft<'_>, secret: &DeviceSecret| {
        draft.add(secret.possess(owner.account.id()), Capabilities::MANAGE).unwrap();
    };
    let founded = owner.account.clone();
    let two = sign(&founded, &owner.device, &|draft| add(draft, &laptop));
    // The phone is stolen: its key signs for the thief now.
    let invaded = sign(&two, &owner.device, &|draft| add(draft, &accomplice));
    let locked_out = sign(&invaded, &accomplice, &|draft| assert!(draft.remove(laptop.id())));
    let alone = sign(&locked_out, &accomplice, &|draft| assert!(draft.remove(owner.device.id())));
    // The owner has a new phone and the phrase, and last saw the account before the theft.
    let key: RecoveryKey = phrase.as_str().parse().unwrap();
    let mut draft = Draft::recovering(&two);
    add(&mut draft, &new_phone);
    let recovered = draft.sign(&at(key.signing(), Timestamp::from_millis(0))).unwrap();
    // The thief goes on, and the owner too.
    let goes_on = sign(&alone, &accomplice, &|_| {});
    let other_branch = sign(&two, &owner.device, &|draft| assert!(draft.remove(laptop.id())));
    let latest = sign(&recovered, &new_phone, &|draft| add(draft, &laptop));
    let all = vec![
        founded,
        two,
        invaded,
        locked_out,
        alone,
        recovered.clone(),
        goes_on,
        other_branch,
        latest.clone(),
    ];
    Drill { all, recovered, latest, thieves: vec![owner.device, accomplice] }
}

/// What a peer holds to whom these arrived, and that nothing of the thief's is taken afterwards.
fn holds_the_latest(drill: &Drill, order: &[&Verified<Account>]) {
    let (first, rest) = order.split_first().unwrap();
    let mut followed = Followed::new((*first).clone());
    for manifest in rest {
        let _ = followed.learn((*manifest).clone());
    }
    let held = followed.current().expect("no fork in the term of the recovery");
    assert_eq!(held.hash(), drill.latest.hash());
    assert_eq!(held.fingerprint(), drill.all[0].fingerprint(), "nobody has to verify again");
    for old in drill.all.iter().filter(|manifest| manifest.order().term == 0) {
        assert_eq!(followed.learn(old.clone()), Err(IdentityError::Rollback));
    }
}

/// Calls `each` with every order of the items.
fn every_order<T: Copy>(items: &mut [T], from: usize, each: &mut impl FnMut(&[T])) {
    if from + 1 >= items.len() {
        each(items);
        return;
    }
    for at in from..items.len() {
        items.swap(from, at);
        every_order(items, from + 1, each);
        items.swap(from, at);
    }
}

/// All nine manifests in every order, and on other clocks in some.
#[test]
fn d_11_the_phrase_takes_an_account_back_in_every_order() {
    let mut rng = rng("stolen device");
    let mut times: Vec<u64> = vec![0, u64::MAX - (1 << 40), 1_795_000_000_000, 1];
    let mut orders = 0;
    for turn in 0..times.len() {
        times.rotate_left(1);
        let mut next = times.iter().copied().cycle();
        let drill = drill(|| Timestamp::from_millis(next.next().unwrap()));
        if turn == 0 {
            every_order(&mut drill.all.iter().collect::<Vec<_>>(), 0, &mut |order| {
                holds_the_latest(&drill, order);
                orders += 1;
            });
        }
        for _ in 0..500 {
            let mut order: Vec<_> = drill.all.iter().collect();
            for at in (1..order.len()).rev() {
                order.swap(at, below(&mut rng, at + 1));
            }
            holds_the_latest(&drill, &order);
        }
        // A peer who has only the recovery believes no thief either.
        for thief in &drill.thieves {
            let now = Timestamp::from_millis(u64::MAX);
            let signed = Draft::after(&drill.recovered).sign(&at(thief.signing(), now));
            assert_eq!(signed.err(), Some(IdentityError::NotPossible));
            assert!(drill.latest.device(thief.id()).is_none());
        }
    }
    assert_eq!(orders, 362_880);
}

/// Before the owner recovers, a peer who sees the thief's branch and the owner's stops sending: there is evidence for anyone.
#[test]
fn d_11_until_then_two_branches_are_a_fork() {
    let drill = drill(|| Timestamp::from_millis(5));
    let (thief, owner) = (&drill.all[4], &drill.all[7]);
    for (first, second) in [(thief, owner), (owner, thief)] {
        let mut followed = Followed::new(first.clone());
        assert_eq!(followed.mentioned(first.order(), first.hash().truncated()), Mention::Same);
        assert_eq!(followed.learn(second.clone()), Ok(News::Forked));
        assert_eq!(followed.current().err(), Some(IdentityError::Forked));
        followed.evidence().unwrap().verify().unwrap();
        assert_eq!(followed.mentioned(first.order(), first.hash().truncated()), Mention::Refetch);
        assert_eq!(followed.learn(drill.recovered.clone()), Ok(News::Newer));
        assert!(followed.current().is_ok() && followed.evidence().is_none());
    }
}

/// A recovery key that was replaced still signs heads of high terms. They win, and the fingerprint tells: it names the header
/// that set the recovery keys, so no choice of keys in later headers brings the owner's fingerprint back.
#[test]
fn d_11_a_replaced_recovery_key_cannot_pass_for_the_owner() {
    let owner = person(1);
    let (old, new) = (&owner.recovery, person(7).recovery);
    let mut rotated = Draft::after(&owner.account);
    rotated.set_recovery(vec![new.pair()]);
    let rotated = rotated.sign(&at(old.signing(), Timestamp::from_millis(1))).unwrap();
    assert_ne!(rotated.fingerprint(), owner.account.fingerprint());
    let later = with_device(&rotated, &device(1), Capabilities::NONE, owner.device.signing());
    assert_eq!(later.fingerprint(), rotated.fingerprint());
    // From the founding, the old key makes terms 1 and 2: first for itself, then naming the owner's new key.
    let first = Draft::after(&owner.account).sign(&at(old.signing(), Timestamp::from_millis(2))).unwrap();
    let mut second = Draft::recovering(&first);
    second.set_recovery(vec![new.pair()]);
    second.add(device(9).possess(owner.account.id()), Capabilities::MANAGE).unwrap();
    let second = second.sign(&at(old.signing(), Timestamp::from_millis(3))).unwrap();
    let mut followed = Followed::new(later.clone());
    assert_eq!(followed.learn(second.clone()), Ok(News::Newer));
    assert_ne!(second.fingerprint(), later.fingerprint(), "contacts are asked");
    assert_ne!(second.fingerprint(), owner.account.fingerprint());
}
