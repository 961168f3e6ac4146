//! What layers 0 and 1 cost beyond the crates they wrap, layers 2 to 4 beyond the cryptography that they cannot do without:
//! `cargo bench --bench layers [-- part of a name]`.
//!
//! Each row runs our function and, in turn with it, the bare crate as an expert would call it for the same cryptographic work.
//! Our side should add at most 5 % or 50 ns. This is measured and printed but never tested, since a loaded machine would fail it;
//! `cargo test --benches` runs each pair once and compares what the two sides compute.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "layers/bare.rs"]
mod bare;
#[path = "layers/handshake/mod.rs"]
mod handshake;
#[path = "layers/identity/mod.rs"]
mod identity;
#[path = "layers/keys.rs"]
mod keys;
mod paired;
#[path = "layers/peers.rs"]
mod peers;
#[path = "layers/proto.rs"]
mod proto;
#[path = "layers/ratchet.rs"]
mod ratchet;
mod relay;
#[path = "layers/sealed.rs"]
mod sealed;
#[path = "layers/server.rs"]
mod server;
#[path = "layers/signatures.rs"]
mod signatures;
#[path = "layers/storage.rs"]
mod storage;
#[path = "layers/symmetric.rs"]
mod symmetric;
#[path = "layers/wire.rs"]
mod wire;

fn main() {
    let mut pairs = paired::Pairs::from_arguments();
    pairs.head("ours ns", "bare ns", true);
    keys::run(&mut pairs);
    signatures::run(&mut pairs);
    symmetric::run(&mut pairs);
    sealed::run(&mut pairs);
    wire::run(&mut pairs);
    pairs.head("ours ns", "primitives", false);
    identity::run(&mut pairs);
    handshake::run(&mut pairs);
    ratchet::run(&mut pairs);
    pairs.head("ours ns", "beside", false);
    storage::run(&mut pairs);
    server::run(&mut pairs);
    pairs.head("libcrux", "RustCrypto", false);
    peers::run(&mut pairs);
    pairs.finish();
}
