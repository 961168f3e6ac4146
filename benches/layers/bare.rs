//! What an expert would write with the bare crates, and fixed inputs for both sides.

use chacha20::ChaCha20Rng;
use chacha20poly1305::aead::{Aead as _, AeadInOut, Nonce, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use hkdf::Hkdf;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::{hybrid, label};

pub const SEED: [u8; 32] = *b"thirty-two bytes of randomness..";
pub const KEY: [u8; 32] = *b"another thirty-two bytes, secret";
pub const AAD: &[u8] = b"session of alice@example.org with bob";

/// A message of this length.
pub fn message(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

/// Our generator of [`SEED`].
pub fn our_generator() -> Generator {
    Seed::from_bytes(SEED).unwrap().into_generator()
}

/// The same generator, bare.
pub fn generator(seed: &[u8; 32]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(expand(seed, label::expand::GENERATOR.as_bytes()))
}

pub fn draw<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

pub fn expand<const N: usize>(prk: &[u8; 32], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::from_prk(prk).unwrap().expand(info, &mut out).unwrap();
    out
}

/// Two expansions of one key, which is prepared once.
pub fn expand_two(prk: &[u8; 32], infos: [&[u8]; 2]) -> [[u8; 32]; 2] {
    let prepared = Hkdf::<Sha256>::from_prk(prk).unwrap();
    infos.map(|info| {
        let mut out = [0; 32];
        prepared.expand(info, &mut out).unwrap();
        out
    })
}

/// Commitment and content key of a blob or attachment.
pub fn committed(key: &[u8; 32], body_type: u8) -> [[u8; 32]; 2] {
    let [commit, seal] = [label::expand::COMMIT, label::expand::SEAL];
    expand_two(key, [&[commit.as_bytes(), &[body_type]].concat(), &[seal.as_bytes(), &[body_type]].concat()])
}

pub fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    ChaCha20Poly1305::new(key.into()).encrypt(nonce.into(), Payload { msg, aad }).unwrap()
}

pub fn open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    ChaCha20Poly1305::new(key.into()).decrypt(nonce.into(), Payload { msg, aad }).unwrap()
}

/// Seals behind a prefix, in one buffer.
pub fn seal_behind<A: AeadInOut>(
    prefix: &[u8],
    cipher: &A,
    nonce: &Nonce<A>,
    aad: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(prefix.len() + plaintext.len() + 16);
    out.extend_from_slice(prefix);
    out.extend_from_slice(plaintext);
    let tag = cipher.encrypt_inout_detached(nonce, aad, (&mut out[prefix.len()..]).into()).unwrap();
    out.extend_from_slice(&tag);
    out
}

pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

pub fn parse_ed25519(bytes: &[u8]) -> ed25519_dalek::VerifyingKey {
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().unwrap()).unwrap();
    assert!(!key.is_weak());
    key
}

/// The seed of both halves.
pub fn hybrid_seed() -> sottovoce::crypto::secret::Secret<64> {
    let mut seed = [0; 64];
    seed[..32].copy_from_slice(&SEED);
    seed[32..].copy_from_slice(&KEY);
    sottovoce::crypto::secret::Secret::new(seed)
}

/// A hybrid key pair of ours, and its halves bare.
pub fn hybrid_key()
-> (hybrid::SecretKey, ed25519_dalek::SigningKey, libcrux_ml_dsa::ml_dsa_65::MLDSA65KeyPair) {
    let ours = hybrid::SecretKey::from_seed(&hybrid_seed());
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&SEED);
    (ours, ed25519, libcrux_ml_dsa::ml_dsa_65::generate_key_pair(KEY))
}
