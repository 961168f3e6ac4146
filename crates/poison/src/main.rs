//! Runs every operation on a secret with the secret marked as uninitialised, for valgrind's memcheck, which then reports each branch and
//! each address that depends on it (attacks C-08, C-12, C-13): `.ci/constant-time`.
//!
//! `sottovoce-poison list` prints each operation with the number of reports that it must give, `sottovoce-poison NAME` runs one. `leak-branch` and
//! `leak-index` are controls. Without valgrind the marks do nothing. ML-DSA is not among them: its rejection loop depends on the key by design.

use std::hint::black_box;

use sottovoce::crypto::absorb::Absorb;
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::kdf::{self, Mac};
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hazmat, label, mlkem, x25519};
use subtle::ConstantTimeEq;

/// Marks bytes for memcheck: `0x4d430001` uninitialised, `0x4d430002` initialised (valgrind/memcheck.h).
#[cfg(target_arch = "x86_64")]
fn mark(request: u64, bytes: &[u8]) {
    let arguments = [request, bytes.as_ptr() as u64, bytes.len() as u64, 0, 0, 0];
    // SAFETY: the sequence of valgrind.h, which changes nothing but rdx on a processor, and the shadow of `bytes` under valgrind.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") &arguments, inout("rdx") 0_u64 => _, in("rdi") 0_u64,
        );
    }
}

/// A secret that memcheck follows.
fn poisoned<const N: usize>(byte: u8) -> Secret<N> {
    let mut bytes = [byte; N];
    bytes[0] ^= 1;
    let secret = Secret::new(bytes);
    poison(secret.expose());
    secret
}

fn poison(bytes: &[u8]) {
    mark(0x4d43_0001, black_box(bytes));
}

/// What becomes public may be branched on.
fn release(bytes: &[u8]) {
    mark(0x4d43_0002, black_box(bytes));
}

fn x25519() {
    let theirs = x25519::SecretKey::from_secret(&Secret::new([7; 32])).public_key();
    let ours = x25519::SecretKey::from_secret(&poisoned(9));
    black_box(ours.public_key());
    // Whether the result is zero is decided in public: the one branch that is expected.
    black_box(ours.diffie_hellman(&theirs).is_ok());
}

fn ed25519_sign() {
    let key = ed25519::SecretKey::from_seed(&poisoned(3));
    let signature = key.sign(label::classical::POSSESSION, b"message");
    release(signature.as_bytes());
}

fn mac_and_expansions() {
    let key = poisoned::<32>(4);
    let mac = Mac::new(&key).array(&[1; 40]).last(b"message");
    let okm: Secret<160> = kdf::expand(&key, label::expand::SEAL, &[1]);
    let prk = kdf::extract(mac.expose(), &[&key]);
    black_box((&okm, &prk));
}

fn comparison() {
    let equal = poisoned::<32>(5).ct_eq(&poisoned::<32>(6));
    black_box(equal.unwrap_u8());
}

fn aead_seal() {
    let plaintext = [8; 1000];
    poison(&plaintext);
    let sealed = OneTimeKey::new(poisoned(6)).seal(b"name", &plaintext).unwrap();
    release(&sealed);
}

/// Opening decides in public whether the tag is right, and only that.
fn rest_seal() {
    let plaintext = [8; 700];
    poison(&plaintext);
    let mut rng = Seed::from_bytes(*b"0123456789abcdef0123456789abcdef").unwrap().into_generator();
    let record = RestKey::new(&poisoned(7)).seal(b"name", &plaintext, &mut rng).unwrap();
    release(&record);
}

/// The secret parts of the expanded key: the vector s, and z. The public key between them is public.
fn ml_kem_decapsulate() {
    let mut rng = Seed::from_bytes(*b"0123456789abcdef0123456789abcdef").unwrap().into_generator();
    let key = mlkem::DecapsulationKey::from_seed(&Secret::new([9; 64]));
    let (good, _) = key.public_key().encapsulate(&mut rng).unwrap();
    let bad = mlkem::Ciphertext::from_bytes(&[1; mlkem::CIPHERTEXT_LENGTH]).unwrap();
    let expanded = hazmat::ml_kem_expanded(&key);
    poison(&expanded[..1152]);
    poison(&expanded[2368..]);
    black_box(key.decapsulate(&good));
    black_box(key.decapsulate(&bad));
}

fn leak_branch() {
    if poisoned::<32>(1).expose()[3] == 9 {
        black_box(1);
    }
}

fn leak_index() {
    let table: [u8; 256] = black_box([1; 256]);
    black_box(table[usize::from(poisoned::<32>(1).expose()[3])]);
}

/// Name, operation, and how many places memcheck must report.
const OPERATIONS: &[(&str, fn(), u32)] = &[
    ("x25519", x25519, 1),
    ("ed25519-sign", ed25519_sign, 0),
    ("mac-and-expansions", mac_and_expansions, 0),
    ("comparison", comparison, 0),
    ("aead-seal", aead_seal, 0),
    ("rest-seal", rest_seal, 0),
    ("ml-kem-decapsulate", ml_kem_decapsulate, 0),
    ("leak-branch", leak_branch, 1),
    ("leak-index", leak_index, 1),
];

fn main() {
    let name = std::env::args().nth(1).expect("list, or the name of an operation");
    if name == "list" {
        OPERATIONS.iter().for_each(|(name, _, reports)| println!("{name} {reports}"));
    } else {
        OPERATIONS.iter().find(|(known, ..)| *known == name).expect("an operation of the list").1();
    }
}
