//! The cryptography of both sides with the bare crates.

use hkdf::Hkdf;
use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768KeyPair, MlKem768PublicKey};
use sha2::Sha256;
use sottovoce::crypto::label::{expand, hash};
use sottovoce::handshake::Initial;
use sottovoce::identity::key_pair::PairSecret;
use sottovoce::wire::Wire as _;
use x25519_dalek::{PublicKey, StaticSecret};

use super::scene::Scene;
use crate::bare::{SEED, draw, generator, open, seal, sha256};

/// What is hashed before anything is computed, and the identity block's length.
struct Known {
    th0: Vec<u8>,
    block: Vec<u8>,
}

impl Known {
    fn new(scene: &Scene, with_pair: bool) -> Self {
        let prekeys = scene.prekeys(with_pair);
        let lp = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
        let th0 = [
            hash::HANDSHAKE_BUNDLE.as_bytes(),
            &1_u16.to_be_bytes(),
            scene.bob.id().as_bytes(),
            scene.bob_secret.id().as_bytes(),
            &lp(b"bob@example.org"),
            &[0; 12],
            scene.bob.hash().as_bytes(),
            &lp(prekeys.bundle_bytes()),
            &lp(&prekeys.leaf_input()),
        ]
        .concat();
        let device = scene.alice.device(scene.alice_secret.id()).unwrap();
        let block = [
            scene.alice.id().as_bytes().as_slice(),
            device.id().as_bytes(),
            device.agreement().as_bytes(),
            &sha256(&[device.kem().as_bytes()]),
            &[0; 12],
            scene.alice.hash().as_bytes(),
            &device.capabilities().bits().to_be_bytes(),
        ]
        .concat();
        Self { th0, block }
    }

    fn th1(&self, ephemeral: &[u8; 32], ciphertexts: [&[u8]; 2]) -> [u8; 32] {
        let th0 = sha256(&[&self.th0]);
        sha256(&[hash::HANDSHAKE_OFFER.as_bytes(), &th0, ephemeral, ciphertexts[0], ciphertexts[1]])
    }
}

fn extract(salt: &[u8; 32], ikm: &[[u8; 32]]) -> Hkdf<Sha256> {
    Hkdf::new(Some(salt), ikm.as_flattened())
}

fn expand_to<const N: usize>(prk: &Hkdf<Sha256>, info: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    prk.expand_multi_info(info, &mut out).unwrap();
    out
}

fn hidden(p1: &Hkdf<Sha256>) -> [u8; 32] {
    expand_to(p1, &[expand::HANDSHAKE_HIDDEN.as_bytes()])
}

/// The six keys.
fn keys(p1: &Hkdf<Sha256>, th1: &[u8; 32], block: &[u8], idb: &[u8], second: &[[u8; 32]; 2]) -> [u8; 192] {
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    let th2 = sha256(&[hash::HANDSHAKE_FULL.as_bytes(), th1, &length, block, &sha256(&[idb])]);
    let p2 = extract(&expand_to(p1, &[expand::HANDSHAKE_CHAIN.as_bytes()]), second);
    expand_to(&p2, &[expand::HANDSHAKE_KEYS.as_bytes(), &th2])
}

pub struct Initiator {
    known: Known,
    identity: StaticSecret,
    prekey: PublicKey,
    pair: Option<PublicKey>,
    theirs: PublicKey,
    prekey_kem: MlKem768PublicKey,
    identity_kem: MlKem768PublicKey,
}

impl Initiator {
    pub fn new(scene: &Scene, with_pair: bool) -> Self {
        let prekeys = scene.prekeys(with_pair);
        let (bundle, device) = (prekeys.bundle(), scene.bob_secret.device());
        let pair = prekeys.one_time().map(|(_, pair)| pair);
        let prekey_kem = pair.map_or(&bundle.kem, |pair| &pair.kem);
        Self {
            known: Known::new(scene, with_pair),
            identity: StaticSecret::from(*scene.alice_secret.keys().agreement().to_secret().expose()),
            prekey: PublicKey::from(*bundle.agreement.as_bytes()),
            pair: pair.map(|pair| PublicKey::from(*pair.agreement.as_bytes())),
            theirs: PublicKey::from(*device.agreement().as_bytes()),
            prekey_kem: MlKem768PublicKey::from(prekey_kem.as_bytes()),
            identity_kem: MlKem768PublicKey::from(device.kem().as_bytes()),
        }
    }

    pub fn compute(&self) -> [u8; 192] {
        let mut rng = generator(&SEED);
        let ephemeral = StaticSecret::from(draw::<32>(&mut rng));
        let public = PublicKey::from(&ephemeral).to_bytes();
        let (ct1, k1) = mlkem768::encapsulate(&self.prekey_kem, draw::<32>(&mut rng));
        let (ct2, k2) = mlkem768::encapsulate(&self.identity_kem, draw::<32>(&mut rng));
        let dh = |secret: &StaticSecret, public: &PublicKey| secret.diffie_hellman(public).to_bytes();
        let eo = self.pair.as_ref().map_or([0; 32], |pair| dh(&ephemeral, pair));
        let first = [dh(&ephemeral, &self.prekey), eo, dh(&ephemeral, &self.theirs), k1, k2];
        let th1 = self.known.th1(&public, [ct1.as_slice(), ct2.as_slice()]);
        let p1 = extract(&th1, &first);
        let idb = seal(&hidden(&p1), &[0; 12], &th1, &self.known.block);
        let second = [dh(&self.identity, &self.prekey), dh(&self.identity, &self.theirs)];
        keys(&p1, &th1, &self.known.block, &idb, &second)
    }
}

/// A pair of private keys.
struct Private {
    agreement: StaticSecret,
    kem: MlKem768KeyPair,
}

impl Private {
    /// The library does not give the seed of a KEM key away, but in records.
    fn new(keys: &PairSecret, seed: [u8; 64]) -> Self {
        let kem = mlkem768::generate_key_pair(seed);
        assert_eq!(kem.public_key().as_slice(), keys.kem().public_key().as_bytes());
        Self { agreement: StaticSecret::from(*keys.agreement().to_secret().expose()), kem }
    }
}

pub struct Responder {
    known: Known,
    prekey: Private,
    pair: Option<Private>,
    identity: Private,
    initial: Initial,
    ciphertexts: [MlKem768Ciphertext; 2],
}

impl Responder {
    pub fn new(scene: &Scene, with_pair: bool) -> Self {
        let initial = Initial::decode(&scene.initial(with_pair)).unwrap();
        let pair = with_pair.then(|| {
            let secret = scene.pair_secret();
            let seed = seed_in(&secret.encode().unwrap());
            Private::new(&secret.into_keys(), seed)
        });
        let bundle = scene.bundle.secret();
        let ciphertexts = [&initial.to_prekey, &initial.to_identity]
            .map(|ciphertext| MlKem768Ciphertext::from(ciphertext.as_bytes()));
        Self {
            known: Known::new(scene, with_pair),
            prekey: Private::new(bundle.keys(), seed_in(&bundle.encode().unwrap())),
            pair,
            identity: Private::new(scene.bob_secret.keys(), seed_in(&scene.bob_secret.encode().unwrap())),
            ciphertexts,
            initial,
        }
    }

    pub fn compute(&self) -> [u8; 192] {
        let dh = |keys: &Private, public: &PublicKey| keys.agreement.diffie_hellman(public).to_bytes();
        let ephemeral = PublicKey::from(*self.initial.ephemeral.as_bytes());
        let [ct1, ct2] = &self.ciphertexts;
        let k1 = mlkem768::decapsulate(self.pair.as_ref().unwrap_or(&self.prekey).kem.private_key(), ct1);
        let k2 = mlkem768::decapsulate(self.identity.kem.private_key(), ct2);
        let eo = self.pair.as_ref().map_or([0; 32], |pair| dh(pair, &ephemeral));
        let first = [dh(&self.prekey, &ephemeral), eo, dh(&self.identity, &ephemeral), k1, k2];
        let th1 = self.known.th1(self.initial.ephemeral.as_bytes(), [ct1.as_slice(), ct2.as_slice()]);
        let p1 = extract(&th1, &first);
        let block = open(&hidden(&p1), &[0; 12], &th1, &self.initial.sealed);
        let identity: [u8; 32] = block[48..80].try_into().unwrap();
        let identity = PublicKey::from(identity);
        let second = [dh(&self.prekey, &identity), dh(&self.identity, &identity)];
        keys(&p1, &th1, &block, &self.initial.sealed, &second)
    }
}

/// The seed in a record: 64 bytes after tag and length.
fn seed_in(record: &[u8]) -> [u8; 64] {
    let at =
        record.windows(2).position(|window| window[1] == 64 && window[0] & 7 == 2 && window[0] >> 3 >= 3);
    record[at.unwrap() + 2..][..64].try_into().unwrap()
}
