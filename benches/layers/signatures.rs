//! Ed25519, ML-DSA-65 and the hybrid of both.

use std::hint::black_box;

use ed25519_dalek::Signer as _;
use libcrux_ml_dsa::ml_dsa_65::{self, MLDSA65Signature, MLDSA65VerificationKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid, label, mldsa};

use crate::bare;
use crate::paired::Pairs;

const LABEL: label::SignLabel = label::sign::BUNDLE;
const CLASSICAL: label::ClassicalLabel = label::classical::POSSESSION;

pub fn run(pairs: &mut Pairs) {
    ed25519(pairs);
    ml_dsa(pairs);
    hybrid_keys(pairs);
    hybrid(pairs);
}

fn ed25519(pairs: &mut Pairs) {
    let seed = Secret::new(bare::SEED);
    let (ours, plain) =
        (ed25519::SecretKey::from_seed(&seed), ed25519_dalek::SigningKey::from_bytes(&bare::SEED));
    let (our_public, public) = (ours.public_key(), plain.verifying_key());
    let bytes = our_public.as_bytes().to_vec();
    let message = bare::message(200);
    let labelled = [CLASSICAL.as_bytes(), &message].concat();
    pairs.pair(
        "ed25519 parse, canonical (bare: from_bytes + is_weak, takes any encoding)",
        || ed25519::PublicKey::from_bytes(black_box(&bytes)).unwrap(),
        || bare::parse_ed25519(black_box(&bytes)),
        |ours, bare| ours.as_bytes() == bare.as_bytes(),
    );
    pairs.pair(
        "ed25519 keygen from seed",
        || ed25519::SecretKey::from_seed(black_box(&seed)),
        || ed25519_dalek::SigningKey::from_bytes(black_box(&bare::SEED)),
        |ours, bare| ours.public_key().as_bytes() == bare.verifying_key().as_bytes(),
    );
    pairs.pair(
        "ed25519 sign labelled 200 B (bare: concatenated before)",
        || black_box(&ours).sign(CLASSICAL, black_box(&message)),
        || black_box(&plain).sign(black_box(&labelled)),
        |ours, bare| *ours.as_bytes() == bare.to_bytes(),
    );
    let (our_signature, signature) = (ours.sign(CLASSICAL, &message), plain.sign(&labelled));
    pairs.pair(
        "ed25519 verify strict labelled 200 B (bare: concatenated before)",
        || our_public.verify(CLASSICAL, black_box(&message), black_box(&our_signature)).is_ok(),
        || public.verify_strict(black_box(&labelled), black_box(&signature)).is_ok(),
        |ours, bare| ours && bare,
    );
}

fn ml_dsa(pairs: &mut Pairs) {
    let (ours, _, plain) = bare::hybrid_key();
    let key = ours.public_key().ml_dsa().as_bytes().to_vec();
    let signature = ours.sign(LABEL, b"").ml_dsa.as_bytes().to_vec();
    let seed = Secret::new(bare::KEY);
    pairs.pair(
        "ml-dsa keygen from seed",
        || mldsa::SecretKey::from_seed(black_box(&seed)),
        || ml_dsa_65::generate_key_pair(black_box(bare::KEY)),
        |ours, bare| ours.public_key().as_bytes() == bare.verification_key.as_ref(),
    );
    pairs.pair(
        "ml-dsa parse public key (bare: copy)",
        || mldsa::PublicKey::from_bytes(black_box(&key)).unwrap(),
        || MLDSA65VerificationKey::new(black_box(key.as_slice()).try_into().unwrap()),
        |ours, bare| ours.as_bytes() == bare.as_ref() && bare.as_ref() == plain.verification_key.as_ref(),
    );
    pairs.pair(
        "ml-dsa parse signature (bare: copy)",
        || mldsa::Signature::from_bytes(black_box(&signature)).unwrap(),
        || MLDSA65Signature::new(black_box(signature.as_slice()).try_into().unwrap()),
        |ours, bare| ours.as_bytes() == bare.as_ref(),
    );
}

fn hybrid_keys(pairs: &mut Pairs) {
    let (ours, ..) = bare::hybrid_key();
    let public = ours.public_key();
    let seed = bare::hybrid_seed();
    let pair = |ed25519: &[u8], ml_dsa: &[u8]| bare::sha256(&[label::hash::PAIR.as_bytes(), ed25519, ml_dsa]);
    pairs.pair(
        "hybrid keygen from seed (bare: sum of both keygens + sha256)",
        || hybrid::SecretKey::from_seed(black_box(&seed)),
        || {
            let ed25519 = ed25519_dalek::SigningKey::from_bytes(black_box(&bare::SEED));
            let ml_dsa = ml_dsa_65::generate_key_pair(black_box(bare::KEY));
            let pair = pair(ed25519.verifying_key().as_bytes(), ml_dsa.verification_key.as_ref());
            (ed25519, ml_dsa, pair)
        },
        |ours, bare| *ours.public_key().pair().as_bytes() == bare.2,
    );
    pairs.pair(
        "hybrid public_key (bare: copy of both halves and the pair id)",
        || black_box(&ours).public_key(),
        || {
            let public = black_box(&public);
            (*public.ed25519(), *public.ml_dsa().as_bytes(), *public.pair())
        },
        |ours, bare| ours.ml_dsa().as_bytes() == &bare.1 && *ours.pair() == bare.2,
    );
    let ml_dsa = public.ml_dsa();
    pairs.pair(
        "hybrid PublicKey::new (bare: copy + sha256)",
        || hybrid::PublicKey::new(*black_box(public.ed25519()), ml_dsa.clone()),
        || (*ml_dsa.as_bytes(), pair(black_box(public.ed25519()).as_bytes(), ml_dsa.as_bytes())),
        |ours, bare| *ours.pair().as_bytes() == bare.1,
    );
}

fn hybrid(pairs: &mut Pairs) {
    let (ours, ed25519, ml_dsa) = bare::hybrid_key();
    let public = ours.public_key();
    let message = bare::message(200);
    let input = [LABEL.as_bytes(), public.pair().as_bytes(), &message].concat();
    let sign = || {
        let input = black_box(&input);
        (ed25519.sign(input), ml_dsa_65::sign(&ml_dsa.signing_key, input, b"", [0; 32]).unwrap())
    };
    pairs.pair(
        "hybrid sign 200 B (bare: sum of both signs, concatenated before)",
        || black_box(&ours).sign(LABEL, black_box(&message)),
        sign,
        |ours, bare| {
            *ours.ed25519.as_bytes() == bare.0.to_bytes() && ours.ml_dsa.as_bytes() == bare.1.as_ref()
        },
    );
    let (our_signature, signature) = (ours.sign(LABEL, &message), sign());
    pairs.pair(
        "hybrid verify 200 B (bare: sum of both verifies, concatenated before)",
        || public.verify(LABEL, black_box(&message), black_box(&our_signature)).is_ok(),
        || {
            let input = black_box(&input);
            ed25519.verifying_key().verify_strict(input, &signature.0).is_ok()
                && ml_dsa_65::verify(&ml_dsa.verification_key, input, b"", black_box(&signature.1)).is_ok()
        },
        |ours, bare| ours && bare,
    );
}
