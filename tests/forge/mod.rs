//! An initiator that says whatever it is told to say: the key schedule of `docs/PROTOCOL.md` §5.2 a second time, from the text and with
//! primitives only. Tests use it as an attacker and as a model of the library.

use sottovoce::crypto::absorb::{Absorb as _, Input};
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::suite::Suite;
use sottovoce::crypto::{kdf, label, mlkem, x25519};
use sottovoce::handshake::{Initial, OneTimePlace};
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::Order;
use sottovoce::identity::device::Device;
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::prekeys::{Bundle, OneTimePair, Stock};
use sottovoce::wire::Wire as _;

/// What a handshake is begun with. All of it can be changed.
#[derive(Clone)]
pub struct Target {
    pub suite: u16,
    pub account: AccountId,
    pub device: Device,
    pub address: Address,
    pub order: Order,
    pub manifest: Hash,
    pub bundle: Bundle,
    pub one_time: Option<(Stock, OneTimePair)>,
}

/// Everything that the schedule gives.
pub struct Values {
    pub transcripts: [Hash; 3],
    pub p1: Secret<32>,
    pub hidden: Secret<32>,
    pub sealed: Vec<u8>,
    pub p2: Secret<32>,
    /// root, ckA, hkA, nhkB, nhkA, link
    pub keys: Vec<Secret<32>>,
}

/// EK with the ciphertexts, and what follows from them for whoever made them.
pub struct Offer {
    pub ephemeral: x25519::PublicKey,
    pub to_prekey: mlkem::Ciphertext,
    pub to_identity: mlkem::Ciphertext,
    /// es, eo, ei, k1, k2
    pub first: [Secret<32>; 5],
}

impl Target {
    pub fn new(
        account: &Account,
        bundle: &Bundle,
        one_time: Option<&(Stock, OneTimePair)>,
        address: &str,
    ) -> Self {
        Self {
            suite: 1,
            account: account.id(),
            device: account.device(bundle.device).unwrap().clone(),
            address: address.parse().unwrap(),
            order: account.order(),
            manifest: account.hash(),
            bundle: bundle.clone(),
            one_time: one_time.cloned(),
        }
    }

    pub fn leaf(&self) -> Vec<u8> {
        self.one_time.as_ref().map(|(stock, pair)| stock.leaf_input(pair)).unwrap_or_default()
    }

    /// Draws as an initiator does.
    pub fn offer(&self, rng: &mut impl rand_core::CryptoRng) -> Offer {
        let ephemeral = x25519::SecretKey::generate(rng).unwrap();
        let pair = self.one_time.as_ref().map(|(_, pair)| pair);
        let (to_prekey, k1) = pair.map_or(&self.bundle.kem, |pair| &pair.kem).encapsulate(rng).unwrap();
        let (to_identity, k2) = self.device.kem().encapsulate(rng).unwrap();
        let dh = |key: &x25519::PublicKey| ephemeral.diffie_hellman(key).unwrap();
        let eo = pair.map_or(Secret::new([0; 32]), |pair| dh(&pair.agreement));
        let first = [dh(&self.bundle.agreement), eo, dh(self.device.agreement()), k1, k2];
        Offer { ephemeral: ephemeral.public_key(), to_prekey, to_identity, first }
    }

    /// §5.2, with any identity block and any se and ss.
    pub fn schedule(&self, offer: &Offer, block: &[u8], second: &[Secret<32>; 2]) -> Values {
        let th0 = Hasher::new(label::hash::HANDSHAKE_BUNDLE)
            .u16(self.suite)
            .array(self.account.as_bytes())
            .array(self.device.id().as_bytes())
            .lp(self.address.as_str().as_bytes())
            .u32(self.order.term)
            .u64(self.order.version)
            .array(self.manifest.as_bytes())
            .lp(&self.bundle.encode().unwrap())
            .lp(&self.leaf())
            .finish();
        let th1 = Hasher::new(label::hash::HANDSHAKE_OFFER)
            .array(th0.as_bytes())
            .array(offer.ephemeral.as_bytes())
            .array(offer.to_prekey.as_bytes())
            .array(offer.to_identity.as_bytes())
            .finish();
        let p1 = kdf::extract(th1.as_bytes(), &offer.first.each_ref());
        let hidden = kdf::expand::<32>(&p1, label::expand::HANDSHAKE_HIDDEN, b"");
        let sealed = OneTimeKey::new(hidden.duplicate()).seal(th1.as_bytes(), block).unwrap();
        let th2 = Hasher::new(label::hash::HANDSHAKE_FULL)
            .array(th1.as_bytes())
            .lp(block)
            .array(Hash::of(&sealed).as_bytes())
            .finish();
        let chain = kdf::expand::<32>(&p1, label::expand::HANDSHAKE_CHAIN, b"");
        let p2 = kdf::extract(chain.expose(), &second.each_ref());
        let keys = kdf::expand::<192>(&p2, label::expand::HANDSHAKE_KEYS, th2.as_bytes());
        let keys = keys.expose().as_chunks::<32>().0.iter().map(|key| Secret::new(*key)).collect();
        Values { transcripts: [th0, th1, th2], p1, hidden, sealed, p2, keys }
    }

    pub fn initial(&self, offer: &Offer, sealed: &[u8]) -> Initial {
        let place =
            |(stock, pair): &(Stock, OneTimePair)| OneTimePlace { stock: stock.number, index: pair.index };
        Initial {
            suite: Suite::One,
            device: self.device.id(),
            address: self.address.clone(),
            bundle: self.bundle.number,
            one_time: self.one_time.as_ref().map(place),
            order: self.order,
            manifest: self.manifest,
            ephemeral: offer.ephemeral,
            to_prekey: offer.to_prekey.clone(),
            to_identity: offer.to_identity.clone(),
            sealed: sealed.try_into().unwrap(),
        }
    }
}

/// se and ss, by the private half of an initiator's identity key.
pub fn second(identity: &x25519::SecretKey, target: &Target) -> [Secret<32>; 2] {
    [&target.bundle.agreement, target.device.agreement()].map(|key| identity.diffie_hellman(key).unwrap())
}

/// §5.3.
pub fn block(account: &Account, device: &Device) -> Vec<u8> {
    Input::new()
        .array(account.id().as_bytes())
        .array(device.id().as_bytes())
        .array(device.agreement().as_bytes())
        .array(Hash::of(device.kem().as_bytes()).as_bytes())
        .u32(account.order().term)
        .u64(account.order().version)
        .array(account.hash().as_bytes())
        .u64(device.capabilities().bits())
        .finish()
}
