//! What a handshake with its first message must compute, by PROTOCOL.md §5 and §6 and with the functions of our crypto layer, on keys
//! that lie ready. The inputs have the right lengths; what is in them does not matter for the time.
//!
//! | | initiator | responder |
//! |---|---|---|
//! | X25519 key pairs | EK, first ratchet key | |
//! | X25519 | es, eo, ei, se, ss | the same |
//! | ML-KEM-768 key pairs | the lane's first key | |
//! | ML-KEM-768 | 2 encapsulations | 2 decapsulations |
//! | SHA-256 | th0, th1, H(idb), th2, H(ML-KEM key of A), 2 AD | the same, and H(`Initial`) |
//! | extractions | p1, p2 | the same |
//! | expansions | hidden, chain, keys; 2 of header keys; 2 generators | the same without generators |
//! | one-time encryption | identity block | the same |
//! | message | chain step, salt, ke, mask, hm, body | the same without salt |

use std::hint::black_box;

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::kdf::{self, Mac};
use sottovoce::crypto::label::{expand, hash};
use sottovoce::crypto::mlkem::{Ciphertext, DecapsulationKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{mask, x25519};

use crate::ours::Randomness;
use crate::scene::Scene;

/// Bytes of the identity block, of a header, and of the body of a short message.
const BLOCK: [u8; 164] = [7; 164];
const HEADER: [u8; 48] = [7; 48];
const BODY: [u8; 192] = [7; 192];
/// Fields of th0 beside bundle and leaf.
const FIXED: [u8; 121] = [7; 121];
/// AD, tag, salt, header, hm.
const BOUND: [u8; 112] = [7; 112];

pub struct Primitives {
    secret: x25519::SecretKey,
    public: x25519::PublicKey,
    kem: DecapsulationKey,
    ciphertext: Ciphertext,
    initial: Vec<u8>,
    bundle: Vec<u8>,
    leaf: Vec<u8>,
    key: Secret<32>,
    sealed_block: Vec<u8>,
    sealed_body: Vec<u8>,
}

impl Primitives {
    pub fn new(scene: &Scene) -> Self {
        let mut rng = Randomness::new().generator();
        let (kem, _) = DecapsulationKey::generate(&mut rng).unwrap();
        let (ciphertext, _) = kem.public_key().encapsulate(&mut rng).unwrap();
        let prekeys = scene.prekeys(true);
        let key = Secret::new([9; 32]);
        let seal = |aad: &[u8], body: &[u8]| OneTimeKey::new(key.duplicate()).seal(aad, body).unwrap();
        let (sealed_block, sealed_body) = (seal(&key.expose()[..], &BLOCK), seal(&BOUND, &BODY));
        Self {
            secret: x25519::SecretKey::generate(&mut rng).unwrap(),
            public: x25519::SecretKey::generate(&mut rng).unwrap().public_key(),
            kem,
            ciphertext,
            initial: scene.initial(true),
            bundle: prekeys.bundle_bytes().to_vec(),
            leaf: prekeys.leaf_input(),
            key,
            sealed_block,
            sealed_body,
        }
    }

    pub fn initiator(&self, randomness: &mut Randomness) {
        let mut rng = randomness.generator();
        let ephemeral = x25519::SecretKey::generate(&mut rng).unwrap();
        black_box(ephemeral.public_key());
        self.agreements(&ephemeral);
        for _ in 0..2 {
            black_box(self.kem.public_key().encapsulate(&mut rng).unwrap());
        }
        self.schedule();
        black_box(self.one_time().seal(self.key.expose(), &BLOCK).unwrap());
        let mut rng = randomness.generator();
        black_box(x25519::SecretKey::generate(&mut rng).unwrap().public_key());
        black_box(DecapsulationKey::generate(&mut rng).unwrap());
        let body = Hash::of(black_box(&BODY));
        let draw = sottovoce::crypto::random::draw::<32>(&mut rng).unwrap();
        black_box(self.mac().u8(3).array(draw.expose()).array(body.as_bytes()).finish());
        self.message_keys();
        black_box(self.one_time().seal(&BOUND, &BODY).unwrap());
    }

    pub fn responder(&self) {
        self.agreements(&self.secret);
        for _ in 0..2 {
            black_box(self.kem.decapsulate(black_box(&self.ciphertext)));
        }
        self.schedule();
        black_box(self.one_time().open(self.key.expose(), &self.sealed_block).unwrap());
        black_box(Hash::of(black_box(&self.initial)));
        self.message_keys();
        black_box(self.one_time().open(&BOUND, &self.sealed_body).unwrap());
    }

    /// es, eo, ei; se, ss.
    fn agreements(&self, ephemeral: &x25519::SecretKey) {
        for secret in [ephemeral, ephemeral, ephemeral, &self.secret, &self.secret] {
            black_box(secret.diffie_hellman(black_box(&self.public)).unwrap());
        }
    }

    /// Transcripts and keys of a session, AD, header keys.
    fn schedule(&self) {
        let th0 = Hasher::new(hash::HANDSHAKE_BUNDLE).array(&FIXED).lp(&self.bundle).lp(&self.leaf).finish();
        let ciphertext = self.ciphertext.as_bytes();
        let th1 = Hasher::new(hash::HANDSHAKE_OFFER)
            .array(th0.as_bytes())
            .array(self.public.as_bytes())
            .array(ciphertext)
            .array(ciphertext)
            .finish();
        let key = &self.key;
        let p1 = kdf::extract(th1.as_bytes(), &[key; 5]);
        black_box(kdf::expand::<32>(&p1, expand::HANDSHAKE_HIDDEN, &[]));
        black_box(Hash::of(self.kem.public_key().as_bytes()));
        let block = Hash::of(&self.sealed_block);
        let th2 = Hasher::new(hash::HANDSHAKE_FULL)
            .array(th1.as_bytes())
            .lp(&BLOCK)
            .array(block.as_bytes())
            .finish();
        let chain = kdf::expand::<32>(&p1, expand::HANDSHAKE_CHAIN, &[]);
        let p2 = kdf::extract(chain.expose(), &[key; 2]);
        black_box(kdf::expand::<192>(&p2, expand::HANDSHAKE_KEYS, th2.as_bytes()));
        for direction in 0..2 {
            let bound = Hasher::new(hash::ASSOCIATED_DATA).array(th2.as_bytes()).u8(direction).finish();
            black_box(bound);
            black_box(kdf::expand::<72>(black_box(key), expand::HEADER_KEYS, &[]));
        }
    }

    /// Chain step, ke, mask, hm.
    fn message_keys(&self) {
        black_box(self.mac().u8(1).finish());
        black_box(self.mac().u8(2).finish());
        black_box(kdf::expand::<32>(black_box(&self.key), expand::MESSAGE, &[7; 16]));
        let mut header = HEADER;
        mask::apply(&self.key, &[7; 12], black_box(&mut header));
        black_box(self.mac().array(&[7; 16]).last(&header));
    }

    fn mac(&self) -> Mac {
        Mac::new(black_box(&self.key))
    }

    fn one_time(&self) -> OneTimeKey {
        OneTimeKey::new(self.key.duplicate())
    }
}
