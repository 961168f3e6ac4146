//! Attacks on the handshake by which sessions open.

mod authentication;
mod binding;
mod once;
mod schedule;
mod secrets;
mod standing;

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::x25519::SecretKey;
use sottovoce::handshake::{
    Accepted, HandshakeError, Initial, Initiated, Opened, Own, OwnBundle, OwnManifest, Recipient,
    ReplayEntry, Sender, Tentative, initiate,
};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, OneTime, OneTimePair, OneTimeSecret, PrekeySecret, Prekeys,
    PrekeysSeen, SignedBundle, SignedStock, Stock,
};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::pairwise::{Direction, SessionKeys};
use sottovoce::ratchet::{RatchetError, hazmat, open_first};
use sottovoce::wire::Wire;

use crate::forge::Target;
use crate::identity::{NOW, Person, person};
use crate::support::{Sample, generator, sample};

/// Which prekeys a handshake takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    Pair(usize),
    BundleOnly,
}

/// Somebody who can be written to: what was published, and what is kept as bytes, as in a store.
pub struct Responder {
    pub person: Person,
    pub addresses: Vec<Address>,
    pub manifests: Vec<OwnManifest>,
    pub bundle: SignedBundle,
    stock: SignedStock,
    pairs: Vec<OneTimePair>,
    kept_bundle: Vec<u8>,
    kept_pairs: Vec<Vec<u8>>,
}

pub fn again<T: Wire>(value: &T) -> T {
    T::decode(&value.encode().unwrap()).unwrap()
}

impl Responder {
    pub fn new(seed: u64) -> Self {
        Self::of(person(seed), seed)
    }

    pub fn of(person: Person, seed: u64) -> Self {
        let (mut rng, validity) = (generator(7000 + seed), Validity::starting(NOW, LONGEST));
        let (device, account) = (&person.device, &person.account);
        let (bundle, secret) = Bundle::generate(device, account, seed, validity, &mut rng).unwrap();
        let owner = (account.id(), device.id());
        let (stock, pairs, secrets) = Stock::generate(owner, 1, 2, validity, &mut rng).unwrap();
        let (bundle, stock) = (bundle.sign(device.signing()).unwrap(), stock.sign(device.signing()).unwrap());
        let own = OwnBundle::new(&bundle, secret).unwrap();
        Self {
            addresses: vec!["bob@example.org".parse().unwrap()],
            manifests: vec![OwnManifest::new(account, device.id()).unwrap()],
            kept_bundle: own.encode().unwrap(),
            kept_pairs: secrets.iter().map(|secret| secret.encode().unwrap()).collect(),
            person,
            bundle,
            stock,
            pairs,
        }
    }

    pub fn answer(&self, with: With) -> (ClaimRequest, ClaimAnswer) {
        let owner = &self.person;
        let request = ClaimRequest::new(owner.account.id(), owner.device.id(), &mut generator(3)).unwrap();
        let one_time = match with {
            With::Pair(index) => Some(OneTime { stock: self.stock.clone(), pair: self.pairs[index].clone() }),
            With::BundleOnly => None,
        };
        (request, ClaimAnswer { request: request.request, bundle: self.bundle.clone(), one_time })
    }

    pub fn prekeys(&self, with: With) -> Verified<Prekeys> {
        let (request, answer) = self.answer(with);
        answer.verify(&request, &self.person.account, &PrekeysSeen::default(), NOW).unwrap()
    }

    pub fn target(&self, with: With) -> Target {
        let prekeys = self.prekeys(with);
        let address = self.addresses[0].as_str();
        Target::new(&self.person.account, prekeys.bundle(), prekeys.one_time(), address)
    }

    pub fn own(&self) -> Own<'_> {
        Own {
            account: self.person.account.id(),
            device: &self.person.device,
            addresses: &self.addresses,
            manifests: &self.manifests,
        }
    }

    pub fn kept_bundle(&self) -> OwnBundle {
        OwnBundle::decode(&self.kept_bundle).unwrap()
    }

    pub fn prekey_secret(&self) -> PrekeySecret {
        again(self.kept_bundle().secret())
    }

    /// The keys of a pair, unless they were deleted.
    pub fn kept_pair(&self, place: (u64, u32)) -> Option<OneTimeSecret> {
        let secrets = self.kept_pairs.iter().map(|bytes| OneTimeSecret::decode(bytes).unwrap());
        secrets.into_iter().find(|secret| secret.place() == place)
    }

    pub fn delete_pair(&mut self, place: (u64, u32)) {
        self.kept_pairs.retain(|bytes| OneTimeSecret::decode(bytes).unwrap().place() != place);
    }

    pub fn open(&self, initial: Initial) -> Result<Tentative, HandshakeError> {
        self.open_after(initial, None)
    }

    pub fn open_after(
        &self,
        initial: Initial,
        earlier: Option<&ReplayEntry>,
    ) -> Result<Tentative, HandshakeError> {
        let screened = initial.screen(&self.own(), earlier)?;
        let bundle = self.kept_bundle();
        let bundle = (bundle.secret().number() == screened.bundle()).then_some(&bundle);
        let pair = screened.one_time().and_then(|place| self.kept_pair((place.stock, place.index)));
        screened.open(bundle, pair, NOW)
    }

    /// All of it, with an authentic message.
    pub fn accept(
        &self,
        initial: &[u8],
        message: &[u8],
        from: &Verified<Account>,
    ) -> Result<Accepted, HandshakeError> {
        let (opened, _) = read(self.open(Initial::decode(initial)?)?, message).expect("an authentic message");
        opened.accept(from, None)
    }
}

pub fn seed(number: u8) -> Seed {
    let mut bytes = [number; 32];
    bytes[0] ^= 0xff;
    Seed::from_bytes(bytes).unwrap()
}

pub fn begin(from: &Person, to: &Responder, with: With, number: u8) -> Initiated {
    let sender = Sender::new(&from.account, &from.device).unwrap();
    let recipient = Recipient::new(&to.person.account, to.prekeys(with), &to.addresses[0], None).unwrap();
    initiate(&sender, recipient, seed(number)).unwrap()
}

/// Seals the first message of the first chain, as whoever holds ckA and hkA can.
pub fn write_under([chain, header]: [&Secret<32>; 2], bound: &Hash) -> Vec<u8> {
    let (key, _) = hazmat::chain_step(chain).unwrap();
    let ratchet_key = SecretKey::from_secret(&Secret::new([7; 32])).public_key();
    hazmat::seal_message(&hazmat::Plain {
        header_keys: &hazmat::header_keys(header),
        header: &hazmat::header(ratchet_key, [0, 0, 0], None),
        key: &key,
        random: &Secret::new([8; 32]),
        bound,
        padded: &hazmat::encode_body(&hazmat::Fields::default(), b"hello", 192).unwrap(),
    })
    .unwrap()
}

pub fn read(tentative: Tentative, message: &[u8]) -> Result<(Opened, Vec<u8>), RatchetError> {
    tentative.first_message(|first| open_first(first, message))
}

/// The bytes of the Initial, a message, and the six keys.
pub fn sent(begun: Initiated) -> (Vec<u8>, Vec<u8>, Vec<[u8; 32]>) {
    let initial = begun.awaiting.initial().to_vec();
    let bound = begun.session.associated_data(Direction::FromInitiator);
    let keys = begun.session.into_keys();
    let message = write_under([&keys.chain, &keys.header], &bound);
    (initial, message, exposed(&keys))
}

pub fn exposed(keys: &SessionKeys) -> Vec<[u8; 32]> {
    let SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link } = keys;
    [root, chain, header, next_header_of_responder, next_header_of_initiator, link]
        .map(|key| *key.expose())
        .to_vec()
}

/// Messages for the attacks on the wire format.
pub fn samples() -> Vec<Sample> {
    let (alice, bob) = (person(1), Responder::new(2));
    let begun = begin(&alice, &bob, With::Pair(1), 1);
    let (initial, message, _) = sent(begun);
    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    vec![
        sample(&Initial::decode(&initial).unwrap()),
        sample(&accepted.replay),
        sample(&accepted.answering),
        sample(&accepted.floor),
        sample(&bob.manifests[0]),
        sample(&bob.kept_bundle()),
    ]
}
