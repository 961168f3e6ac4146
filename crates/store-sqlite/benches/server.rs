//! Frames between two servers whose stores are SQLite files: `cargo bench -p sottovoce-store-sqlite --bench server`. What is committed is
//! flushed before it is answered. The directory is that of temporary files: `TMPDIR` chooses the disk.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a benchmark that cannot go on should stop"
)]

#[allow(dead_code, reason = "it has judged pairs too")]
#[path = "../../../benches/paired/mod.rs"]
mod paired;
#[path = "../../../benches/relay/mod.rs"]
mod relay;

use paired::Pairs;
use sottovoce_store_sqlite::SqliteStore;

fn main() {
    let mut pairs = Pairs::from_arguments();
    let directory = tempfile::tempdir().unwrap();
    let mut number = 0;
    let fresh = || {
        number += 1;
        SqliteStore::open(directory.path().join(format!("{number}.db"))).unwrap()
    };
    relay::run_all(|name| pairs.chosen(name), "SQLite", fresh);
    pairs.finish();
}
