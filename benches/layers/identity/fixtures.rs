//! Accounts, claims and certificates to verify.

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::ed25519;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::label;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::{
    Author, Authorities, AuthorityPath, Header, Kind, Link, Manifest, Order, SignedHeader,
};
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, OneTime, Stock};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn rng(number: u64) -> Generator {
    let mut seed = [5; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(seed).unwrap().into_generator()
}

fn recovery() -> RecoveryKey {
    RecoveryKey::from_entropy(Secret::new([7; 32]))
}

/// A manifest with a path of so many headers and so many devices, of which the first manages.
pub fn account(steps: u64, devices: u64) -> Manifest {
    let mut secrets: Vec<_> =
        (0..devices).map(|number| DeviceSecret::generate(&mut rng(number)).unwrap()).collect();
    secrets.sort_by_key(DeviceSecret::id);
    let manager = &secrets[0];
    let body: Vec<u8> =
        secrets.iter().flat_map(|secret| entry(secret, secret.id() == manager.id())).collect();
    let mut headers: Vec<SignedHeader> = Vec::new();
    for step in 0..steps {
        // In between, other authorities come and go: their bodies are not part of the path.
        let other = (step + 1 < steps).then(|| Hash::of(&step.to_be_bytes()));
        let managers = other.into_iter().chain([*manager.signing().public_key().pair()]).collect();
        let base = headers.last().map(SignedHeader::hash);
        let link = base.map(|base| Link { chain: headers[0].hash(), previous: base, previous_change: base });
        let header = Header {
            kind: Kind::Account,
            link,
            order: Order { term: 0, version: step },
            issued_at: NOW,
            refresh_after: NOW,
            authorities: Authorities::new(vec![recovery().pair()], managers).unwrap(),
            body_hash: Hasher::new(label::hash::BODY).last(&body),
        };
        let key = recovery();
        let key = if step == 0 { key.signing() } else { manager.signing() };
        headers.push(SignedHeader::sign(&header, key).unwrap());
    }
    let id = AccountId::from_bytes(*headers[0].hash().as_bytes());
    let possessions = secrets.iter().map(|secret| *secret.possess(id).possession()).collect();
    Manifest { path: AuthorityPath { headers }, body, possessions }
}

/// A device in a body: its entry with tag and length, which takes two bytes.
fn entry(secret: &DeviceSecret, manages: bool) -> Vec<u8> {
    let mut entry = secret.device().encode().unwrap();
    let at = entry.len() - 5;
    assert_eq!(entry[at - 1], 0x20, "the tag of the capabilities");
    entry[at] = u8::from(manages);
    let length = u16::try_from(entry.len()).unwrap();
    let length = [length.to_le_bytes()[0] | 0x80, (length >> 7).to_le_bytes()[0]];
    [vec![0x0a], length.to_vec(), entry].concat()
}

pub fn claim(depth: u32) -> (Verified<Account>, ClaimRequest, ClaimAnswer) {
    let (device, recovery, mut rng) = (DeviceSecret::generate(&mut rng(1)).unwrap(), recovery(), rng(99));
    let author = Author { key: recovery.signing(), issued_at: NOW, refresh_after: NOW };
    let account = Verified::<Account>::found(&author, &device).unwrap();
    let validity = Validity::starting(NOW, LONGEST);
    let (bundle, _) = Bundle::generate(&device, &account, 1, validity, &mut rng).unwrap();
    let (stock, pairs, _) =
        Stock::generate((account.id(), device.id()), 1, depth, validity, &mut rng).unwrap();
    let request = ClaimRequest::new(account.id(), device.id(), &mut rng).unwrap();
    let one_time = OneTime { stock: stock.sign(device.signing()).unwrap(), pair: pairs[77].clone() };
    let bundle = bundle.sign(device.signing()).unwrap();
    (account, request, ClaimAnswer { request: request.request, bundle, one_time: Some(one_time) })
}

pub fn certificate() -> (Verified<Server>, SignedCertificate) {
    let (key, root) = (ed25519::SecretKey::from_seed(&Secret::new([3; 32])), recovery());
    let validity = Validity::starting(NOW, LONGEST);
    let body = ServerBody {
        domain: "example.org".parse().unwrap(),
        endpoints: vec![Endpoint { host: "example.org".parse().unwrap(), port: 443.try_into().unwrap() }],
        online_keys: vec![OnlineKey { key: key.public_key(), validity }],
    };
    let author = Author { key: root.signing(), issued_at: NOW, refresh_after: NOW };
    let authorities = Authorities::new(vec![root.pair()], Vec::new()).unwrap();
    let server = Verified::<Server>::found(&author, authorities, &body).unwrap();
    let certificate = AddressCertificate {
        address: "alice@example.org".parse().unwrap(),
        account: AccountId::from_bytes([1; 32]),
        server: server.id(),
        validity,
    };
    let signed = certificate.sign(&key).unwrap();
    (server, signed)
}
