//! Attacks between servers.

mod discovery;
mod fetching;
mod pinning;

use sottovoce::crypto::{ed25519, hybrid};
use sottovoce::identity::chain::{Author, Authorities, Subject as _};
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::server::discovery::{Bound, Discovery, SignedDiscovery};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::identity::NOW;
use crate::support::generator;

/// A server with all its keys.
pub struct Host {
    pub root: hybrid::SecretKey,
    pub online: ed25519::SecretKey,
    pub server: Verified<Server>,
}

pub fn days(count: u64) -> Timestamp {
    NOW.plus(Span::from_days(count))
}

pub fn hours(count: u64) -> Timestamp {
    NOW.plus(Span::from_secs(3_600 * count))
}

fn body(domain: &str, online: &ed25519::SecretKey, validity: Validity) -> ServerBody {
    ServerBody {
        domain: domain.parse().unwrap(),
        endpoints: vec![Endpoint { host: domain.parse().unwrap(), port: 443.try_into().unwrap() }],
        online_keys: vec![OnlineKey { key: online.public_key(), validity }],
    }
}

fn authorities(root: &hybrid::SecretKey) -> Authorities {
    Authorities::new(vec![*root.public_key().pair()], Vec::new()).unwrap()
}

impl Host {
    pub fn of(domain: &str, seed: u64) -> Self {
        let mut rng = generator(7_000 + seed);
        let root = hybrid::SecretKey::generate(&mut rng).unwrap();
        let online = ed25519::SecretKey::generate(&mut rng).unwrap();
        let author = Author { key: &root, issued_at: NOW, refresh_after: days(7) };
        let body = body(domain, &online, Validity::starting(NOW, LONGEST));
        let server = Verified::<Server>::found(&author, authorities(&root), &body).unwrap();
        Self { root, online, server }
    }

    /// The same chain later, with another online key, and other recovery authorities if `root` is another key.
    pub fn later(&self, seed: u64, root: Option<u64>, now: Timestamp) -> Self {
        let online = ed25519::SecretKey::generate(&mut generator(8_000 + seed)).unwrap();
        let author = Author { key: &self.root, issued_at: now, refresh_after: now.plus(Span::from_days(7)) };
        let body = body(self.server.domain().as_str(), &online, Validity::starting(now, LONGEST));
        let new_root = |seed| hybrid::SecretKey::generate(&mut generator(seed)).unwrap();
        let next = root.map(|seed| new_root(9_000 + seed));
        let set = authorities(next.as_ref().unwrap_or(&self.root));
        let server = self.server.succeed(&author, set, &body).unwrap();
        let same = || hybrid::SecretKey::from_seed(&self.root.to_seed());
        Self { root: next.unwrap_or_else(same), online, server }
    }

    pub fn says(&self, domain: &str, validity: Validity) -> SignedDiscovery {
        let discovery = Discovery { domain: domain.parse().unwrap(), server: self.server.id(), validity };
        discovery.sign(&self.online, self.server.manifest()).unwrap()
    }

    /// Its document, as long as it may be.
    pub fn document(&self) -> SignedDiscovery {
        self.says(self.server.domain().as_str(), Validity::starting(NOW, LONGEST))
    }

    /// The document of `now`, as somebody who asks then makes of it.
    pub fn bound(&self, now: Timestamp) -> Bound {
        let domain = self.server.domain().as_str();
        self.says(domain, Validity::starting(now, Span::from_days(7)))
            .verify(self.server.domain(), now)
            .unwrap()
    }
}

/// What comes of fetching these bytes from the host of `asked`.
pub fn fetched(bytes: &[u8], asked: &str, now: Timestamp) -> Result<Bound, IdentityError> {
    SignedDiscovery::decode(bytes)?.verify(&asked.parse().unwrap(), now)
}
