//! C-01 to C-10, C-14, C-15, C-20: signatures, key generation, encodings, AEAD limits, broken randomness and back ends.

use sottovoce::crypto::absorb::{Absorb as _, Input};
use sottovoce::crypto::aead::{MAX_PLAINTEXT, OneTimeKey};
use sottovoce::crypto::attachment::{AttachmentPointer, MAX_SIZE, Sealer};
use sottovoce::crypto::blob::{self, BlobPointer};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{CryptoError, ed25519, hazmat, hybrid, label, mldsa, mlkem, self_test, x25519};

use crate::support::{Repeating, Stuck, below, generator, rng};

/// S + L verifies where S is not checked: a second signature that nobody made.
#[test]
fn c_01_signatures_are_not_malleable() {
    let key = ed25519::SecretKey::from_seed(&Secret::new([3; 32]));
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order: Vec<_> = hex::decode(order).unwrap();
    for message in 0..=255 {
        let mut bytes = *key.sign(label::classical::POSSESSION, &[message]).as_bytes();
        let mut carry = 0_u16;
        for (byte, order) in bytes[32..].iter_mut().zip(&order) {
            carry += u16::from(*byte) + u16::from(*order);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        let signature = ed25519::Signature::from_bytes(&bytes).unwrap();
        let verified = key.public_key().verify(label::classical::POSSESSION, &[message], &signature);
        assert_eq!(verified, Err(CryptoError::InvalidSignature));
    }
}

/// The twelve published edge cases are in `tests/published`. Here: a signature by an honest key with a point of order 8
/// added to R or to the public key, which a verifier with cofactor would accept.
#[test]
fn c_02_the_equation_has_no_cofactor() {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::CompressedEdwardsY;
    let secret = ed25519::SecretKey::from_seed(&Secret::new([4; 32]));
    let signature = secret.sign(label::classical::POSSESSION, b"message");
    let shifted = |bytes: &[u8], torsion: usize| {
        let point = CompressedEdwardsY::from_slice(bytes).unwrap().decompress().unwrap();
        (point + EIGHT_TORSION[torsion]).compress().to_bytes()
    };
    for torsion in 0..8 {
        let mut bytes = *signature.as_bytes();
        bytes[..32].copy_from_slice(&shifted(&signature.as_bytes()[..32], torsion));
        let moved = ed25519::Signature::from_bytes(&bytes).unwrap();
        let verified = secret.public_key().verify(label::classical::POSSESSION, b"message", &moved);
        assert_eq!(verified.is_ok(), torsion == 0, "R + T{torsion}");
        let key = ed25519::PublicKey::from_bytes(&shifted(secret.public_key().as_bytes(), torsion)).unwrap();
        assert_eq!(
            key.verify(label::classical::POSSESSION, b"message", &signature).is_ok(),
            torsion == 0,
            "A + T{torsion}"
        );
    }
}

#[test]
fn c_03_the_public_half_comes_from_the_seed() {
    // `tests/compile_fail` shows that no constructor takes both; here, that equal seeds give equal halves.
    let seed = Secret::new([6; 32]);
    let (first, second) = (ed25519::SecretKey::from_seed(&seed), ed25519::SecretKey::from_seed(&seed));
    assert_eq!(first.public_key(), second.public_key());
    assert_eq!(
        first.sign(label::classical::POSSESSION, b"x"),
        second.sign(label::classical::POSSESSION, b"x")
    );
}

/// Signing draws nothing, so broken randomness cannot make two messages share R.
#[test]
fn c_04_signing_needs_no_randomness() {
    let key = hybrid::SecretKey::from_seed(&Secret::new([1; 64]));
    let (first, second) = (key.sign(label::sign::BUNDLE, b"1"), key.sign(label::sign::BUNDLE, b"2"));
    assert_ne!(first.ed25519.as_bytes()[..32], second.ed25519.as_bytes()[..32]);
    assert_ne!(first.ml_dsa.as_bytes()[..48], second.ml_dsa.as_bytes()[..48]);
    assert_eq!(first, key.sign(label::sign::BUNDLE, b"1"));
}

#[test]
fn c_05_concatenation_is_unambiguous() {
    let fields = |first: &[u8], second: &[u8]| Input::new().lp(first).lp(second).finish();
    assert_ne!(fields(b"ab", b"c"), fields(b"a", b"bc"));
    assert_ne!(fields(b"", b"abc"), fields(b"abc", b""));
    let mut labels = label::ALL.to_vec();
    labels.sort_unstable();
    for pair in labels.windows(2) {
        assert!(!pair[1].starts_with(pair[0]), "{} is a prefix of {}", pair[0], pair[1]);
    }
}

/// Every bit of a seed counts, and exactly the seed is drawn.
#[test]
fn c_06_keys_use_all_their_entropy() {
    let draws = |wanted: usize, generate: &dyn Fn(&mut Repeating)| {
        let mut rng = Repeating { bytes: *b"0123456789abcdef0123456789ABCDEF", drawn: 0 };
        generate(&mut rng);
        assert_eq!(rng.drawn, wanted);
    };
    draws(32, &|rng| drop(x25519::SecretKey::generate(rng).unwrap()));
    draws(32, &|rng| drop(ed25519::SecretKey::generate(rng).unwrap()));
    draws(64, &|rng| drop(hybrid::SecretKey::generate(rng).unwrap()));
    draws(64, &|rng| drop(mlkem::DecapsulationKey::generate(rng).unwrap()));
    let clamped = [0, 1, 2, 254, 255];
    for bit in 0..256 {
        let mut seed = [0x5a; 32];
        let public = |seed: [u8; 32]| {
            let seed = Secret::new(seed);
            (
                *x25519::SecretKey::from_secret(&seed).public_key().as_bytes(),
                *ed25519::SecretKey::from_seed(&seed).public_key().as_bytes(),
                mldsa::SecretKey::from_seed(&seed).public_key().clone(),
            )
        };
        let before = public(seed);
        seed[bit / 8] ^= 1 << (bit % 8);
        let after = public(seed);
        assert_eq!(before.0 == after.0, clamped.contains(&bit), "x25519 bit {bit}");
        assert!(before.1 != after.1 && before.2 != after.2, "bit {bit}");
    }
}

#[test]
fn c_06_ml_kem_seeds_count_in_both_halves() {
    let ciphertext = mlkem::Ciphertext::from_bytes(&[7; mlkem::CIPHERTEXT_LENGTH]).unwrap();
    let outcome = |seed: [u8; 64]| {
        let key = mlkem::DecapsulationKey::from_seed(&Secret::new(seed));
        (key.public_key().clone(), *key.decapsulate(&ciphertext).expose())
    };
    let before = outcome([0x5a; 64]);
    for bit in 0..512 {
        let mut seed = [0x5a; 64];
        seed[bit / 8] ^= 1 << (bit % 8);
        let after = outcome(seed);
        assert_eq!(before.0 != after.0, bit < 256, "d makes the key, z does not: bit {bit}");
        assert_eq!(before.1 != after.1, bit >= 256, "z makes the rejection secret, d does not: bit {bit}");
    }
}

#[test]
fn c_07_one_x25519_key_has_one_encoding() {
    let mut rng = rng("c_07");
    for _ in 0..1000 {
        let key = x25519::SecretKey::generate(&mut rng).unwrap().public_key();
        let mut high_bit = *key.as_bytes();
        high_bit[31] |= 0x80;
        assert_eq!(x25519::PublicKey::from_bytes(&high_bit), Err(CryptoError::InvalidKey));
    }
    for above in 0xed..=0xff {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (above, 0x7f);
        assert_eq!(x25519::PublicKey::from_bytes(&bytes), Err(CryptoError::InvalidKey));
    }
}

#[test]
fn c_09_limits_are_errors_before_anything_is_sealed() {
    assert_eq!((MAX_PLAINTEXT, MAX_SIZE), (1 << 30, 1 << 40), "the limits of PROTOCOL.md");
    let pointer = |size| AttachmentPointer::new(Secret::new([1; 32]), Hash::of(b""), size);
    assert!(pointer(MAX_SIZE).is_ok() && matches!(pointer(MAX_SIZE + 1), Err(CryptoError::TooLong)));
    let plaintext = vec![0; MAX_PLAINTEXT + 1];
    let mut out = vec![1, 2, 3];
    let key = OneTimeKey::new(Secret::new([1; 32]));
    assert_eq!(key.seal_onto(&[], &plaintext, &mut out), Err(CryptoError::TooLong));
    assert_eq!(out, [1, 2, 3]);
    let mut rng = generator(1);
    assert_eq!(
        RestKey::new(&Secret::new([1; 32])).seal(&[], &plaintext, &mut rng),
        Err(CryptoError::TooLong)
    );
    assert!(matches!(blob::seal(&plaintext, &mut rng), Err(CryptoError::TooLong)));
    assert!(matches!(Sealer::new(MAX_SIZE + 1, &mut rng), Err(CryptoError::TooLong)));
    let mut drawn = Repeating { bytes: *b"0123456789abcdef0123456789ABCDEF", drawn: 0 };
    assert!(RestKey::new(&Secret::new([1; 32])).seal(&[], &plaintext, &mut drawn).is_err());
    assert!(blob::seal(&plaintext, &mut drawn).is_err() && Sealer::new(MAX_SIZE + 1, &mut drawn).is_err());
    assert_eq!(drawn.drawn, 0, "limits come before randomness");
    let largest = OneTimeKey::new(Secret::new([1; 32])).seal(&[], &plaintext[..MAX_PLAINTEXT]);
    assert_eq!(largest.unwrap().len(), MAX_PLAINTEXT + 16);
    assert!(Sealer::new(MAX_SIZE, &mut rng).is_ok());
}

/// One ciphertext that ChaCha20-Poly1305 opens under two keys, found by solving for a block (G-12). The commitment lets at most one
/// of them open the blob.
#[test]
fn c_10_blobs_commit_to_their_key() {
    let vector: serde_json::Value = serde_json::from_str(include_str!("two_keys.json")).unwrap();
    let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
    let (first, second): ([u8; 32], [u8; 32]) =
        (bytes("first_key").try_into().unwrap(), bytes("second_key").try_into().unwrap());
    let (commitment, ciphertext) = (bytes("commitment"), bytes("ciphertext"));
    let raw = |content_key: &str| {
        let key: [u8; 32] = bytes(content_key).try_into().unwrap();
        hazmat::chacha20poly1305_open(&key, &[0; 12], &commitment, &ciphertext)
    };
    let plaintexts = (raw("first_content_key").unwrap(), raw("second_content_key").unwrap());
    assert_ne!(plaintexts.0, plaintexts.1, "Poly1305 alone accepts both");
    let blob = [commitment.as_slice(), &ciphertext].concat();
    let open = |key| {
        let pointer = BlobPointer { key: Secret::new(key), hash: Hash::of(&blob) };
        blob::open(&pointer, &blob)
    };
    assert_eq!(open(first), Ok(plaintexts.0), "the blob is the sealer's under its own key");
    assert_eq!(open(second), Err(CryptoError::Unauthentic));
}

#[test]
fn c_14_stuck_randomness_is_refused() {
    for byte in [0, 1, 0x55, 0xff] {
        assert!(Seed::from_bytes([byte; 32]).is_err() && Seed::draw(&mut Stuck(byte)).is_err());
        assert!(x25519::SecretKey::generate(&mut Stuck(byte)).is_err());
        assert!(ed25519::SecretKey::generate(&mut Stuck(byte)).is_err());
        assert!(hybrid::SecretKey::generate(&mut Stuck(byte)).is_err());
        assert!(blob::seal(b"body", &mut Stuck(byte)).is_err());
        assert!(Sealer::new(1, &mut Stuck(byte)).is_err());
        assert!(RestKey::new(&Secret::new([1; 32])).seal(&[], b"record", &mut Stuck(byte)).is_err());
        let key = mlkem::DecapsulationKey::from_seed(&Secret::new([1; 64]));
        assert!(key.public_key().encapsulate(&mut Stuck(byte)).is_err());
    }
}

/// A generator restored from a snapshot repeats itself. Records with other content or another name still get other nonces.
#[test]
fn c_14_repeated_randomness_repeats_no_nonce_at_rest() {
    let key = RestKey::new(&Secret::new([1; 32]));
    let seal = |aad: &[u8], plaintext: &[u8]| {
        let mut rng = Repeating { bytes: *b"0123456789abcdef0123456789ABCDEF", drawn: 0 };
        key.seal(aad, plaintext, &mut rng).unwrap()
    };
    let mut nonces: Vec<_> = (0..1000_u32).map(|i| seal(b"name", &i.to_be_bytes())[..24].to_vec()).collect();
    nonces.extend((0..1000_u32).map(|i| seal(&i.to_be_bytes(), b"name")[..24].to_vec()));
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 2000);
    assert_eq!(seal(b"name", b"same"), seal(b"name", b"same"), "the same record is the same ciphertext");
}

#[derive(Debug)]
struct Failing;

impl rand_core::TryRng for Failing {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }

    /// Fails half-way, like an interrupted read.
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out[..16].copy_from_slice(b"half of a seed..");
        Err(std::fmt::Error)
    }
}

impl rand_core::TryCryptoRng for Failing {}

#[test]
fn c_14_failing_randomness_gives_no_seed() {
    assert!(matches!(Seed::draw(&mut Failing), Err(CryptoError::WeakRandomness)));
}

/// The code that this processor selects gives the known answers. `.ci/run` repeats it, and all vectors, on portable code.
#[test]
fn c_15_every_primitive_gives_its_known_answer() {
    assert_eq!(self_test(), Ok(()));
}

/// Keys come back from what is stored of them.
#[test]
fn seeds_are_enough_to_store() {
    let mut rng = generator(11);
    let hybrid = hybrid::SecretKey::generate(&mut rng).unwrap();
    assert_eq!(hybrid::SecretKey::from_seed(&hybrid.to_seed()).public_key(), hybrid.public_key());
    let ed25519 = ed25519::SecretKey::generate(&mut rng).unwrap();
    assert_eq!(ed25519::SecretKey::from_seed(&ed25519.to_seed()).public_key(), ed25519.public_key());
    let x25519 = x25519::SecretKey::generate(&mut rng).unwrap();
    assert_eq!(x25519::SecretKey::from_secret(&x25519.to_secret()).public_key(), x25519.public_key());
    let (ml_kem, seed) = mlkem::DecapsulationKey::generate(&mut rng).unwrap();
    assert_eq!(mlkem::DecapsulationKey::from_seed(&seed).public_key(), ml_kem.public_key());
}

#[test]
fn c_20_keys_have_one_length() {
    // The types refuse other lengths when compiled (`tests/compile_fail`). This is what they prevent:
    assert_eq!(hazmat::hmac_sha256(b"key", b"m"), hazmat::hmac_sha256(b"key\0\0", b"m"));
}

/// For everything sealed or signed here: a changed bit anywhere is refused.
#[test]
fn changing_any_bit_refuses() {
    let mut rng = rng("any bit");
    let (mut sealed, pointer) = blob::seal(&[7; 100], &mut rng).unwrap();
    let rest = RestKey::new(&Secret::new([1; 32]));
    let mut record = rest.seal(b"name", &[7; 100], &mut rng).unwrap();
    let key = hybrid::SecretKey::generate(&mut rng).unwrap();
    for bit in 0..record.len() * 8 {
        record[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(rest.open(b"name", &record), Err(CryptoError::Unauthentic));
        record[bit / 8] ^= 1 << (bit % 8);
    }
    for bit in 0..sealed.len() * 8 {
        sealed[bit / 8] ^= 1 << (bit % 8);
        let fitting = BlobPointer { key: pointer.key.duplicate(), hash: Hash::of(&sealed) };
        for pointer in [&pointer, &fitting] {
            assert_eq!(blob::open(pointer, &sealed), Err(CryptoError::Unauthentic));
        }
        sealed[bit / 8] ^= 1 << (bit % 8);
    }
    let signature = key.sign(label::sign::BUNDLE, b"message");
    for _ in 0..3000 {
        let (mut ed25519, mut ml_dsa) = (*signature.ed25519.as_bytes(), *signature.ml_dsa.as_bytes());
        let bit = below(&mut rng, (64 + 3309) * 8);
        if bit < 512 {
            ed25519[bit / 8] ^= 1 << (bit % 8);
        } else {
            ml_dsa[bit / 8 - 64] ^= 1 << (bit % 8);
        }
        let changed = hybrid::Signature {
            ed25519: ed25519::Signature::from_bytes(&ed25519).unwrap(),
            ml_dsa: mldsa::Signature::from_bytes(&ml_dsa).unwrap(),
        };
        let verified = key.public_key().verify(label::sign::BUNDLE, b"message", &changed);
        assert_eq!(verified, Err(CryptoError::InvalidSignature));
    }
}
