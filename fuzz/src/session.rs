//! Targets of sessions between devices.

use sottovoce::crypto::blob;
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::ratchet::{Gap, Tag};
use sottovoce::session::fan_out::{FanOut, Recipients};
use sottovoce::session::{
    Ack, Body, Contact, ContactManifest, Contested, DeviceSessions, History, Introduction, Linking,
    MAX_CONTENT, Place, SentMessage, SessionError, SessionState, SessionTag, SharedBody,
};
use sottovoce::wire::Wire as _;

use super::{Pieces, rng, wire};

pub(super) fn wire_session(data: &[u8]) {
    wire::<Body>(data);
    wire::<Ack>(data);
    wire::<Linking>(data);
    wire::<Gap>(data);
    wire::<SharedBody>(data);
    wire::<Introduction>(data);
}

/// A gap that is kept comes within the state of a session.
pub(super) fn wire_session_kept(data: &[u8]) {
    wire::<Contact>(data);
    wire::<ContactManifest>(data);
    wire::<DeviceSessions>(data);
    wire::<Place>(data);
    wire::<Contested>(data);
    wire::<SessionState>(data);
    wire::<SessionTag>(data);
    wire::<SentMessage>(data);
    wire::<FanOut>(data);
    wire::<Recipients>(data);
}

/// The input is what was sealed, so that the padding is reached: a body is padded in one way, and opens for its sender only.
pub(super) fn shared_open(data: &[u8]) {
    let mut pieces = Pieces(data);
    let from = (AccountId::from_bytes(pieces.take()), DeviceId::from_bytes(pieces.take()));
    let (sealed, pointer) = blob::seal(data, &mut rng(7)).expect("seals");
    if let Ok(body) = SharedBody::open(&pointer, &sealed, from) {
        assert_eq!(body.seal(&mut rng(7)).expect("seals").0, sealed);
    }
    let content = pieces.rest();
    let content = Some(content[..content.len().min(MAX_CONTENT)].to_vec());
    let body = SharedBody { account: from.0, device: from.1, introduction: None, content };
    let (mut sealed, pointer) = body.seal(&mut rng(8)).expect("seals");
    let other = (from.0, DeviceId::from_bytes(from.1.as_bytes().map(|byte| !byte)));
    assert_eq!(SharedBody::open(&pointer, &sealed, other), Err(SessionError::ForeignSender));
    assert_eq!(SharedBody::open(&pointer, &sealed, from), Ok(body));
    let at = data.len() % sealed.len();
    sealed[at] ^= 1;
    assert!(SharedBody::open(&pointer, &sealed, from).is_err());
}

/// Two orders of two messages are two histories.
pub(super) fn history(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (first, second) = (pieces.some(), pieces.rest());
    let (one, other) =
        (History::default().with(first).with(&second), History::default().with(&second).with(first));
    assert_eq!(one == other, first == second);
    let ack = Ack { chain: Tag([1; 8]), next: 2, history: one };
    assert_eq!(Ack::decode(&ack.encode().expect("small")).expect("decodes"), ack);
    assert_ne!(one.with(data), History::default());
    assert_ne!(Hash::of(data).truncated::<8>().as_slice(), &ack.encode().expect("small")[14..]);
}
