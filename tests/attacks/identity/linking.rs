//! D-03, D-04: phishing for a link, and sitting between.

use sottovoce::identity::IdentityError;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::device::{Capabilities, DeviceSecret, Newcomer};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::link::{Decision, Inviting, Joining, LinkInvitation, LinkRequest, LinkReveal};
use sottovoce::identity::qr::QrPayload;
use sottovoce::identity::sas::{Comparison, WrongCode};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{NOW, Person, author, device, person, with_device};
use crate::support::generator;

fn invite(owner: &Person, seed: u64) -> (Inviting, LinkInvitation) {
    let domain = "example.org".parse().unwrap();
    Inviting::new(Decision::of_the_person(), &owner.account, domain, NOW, &mut generator(seed)).unwrap()
}

/// A new device: the same seed is the same device.
fn joining(invitation: &LinkInvitation, seed: u64) -> (Joining, DeviceSecret, LinkRequest) {
    Joining::new(Decision::of_the_person(), invitation.clone(), &mut generator(seed)).unwrap()
}

fn join(invitation: &LinkInvitation, seed: u64) -> (Joining, LinkRequest) {
    let (joining, secret, request) = joining(invitation, seed);
    assert_eq!(secret.id(), request.device.id());
    (joining, request)
}

/// The honest course, in which every other device hears of the new one.
#[test]
fn d_03_a_link_is_granted_after_the_code_and_everyone_is_told() {
    let owner = person(1);
    let tablet = device(1);
    let before = with_device(&owner.account, &tablet, Capabilities::NONE, owner.device.signing());
    let owner = Person { account: before.clone(), ..owner };
    let (inviting, invitation) = invite(&owner, 1);
    let (waiting, request) = join(&invitation, 2);
    let laptop = request.device.id();
    let (reveal, comparison) =
        inviting.receive(&owner.account, request, NOW.plus(Span::from_secs(30))).unwrap();
    let (awaiting, account) = waiting.check(&reveal).unwrap();
    assert_eq!(account.hash(), before.hash());
    assert_eq!(comparison.pending().device().id(), laptop, "what is about to be granted can be shown");
    let (shown, theirs) = (comparison.shown().to_string(), awaiting.shown().to_string());
    assert_ne!(shown, theirs, "typing what is on one's own screen is a wrong code");
    let newcomer = comparison.confirm(&theirs).unwrap();
    let joined = awaiting.confirm(&shown).unwrap();
    assert!(!joined.is_listed(&before));
    let mut draft = Draft::after(&before);
    draft.add(newcomer, Capabilities::NONE).unwrap();
    let after = draft.sign(&author(owner.device.signing())).unwrap();
    assert!(joined.is_listed(&after));
    // The same device in another account, which its owner would have to want.
    let (other, (_, secret, _)) = (person(2), joining(&invitation, 2));
    let elsewhere = with_device(&other.account, &secret, Capabilities::NONE, other.device.signing());
    assert!(elsewhere.device(laptop).is_some() && !joined.is_listed(&elsewhere));
    let removed = {
        let mut draft = Draft::after(&after);
        draft.remove(laptop);
        draft.sign(&author(owner.device.signing())).unwrap()
    };
    assert!(!joined.is_listed(&removed));
    let changes = after.changes_since(&before);
    assert_eq!((changes.added, changes.removed, changes.recovery), (vec![laptop], vec![], false));
}

/// Late, repeated, wrong: each ends the invitation. That an invitation needs a decision, and that it takes one request, are types
/// (compile-fail tests `link_without_decision`, `invitation_twice`).
#[test]
fn d_03_invitations_are_short_and_single() {
    let owner = person(1);
    for (now, accepted) in [
        (NOW, true),
        (NOW.plus(Span::from_secs(120)), true),
        (NOW.plus(Span::from_secs(120)).plus(Span::from_millis(1)), false),
        (NOW.minus(Span::from_millis(1)), false),
        (Timestamp::from_millis(0), false),
        (Timestamp::from_millis(u64::MAX), false),
    ] {
        let (inviting, invitation) = invite(&owner, 1);
        let (_, request) = join(&invitation, 2);
        let refused = inviting.receive(&owner.account, request, now).err();
        assert_eq!(refused, (!accepted).then_some(IdentityError::Expired), "{now:?}");
    }
    // A request for another invitation of the same account, kept from earlier.
    let (_, old) = invite(&owner, 3);
    let (_, replayed) = join(&old, 4);
    assert_eq!(
        invite(&owner, 5).0.receive(&owner.account, replayed, NOW).err(),
        Some(IdentityError::Mismatch)
    );
    // A request made for another account, with the token guessed.
    let (inviting, invitation) = invite(&owner, 6);
    let (_, elsewhere) = join(&LinkInvitation { account: person(2).account.id(), ..invitation }, 7);
    assert_eq!(inviting.receive(&owner.account, elsewhere, NOW).err(), Some(IdentityError::NoPossession));
    // A device that asks for rights.
    let (inviting, invitation) = invite(&owner, 8);
    let (_, request) = join(&invitation, 9);
    let entry = hex::encode(request.encode().unwrap()).replacen("20002a020001", "20012a020001", 1);
    let asking = LinkRequest::decode(&hex::decode(entry).unwrap()).unwrap();
    assert_eq!(inviting.receive(&owner.account, asking, NOW).err(), Some(IdentityError::Mismatch));
    // A scanned invitation does nothing as a verification.
    let payload = QrPayload::Invitation(invitation);
    assert_eq!(
        payload.compare(&owner.account.fingerprint(), &person(2).account.fingerprint()).err(),
        Some(IdentityError::Mismatch)
    );
}

#[test]
fn d_03_three_wrong_codes_abort() {
    let owner = person(1);
    let (inviting, invitation) = invite(&owner, 1);
    let (_, request) = join(&invitation, 2);
    let (_, comparison) = inviting.receive(&owner.account, request, NOW).unwrap();
    let again = |comparison: Comparison<Newcomer>| match comparison.confirm("000 000 000") {
        Err(WrongCode::TryAgain(comparison)) => Some(comparison),
        Err(WrongCode::Aborted) => None,
        Ok(_) => panic!("not the code of this seed"),
    };
    assert!(again(comparison).and_then(again).and_then(again).is_none());
}

/// A relay that exchanges any part makes the two codes differ, or is refused.
#[test]
fn d_04_a_relay_changes_the_code() {
    let owner = person(1);
    let mut codes_met = 0;
    for seed in 0..300 {
        let (inviting, invitation) = invite(&owner, seed);
        // The relay keeps the request and sends its own device's.
        let (joining, _) = join(&invitation, seed + 1000);
        let (_, forged) = join(&invitation, seed + 2000);
        let (reveal, comparison) = inviting.receive(&owner.account, forged, NOW).unwrap();
        let (joined, _) = joining.check(&reveal).unwrap();
        codes_met += usize::from(comparison.confirm(&joined.shown().to_string()).is_ok());
        // The relay gives the new device an invitation of its own, to the same account.
        let (inviting, invitation) = invite(&owner, seed + 3000);
        let (own_inviting, own_invitation) = invite(&owner, seed + 4000);
        let (joining, request) = join(&own_invitation, seed + 5000);
        let (own_reveal, _) = own_inviting.receive(&owner.account, request.clone(), NOW).unwrap();
        let relayed = LinkRequest { token: invitation.token, ..request };
        let (_, comparison) = inviting.receive(&owner.account, relayed, NOW).unwrap();
        let (joined, _) = joining.check(&own_reveal).unwrap();
        codes_met += usize::from(comparison.confirm(&joined.shown().to_string()).is_ok());
    }
    assert_eq!(codes_met, 0);
    // A nonce exchanged on the way: the new device's changes the code, the inviter's does not fit its commitment.
    let (inviting, invitation) = invite(&owner, 1);
    let (joining, request) = join(&invitation, 2);
    let (reveal, comparison) =
        inviting.receive(&owner.account, LinkRequest { nonce: [9; 32], ..request }, NOW).unwrap();
    let (joined, _) = joining.check(&reveal).unwrap();
    assert!(comparison.confirm(&joined.shown().to_string()).is_err());
    let (joining, _) = join(&invitation, 2);
    assert!(joining.check(&LinkReveal { nonce: [9; 32], ..reveal }).is_err());
    // Another account in the reveal.
    let (joining, _) = join(&invitation, 2);
    let other = person(2).account.manifest().encode().unwrap();
    let (inviting, _) = invite(&owner, 1);
    let (_, request) = join(&invitation, 2);
    let (reveal, _) = inviting.receive(&owner.account, request, NOW).unwrap();
    assert_eq!(joining.check(&LinkReveal { manifest: other, ..reveal }).err(), Some(IdentityError::Mismatch));
}

/// Nothing secret is in what is sent, before or after the confirmation.
#[test]
fn d_04_no_secret_travels() {
    let owner = person(1);
    let (inviting, invitation) = invite(&owner, 71);
    let (_, laptop, request) = joining(&invitation, 72);
    let (reveal, _) = inviting.receive(&owner.account, request.clone(), NOW).unwrap();
    let sent = [invitation.encode().unwrap(), request.encode().unwrap(), reveal.encode().unwrap()].concat();
    for secret in [&laptop, &owner.device] {
        let kept = secret.encode().unwrap();
        for at in (2..kept.len() - 16).filter(|at| !(66..70).contains(at)) {
            let window = &kept[at..at + 16];
            assert!(!sent.windows(16).any(|sent| sent == window), "bytes {at} of a private key were sent");
        }
    }
}

/// Whoever makes an invitation gets a possession for the account that it names, by keys that serve for this attempt alone.
#[test]
fn d_03_every_attempt_has_keys_of_its_own() {
    let owner = person(1);
    let (_, invitation) = invite(&owner, 1);
    let forged = LinkInvitation { account: person(2).account.id(), ..invitation.clone() };
    let (_, lured) = join(&forged, 2);
    let (_, honest) = join(&invitation, 3);
    assert_ne!(lured.device.id(), honest.device.id());
}

/// Lured by an invitation to an account of the attacker's, a device joins nothing until its owner types the code that the other
/// device shows: there is none in front of them.
#[test]
fn d_03_nobody_is_lured_into_an_account() {
    let thief = person(5);
    let (inviting, invitation) = invite(&thief, 80);
    let (joining, request) = join(&invitation, 81);
    let (reveal, comparison) = inviting.receive(&thief.account, request, NOW).unwrap();
    let (awaiting, account) = joining.check(&reveal).unwrap();
    assert_eq!(account.id(), thief.account.id(), "whose account it is can be shown");
    let own = awaiting.shown().to_string();
    assert!(matches!(awaiting.confirm(&own), Err(WrongCode::TryAgain(_))));
    // The invitation of one account does not take a request with another's manifest.
    let (inviting, invitation) = invite(&thief, 82);
    let (_, request) = join(&invitation, 83);
    assert_eq!(inviting.receive(&person(6).account, request, NOW).err(), Some(IdentityError::Mismatch));
    drop(comparison);
}
