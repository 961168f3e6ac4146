//! Attachments in pieces of any size, in constant memory. `docs/PROTOCOL.md` §2.10, §10.8.
//!
//! ```
//! use sottovoce::content::stream::{OpenStream, SealStream};
//! # use sottovoce::crypto::random::Seed;
//! # fn main() -> Result<(), sottovoce::content::ContentError> {
//! # let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..")?.into_generator();
//! let file = b"what the application reads, piece by piece";
//! let mut sealing = SealStream::new(42, &mut rng)?;
//! let mut sealed = Vec::new(); // an application uploads and empties it after each call
//! for piece in file.chunks(5) {
//!     sealing.push(piece, &mut sealed)?;
//! }
//! while sealing.pad(&mut sealed)? {}
//! let pointer = sealing.finish()?;
//!
//! let mut opening = OpenStream::new(&pointer, 42)?;
//! let mut opened = Vec::new();
//! for piece in sealed.chunks(7) {
//!     opening.push(piece, &mut opened)?;
//! }
//! opening.finish()?; // only now is it what every recipient gets
//! assert_eq!(opened, file);
//! # Ok(())
//! # }
//! ```

mod open;
mod seal;

pub use open::{OpenStream, StreamPosition};
pub use seal::SealStream;
