//! Fuzz targets. `tests/fuzz_targets.rs` of the library runs the same functions over the corpora on stable.

pub mod targets;
