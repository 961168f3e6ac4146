//! Vectors of the messages of layer 3: one of each, ways to break any of them, and the rules of their own.

use serde_json::{Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::account::AccountBody;
use sottovoce::identity::chain::{
    AuthorityPath, ForkEvidence, Header, Kind, Link, Manifest, SignedHeader, Subject as _,
};
use sottovoce::identity::ids::{AccountId, RequestId};
use sottovoce::identity::prekeys::{ClaimRequest, Grant, OneTimeSecret, PrekeySecret, PrekeysSeen, Seen};
use sottovoce::identity::trust::ContactTrust;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures::{NOW, account, device_secret};
use crate::make::{File, counting};
use crate::make_prekeys;
use crate::make_wire::{bytes, number};

fn decode(message: &str, bytes: &[u8]) -> Value {
    json!({ "message": message, "bytes": hex::encode(bytes) })
}

/// One message of each type that the library makes; `true` if it has the largest size that there is.
fn samples() -> Vec<(&'static str, Vec<u8>, bool)> {
    fn of<T: Wire>(value: &T) -> (&'static str, Vec<u8>, bool) {
        let bytes = value.encode().unwrap();
        let largest = bytes.len() == T::MAX_BYTES;
        (T::NAME, bytes, largest)
    }
    let account = account();
    let manifest = account.manifest();
    let signed: SignedHeader = manifest.path.headers[0].clone();
    let link = Link { chain: Hash::of(b"1"), previous: Hash::of(b"2"), previous_change: Hash::of(b"3") };
    let path = AuthorityPath { headers: vec![signed.clone()] };
    let evidence = ForkEvidence { kind: Kind::Account, first: path.clone(), second: path.clone() };
    let (claim, bundle, stock) = make_prekeys::samples();
    let one_time = claim.one_time.clone().unwrap();
    let seen = Seen { number: 300, hash: Hash::of(b"") };
    let request = ClaimRequest {
        request: RequestId::from_bytes([1; 16]),
        account: account.id(),
        device: device_secret(1).id(),
    };
    let secret =
        [number(1, 300), bytes(2, &counting(0, 32)), bytes(3, &counting(0, 64)), number(4, NOW)].concat();
    let one_time_secret = [
        number(1, 300),
        number(2, 7),
        bytes(3, &counting(0, 32)),
        bytes(4, &counting(0, 64)),
        number(5, NOW),
    ]
    .concat();
    vec![
        of(&link),
        of(&Header::decode(&signed.header).unwrap()),
        of(&signed),
        of(&path),
        of(&manifest),
        of(&evidence),
        of(&account.devices()[0]),
        of(&AccountBody::decode(&manifest.body).unwrap()),
        of(&bundle),
        of(&claim.bundle),
        of(&stock),
        of(&one_time.stock),
        of(&one_time.pair),
        of(&one_time),
        of(&request),
        of(&claim),
        of(&Grant::renew(None, &request, || Some(one_time.clone()), Timestamp::from_millis(NOW)).unwrap()),
        of(&Grant::renew(None, &request, || None, Timestamp::from_millis(0)).unwrap()),
        of(&seen),
        of(&PrekeysSeen { bundle: Some(seen), stock: None }),
        of(&ContactTrust::first_use(account.fingerprint())),
        of(&device_secret(1)),
        of(&PrekeySecret::decode(&secret).unwrap()),
        of(&OneTimeSecret::decode(&one_time_secret).unwrap()),
    ]
}

/// Those that are made of plain fields.
fn plain() -> Vec<(&'static str, Vec<u8>, bool)> {
    let certificate = certificate("alice@example.org", &validity(NOW, NOW + 1));
    let code = [bytes(1, &counting(1, 32)), bytes(2, &counting(2, 32))].concat();
    let invitation = invitation("example.org");
    let request = [
        bytes(1, &counting(0, 16)),
        bytes(2, &device_secret(2).device().encode().unwrap()),
        bytes(3, &counting(0, 64)),
        bytes(4, &counting(0, 32)),
    ];
    vec![
        ("Validity", validity(NOW, NOW), false),
        ("Endpoint", endpoint("chat.example.org", 65_535), false),
        ("OnlineKey", online_key(&base_point(), &validity(0, MONTH)), false),
        (
            "ServerBody",
            server_body("example.org", &[endpoint("a.b", 1)], &[online_key(&base_point(), &validity(1, 2))]),
            false,
        ),
        ("AddressCertificate", certificate.clone(), false),
        (
            "SignedCertificate",
            [bytes(1, &certificate), bytes(2, &counting(0, 16)), bytes(3, &counting(0, 64))].concat(),
            false,
        ),
        ("VerificationCode", code.clone(), true),
        ("LinkInvitation", invitation.clone(), false),
        ("QrPayload", bytes(1, &code), false),
        ("QrPayload", bytes(2, &invitation), false),
        ("SasStart", bytes(1, &counting(0, 32)), true),
        ("SasAnswer", bytes(1, &counting(0, 32)), true),
        ("SasReveal", bytes(1, &counting(0, 32)), true),
        ("LinkRequest", request.concat(), false),
        ("LinkReveal", [bytes(1, &counting(0, 32)), bytes(2, b"not yet decoded")].concat(), false),
        ("SasInitiating", [1, 2, 3].map(|field| bytes(field, &counting(1, 32))).concat(), true),
        ("SasResponding", [1, 2, 3, 4].map(|field| bytes(field, &counting(1, 32))).concat(), true),
        ("SasComparing", comparing(CODES - 1, 0, 2), false),
        (
            "LinkInviting",
            [
                bytes(1, &counting(0, 32)),
                bytes(2, &counting(0, 16)),
                bytes(3, &counting(0, 32)),
                number(4, NOW),
            ]
            .concat(),
            false,
        ),
        (
            "LinkJoining",
            [
                bytes(1, &invitation),
                bytes(2, &counting(0, 16)),
                bytes(3, &counting(7, 32)),
                bytes(4, &counting(0, 32)),
            ]
            .concat(),
            false,
        ),
        ("LinkComparing", link_comparing(7, 0), false),
        ("LinkAwaiting", awaiting(CODES - 1, 2), false),
        (
            "ContactTrust",
            [bytes(1, &counting(0, 32)), number(2, 1), bytes(3, &counting(1, 32))].concat(),
            true,
        ),
    ]
}

/// Messages of which no field is required.
const MAY_BE_EMPTY: [&str; 6] =
    ["AuthorityPath", "AccountBody", "PrekeysSeen", "HeldItem", "TimerBody", "Recipients"];

/// Each of these messages as it is, and broken in ways that break any of them.
pub fn shapes(file: &mut File, samples: Vec<(&'static str, Vec<u8>, bool)>) {
    for (index, (message, bytes, largest)) in samples.into_iter().enumerate() {
        let name = format!("{message} {index}");
        file.good(&name, "wire.decode", decode(message, &bytes));
        let mut refuse = |what: &str, bytes: &[u8], class: &str| {
            file.bad(&format!("{name}, {what}"), "wire.decode", decode(message, bytes), class);
        };
        if !bytes.is_empty() {
            refuse("cut", &bytes[..bytes.len() - 1], "truncated");
        }
        let class = if largest { "too-large" } else { "unknown-field" };
        refuse("a byte more", &[bytes.as_slice(), &[0]].concat(), class);
        if MAY_BE_EMPTY.contains(&message) {
            file.good(&format!("{name}, empty"), "wire.decode", decode(message, &[]));
        } else {
            refuse("empty", &[], "missing");
        }
    }
}

pub fn messages() -> File {
    let mut file = File::new("4.18", "messages of layer 3");
    shapes(&mut file, samples().into_iter().chain(plain()).collect());
    for (name, message, bytes, class) in own_rules() {
        match class {
            "" => drop(file.good(name, "wire.decode", decode(message, &bytes))),
            class => file.bad(name, "wire.decode", decode(message, &bytes), class),
        }
    }
    let too_many = |element: Vec<u8>, count: usize| element.repeat(count);
    let header = bytes(
        1,
        &Manifest::decode(&account().manifest().encode().unwrap()).unwrap().path.headers[0].encode().unwrap(),
    );
    file.bad(
        "a path of 65 headers",
        "wire.decode",
        decode("AuthorityPath", &too_many(header, 65)),
        "too-many",
    );
    let device = bytes(1, &device_secret(1).device().encode().unwrap());
    file.bad("17 devices", "wire.decode", decode("AccountBody", &too_many(device, 17)), "too-large");
    file
}

const MONTH: u64 = 30 * 24 * 60 * 60 * 1000;

fn base_point() -> Vec<u8> {
    hex::decode("58".to_owned() + &"66".repeat(31)).unwrap()
}

fn validity(from: u64, until: u64) -> Vec<u8> {
    [number(1, from), number(2, until)].concat()
}

fn endpoint(host: &str, port: u64) -> Vec<u8> {
    [bytes(1, host.as_bytes()), number(2, port)].concat()
}

fn online_key(key: &[u8], validity: &[u8]) -> Vec<u8> {
    [bytes(1, key), bytes(2, validity)].concat()
}

fn server_body(domain: &str, endpoints: &[Vec<u8>], keys: &[Vec<u8>]) -> Vec<u8> {
    let endpoints = endpoints.iter().flat_map(|endpoint| bytes(2, endpoint));
    let keys = keys.iter().flat_map(|key| bytes(3, key));
    bytes(1, domain.as_bytes()).into_iter().chain(endpoints).chain(keys).collect()
}

fn certificate(address: &str, validity: &[u8]) -> Vec<u8> {
    [bytes(1, address.as_bytes()), bytes(2, &counting(0, 32)), bytes(3, &counting(1, 32)), bytes(4, validity)]
        .concat()
}

fn invitation(domain: &str) -> Vec<u8> {
    [
        bytes(1, domain.as_bytes()),
        bytes(2, &counting(0, 32)),
        bytes(3, &counting(1, 16)),
        bytes(4, &counting(1, 32)),
    ]
    .concat()
}

/// Codes are below this.
const CODES: u64 = 1_000_000_000;

fn comparing(shown: u64, expected: u64, wrong: u64) -> Vec<u8> {
    [number(1, shown), number(2, expected), number(3, wrong), bytes(4, &counting(0, 32))].concat()
}

fn link_comparing(expected: u64, flip: u8) -> Vec<u8> {
    let newcomer = device_secret(2).possess(AccountId::from_bytes([3; 32]));
    let mut possession = *newcomer.possession().as_bytes();
    possession[5] ^= flip;
    let device = newcomer.device().encode().unwrap();
    let codes = [number(1, 1), number(2, expected), number(3, 1)].concat();
    [codes, bytes(4, &[3; 32]), bytes(5, &device), bytes(6, &possession)].concat()
}

fn awaiting(shown: u64, wrong: u64) -> Vec<u8> {
    let codes = [number(1, shown), number(2, 1), number(3, wrong)].concat();
    [codes, bytes(4, &counting(0, 32)), bytes(5, &counting(0, 16))].concat()
}

/// A name, a message type, its bytes, and the class, which is empty if they are accepted.
type Own = (&'static str, &'static str, Vec<u8>, &'static str);

fn own_rules() -> Vec<Own> {
    let month = validity(5, 5 + MONTH);
    let longer = validity(5, 6 + MONTH);
    let reversed = validity(6, 5);
    let (good, key) = (endpoint("a.b", 1), online_key(&base_point(), &month));
    let zero = vec![0; 32];
    let mut cases = vec![
        ("validity of a moment", "Validity", validity(7, 7), ""),
        ("validity reversed", "Validity", reversed.clone(), "bad-value"),
        ("validity of all time", "Validity", validity(0, u64::MAX), ""),
        ("port 0", "Endpoint", endpoint("a.b", 0), "bad-value"),
        ("port 65536", "Endpoint", endpoint("a.b", 65_536), "bad-value"),
        ("host of one label", "Endpoint", endpoint("localhost", 1), "bad-value"),
        ("host that is an address", "Endpoint", endpoint("127.0.0.1", 1), "bad-value"),
        ("host in upper case", "Endpoint", endpoint("A.b", 1), "bad-value"),
        ("online key of a month", "OnlineKey", key.clone(), ""),
        ("online key of more", "OnlineKey", online_key(&base_point(), &longer), "bad-value"),
        ("online key of small order", "OnlineKey", online_key(&zero, &month), "invalid-key"),
        ("a bad key before a bad validity", "OnlineKey", online_key(&zero, &reversed), "invalid-key"),
        (
            "server without endpoints",
            "ServerBody",
            server_body("a.b", &[], std::slice::from_ref(&key)),
            "bad-value",
        ),
        (
            "server without keys",
            "ServerBody",
            server_body("a.b", std::slice::from_ref(&good), &[]),
            "bad-value",
        ),
        (
            "server with one key twice",
            "ServerBody",
            server_body("a.b", std::slice::from_ref(&good), &[key.clone(), key.clone()]),
            "bad-value",
        ),
        (
            "server with one endpoint twice",
            "ServerBody",
            server_body("a.b", &[good.clone(), good.clone()], std::slice::from_ref(&key)),
            "",
        ),
        (
            "server with eight endpoints",
            "ServerBody",
            server_body("a.b", &vec![good.clone(); 8], std::slice::from_ref(&key)),
            "",
        ),
        (
            "server with nine endpoints",
            "ServerBody",
            server_body("a.b", &vec![good.clone(); 9], std::slice::from_ref(&key)),
            "too-many",
        ),
        (
            "server with five keys",
            "ServerBody",
            server_body("a.b", std::slice::from_ref(&good), &vec![key.clone(); 5]),
            "too-many",
        ),
        (
            "server whose domain is none",
            "ServerBody",
            server_body("a", std::slice::from_ref(&good), std::slice::from_ref(&key)),
            "bad-value",
        ),
        ("certificate of a month", "AddressCertificate", certificate("a@b.c", &month), ""),
        ("certificate of more", "AddressCertificate", certificate("a@b.c", &longer), "bad-value"),
        ("certificate reversed", "AddressCertificate", certificate("a@b.c", &reversed), "bad-value"),
        ("certificate of no address", "AddressCertificate", certificate("a@b", &month), "bad-value"),
        (
            "certificate of an address in upper case",
            "AddressCertificate",
            certificate("A@b.c", &month),
            "bad-value",
        ),
        ("invitation to no domain", "LinkInvitation", invitation("example"), "bad-value"),
        (
            "a contact changed to itself",
            "ContactTrust",
            [bytes(1, &counting(1, 32)), number(2, 0), bytes(3, &counting(1, 32))].concat(),
            "bad-value",
        ),
        ("a shown code of ten digits", "SasComparing", comparing(CODES, 0, 0), "bad-value"),
        ("an expected code of ten digits", "SasComparing", comparing(0, CODES, 0), "bad-value"),
        ("three wrong codes", "SasComparing", comparing(0, 0, 3), "bad-value"),
        ("wrong codes beyond a byte", "SasComparing", comparing(0, 0, 256), "bad-value"),
        ("a linking with a code of ten digits", "LinkComparing", link_comparing(CODES, 0), "bad-value"),
        ("a linking without possession", "LinkComparing", link_comparing(7, 1), "invalid-signature"),
        ("a joining with a code of ten digits", "LinkAwaiting", awaiting(CODES, 0), "bad-value"),
        ("a joining with three wrong codes", "LinkAwaiting", awaiting(0, 3), "bad-value"),
        (
            "payload of two kinds",
            "QrPayload",
            [bytes(1, &[bytes(1, &zero), bytes(2, &zero)].concat()), bytes(2, &invitation("a.b"))].concat(),
            "duplicate",
        ),
    ];
    cases.extend(prekey_rules(&month, &longer, &reversed));
    cases
}

fn prekey_rules(month: &[u8], longer: &[u8], reversed: &[u8]) -> Vec<Own> {
    let device = device_secret(1);
    let agreement = device.device().agreement().as_bytes().to_vec();
    let kem = device.device().kem().as_bytes().to_vec();
    let mut wrong_kem = kem.clone();
    wrong_kem[..3].fill(0xff);
    let bundle = |suite: u64, validity: &[u8], agreement: &[u8], kem: &[u8]| {
        let keys = [bytes(9, agreement), bytes(10, kem)].concat();
        let names = [
            bytes(2, &counting(0, 32)),
            bytes(3, &counting(0, 16)),
            number(4, 0),
            number(5, 0),
            bytes(6, &counting(0, 32)),
        ]
        .concat();
        [number(1, suite), names, number(7, u64::MAX), bytes(8, validity), keys].concat()
    };
    let stock = |suite: u64, depth: u64, validity: &[u8]| {
        let names =
            [bytes(2, &counting(0, 32)), bytes(3, &counting(0, 16)), number(4, 1), number(5, depth)].concat();
        [number(1, suite), names, bytes(6, validity), bytes(7, &counting(0, 32))].concat()
    };
    let pair = |agreement: &[u8], kem: &[u8], proof: usize| {
        [number(1, 0), bytes(2, agreement), bytes(3, kem), bytes(4, &counting(0, 32)).repeat(proof)].concat()
    };
    let zero = [0; 32];
    vec![
        ("bundle", "Bundle", bundle(1, month, &agreement, &kem), ""),
        ("bundle of suite 0", "Bundle", bundle(0, month, &agreement, &kem), "unknown-suite"),
        ("bundle of suite 2", "Bundle", bundle(2, reversed, &zero, &kem), "unknown-suite"),
        ("bundle of suite 65537", "Bundle", bundle(65_537, month, &agreement, &kem), "unknown-suite"),
        ("bundle of more than a month", "Bundle", bundle(1, longer, &zero, &kem), "bad-value"),
        ("bundle with a low-order key", "Bundle", bundle(1, month, &zero, &wrong_kem), "invalid-key"),
        (
            "bundle with a key beyond the modulus",
            "Bundle",
            bundle(1, month, &agreement, &wrong_kem),
            "invalid-key",
        ),
        ("stock of depth 10", "Stock", stock(1, 10, month), ""),
        ("stock of depth 11", "Stock", stock(1, 11, month), "bad-value"),
        ("stock of depth 64", "Stock", stock(1, 64, month), "bad-value"),
        ("stock of suite 2", "Stock", stock(2, 11, month), "unknown-suite"),
        ("stock of more than a month", "Stock", stock(1, 0, longer), "bad-value"),
        ("pair with ten hashes", "OneTimePair", pair(&agreement, &kem, 10), ""),
        ("pair with eleven hashes", "OneTimePair", pair(&agreement, &kem, 11), "too-large"),
        ("pair with a low-order key", "OneTimePair", pair(&zero, &kem, 0), "invalid-key"),
        ("pair with a key beyond the modulus", "OneTimePair", pair(&agreement, &wrong_kem, 0), "invalid-key"),
    ]
}
