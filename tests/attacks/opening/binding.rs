//! H-01, H-15, and O5: whom a handshake is with, what both sides said that they support, and that every bit counts.

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::{CryptoError, label};
use sottovoce::error::Blame as _;
use sottovoce::handshake::{
    Accepted, Floor, HandshakeError, IdentityBlock, Initial, OwnBundle, OwnManifest, Recipient, Sender,
    initiate,
};
use sottovoce::identity::Verified;
use sottovoce::identity::account::{Account, AccountBody};
use sottovoce::identity::chain::{Authorities, AuthorityPath, Header, Kind, Manifest, Order, SignedHeader};
use sottovoce::identity::device::{Capabilities, Device};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, PrekeySecret, PrekeysSeen};
use sottovoce::ratchet::RatchetError;
use sottovoce::wire::Wire as _;

use super::{Responder, With, begin, read, seed, sent, write_under};
use crate::forge::{block, second};
use crate::identity::{NOW, Person, author, device, person, received, with_device};
use crate::support::{below, generator, join, rng, split};

/// A device entry that Mallory signs for, with the agreement and KEM keys of Bob.
fn borrowed(mallory: &Person, bob: &Device) -> Device {
    let mut fields = split(&mallory.account.devices()[0].encode().unwrap());
    let theirs = split(&bob.encode().unwrap());
    (fields[1], fields[2]) = (theirs[1].clone(), theirs[2].clone());
    Device::decode(&join(&fields)).unwrap()
}

/// An account whose only device has keys that its owner does not hold. Nothing in a manifest can prevent it: possession is proven for
/// the signing key (§4.7).
fn registered(mallory: &Person, device: &Device) -> Verified<Account> {
    let entry = device.encode().unwrap();
    let length = u16::try_from(entry.len()).unwrap();
    let length = [length.to_le_bytes()[0] | 0x80, (length >> 7).to_le_bytes()[0]];
    let body = [vec![0x0a], length.to_vec(), entry].concat();
    AccountBody::decode(&body).unwrap();
    let pair = *device.signing().pair();
    let header = Header {
        kind: Kind::Account,
        link: None,
        order: Order { term: 0, version: 0 },
        issued_at: NOW,
        refresh_after: NOW,
        authorities: Authorities::new(vec![mallory.recovery.pair()], vec![pair]).unwrap(),
        body_hash: Hasher::new(label::hash::BODY).last(&body),
    };
    let header = SignedHeader::sign(&header, mallory.recovery.signing()).unwrap();
    let statement = [header.hash().as_bytes().as_slice(), device.id().as_bytes()].concat();
    let key = mallory.device.signing().ed25519();
    let possessions = vec![key.sign(label::classical::POSSESSION, &statement)];
    let path = AuthorityPath { headers: vec![header] };
    received(&Manifest { path, body, possessions }.encode().unwrap()).unwrap()
}

/// Mallory registers Bob's keys as his own, down to Bob's prekeys, and the server brings to Bob what Alice sends to Mallory, with every
/// name rewritten. All secrets agree; the transcripts do not.
#[test]
fn h_01_keys_registered_by_another_lead_nowhere() {
    let (alice, bob, mallory) = (person(1), Responder::new(2), person(6));
    let device = borrowed(&mallory, &bob.person.account.devices()[0]);
    let account = registered(&mallory, &device);
    let bobs = Bundle::decode(&bob.bundle.bundle).unwrap();
    let bundle = Bundle {
        account: account.id(),
        device: device.id(),
        order: account.order(),
        manifest: account.hash(),
        ..bobs
    };
    let request = ClaimRequest::new(account.id(), device.id(), &mut generator(3)).unwrap();
    let bundle = bundle.sign(mallory.device.signing()).unwrap();
    let answer = ClaimAnswer { request: request.request, bundle, one_time: None };
    let prekeys = answer.verify(&request, &account, &PrekeysSeen::default(), NOW).unwrap();
    let address = "mallory@evil.example".parse().unwrap();
    let sender = Sender::new(&alice.account, &alice.device).unwrap();
    let begun =
        initiate(&sender, Recipient::new(&account, prekeys, &address, None).unwrap(), seed(1)).unwrap();
    let redirected = Initial::decode(&sent(begun).0).unwrap();
    assert_eq!(bob.open(redirected.clone()).err(), Some(HandshakeError::Mismatch));
    let rewritten = Initial {
        device: bob.person.device.id(),
        address: bob.addresses[0].clone(),
        manifest: bob.manifests[0].hash(),
        ..redirected
    };
    assert_eq!(bob.open(rewritten).err(), Some(CryptoError::Unauthentic.into()));
}

/// The other way round: Mallory registers Alice's keys as his own and lets Alice's Initial stand for his. It names Alice.
#[test]
fn h_01_an_initiator_is_who_the_block_names() {
    let (alice, bob, mallory) = (person(1), Responder::new(2), person(6));
    let device = borrowed(&mallory, &alice.account.devices()[0]);
    let account = registered(&mallory, &device);
    let (initial, message, _) = sent(begin(&alice, &bob, With::Pair(0), 1));
    let refused = bob.accept(&initial, &message, &account).err();
    assert_eq!(refused, Some(HandshakeError::Mismatch));
    assert!(bob.accept(&initial, &message, &alice.account).is_ok());
}

type Edit = fn(&mut IdentityBlock);

/// What Bob makes of Alice's device saying something else about itself, with the right keys, so that its message opens.
fn judged(
    alice: &Person,
    bob: &Responder,
    from: &Verified<Account>,
    edit: Edit,
) -> Result<(), HandshakeError> {
    accepted(alice, bob, from, edit, None).map(|_| ())
}

fn accepted(
    alice: &Person,
    bob: &Responder,
    from: &Verified<Account>,
    edit: Edit,
    pinned: Option<&Floor>,
) -> Result<Accepted, HandshakeError> {
    let listed = alice.account.device(alice.device.id()).unwrap();
    let mut said = IdentityBlock::from_bytes(&block(&alice.account, listed)).unwrap();
    edit(&mut said);
    let target = bob.target(With::BundleOnly);
    let offer = target.offer(&mut generator(11));
    let secrets = second(alice.device.keys().agreement(), &target);
    let values = target.schedule(&offer, &said.to_bytes(), &secrets);
    let data =
        Hasher::new(label::hash::ASSOCIATED_DATA).array(values.transcripts[2].as_bytes()).u8(0).finish();
    let message = write_under([&values.keys[1], &values.keys[2]], &data);
    let tentative = bob.open(target.initial(&offer, &values.sealed))?;
    let (opened, _) = read(tentative, &message).map_err(|refused| {
        assert_eq!(refused, RatchetError::UnknownTag, "with other keys it is a message of another chain");
        CryptoError::Unauthentic
    })?;
    opened.accept(from, pinned)
}

#[test]
fn h_01_every_claim_is_compared() {
    let (alice, bob) = (person(1), Responder::new(2));
    let claims: [(&str, Edit, HandshakeError); 9] = [
        ("account", |said| said.account = AccountId::from_bytes([1; 32]), HandshakeError::Mismatch),
        ("device", |said| said.device = DeviceId::from_bytes([1; 16]), HandshakeError::Mismatch),
        ("KEM key", |said| said.kem = Hash::of(b""), HandshakeError::Mismatch),
        ("a later version", |said| said.order.version = 1, HandshakeError::OtherManifest),
        ("a later term", |said| said.order = Order { term: 1, version: 0 }, HandshakeError::OtherManifest),
        ("another manifest", |said| said.manifest = Hash::of(b""), HandshakeError::OtherManifest),
        ("fewer capabilities", |said| said.capabilities = Capabilities::NONE, HandshakeError::Mismatch),
        (
            "more capabilities",
            |said| said.capabilities = Capabilities::from_bits(3),
            HandshakeError::Mismatch,
        ),
        // With another key the message does not open: se and ss are others.
        (
            "agreement key",
            |said| said.agreement = *person(9).device.device().agreement(),
            CryptoError::Unauthentic.into(),
        ),
    ];
    assert_eq!(judged(&alice, &bob, &alice.account, |_| {}), Ok(()));
    for (name, edit, expected) in claims {
        assert_eq!(judged(&alice, &bob, &alice.account, edit), Err(expected), "{name}");
    }
    // Bob holds a newer manifest than the one that Alice's device knows.
    let newer = with_device(&alice.account, &device(1), Capabilities::MANAGE, alice.device.signing());
    assert_eq!(judged(&alice, &bob, &newer, |_| {}), Ok(()));
    let restricted: Edit = |said| said.capabilities = Capabilities::NONE;
    assert_eq!(judged(&alice, &bob, &newer, restricted), Ok(()), "of an older manifest its word takes away");
    let mut draft = Draft::after(&newer);
    assert!(draft.remove(alice.device.id()));
    let removed = draft.sign(&author(device(1).signing())).unwrap();
    assert_eq!(judged(&alice, &bob, &removed, |_| {}), Err(HandshakeError::Mismatch));
    assert_eq!(judged(&alice, &bob, &person(5).account, |_| {}), Err(HandshakeError::Mismatch));
}

fn feature(bit: u32) -> Capabilities {
    Capabilities::from_bits(1 << bit)
}

/// `owner`'s account with these capabilities of its device, which manages.
fn with_features(owner: &Person, features: &[u32]) -> Verified<Account> {
    let capabilities = features.iter().fold(Capabilities::MANAGE, |sum, bit| sum.with(feature(*bit)));
    let mut draft = Draft::after(&owner.account);
    assert!(draft.set_capabilities(owner.device.id(), capabilities));
    draft.sign(&author(owner.device.signing())).unwrap()
}

fn floor(suite: u16, capabilities: Capabilities) -> Floor {
    let number = |tag: u8, mut value: u64| {
        let mut bytes = vec![tag];
        while value >= 0x80 {
            bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).unwrap());
        bytes
    };
    Floor::decode(&[number(0x08, suite.into()), number(0x10, capabilities.bits())].concat()).unwrap()
}

/// What was seen of a device is a floor, in both directions, and rises with what is seen. The right to manage is not part of it.
#[test]
fn h_15_nothing_falls_below_what_was_seen() {
    let (mut alice, bob) = (person(1), person(2));
    alice.account = with_features(&alice, &[5, 9]);
    let account = with_features(&bob, &[5, 7]);
    let bob = Responder::of(Person { account, ..bob }, 2);
    let sender = Sender::new(&alice.account, &alice.device).unwrap();
    let begin = |pinned: Option<&Floor>| {
        let (account, prekeys) = (&bob.person.account, bob.prekeys(With::BundleOnly));
        Recipient::new(account, prekeys, &bob.addresses[0], pinned)
            .map(|recipient| initiate(&sender, recipient, seed(1)).unwrap())
    };
    let begun = begin(None).unwrap();
    assert_eq!((begun.floor.suite(), begun.floor.capabilities()), (1, feature(5).with(feature(7))));
    assert_eq!(begun.capabilities, feature(5), "what both understand");
    let (initial, message, _) = sent(begun);
    let accept = |pinned: Option<&Floor>| {
        let (opened, _) = read(bob.open(Initial::decode(&initial).unwrap()).unwrap(), &message).unwrap();
        opened.accept(&alice.account, pinned)
    };
    let accepted = accept(None).unwrap();
    assert_eq!((accepted.floor.suite(), accepted.floor.capabilities()), (1, feature(5).with(feature(9))));
    assert_eq!(accepted.capabilities, feature(5));
    for (suite, features, below_bob, below_alice) in [
        (0, Capabilities::NONE, false, false),
        (1, feature(5), false, false),
        (1, feature(7), false, true),
        (1, feature(9), true, false),
        (1, feature(63), true, true),
        (2, Capabilities::NONE, true, true),
        (u16::MAX, feature(5), true, true),
    ] {
        let pinned = floor(suite, features);
        let expected = |below: bool| below.then_some(HandshakeError::Downgrade);
        assert_eq!(begin(Some(&pinned)).err(), expected(below_bob), "{pinned:?}");
        assert_eq!(accept(Some(&pinned)).err(), expected(below_alice), "{pinned:?}");
    }
    let raised = begin(Some(&floor(1, feature(5)))).unwrap().floor;
    assert_eq!(raised.capabilities(), feature(5).with(feature(7)));
}

/// Whoever holds a device's key for a moment says that the device has every feature, of a manifest that nobody can look up any more.
/// The floor is what a verified manifest lists, and the device itself goes on.
#[test]
fn h_15_a_boast_raises_no_floor() {
    let (mut alice, bob) = (person(1), person(2));
    let account = with_features(&bob, &[5, 7, 11]);
    let bob = Responder::of(Person { account, ..bob }, 2);
    let newer = with_features(&alice, &[5, 9]);
    let boast: Edit = |said| said.capabilities = Capabilities::from_bits(u64::MAX);
    let poisoned = accepted(&alice, &bob, &newer, boast, None).unwrap();
    assert_eq!(poisoned.floor.capabilities(), feature(5).with(feature(9)), "what is listed");
    assert_eq!(poisoned.capabilities, feature(5), "and no more is used");
    alice.account = newer.clone();
    let honest = accepted(&alice, &bob, &newer, |_| {}, Some(&poisoned.floor)).unwrap();
    assert_eq!((honest.floor, honest.capabilities), (poisoned.floor, feature(5)));
    // Its word takes away, but not below what was seen.
    alice.account = person(1).account;
    let modest: Edit = |said| said.capabilities = feature(9);
    let first = accepted(&alice, &bob, &newer, modest, None).unwrap();
    assert_eq!((first.floor.capabilities(), first.capabilities), (feature(9), Capabilities::NONE));
    let again = accepted(&alice, &bob, &newer, modest, Some(&poisoned.floor)).err();
    assert_eq!(again, Some(HandshakeError::Downgrade));
}

/// The capabilities of the manifest that the Initial names count, not those of the newest; of one that B skipped those of the newest.
#[test]
fn h_15_capabilities_are_those_of_the_manifest_that_is_named() {
    let (mut alice, bob) = (person(1), person(2));
    alice.account = with_features(&alice, &[5, 7, 9]);
    let account = with_features(&bob, &[5]);
    let mut bob = Responder::of(Person { account, ..bob }, 2);
    let newest = with_features(&bob.person, &[5, 7]);
    let id = bob.person.device.id();
    let (initial, message, _) = sent(begin(&alice, &bob, With::BundleOnly, 1));
    bob.manifests.insert(0, OwnManifest::new(&newest, id).unwrap());
    let capabilities = |bob: &Responder| bob.accept(&initial, &message, &alice.account).unwrap().capabilities;
    assert_eq!(capabilities(&bob), feature(5));
    bob.manifests.swap(0, 1);
    assert_eq!(capabilities(&bob), feature(5), "in any order");
    bob.manifests.remove(0);
    assert_eq!(capabilities(&bob), feature(5).with(feature(7)), "skipped");
}

/// Bits of capabilities that are changed on the way: A's are sealed, B's are those of a manifest whose hash is in the transcript.
#[test]
fn h_15_capabilities_are_in_the_transcript() {
    let (alice, bob) = (person(1), person(2));
    let less = Responder::of(person(2), 2);
    let account = with_features(&bob, &[5]);
    let mut bob = Responder::of(Person { account, ..bob }, 2);
    bob.manifests.push(less.manifests[0]);
    // The device keeps both manifests; the server writes the older one's name over the newer one's.
    let good = Initial::decode(&sent(begin(&alice, &bob, With::BundleOnly, 1)).0).unwrap();
    let older = bob.manifests[1];
    let changed = Initial { order: older.order(), manifest: older.hash(), ..good.clone() };
    assert_eq!(bob.open(changed).err(), Some(CryptoError::Unauthentic.into()));
    let suite: Result<Initial, _> = {
        let mut fields = split(&good.encode().unwrap());
        fields[0].value = 0;
        Initial::decode(&join(&fields))
    };
    assert!(suite.is_err(), "there is one suite");
    assert!(bob.open(good).is_ok());
}

/// O5: every bit with a one-time pair, some without. Nothing that is kept changes, as there is nothing that could: opening takes what it
/// needs by value, or borrows it.
#[test]
fn changing_any_bit_of_an_initial_refuses_it() {
    let (alice, bob) = (person(1), Responder::new(2));
    let mut rng = rng("changing_any_bit_of_an_initial_refuses_it");
    for (with, share) in [(With::Pair(1), 1), (With::BundleOnly, 8)] {
        let (good, message, _) = sent(begin(&alice, &bob, with, 1));
        let kept = bob.kept_bundle().encode().unwrap();
        let bits: Vec<_> = (0..good.len() * 8).filter(|_| below(&mut rng, share) == 0).collect();
        let mut opened = good.clone();
        for bit in bits {
            opened[bit / 8] ^= 1 << (bit % 8);
            let refused = Initial::decode(&opened).map_or(true, |initial| bob.open(initial).is_err());
            assert!(refused, "bit {bit}");
            opened[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(bob.kept_bundle().encode().unwrap(), kept);
        assert!(bob.accept(&good, &message, &alice.account).is_ok());
    }
}

/// B may have several addresses and, for the life of its prekeys, several manifests; an initiator that knows an older one is heard.
#[test]
fn earlier_names_of_a_device_are_its_own() {
    let (alice, mut bob) = (person(1), Responder::new(2));
    bob.addresses.push("robert@example.net".parse().unwrap());
    let (initial, message, keys) = sent(begin(&alice, &bob, With::Pair(0), 1));
    let newer = with_device(&bob.person.account, &device(1), Capabilities::NONE, bob.person.device.signing());
    let id = bob.person.device.id();
    bob.manifests.insert(0, OwnManifest::new(&newer, id).unwrap());
    bob.addresses.swap(0, 1);
    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    assert_eq!(super::exposed(&accepted.session.into_keys()), keys);
    // A version that Bob's device skipped is below its newest; one that it holds with another hash is another one, and so is a later one.
    let held = bob.manifests.pop().unwrap();
    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    assert_eq!(super::exposed(&accepted.session.into_keys()), keys);
    let other = |order, manifest| {
        let changed = Initial { order, manifest, ..Initial::decode(&initial).unwrap() };
        bob.open(changed).err().unwrap()
    };
    let (newest, later) = (newer.order(), Order { term: 0, version: 2 });
    assert_eq!(
        other(held.order(), Hash::of(b"")),
        CryptoError::Unauthentic.into(),
        "bound by the transcript"
    );
    assert_eq!(other(newest, held.hash()), HandshakeError::OtherManifest);
    assert_eq!(other(later, held.hash()), HandshakeError::OtherManifest);
    bob.manifests.push(held);
    let changed = Initial { manifest: Hash::of(b""), ..Initial::decode(&initial).unwrap() };
    assert_eq!(bob.open(changed).err(), Some(HandshakeError::OtherManifest));
    bob.manifests.clear();
    let refused = bob.open(Initial::decode(&initial).unwrap()).err();
    assert_eq!(refused, Some(HandshakeError::OtherManifest));
    bob.addresses.pop();
    let refused = bob.open(Initial::decode(&initial).unwrap()).err();
    assert_eq!(refused, Some(HandshakeError::Mismatch), "names come before manifests");
}

/// Devices, manifests and prekeys that do not fit are the caller's fault, and nothing is drawn.
#[test]
fn what_does_not_fit_does_not_begin() {
    let (alice, bob, carol) = (person(1), Responder::new(2), Responder::new(4));
    let not_possible = Some(HandshakeError::NotPossible);
    assert_eq!(Sender::new(&alice.account, &bob.person.device).err(), not_possible);
    let address = &bob.addresses[0];
    let recipient = |account, of: &Responder| {
        Recipient::new(account, of.prekeys(With::BundleOnly), address, None).map(|_| ())
    };
    assert_eq!(recipient(&bob.person.account, &carol).err(), not_possible);
    assert_eq!(recipient(&carol.person.account, &bob).err(), not_possible);
    // The same device, its account changed since: fine; and before: the prekeys name a manifest that is newer.
    let newer = with_device(&bob.person.account, &device(1), Capabilities::NONE, bob.person.device.signing());
    assert_eq!(recipient(&newer, &bob), Ok(()));
    let later = Responder::of(Person { account: newer.clone(), ..person(2) }, 2);
    assert_eq!(recipient(&bob.person.account, &later).err(), not_possible);
    // A twin of the manifest that the prekeys name.
    let [one, twin] = [5, 7].map(|bit| with_features(&bob.person, &[bit]));
    assert!(one.order() == twin.order() && one.hash() != twin.hash());
    let of_one = Responder::of(Person { account: one.clone(), ..person(2) }, 2);
    assert_eq!(recipient(&one, &of_one), Ok(()));
    assert_eq!(recipient(&twin, &of_one).err(), not_possible);
    // The same device in another account.
    let again =
        Verified::<Account>::found(&author(carol.person.recovery.signing()), &bob.person.device).unwrap();
    assert_eq!(recipient(&again, &bob).err(), not_possible);
    let own = Sender::new(&bob.person.account, &bob.person.device).unwrap();
    let itself = Recipient::new(&bob.person.account, bob.prekeys(With::BundleOnly), address, None).unwrap();
    assert_eq!(initiate(&own, itself, seed(1)).err(), not_possible);
    // Keys of another bundle.
    assert_eq!(OwnBundle::new(&bob.bundle, carol.prekey_secret()).err(), not_possible);
    let (own, other) = (bob.prekey_secret().encode().unwrap(), carol.prekey_secret().encode().unwrap());
    for field in 0..3 {
        let mut fields = split(&own);
        fields[field] = split(&other)[field].clone();
        let secret = PrekeySecret::decode(&join(&fields)).unwrap();
        assert_eq!(OwnBundle::new(&bob.bundle, secret).err(), not_possible, "field {field} is another's");
        let mut kept = split(&bob.kept_bundle().encode().unwrap());
        kept[1].contents = join(&fields);
        kept[1].value = kept[1].contents.len().try_into().unwrap();
        let bad = OwnBundle::decode(&join(&kept)).err().unwrap();
        assert_eq!(bad.class(), "bad-value", "field {field}, out of a store");
    }
    assert!(OwnBundle::new(&bob.bundle, bob.prekey_secret()).is_ok());
    assert_eq!(OwnManifest::new(&alice.account, bob.person.device.id()).err(), not_possible);
}

/// The block has one length.
#[test]
fn w_09_an_identity_block_has_164_bytes() {
    let alice = person(1);
    let good = block(&alice.account, &alice.account.devices()[0]);
    assert_eq!(IdentityBlock::from_bytes(&good).unwrap().to_bytes(), good);
    for length in (0..400).filter(|length| *length != 164) {
        let bytes: Vec<_> = good.iter().chain(&good).chain(&good).take(length).copied().collect();
        assert!(IdentityBlock::from_bytes(&bytes).is_err(), "{length}");
    }
}

/// A device writes to another of its own account as to anyone.
#[test]
fn devices_of_one_account_have_sessions_too() {
    let owner = person(2);
    let second = device(1);
    let account = with_device(&owner.account, &second, Capabilities::NONE, owner.device.signing());
    let bob = Responder::of(Person { account: account.clone(), ..owner }, 2);
    let alice = Person { account: account.clone(), device: second, ..person(2) };
    let (initial, message, keys) = sent(begin(&alice, &bob, With::Pair(0), 1));
    let accepted = bob.accept(&initial, &message, &account).unwrap();
    assert_eq!(super::exposed(&accepted.session.into_keys()), keys);
}
