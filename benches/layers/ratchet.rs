//! Messages of a session. The other side does the same hashes, MACs, expansions and the same sealing with the bare crates, on keys that
//! lie ready, with a body and a header that were made before, and keeps no state.

use std::hint::black_box;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::label::{expand, hash};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::x25519;
use sottovoce::pairwise::hazmat::session_secret;
use sottovoce::pairwise::{Direction, Role, SessionKeys};
use sottovoce::ratchet::{Given, Opened, Ratchet, hazmat};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::bare::{self, SEED, generator, our_generator, sha256};
use crate::paired::Pairs;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const TRANSCRIPT: [u8; 32] = [6; 32];
const CONTENT: &[u8; 32] = b"a short text of thirty-two bytes";
/// Messages that lie ready for opening, and sessions for one that passes others.
const READY: usize = 2_000;
/// How many it passes.
const PASSED: usize = 1_000;

pub fn run(pairs: &mut Pairs) {
    let scene = Scene::new();
    sealing(pairs, &scene);
    opening(pairs, &scene);
    passing(pairs, &scene);
    forged(pairs, &scene);
    root_step(pairs);
}

/// Alice at her first message, Bob after it, what she sends, and her first chain.
struct Scene {
    alice: Vec<u8>,
    bob: Vec<u8>,
    messages: Vec<Vec<u8>>,
    chain: Bare,
}

fn keys() -> SessionKeys {
    let [root, chain, header, next_header_of_responder, next_header_of_initiator, link] =
        [1, 2, 3, 4, 5, 6].map(|byte| Secret::new([byte; 32]));
    SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link }
}

impl Scene {
    fn new() -> Self {
        let secret = |role| session_secret(role, Hash::from_bytes(TRANSCRIPT), keys());
        let mut rng = our_generator();
        let mut ratchet = Ratchet::begin(secret(Role::Initiator), NOW, &mut rng).unwrap();
        let alice = ratchet.encode().unwrap();
        let messages: Vec<_> = (0..READY).map(|_| seal(&mut ratchet)).collect();
        let (bob, _) = Ratchet::respond(secret(Role::Responder), &messages[0], NOW).unwrap();
        let chain = Bare::new(&messages[0]);
        Self { alice, bob: bob.encode().unwrap(), messages, chain }
    }
}

fn seal(ratchet: &mut Ratchet) -> Vec<u8> {
    ratchet.seal(black_box(CONTENT), None, NOW, &mut our_generator()).unwrap().message
}

fn open(ratchet: &mut Ratchet, message: &[u8]) -> Opened {
    let examined = ratchet.examine(black_box(message)).unwrap();
    ratchet.open(examined, Given::default(), NOW).unwrap()
}

/// Alice's first chain with the bare crates.
struct Bare {
    chain: [u8; 32],
    header_keys: [u8; 72],
    bound: [u8; 32],
    header: Vec<u8>,
    padded: Vec<u8>,
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().fold(mac, hmac::Mac::chain_update).finalize().into_bytes().into()
}

fn chain_step(key: &[u8; 32]) -> [[u8; 32]; 2] {
    [mac(key, &[&[1]]), mac(key, &[&[2]])]
}

fn sealing_key(mk: &[u8; 32], salt: &[u8]) -> [u8; 32] {
    bare::expand(mk, &[expand::MESSAGE.as_bytes(), salt].concat())
}

impl Bare {
    fn new(first: &[u8]) -> Self {
        let keys = keys();
        let ratchet_key = x25519::SecretKey::generate(&mut our_generator()).unwrap().public_key();
        let direction = Direction::FromInitiator.number();
        let mut bare = Self {
            chain: *keys.chain.expose(),
            header_keys: bare::expand(keys.header.expose(), expand::HEADER_KEYS.as_bytes()),
            bound: sha256(&[hash::ASSOCIATED_DATA.as_bytes(), &TRANSCRIPT, &[direction]]),
            header: hazmat::header(ratchet_key, [0; 3], None),
            padded: Vec::new(),
        };
        bare.padded = bare.open(first).unwrap();
        bare
    }

    fn mask(&self, salt: &[u8], header: &[u8]) -> Vec<u8> {
        let mut masked = header.to_vec();
        let (key, nonce): (&[u8; 32], &[u8; 12]) =
            (self.header_keys[8..40].try_into().unwrap(), salt[..12].try_into().unwrap());
        ChaCha20::new(key.into(), nonce.into()).apply_keystream(&mut masked);
        masked
    }

    fn seal(&self) -> Vec<u8> {
        let [mk, next] = chain_step(&self.chain);
        black_box(next);
        let random = bare::draw::<32>(&mut generator(&SEED));
        let salt = &mac(&mk, &[&[3], &random, &sha256(&[&self.padded])])[..16];
        let mut message = [&self.header_keys[..8], salt, &self.mask(salt, &self.header)].concat();
        let hm = mac(&self.header_keys[40..], &[&message[8..]]);
        message.extend_from_slice(&hm[..8]);
        let aad = [&self.bound[..], &message].concat();
        message.extend(bare::seal(&sealing_key(&mk, salt), &[0; 12], &aad, &self.padded));
        message
    }

    /// The body; `None` if hm is wrong.
    fn open(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (clear, sealed) = message.split_at(80);
        if mac(&self.header_keys[40..], &[&clear[8..72]])[..8] != clear[72..] {
            return None;
        }
        let salt = &clear[8..24];
        black_box(self.mask(salt, &clear[24..72]));
        let [mk, next] = chain_step(&self.chain);
        black_box(next);
        let aad = [&self.bound[..], clear].concat();
        Some(bare::open(&sealing_key(&mk, salt), &[0; 12], &aad, sealed))
    }
}

fn content(padded: Option<Vec<u8>>) -> Option<bool> {
    padded.map(|padded| padded.windows(CONTENT.len()).any(|window| window == CONTENT))
}

fn sealing(pairs: &mut Pairs, scene: &Scene) {
    let load = || Ratchet::decode(&scene.alice).unwrap();
    let (mut alice, mut sealed) = (load(), 0);
    pairs.peers(
        "seal 32 B in an open chain",
        || {
            sealed += 1;
            // A chain has an end.
            if sealed % 50_000 == 0 {
                alice = load();
            }
            seal(&mut alice)
        },
        || black_box(&scene.chain).seal(),
        |ours, bare| ours == bare,
    );
}

fn opening(pairs: &mut Pairs, scene: &Scene) {
    let load = || Ratchet::decode(&scene.bob).unwrap();
    let (mut bob, mut next) = (load(), 1);
    pairs.peers(
        "open 32 B, the next of its chain",
        || {
            if next == READY {
                (bob, next) = (load(), 1);
            }
            next += 1;
            open(&mut bob, &scene.messages[next - 1])
        },
        || black_box(&scene.chain).open(black_box(&scene.messages[0])),
        |ours, bare| ours.content == CONTENT && content(bare) == Some(true),
    );
}

fn passing(pairs: &mut Pairs, scene: &Scene) {
    let mut ready: Vec<_> = (0..READY).map(|_| Ratchet::decode(&scene.bob).unwrap()).collect();
    let message = &scene.messages[PASSED + 1];
    pairs.peers(
        "open 32 B that passes 1,000 messages",
        || open(&mut ready.pop().unwrap(), message),
        || {
            let mut key = scene.chain.chain;
            let passed = (0..PASSED).map(|_| {
                let [mk, next] = chain_step(black_box(&key));
                key = next;
                mk
            });
            (passed.collect::<Vec<_>>(), black_box(&scene.chain).open(&scene.messages[0]))
        },
        |ours, (passed, _)| usize::try_from(ours.gaps[0].count).unwrap() == passed.len(),
    );
}

fn forged(pairs: &mut Pairs, scene: &Scene) {
    let bob = Ratchet::decode(&scene.bob).unwrap();
    let mut forged = scene.messages[1].clone();
    forged[8..].fill(7);
    pairs.peers(
        "refuse a forged message under a known tag",
        || bob.examine(black_box(&forged)).is_err(),
        || black_box(&scene.chain).open(black_box(&forged)).is_none(),
        |ours, bare| ours && bare,
    );
}

fn root_step(pairs: &mut Pairs) {
    let [root, shared] = [7, 8].map(|byte| Secret::new([byte; 32]));
    let mut rng = our_generator();
    let [sender, receiver] = [(); 2].map(|()| x25519::SecretKey::generate(&mut rng).unwrap().public_key());
    let direction = Direction::FromResponder;
    let step = hazmat::RootStep { direction, epoch: 0, sender: &sender, receiver: &receiver };
    pairs.peers(
        "root step without Diffie-Hellman",
        || hazmat::root_step(black_box(&root), &shared, None, &step),
        || {
            let prk =
                Hkdf::<Sha256>::new(Some(black_box(root.expose())), &[*shared.expose(), [0; 32]].concat());
            let (sender, receiver) = (step.sender.as_bytes(), step.receiver.as_bytes());
            let info: [&[u8]; 5] =
                [expand::ROOT.as_bytes(), &[direction.number()], &[0; 4], sender, receiver];
            let mut out = [0; 128];
            prk.expand_multi_info(&info, &mut out).unwrap();
            out
        },
        |ours, bare| ours.iter().flat_map(Secret::expose).eq(&bare),
    );
}
