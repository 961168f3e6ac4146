//! What is outside the subset of `docs/PROTOCOL.md` §3.1 is refused when code is generated, so that no message can be described whose
//! rules the strict check does not know.

use std::path::Path;

const HEAD: &str = "syntax = \"proto3\"; package sottovoce.v1; import \"options.proto\";";

/// Whether a file with this content is taken.
fn accepts(name: &str, content: &str) -> bool {
    let options = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/options.proto");
    let directory = std::env::temp_dir().join(format!("sottovoce-refusals-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::copy(options, directory.join("options.proto")).unwrap();
    std::fs::write(directory.join("case.proto"), content).unwrap();
    let generated = std::panic::catch_unwind(|| sottovoce_codegen::generate(&directory));
    std::fs::remove_dir_all(&directory).unwrap();
    generated.is_ok()
}

fn message(body: &str) -> String {
    format!("{HEAD} message M {{ option (max_bytes) = 9; {body} }} message N {{ option (max_bytes) = 9; }}")
}

#[test]
fn the_subset_is_accepted() {
    for (name, body) in [
        ("plain", "optional uint32 a = 1; optional bytes b = 2 [(len) = 3, (secret) = true];"),
        (
            "repeated",
            "repeated string a = 1 [(max_len) = 3, (min_len) = 3, (max_count) = 2]; optional N n = 63;",
        ),
        ("oneof", "oneof x { N a = 62; N b = 63; } optional bool c = 1 [(may_be_absent) = true];"),
    ] {
        assert!(accepts(name, &message(body)), "{name}");
    }
}

#[test]
fn fields_outside_the_subset_are_refused() {
    for (name, body) in [
        ("implicit", "uint32 a = 1;"),
        ("float", "optional float a = 1;"),
        ("signed", "optional sint32 a = 1;"),
        ("int32", "optional int32 a = 1;"),
        ("fixed", "optional fixed64 a = 1;"),
        ("map", "map<uint32, uint32> a = 1;"),
        ("packed", "repeated uint32 a = 1 [(max_count) = 2];"),
        ("unlimited-bytes", "optional bytes a = 1;"),
        ("unlimited-text", "optional string a = 1 [(min_len) = 1];"),
        ("uncounted", "repeated bytes a = 1 [(max_len) = 2];"),
        ("number-64", "optional uint32 a = 64;"),
        ("oneof-scalar", "oneof x { uint32 a = 1; N b = 2; }"),
        ("oneof-apart", "oneof x { N a = 1; N b = 3; } optional uint32 c = 2;"),
        ("recursive", "optional M m = 1 [(may_be_absent) = true];"),
        ("nested", "message I { option (max_bytes) = 1; } optional I i = 1;"),
        ("nested-enum", "enum E { Z = 0; } optional E e = 1;"),
        ("two-lengths", "optional bytes a = 1 [(len) = 2, (max_len) = 3];"),
        ("min-over-max", "optional bytes a = 1 [(min_len) = 4, (max_len) = 3];"),
        ("len-on-number", "optional uint32 a = 1 [(len) = 4];"),
        ("count-on-singular", "optional bytes a = 1 [(len) = 4, (max_count) = 2];"),
        ("absent-repeated", "repeated bytes a = 1 [(max_len) = 4, (max_count) = 2, (may_be_absent) = true];"),
        ("absent-oneof", "oneof x { N a = 1 [(may_be_absent) = true]; N b = 2; }"),
        ("secret-number", "optional uint32 a = 1 [(secret) = true];"),
    ] {
        assert!(!accepts(name, &message(body)), "{name} was accepted");
    }
}

#[test]
fn files_outside_the_subset_are_refused() {
    let proto2 = "syntax = \"proto2\"; package sottovoce.v1; import \"options.proto\";";
    let with = "option (max_bytes) = 1;";
    for (name, content) in [
        ("proto2", format!("{proto2} message M {{ {with} }}")),
        ("package", "syntax = \"proto3\"; package other; message M {}".to_owned()),
        ("limitless", format!("{HEAD} message M {{ optional uint32 a = 1; }}")),
        ("aliases", format!("{HEAD} enum E {{ option allow_alias = true; Z = 0; A = 1; B = 1; }}")),
        ("service", format!("{HEAD} message M {{ {with} }} service S {{ rpc R(M) returns (M); }}")),
    ] {
        assert!(!accepts(name, &content), "{name} was accepted");
    }
}
