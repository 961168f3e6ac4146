//! C-11: secrets are compared in constant time or not at all.
use sottovoce::crypto::secret::Secret;

fn same(first: &Secret<32>, second: &Secret<32>) -> bool {
    first == second
}

fn main() {}
