//! Made from `proto/` by `cargo run -p sottovoce-codegen`; `tests/generated.rs` checks that they are current.

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    unreachable_pub,
    dead_code,
    reason = "written by prost-build"
)]
#[rustfmt::skip]
pub(crate) mod messages;
#[allow(unreachable_pub, clippy::unreadable_literal, reason = "written by crates/codegen")]
#[rustfmt::skip]
mod schemas;
