//! Experiments with Sottovoce: simulated disks, and real ones with processes that are killed.

pub mod dice;
pub mod disk;
