//! What is around all devices: manifests, prekeys on the server, and what they have sent.

use std::collections::{BTreeMap, BTreeSet};

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::ids::{AccountId, RequestId};
use sottovoce::identity::prekeys::{
    ClaimAnswer, ClaimRequest, OneTime, OneTimePair, SignedBundle, SignedStock,
};
use sottovoce::time::Timestamp;

use super::phones::{Name, Person, Phone};

/// The prekeys of a device on its server.
struct Shelf {
    bundle: SignedBundle,
    stock: SignedStock,
    pairs: Vec<OneTimePair>,
}

/// A frame that left a device.
pub(super) struct Sent {
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) frame: Vec<u8>,
    pub(super) blob: Option<Vec<u8>>,
    pub(super) text: Option<Vec<u8>>,
}

/// What an application was told of a pair of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) at: Name,
    pub(super) about: Name,
    pub(super) kind: &'static str,
    pub(super) when: Timestamp,
}

pub(super) struct Around {
    pub(super) people: Vec<Person>,
    shelves: BTreeMap<Name, Shelf>,
    pub(super) sent: Vec<Sent>,
    pub(super) alarms: Vec<Alarm>,
    /// What else applications were told.
    pub(super) notes: Vec<(Name, Name, String)>,
    /// Of which sessions whoever began a session held the state.
    pub(super) held: BTreeMap<[u8; 32], BTreeSet<[u8; 32]>>,
    pub(super) failures: BTreeMap<&'static str, u64>,
    pub(super) begun: u64,
    pub(super) broken: Vec<String>,
    /// The time, as nobody in it knows.
    pub(super) now: Timestamp,
}

impl Around {
    pub(super) fn new(people: Vec<Person>, now: Timestamp) -> Self {
        Self {
            people,
            shelves: BTreeMap::new(),
            sent: Vec::new(),
            alarms: Vec::new(),
            notes: Vec::new(),
            held: BTreeMap::new(),
            failures: BTreeMap::new(),
            begun: 0,
            broken: Vec::new(),
            now,
        }
    }

    pub(super) fn person(&self, account: AccountId) -> &Person {
        self.people.iter().find(|person| person.account.id() == account).expect("one of both")
    }

    /// All devices that are listed now.
    pub(super) fn listed(&self) -> Vec<Name> {
        let of = |person: &Person| -> Vec<Name> {
            (0..person.devices.len()).map(|device| person.name(device)).collect()
        };
        self.people.iter().flat_map(of).collect()
    }

    pub(super) fn publish(&mut self, phone: &mut Phone) {
        let pairs = std::mem::take(&mut phone.pairs);
        let shelf = Shelf { bundle: phone.bundle.clone(), stock: phone.stock.clone(), pairs };
        self.shelves.insert(phone.name, shelf);
    }

    pub(super) fn claim(&mut self, (account, device): Name) -> (ClaimRequest, ClaimAnswer) {
        self.begun += 1;
        let request = RequestId::from_bytes(Hash::of(&self.begun.to_be_bytes()).truncated());
        let shelf = self.shelves.get_mut(&(account, device)).expect("every device has published");
        let one_time = shelf.pairs.pop().map(|pair| OneTime { stock: shelf.stock.clone(), pair });
        let answer = ClaimAnswer { request, bundle: shelf.bundle.clone(), one_time };
        (ClaimRequest { request, account, device }, answer)
    }

    pub(super) fn fail(&mut self, class: &'static str) {
        *self.failures.entry(class).or_default() += 1;
    }
}
