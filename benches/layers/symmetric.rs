//! Hash, MAC, KDF, AEAD, encryption at rest, randomness.

use std::hint::black_box;

use chacha20::ChaCha20Rng;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, Payload};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use sottovoce::crypto::absorb::{Absorb as _, Input};
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::random::{self, Seed};
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{kdf, label};
use subtle::ConstantTimeEq as _;

use crate::bare::{self, AAD, KEY, SEED};
use crate::paired::Pairs;

const NONCE: [u8; 12] = [0; 12];

pub fn run(pairs: &mut Pairs) {
    hash(pairs);
    mac(pairs);
    kdf(pairs);
    for (length, name) in [(32, "32 B"), (1_024, "1 KiB"), (65_536, "64 KiB")] {
        one_time(pairs, length, name);
    }
    rest_key(pairs);
    for (length, name) in [(700, "700 B"), (4_096, "4 KiB")] {
        rest(pairs, length, name);
    }
    randomness(pairs);
}

fn hash(pairs: &mut Pairs) {
    for (length, name) in [(32, "Hash::of 32 B"), (65_536, "Hash::of 64 KiB")] {
        let message = bare::message(length);
        pairs.pair(
            name,
            || Hash::of(black_box(&message)),
            || <[u8; 32]>::from(Sha256::digest(black_box(&message))),
            |ours, bare| *ours.as_bytes() == bare,
        );
    }
    let message = bare::message(200);
    let length = 200_u32.to_be_bytes();
    let input =
        [label::hash::PAIR.as_bytes(), &KEY, &7_u64.to_be_bytes(), &length, &message, &message].concat();
    pairs.pair(
        "Hasher of label and 4 fields, 460 B (bare: concatenated before)",
        || {
            Hasher::new(label::hash::PAIR)
                .array(black_box(&KEY))
                .u64(7)
                .lp(black_box(&message))
                .last(&message)
        },
        || <[u8; 32]>::from(Sha256::digest(black_box(&input))),
        |ours, bare| *ours.as_bytes() == bare,
    );
    pairs.pair(
        "Input of 4 fields, 444 B (bare: concat)",
        || Input::new().array(black_box(&KEY)).u64(7).lp(black_box(&message)).last(&message),
        || [KEY.as_slice(), &7_u64.to_be_bytes(), &length, black_box(message.as_slice()), &message].concat(),
        |ours, bare| ours == bare,
    );
}

fn mac(pairs: &mut Pairs) {
    let (secret, message) = (Secret::new(KEY), bare::message(200));
    let input = [&SEED, 200_u32.to_be_bytes().as_slice(), &message].concat();
    pairs.pair(
        "Mac of 2 fields, 236 B (bare: hmac, concatenated before)",
        || kdf::Mac::new(black_box(&secret)).array(black_box(&SEED)).lp(black_box(&message)).finish(),
        || -> [u8; 32] {
            let mac = Hmac::<Sha256>::new_from_slice(black_box(&KEY)).unwrap();
            mac.chain_update(black_box(&input)).finalize().into_bytes().into()
        },
        |ours, bare| *ours.expose() == bare,
    );
    let other = Secret::new(KEY);
    pairs.pair(
        "Secret ct_eq (bare: subtle)",
        || bool::from(black_box(&secret).ct_eq(black_box(&other))),
        || bool::from(black_box(&KEY).ct_eq(black_box(&KEY))),
        |ours, bare| ours && bare,
    );
}

fn kdf(pairs: &mut Pairs) {
    let (first, prk) = (Secret::new(SEED), Secret::new(KEY));
    let ikm = [SEED, KEY].concat();
    pairs.pair(
        "extract of 2 parts (bare: hmac, concatenated before)",
        || kdf::extract(black_box(&KEY), &[black_box(&first), black_box(&prk)]),
        || -> [u8; 32] {
            let mac = Hmac::<Sha256>::new_from_slice(black_box(&KEY)).unwrap();
            mac.chain_update(black_box(&ikm)).finalize().into_bytes().into()
        },
        |ours, bare| *ours.expose() == bare,
    );
    let label = label::expand::SEAL;
    let info = [label.as_bytes(), AAD].concat();
    pairs.pair(
        "expand 32 (bare: hkdf, concatenated before)",
        || kdf::expand::<32>(black_box(&prk), label, black_box(AAD)),
        || bare::expand::<32>(black_box(&KEY), black_box(&info)),
        |ours, bare| *ours.expose() == bare,
    );
    pairs.pair(
        "expand 160 (bare: hkdf, concatenated before)",
        || kdf::expand::<160>(black_box(&prk), label, black_box(AAD)),
        || bare::expand::<160>(black_box(&KEY), black_box(&info)),
        |ours, bare| *ours.expose() == bare,
    );
}

fn one_time(pairs: &mut Pairs, length: usize, name: &str) {
    let message = bare::message(length);
    let sealed = bare::seal(&KEY, &NONCE, AAD, &message);
    let key = || OneTimeKey::new(Secret::new(black_box(KEY)));
    pairs.pair(
        &format!("OneTimeKey seal {name}"),
        || key().seal(AAD, black_box(&message)).unwrap(),
        || bare::seal(black_box(&KEY), &NONCE, AAD, black_box(&message)),
        |ours, bare| ours == bare,
    );
    pairs.pair(
        &format!("OneTimeKey open {name}"),
        || key().open(AAD, black_box(&sealed)).unwrap(),
        || bare::open(black_box(&KEY), &NONCE, AAD, black_box(&sealed)),
        |ours, bare| ours == bare,
    );
}

/// The two keys of a rest key.
fn rest_keys(key: &[u8; 32]) -> [[u8; 32]; 2] {
    bare::expand_two(key, [label::expand::REST_NONCE.as_bytes(), label::expand::REST_SEAL.as_bytes()])
}

fn rest_key(pairs: &mut Pairs) {
    let key = Secret::new(KEY);
    pairs.pair(
        "RestKey::new, not compared (bare: 2 hkdf expands of one prepared key)",
        || RestKey::new(black_box(&key)),
        || rest_keys(black_box(&KEY)),
        |_, _| true,
    );
}

fn rest(pairs: &mut Pairs, length: usize, name: &str) {
    let message = bare::message(length);
    let ours = RestKey::new(&Secret::new(KEY));
    let keys = rest_keys(&KEY);
    pairs.pair(
        &format!("rest seal {name} (bare: 32 B draw + hmac + XChaCha20-Poly1305)"),
        {
            let (ours, message, mut rng) = (&ours, &message, bare::our_generator());
            move || black_box(ours).seal(AAD, black_box(message), &mut rng).unwrap()
        },
        {
            let (message, mut rng) = (&message, bare::generator(&SEED));
            move || bare_rest_seal(&keys, black_box(message), &mut rng)
        },
        |ours, bare| ours == bare,
    );
    let record = ours.seal(AAD, &message, &mut bare::our_generator()).unwrap();
    pairs.pair(
        &format!("rest open {name}"),
        || black_box(&ours).open(AAD, black_box(&record)).unwrap(),
        || {
            let (nonce, msg) = black_box(&record).split_first_chunk::<24>().unwrap();
            let cipher = XChaCha20Poly1305::new((&keys[1]).into());
            cipher.decrypt(nonce.into(), Payload { msg, aad: AAD }).unwrap()
        },
        |ours, bare| ours == bare,
    );
}

fn bare_rest_seal(keys: &[[u8; 32]; 2], message: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let length = u32::try_from(AAD.len()).unwrap().to_be_bytes();
    let mac = Hmac::<Sha256>::new_from_slice(&keys[0]).unwrap().chain_update(bare::draw::<32>(rng));
    let mac = mac.chain_update(length).chain_update(AAD).chain_update(message).finalize();
    let nonce: [u8; 24] = mac.into_bytes()[..24].try_into().unwrap();
    let cipher = XChaCha20Poly1305::new((&keys[1]).into());
    bare::seal_behind(&nonce, &cipher, (&nonce).into(), AAD, message)
}

fn randomness(pairs: &mut Pairs) {
    pairs.pair(
        "Seed to Generator to 32 B draw (bare: hkdf expand + ChaCha20Rng)",
        || {
            let mut rng = Seed::from_bytes(black_box(SEED)).unwrap().into_generator();
            random::draw::<32>(&mut rng).unwrap()
        },
        || bare::draw::<32>(&mut bare::generator(black_box(&SEED))),
        |ours, bare| *ours.expose() == bare,
    );
    pairs.pair(
        "32 B draw (bare: fill_bytes)",
        {
            let mut rng = bare::our_generator();
            move || random::draw::<32>(&mut rng).unwrap()
        },
        {
            let mut rng = bare::generator(&SEED);
            move || bare::draw::<32>(&mut rng)
        },
        |ours, bare| *ours.expose() == bare,
    );
}
