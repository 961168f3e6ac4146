//! Sottovoce
#![forbid(unsafe_code)]

pub mod crypto;
pub mod error;
pub mod time;
