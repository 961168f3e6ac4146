//! C-05: labels come from the registry.
use sottovoce::crypto::label::SignLabel;

fn main() {
    let _ = SignLabel("sottovoce/1 mine");
}
