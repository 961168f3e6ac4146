//! X25519 and ML-KEM-768.

use std::hint::black_box;

use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768PublicKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{mlkem, x25519};

use crate::bare;
use crate::paired::Pairs;

pub fn run(pairs: &mut Pairs) {
    x25519(pairs);
    ml_kem_keys(pairs);
    ml_kem_secrets(pairs);
}

fn x25519(pairs: &mut Pairs) {
    let ours = x25519::SecretKey::from_secret(&Secret::new(bare::SEED));
    let theirs = x25519::SecretKey::from_secret(&Secret::new(bare::KEY)).public_key();
    let bytes = theirs.as_bytes().to_vec();
    let plain = x25519_dalek::StaticSecret::from(bare::SEED);
    pairs.pair(
        "x25519 parse (bare: copy)",
        || x25519::PublicKey::from_bytes(black_box(&bytes)).unwrap(),
        || <[u8; 32]>::try_from(black_box(bytes.as_slice())).unwrap(),
        |ours, bare| *ours.as_bytes() == bare,
    );
    pairs.pair(
        "x25519 generate (bare: 32 B draw)",
        {
            let mut rng = bare::our_generator();
            move || x25519::SecretKey::generate(&mut rng).unwrap()
        },
        {
            let mut rng = bare::generator(&bare::SEED);
            move || x25519_dalek::StaticSecret::from(bare::draw::<32>(&mut rng))
        },
        |ours, bare| *ours.to_secret().expose() == bare.to_bytes(),
    );
    pairs.pair(
        "x25519 public_key",
        || black_box(&ours).public_key(),
        || x25519_dalek::PublicKey::from(black_box(&plain)),
        |ours, bare| ours.as_bytes() == bare.as_bytes(),
    );
    pairs.pair(
        "x25519 diffie_hellman",
        || black_box(&ours).diffie_hellman(black_box(&theirs)).unwrap(),
        || plain.diffie_hellman(&x25519_dalek::PublicKey::from(*black_box(theirs.as_bytes()))),
        |ours, bare| ours.expose() == bare.as_bytes(),
    );
}

fn ml_kem_keys(pairs: &mut Pairs) {
    let seed = *Secret::<64>::new([bare::SEED, bare::KEY].concat().try_into().unwrap()).expose();
    let secret = Secret::new(seed);
    let bytes = mlkem::DecapsulationKey::from_seed(&secret).public_key().as_bytes().to_vec();
    pairs.pair(
        "ml-kem keygen from seed",
        || mlkem::DecapsulationKey::from_seed(black_box(&secret)),
        || mlkem768::generate_key_pair(black_box(seed)),
        |ours, bare| ours.public_key().as_bytes() == bare.pk(),
    );
    pairs.pair(
        "ml-kem parse encapsulation key (bare: copy + validate_public_key)",
        || mlkem::EncapsulationKey::from_bytes(black_box(&bytes)).unwrap(),
        || {
            let key = MlKem768PublicKey::try_from(black_box(bytes.as_slice())).unwrap();
            assert!(mlkem768::validate_public_key(&key));
            key
        },
        |ours, bare| ours.as_bytes() == bare.as_slice(),
    );
}

fn ml_kem_secrets(pairs: &mut Pairs) {
    let seed: [u8; 64] = [bare::SEED, bare::KEY].concat().try_into().unwrap();
    let ours = mlkem::DecapsulationKey::from_seed(&Secret::new(seed));
    let (private, public) = mlkem768::generate_key_pair(seed).into_parts();
    pairs.pair(
        "ml-kem encapsulate (bare: 32 B draw + encapsulate)",
        {
            let (key, mut rng) = (ours.public_key(), bare::our_generator());
            move || black_box(key).encapsulate(&mut rng).unwrap()
        },
        {
            let mut rng = bare::generator(&bare::SEED);
            move || mlkem768::encapsulate(black_box(&public), bare::draw(&mut rng))
        },
        |ours, bare| ours.0.as_bytes() == bare.0.as_slice() && *ours.1.expose() == bare.1,
    );
    let (ciphertext, _) = ours.public_key().encapsulate(&mut bare::our_generator()).unwrap();
    let bytes = ciphertext.as_bytes().to_vec();
    let plain = MlKem768Ciphertext::try_from(bytes.as_slice()).unwrap();
    pairs.pair(
        "ml-kem parse ciphertext (bare: copy)",
        || mlkem::Ciphertext::from_bytes(black_box(&bytes)).unwrap(),
        || MlKem768Ciphertext::try_from(black_box(bytes.as_slice())).unwrap(),
        |ours, bare| ours.as_bytes() == bare.as_slice(),
    );
    pairs.pair(
        "ml-kem decapsulate",
        || black_box(&ours).decapsulate(black_box(&ciphertext)),
        || mlkem768::decapsulate(black_box(&private), black_box(&plain)),
        |ours, bare| *ours.expose() == bare,
    );
}
