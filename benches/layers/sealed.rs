//! Blobs and attachments.

use std::hint::black_box;

use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use sottovoce::content::stream::{OpenStream, SealStream};
use sottovoce::crypto::attachment::{self, AttachmentPointer, CHUNK_LENGTH, Opener, Sealer};
use sottovoce::crypto::blob;
use sottovoce::crypto::label;
use subtle::ConstantTimeEq as _;

use crate::bare::{self, SEED};
use crate::paired::Pairs;

const NONCE: [u8; 12] = [0; 12];

pub fn run(pairs: &mut Pairs) {
    for (length, name) in [(1_024, "1 KiB"), (65_536, "64 KiB")] {
        blob(pairs, length, name);
    }
    seal_attachment(pairs);
    open_attachment(pairs);
    streams(pairs);
}

fn blob(pairs: &mut Pairs, length: usize, name: &str) {
    let body = bare::message(length);
    let (sealed, pointer) = blob::seal(&body, &mut bare::our_generator()).unwrap();
    pairs.pair(
        &format!("blob seal {name} (bare: 32 B draw + 2 hkdf expands + aead + sha256)"),
        {
            let (body, mut rng) = (&body, bare::our_generator());
            move || blob::seal(black_box(body), &mut rng).unwrap()
        },
        {
            let (body, mut rng) = (&body, bare::generator(&SEED));
            move || {
                let key = bare::draw(&mut rng);
                let [commitment, content] = bare::committed(&key, 1);
                let cipher = ChaCha20Poly1305::new((&content).into());
                let sealed =
                    bare::seal_behind(&commitment, &cipher, (&NONCE).into(), &commitment, black_box(body));
                let hash = bare::sha256(&[&sealed]);
                (sealed, key, hash)
            }
        },
        |ours, bare| ours.0 == bare.0 && *ours.1.key.expose() == bare.1 && *ours.1.hash.as_bytes() == bare.2,
    );
    pairs.pair(
        &format!("blob open {name} (bare: sha256 + 2 hkdf expands + aead)"),
        || blob::open(black_box(&pointer), black_box(&sealed)).unwrap(),
        || {
            let sealed = black_box(&sealed);
            assert_eq!(&bare::sha256(&[sealed]), pointer.hash.as_bytes());
            let [commitment, content] = bare::committed(black_box(pointer.key.expose()), 1);
            assert!(bool::from(commitment.ct_eq(&sealed[..32])));
            bare::open(&content, &NONCE, &commitment, &sealed[32..])
        },
        |ours, bare| ours == bare,
    );
}

/// The nonce of a chunk.
fn nonce(index: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&index.to_be_bytes());
    nonce[8] = u8::from(last);
    nonce
}

fn start(commitment: &[u8]) -> [u8; 32] {
    bare::sha256(&[label::hash::ATTACHMENT.as_bytes(), commitment])
}

fn step(digest: &[u8; 32], chunk: &[u8]) -> [u8; 32] {
    bare::sha256(&[label::hash::CHUNK.as_bytes(), digest, chunk])
}

fn seal_attachment(pairs: &mut Pairs) {
    let chunk = bare::message(CHUNK_LENGTH);
    let new = |rng: &mut _| Sealer::new(attachment::MAX_SIZE, rng).unwrap();
    pairs.pair(
        "attachment Sealer::new (bare: 32 B draw + 2 hkdf expands + sha256)",
        {
            let mut rng = bare::our_generator();
            move || new(&mut rng)
        },
        {
            let mut rng = bare::generator(&SEED);
            move || {
                let [commitment, content] = bare::committed(&bare::draw(&mut rng), 2);
                (commitment, content, start(&commitment))
            }
        },
        |ours, bare| *ours.commitment() == bare.0,
    );
    pairs.pair(
        "attachment seal_chunk 64 KiB (bare: aead + sha256)",
        {
            let (mut sealer, chunk) = (new(&mut bare::our_generator()), &chunk);
            move || sealer.seal_chunk(black_box(chunk)).unwrap()
        },
        {
            let [commitment, content] = bare::committed(&bare::draw(&mut bare::generator(&SEED)), 2);
            let (mut digest, mut index, chunk) = (start(&commitment), 0, &chunk);
            move || {
                let sealed = bare::seal(&content, &nonce(index, false), &commitment, black_box(chunk));
                digest = step(&digest, &sealed);
                index += 1;
                sealed
            }
        },
        |ours, bare| ours == bare,
    );
}

/// An attachment of one chunk, whose opener is made anew for each run, since it opens no chunk twice.
fn open_attachment(pairs: &mut Pairs) {
    let chunk = bare::message(CHUNK_LENGTH);
    let mut sealer = Sealer::new(65_536, &mut bare::our_generator()).unwrap();
    let commitment = *sealer.commitment();
    let sealed = sealer.seal_chunk(&chunk).unwrap();
    let pointer: AttachmentPointer = sealer.finish().unwrap();
    let new = || Opener::new(black_box(&pointer), black_box(&commitment)).unwrap();
    let bare_new = || {
        let [expected, content] = bare::committed(black_box(pointer.key().expose()), 2);
        assert!(bool::from(expected.ct_eq(black_box(&commitment))));
        (content, start(&commitment))
    };
    pairs.pair("attachment Opener::new (bare: 2 hkdf expands + sha256)", new, bare_new, |ours, bare| {
        *ours.position().digest.as_bytes() == bare.1
    });
    pairs.pair(
        "attachment Opener::new + open_chunk 64 KiB (bare: the same + aead + sha256)",
        || {
            let mut opener = new();
            (opener.open_chunk(black_box(&sealed)).unwrap(), opener.position().digest)
        },
        || {
            let (content, digest) = bare_new();
            let plaintext = bare::open(&content, &nonce(0, true), &commitment, black_box(&sealed));
            (plaintext, step(&digest, &sealed))
        },
        |ours, bare| ours.0 == bare.0 && *ours.1.as_bytes() == bare.1,
    );
}

/// A mebibyte that comes in pieces of another size than chunks, against the AEAD alone on whole chunks.
fn streams(pairs: &mut Pairs) {
    const SIZE: usize = 1 << 20;
    let file = bare::message(SIZE);
    let seal = || {
        let mut out = Vec::with_capacity(SIZE + 1_024);
        let mut stream = SealStream::new(1 << 20, &mut bare::our_generator()).unwrap();
        file.chunks(40_000).for_each(|piece| stream.push(black_box(piece), &mut out).unwrap());
        while stream.pad(&mut out).unwrap() {}
        (out, stream.finish().unwrap())
    };
    let (sealed, pointer) = seal();
    let [commitment, content] = bare::committed(&bare::draw(&mut bare::generator(&SEED)), 2);
    let chunks = || {
        let parts = file.chunks(CHUNK_LENGTH).zip(0..);
        let parts = parts.map(|(chunk, index)| {
            bare::seal(&content, &nonce(index, index == 15), &commitment, black_box(chunk))
        });
        parts.collect::<Vec<_>>().concat()
    };
    pairs.peers("SealStream 1 MiB, AEAD alone", seal, chunks, |ours, bare| ours.0[32..] == bare);
    let open = || {
        let mut out = Vec::with_capacity(SIZE);
        let mut stream = OpenStream::new(&pointer, 1 << 20).unwrap();
        sealed.chunks(40_000).for_each(|piece| stream.push(black_box(piece), &mut out).unwrap());
        stream.finish().unwrap();
        out
    };
    let opened = || {
        let parts = sealed[32..].chunks(CHUNK_LENGTH + 16).zip(0..);
        let parts = parts.map(|(chunk, index)| {
            bare::open(&content, &nonce(index, index == 15), &commitment, black_box(chunk))
        });
        parts.collect::<Vec<_>>().concat()
    };
    pairs.peers("OpenStream 1 MiB, AEAD alone", open, opened, |ours, bare| ours == bare);
}
