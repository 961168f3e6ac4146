//! C-11: a second copy of a secret is asked for by name.
use sottovoce::crypto::secret::Secret;

fn copy(secret: &Secret<32>) -> Secret<32> {
    secret.clone()
}

fn main() {}
