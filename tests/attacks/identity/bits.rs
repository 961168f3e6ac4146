//! O5 for identities: every bit of what was accepted counts. Small objects bit by bit, large ones at random.

use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::{Followed, ForkEvidence, Kind, Manifest, Subject as _};
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::draft::Draft;
use sottovoce::identity::link::{Decision, Inviting, Joining, LinkInvitation, LinkRequest, LinkReveal};
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, OneTime, PrekeysSeen, Stock};
use sottovoce::identity::qr::{QrPayload, VerificationCode};
use sottovoce::identity::sas::{Initiator, Responder, SasReveal, SasStart};
use sottovoce::identity::server::Server;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::wire::Wire;

use super::{NOW, author, device, person, pin, server, with_device};
use crate::support::{below, generator, rng};

/// Changes bits of `good`, all of them or as many as `most`, and requires that nothing is accepted.
fn every_bit_counts(name: &str, good: &[u8], most: usize, accepts: impl Fn(&[u8]) -> bool) {
    assert!(accepts(good), "{name}");
    let mut rng = rng(name);
    let all = good.len() * 8;
    let bits: Vec<_> =
        if all <= most { (0..all).collect() } else { (0..most).map(|_| below(&mut rng, all)).collect() };
    let mut changed = good.to_vec();
    for bit in bits {
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!accepts(&changed), "{name}: bit {bit} does not count");
        changed[bit / 8] ^= 1 << (bit % 8);
    }
}

fn encoded(value: &impl Wire) -> Vec<u8> {
    value.encode().unwrap()
}

#[test]
fn changing_any_bit_of_a_manifest_refuses_it() {
    let alice = person(1);
    let two = with_device(&alice.account, &device(1), Capabilities::MANAGE, alice.device.signing());
    let mut draft = Draft::after(&two);
    draft.remove(device(1).id());
    let recovered = draft.sign(&author(alice.recovery.signing())).unwrap();
    for (name, account) in [("founded", &alice.account), ("two devices", &two), ("recovered", &recovered)] {
        every_bit_counts(name, &encoded(&account.manifest()), 3000, |bytes| {
            Manifest::decode(bytes).is_ok_and(|manifest| manifest.verify::<Account>().is_ok())
        });
    }
    let (server, _) = server(1);
    every_bit_counts("server", &encoded(&server.manifest()), 3000, |bytes| {
        Manifest::decode(bytes).is_ok_and(|manifest| manifest.verify::<Server>().is_ok())
    });
    let mut followed = Followed::new(two);
    let other = with_device(&alice.account, &device(2), Capabilities::NONE, alice.device.signing());
    followed.learn(other).unwrap();
    let evidence = followed.evidence().unwrap();
    assert_eq!(evidence.kind, Kind::Account);
    every_bit_counts("evidence of a fork", &encoded(&evidence), 2000, |bytes| {
        ForkEvidence::decode(bytes).is_ok_and(|evidence| evidence.verify().is_ok())
    });
}

#[test]
fn changing_any_bit_of_a_certificate_refuses_it() {
    let (server, key) = server(1);
    let certificate = AddressCertificate {
        address: "alice@example.org".parse().unwrap(),
        account: person(1).account.id(),
        server: server.id(),
        validity: Validity::starting(NOW, LONGEST),
    };
    every_bit_counts("certificate", &encoded(&certificate.sign(&key).unwrap()), 10_000, |bytes| {
        SignedCertificate::decode(bytes)
            .is_ok_and(|certificate| certificate.verify(&server, &pin(&server), NOW).is_ok())
    });
}

#[test]
fn changing_any_bit_of_a_claim_refuses_it() {
    let alice = person(1);
    let mut rng = generator(1);
    let validity = Validity::starting(NOW, LONGEST);
    let (bundle, _) = Bundle::generate(&alice.device, &alice.account, 1, validity, &mut rng).unwrap();
    let ids = (alice.account.id(), alice.device.id());
    let (stock, pairs, _) = Stock::generate(ids, 1, 3, validity, &mut rng).unwrap();
    let key = alice.device.signing();
    let request = ClaimRequest::new(alice.account.id(), alice.device.id(), &mut rng).unwrap();
    let one_time = OneTime { stock: stock.sign(key).unwrap(), pair: pairs[6].clone() };
    let answer =
        ClaimAnswer { request: request.request, bundle: bundle.sign(key).unwrap(), one_time: Some(one_time) };
    let seen = PrekeysSeen::default();
    every_bit_counts("claim", &encoded(&answer), 6000, |bytes| {
        ClaimAnswer::decode(bytes)
            .is_ok_and(|answer| answer.verify(&request, &alice.account, &seen, NOW).is_ok())
    });
    every_bit_counts("request", &encoded(&request), 10_000, |bytes| {
        ClaimRequest::decode(bytes)
            .is_ok_and(|request| answer.clone().verify(&request, &alice.account, &seen, NOW).is_ok())
    });
}

#[test]
fn changing_any_bit_of_a_comparison_refuses_it() {
    let [alice, bob] = [1, 2].map(|seed| person(seed).account.fingerprint());
    let payload = QrPayload::Verification(VerificationCode { shower: bob, expected: alice });
    every_bit_counts("verification code", &encoded(&payload), 10_000, |bytes| {
        QrPayload::decode(bytes).is_ok_and(|payload| payload.compare(&alice, &bob).is_ok())
    });
    let mut random = generator(3);
    let (initiator, start) = Initiator::start(&alice, &bob, &mut random).unwrap();
    let respond = |start: &SasStart| Responder::answer(&bob, &alice, start, &mut generator(4)).unwrap();
    let (reveal, ours) = initiator.reveal(&respond(&start).1);
    let shown = ours.shown().to_string();
    let fits = |start: &SasStart, reveal: &SasReveal| {
        respond(start).0.check(reveal).is_ok_and(|theirs| theirs.confirm(&shown).is_ok())
    };
    every_bit_counts("start", &encoded(&start), 10_000, |bytes| {
        SasStart::decode(bytes).is_ok_and(|start| fits(&start, &reveal))
    });
    every_bit_counts("reveal", &encoded(&reveal), 10_000, |bytes| {
        SasReveal::decode(bytes).is_ok_and(|reveal| fits(&start, &reveal))
    });
}

/// A changed bit in any message of a linking is refused, or makes the codes differ.
#[test]
fn changing_any_bit_of_a_linking_stops_it() {
    let alice = person(1);
    let domain = || "example.org".parse().unwrap();
    let invite = || {
        Inviting::new(Decision::of_the_person(), &alice.account, domain(), NOW, &mut generator(5)).unwrap()
    };
    let join = |invitation: &LinkInvitation| {
        let joining = Joining::new(Decision::of_the_person(), invitation.clone(), &mut generator(6));
        let (joining, _, request) = joining.unwrap();
        (joining, request)
    };
    let (inviting, invitation) = invite();
    let (_, request) = join(&invitation);
    let (reveal, _) = inviting.receive(&alice.account, request.clone(), NOW).unwrap();
    let links = |invitation: &LinkInvitation, request: Option<LinkRequest>, reveal: Option<LinkReveal>| {
        let (joining, sent) = join(invitation);
        let Ok((answer, comparison)) = invite().0.receive(&alice.account, request.unwrap_or(sent), NOW)
        else {
            return false;
        };
        let Ok((joined, _)) = joining.check(&reveal.unwrap_or(answer)) else { return false };
        {
            let (shown, theirs) = (comparison.shown().to_string(), joined.shown().to_string());
            comparison.confirm(&theirs).is_ok() && joined.confirm(&shown).is_ok()
        }
    };
    every_bit_counts("invitation", &encoded(&invitation), 10_000, |bytes| {
        LinkInvitation::decode(bytes).is_ok_and(|invitation| links(&invitation, None, None))
    });
    every_bit_counts("link request", &encoded(&request), 100_000, |bytes| {
        LinkRequest::decode(bytes).is_ok_and(|request| links(&invitation, Some(request), None))
    });
    every_bit_counts("link reveal", &encoded(&reveal), 2000, |bytes| {
        LinkReveal::decode(bytes).is_ok_and(|reveal| links(&invitation, None, Some(reveal)))
    });
}
