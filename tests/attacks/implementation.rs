//! L-02, L-10, U-10, W-17 to W-19: loops, unsafe code, integers, compression.

use std::path::Path;

use sottovoce::crypto::attachment::{MAX_SIZE, Sealer};
use sottovoce::crypto::blob;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::address::Address;
use sottovoce::wire::Wire as _;
use sottovoce::wire::specimen::{Mark, Part};

use crate::support::generator;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The loops that callers write end: as many chunks as the size says, for sizes around every boundary.
#[test]
fn l_02_attachments_end() {
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000] {
        let mut sealer = Sealer::new(size, &mut generator(1)).unwrap();
        let mut steps = 0;
        while let Some(length) = sealer.next_length() {
            sealer.seal_chunk(&vec![0; length]).unwrap();
            steps += 1;
        }
        assert_eq!(steps, size.div_ceil(65_536).max(1));
        sealer.finish().unwrap();
    }
    assert_eq!(MAX_SIZE.div_ceil(65_536), 1 << 24);
}

/// Chunk numbers do not wrap at 2^16 bytes or 2^32 bytes: an opener placed far into an attachment expects the right chunk.
#[test]
fn b_07_positions_beyond_32_bits() {
    use sottovoce::crypto::attachment::{AttachmentPointer, Opener, Position};
    let commitment = *Sealer::new(0, &mut generator(9)).unwrap().commitment();
    let key = sottovoce::crypto::random::draw::<32>(&mut generator(9)).unwrap();
    let size = (1 << 32) + 1;
    let pointer = AttachmentPointer::new(key, Hash::of(b""), size).unwrap();
    let at = |chunks| {
        let position = Position { chunks, digest: Hash::of(b"") };
        Opener::resume(&pointer, &commitment, position).unwrap().next_length()
    };
    assert_eq!(at(0), Some(65_552));
    assert_eq!(at(65_535), Some(65_552));
    assert_eq!(at(65_536), Some(17), "one byte is left after 4 GiB");
    assert_eq!(at(65_537), None);
    assert_eq!(at(1 << 48), None);
    assert_eq!(at(u64::MAX), None);
}

/// A position beyond the end is no end: only after exactly all chunks is an attachment complete, on either side.
#[test]
fn b_07_only_the_last_chunk_completes() {
    use sottovoce::crypto::CryptoError;
    use sottovoce::crypto::attachment::{Opener, Position};
    let sealer = || Sealer::new(65_537, &mut generator(9)).unwrap();
    let mut sealing = sealer();
    sealing.seal_chunk(&vec![1; 65_536]).unwrap();
    sealing.seal_chunk(&[1]).unwrap();
    assert_eq!(sealing.seal_chunk(&[]), Err(CryptoError::UnexpectedChunk));
    let commitment = *sealing.commitment();
    let pointer = sealing.finish().unwrap();
    for chunks in [0, 1, 3, 4, 1 << 48, u64::MAX] {
        let position = Position { chunks, digest: *pointer.digest() };
        let opener = Opener::resume(&pointer, &commitment, position).unwrap();
        assert_eq!(opener.finish(), Err(CryptoError::Truncated), "{chunks} of 2 chunks");
    }
    assert!(matches!(sealer().finish(), Err(CryptoError::UnexpectedChunk)));
    assert_eq!(sealer().seal_chunk(&vec![1; 65_535]), Err(CryptoError::UnexpectedChunk));
}

#[test]
fn l_10_the_library_has_no_unsafe_code() {
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    assert!(manifest.contains("[lints]\nworkspace = true"));
}

/// Narrowing casts are denied, and release builds of this workspace check for overflow.
#[test]
fn u_10_w_17_integers_do_not_wrap_or_narrow() {
    let manifest = read("Cargo.toml");
    for line in ["as_conversions = \"deny\"", "arithmetic_side_effects = \"deny\"", "overflow-checks = true"]
    {
        assert!(manifest.contains(line), "{line}");
    }
    let wrap = std::hint::black_box(u8::MAX);
    assert!(std::panic::catch_unwind(|| wrap + 1).is_err(), "this build checks for overflow");
}

/// What the library links: nothing that compresses, so no bomb and no length that depends on content (W-18, W-19).
#[test]
fn w_18_nothing_decompresses() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--package", "sottovoce", "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("prost v"), "{tree}");
    for compressor in
        ["flate", "zlib", "miniz", "zstd", "brotli", "lz4", "snap", "deflate", "bzip", "lzma", "xz"]
    {
        let linked = tree.lines().find(|line| line.starts_with(compressor));
        assert!(linked.is_none(), "{linked:?}");
    }
    assert!(!tree.lines().any(|line| line.starts_with("getrandom")), "randomness is a parameter");
}

#[test]
fn w_19_lengths_depend_on_lengths_only() {
    let rest = RestKey::new(&Secret::new([1; 32]));
    for length in [0, 1, 100, 5000] {
        let contents =
            [vec![0; length], vec![0xff; length], (0..length).map(|i| i.to_le_bytes()[0]).collect()];
        for content in contents {
            let (blob, _) = blob::seal(&content, &mut generator(1)).unwrap();
            assert_eq!(blob.len(), length + blob::OVERHEAD);
            assert_eq!(rest.seal(&[], &content, &mut generator(2)).unwrap().len(), length + 40);
        }
    }
}

/// what a peer may learn is a function of whose fault it was, whatever the error.
#[test]
fn disclosure_says_nothing_but_whose_fault() {
    use sottovoce::crypto::CryptoError;
    use sottovoce::error::{Blame, Channel, Disclosure, Fault, disclosure};
    let peers = [
        CryptoError::InvalidKey,
        CryptoError::InvalidLength,
        CryptoError::InvalidSignature,
        CryptoError::Unauthentic,
        CryptoError::Truncated,
        CryptoError::UnknownSuite,
    ];
    for error in peers {
        assert_eq!(error.fault(), Fault::Peer);
        assert_eq!(disclosure(error.fault(), Channel::EndToEnd), Disclosure::Nothing);
        assert_eq!(disclosure(error.fault(), Channel::Request), Disclosure::Refused);
    }
    for error in [
        CryptoError::TooLong,
        CryptoError::UnexpectedChunk,
        CryptoError::WeakRandomness,
        CryptoError::BrokenBackend,
    ] {
        assert_eq!(error.fault(), Fault::Caller, "{error}");
    }
    let unknown = Mark::decode(&[0x78, 1]).unwrap_err();
    assert_eq!((unknown.fault(), unknown.message, unknown.field), (Fault::Peer, "SpecimenMark", 15));
    let missing = Part::decode(&[]).unwrap_err();
    assert_eq!((missing.fault(), missing.message, missing.field), (Fault::Peer, "SpecimenPart", 1));
    let too_many = Mark { words: vec!["word".to_owned(); 13] }.encode().unwrap_err();
    assert_eq!((too_many.fault(), too_many.class(), too_many.0.field), (Fault::Caller, "too-many", 1));
    assert_eq!("nobody".parse::<Address>().unwrap_err().fault(), Fault::Peer);
    for fault in [Fault::Caller, Fault::Store] {
        assert_eq!(disclosure(fault, Channel::EndToEnd), Disclosure::Nothing);
        assert_eq!(disclosure(fault, Channel::Request), Disclosure::Busy);
    }
}
