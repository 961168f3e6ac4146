//! O2, O3, O14 for chains: cost is bounded, nothing goes back, and what an author makes is what a verifier takes.

use sottovoce::identity::chain::{Author, AuthorityPath, Followed, Kind, News, Subject as _};
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::DeviceId;
use sottovoce::identity::prekeys::{Bundle, Stock};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;
use sottovoce_heap::measure;

use super::{NOW, author, device, person, received};
use crate::support::generator;

/// A thief with a device's key cannot fill the path so that no recovery fits, nor use up the versions.
#[test]
fn a_long_path_does_not_prevent_a_recovery() {
    let owner = person(1);
    let accomplice = device(1);
    let mut newest = owner.account.clone();
    let mut made = 0;
    for turn in 0..100 {
        let mut draft = Draft::after(&newest);
        if turn % 2 == 0 {
            draft.add(accomplice.possess(newest.id()), Capabilities::MANAGE).unwrap();
        } else {
            draft.remove(accomplice.id());
        }
        match draft.sign(&author(owner.device.signing())) {
            Ok(next) => newest = next,
            Err(_) => break,
        }
        made += 1;
    }
    assert_eq!(made, 63, "a path has 64 headers");
    assert_eq!(newest.chain().path().headers.len(), 64);
    let draft = Draft::recovering(&newest);
    let recovered = draft.sign(&author(owner.recovery.signing())).unwrap();
    assert_eq!(recovered.chain().path().headers.len(), 2);
    let mut followed = Followed::new(newest);
    assert_eq!(followed.learn(recovered), Ok(News::Newer));
}

/// Many recoveries with one key need no longer path; each replacement of the key adds one header.
#[test]
fn paths_grow_with_rotations_only() {
    let owner = person(1);
    let mut newest = owner.account.clone();
    for _ in 0..100 {
        newest = Draft::after(&newest).sign(&author(owner.recovery.signing())).unwrap();
        assert_eq!(newest.chain().path().headers.len(), 2);
    }
    assert_eq!((newest.order().term, newest.order().version), (100, 0));
    let mut key = owner.recovery;
    for turn in 0..5 {
        let next = person(50 + turn).recovery;
        let mut draft = Draft::after(&newest);
        draft.set_recovery(vec![next.pair()]);
        newest = draft.sign(&author(key.signing())).unwrap();
        assert_eq!(newest.chain().path().headers.len(), 2 + usize::try_from(turn).unwrap());
        key = next;
    }
    assert!(received(&newest.manifest().encode().unwrap()).is_ok());
}

/// What does not fit is refused before any signature is verified, so bad paths cost hashes and one signature at most.
#[test]
fn the_first_bad_header_ends_verification() {
    let owner = person(1);
    let mut path = owner.account.chain().path();
    path.headers = vec![path.headers[0].clone(); 64];
    assert_eq!(path.verify(Kind::Account).err(), Some(IdentityError::BadPath));
    assert_eq!(
        AuthorityPath { headers: Vec::new() }.verify(Kind::Account).err(),
        Some(IdentityError::BadPath)
    );
}

/// The largest messages of this layer: memory in proportion to what was sent, and none for what is not well-formed (W-12).
#[test]
fn w_12_paths_take_memory_in_proportion() {
    let owner = person(1);
    let header = owner.account.chain().path().headers.remove(0);
    let path = AuthorityPath { headers: vec![header; 64] };
    let bytes = path.encode().unwrap();
    let (decoded, heap) = measure(|| AuthorityPath::decode(&bytes).is_ok());
    assert!(decoded && heap.peak <= 4 * bytes.len(), "{heap:?} for {} bytes", bytes.len());
    let (decoded, heap) = measure(|| AuthorityPath::decode(&bytes[..bytes.len() - 1]).is_ok());
    assert!(!decoded && heap.peak == 0, "{heap:?}");
    let empty = [0x0a, 0x00].repeat(199_616);
    let (decoded, heap) = measure(|| AuthorityPath::decode(&empty).is_ok());
    assert!(!decoded && heap.peak == 0, "{heap:?}");
}

/// A refusal leaves everything as it was (O1).
#[test]
fn a_refused_manifest_changes_nothing() {
    let (alice, bob) = (person(1), person(2));
    let newer = Draft::after(&alice.account).sign(&author(alice.device.signing())).unwrap();
    let mut followed = Followed::new(newer.clone());
    for refused in [alice.account.clone(), bob.account] {
        let before = format!("{followed:?}");
        assert!(followed.learn(refused).is_err());
        assert_eq!(format!("{followed:?}"), before);
    }
    let is_send = |_: &(dyn Send + Sync)| ();
    is_send(&followed);
    let _: &Verified<_> = followed.current().unwrap();
}

/// A draft changes what it says and nothing else, and a successor names what its signer saw last.
#[test]
fn drafts_change_what_they_say() {
    let owner = person(1);
    let (one, two) = (device(1), device(2));
    let mut draft = Draft::after(&owner.account);
    for device in [&one, &two] {
        draft.add(device.possess(owner.account.id()), Capabilities::NONE).unwrap();
    }
    let three = draft.sign(&author(owner.device.signing())).unwrap();
    let mut draft = Draft::after(&three);
    assert!(draft.set_capabilities(one.id(), Capabilities::from_bits(6)));
    assert!(!draft.set_capabilities(device(7).id(), Capabilities::MANAGE));
    let altered = draft.sign(&author(owner.device.signing())).unwrap();
    let changes = altered.changes_since(&three);
    assert_eq!((changes.altered, changes.added, changes.removed), (vec![one.id()], vec![], vec![]));
    assert!(!changes.recovery);
    assert_eq!(altered.device(one.id()).unwrap().capabilities(), Capabilities::from_bits(6));
    let mut draft = Draft::after(&altered);
    assert!(draft.remove(two.id()) && !draft.remove(two.id()));
    let removed = draft.sign(&author(owner.device.signing())).unwrap();
    assert_eq!(removed.changes_since(&altered).removed, [two.id()]);
    assert_eq!(removed.devices().len(), 2);
    let mut rotated = Draft::after(&removed);
    rotated.set_recovery(vec![person(2).recovery.pair()]);
    let rotated = rotated.sign(&author(owner.recovery.signing())).unwrap();
    let changes = rotated.changes_since(&removed);
    assert_eq!((changes.recovery, changes.added.len() + changes.removed.len()), (true, 0));
    for (before, after) in [(&three, &altered), (&altered, &removed), (&removed, &rotated)] {
        assert_eq!(after.chain().newest().link.unwrap().previous, before.hash());
    }
    // The device of an id is that of the whole id.
    for byte in 0..16 {
        let mut other = *one.id().as_bytes();
        other[byte] ^= 1;
        assert!(three.device(DeviceId::from_bytes(other)).is_none());
    }
}

/// What is signed is what receivers take: limits hold for authors.
#[test]
fn nobody_signs_what_nobody_takes() {
    let owner = person(1);
    let validity = Validity::starting(NOW, LONGEST.plus(Span::from_millis(1)));
    let ids = (owner.account.id(), owner.device.id());
    let mut rng = generator(1);
    let (bundle, _) = Bundle::generate(&owner.device, &owner.account, 1, validity, &mut rng).unwrap();
    assert!(bundle.sign(owner.device.signing()).is_err());
    let (stock, ..) = Stock::generate(ids, 1, 0, validity, &mut rng).unwrap();
    assert!(stock.sign(owner.device.signing()).is_err());
    let validity = Validity::starting(NOW, LONGEST);
    let stock = Stock { validity, ..stock };
    assert!(stock.sign(owner.device.signing()).is_ok());
    assert!(Stock { depth: 11, ..stock }.sign(owner.device.signing()).is_err());
    let late = Author { issued_at: NOW.plus(Span::from_millis(1)), ..author(owner.device.signing()) };
    assert!(Draft::after(&owner.account).sign(&Author { refresh_after: NOW, ..late }).is_err());
    let (server, _) = super::server(1);
    assert!(server.is_fresh(NOW.plus(Span::from_days(7))) && !server.is_fresh(NOW.plus(Span::from_days(8))));
}
