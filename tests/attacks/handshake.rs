//! H-02, H-03, H-05 to H-07: keys and signatures that are swapped, confused or malformed.

use sottovoce::crypto::{CryptoError, ed25519, hazmat, hybrid, label, mlkem, x25519};
use sottovoce::wire::Wire as _;

use crate::support::{Stuck, generator};

/// For a signed object: every way in which someone who cannot sign may change it. Verification takes no randomness and no
/// state, so there is nothing that a refusal could change.
#[test]
fn h_02_swapped_or_unsigned_keys_are_refused() {
    let mut rng = generator(2);
    let owner = hybrid::SecretKey::generate(&mut rng).unwrap();
    let attacker = hybrid::SecretKey::generate(&mut rng).unwrap();
    let prekey = x25519::SecretKey::generate(&mut rng).unwrap().public_key();
    let other = x25519::SecretKey::generate(&mut rng).unwrap().public_key();
    let signature = owner.sign(label::sign::BUNDLE, prekey.as_bytes());
    let by_attacker = attacker.sign(label::sign::BUNDLE, other.as_bytes());
    let refused = |key: &hybrid::PublicKey, message: &[u8], signature: &hybrid::Signature| {
        assert_eq!(key.verify(label::sign::BUNDLE, message, signature), Err(CryptoError::InvalidSignature));
    };
    owner.public_key().verify(label::sign::BUNDLE, prekey.as_bytes(), &signature).unwrap();
    refused(&owner.public_key(), other.as_bytes(), &signature);
    refused(&owner.public_key(), other.as_bytes(), &by_attacker);
    refused(&attacker.public_key(), prekey.as_bytes(), &signature);
    for bit in 0..256 {
        let mut changed = *prekey.as_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        refused(&owner.public_key(), &changed, &signature);
    }
    let unsigned = [vec![0x0a, 64], vec![0; 64], vec![0x12, 0xed, 0x19], vec![0; 3309]].concat();
    refused(&owner.public_key(), prekey.as_bytes(), &hybrid::Signature::decode(&unsigned).unwrap());
}

/// One half of the attacker, one of the owner, in every combination of keys and signatures: both halves name the pair.
#[test]
fn h_02_halves_of_two_keys_prove_nothing() {
    let mut rng = generator(3);
    let (owner, attacker) =
        (hybrid::SecretKey::generate(&mut rng).unwrap(), hybrid::SecretKey::generate(&mut rng).unwrap());
    let keys = [owner.public_key(), attacker.public_key()];
    let signatures = [owner.sign(label::sign::BUNDLE, b"m"), attacker.sign(label::sign::BUNDLE, b"m")];
    let mut accepted = 0;
    for choice in 0..16 {
        let [a, b, c, d] = [choice & 1, choice >> 1 & 1, choice >> 2 & 1, choice >> 3];
        let key = hybrid::PublicKey::new(*keys[a].ed25519(), keys[b].ml_dsa().clone());
        let signature =
            hybrid::Signature { ed25519: signatures[c].ed25519, ml_dsa: signatures[d].ml_dsa.clone() };
        accepted += usize::from(key.verify(label::sign::BUNDLE, b"m", &signature).is_ok());
    }
    assert_eq!(accepted, 2, "the owner's own and the attacker's own");
}

/// A signature made for one purpose holds for no other, with the same bytes.
#[test]
fn h_03_every_label_separates() {
    let key = hybrid::SecretKey::generate(&mut generator(4)).unwrap();
    for made in label::sign::ALL {
        let signature = key.sign(*made, b"the same bytes");
        for checked in label::sign::ALL {
            let public = key.public_key();
            assert_eq!(public.verify(*checked, b"the same bytes", &signature).is_ok(), made == checked);
        }
    }
}

/// The labels of the two kinds of signature are different types, and different bytes: with any message, even one that
/// contains what the other kind puts there, one is never the other.
#[test]
fn h_03_half_of_a_hybrid_signature_is_no_classical_one() {
    let key = hybrid::SecretKey::generate(&mut generator(4)).unwrap();
    let public = key.public_key();
    let with_pair = [public.pair().as_bytes().as_slice(), b"m"].concat();
    for classical in label::classical::ALL {
        for hybrid in label::sign::ALL {
            let half = key.sign(*hybrid, b"m").ed25519;
            for message in [b"m".as_slice(), &with_pair] {
                assert!(public.ed25519().verify(*classical, message, &half).is_err());
            }
            let mut forged = key.sign(*hybrid, b"m");
            forged.ed25519 = key.ed25519().sign(*classical, &with_pair);
            assert!(public.verify(*hybrid, b"m", &forged).is_err());
        }
    }
}

#[test]
fn h_05_every_coefficient_is_checked() {
    let key = mlkem::DecapsulationKey::from_seed(&sottovoce::crypto::secret::Secret::new([5; 64]));
    let good = *key.public_key().as_bytes();
    for coefficient in 0..768 {
        for value in [3329_u16, 3330, 4095] {
            let mut bytes = good;
            let (at, [low, high]) = (coefficient / 2 * 3, value.to_le_bytes());
            if coefficient % 2 == 0 {
                (bytes[at], bytes[at + 1]) = (low, bytes[at + 1] & 0xf0 | high);
            } else {
                (bytes[at + 1], bytes[at + 2]) = (bytes[at + 1] & 0x0f | low << 4, low >> 4 | high << 4);
            }
            assert_eq!(mlkem::EncapsulationKey::from_bytes(&bytes), Err(CryptoError::InvalidKey));
        }
    }
    for length in (0..4096).filter(|length| *length != 1184) {
        assert!(mlkem::EncapsulationKey::from_bytes(&vec![0; length]).is_err());
    }
}

/// FIPS 203 §7.3: the hash of the public key inside the private key.
#[test]
fn h_05_corrupted_private_keys_are_refused() {
    let key = mlkem::DecapsulationKey::from_seed(&sottovoce::crypto::secret::Secret::new([5; 64]));
    let good = *hazmat::ml_kem_expanded(&key);
    hazmat::ml_kem_from_expanded(&good).unwrap();
    for at in (1152..1152 + 1184 + 32).step_by(7) {
        let mut bytes = good;
        bytes[at] ^= 1;
        assert!(hazmat::ml_kem_from_expanded(&bytes).is_err(), "byte {at}");
    }
    assert!(hazmat::ml_kem_from_expanded(&good[1..]).is_err());
}

/// A wrong ciphertext gives a secret that opens nothing.
#[test]
fn h_05_wrong_ciphertexts_fail_where_the_secret_is_used() {
    use sottovoce::crypto::aead::OneTimeKey;
    let mut rng = generator(6);
    let key = mlkem::DecapsulationKey::from_seed(&sottovoce::crypto::secret::Secret::new([5; 64]));
    let (ciphertext, secret) = key.public_key().encapsulate(&mut rng).unwrap();
    let sealed = OneTimeKey::new(secret).seal(b"", b"message").unwrap();
    for bit in (0..1088 * 8).step_by(97) {
        let mut bytes = *ciphertext.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let secret = key.decapsulate(&mlkem::Ciphertext::from_bytes(&bytes).unwrap());
        assert_eq!(OneTimeKey::new(secret).open(b"", &sealed), Err(CryptoError::Unauthentic));
    }
    assert_eq!(OneTimeKey::new(key.decapsulate(&ciphertext)).open(b"", &sealed).unwrap(), b"message");
}

/// Every encoding, canonical or not, with and without the top bit, of a point whose order divides 8.
#[test]
fn h_06_low_order_points() {
    let mut points = vec![[0; 32], [0; 32]];
    points[1][0] = 1;
    for order_8 in [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ] {
        points.push(hex::decode(order_8).unwrap().try_into().unwrap());
    }
    for first in [0xec, 0xed, 0xee] {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (first, 0x7f);
        points.push(bytes);
    }
    for mut point in points {
        for top_bit in [0, 0x80] {
            point[31] = point[31] & 0x7f | top_bit;
            assert_eq!(x25519::PublicKey::from_bytes(&point), Err(CryptoError::InvalidKey), "{point:?}");
            // The second check stands on its own.
            assert!(hazmat::x25519(&[0x77; 32], &point).is_err(), "{point:?}");
        }
    }
    let identity = [vec![1], vec![0; 31]].concat();
    assert_eq!(ed25519::PublicKey::from_bytes(&identity), Err(CryptoError::InvalidKey));
}

/// Not a proof that the list is complete, which is the arithmetic of the curve, but it would find a gap of any size.
#[test]
fn h_06_checked_points_never_give_zero() {
    let mut rng = generator(8);
    for _ in 0..2000 {
        let secret = x25519::SecretKey::generate(&mut rng).unwrap();
        let bytes = *x25519::SecretKey::generate(&mut rng).unwrap().to_secret().expose();
        if let Ok(public) = x25519::PublicKey::from_bytes(&bytes) {
            secret.diffie_hellman(&public).expect("a point that passed the check never gives zero");
        }
    }
}

#[test]
fn h_07_no_key_from_zeros() {
    assert!(matches!(x25519::SecretKey::generate(&mut Stuck(0)), Err(CryptoError::WeakRandomness)));
    assert!(matches!(ed25519::SecretKey::generate(&mut Stuck(0)), Err(CryptoError::WeakRandomness)));
    assert!(matches!(hybrid::SecretKey::generate(&mut Stuck(0)), Err(CryptoError::WeakRandomness)));
    assert!(x25519::PublicKey::from_bytes(&[0; 32]).is_err());
    assert!(ed25519::PublicKey::from_bytes(&[0; 32]).is_err());
}
