//! Targets of the ratchet. A session is made once; inputs change what it is given.

use std::sync::OnceLock;

use sottovoce::crypto::mask;
use sottovoce::pairwise::hazmat::{first_chain, session_secret};
use sottovoce::pairwise::{FirstOpened, Frame, Role};
use sottovoce::ratchet::{MAX_CONTENT, Ratchet, SkippedBlock, hazmat, open_first};

use super::{Pieces, wire};

#[path = "../../tests/pair/mod.rs"]
mod pair;

use pair::{NOW, Pair, Side, generator, keys, transcript};

/// B's side at rest, and a message for each way by which messages open: current chain, next chain, late.
struct Scene {
    side: Side,
    messages: [Vec<u8>; 3],
    /// The first message of a session, and the responder's secret for it.
    first: Vec<u8>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let mut pair = Pair::after(7, 3);
        let late = pair.seal_a(b"late");
        let passing = pair.seal_a(b"passing");
        let current = pair.seal_a(b"current");
        drop(pair.b.open(&passing, NOW).expect("opens"));
        pair.b_says(b"answer");
        let next = pair.seal_a(b"next");
        Scene { side: pair.b, messages: [current, next, late], first: pair.first }
    })
}

pub(super) fn wire_ratchet(data: &[u8]) {
    wire::<Frame>(data);
    wire::<Ratchet>(data);
    wire::<SkippedBlock>(data);
}

/// Masking twice is no change, and masking once is one.
pub(super) fn mask_apply(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (key, nonce) = (pieces.secret::<32>(), pieces.take::<12>());
    let text = pieces.rest();
    let mut masked = text.clone();
    mask::apply(&key, &nonce, &mut masked);
    assert!(text.len() < 16 || masked != text);
    mask::apply(&key, &nonce, &mut masked);
    assert_eq!(masked, text);
}

/// A body has one encoding, and no other bytes are a body.
pub(super) fn padded_body(data: &[u8]) {
    for sender in [Role::Initiator, Role::Responder] {
        let Ok((fields, content)) = hazmat::decode_body(data, sender) else { continue };
        assert_eq!(hazmat::encode_body(&fields, &content, data.len()).expect("fits"), data);
    }
    let mut pieces = Pieces(data);
    let (key, random) = (pieces.secret::<32>(), pieces.secret::<32>());
    let padded = pieces.rest();
    let (salt, sealing) = hazmat::message_key(&key, &random, &padded);
    let (other, different) = hazmat::message_key(&key, &random, &[&padded, &[0][..]].concat());
    assert!(salt != other && sealing.expose() != different.expose());
}

/// Whatever arrives opens only if it is what was sent.
pub(super) fn ratchet_open(data: &[u8]) {
    let scene = scene();
    let opens = |bytes: &[u8]| scene.side.clone().open(bytes, NOW).is_ok();
    assert_eq!(opens(data), scene.messages.iter().any(|message| message == data));
    let mut pieces = Pieces(data);
    let [which, high, low, mask]: [u8; 4] = pieces.take();
    let mut bytes = scene.messages[usize::from(which % 3)].clone();
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    assert_eq!(opens(&bytes), mask == 0);
}

/// The same for the message beside an Initial.
pub(super) fn ratchet_first(data: &[u8]) {
    let scene = scene();
    let opens = |bytes: &[u8]| {
        let secret = || session_secret(Role::Responder, transcript(), keys());
        let read = open_first(first_chain(&secret()), bytes).map(FirstOpened::into_message).ok();
        let begun = Ratchet::respond(secret(), bytes, NOW).ok().map(|(_, opened)| opened.content);
        assert_eq!(read, begun);
        read.is_some()
    };
    assert_eq!(opens(data), data == scene.first);
    let mut bytes = scene.first.clone();
    let [high, low, mask]: [u8; 3] = Pieces(data).take();
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    assert_eq!(opens(&bytes), mask == 0);
}

/// What is sealed opens, whatever it is, and two seals of one state differ.
pub(super) fn ratchet_seal(data: &[u8]) {
    let mut pair = Pair::after(7, 1);
    let next = hazmat::next(&pair.a.ratchet()).expect("an open chain");
    let other = pair.a.clone().seal(data, NOW, &mut generator(1));
    let sealed = pair.a.seal(data, NOW, &mut generator(2));
    let (Ok(other), Ok(sealed)) = (other, sealed) else {
        assert!(data.len() > MAX_CONTENT);
        return;
    };
    assert_ne!(other.message, sealed.message);
    assert_eq!(hazmat::open_body(&next, &sealed.message, Role::Initiator).expect("opens").1, data);
    assert!(hazmat::open_body(&next, data, Role::Initiator).is_err());
    assert_eq!(pair.b.open(&sealed.message, NOW).expect("opens").content, data);
}
