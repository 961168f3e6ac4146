//! ML-KEM-768, ML-DSA-65 and X25519: our wrappers against a second implementation, on random inputs.
//!
//! `SOTTOVOCE_SEED` (a `u64`) chooses other inputs, `SOTTOVOCE_COUNT` how many per operation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa65};
use ml_kem::array::Array;
use ml_kem::{Decapsulate as _, KeyExport as _, MlKem768};
use rand_core::{Rng as _, TryRng as _};
use sottovoce::crypto::random::{Generator, Seed, draw};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{hazmat, mldsa, mlkem};

const DEFAULT_COUNT: usize = 10_000;

/// Another seed in every run, unless `SOTTOVOCE_SEED` replays one.
fn seed() -> u64 {
    static SEED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let drawn = || {
        rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the operating system's randomness")
            >> 1
    };
    *SEED.get_or_init(|| setting("SOTTOVOCE_SEED", drawn()))
}

fn setting<T: core::str::FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// The inputs of one test. Every test has a number, so that all have different inputs under one seed.
struct Inputs(Generator);

impl Inputs {
    fn new(test: u8) -> Self {
        let mut bytes = [test; 32];
        bytes[..8].copy_from_slice(&seed().to_be_bytes());
        // Not all equal, whatever the seed: that would be refused.
        bytes[8] = !test;
        Self(Seed::from_bytes(bytes).unwrap().into_generator())
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.try_fill_bytes(&mut bytes).unwrap();
        bytes
    }

    /// A number below `bound`. The bias for the small bounds used here does not matter.
    fn below(&mut self, bound: usize) -> usize {
        self.0.next_u32() as usize % bound
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn flip_bit(&mut self, bytes: &mut [u8]) {
        let bit = self.below(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Runs `operation` as often as wanted, prints what was run and returns how often.
fn repeat(name: &str, test: u8, mut operation: impl FnMut(&mut Inputs)) -> usize {
    let count = setting("SOTTOVOCE_COUNT", DEFAULT_COUNT);
    let mut inputs = Inputs::new(test);
    for _ in 0..count {
        operation(&mut inputs);
    }
    println!("differential: {name}: {count} inputs, seed {}", seed());
    count
}

type TheirDecapsulationKey = ml_kem::DecapsulationKey<MlKem768>;
type TheirEncapsulationKey = ml_kem::EncapsulationKey<MlKem768>;

fn ml_kem_pair(inputs: &mut Inputs) -> (mlkem::DecapsulationKey, TheirDecapsulationKey) {
    let seed = inputs.array::<{ mlkem::SEED_LENGTH }>();
    (mlkem::DecapsulationKey::from_seed(&Secret::new(seed)), TheirDecapsulationKey::from_seed(seed.into()))
}

/// The way over the Edwards curve against the ladder: points on the curve, on the twist, of every order, in every encoding.
#[test]
fn x25519() {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::EdwardsPoint;
    let (mut on_curve, mut zero) = (0, 0);
    let count = repeat("X25519", 7, |inputs| {
        let (secret, any): ([u8; 32], [u8; 32]) = (inputs.array(), inputs.array());
        let torsion = EIGHT_TORSION[usize::from(any[0] % 8)];
        let mixed = EdwardsPoint::mul_base_clamped(any) + torsion;
        for public in [any, mixed.to_montgomery().to_bytes(), torsion.to_montgomery().to_bytes()] {
            let expected = x25519_dalek::x25519(secret, public);
            let ours = hazmat::x25519(&secret, &public);
            assert_eq!(ours.map_or([0; 32], |shared| *shared.expose()), expected);
            on_curve += usize::from(curve25519_dalek::MontgomeryPoint(public).to_edwards(0).is_some());
            zero += usize::from(expected == [0; 32]);
        }
    });
    assert!(on_curve > 2 * count && on_curve < 3 * count && zero >= count, "all kinds were met");
}

#[test]
fn ml_kem_keygen() {
    repeat("ML-KEM-768 keygen from seed", 1, |inputs| {
        let (ours, theirs) = ml_kem_pair(inputs);
        assert_eq!(ours.public_key().as_bytes().as_slice(), theirs.encapsulation_key().to_bytes().as_slice());
        #[expect(deprecated, reason = "the expanded form is what is compared")]
        let expanded = ml_kem::ExpandedKeyEncoding::to_expanded_bytes(&theirs);
        assert_eq!(hazmat::ml_kem_expanded(&ours).as_slice(), expanded.as_slice());
    });
}

#[test]
fn ml_kem_encapsulate_and_decapsulate() {
    let decapsulate = |ours: &mlkem::DecapsulationKey, theirs: &TheirDecapsulationKey, bytes: &[u8]| {
        let our_secret = *ours.decapsulate(&mlkem::Ciphertext::from_bytes(bytes).unwrap()).expose();
        let their_secret = theirs.decapsulate(&Array::try_from(bytes).unwrap());
        assert_eq!(our_secret.as_slice(), their_secret.as_slice());
        our_secret
    };
    repeat("ML-KEM-768 encapsulate, decapsulate, decapsulate corrupted", 2, |inputs| {
        let (ours, theirs) = ml_kem_pair(inputs);
        // Two generators of one seed: the coins that ours draws are the ones that theirs is given.
        let seed = inputs.array();
        let generator = || Seed::from_bytes(seed).unwrap().into_generator();
        let (ciphertext, secret) = ours.public_key().encapsulate(&mut generator()).unwrap();
        let coins = *draw::<32>(&mut generator()).unwrap().expose();
        let expected = theirs.encapsulation_key().encapsulate_deterministic(&coins.into());
        assert_eq!(ciphertext.as_bytes().as_slice(), expected.0.as_slice());
        assert_eq!(secret.expose().as_slice(), expected.1.as_slice());

        assert_eq!(decapsulate(&ours, &theirs, ciphertext.as_bytes()), *secret.expose());
        let corrupted = corrupt_ciphertext(inputs, ciphertext.as_bytes());
        assert_ne!(decapsulate(&ours, &theirs, &corrupted), *secret.expose());
    });
}

/// One bit, many bytes, or everything is different.
fn corrupt_ciphertext(inputs: &mut Inputs, ciphertext: &[u8]) -> Vec<u8> {
    let mut corrupted = ciphertext.to_vec();
    match inputs.below(3) {
        0 => inputs.flip_bit(&mut corrupted),
        1 => {
            let start = inputs.below(corrupted.len() - 32);
            corrupted[start..start + 32].copy_from_slice(&inputs.array::<32>());
        }
        _ => corrupted = inputs.bytes(ciphertext.len()),
    }
    corrupted
}

#[test]
fn ml_kem_key_validity() {
    let (mut accepted, mut refused) = (0_usize, 0_usize);
    let mut key = [0; mlkem::PUBLIC_KEY_LENGTH];
    let count = repeat("ML-KEM-768 encapsulation-key validity", 3, |inputs| {
        if accepted % 100 == 0 {
            key = *ml_kem_pair(inputs).0.public_key().as_bytes();
        }
        let candidate = mutate_key(inputs, &key);
        let ours = mlkem::EncapsulationKey::from_bytes(&candidate);
        let theirs = TheirEncapsulationKey::new(&Array::try_from(candidate.as_slice()).unwrap());
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", hex::encode(&candidate));
        if ours.is_ok() { accepted += 1 } else { refused += 1 }
    });
    println!("differential: ML-KEM-768 encapsulation keys: {accepted} accepted, {refused} refused by both");
    assert!(count < 100 || (accepted > 0 && refused > 0), "the candidates do not probe both verdicts");
}

/// A coefficient at or near the modulus, a random coefficient, a flipped bit, or an altogether random key.
fn mutate_key(inputs: &mut Inputs, key: &[u8]) -> Vec<u8> {
    const MODULUS: usize = 3_329;
    const COEFFICIENTS: usize = 768;
    let mut mutated = key.to_vec();
    let index = inputs.below(COEFFICIENTS);
    match inputs.below(4) {
        0 => set_coefficient(&mut mutated, index, MODULUS - 2 + inputs.below(4)),
        1 => set_coefficient(&mut mutated, index, inputs.below(4_096)),
        2 => inputs.flip_bit(&mut mutated),
        _ => mutated = inputs.bytes(key.len()),
    }
    mutated
}

/// Coefficients are 12 bits each, little-endian, two in three bytes.
fn set_coefficient(key: &mut [u8], index: usize, value: usize) {
    let [low, high, ..] = value.to_le_bytes();
    let at = index / 2 * 3;
    if index.is_multiple_of(2) {
        key[at] = low;
        key[at + 1] = key[at + 1] & 0xf0 | high;
    } else {
        key[at + 1] = key[at + 1] & 0x0f | low << 4;
        key[at + 2] = low >> 4 | high << 4;
    }
}

fn ml_dsa_pair(inputs: &mut Inputs) -> (mldsa::SecretKey, ml_dsa::SigningKey<MlDsa65>) {
    let seed = inputs.array::<{ mldsa::SEED_LENGTH }>();
    (mldsa::SecretKey::from_seed(&Secret::new(seed)), ml_dsa::SigningKey::from_seed(&seed.into()))
}

#[test]
fn ml_dsa_keygen() {
    repeat("ML-DSA-65 keygen from seed", 4, |inputs| {
        let (ours, theirs) = ml_dsa_pair(inputs);
        let encoded = theirs.expanded_key().verifying_key().encode();
        assert_eq!(ours.public_key().as_bytes().as_slice(), encoded.as_slice());
    });
}

/// All that a verifier is given.
#[derive(Clone, PartialEq)]
struct Signed {
    public: Vec<u8>,
    context: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn ours(&self) -> bool {
        let public = mldsa::PublicKey::from_bytes(&self.public).unwrap();
        let signature = mldsa::Signature::from_bytes(&self.signature).unwrap();
        hazmat::ml_dsa_verify(&public, &self.context, &self.message, &signature).is_ok()
    }

    fn theirs(&self) -> bool {
        let public = EncodedVerifyingKey::<MlDsa65>::try_from(self.public.as_slice()).unwrap();
        let signature = EncodedSignature::<MlDsa65>::try_from(self.signature.as_slice()).unwrap();
        let public = ml_dsa::VerifyingKey::<MlDsa65>::decode(&public);
        ml_dsa::Signature::decode(&signature)
            .is_some_and(|signature| public.verify_with_context(&self.message, &self.context, &signature))
    }

    /// Changes one of the four, most often the signature, and there most often the part whose encoding is delicate.
    fn mutate(&mut self, inputs: &mut Inputs) {
        /// Positions of the hints (omega = 55), then where each of the k = 6 polynomials ends.
        const HINT_LENGTH: usize = 55 + 6;
        let hint = self.signature.len() - HINT_LENGTH;
        match inputs.below(8) {
            0 => inputs.flip_bit(&mut self.public),
            1 => self.context.push(0),
            2 => self.message.push(0),
            3 => inputs.flip_bit(&mut self.signature),
            4 => self.signature = inputs.bytes(self.signature.len()),
            5 => inputs.flip_bit(&mut self.signature[hint..]),
            6 => {
                let last = self.signature.len() - 1 - inputs.below(6);
                self.signature[last] = inputs.array::<4>()[0];
            }
            _ => {
                let at = hint + inputs.below(54);
                self.signature.swap(at, at + 1);
            }
        }
    }
}

#[test]
fn ml_dsa_sign_and_verify() {
    let mut unchanged = 0_usize;
    repeat("ML-DSA-65 sign, verify, verify mutated", 5, |inputs| {
        let (ours, theirs) = ml_dsa_pair(inputs);
        let length = inputs.below(301);
        let message = inputs.bytes(length);
        let signature = hazmat::ml_dsa_sign(&ours, &message).as_bytes().to_vec();
        let expected = theirs.expanded_key().sign_deterministic(&message, &[]).unwrap();
        assert_eq!(signature, expected.encode().as_slice());

        let public = ours.public_key().as_bytes().to_vec();
        let signed = Signed { public, context: Vec::new(), message, signature };
        assert!(signed.ours() && signed.theirs());

        let mut mutated = signed.clone();
        mutated.mutate(inputs);
        // An exchange of two equal hint bytes, such as the zeros of the padding, changes nothing.
        let same = mutated == signed;
        unchanged += usize::from(same);
        assert_eq!((mutated.ours(), mutated.theirs()), (same, same), "{}", hex::encode(&mutated.signature));
    });
    println!(
        "differential: ML-DSA-65 verify mutated: refused by both, but for {unchanged} that were the same again"
    );
}
