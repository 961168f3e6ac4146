//! The layers of `docs/ARCHITECTURE.md`, enforced: a module imports from lower layers, never from a sibling or from above.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "test support")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Layer of each top-level module. Modules of one layer do not see each other.
const LAYERS: &[(&str, i8)] = &[
    ("error", -1),
    ("time", -1),
    ("crypto", 0),
    ("wire", 1),
    ("storage", 2),
    ("identity", 3),
    ("pairwise", 3),
    ("handshake", 4),
    ("ratchet", 4),
    ("session", 5),
    ("group", 5),
    ("server", 5),
    ("content", 6),
    ("client", 7),
];

/// Dependencies that one layer hides from all others.
const HIDDEN: &[(&str, &str)] = &[
    ("prost", "wire"),
    ("curve25519_dalek", "crypto"),
    ("ed25519_dalek", "crypto"),
    ("libcrux_ml_kem", "crypto"),
    ("libcrux_ml_dsa", "crypto"),
    ("bip39", "identity"),
    ("chacha20", "crypto"),
    ("chacha20poly1305", "crypto"),
    ("hkdf", "crypto"),
    ("hmac", "crypto"),
    ("sha2", "crypto"),
];

const MAX_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    fn collect(directory: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 20);
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The top-level module of a file, or `None` for `lib.rs`.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    (name != "lib").then(|| name.to_owned())
}

fn layer(module: &str) -> i8 {
    let known = LAYERS.iter().find(|(name, _)| *name == module);
    known
        .unwrap_or_else(|| {
            panic!("module {module} has no layer: add it to LAYERS and to docs/ARCHITECTURE.md")
        })
        .1
}

/// All paths in a file, in `use` declarations and elsewhere, as lists of names.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn of(text: &str) -> Vec<Vec<String>> {
        let mut paths = Self::default();
        paths.visit_file(&syn::parse_file(text).unwrap());
        paths.0
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.0.push(with(&name.ident)),
            syn::UseTree::Rename(rename) => self.0.push(with(&rename.ident)),
            syn::UseTree::Glob(_) => self.0.push(before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

/// The top-level module that a path inside the library leads to: by `crate::`, or by `super::` up to the root.
fn top_module(file: &Path, names: &[String]) -> Option<String> {
    if names.first()? == "crate" {
        return names.get(1).cloned();
    }
    let inside = file.strip_prefix(root().join("src")).unwrap().with_extension("");
    let is_module_file = inside.file_name().is_some_and(|name| name == "mod");
    let depth = inside.components().count() - usize::from(is_module_file);
    let up = names.iter().take_while(|name| *name == "super").count();
    // Modules inside a file, such as its tests, go up once more.
    assert!(up <= depth + 1, "{}: {names:?}", file.display());
    if up == 0 || up < depth {
        None
    } else {
        names.get(up).cloned().filter(|name| LAYERS.iter().any(|(known, _)| known == name))
    }
}

#[test]
fn paths_by_super_are_seen() {
    let file = root().join("src/crypto/blob.rs");
    let names = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(top_module(&file, &names("super::super::wire::Wire")), Some("wire".to_owned()));
    assert_eq!(top_module(&file, &names("crate::wire::Wire")), Some("wire".to_owned()));
    assert_eq!(top_module(&file, &names("super::hash::Hash")), None);
    assert_eq!(top_module(&root().join("src/crypto/mod.rs"), &names("super::wire")), Some("wire".to_owned()));
}

/// Attack W-17: a cast that narrows does so silently.
#[test]
fn there_are_no_casts() {
    #[derive(Default)]
    struct Casts(usize);
    impl<'ast> Visit<'ast> for Casts {
        fn visit_expr_cast(&mut self, cast: &'ast syn::ExprCast) {
            self.0 += 1;
            syn::visit::visit_expr_cast(self, cast);
        }
    }
    for (path, text) in sources().iter().filter(|(path, _)| !path.to_str().unwrap().contains("generated")) {
        let mut casts = Casts::default();
        casts.visit_file(&syn::parse_file(text).unwrap());
        assert_eq!(casts.0, 0, "{} casts with `as`", path.display());
    }
}

/// What is fuzzed and what is measured is what is tested: the same versions of every dependency.
#[test]
fn lock_files_agree() {
    let versions = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        let packages = text.split("[[package]]").skip(1).map(|package| {
            let value = |key: &str| {
                package.split(&format!("{key} = \"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
            };
            (value("name"), value("version"))
        });
        packages.collect::<BTreeSet<_>>()
    };
    let ours = versions("Cargo.lock");
    let names: BTreeSet<_> = ours.iter().map(|(name, _)| name).collect();
    for path in ["fuzz/Cargo.lock", "benches/peers/Cargo.lock"] {
        for package in versions(path).iter().filter(|(name, _)| names.contains(name)) {
            assert!(ours.contains(package), "{package:?} is only in {path}");
        }
    }
}

#[test]
fn modules_import_from_lower_layers_only() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        let Some(module) = module_of(&path) else { continue };
        for names in Paths::of(&text) {
            if names.first().is_some_and(|first| first == "crate") && names.len() > 1 && names[1] != module {
                let (from, to) = (layer(&module), layer(&names[1]));
                assert!(
                    to < from,
                    "{}: {module} (layer {from}) uses {} (layer {to})",
                    path.display(),
                    names[1]
                );
                edges.entry(module.clone()).or_default().insert(names[1].clone());
            }
        }
    }
    println!("{edges:?}");
    assert!(edges["wire"].contains("crypto") && edges["crypto"].contains("error"), "the test sees imports");
}

#[test]
fn dependencies_stay_in_their_layer() {
    let mut seen = BTreeSet::new();
    for (path, text) in sources() {
        let Some(module) = module_of(&path) else { continue };
        for names in Paths::of(&text) {
            let Some((name, owner)) = HIDDEN.iter().find(|(name, _)| names[0] == *name) else { continue };
            assert_eq!(module, *owner, "{}: only {owner} may use {name}", path.display());
            seen.insert(*name);
        }
    }
    assert_eq!(seen.len(), HIDDEN.len(), "each hidden dependency is used: {seen:?}");
}

/// `hazmat` is for vectors and benchmarks. The library goes through the safe types.
#[test]
fn the_library_does_not_use_hazmat() {
    for (path, text) in sources().iter().filter(|(path, _)| !path.ends_with("hazmat.rs")) {
        let used = Paths::of(text).iter().any(|names| names.iter().any(|name| name == "hazmat"));
        assert!(!used, "{} uses hazmat", path.display());
    }
}

#[test]
fn files_are_short() {
    for (path, text) in sources() {
        let generated = path.to_str().unwrap().contains("generated");
        assert!(
            generated || text.lines().count() <= MAX_LINES,
            "{} has over {MAX_LINES} lines",
            path.display()
        );
    }
}

/// Labels enter operations through the registry, so no other file spells their prefix.
#[test]
fn labels_are_in_the_registry_only() {
    for (path, text) in sources() {
        let registry = path.ends_with("label.rs");
        assert!(registry || !text.contains("sottovoce/1"), "{} spells a label", path.display());
    }
}

/// The tables of `docs/PROTOCOL.md` are the code's: every label, and every error class in Appendix A.
#[test]
fn the_protocol_lists_what_the_code_has() {
    let protocol = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    for label in sottovoce::crypto::label::ALL {
        let name = label.strip_prefix(sottovoce::crypto::label::PREFIX).unwrap();
        assert!(protocol.contains(&format!("| `{name}` |")), "label {name} is not in the table of §2.2");
    }
    let appendix = protocol.split("## Appendix A").nth(1).unwrap();
    for (path, text) in sources().iter().filter(|(_, text)| text.contains("fn class(")) {
        for class in text
            .split("=> \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|class| class.contains('-'))
        {
            assert!(
                appendix.contains(&format!("`{class}`")),
                "{}: {class} is not in Appendix A",
                path.display()
            );
        }
    }
}

/// Where tests with an attack's id stand.
fn sources_of_tests() -> String {
    let mut tests = String::new();
    for entry in [
        "tests/attacks",
        "tests/attacks/content",
        "tests/attacks/federation",
        "tests/attacks/identity",
        "tests/attacks/opening",
        "tests/attacks/ratchet",
        "tests/published",
        "tests/server_frames",
        "tests/server_link",
        "tests/server_mailbox",
        "tests/sessions",
        "tests/storage",
        "tests",
        "src/crypto",
        "crates/world/tests",
        "crates/store-sqlite/tests",
    ] {
        for file in std::fs::read_dir(root().join(entry)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "rs") {
                tests += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    tests
}

#[test]
fn every_attack_is_accounted_for() {
    let model = std::fs::read_to_string(root().join("docs/SECURITY-MODEL.md")).unwrap();
    let tests = sources_of_tests();
    let table = model.split("## Attacks").nth(1).expect("a section on attacks");
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && line.contains('-')).collect();
    for named in rows
        .iter()
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|name| ["_0", "_1", "_2"].iter().any(|digits| name.contains(digits)))
    {
        assert!(
            tests.contains(&format!("fn {named}")),
            "docs/SECURITY-MODEL.md names {named}, which is no test"
        );
    }
    for id in (1..=20)
        .map(|n| format!("W-{n:02}"))
        .chain((1..=22).map(|n| format!("C-{n:02}")))
        .chain((1..=11).map(|n| format!("U-{n:02}")))
        .chain((1..=9).chain(11..=14).map(|n| format!("D-{n:02}")))
        .chain((1..=21).filter(|n| *n != 17).map(|n| format!("H-{n:02}")))
        .chain((1..=24).map(|n| format!("R-{n:02}")))
        .chain((1..=22).map(|n| format!("F-{n:02}")))
        .chain((1..=9).map(|n| format!("S-{n:02}")))
        .chain(
            [
                "B-07", "B-08", "B-09", "B-10", "D-10", "D-12", "G-13", "L-04", "L-05", "L-07", "L-13",
                "P-01", "P-02", "P-03", "P-04", "P-06", "P-07", "P-08", "P-09", "P-10", "P-11", "P-12",
            ]
            .map(str::to_owned),
        )
    {
        assert!(
            rows.iter().any(|row| row.starts_with(&format!("| {id} "))),
            "{id} is not in docs/SECURITY-MODEL.md"
        );
    }
}
