//! A known answer from every primitive, on the code that this machine selects at run time.
//!
//! Implementations choose between portable and vector code by looking at the processor, and have given different keys on
//! some (attack C-15). An application calls this once when it starts.

use super::absorb::Absorb as _;
use super::hash::{Hash, Hasher};
use super::secret::Secret;
use super::{CryptoError, aead, attachment, hybrid, kdf, label, mlkem, random, rest, x25519};

/// The digest of all answers, as every correct implementation computes it.
const EXPECTED: [u8; 32] = [
    0x01, 0x7d, 0x01, 0x48, 0xbb, 0x06, 0x02, 0x75, 0x0b, 0x8a, 0x8a, 0x53, 0xb3, 0x89, 0x00, 0x18, 0x13,
    0x4a, 0xc1, 0x87, 0x1f, 0x2b, 0xbb, 0xd1, 0xeb, 0xab, 0xc3, 0xe0, 0x6f, 0xdb, 0xeb, 0x70,
];

/// Runs every primitive on fixed inputs. [`CryptoError::BrokenBackend`] if an answer is wrong; no key made on
/// this machine can then be trusted.
pub fn self_test() -> Result<(), CryptoError> {
    judge(answers())
}

/// Whatever goes wrong on the way is this machine's fault as well, never a peer's.
fn judge(answers: Result<Hash, CryptoError>) -> Result<(), CryptoError> {
    match answers {
        Ok(digest) if digest.as_bytes() == &EXPECTED => Ok(()),
        Ok(_) | Err(_) => Err(CryptoError::BrokenBackend),
    }
}

fn answers() -> Result<Hash, CryptoError> {
    let mut rng = random::Seed::from_bytes(*b"sottovoce self-test, 32 bytes  1")?.into_generator();
    let agreement = x25519::SecretKey::generate(&mut rng)?;
    let shared = agreement.diffie_hellman(&x25519::SecretKey::generate(&mut rng)?.public_key())?;
    let kem = mlkem::DecapsulationKey::from_seed(&random::draw(&mut rng)?);
    let (ciphertext, encapsulated) = kem.public_key().encapsulate(&mut rng)?;
    let signing = hybrid::SecretKey::generate(&mut rng)?;
    let signature = signing.sign(label::sign::MANIFEST, ciphertext.as_bytes());
    signing.public_key().verify(label::sign::MANIFEST, ciphertext.as_bytes(), &signature)?;
    let root = kdf::extract(shared.expose(), &[&encapsulated, &kem.decapsulate(&ciphertext)]);
    let key: Secret<32> = kdf::expand(&root, label::expand::SEAL, &[]);
    let sealed = aead::OneTimeKey::new(key.duplicate())
        .seal(signature.ml_dsa.as_bytes(), kem.public_key().as_bytes())?;
    aead::OneTimeKey::new(key.duplicate()).open(signature.ml_dsa.as_bytes(), &sealed)?;
    let record =
        rest::RestKey::new(&key).seal(&sealed, signing.public_key().ml_dsa().as_bytes(), &mut rng)?;
    let mut whole = attachment::Sealer::new(700, &mut rng)?;
    let chunk = whole.seal_chunk(&[7; 700])?;
    let digest = Hasher::new(label::hash::PAIR).array(signature.ed25519.as_bytes()).lp(&chunk);
    Ok(digest.last(&record))
}

#[cfg(test)]
mod tests {
    use super::{CryptoError, EXPECTED, Hash, answers, judge};

    #[test]
    fn c_15_a_wrong_answer_is_noticed() {
        assert_eq!(answers().map(|digest| *digest.as_bytes()), Ok(EXPECTED));
        for bit in 0..256 {
            let mut wrong = EXPECTED;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(judge(Ok(Hash::from_bytes(wrong))), Err(CryptoError::BrokenBackend));
        }
        assert_eq!(judge(Err(CryptoError::InvalidSignature)), Err(CryptoError::BrokenBackend));
    }
}
