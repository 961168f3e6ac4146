//! Writes `src/wire/generated`.

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, contents) in sottovoce_codegen::generate(&root.join("proto")) {
        std::fs::write(root.join("src/wire/generated").join(file), contents).unwrap();
    }
}
