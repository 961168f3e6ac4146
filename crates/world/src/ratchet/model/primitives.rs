//! The operations of `docs/PROTOCOL.md` §1 and §2, from primitive crates directly.

use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use hmac::{Hmac, Mac as _};
use ml_kem::{Decapsulate as _, KeyExport as _, MlKem768, array::Array};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};

pub(crate) type Key = [u8; 32];

/// H
pub(crate) fn hash(parts: &[&[u8]]) -> Key {
    Sha256::digest(parts.concat()).into()
}

/// M, and X
pub(crate) fn mac(key: &Key, parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// P: RFC 5869 §2.3
pub(crate) fn expand<const N: usize>(prk: &Key, label: &str, parts: &[&[u8]]) -> [u8; N] {
    let info = [b"sottovoce/1 ", label.as_bytes(), &parts.concat()].concat();
    let (mut out, mut block) = (Vec::new(), Vec::new());
    for counter in 1_u8.. {
        block = mac(prk, &[&block, &info, &[counter]]).to_vec();
        out.extend(&block);
        if out.len() >= N {
            break;
        }
    }
    array(&out[..N])
}

/// Bytes that are known to be as many.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the right length")
}

/// The next bytes, and those after them.
pub(crate) fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (first, rest) = bytes.split_first_chunk().expect("enough bytes");
    (*first, rest)
}

pub(crate) fn draw<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

pub(crate) fn dh(secret: &Key, public: &Key) -> Key {
    x25519_dalek::x25519(*secret, *public)
}

pub(crate) fn public_key(secret: &Key) -> Key {
    dh(secret, &x25519_dalek::X25519_BASEPOINT_BYTES)
}

/// §2.3: canonical, and no point of low order, by which every product is zero.
pub(crate) fn is_public_key(bytes: &Key) -> bool {
    let mut order = [0xff; 32];
    (order[0], order[31]) = (0xed, 0x7f);
    bytes.iter().rev().lt(order.iter().rev()) && dh(&[7; 32], bytes) != [0; 32]
}

pub(crate) fn kem_key(seed: &[u8; 64]) -> Vec<u8> {
    ml_kem::DecapsulationKey::<MlKem768>::from_seed((*seed).into()).encapsulation_key().to_bytes().to_vec()
}

/// `None` if it is no key.
pub(crate) fn encapsulate(key: &[u8], coins: &Key) -> Option<(Vec<u8>, Key)> {
    let key = ml_kem::EncapsulationKey::<MlKem768>::new(&Array::try_from(key).ok()?).ok()?;
    let (ciphertext, secret) = key.encapsulate_deterministic(&(*coins).into());
    Some((ciphertext.to_vec(), array(&secret)))
}

pub(crate) fn decapsulate(seed: &[u8; 64], ciphertext: &[u8]) -> Key {
    let key = ml_kem::DecapsulationKey::<MlKem768>::from_seed((*seed).into());
    array(&key.decapsulate(&Array::try_from(ciphertext).expect("the right length")))
}

/// ChaCha20, which masks and unmasks.
pub(crate) fn masked(key: &Key, nonce: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    chacha20::ChaCha20::new(&(*key).into(), &array::<12>(nonce).into()).apply_keystream(&mut bytes);
    bytes
}

pub(crate) fn aead_seal(key: &Key, msg: &[u8], aad: &[u8]) -> Vec<u8> {
    ChaCha20Poly1305::new(&(*key).into())
        .encrypt(&[0; 12].into(), Payload { msg, aad })
        .expect("short enough")
}

pub(crate) fn aead_open(key: &Key, msg: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(&(*key).into()).decrypt(&[0; 12].into(), Payload { msg, aad }).ok()
}
