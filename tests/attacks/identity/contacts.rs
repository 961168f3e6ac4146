//! D-05 to D-09, D-14, S-08, F-15, U-08, U-11: whether a contact, or a server, is still who it was.

use sottovoce::crypto::CryptoError;
use sottovoce::identity::IdentityError;
use sottovoce::identity::certificate::AddressCertificate;
use sottovoce::identity::ids::Fingerprint;
use sottovoce::identity::qr::{QrPayload, VerificationCode};
use sottovoce::identity::safety_number::SafetyNumber;
use sottovoce::identity::sas::{Comparison, Initiator, Responder, SasAnswer, SasReveal, SasStart, WrongCode};
use sottovoce::identity::trust::{Compared, ContactTrust, Observation, TrustState};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;
use static_assertions::assert_not_impl_any;

use super::{NOW, person, pin, server};
use crate::support::{below, generator, rng};

fn fingerprint(byte: u8) -> Fingerprint {
    Fingerprint::from_bytes([byte; 32])
}

fn compared(theirs: Fingerprint) -> Compared {
    SafetyNumber::new(&fingerprint(0), &theirs).confirmed()
}

/// Both sides of a string, with whatever sits in between.
struct Middle<'a> {
    start: &'a dyn Fn(SasStart) -> SasStart,
    answer: &'a dyn Fn(SasAnswer) -> SasAnswer,
    reveal: &'a dyn Fn(SasReveal) -> SasReveal,
}

type Sides = (Comparison<Compared>, Result<Comparison<Compared>, IdentityError>);

fn talk(seed: u64, alice: [Fingerprint; 2], bob: [Fingerprint; 2], middle: &Middle<'_>) -> Sides {
    let mut rng = generator(seed);
    let (initiator, start) = Initiator::start(&alice[0], &alice[1], &mut rng).unwrap();
    let (responder, answer) = Responder::answer(&bob[0], &bob[1], &(middle.start)(start), &mut rng).unwrap();
    let (reveal, ours) = initiator.reveal(&(middle.answer)(answer));
    (ours, responder.check(&(middle.reveal)(reveal)))
}

const HONEST: Middle<'_> =
    Middle { start: &|start| start, answer: &|answer| answer, reveal: &|reveal| reveal };

#[test]
fn d_05_a_string_is_committed_to_and_fixed() {
    let (alice, bob, mallory) = (fingerprint(1), fingerprint(2), fingerprint(3));
    for seed in 0..50 {
        let (ours, theirs) = talk(seed, [alice, bob], [bob, alice], &HONEST);
        let theirs = theirs.unwrap();
        let (ours_shown, theirs_shown) = (ours.shown().to_string(), theirs.shown().to_string());
        assert_ne!(ours_shown, theirs_shown, "what is on one's own screen is not what is asked for");
        assert_eq!(*ours.confirm(&theirs_shown.replace(' ', "")).unwrap().fingerprint(), bob);
        assert_eq!(*theirs.confirm(&ours_shown).unwrap().fingerprint(), alice);
    }
    let refused = Some(IdentityError::Crypto(CryptoError::Unauthentic));
    // A reveal that was not committed to; a commitment made after the fact.
    let reveal = Middle { reveal: &|_| SasReveal { nonce: [7; 32] }, ..HONEST };
    assert_eq!(talk(1, [alice, bob], [bob, alice], &reveal).1.err(), refused);
    let other = Initiator::start(&alice, &bob, &mut generator(99)).unwrap().1;
    let start = Middle { start: &|_| other, ..HONEST };
    assert_eq!(talk(1, [alice, bob], [bob, alice], &start).1.err(), refused, "an old commitment replayed");
    // Either side was given Mallory's identity for the other's.
    assert_eq!(talk(1, [alice, mallory], [bob, alice], &HONEST).1.err(), refused);
    assert_eq!(talk(1, [alice, bob], [bob, mallory], &HONEST).1.err(), refused);
    // Mallory runs one attempt with each side and cannot make the codes equal, once in 10^9.
    let mut equal = 0;
    for seed in 0..2000 {
        let to_alice = Middle { answer: &|_| SasAnswer { nonce: [8; 32] }, ..HONEST };
        let (ours, _) = talk(seed, [alice, bob], [bob, alice], &to_alice);
        let (_, theirs) = talk(seed + 10_000, [alice, bob], [bob, alice], &HONEST);
        equal += usize::from(ours.confirm(&theirs.unwrap().shown().to_string()).is_ok());
    }
    assert_eq!(equal, 0);
}

/// What was compared is named by the proof: a key exchanged after the code was shown does not become verified.
#[test]
fn d_05_nothing_else_becomes_verified() {
    let (alice, bob, mallory) = (fingerprint(1), fingerprint(2), fingerprint(3));
    let (ours, theirs) = talk(4, [alice, bob], [bob, alice], &HONEST);
    let mut contact = ContactTrust::first_use(bob);
    assert_eq!(contact.observe(mallory), Observation::Changed);
    contact.verify(ours.confirm(&theirs.unwrap().shown().to_string()).unwrap()).unwrap();
    assert_eq!(contact.state(), TrustState::Changed { observed: mallory, is_latched: true });
    let mut other = ContactTrust::first_use(mallory);
    let before = other;
    let (ours, theirs) = talk(4, [alice, bob], [bob, alice], &HONEST);
    let proof = ours.confirm(&theirs.unwrap().shown().to_string()).unwrap();
    assert_eq!(other.verify(proof), Err(IdentityError::IdentityChanged));
    assert_eq!(other, before);
    // All digits count, no more and no fewer.
    for typed in ["", "1", "0"].map(|more| format!("{}{more}", theirs_code(6))) {
        let (ours, theirs) = talk(6, [alice, bob], [bob, alice], &HONEST);
        let right = theirs.unwrap().shown().to_string();
        assert_eq!(ours.confirm(&typed).is_ok(), typed == right);
        let (ours, _) = talk(6, [alice, bob], [bob, alice], &HONEST);
        assert!(ours.confirm(right.strip_suffix(|_: char| true).unwrap()).is_err());
    }
    // Three wrong codes end an attempt, and the right one then comes too late.
    let (ours, theirs) = talk(5, [alice, bob], [bob, alice], &HONEST);
    let right = theirs.unwrap().shown().to_string();
    let (first, rest) = right.split_once(' ').unwrap();
    let wrong = format!("{:03} {rest}", (first.parse::<u16>().unwrap() + 1) % 1000);
    let Err(WrongCode::TryAgain(ours)) = ours.confirm(&wrong) else { panic!("the first") };
    // Wrong ones are counted across a restart, and one's own code is one of them.
    let ours = Comparison::<Compared>::decode(&ours.encode().unwrap()).unwrap();
    let own = ours.shown().to_string();
    let Err(WrongCode::TryAgain(ours)) = ours.confirm(&own) else { panic!("the second") };
    assert!(matches!(ours.confirm(rest), Err(WrongCode::Aborted)));
}

/// The code that the responder shows in the talk of this seed.
fn theirs_code(seed: u64) -> String {
    let (alice, bob) = (fingerprint(1), fingerprint(2));
    talk(seed, [alice, bob], [bob, alice], &HONEST).1.unwrap().shown().to_string()
}

/// Device ids, ids of keys, accounts and servers are different types; compile-fail tests show it. Their values never meet either.
#[test]
fn d_06_ids_are_of_different_kinds() {
    use sottovoce::crypto::hash::Hash;
    use sottovoce::identity::ids::{AccountId, DeviceId, OnlineKeyId, RequestId, ServerId};
    assert_not_impl_any!(DeviceId: PartialEq<Hash>, From<Hash>, From<OnlineKeyId>, From<RequestId>, From<[u8; 16]>);
    assert_not_impl_any!(AccountId: PartialEq<ServerId>, From<ServerId>, From<Fingerprint>, From<Hash>);
    let alice = person(1);
    let device = &alice.account.devices()[0];
    assert_ne!(device.id().as_bytes().as_slice(), &device.signing().pair().as_bytes()[..16]);
    assert_ne!(alice.account.fingerprint().as_bytes(), alice.account.id().as_bytes());
}

#[test]
fn d_07_trust_is_not_silently_lost() {
    let (pinned, new, newer) = (fingerprint(1), fingerprint(2), fingerprint(3));
    let mut contact = ContactTrust::first_use(pinned);
    contact.verify(compared(pinned)).unwrap();
    assert_eq!((contact.state(), contact.addressee()), (TrustState::Verified, Ok(&pinned)));
    // Reported once, also after a restart.
    assert_eq!(contact.observe(new), Observation::Changed);
    let mut contact = ContactTrust::decode(&contact.encode().unwrap()).unwrap();
    for _ in 0..3 {
        assert_eq!(contact.observe(new), Observation::Same);
        assert_eq!(contact.addressee(), Err(IdentityError::IdentityChanged));
    }
    // A verified contact cannot be clicked away.
    assert_eq!(contact.accept(&new), Err(IdentityError::Latched));
    let mut withdrawn = contact;
    withdrawn.withdraw();
    assert_eq!(
        withdrawn.addressee(),
        Err(IdentityError::IdentityChanged),
        "withdrawing alone unblocks nothing"
    );
    // What is accepted is what was shown.
    let mut raced = withdrawn;
    assert_eq!(raced.observe(newer), Observation::Changed);
    assert_eq!(raced.accept(&new), Err(IdentityError::IdentityChanged));
    withdrawn.accept(&new).unwrap();
    assert_eq!((withdrawn.state(), withdrawn.addressee()), (TrustState::FirstUse, Ok(&new)));
    contact.verify(compared(new)).unwrap();
    assert_eq!((contact.state(), contact.addressee()), (TrustState::Verified, Ok(&new)));
    // A manifest is used only if its account is the one that is trusted.
    let (known, other) = (person(1).account, person(2).account);
    let mut trust = ContactTrust::first_use(known.fingerprint());
    assert_eq!((trust.permits(&known), trust.permits(&other)), (Ok(()), Err(IdentityError::IdentityChanged)));
    trust.observe(other.fingerprint());
    assert_eq!(trust.permits(&known), Err(IdentityError::IdentityChanged));
    assert_eq!(trust.permits(&other), Err(IdentityError::IdentityChanged));
    // The old identity is now the stranger.
    assert_eq!(contact.observe(pinned), Observation::Changed);
    assert_eq!(contact.observe(new), Observation::Restored);
}

#[test]
fn d_08_verification_codes_fit_two_people_only() {
    let (alice, bob, mallory) = (fingerprint(1), fingerprint(2), fingerprint(3));
    let code = |shower, expected| QrPayload::Verification(VerificationCode { shower, expected });
    let scan = |code: QrPayload| code.compare(&alice, &bob).map(|compared| *compared.fingerprint());
    assert_eq!(scan(code(bob, alice)), Ok(bob));
    assert_eq!(scan(code(alice, bob)), Err(IdentityError::OwnCode), "one's own code, reflected");
    assert_eq!(scan(code(alice, alice)), Err(IdentityError::OwnCode));
    for (shower, expected) in [(mallory, alice), (bob, mallory), (mallory, bob), (bob, bob)] {
        assert_eq!(scan(code(shower, expected)), Err(IdentityError::Mismatch));
    }
    // A photograph of an old code, after either side changed.
    let old = code(bob, alice);
    assert_eq!(old.compare(&alice, &mallory), Err(IdentityError::Mismatch));
    assert_eq!(old.compare(&mallory, &bob), Err(IdentityError::Mismatch));
}

/// A server that makes an account of its own for a name is seen by everyone who knew the name, whatever it calls the event.
#[test]
fn d_09_a_server_cannot_replace_a_pinned_identity() {
    let (bob, forged) = (person(1), person(2));
    let mut contact = ContactTrust::first_use(bob.account.fingerprint());
    assert_eq!(contact.observe(forged.account.fingerprint()), Observation::Changed);
    assert_eq!(contact.addressee(), Err(IdentityError::IdentityChanged));
}

#[test]
fn d_14_a_restored_account_is_a_changed_identity() {
    let bob = person(1);
    // The server "restores" the account with recovery keys that it made, but the same first device.
    let key = person(2).recovery;
    let restored = sottovoce::identity::Verified::<sottovoce::identity::account::Account>::found(
        &super::author(key.signing()),
        &bob.device,
    );
    let restored = restored.unwrap();
    assert_ne!(restored.id(), bob.account.id());
    let mut contact = ContactTrust::first_use(bob.account.fingerprint());
    contact.verify(compared(bob.account.fingerprint())).unwrap();
    assert_eq!(contact.observe(restored.fingerprint()), Observation::Changed);
    assert!(matches!(contact.state(), TrustState::Changed { is_latched: true, .. }));
}

/// The same address, another account: all trust is gone, until the person decides.
#[test]
fn s_08_a_name_registered_again_is_another_identity() {
    let (old, new) = (person(1), person(2));
    let (server, key) = server(1);
    let address = "bob@example.org";
    let certify = |account, from| {
        let validity = Validity::starting(from, Span::from_days(7));
        let certificate =
            AddressCertificate { address: address.parse().unwrap(), account, server: server.id(), validity };
        certificate.sign(&key).unwrap().verify(&server, &pin(&server), from).unwrap()
    };
    let before = certify(old.account.id(), NOW);
    let after = certify(new.account.id(), NOW.plus(Span::from_days(9)));
    assert_eq!(before.address, after.address);
    assert_ne!(before.account, after.account);
    let mut contact = ContactTrust::first_use(old.account.fingerprint());
    contact.verify(compared(old.account.fingerprint())).unwrap();
    assert_eq!(contact.observe(new.account.fingerprint()), Observation::Changed);
    assert_eq!(contact.accept(&new.account.fingerprint()), Err(IdentityError::Latched));
    contact.withdraw();
    contact.accept(&new.account.fingerprint()).unwrap();
    assert_eq!(contact.state(), TrustState::FirstUse, "nothing of the old trust is left");
}

/// A domain that was bought by others has another chain: pinned like a contact, and its certificates do not verify under the old one.
#[test]
fn f_15_a_domain_bought_again_is_another_server() {
    let ((old, old_key), (new, new_key)) = (server(1), server(2));
    assert_eq!(old.domain(), new.domain());
    let mut domain = pin(&old);
    assert_eq!(domain.observe(new.fingerprint()), Observation::Changed);
    assert!(domain.permits(&old).is_err() && domain.permits(&new).is_err());
    let certify = |server: &sottovoce::identity::Verified<sottovoce::identity::server::Server>, key| {
        let certificate = AddressCertificate {
            address: "ceo@example.org".parse().unwrap(),
            account: person(1).account.id(),
            server: server.id(),
            validity: Validity::starting(NOW, LONGEST),
        };
        certificate.sign(key).unwrap()
    };
    certify(&old, &old_key).verify(&old, &pin(&old), NOW).unwrap();
    assert_eq!(certify(&new, &new_key).verify(&old, &pin(&old), NOW).err(), Some(IdentityError::Mismatch));
    assert_eq!(certify(&old, &new_key).verify(&old, &pin(&old), NOW).err(), Some(IdentityError::Mismatch));
    assert_eq!(certify(&new, &old_key).verify(&new, &pin(&new), NOW).err(), Some(IdentityError::Mismatch));
    // The new server is good in itself, and still not the one that the domain is pinned to.
    let refused = certify(&new, &new_key).verify(&new, &pin(&old), NOW);
    assert_eq!(refused.err(), Some(IdentityError::IdentityChanged));
}

/// P-10 at this layer: expired, of the future, a clock that went back.
#[test]
fn p_10_certificates_hold_in_their_time_only() {
    let (server, key) = server(1);
    let certificate = AddressCertificate {
        address: "a@example.org".parse().unwrap(),
        account: person(1).account.id(),
        server: server.id(),
        validity: Validity::starting(NOW.plus(Span::from_days(2)), Span::from_days(5)),
    };
    let signed = certificate.sign(&key).unwrap();
    let verify = |now| signed.verify(&server, &pin(&server), now).err();
    assert_eq!(verify(NOW), Some(IdentityError::NotYetValid));
    assert_eq!(verify(NOW.plus(Span::from_days(1))), None);
    assert_eq!(verify(NOW.plus(Span::from_days(8))), None);
    assert_eq!(verify(NOW.plus(Span::from_days(9))), Some(IdentityError::Expired));
    assert_eq!(verify(Timestamp::from_millis(0)), Some(IdentityError::NotYetValid));
    assert_eq!(verify(Timestamp::from_millis(u64::MAX)), Some(IdentityError::Expired));
}

/// What people read is for people: programs compare fingerprints.
#[test]
fn u_08_texts_for_people_are_not_compared() {
    use sottovoce::identity::sas::Code;
    assert_not_impl_any!(SafetyNumber: PartialEq, Eq, PartialOrd, std::hash::Hash);
    assert_not_impl_any!(Code: PartialEq, Eq, PartialOrd, std::hash::Hash);
}

/// 12 groups of five digits, the same for both, and one changed bit changes at least five of the six groups of its side.
#[test]
fn u_11_safety_numbers_are_the_same_for_both_and_change_visibly() {
    let mut rng = rng("u_11");
    for _ in 0..100 {
        let mut draw = || {
            let mut bytes = [0; 32];
            bytes.fill_with(|| u8::try_from(below(&mut rng, 256)).unwrap());
            bytes
        };
        let (ours, theirs) = (draw(), draw());
        let number = |ours, theirs| {
            SafetyNumber::new(&Fingerprint::from_bytes(ours), &Fingerprint::from_bytes(theirs)).to_string()
        };
        let text = number(ours, theirs);
        assert_eq!(text, number(theirs, ours));
        let groups: Vec<_> = text.split(' ').collect();
        assert!(groups.len() == 12 && groups.iter().all(|group| group.len() == 5));
        assert!(
            text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' '),
            "no script, no locale, no look-alikes"
        );
        assert!(groups[..6] <= groups[6..], "the lower half first");
        let mut changed = theirs;
        let bit = below(&mut rng, 256);
        changed[bit / 8] ^= 1 << (bit % 8);
        let other = number(ours, changed);
        let kept = other.split(' ').filter(|group| groups.contains(group)).count();
        assert!(kept <= 7, "{text} and {other}: six groups of ours, and at most one by chance");
    }
}
