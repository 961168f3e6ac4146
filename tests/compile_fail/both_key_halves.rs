//! C-03: no constructor takes a private and a public half.
use sottovoce::crypto::ed25519::{PublicKey, SecretKey};
use sottovoce::crypto::secret::Secret;

fn oracle(seed: &Secret<32>, public: &PublicKey) -> SecretKey {
    SecretKey::from_seed(seed, public)
}

fn main() {}
