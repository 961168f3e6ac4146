//! The fuzz targets, on stable: they are complete, and they hold for their corpora and for every byte string in the vectors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "test support"
)]

#[path = "../fuzz/src/targets.rs"]
#[allow(dead_code, missing_docs, missing_debug_implementations, reason = "belongs to another crate")]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn corpora_replay() {
    let mut runs = 0;
    for target in targets::TARGETS {
        (target.run)(&[]);
        let corpus = root().join("fuzz/corpus").join(target.name);
        for file in std::fs::read_dir(&corpus).into_iter().flatten() {
            (target.run)(&std::fs::read(file.unwrap().path()).unwrap());
            runs += 1;
        }
    }
    println!("corpora: {runs} inputs");
    assert!(runs > 500, "the corpora are there");
}

/// Attack W-15 too: bytes made for one purpose go to the functions for all others. A third of all pairs in each run; `SOTTOVOCE_SEED` says which.
#[test]
fn w_15_every_vector_into_every_target() {
    let mut inputs = BTreeSet::new();
    for file in std::fs::read_dir(root().join("test-vectors")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            collect(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(), &mut inputs);
        }
    }
    assert!(inputs.len() > 400);
    let drawn = || rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).expect("the system's randomness");
    let seed = std::env::var("SOTTOVOCE_SEED").map_or_else(|_| drawn(), |text| text.parse().unwrap());
    let turn = usize::try_from(seed % 3).unwrap();
    println!("SOTTOVOCE_SEED={seed}: {} inputs, {} targets", inputs.len(), targets::TARGETS.len());
    for (number, target) in targets::TARGETS.iter().enumerate() {
        for input in inputs.iter().skip((turn + number) % 3).step_by(3) {
            (target.run)(input);
        }
    }
}

fn collect(value: &serde_json::Value, inputs: &mut BTreeSet<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => {
            inputs.insert(text.as_bytes().to_vec());
            inputs.extend(hex::decode(text));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, inputs)),
        serde_json::Value::Object(values) => values.values().for_each(|value| collect(value, inputs)),
        _ => {}
    }
}

#[test]
fn l_01_every_public_function_that_takes_bytes_has_a_fuzz_target() {
    let mut functions = Functions::default();
    for path in sources(&root().join("src")) {
        let module = path.file_stem().unwrap().to_str().unwrap();
        if !path.to_str().unwrap().contains("generated") {
            module.clone_into(&mut functions.module);
            functions.visit_file(&syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    let covered: BTreeSet<_> =
        targets::TARGETS.iter().flat_map(|target| target.covers).map(|path| (*path).to_owned()).collect();
    assert!(functions.found.len() > 30, "the search finds functions");
    let missing: Vec<_> = functions.found.difference(&covered).collect();
    let gone: Vec<_> = covered.difference(&functions.found).collect();
    assert!(missing.is_empty(), "without a fuzz target: {missing:?}");
    assert!(gone.is_empty(), "targets for functions that do not exist: {gone:?}");
}

#[test]
fn every_target_is_a_binary() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for target in targets::TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{}\"\n", target.name)),
            "{} is not in fuzz/Cargo.toml",
            target.name
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), targets::TARGETS.len());
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(sources(&path)) } else { files.push(path) }
    }
    files
}

/// Collects public functions with a parameter of bytes or text, and those called `verify`, as `module::Type::function`, and for
/// each message on the wire its decoder.
#[derive(Default)]
struct Functions {
    module: String,
    within: Option<String>,
    found: BTreeSet<String>,
}

impl Functions {
    fn consider(&mut self, signature: &syn::Signature) {
        let takes_bytes = signature.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(parameter) => is_bytes(&parameter.ty),
            syn::FnArg::Receiver(_) => false,
        });
        if takes_bytes || signature.ident == "verify" {
            let within = self.within.as_ref().map_or_else(String::new, |within| format!("{within}::"));
            self.found.insert(format!("{}::{within}{}", self.module, signature.ident));
        }
    }
}

fn is_bytes(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Reference(reference) => is_bytes(&reference.elem),
        syn::Type::Slice(slice) => is_byte(&slice.elem) || is_bytes(&slice.elem),
        syn::Type::Array(array) => is_byte(&array.elem),
        syn::Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            last.ident == "str"
                || last.ident == "String"
                || (last.ident == "Vec" && quoted(&last.arguments).contains("U8"))
        }
        _ => false,
    }
}

fn is_byte(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("u8"))
}

fn quoted(arguments: &syn::PathArguments) -> String {
    match arguments {
        syn::PathArguments::AngleBracketed(inner) => inner
            .args
            .iter()
            .map(|argument| match argument {
                syn::GenericArgument::Type(ty) if is_byte(ty) => "U8",
                _ => "?",
            })
            .collect(),
        _ => String::new(),
    }
}

fn last_two(path: &syn::Path) -> String {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names[names.len().saturating_sub(2)..].join("::")
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if matches!(function.vis, syn::Visibility::Public(_)) {
            self.consider(&function.sig);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let is_wire = item.ident == "Wire";
        if matches!(item.vis, syn::Visibility::Public(_)) && !is_wire {
            self.within = Some(item.ident.to_string());
            visit::visit_item_trait(self, item);
            self.within = None;
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.consider(&function.sig);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let syn::Type::Path(ty) = &*item.self_ty else { return };
        let implemented = item.trait_.as_ref().map(|(_, path, _)| last_two(path));
        if implemented.as_deref() == Some("Message") {
            self.found.insert(format!("wire::Wire::decode<{}>", last_two(&ty.path)));
        }
        self.within = ty.path.segments.last().map(|segment| segment.ident.to_string());
        for part in &item.items {
            let syn::ImplItem::Fn(function) = part else { continue };
            let public = matches!(function.vis, syn::Visibility::Public(_));
            if public || implemented.as_deref() == Some("FromStr") {
                self.consider(&function.sig);
            }
        }
        self.within = None;
    }
}
