//! Attachments in pieces: B-07, and what they take of memory.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "one of them measures time")]

use std::time::Instant;

use sottovoce::content::stream::{OpenStream, SealStream};
use sottovoce::content::{ContentError, padded};
use sottovoce::crypto::CryptoError;
use sottovoce::crypto::attachment::{AttachmentPointer, Sealer};
use sottovoce::error::Blame as _;
use sottovoce_heap::measure;

use crate::support::{below, generator, rng};

const CHUNK: usize = 65_536 + 16;

fn sealed(file: &[u8]) -> (Vec<u8>, AttachmentPointer) {
    let size = u64::try_from(file.len()).unwrap();
    let (mut stream, mut out) = (SealStream::new(size, &mut generator(1)).unwrap(), Vec::new());
    stream.push(file, &mut out).unwrap();
    while stream.pad(&mut out).unwrap() {}
    (out, stream.finish().unwrap())
}

/// What was released before the refusal, and why it came.
fn open(sealed: &[u8], pointer: &AttachmentPointer, size: u64) -> (Vec<u8>, Result<(), ContentError>) {
    let (mut stream, mut out) = (OpenStream::new(pointer, size).unwrap(), Vec::new());
    let result = stream.push(sealed, &mut out).and_then(|()| stream.finish());
    (out, result)
}

#[test]
fn b_07_chunks_that_are_missing_moved_or_added_are_refused() {
    let file: Vec<u8> = (0..200_000_u32).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    let size = 200_000;
    let (bytes, pointer) = sealed(&file);
    let (opened, result) = open(&bytes, &pointer, size);
    assert!(result.is_ok() && opened == file);
    let (head, chunks) = bytes.split_at(32);
    let chunks: Vec<_> = chunks.chunks(CHUNK).collect();
    assert_eq!(chunks.len(), 4);
    let joined = |order: &[usize]| {
        [head.to_vec(), order.iter().flat_map(|at| chunks[*at].to_vec()).collect()].concat()
    };
    for (order, class, released) in [
        (vec![0, 1, 2], "truncated", 3),
        (vec![], "truncated", 0),
        (vec![1, 0, 2, 3], "unauthentic", 0),
        (vec![0, 2, 1, 3], "unauthentic", 1),
        (vec![0, 0, 1, 2, 3], "unauthentic", 1),
        (vec![0, 1, 2, 3, 3], "invalid-length", 4),
    ] {
        let (opened, result) = open(&joined(&order), &pointer, size);
        assert_eq!(result.unwrap_err().class(), class, "{order:?}");
        assert_eq!(opened.len(), (released * 65_536).min(200_000), "{order:?}");
        assert!(file.starts_with(&opened), "nothing else was released");
    }
    for end in [0, 31, 32, 33, bytes.len() - 1] {
        assert_eq!(open(&bytes[..end], &pointer, size).1.unwrap_err().class(), "truncated");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(open(&longer, &pointer, size).1.unwrap_err().class(), "invalid-length");
}

/// The size of the file is bound by the padding, and the padding is zero.
#[test]
fn b_07_padding_hides_nothing() {
    assert_eq!(OpenStream::new(&sealed(b"x").1, 1_025).unwrap_err(), ContentError::BadPadding);
    let mut sealer = Sealer::new(1_024, &mut generator(1)).unwrap();
    let mut plaintext = vec![0; 1_024];
    plaintext[1_000] = 1;
    let chunk = sealer.seal_chunk(&plaintext).unwrap();
    let bytes = [sealer.commitment().to_vec(), chunk].concat();
    let pointer = sealer.finish().unwrap();
    let (opened, result) = open(&bytes, &pointer, 1_000);
    assert_eq!((opened, result), (vec![0; 1_000], Err(ContentError::BadPadding)));
    assert!(open(&bytes, &pointer, 1_001).1.is_ok(), "one byte more is of the file");
    let mut stream = OpenStream::new(&pointer, 1_000).unwrap();
    stream.push(&bytes, &mut Vec::new()).unwrap();
    assert_eq!(stream.position(), None, "resuming does not forget it");
}

#[test]
fn p_08_padded_sizes_are_few_and_close() {
    let (mut size, mut sizes) = (1_u64, std::collections::BTreeSet::new());
    while size <= 1 << 40 {
        let next = padded(size);
        assert!(next >= size && (size < 1_024 || next - size <= size / 16), "{size}");
        assert_eq!(padded(next), next);
        sizes.insert(next);
        size = next + 1;
    }
    println!("{} padded sizes up to 2^40", sizes.len());
    assert!(sizes.len() < 1_200);
    assert!(padded(u64::MAX) >= 1 << 63);
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let mut rng = rng("pieces");
    for size in [0_usize, 1, 1_024, 65_535, 65_536, 65_537, 131_072, 300_000] {
        let file: Vec<u8> = (0..size).map(|at| at.to_le_bytes()[0]).collect();
        let whole = sealed(&file);
        let (mut sealing, mut bytes) =
            (SealStream::new(u64::try_from(size).unwrap(), &mut generator(1)).unwrap(), Vec::new());
        let mut rest = file.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + below(&mut rng, 100_000)).min(rest.len()));
            sealing.push(piece, &mut bytes).unwrap();
            rest = after;
        }
        assert!(sealing.push(&[0], &mut bytes).is_err(), "longer than was said");
        while sealing.pad(&mut bytes).unwrap() {}
        assert!(bytes == whole.0, "{size}");
        // Opened in pieces, and taken up again at every chunk by a stream that knows nothing but the position.
        let (mut opening, mut opened) =
            (OpenStream::new(&whole.1, u64::try_from(size).unwrap()).unwrap(), Vec::new());
        let mut at = 0;
        while at < bytes.len() {
            let end = (at + 1 + below(&mut rng, 100_000)).min(bytes.len());
            opening.push(&bytes[at..end], &mut opened).unwrap();
            at = end;
            if let Some(position) = opening.position().filter(|_| below(&mut rng, 2) == 0) {
                opening = OpenStream::resume(&whole.1, u64::try_from(size).unwrap(), position).unwrap();
                at = usize::try_from(position.sealed()).unwrap().min(bytes.len());
            }
        }
        opening.finish().unwrap();
        assert!(opened == file, "{size}");
    }
    let mut short = SealStream::new(5, &mut generator(1)).unwrap();
    short.push(b"four", &mut Vec::new()).unwrap();
    assert_eq!(short.pad(&mut Vec::new()), Err(CryptoError::UnexpectedChunk.into()));
    assert!(short.finish().is_err());
    assert!(SealStream::new((1 << 40) + 1, &mut generator(1)).is_err());
}

/// Seals a file that is nowhere, opens what comes out as it comes, and says how much memory that took.
fn through(size: u64, piece: usize) -> (u64, usize) {
    let mut sealing = SealStream::new(size, &mut generator(1)).unwrap();
    let piece = vec![0x5a; piece];
    let (mut seen, mut left, mut kept) = (0, size, Vec::with_capacity(4 * CHUNK));
    // The pointer comes last, so an opener cannot begin before: sealed twice, with the same randomness.
    let mut once = |sealing: &mut SealStream, out: &mut dyn FnMut(&[u8])| {
        let mut left = size;
        while left > 0 {
            let next = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            sealing.push(&piece[..next], &mut kept).unwrap();
            left -= u64::try_from(next).unwrap();
            out(&kept);
            kept.clear();
        }
        let mut has_more = true;
        while has_more {
            has_more = sealing.pad(&mut kept).unwrap();
            out(&kept);
            kept.clear();
        }
    };
    let ((), heap) = measure(|| {
        once(&mut sealing, &mut |_| {});
        let pointer = sealing.finish().unwrap();
        let mut again = SealStream::new(size, &mut generator(1)).unwrap();
        let mut opening = OpenStream::new(&pointer, size).unwrap();
        let mut opened = Vec::with_capacity(4 * CHUNK);
        once(&mut again, &mut |sealed| {
            opening.push(sealed, &mut opened).unwrap();
            assert!(opened.iter().all(|byte| *byte == 0x5a));
            seen += u64::try_from(opened.len()).unwrap();
            left -= u64::try_from(opened.len()).unwrap();
            opened.clear();
        });
        opening.finish().unwrap();
    });
    assert_eq!(left, 0);
    (seen, heap.peak)
}

#[test]
fn l_13_streams_take_constant_memory() {
    let (_, small) = through(2 << 20, 100_000);
    let (_, large) = through(40 << 20, 100_000);
    println!("heap at most: {small} bytes for 2 MiB, {large} for 40 MiB");
    assert_eq!(small, large);
    assert!(large < 1 << 20);
}

/// 4 GiB and a byte through both streams; takes a minute.
#[test]
#[ignore = "long"]
fn b_07_four_gibibytes_and_a_byte() {
    let (seen, peak) = through((1 << 32) + 1, 1 << 20);
    println!("{seen} bytes, heap at most {peak}");
    assert_eq!(seen, (1 << 32) + 1);
    assert!(peak < 4 << 20);
}

/// A gibibyte, against the bare AEAD on the same chunks in the same run; takes a while.
#[test]
#[ignore = "long"]
fn throughput_of_a_gibibyte() {
    use sottovoce::crypto::hazmat::chacha20poly1305_seal;
    for size in [1_u64 << 20, 1 << 30] {
        let rounds = ((1 << 28) / size).max(1);
        let piece = vec![7; 1 << 20];
        let mut out = Vec::with_capacity(4 << 20);
        let (mut ours, mut bare) = (0.0, 0.0);
        for _ in 0..rounds {
            let start = Instant::now();
            let mut sealing = SealStream::new(size, &mut generator(1)).unwrap();
            for _ in 0..size >> 20 {
                sealing.push(&piece, &mut out).unwrap();
                out.clear();
            }
            while sealing.pad(&mut out).unwrap() {}
            drop(sealing.finish().unwrap());
            out.clear();
            ours += start.elapsed().as_secs_f64();
            let start = Instant::now();
            for _ in 0..padded(size).div_ceil(65_536) {
                drop(std::hint::black_box(chacha20poly1305_seal(
                    &[1; 32],
                    &[2; 12],
                    &[3; 32],
                    &piece[..65_536],
                )));
            }
            bare += start.elapsed().as_secs_f64();
        }
        let megabytes = f64::from(u32::try_from((size * rounds) >> 20).unwrap());
        println!(
            "{size} bytes: ours {:.0} MiB/s, AEAD alone {:.0} MiB/s, ratio {:.2}",
            megabytes / ours,
            megabytes / bare,
            ours / bare
        );
    }
}
