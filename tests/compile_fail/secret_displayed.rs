//! C-11: secrets cannot be displayed.
use sottovoce::crypto::secret::Secret;

fn show(secret: &Secret<32>) -> String {
    format!("{secret}")
}

fn main() {}
