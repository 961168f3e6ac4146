//! C-11, C-16 to C-18: what must not be done with secrets, what is left of them, and what is printed.

use std::fmt::{Debug, Display};

use sottovoce::crypto::absorb::{Absorb as _, Input};
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::attachment::{AttachmentPointer, Opener, Sealer};
use sottovoce::crypto::blob::{self, BlobPointer};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::kdf::{self, Mac};
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid, label, mldsa, mlkem, x25519};
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::link::Inviting;
use sottovoce::identity::prekeys::{OneTimeSecret, PrekeySecret};
use sottovoce::identity::recovery::{Phrase, RecoveryKey};
use sottovoce::identity::sas::Initiator;
use sottovoce::wire::Wire as _;
use sottovoce_heap::{CANARY, freed_with_canary};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::support::generator;

#[test]
fn c_11_secrets_cannot_be_copied_compared_or_displayed() {
    macro_rules! secret {
        ($($name:ty),+) => { $(assert_not_impl_any!($name: Clone, Copy, PartialEq, PartialOrd, std::hash::Hash, Display, Default, zeroize::Zeroize);)+ };
    }
    secret!(
        Secret<32>,
        Seed,
        Generator,
        OneTimeKey,
        RestKey,
        Mac,
        BlobPointer,
        AttachmentPointer,
        Sealer,
        Opener
    );
    secret!(DeviceSecret, PrekeySecret, OneTimeSecret, RecoveryKey, Phrase, Initiator, Inviting);
    secret!(
        x25519::SecretKey,
        ed25519::SecretKey,
        mldsa::SecretKey,
        mlkem::DecapsulationKey,
        hybrid::SecretKey
    );
}

/// Fails to compile when a dependency is built without its `zeroize` feature.
#[test]
fn c_16_dependencies_erase_their_secrets() {
    assert_impl_all!(ed25519_dalek::SigningKey: ZeroizeOnDrop);
    assert_impl_all!(chacha20poly1305::ChaCha20Poly1305: ZeroizeOnDrop);
    assert_impl_all!(chacha20::ChaCha20Rng: ZeroizeOnDrop);
    // HMAC keeps two states of the hash, which erase themselves.
    assert_impl_all!(sha2::Sha256: ZeroizeOnDrop);
    assert_impl_all!(Secret<32>: ZeroizeOnDrop);
    assert_impl_all!(mldsa::SecretKey: ZeroizeOnDrop);
    assert_impl_all!(mlkem::DecapsulationKey: ZeroizeOnDrop);
}

/// A pattern that no plaintext, key or hash contains by chance.
const PLANTED: [u8; CANARY] = *b"canary: a secret";

fn planted<const N: usize>() -> Secret<N> {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(PLANTED.iter().cycle()).for_each(|(byte, canary)| *byte = *canary);
    Secret::new(bytes)
}

/// No block of heap memory that was freed still holds the secret that passed through it.
#[test]
fn c_16_freed_memory_holds_no_secret() {
    assert_eq!(freed_with_canary(PLANTED, || drop(PLANTED.to_vec())), 1, "the search finds what is there");
    let found = freed_with_canary(PLANTED, || {
        drop(Box::new(planted::<32>()));
        drop(Box::new(OneTimeKey::new(planted())));
        drop(Box::new(RestKey::new(&planted())));
        drop(Box::new(x25519::SecretKey::from_secret(&planted())));
        drop(Box::new(ed25519::SecretKey::from_seed(&planted())));
        drop(Box::new(mldsa::SecretKey::from_seed(&planted())));
        drop(Box::new(mlkem::DecapsulationKey::from_seed(&planted())));
        drop(Box::new(Seed::from_bytes(*planted::<32>().expose()).unwrap()));
        drop(Box::new(kdf::expand::<160>(&planted(), label::expand::SEAL, &[])));
        let pointer = BlobPointer { key: planted(), hash: Hash::of(b"") };
        let mut encoded = pointer.encode().unwrap();
        drop(BlobPointer::decode(&encoded).unwrap());
        // The encoding is the caller's, who seals it in place; here it is erased.
        encoded.zeroize();
        let pointer = AttachmentPointer::new(planted(), Hash::of(b""), 5).unwrap();
        let mut encoded = pointer.encode().unwrap();
        drop(AttachmentPointer::decode(&encoded).unwrap());
        encoded.zeroize();
    });
    assert_eq!(found, 0, "freed blocks with the secret");
}

fn field(number: u8, secret: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(secret.len()).unwrap()], secret].concat()
}

/// Records of private keys, each with the canary in every secret.
fn records() -> [Vec<u8>; 5] {
    let (short, long) = (planted::<32>(), planted::<64>());
    let device = [field(1, long.expose()), field(2, short.expose()), field(3, long.expose())].concat();
    let prekey = [vec![8, 1], field(2, short.expose()), field(3, long.expose()), vec![32, 0]].concat();
    let one_time =
        [vec![8, 1, 16, 2], field(3, short.expose()), field(4, long.expose()), vec![40, 0]].concat();
    let initiating = [field(1, &[1; 32]), field(2, &[2; 32]), field(3, short.expose())].concat();
    let inviting = [field(1, &[1; 32]), field(2, &[2; 16]), field(3, short.expose()), vec![32, 0]].concat();
    [device, prekey, one_time, initiating, inviting]
}

#[test]
fn c_16_freed_memory_holds_no_private_key_of_an_identity() {
    let mut records = records();
    let phrase = RecoveryKey::from_entropy(planted()).phrase();
    let words: [u8; CANARY] = phrase.as_str().as_bytes()[..CANARY].try_into().unwrap();
    assert_eq!(
        freed_with_canary(words, || drop(phrase.as_str().to_owned())),
        1,
        "the search finds what is there"
    );
    let found = freed_with_canary(PLANTED, || {
        drop(Box::new(RecoveryKey::from_entropy(planted())));
        drop(Box::new(phrase.as_str().parse::<RecoveryKey>().unwrap()));
        let [device, prekey, one_time, initiating, inviting] = &records;
        drop(Box::new(Initiator::decode(initiating).unwrap()));
        drop(Box::new(Inviting::decode(inviting).unwrap()));
        drop(Box::new(DeviceSecret::decode(device).unwrap()));
        drop(Box::new(PrekeySecret::decode(prekey).unwrap()));
        drop(Box::new(OneTimeSecret::decode(one_time).unwrap()));
        assert!(DeviceSecret::decode(&device[..device.len() - 1]).is_err());
        for record in &mut records {
            record.zeroize();
        }
    });
    assert_eq!(found, 0, "freed blocks with a private key");
    let found = freed_with_canary(words, || {
        drop(RecoveryKey::from_entropy(planted()).phrase());
        drop(phrase.as_str().parse::<RecoveryKey>().unwrap());
        drop(phrase);
    });
    assert_eq!(found, 0, "freed blocks with the phrase");
}

/// The expanded keys are long-lived and on the heap: their private parts are gone too.
#[test]
fn c_16_expanded_keys_are_erased() {
    let seed = Secret::new([7; 64]);
    let key = mlkem::DecapsulationKey::from_seed(&seed);
    let inside: [u8; CANARY] = sottovoce::crypto::hazmat::ml_kem_expanded(&key)[..CANARY].try_into().unwrap();
    assert_eq!(freed_with_canary(inside, || drop(key)), 0);
    assert_eq!(freed_with_canary(inside, || drop(mlkem::DecapsulationKey::from_seed(&seed))), 0);
}

#[test]
fn c_16_expanded_ml_dsa_keys_are_erased() {
    // FIPS 204 algorithm 24: rho 32, then K 32, which is secret.
    let expanded = libcrux_ml_dsa::ml_dsa_65::generate_key_pair([7; 32]).signing_key;
    let inside: [u8; CANARY] = expanded.as_slice()[32..32 + CANARY].try_into().unwrap();
    let copy = expanded.as_slice().to_vec();
    assert_eq!(freed_with_canary(inside, || drop(copy)), 1, "the search finds what is there");
    let key = mldsa::SecretKey::from_seed(&Secret::new([7; 32]));
    assert_eq!(freed_with_canary(inside, || drop(key)), 0);
}

#[test]
fn c_11_comparison_compares() {
    for byte in 0..32 {
        let mut other = [7; 32];
        assert!(bool::from(Secret::new([7; 32]).ct_eq(&Secret::new(other))));
        assert!(bool::from(Hash::from_bytes([7; 32]).ct_eq(&Hash::from_bytes(other))));
        other[byte] ^= 1;
        assert!(!bool::from(Secret::new([7; 32]).ct_eq(&Secret::new(other))));
        assert!(!bool::from(Hash::from_bytes([7; 32]).ct_eq(&Hash::from_bytes(other))));
    }
}

#[test]
fn c_17_debug_prints_no_secret() {
    let mut rng = generator(5);
    let secret = planted::<32>();
    let (_, pointer) = blob::seal(b"body", &mut rng).unwrap();
    let pointer = BlobPointer { key: secret.duplicate(), ..pointer };
    let attachment = AttachmentPointer::new(secret.duplicate(), Hash::of(b""), 5).unwrap();
    let one_time = OneTimeKey::new(secret.duplicate());
    let seed = Seed::from_bytes(*secret.expose()).unwrap();
    let ml_kem = mlkem::DecapsulationKey::from_seed(&planted());
    let [device, prekey, one_time_pair, initiating, inviting] = records();
    let recovery = RecoveryKey::from_entropy(planted());
    let values: [&dyn Debug; 20] = [
        &Initiator::decode(&initiating).unwrap(),
        &Inviting::decode(&inviting).unwrap(),
        &DeviceSecret::decode(&device).unwrap(),
        &PrekeySecret::decode(&prekey).unwrap(),
        &OneTimeSecret::decode(&one_time_pair).unwrap(),
        &recovery.phrase(),
        &recovery,
        &Input::new().array(&PLANTED),
        &secret,
        &pointer,
        &attachment,
        &one_time,
        &seed,
        &RestKey::new(&secret),
        &Mac::new(&secret),
        &x25519::SecretKey::from_secret(&secret),
        &ed25519::SecretKey::from_seed(&secret),
        &mldsa::SecretKey::from_seed(&secret),
        &ml_kem,
        &hybrid::SecretKey::from_seed(&planted()),
    ];
    let decimal = PLANTED.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    for value in values {
        for printed in [format!("{value:?}"), format!("{value:#?}").replace(['\n', ' '], "")] {
            let printed = printed.to_lowercase();
            for form in [
                hex::encode(PLANTED),
                decimal.clone(),
                decimal.replace(' ', ""),
                "canary".to_owned(),
                "y2fuyxj5".to_owned(),
                recovery.phrase().as_str().split(' ').next().unwrap().to_owned(),
            ] {
                assert!(!printed.contains(&form), "{printed}");
            }
        }
    }
}

#[test]
fn c_18_there_is_no_default_key_at_rest() {
    assert_not_impl_any!(RestKey: Default, From<[u8; 32]>, From<&'static [u8]>, From<&'static str>);
}
