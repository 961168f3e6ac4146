//! Only a verifier makes verified values.
use sottovoce::identity::Verified;
use sottovoce::identity::prekeys::Bundle;

fn forged(bundle: Bundle) -> Verified<Bundle> {
    Verified(bundle)
}

fn main() {}
