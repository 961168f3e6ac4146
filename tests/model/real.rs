//! A history with real keys, signatures and hashes, judged by the library.

use std::collections::BTreeMap;

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid, label};
use sottovoce::identity::chain::{
    Authorities, AuthorityPath, Header, Kind, Link, Manifest, Order, SignedHeader,
};
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::validity::Validity;
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::histories::{History, KEYS};
use crate::values::{self, ACCOUNT, Signed};

/// What all histories share.
pub struct Pool {
    keys: Vec<hybrid::SecretKey>,
    /// Of each key, over something else.
    forged: Vec<hybrid::Signature>,
    bodies: Vec<Vec<u8>>,
    possession: ed25519::Signature,
    /// Signed before: all chains begin alike, and signing costs most.
    geneses: BTreeMap<Signed, SignedHeader>,
}

/// A history as the library sees it.
pub struct Real {
    /// In the order of the model's.
    pub hashes: Vec<Hash>,
    pub verdicts: Vec<Result<Verified<Server>, IdentityError>>,
}

impl Pool {
    pub fn new() -> Self {
        let key = |number: usize| {
            let seed = [u8::try_from(number).unwrap() + 1; hybrid::SEED_LENGTH];
            hybrid::SecretKey::from_seed(&Secret::new(seed))
        };
        let keys: Vec<_> = (0..KEYS).map(key).collect();
        let forged = keys.iter().map(|key| key.sign(label::sign::MANIFEST, b"something else")).collect();
        let possession = ed25519::Signature::from_bytes(&[0; 64]).unwrap();
        let bodies = ["a.example", "b.example", "c.example"].map(body);
        let bodies = bodies.into_iter().chain([Vec::new()]).collect();
        Self { keys, forged, bodies, possession, geneses: BTreeMap::new() }
    }

    /// Makes and judges every manifest of a history.
    pub fn realise(&mut self, history: &History) -> Real {
        let mut headers = Vec::new();
        let mut hashes = Vec::new();
        for header in &history.headers {
            let header = self.header(header, &hashes);
            hashes.push(Hasher::new(label::hash::HEADER).last(&header.encode().unwrap()));
            headers.push(header);
        }
        let mut signed = BTreeMap::new();
        let verdicts = history.manifests.iter().map(|manifest| {
            let path = manifest.path.iter();
            let path = path.map(|header| self.sign(header, &headers[header.hash], &mut signed)).collect();
            let possessions = vec![self.possession; manifest.possessions];
            let body = self.bodies[usize::from(manifest.body)].clone();
            Manifest { path: AuthorityPath { headers: path }, body, possessions }.verify()
        });
        Real { verdicts: verdicts.collect(), hashes }
    }

    fn header(&self, header: &values::Header, hashes: &[Hash]) -> Header {
        let hash = |number: usize| hashes.get(number).copied().unwrap_or(Hash::from_bytes([9; 32]));
        let pairs = |keys: &std::collections::BTreeSet<u8>| {
            keys.iter().map(|key| *self.keys[usize::from(*key)].public_key().pair()).collect()
        };
        Header {
            kind: if header.kind == ACCOUNT { Kind::Account } else { Kind::Server },
            link: header.link.map(|link| Link {
                chain: hash(link.chain),
                previous: hash(link.previous),
                previous_change: hash(link.change),
            }),
            order: Order { term: header.order.0, version: header.order.1 },
            issued_at: Timestamp::from_millis(header.issued),
            refresh_after: Timestamp::from_millis(header.refresh),
            authorities: Authorities::new(pairs(&header.recovery), pairs(&header.device)).unwrap(),
            body_hash: Hasher::new(label::hash::BODY).last(&self.bodies[usize::from(header.body)]),
        }
    }

    fn sign(
        &mut self,
        signed: &Signed,
        header: &Header,
        others: &mut BTreeMap<(usize, u8, bool), SignedHeader>,
    ) -> SignedHeader {
        let key = &self.keys[usize::from(signed.signer)];
        let make = || {
            // Not by `SignedHeader::sign`, which does not sign what breaks a rule of its own.
            let bytes = header.encode().unwrap();
            let signature = if signed.genuine {
                key.sign(label::sign::MANIFEST, &bytes)
            } else {
                self.forged[usize::from(signed.signer)].clone()
            };
            SignedHeader { header: bytes, signer: key.public_key(), signature }
        };
        if signed.header.link.is_none() {
            self.geneses.entry(signed.clone()).or_insert_with(make).clone()
        } else {
            others.entry((signed.hash, signed.signer, signed.genuine)).or_insert_with(make).clone()
        }
    }
}

fn body(domain: &str) -> Vec<u8> {
    let endpoint = Endpoint { host: domain.parse().unwrap(), port: 443.try_into().unwrap() };
    let online = OnlineKey {
        key: ed25519::SecretKey::from_seed(&Secret::new([77; 32])).public_key(),
        validity: Validity::starting(Timestamp::from_millis(0), Span::from_days(30)),
    };
    let domain = domain.parse().unwrap();
    ServerBody { domain, endpoints: vec![endpoint], online_keys: vec![online] }.encode().unwrap()
}
