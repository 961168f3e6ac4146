//! Keys, accounts and servers that the vectors of identities are made with.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid, label};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{
    Author, Authorities, AuthorityPath, Header, Kind, Link, Manifest, Order, SignedHeader,
};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{OnlineKey, ServerBody};
use sottovoce::identity::validity::Validity;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire;

use crate::inputs::Fixed;
use crate::make::counting;

/// A time in November 2026.
pub const NOW: u64 = 1_795_000_000_000;

pub fn hybrid_key(seed: u8) -> hybrid::SecretKey {
    hybrid::SecretKey::from_seed(&Secret::new(counting(seed, 64).try_into().unwrap()))
}

pub fn device_secret(seed: u8) -> DeviceSecret {
    DeviceSecret::generate(&mut Fixed::new(counting(seed, 160))).unwrap()
}

pub fn recovery_key() -> RecoveryKey {
    RecoveryKey::from_entropy(Secret::new(counting(200, 32).try_into().unwrap()))
}

pub fn author(key: &hybrid::SecretKey) -> Author<'_> {
    let issued_at = Timestamp::from_millis(NOW);
    Author { key, issued_at, refresh_after: issued_at.plus(Span::from_days(7)) }
}

/// An account with one device that manages it.
pub fn account() -> Verified<Account> {
    Verified::<Account>::found(&author(recovery_key().signing()), &device_secret(1)).unwrap()
}

/// The same with a second device that does not.
pub fn account_of_two() -> Verified<Account> {
    let (account, first, second) = (account(), device_secret(1), device_secret(2));
    let mut draft = Draft::after(&account);
    draft.add(second.possess(account.id()), Capabilities::NONE).unwrap();
    draft.sign(&author(first.signing())).unwrap()
}

pub fn pair(key: &hybrid::SecretKey) -> Hash {
    *key.public_key().pair()
}

pub fn authorities(recovery: &[u8], device: &[u8]) -> Authorities {
    let pairs = |seeds: &[u8]| seeds.iter().map(|seed| pair(&hybrid_key(*seed))).collect();
    Authorities::new(pairs(recovery), pairs(device)).unwrap()
}

pub fn online_key(validity: Validity) -> (ed25519::SecretKey, OnlineKey) {
    let key = ed25519::SecretKey::from_seed(&Secret::new([77; 32]));
    let public = OnlineKey { key: key.public_key(), validity };
    (key, public)
}

pub fn month() -> Validity {
    Validity::starting(Timestamp::from_millis(NOW), Span::from_days(30))
}

pub fn server_body() -> ServerBody {
    let endpoint = sottovoce::identity::server::Endpoint {
        host: "chat.example.org".parse().unwrap(),
        port: 443.try_into().unwrap(),
    };
    let (_, key) = online_key(month());
    ServerBody { domain: "example.org".parse().unwrap(), endpoints: vec![endpoint], online_keys: vec![key] }
}

pub fn body_hash() -> Hash {
    Hasher::new(label::hash::BODY).last(&server_body().encode().unwrap())
}

/// The genesis of a server: recovery key 10, operators as given.
pub fn genesis(operators: &[u8]) -> Header {
    Header {
        kind: Kind::Server,
        link: None,
        order: Order { term: 0, version: 0 },
        issued_at: Timestamp::from_millis(NOW),
        refresh_after: Timestamp::from_millis(NOW + 1000),
        authorities: authorities(&[10], operators),
        body_hash: body_hash(),
    }
}

/// A header on top of `base`, with the same authorities, naming `previous` or the base.
pub fn after(
    root: &SignedHeader,
    base: &SignedHeader,
    term: u32,
    version: u64,
    previous: Option<Hash>,
) -> Header {
    let before = Header::decode(&base.header).unwrap();
    let link = Link {
        chain: root.hash(),
        previous: previous.unwrap_or_else(|| base.hash()),
        previous_change: base.hash(),
    };
    Header { link: Some(link), order: Order { term, version }, ..before }
}

pub fn sign(header: &Header, seed: u8) -> SignedHeader {
    SignedHeader::sign(header, &hybrid_key(seed)).unwrap()
}

pub fn manifest(path: &[&SignedHeader]) -> Manifest {
    let headers = path.iter().map(|header| (*header).clone()).collect();
    Manifest {
        path: AuthorityPath { headers },
        body: server_body().encode().unwrap(),
        possessions: Vec::new(),
    }
}

pub fn verify(kind: u8, manifest: &impl Wire) -> Value {
    json!({ "kind": kind, "manifest": hex(manifest.encode().unwrap()) })
}

pub fn server(path: &[&SignedHeader]) -> Value {
    verify(2, &manifest(path))
}

pub const ELSEWHERE: Option<Hash> = Some(Hash::from_bytes([9; 32]));
