//! D-01, D-02, D-11, H-07, S-09, C-19: who is a device of an account, and who says so.

use sottovoce::crypto::hybrid;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Followed, Manifest, Mention, News, Order, SignedHeader, Subject as _};
use sottovoce::identity::device::{Capabilities, Device, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::identity::recovery::{BadPhrase, RecoveryKey};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{NOW, author, device, person, received, with_device};
use crate::support::{Stuck, generator};

/// The server puts a device into the list: unsigned, signed by itself, or with the keys of a device that never agreed.
#[test]
fn d_01_ghost_devices_are_refused() {
    let alice = person(1);
    let ghost = device(1);
    let two = with_device(&alice.account, &ghost, Capabilities::NONE, alice.device.signing());
    // The body of a manifest with the ghost, under the header without it.
    let unsigned = Manifest { body: two.manifest().body, ..alice.account.manifest() };
    assert_eq!(unsigned.verify::<Account>().err(), Some(IdentityError::BadBody));
    // The right header, signed by the server.
    let server = hybrid::SecretKey::generate(&mut generator(5)).unwrap();
    let mut forged = two.manifest();
    let header = forged.path.headers[1].header.clone();
    let signature = server.sign(sottovoce::crypto::label::sign::MANIFEST, &header);
    forged.path.headers[1] = SignedHeader { header, signer: server.public_key(), signature };
    assert_eq!(forged.clone().verify::<Account>().err(), Some(IdentityError::Unauthorised));
    // The same, naming the owner's key beside the server's signature.
    forged.path.headers[1].signer = alice.device.signing().public_key();
    assert!(matches!(forged.verify::<Account>(), Err(IdentityError::Crypto(_))));
    // Somebody else's device, added by a malicious owner without its consent.
    let mut claimed = two.manifest();
    let elsewhere = ghost.possess(person(2).account.id());
    let ghost_at = two.devices().iter().position(|listed| listed.id() == ghost.id()).unwrap();
    claimed.possessions[ghost_at] = *elsewhere.possession();
    assert_eq!(claimed.verify::<Account>().err(), Some(IdentityError::NoPossession));
    assert!(alice.account.device(ghost.id()).is_none() && two.device(ghost.id()).is_some());
}

#[test]
fn d_02_older_lists_are_refused_and_newer_ones_asked_for() {
    let alice = person(1);
    let second = with_device(&alice.account, &device(1), Capabilities::NONE, alice.device.signing());
    let mut removed = Draft::after(&second);
    removed.remove(device(1).id());
    let third = removed.sign(&author(alice.device.signing())).unwrap();
    let mut followed = Followed::new(alice.account.clone());
    assert_eq!(followed.learn(third.clone()), Ok(News::Newer));
    for old in [&alice.account, &second] {
        assert_eq!(followed.learn(old.clone()), Err(IdentityError::Rollback));
        assert_eq!(followed.current().unwrap().hash(), third.hash(), "nothing has changed");
    }
    assert_eq!(followed.learn(third.clone()), Ok(News::Known));
    // What the peer says that it holds.
    let prefix = |account: &Verified<Account>| account.hash().truncated();
    assert_eq!(followed.mentioned(third.order(), prefix(&third)), Mention::Same);
    assert_eq!(followed.mentioned(second.order(), prefix(&second)), Mention::PeerIsBehind);
    assert_eq!(followed.mentioned(third.order(), [0; 16]), Mention::Refetch);
    let next = Order { version: third.order().version + 1, ..third.order() };
    assert_eq!(followed.mentioned(next, [0; 16]), Mention::Refetch);
    assert_eq!(followed.mentioned(Order { term: 1, version: 0 }, [0; 16]), Mention::Refetch);
    // A frozen list is known by its age.
    assert!(third.is_fresh(NOW.plus(Span::from_days(7))));
    assert!(!third.is_fresh(NOW.plus(Span::from_days(7)).plus(Span::from_millis(1))));
}

/// A linked device without the right to manage signs nothing, and none that manages touches the recovery keys; a recovery leaves no
/// companion.
#[test]
fn d_11_a_linked_device_cannot_entrench_itself() {
    let alice = person(1);
    let companion = device(1);
    let two = with_device(&alice.account, &companion, Capabilities::NONE, alice.device.signing());
    let mut draft = Draft::after(&two);
    draft.add(device(2).possess(two.id()), Capabilities::NONE).unwrap();
    assert_eq!(draft.sign(&author(companion.signing())).err(), Some(IdentityError::NotPossible));
    let mut promoted = Draft::after(&two);
    promoted.set_capabilities(companion.id(), Capabilities::MANAGE);
    assert_eq!(promoted.clone().sign(&author(companion.signing())).err(), Some(IdentityError::NotPossible));
    // Once it was given the right, it still is below the recovery key.
    let manager = promoted.sign(&author(alice.device.signing())).unwrap();
    let thief = RecoveryKey::generate(&mut generator(9)).unwrap();
    for pairs in [vec![thief.pair()], vec![alice.recovery.pair(), thief.pair()]] {
        let mut draft = Draft::after(&manager);
        draft.set_recovery(pairs);
        assert_eq!(draft.sign(&author(companion.signing())).err(), Some(IdentityError::NotPossible));
    }
    let mut recovered = Draft::recovering(&manager);
    recovered.add(device(3).possess(manager.id()), Capabilities::MANAGE).unwrap();
    let recovered = recovered.sign(&author(alice.recovery.signing())).unwrap();
    assert_eq!(recovered.devices().iter().map(Device::id).collect::<Vec<_>>(), [device(3).id()]);
    let mut followed = Followed::new(manager.clone());
    assert_eq!(followed.learn(recovered.clone()), Ok(News::Newer));
    let again = with_device(&manager, &device(4), Capabilities::MANAGE, companion.signing());
    assert_eq!(followed.learn(again), Err(IdentityError::Rollback));
    assert_eq!(recovered.fingerprint(), alice.account.fingerprint(), "the safety number stays");
}

/// Keys of one device cannot be those of another: not in one account, not in two, not all zero.
#[test]
fn h_07_keys_are_not_shared() {
    let (alice, bob) = (person(1), person(2));
    // Bob's device in Alice's account, with all that Bob ever published.
    let stolen = bob.account.devices()[0].clone();
    let possession = bob.account.manifest().possessions[0];
    let mut draft = Draft::after(&alice.account);
    assert_eq!(
        draft.add(bob.device.possess(bob.account.id()), Capabilities::NONE).err(),
        Some(IdentityError::Mismatch)
    );
    let honest = with_device(&alice.account, &bob.device, Capabilities::NONE, alice.device.signing());
    let mut copied = honest.manifest();
    let at = honest.devices().iter().position(|listed| listed.id() == stolen.id()).unwrap();
    copied.possessions[at] = possession;
    assert_eq!(copied.verify::<Account>().err(), Some(IdentityError::NoPossession));
    // One device twice.
    let mut twice = Draft::after(&alice.account);
    twice.add(alice.device.possess(alice.account.id()), Capabilities::NONE).unwrap();
    assert_eq!(twice.sign(&author(alice.device.signing())).err(), Some(IdentityError::NotPossible));
    // A device whose key is the recovery key, at the founding and later.
    let entropy = alice.recovery.signing().to_seed();
    let secret =
        [&[0x0a, 64], entropy.expose().as_slice(), &[0x12, 32], &[7; 32], &[0x1a, 64], &[7; 64]].concat();
    let same = DeviceSecret::decode(&secret).unwrap();
    let founded = Verified::<Account>::found(&author(alice.recovery.signing()), &same);
    assert_eq!(founded.err(), Some(IdentityError::NotPossible));
    for capabilities in [Capabilities::NONE, Capabilities::MANAGE] {
        let mut draft = Draft::after(&alice.account);
        draft.add(same.possess(alice.account.id()), capabilities).unwrap();
        assert_eq!(draft.sign(&author(alice.device.signing())).err(), Some(IdentityError::NotPossible));
    }
    assert!(DeviceSecret::generate(&mut Stuck(0)).is_err() && RecoveryKey::generate(&mut Stuck(0)).is_err());
}

/// The id of a device is a hash of its keys: a device linked again has another one, and nothing kept under the old one fits it.
#[test]
fn s_09_device_ids_are_not_reused() {
    let alice = person(1);
    let first = device(1);
    let linked = with_device(&alice.account, &first, Capabilities::NONE, alice.device.signing());
    let mut unlinked = Draft::after(&linked);
    unlinked.remove(first.id());
    let unlinked = unlinked.sign(&author(alice.device.signing())).unwrap();
    assert_eq!(unlinked.changes_since(&linked).removed, [first.id()]);
    let relinked = device(2);
    assert_ne!(relinked.id(), first.id());
    let again = with_device(&unlinked, &relinked, Capabilities::NONE, alice.device.signing());
    assert!(again.device(first.id()).is_none(), "a session with the old id has no device");
    let changes = again.changes_since(&linked);
    assert_eq!((changes.added, changes.removed), (vec![relinked.id()], vec![first.id()]));
    // Every key enters the id.
    let entry = first.device().encode().unwrap();
    for at in [10, 500, 1994 + 3, 2029 + 500] {
        let mut other = entry.clone();
        other[at] ^= 4;
        if let Ok(other) = Device::decode(&other) {
            assert_ne!(other.id(), first.id(), "byte {at}");
        }
    }
}

/// Ids have 128 bits and more; the sixteen bytes that a message mentions only ask for a fetch, they identify nothing.
#[test]
fn c_19_short_prefixes_identify_nothing() {
    assert!(size_of::<DeviceId>() >= 16 && size_of::<AccountId>() == 32);
    let alice = person(1);
    let followed = Followed::new(alice.account.clone());
    let prefix = alice.account.hash().truncated();
    // The same prefix under another order is another manifest.
    let order = Order { version: 1, ..alice.account.order() };
    assert_eq!(followed.mentioned(order, prefix), Mention::Refetch);
    // And a manifest of another chain is refused whatever its order.
    let mut followed = followed;
    assert_eq!(followed.learn(person(2).account), Err(IdentityError::OtherChain));
    assert_eq!(followed.current().unwrap().id(), alice.account.id());
}

/// Clocks do not decide between manifests, and none makes verification panic (U-09).
#[test]
fn manifests_of_any_time_verify() {
    let alice = person(1);
    for now in [0, 1, u64::MAX - 1, u64::MAX].map(Timestamp::from_millis) {
        let next = Draft::after(&alice.account).sign(&super::at(alice.device.signing(), now)).unwrap();
        assert!(received(&next.manifest().encode().unwrap()).is_ok());
        assert!(
            next.is_fresh(now) && !next.is_fresh(Timestamp::from_millis(u64::MAX))
                || now.as_millis() > 1 << 60
        );
    }
}

/// What is wrong with a phrase is said so that a person can mend it.
#[test]
fn phrases_say_what_is_wrong() {
    let phrase = person(1).recovery.phrase();
    let words: Vec<_> = phrase.as_str().split(' ').collect();
    let read = |words: &[&str]| words.join(" ").parse::<RecoveryKey>().map(|_| ()).unwrap_err();
    assert_eq!(read(&words[..23]), BadPhrase::Words(23));
    assert_eq!(read(&words[..12]), BadPhrase::Words(12));
    let mut misspelt = words.clone();
    misspelt[4] = "sottovoce";
    assert_eq!(read(&misspelt), BadPhrase::Unknown(4));
    let mut exchanged = words.clone();
    exchanged.swap(0, 1);
    assert_eq!(read(&exchanged), BadPhrase::Checksum);
}
