//! Misuse that does not compile. The expected messages are those of the compiler version in `Cargo.toml`;
//! `TRYBUILD=overwrite cargo test --test compile_fail` renews them.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
