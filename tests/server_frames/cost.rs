//! Frames that are not to be listened to: they cost little, leave nothing, and are not answered.

use sottovoce::crypto::ed25519;
use sottovoce::identity::chain::Subject as _;
use sottovoce::server::Output;
use sottovoce::server::frame::{Part, SignedFrame};
use sottovoce::server::stream::{Position, StreamId, Window};
use sottovoce::server::{Code, Verdict};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::scene::{Cost, Scene, batch, frame, item, sign};
use crate::servers::generator;

/// Beside what is in proportion to the frame: the records that are loaded, and what a signature takes.
const FIXED: usize = 64 << 10;

/// What a frame of small elements may take.
const LARGEST: usize = 20 << 20;

fn print(name: &str, cost: &Cost) {
    println!(
        "{name:<44} {:>9} B in | {:>3} loaded | {:>2} written | {:>7} allocations | {:>5.2} x its bytes at most",
        cost.bytes,
        cost.wants,
        cost.rows,
        cost.heap.count,
        f64::from(u32::try_from(cost.heap.peak).unwrap()) / f64::from(u32::try_from(cost.bytes).unwrap())
    );
}

/// A signed frame around these bytes, with a signature by nobody.
fn around(frame: &[u8]) -> Vec<u8> {
    SignedFrame {
        frame: frame.to_vec(),
        online_key: sottovoce::identity::ids::OnlineKeyId::from_bytes([1; 16]),
        signature: ed25519::Signature::from_bytes(&[1; 64]).unwrap(),
    }
    .encode()
    .unwrap()
}

/// Hostile frames of about this many items, or of as many bytes as these would have.
fn hostile(scene: &Scene, count: u64) -> Vec<(&'static str, Vec<u8>)> {
    let (to, now) = (scene.id(), scene.home.now);
    let honest = |from, at| frame(from, to, at, vec![batch(from, to, 1, scene.items(count))]);
    let (known, stranger) = (&scene.known, &scene.stranger);
    let good = honest(known, now);
    let mut bad_signature = sign(known, &good);
    *bad_signature.last_mut().unwrap() ^= 1;
    let mut truncated = sign(known, &good);
    truncated.truncate(truncated.len() - 1);
    let for_another = frame(known, stranger.manifest.id(), now, good.parts.clone());
    let mut introduced = honest(stranger, now);
    introduced.manifest = Some(stranger.manifest.manifest());
    let mut false_introduction = sign(stranger, &introduced);
    *false_introduction.last_mut().unwrap() ^= 1;
    let size = usize::try_from(count).unwrap();
    let head = frame(known, to, now, Vec::new()).encode().unwrap();
    let empty_parts = [head, [12 << 3 | 2, 0].repeat(size * 1_000)].concat();
    vec![
        ("garbage", vec![0xa5; size * 4_000]),
        ("zeros", vec![0; size * 4_000]),
        ("truncated", truncated),
        ("bad signature", bad_signature),
        ("for another server", sign(known, &for_another)),
        ("its own", sign(known, &frame(known, known.manifest.id(), now, Vec::new()))),
        ("too old", sign(known, &honest(known, now.minus(Span::from_secs(3_600 + 601))))),
        ("from the future", sign(known, &honest(known, now.plus(Span::from_secs(3_601))))),
        ("of an unknown server", sign(stranger, &honest(stranger, now))),
        ("of an unknown server, falsely introduced", false_introduction),
        ("garbage in a signed frame", around(&vec![0xa5; size * 4_000])),
        ("empty parts in a signed frame", around(&empty_parts)),
    ]
}

fn is_silent(cost: &Cost) -> bool {
    !cost.outputs.iter().any(|output| matches!(output, Output::Reply(_) | Output::Post { .. }))
}

/// F-21, W-12: whatever the fault of a frame, nothing is written, nobody is answered, a handful of records is loaded, and memory is in
/// proportion to it.
#[test]
fn f_21_w_12_a_hostile_frame_costs_little() {
    let mut scene = Scene::new();
    for (name, bytes) in hostile(&scene, 1_000) {
        let cost = scene.cost(bytes);
        print(name, &cost);
        assert!(is_silent(&cost) && cost.outputs.is_empty(), "{name}: {:?}", cost.outputs);
        assert_eq!(cost.rows, 0, "{name}");
        // The sender's summary; and, if its key is not known, how it stands with its domain.
        assert!(cost.wants <= 8, "{name}: {} loaded", cost.wants);
        assert!(cost.heap.peak <= 8 * cost.bytes + FIXED, "{name}: {:?} for {} bytes", cost.heap, cost.bytes);
    }
}

/// W-13: twice the bytes are at most twice the work, counted in allocations and in what they allocate.
#[test]
fn w_13_hostile_frames_take_work_in_proportion() {
    let mut scene = Scene::new();
    let twice = hostile(&scene, 1_000);
    for ((name, once), (_, twice)) in hostile(&scene, 500).into_iter().zip(twice) {
        let (once, twice) = (scene.cost(once), scene.cost(twice));
        let is_in_proportion = |once: usize, twice: usize| twice * 10 <= once * 22 + 640;
        assert!(
            is_in_proportion(once.heap.count, twice.heap.count),
            "{name}: {:?} {:?}",
            once.heap,
            twice.heap
        );
        assert!(
            is_in_proportion(once.heap.total, twice.heap.total),
            "{name}: {:?} {:?}",
            once.heap,
            twice.heap
        );
    }
}

/// F-21: a frame under a key that the sender's manifest does not list may mean that there is a newer manifest. However many such frames
/// come, its domain is asked no more often than it would be anyway.
#[test]
fn f_21_unknown_keys_do_not_make_a_server_ask_around() {
    let mut scene = Scene::new();
    let (to, now) = (scene.id(), scene.home.now);
    let other = ed25519::SecretKey::generate(&mut generator(9)).unwrap();
    let mut key = scene.known.manifest.online_keys()[0];
    key.key = other.public_key();
    let mut fetches = 0;
    for number in 0..1_000_u64 {
        let at = now.plus(Span::from_millis(number));
        scene.home.now = at;
        let forged = frame(&scene.known, to, at, Vec::new()).sign(&key, &other).unwrap();
        for output in scene.tell(forged.encode().unwrap()) {
            assert!(matches!(output, Output::Fetch(_)), "{output:?}");
            fetches += 1;
        }
    }
    assert!(fetches <= 1, "{fetches}");
}

/// W-12: the smallest elements that an accepted frame can be made of.
#[test]
fn w_12_small_elements_of_accepted_frames() {
    let mut scene = Scene::new();
    let (to, now) = (scene.id(), scene.home.now);
    let known = &scene.known;
    let alternating =
        |index: u64| Verdict::of(if index.is_multiple_of(2) { Code::Accepted } else { Code::Gone });
    let position = |stream| {
        let window = Window { max_items: 1, max_bytes: 1, not_before: None };
        let hash = sottovoce::crypto::hash::Hash::from_bytes([0; 32]);
        let verdicts = (0..1_000).map(alternating).collect();
        let stream = StreamId::new(stream).unwrap();
        Part::Position(Position { stream, epoch: 1, next: 1_001, hash, last_first: 1, verdicts, window })
    };
    let device = scene.bob.device.id();
    let unknown = |number| {
        item(
            number,
            sottovoce::server::Token::from_bytes([9; 16]),
            device,
            sottovoce::identity::chain::Order { term: 0, version: 1 },
        )
    };
    let frames = vec![
        ("nothing", frame(known, to, now, Vec::new())),
        ("one position of 1,000 verdicts", frame(known, to, now, vec![position(1)])),
        ("positions of 1,000 verdicts", frame(known, to, now, (0..128).map(|n| position(n % 16)).collect())),
        ("1,000 empty items", frame(known, to, now, vec![batch(known, to, 1, vec![vec![]; 1_000])])),
        (
            "1,000 items of unknown tokens",
            frame(known, to, now, vec![batch(known, to, 1, (0..1_000).map(unknown).collect())]),
        ),
        ("1,000 items for bob", frame(known, to, now, vec![batch(known, to, 1, scene.items(1_000))])),
    ];
    for (name, frame) in frames {
        let bytes = sign(&scene.known, &frame);
        let cost = scene.cost(bytes);
        print(name, &cost);
        // A verdict takes 8 bytes on the wire and 250 here, and there are at most 128,000: still less than eight times the longest frame.
        let limit = if name.contains("1,000 items") { 8 * cost.bytes + FIXED } else { LARGEST };
        assert!(cost.heap.peak <= limit, "{name}: {:?} for {} bytes", cost.heap, cost.bytes);
    }
}
