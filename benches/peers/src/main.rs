//! Ours beside vodozemac's Olm, or beside the primitives that the protocol cannot do without, with targets.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [--strict] [--quick] [part of a name]
//! ```
//!
//! Both sides of a row take turns in one run, batch by batch; what is printed is the median of each side and the median of the
//! ratios of neighbouring batches. `--strict` fails if a target is missed, `--quick` makes few and short batches, good only for showing that everything
//! still runs.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the clock, and what it compares with is made with a hash map"
)]

mod fan_out;
mod first;
mod olm;
mod ours;
#[path = "../../../tests/phones/mod.rs"]
mod phones;
mod primitives;
#[path = "../../layers/handshake/scene.rs"]
mod scene;
mod sizes;
mod steady;
mod streams;
mod table;

use std::process::ExitCode;

/// Counts what each thread has allocated.
#[global_allocator]
static HEAP: sottovoce_heap::Heap = sottovoce_heap::Heap;

/// The seed of what need not differ from run to run.
const SEED: [u8; 32] = *b"thirty-two bytes of randomness..";
/// What is sent.
const TEXT: &[u8; 32] = b"a short text of thirty-two bytes";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filter = arguments.iter().find(|argument| !argument.starts_with("--")).cloned();
    let mut table = table::Table::new(has("--quick"), filter);
    let scene = scene::Scene::new();
    steady::run(&mut table, &scene);
    first::run(&mut table, &scene);
    sizes::run(&mut table, &scene);
    fan_out::run(&mut table);
    streams::run(&mut table);
    let missed = table.finish();
    if has("--strict") && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
