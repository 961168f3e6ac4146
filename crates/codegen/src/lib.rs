//! Makes the contents of `src/wire/generated` from `proto/`.
//!
//! `cargo run -p sottovoce-codegen` writes them; `tests/generated.rs` of the library checks that they are current. It is a crate of its own
//! because it must run while the library does not compile. It panics on a `.proto` file outside the subset of
//! `docs/PROTOCOL.md` §3.1.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value,
};

const PACKAGE: &str = "sottovoce.v1";
const MAX_DEPTH: usize = 8;

/// The generated files: paths below `src/wire/generated`, and contents.
pub fn generate(proto: &Path) -> Vec<(PathBuf, String)> {
    let mut files: Vec<_> = std::fs::read_dir(proto).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut compiler = protox::Compiler::new([proto]).unwrap();
    compiler.include_imports(true).open_files(&files).unwrap();
    let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap();
    refuse_files(&pool);
    let messages: Vec<_> = pool.all_messages().filter(|message| message.package_name() == PACKAGE).collect();
    vec![("messages.rs".into(), structs(&compiler, &messages)), ("schemas.rs".into(), schemas(&messages))]
}

/// Refuses what PROTOCOL.md §3.1 has no place for, above the level of fields.
fn refuse_files(pool: &DescriptorPool) {
    for file in pool.files().filter(|file| file.package_name() != "google.protobuf") {
        let name = file.name().to_owned();
        assert!(file.package_name() == PACKAGE, "{name} is not in package {PACKAGE}");
        assert!(file.syntax() == prost_reflect::Syntax::Proto3, "{name} is not proto3");
        assert!(name == "options.proto" || file.extensions().len() == 0, "{name} defines extensions");
        assert!(file.services().len() == 0, "{name} defines services");
        for message in file.messages() {
            let nested = message.child_messages().len()
                + message.child_enums().len()
                + message.child_extensions().len();
            assert!(nested == 0, "{} defines types inside it", message.full_name());
        }
        for values in file.enums() {
            let mut numbers: Vec<_> = values.values().map(|value| value.number()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert!(numbers.len() == values.values().len(), "{} has aliases", values.full_name());
        }
    }
}

/// Refuses options that mean nothing where they stand, or contradict each other.
fn refuse_options(field: &FieldDescriptor) {
    let name = field.full_name();
    let has_length = matches!(field.kind(), Kind::Bytes | Kind::String);
    let in_oneof = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
    let repeated = field.cardinality() == Cardinality::Repeated;
    let set = |option_name: &str| option(field, option_name).is_some();
    assert!(!field.is_group(), "{name} is a group");
    assert!(has_length || !(set("len") || set("min_len") || set("max_len")), "{name} has no length");
    assert!(!set("len") || !(set("min_len") || set("max_len")), "{name} has two lengths");
    assert!(
        option(field, "min_len") <= option(field, "max_len").or(Some(u32::MAX)),
        "{name}: min_len over max_len"
    );
    assert!(repeated || !set("max_count"), "{name} is not repeated");
    assert!(!is_set(field, "may_be_absent") || !(repeated || in_oneof), "{name} cannot be marked as absent");
    assert!(!is_set(field, "secret") || field.kind() == Kind::Bytes, "{name}: a secret is of type bytes");
}

/// prost's structs. Those with a secret erase it on drop and do not print it.
fn structs(compiler: &protox::Compiler, messages: &[MessageDescriptor]) -> String {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let out = std::env::temp_dir().join(format!("sottovoce-generated-{}-{call}", std::process::id()));
    std::fs::create_dir_all(&out).unwrap();
    let secret: Vec<_> = messages.iter().filter(|message| has_secret(message)).map(path_of).collect();
    let mut config = prost_build::Config::new();
    config.out_dir(&out).skip_debug(&secret);
    // All can be erased, since all can stand inside one with a secret; that one erases itself.
    config.type_attribute(".", "#[derive(::zeroize::Zeroize)]");
    for path in &secret {
        config.message_attribute(path, "#[derive(::zeroize::ZeroizeOnDrop)]");
    }
    config.compile_fds(compiler.file_descriptor_set()).unwrap();
    let code = std::fs::read_to_string(out.join(format!("{PACKAGE}.rs"))).unwrap();
    std::fs::remove_dir_all(&out).unwrap();
    code
}

fn path_of(message: &MessageDescriptor) -> String {
    format!(".{}", message.full_name())
}

fn has_secret(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| is_set(&field, "secret"))
}

/// Whether a field of the message, at any depth, is a secret.
fn holds_secret(message: &MessageDescriptor) -> bool {
    let nested =
        message.fields().any(|field| matches!(field.kind(), Kind::Message(inner) if holds_secret(&inner)));
    nested || has_secret(message)
}

/// The tables for the strict check, and `Debug` for messages with secrets.
fn schemas(messages: &[MessageDescriptor]) -> String {
    let mut code = "// This file is @generated by crates/codegen.\n\n\
                    use super::messages;\n\
                    use crate::wire::schema::{Described, Field, Kind, Presence, Schema};\n"
        .to_owned();
    for message in messages {
        assert!(depth(message, &mut Vec::new()) <= MAX_DEPTH, "{} nests too deep", message.full_name());
        write_schema(&mut code, message).unwrap();
        if has_secret(message) {
            write_debug(&mut code, message).unwrap();
        }
    }
    code
}

/// The nesting depth of a message type. Stops at a recursive type.
fn depth(message: &MessageDescriptor, above: &mut Vec<String>) -> usize {
    let name = message.full_name().to_owned();
    assert!(!above.contains(&name), "{name} is recursive");
    above.push(name);
    let below = message.fields().filter_map(|field| match field.kind() {
        Kind::Message(nested) => Some(depth(&nested, above)),
        _ => None,
    });
    let below = below.max().unwrap_or(0);
    above.pop();
    below + 1
}

fn write_schema(code: &mut String, message: &MessageDescriptor) -> std::fmt::Result {
    let name = message.name();
    let max_bytes = number(&message.options().get_extension(&extension(message, "max_bytes")));
    let max_bytes = max_bytes.unwrap_or_else(|| panic!("{name} has no max_bytes"));
    writeln!(code, "\nimpl Described for messages::{name} {{")?;
    writeln!(code, "    const SCHEMA: &'static Schema = &{};\n}}", constant(message))?;
    writeln!(code, "\nstatic {}: Schema = Schema {{", constant(message))?;
    let secret = holds_secret(message);
    writeln!(
        code,
        "    name: \"{name}\",\n    max_bytes: {max_bytes},\n    secret: {secret},\n    fields: &["
    )?;
    for field in message.fields() {
        assert!(field.number() < 64, "{}: numbers are below 64", field.full_name());
        refuse_options(&field);
        let (kind, presence) = (kind_of(&field), presence_of(&field));
        writeln!(
            code,
            "        Field {{ number: {}, kind: {kind}, presence: {presence} }},",
            field.number()
        )?;
    }
    writeln!(code, "    ],\n}};")
}

fn write_debug(code: &mut String, message: &MessageDescriptor) -> std::fmt::Result {
    let name = message.name();
    writeln!(code, "\nimpl core::fmt::Debug for messages::{name} {{")?;
    writeln!(code, "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {{")?;
    writeln!(code, "        f.write_str(\"{name}(..)\")\n    }}\n}}")
}

fn kind_of(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Uint32 => "Kind::Uint32".to_owned(),
        Kind::Uint64 => "Kind::Uint64".to_owned(),
        Kind::Bool => "Kind::Bool".to_owned(),
        Kind::Enum(values) => format!("Kind::Enum(&[{}])", known_values(&values)),
        Kind::Bytes => format!("Kind::Bytes {{ {} }}", lengths(field)),
        Kind::String => format!("Kind::Text {{ {} }}", lengths(field)),
        Kind::Message(nested) => format!("Kind::Message(&{})", constant(&nested)),
        other => panic!("{}: {other:?} is outside the subset of PROTOCOL.md §3.1", field.full_name()),
    }
}

fn known_values(values: &EnumDescriptor) -> String {
    let known = values.values().map(|value| value.number()).filter(|number| *number != 0);
    known.map(|number| u32::try_from(number).unwrap().to_string()).collect::<Vec<_>>().join(", ")
}

fn lengths(field: &FieldDescriptor) -> String {
    let exact = option(field, "len");
    let min = exact.or(option(field, "min_len")).unwrap_or(0);
    let max = exact.or(option(field, "max_len"));
    let max = max.unwrap_or_else(|| panic!("{} has no length", field.full_name()));
    format!("min: {min}, max: {max}")
}

fn presence_of(field: &FieldDescriptor) -> String {
    let name = field.full_name();
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    if field.cardinality() == Cardinality::Repeated {
        assert!(
            matches!(field.kind(), Kind::Bytes | Kind::String | Kind::Message(_)),
            "{name} would be packed"
        );
        let max = option(field, "max_count").unwrap_or_else(|| panic!("{name} has no max_count"));
        format!("Presence::Repeated {{ max: {max} }}")
    } else if let Some(oneof) = oneof {
        assert!(matches!(field.kind(), Kind::Message(_)), "{name}: a oneof holds messages");
        let group = oneof.fields().fold(0_u64, |group, member| group | 1 << member.number());
        // Encoders write a oneof at its lowest number, so another field in between would break the order.
        let contiguous = (group >> group.trailing_zeros()) + 1;
        assert!(contiguous.is_power_of_two(), "{name}: the numbers of a oneof follow each other");
        format!("Presence::OneOf({group:#x})")
    } else {
        assert!(field.supports_presence(), "{name} is not declared optional");
        if is_set(field, "may_be_absent") { "Presence::MayBeAbsent" } else { "Presence::Required" }.to_owned()
    }
}

fn constant(message: &MessageDescriptor) -> String {
    let mut name = String::new();
    for letter in message.name().chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn extension(message: &MessageDescriptor, name: &str) -> prost_reflect::ExtensionDescriptor {
    message
        .parent_pool()
        .get_extension_by_name(&format!("{PACKAGE}.{name}"))
        .expect("options.proto defines it")
}

fn option(field: &FieldDescriptor, name: &str) -> Option<u32> {
    number(&field.options().get_extension(&extension(field.parent_message(), name)))
}

fn is_set(field: &FieldDescriptor, name: &str) -> bool {
    *field.options().get_extension(&extension(field.parent_message(), name)) == Value::Bool(true)
}

/// The value of a numeric option; an option that is not set reads as 0, which none of them means.
fn number(value: &Value) -> Option<u32> {
    value.as_u32().filter(|number| *number != 0)
}
