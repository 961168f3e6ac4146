//! Seals a file as an attachment, signs it with both algorithms, plays the recipient, and shows what a forger meets:
//! `cargo run --release --example seal [FILE]`, by default this project's README.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "an application may read the clock")]

use std::error::Error;
use std::time::Instant;

use rand_core::CryptoRng;
use sottovoce::crypto::attachment::{AttachmentPointer, Opener, Sealer};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::{hybrid, label, self_test};
use sottovoce::wire::Wire as _;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    self_test()?;
    println!("self-test          every primitive gives its known answer on this machine");
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/README.md").to_owned());
    let file = std::fs::read(&path)?;

    // The application's part: 32 bytes from the operating system, fresh for every call.
    let mut rng = Seed::draw(&mut rand::rngs::SysRng)?.into_generator();

    let start = Instant::now();
    let (commitment, chunks, pointer) = seal(&file, &mut rng)?;
    let sealed: usize = chunks.iter().map(Vec::len).sum::<usize>().saturating_add(commitment.len());
    println!(
        "seal               {} bytes in {} chunks become {sealed} in {:?}",
        file.len(),
        chunks.len(),
        start.elapsed()
    );

    let key = hybrid::SecretKey::generate(&mut rng)?;
    let start = Instant::now();
    let pointer = pointer.encode()?;
    let signature = key.sign(label::sign::MANIFEST, &pointer).encode()?;
    println!("sign               Ed25519 and ML-DSA-65, {} bytes in {:?}", signature.len(), start.elapsed());
    let public = key.public_key().encode()?;

    let start = Instant::now();
    let sender = hybrid::PublicKey::decode(&public)?;
    sender.verify(label::sign::MANIFEST, &pointer, &hybrid::Signature::decode(&signature)?)?;
    println!("verify             both halves hold, {:?}", start.elapsed());

    let start = Instant::now();
    let opened = open(&AttachmentPointer::decode(&pointer)?, &commitment, &chunks)?;
    println!("open               in {:?}", start.elapsed());
    println!("sent     SHA-256   {:?}\nreceived SHA-256   {:?}", Hash::of(&file), Hash::of(&opened));
    if opened != file {
        return Err("the file that came out is not the one that went in".into());
    }
    refuse_forgeries(&pointer, &commitment, &chunks)
}

fn seal(file: &[u8], rng: &mut impl CryptoRng) -> Fallible<([u8; 32], Vec<Vec<u8>>, AttachmentPointer)> {
    let mut sealer = Sealer::new(u64::try_from(file.len())?, rng)?;
    let (mut rest, mut chunks) = (file, Vec::new());
    while let Some(length) = sealer.next_length() {
        let (chunk, after) = rest.split_at_checked(length).ok_or("the file became shorter")?;
        chunks.push(sealer.seal_chunk(chunk)?);
        rest = after;
    }
    Ok((*sealer.commitment(), chunks, sealer.finish()?))
}

fn open(pointer: &AttachmentPointer, commitment: &[u8; 32], chunks: &[Vec<u8>]) -> Fallible<Vec<u8>> {
    let mut opener = Opener::new(pointer, commitment)?;
    let mut file = Vec::new();
    for chunk in chunks {
        file.extend(opener.open_chunk(chunk)?);
    }
    opener.finish()?;
    Ok(file)
}

/// Three forgeries; each must be refused, and says by which rule it was.
fn refuse_forgeries(pointer: &[u8], commitment: &[u8; 32], chunks: &[Vec<u8>]) -> Fallible<()> {
    let parsed = AttachmentPointer::decode(pointer)?;
    let mut changed = chunks.to_vec();
    changed.iter_mut().flatten().take(1).for_each(|byte| *byte ^= 1);
    let cut = chunks.split_last().map(|(_, others)| others).unwrap_or_default();
    let longer = [pointer, &[0]].concat();
    for (what, outcome) in [
        ("a changed bit", open(&parsed, commitment, &changed).map(drop)),
        ("a missing chunk", open(&parsed, commitment, cut).map(drop)),
        ("a byte after the pointer", AttachmentPointer::decode(&longer).map(drop).map_err(Into::into)),
    ] {
        let refusal = outcome.err().ok_or_else(|| format!("{what} was accepted"))?;
        println!("refused            {what}: {refusal}");
    }
    Ok(())
}
