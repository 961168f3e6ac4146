//! The JSON vectors of `test-vectors/`: the library gives exactly what they say, and they are exactly what `make` writes.
//! With `SOTTOVOCE_WRITE=1` the files are written instead of compared.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on should stop"
)]
#![allow(clippy::too_many_lines, reason = "lists of cases")]

mod attachments;
mod edit;
mod fixtures;
#[path = "../forge/mod.rs"]
#[allow(dead_code, reason = "another test uses all of it")]
mod forge;
mod inputs;
mod make;
mod make_account;
mod make_address;
mod make_certificate;
mod make_chain;
mod make_client_wire;
mod make_content;
mod make_content_wire;
mod make_follow;
mod make_handshake;
mod make_identity_wire;
mod make_people;
mod make_prekeys;
mod make_ratchet;
mod make_ratchet_kept;
mod make_ratchet_lane;
mod make_ratchet_open;
mod make_ratchet_seal;
mod make_ratchet_wire;
mod make_ratchet_wire_lane;
mod make_sealed;
mod make_server;
mod make_server_kept;
mod make_server_wire;
mod make_service;
mod make_session;
mod make_session_lineage;
mod make_session_wire;
mod make_signed;

mod make_storage;
mod make_stream;
mod make_wire;
mod ops;
mod ops_content;
mod ops_handshake;
mod ops_identity;
mod ops_ratchet;
mod ops_server;
mod ops_session;
mod ops_storage;
mod ratchet_forge;
mod ratchet_talk;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors")
}

#[test]
fn vectors_are_current() {
    for (file, contents) in make::files() {
        let text = serde_json::to_string_pretty(&contents).unwrap() + "\n";
        let path = directory().join(file);
        if is_writing() {
            std::fs::write(&path, &text).unwrap();
        }
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(current == text, "{file} is out of date: SOTTOVOCE_WRITE=1 cargo test --test vectors");
    }
}

fn is_writing() -> bool {
    std::env::var_os("SOTTOVOCE_WRITE").is_some()
}

#[test]
fn vectors_hold() {
    if is_writing() {
        return;
    }
    let (mut cases, mut negatives) = (0, 0);
    for file in files() {
        let contents: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut names = BTreeSet::new();
        for case in contents["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            assert!(names.insert(name), "{}: {name} occurs twice", file.display());
            assert_eq!(outcome(case), expected(case), "{}: {name}", file.display());
            cases += 1;
            negatives += usize::from(case.get("error").is_some());
        }
    }
    println!("vectors: {cases} cases, {negatives} negative");
    assert!(negatives * 100 >= cases * 40, "{negatives} of {cases} are negative, less than 40 %");
}

fn files() -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory()).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn expected(case: &Value) -> Value {
    case.get("error").map_or_else(|| json!({ "out": case["out"] }), |class| json!({ "error": class }))
}

fn outcome(case: &Value) -> Value {
    match ops::run(case["op"].as_str().unwrap(), &inputs::Inputs(&case["in"])) {
        Ok(out) => json!({ "out": out }),
        Err(class) => json!({ "error": class }),
    }
}
