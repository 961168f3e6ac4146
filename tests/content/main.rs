//! Consent between accounts, explored: no pair of states is a dead end, and the devices of an account agree whatever they knew.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

mod devices;
mod pairs;

use sottovoce::content::{Consent, ContactConsent, ContentId, DeliveryToken, Heard, TokenGrant, Version};
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::identity::address::Domain;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

const NOW: u64 = 1_795_000_000_000;

fn generator(first: u8) -> Generator {
    let bytes = core::array::from_fn(|at| first.wrapping_add(u8::try_from(at).unwrap().wrapping_mul(7)));
    Seed::from_bytes(bytes).unwrap().into_generator()
}

fn home() -> Domain {
    "example.org".parse().unwrap()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

fn version(millis: u64) -> Version {
    let mut id = [1; 16];
    id[..8].copy_from_slice(&millis.to_be_bytes());
    Version { sent_at: at(millis), id: ContentId::from_bytes(id) }
}

fn copy(contact: &ContactConsent) -> ContactConsent {
    ContactConsent::decode(&contact.encode().expect("it can be kept")).expect("it can be read")
}

fn grant(token: DeliveryToken) -> TokenGrant {
    TokenGrant { token, domain: home() }
}

fn hear(contact: &mut ContactConsent, consent: &Consent, version: Version) -> bool {
    contact.hear(Heard::Consent(consent), version)
}
