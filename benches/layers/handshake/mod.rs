//! Beginning a handshake and opening one. The other side does the same Diffie-Hellmans, encapsulations, hashes, extractions, expansions and
//! the same sealing with the bare crates, on keys that lie ready, without encoding, decoding or comparing anything.

mod primitives;
mod scene;

use std::hint::black_box;

use sottovoce::crypto::random::Seed;
use sottovoce::handshake::{Initial, Recipient, Sender, initiate};
use sottovoce::pairwise::hazmat::{first_keys, unread};
use sottovoce::wire::Wire as _;

use primitives::{Initiator, Responder};
use scene::{NOW, Scene};

use crate::bare::SEED;
use crate::paired::Pairs;

/// How many prekeys lie ready: each run consumes its own.
const READY: usize = 1500;

pub fn run(pairs: &mut Pairs) {
    let scene = Scene::new();
    for (name, with_pair) in [("with a one-time pair", true), ("without a one-time pair", false)] {
        initiating(pairs, &scene, name, with_pair);
        opening(pairs, &scene, name, with_pair);
    }
    screening(pairs, &scene);
}

fn initiating(pairs: &mut Pairs, scene: &Scene, name: &str, with_pair: bool) {
    let mut ready: Vec<_> = (0..READY).map(|_| scene.prekeys(with_pair)).collect();
    let sender = Sender::new(&scene.alice, &scene.alice_secret).unwrap();
    let bare = Initiator::new(scene, with_pair);
    pairs.peers(
        &format!("initiate, {name}"),
        || {
            let prekeys = ready.pop().unwrap();
            let recipient = Recipient::new(&scene.bob, prekeys, &scene.addresses[0], None).unwrap();
            initiate(&sender, recipient, Seed::from_bytes(*black_box(&SEED)).unwrap()).unwrap()
        },
        || black_box(&bare).compute(),
        |begun, keys| begun.session.into_keys().root.expose() == &keys[..32],
    );
}

fn opening(pairs: &mut Pairs, scene: &Scene, name: &str, with_pair: bool) {
    let initial = scene.initial(with_pair);
    let mut ready: Vec<_> = (0..READY).map(|_| scene.pair_secret()).collect();
    let bare = Responder::new(scene, with_pair);
    pairs.peers(
        &format!("decode, screen and open, {name}, {} bytes", initial.len()),
        || {
            let initial = Initial::decode(black_box(&initial)).unwrap();
            let screened = initial.screen(&scene.own(), None).unwrap();
            let pair = with_pair.then(|| ready.pop().unwrap());
            screened.open(Some(&scene.bundle), pair, NOW).unwrap()
        },
        || black_box(&bare).compute(),
        |tentative, keys| {
            let mut chain = [0; 32];
            let _ = tentative.first_message(|first| {
                chain = *first_keys(&first)[0].expose();
                Ok::<_, ()>(unread(first))
            });
            chain == keys[32..64]
        },
    );
}

/// What somebody pays who sends Initials for nobody: the other side is the hash of the bytes.
fn screening(pairs: &mut Pairs, scene: &Scene) {
    let other = Initial { device: scene.alice_secret.id(), ..Initial::decode(&scene.initial(true)).unwrap() };
    let bytes = other.encode().unwrap();
    pairs.peers(
        "decode and refuse an Initial for another device (bare: SHA-256 of its bytes)",
        || Initial::decode(black_box(&bytes)).unwrap().screen(&scene.own(), None).is_err(),
        || crate::bare::sha256(&[black_box(&bytes)]),
        |refused, _| refused,
    );
}
