//! The implementation that we use against the other one, for information.

use std::hint::black_box;

use libcrux_ml_dsa::ml_dsa_65;
use libcrux_ml_kem::mlkem768;
use ml_dsa::MlDsa65;
use ml_kem::{Decapsulate as _, KeyExport as _, MlKem768};

use crate::bare::{self, KEY, SEED};
use crate::paired::Pairs;

pub fn run(pairs: &mut Pairs) {
    ml_kem(pairs);
    ml_dsa(pairs);
}

fn ml_kem(pairs: &mut Pairs) {
    let seed: [u8; 64] = [SEED, KEY].concat().try_into().unwrap();
    let (private, public) = mlkem768::generate_key_pair(seed).into_parts();
    let other = ml_kem::DecapsulationKey::<MlKem768>::from_seed(seed.into());
    pairs.peers(
        "ML-KEM-768 keygen",
        || mlkem768::generate_key_pair(black_box(seed)),
        || ml_kem::DecapsulationKey::<MlKem768>::from_seed(black_box(seed).into()),
        |first, second| first.pk()[..] == second.encapsulation_key().to_bytes()[..],
    );
    pairs.peers(
        "ML-KEM-768 encapsulate",
        || mlkem768::encapsulate(black_box(&public), black_box(SEED)),
        || other.encapsulation_key().encapsulate_deterministic(&black_box(SEED).into()),
        |first, second| first.0.as_slice()[..] == second.0[..] && first.1[..] == second.1[..],
    );
    let (ciphertext, _) = mlkem768::encapsulate(&public, SEED);
    let (other_ciphertext, _) = other.encapsulation_key().encapsulate_deterministic(&SEED.into());
    pairs.peers(
        "ML-KEM-768 decapsulate",
        || mlkem768::decapsulate(&private, black_box(&ciphertext)),
        || other.decapsulate(black_box(&other_ciphertext)),
        |first, second| first[..] == second[..],
    );
}

fn ml_dsa(pairs: &mut Pairs) {
    let message = bare::message(200);
    let first = ml_dsa_65::generate_key_pair(KEY);
    let second = ml_dsa::SigningKey::<MlDsa65>::from_seed(&KEY.into());
    pairs.peers(
        "ML-DSA-65 keygen",
        || ml_dsa_65::generate_key_pair(black_box(KEY)),
        || ml_dsa::SigningKey::<MlDsa65>::from_seed(&black_box(KEY).into()),
        |first, second| {
            first.verification_key.as_ref()[..] == second.expanded_key().verifying_key().encode()[..]
        },
    );
    let sign = || ml_dsa_65::sign(&first.signing_key, black_box(&message), b"", [0; 32]).unwrap();
    let other_sign = || second.expanded_key().sign_deterministic(black_box(&message), b"").unwrap();
    pairs
        .peers("ML-DSA-65 sign", sign, other_sign, |first, second| first.as_ref()[..] == second.encode()[..]);
    let (signature, other_signature) = (sign(), other_sign());
    let public = second.expanded_key().verifying_key();
    pairs.peers(
        "ML-DSA-65 verify",
        || ml_dsa_65::verify(&first.verification_key, black_box(&message), b"", &signature).is_ok(),
        || public.verify_with_context(black_box(&message), b"", &other_signature),
        |first, second| first && second,
    );
}
