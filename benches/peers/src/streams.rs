//! Attachments in pieces, beside the AEAD alone over equal chunks, and beside that with the hash over what is sealed, to which the pointer commits.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sottovoce::content::stream::{OpenStream, SealStream};
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::attachment::{AttachmentPointer, CHUNK_LENGTH};
use sottovoce::crypto::hash::Hasher;
use sottovoce::crypto::hazmat::{chacha20poly1305_open, chacha20poly1305_seal};
use sottovoce::crypto::label::hash;
use sottovoce_heap::measure;

use crate::ours::Randomness;
use crate::table::{Row, Table, Target, time};

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [7; 12];
/// What a stream may cost beyond the AEAD and the hash.
const MOST: f64 = 1.15;

/// A file, and how an application reads it.
#[derive(Clone, Copy)]
struct File {
    name: &'static str,
    size: u64,
    piece: usize,
}

pub fn run(table: &mut Table) {
    if !table.wants("stream") {
        return;
    }
    let file = File { name: "1 MiB", size: 1 << 20, piece: 1 << 18 };
    stream(table, file);
    stream(table, File { name: "1 MiB in pieces of 40,000", piece: 40_000, ..file });
    if !table.is_quick() {
        stream(table, File { name: "1 GiB", size: 1 << 30, ..file });
    }
}

fn stream(table: &mut Table, file: File) {
    let plain = vec![7; CHUNK_LENGTH];
    let sealed = chacha20poly1305_seal(&KEY, &NONCE, &KEY, &plain).unwrap();
    let chunks = usize::try_from(file.size).unwrap() / CHUNK_LENGTH;
    let pointer = file.seal(|_| {});
    for (beside, is_hashed) in [("AEAD alone", false), ("AEAD and hash", true)] {
        let target = if is_hashed { Target::Ratio(MOST) } else { Target::None };
        let hashed = |sealed: &[u8]| {
            if is_hashed {
                black_box(Hasher::new(hash::CHUNK).array(&KEY).last(black_box(sealed)));
            }
        };
        let name = format!("seal stream, {}, beside {beside}", file.name);
        measured(
            table,
            &Row { name: &name, beside: "", count: 1, target },
            || {
                time(vec![()], |()| {
                    file.seal(|sealed| {
                        black_box(sealed);
                    })
                })
            },
            || {
                time(vec![(); chunks], |()| {
                    hashed(&chacha20poly1305_seal(&KEY, &NONCE, &KEY, black_box(&plain)).unwrap());
                })
            },
        );
        let name = format!("open stream, {}, beside {beside}", file.name);
        measured(
            table,
            &Row { name: &name, beside: "", count: 1, target },
            || file.open(&pointer),
            || {
                time(vec![(); chunks], |()| {
                    hashed(&sealed);
                    chacha20poly1305_open(&KEY, &NONCE, &KEY, black_box(&sealed)).unwrap()
                })
            },
        );
    }
    let sealing = measure(|| file.seal(|_| {})).1.peak;
    let both = measure(|| file.open(&pointer)).1.peak;
    let size = |bytes: usize| u32::try_from(bytes).unwrap();
    table.size("… heap of sealing at its highest", size(sealing), 0);
    table.size("… heap of sealing and opening at its highest", size(both), 0);
}

/// A gibibyte is measured a few times, a mebibyte as often as everything else.
fn measured(
    table: &mut Table,
    row: &Row<'_>,
    mut ours: impl FnMut() -> Duration,
    mut bare: impl FnMut() -> Duration,
) {
    if row.name.contains("GiB") {
        table.few_times(row, |_| ours(), |_| bare());
    } else {
        table.times(row, |_| ours(), |_| bare());
    }
}

impl File {
    /// Seals it under the same key each time, and hands over what is sealed, piece by piece.
    fn seal(self, mut each: impl FnMut(&[u8])) -> AttachmentPointer {
        let piece = vec![7; self.piece];
        let mut out = Vec::with_capacity(self.piece + 2 * CHUNK_LENGTH);
        let mut stream = SealStream::new(self.size, &mut Randomness::new().generator()).unwrap();
        let mut left = usize::try_from(self.size).unwrap();
        while left > 0 {
            let length = left.min(self.piece);
            stream.push(black_box(&piece[..length]), &mut out).unwrap();
            left -= length;
            each(&out);
            out.clear();
        }
        while stream.pad(&mut out).unwrap() {}
        each(&out);
        stream.finish().unwrap()
    }

    /// How long opening takes of what is sealed meanwhile.
    fn open(self, pointer: &AttachmentPointer) -> Duration {
        let mut stream = OpenStream::new(pointer, self.size).unwrap();
        let mut out = Vec::with_capacity(self.piece + 2 * CHUNK_LENGTH);
        let mut spent = Duration::ZERO;
        self.seal(|sealed| {
            let start = Instant::now();
            stream.push(black_box(sealed), &mut out).unwrap();
            black_box(&out);
            spent += start.elapsed();
            out.clear();
        });
        stream.finish().unwrap();
        spent
    }
}
