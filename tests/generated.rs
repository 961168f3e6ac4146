//! `src/wire/generated` is what `proto/` says: `cargo run -p sottovoce-codegen` writes it, this test compares.

use std::path::Path;

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, expected) in sottovoce_codegen::generate(&root.join("proto")) {
        let current = std::fs::read_to_string(root.join("src/wire/generated").join(&file)).unwrap();
        assert!(current == expected, "{} is out of date: cargo run -p sottovoce-codegen", file.display());
    }
}
