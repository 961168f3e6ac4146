//! Attacks on identities: accounts, devices, prekeys, contacts, linking.

mod bits;
mod chains;
mod contacts;
mod devices;
mod linking;
mod prekeys;
mod stolen_device;

use sottovoce::crypto::hybrid;
use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::AddressCertificate;
use sottovoce::identity::chain::{Author, Authorities, Manifest};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::prekeys::{Bundle, ClaimRequest};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::trust::ContactTrust;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::support::{Sample, generator, sample};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub fn author(key: &hybrid::SecretKey) -> Author<'_> {
    at(key, NOW)
}

pub fn at(key: &hybrid::SecretKey, now: Timestamp) -> Author<'_> {
    Author { key, issued_at: now, refresh_after: now.plus(Span::from_days(7)) }
}

/// Someone with a recovery key and a first device.
pub struct Person {
    pub recovery: RecoveryKey,
    pub device: DeviceSecret,
    pub account: Verified<Account>,
}

pub fn person(seed: u64) -> Person {
    let mut rng = generator(seed);
    let recovery = RecoveryKey::generate(&mut rng).unwrap();
    let device = DeviceSecret::generate(&mut rng).unwrap();
    let account = Verified::<Account>::found(&author(recovery.signing()), &device).unwrap();
    Person { recovery, device, account }
}

pub fn device(seed: u64) -> DeviceSecret {
    DeviceSecret::generate(&mut generator(1000 + seed)).unwrap()
}

/// `account` with another device, signed by `by`.
pub fn with_device(
    account: &Verified<Account>,
    new: &DeviceSecret,
    capabilities: Capabilities,
    by: &hybrid::SecretKey,
) -> Verified<Account> {
    let mut draft = Draft::after(account);
    draft.add(new.possess(account.id()), capabilities).unwrap();
    draft.sign(&author(by)).unwrap()
}

/// What a peer makes of bytes.
pub fn received(bytes: &[u8]) -> Result<Verified<Account>, IdentityError> {
    Manifest::decode(bytes)?.verify()
}

/// Messages for the attacks on the wire format.
pub fn samples() -> Vec<Sample> {
    let owner = person(1);
    let (server, key) = server(1);
    let validity = Validity::starting(NOW, LONGEST);
    let certificate = AddressCertificate {
        address: "alice@example.org".parse().unwrap(),
        account: owner.account.id(),
        server: server.id(),
        validity,
    };
    let mut rng = generator(4);
    let (bundle, _) = Bundle::generate(&owner.device, &owner.account, 1, validity, &mut rng).unwrap();
    let (bundle, device) = (bundle.sign(owner.device.signing()).unwrap(), owner.account.devices()[0].clone());
    vec![
        sample(&device),
        sample(&certificate.sign(&key).unwrap()),
        sample(&Bundle::decode(&bundle.bundle).unwrap()),
        sample(&bundle),
        sample(&ClaimRequest::new(owner.account.id(), device.id(), &mut rng).unwrap()),
    ]
}

/// A server for `example.org`, and its online key.
pub fn server(seed: u64) -> (Verified<Server>, sottovoce::crypto::ed25519::SecretKey) {
    let mut rng = generator(2000 + seed);
    let root = hybrid::SecretKey::generate(&mut rng).unwrap();
    let online = sottovoce::crypto::ed25519::SecretKey::generate(&mut rng).unwrap();
    let key = OnlineKey { key: online.public_key(), validity: Validity::starting(NOW, LONGEST) };
    let endpoint = Endpoint { host: "example.org".parse().unwrap(), port: 443.try_into().unwrap() };
    let body = ServerBody {
        domain: "example.org".parse().unwrap(),
        endpoints: vec![endpoint],
        online_keys: vec![key],
    };
    let authorities = Authorities::new(vec![*root.public_key().pair()], Vec::new()).unwrap();
    (Verified::<Server>::found(&author(&root), authorities, &body).unwrap(), online)
}

/// The pin of a domain that leads to this server.
pub fn pin(server: &Verified<Server>) -> ContactTrust {
    ContactTrust::first_use(server.fingerprint())
}
