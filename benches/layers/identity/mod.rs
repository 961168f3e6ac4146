//! Verifying identities. Each row decodes and verifies bytes as they arrive; the other side computes the same signatures, key checks
//! and hashes with the bare crates, on inputs that lie ready, without decoding anything.

mod fixtures;
mod primitives;

use std::hint::black_box;

use sottovoce::crypto::secret::Secret;
use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::SignedCertificate;
use sottovoce::identity::chain::Manifest;
use sottovoce::identity::prekeys::{ClaimAnswer, PrekeysSeen};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::safety_number::SafetyNumber;
use sottovoce::wire::Wire as _;

use primitives::{certificate, claim, manifest};

use crate::paired::Pairs;

pub fn run(pairs: &mut Pairs) {
    for steps in [1, 3, 10] {
        for devices in [1, 5, 16] {
            verify_manifest(pairs, steps, devices);
        }
    }
    verify_prekeys(pairs);
    verify_certificate(pairs);
    people(pairs);
}

fn verify_manifest(pairs: &mut Pairs, steps: u64, devices: u64) {
    let good = fixtures::account(steps, devices);
    let bytes = good.encode().unwrap();
    let laid_out = manifest::Laid::out(&good);
    let name = format!("manifest, path of {steps}, {devices} devices, {} bytes", bytes.len());
    pairs.peers(
        &name,
        || Manifest::decode(black_box(&bytes)).unwrap().verify::<Account>().unwrap(),
        || black_box(&laid_out).compute(),
        |account, hashes| {
            hashes.contains(account.hash().as_bytes()) && account.devices().len() == laid_out.devices()
        },
    );
}

fn verify_prekeys(pairs: &mut Pairs) {
    let (account, request, answer) = fixtures::claim(7);
    let without = ClaimAnswer { one_time: None, ..answer.clone() };
    let seen = PrekeysSeen::default();
    for (name, answer) in [("bundle and pair of a stock of 128", answer), ("bundle alone", without)] {
        let bytes = answer.encode().unwrap();
        let laid_out = claim::Laid::out(&account, &answer);
        pairs.peers(
            &format!("claim, {name}, {} bytes", bytes.len()),
            || {
                let answer = ClaimAnswer::decode(black_box(&bytes)).unwrap();
                answer.verify(&request, &account, &seen, fixtures::NOW).unwrap()
            },
            || black_box(&laid_out).compute(),
            |prekeys, bundle| prekeys.seen().bundle.is_some_and(|seen| *seen.hash.as_bytes() == bundle),
        );
    }
}

fn verify_certificate(pairs: &mut Pairs) {
    let (server, signed) = fixtures::certificate();
    let bytes = signed.encode().unwrap();
    let laid_out = certificate::Laid::out(&signed);
    let pin = sottovoce::identity::trust::ContactTrust::first_use(server.fingerprint());
    pairs.peers(
        &format!("address certificate, {} bytes", bytes.len()),
        || {
            SignedCertificate::decode(black_box(&bytes))
                .unwrap()
                .verify(&server, &pin, fixtures::NOW)
                .unwrap()
        },
        || black_box(&laid_out).compute(),
        |certificate, verified| verified && certificate.address.domain() == server.domain().as_str(),
    );
}

fn people(pairs: &mut Pairs) {
    let [ours, theirs] = [1, 2].map(|byte| sottovoce::identity::ids::Fingerprint::from_bytes([byte; 32]));
    pairs.peers(
        "safety number",
        || SafetyNumber::new(black_box(&ours), black_box(&theirs)),
        || primitives::digits(black_box(ours.as_bytes()), black_box(theirs.as_bytes())),
        |number, digits| number.as_str() == digits,
    );
    let phrase = RecoveryKey::from_entropy(Secret::new([7; 32])).phrase();
    pairs.peers(
        "recovery key from its phrase (bare: hybrid key from seed)",
        || black_box(phrase.as_str()).parse::<RecoveryKey>().unwrap(),
        || primitives::recovery_key(black_box(&[7; 32])),
        |key, public| *key.signing().public_key().ed25519().as_bytes() == public,
    );
}
