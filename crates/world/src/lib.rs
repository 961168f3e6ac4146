//! Worlds in which the library has to keep its promises: simulated disks, and real ones with processes that are killed; networks that lose,
//! delay and repeat.

#![deny(unreachable_pub)]

pub mod crash;
pub mod devices;
pub mod dice;
pub mod disk;
pub mod ratchet;
pub mod servers;
pub mod sessions;
pub mod store;

/// Why a world came to an end before its time.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
