//! Vectors of chains: headers, authority paths, following, accounts, servers, certificates.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hybrid, label};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::AddressCertificate;
use sottovoce::identity::chain::{
    Author, Authorities, AuthorityPath, ForkEvidence, Header, Kind, Link, Manifest, Order, SignedHeader,
    Subject as _,
};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, ServerId};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{OnlineKey, ServerBody};
use sottovoce::identity::validity::Validity;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire;

use crate::inputs::Fixed;
use crate::make::{File, counting, flipped};
use crate::make_wire::bytes;

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

fn pair(key: &hybrid::SecretKey) -> Hash {
    *key.public_key().pair()
}

fn authorities(recovery: &[u8], device: &[u8]) -> Authorities {
    let pairs = |seeds: &[u8]| seeds.iter().map(|seed| pair(&hybrid_key(*seed))).collect();
    Authorities::new(pairs(recovery), pairs(device)).unwrap()
}

fn online_key(validity: Validity) -> (ed25519::SecretKey, OnlineKey) {
    let key = ed25519::SecretKey::from_seed(&Secret::new([77; 32]));
    let public = OnlineKey { key: key.public_key(), validity };
    (key, public)
}

fn month() -> Validity {
    Validity::starting(Timestamp::from_millis(NOW), Span::from_days(30))
}

fn server_body() -> ServerBody {
    let endpoint = sottovoce::identity::server::Endpoint {
        host: "chat.example.org".parse().unwrap(),
        port: 443.try_into().unwrap(),
    };
    let (_, key) = online_key(month());
    ServerBody { domain: "example.org".parse().unwrap(), endpoints: vec![endpoint], online_keys: vec![key] }
}

fn body_hash() -> Hash {
    Hasher::new(label::hash::BODY).last(&server_body().encode().unwrap())
}

/// The genesis of a server: recovery key 10, operators as given.
fn genesis(operators: &[u8]) -> Header {
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
fn after(
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

fn sign(header: &Header, seed: u8) -> SignedHeader {
    SignedHeader::sign(header, &hybrid_key(seed)).unwrap()
}

fn manifest(path: &[&SignedHeader]) -> Manifest {
    let headers = path.iter().map(|header| (*header).clone()).collect();
    Manifest {
        path: AuthorityPath { headers },
        body: server_body().encode().unwrap(),
        possessions: Vec::new(),
    }
}

fn verify(kind: u8, manifest: &impl Wire) -> Value {
    json!({ "kind": kind, "manifest": hex(manifest.encode().unwrap()) })
}

fn server(path: &[&SignedHeader]) -> Value {
    verify(2, &manifest(path))
}

const ELSEWHERE: Option<Hash> = Some(Hash::from_bytes([9; 32]));

pub fn chain() -> File {
    let mut file = File::new("4.4", "headers, authority paths and manifests");
    let header = genesis(&[11]);
    let input = json!({ "seed": hex(counting(10, 64)), "header": hex(header.encode().unwrap()) });
    file.good("sign a genesis", "header.sign", input);
    headers(&mut file, &header);
    good_paths(&mut file);
    bad_genesis(&mut file);
    bad_successors(&mut file);
    bad_recoveries(&mut file);
    accounts(&mut file);
    file
}

/// §4.3: rules for one header.
fn headers(file: &mut File, genesis: &Header) {
    let mut refuse = |name: &str, bytes: Vec<u8>| {
        let input = json!({ "seed": hex(counting(10, 64)), "header": hex(bytes) });
        file.bad(&format!("header: {name}"), "header.sign", input, "bad-value");
    };
    let with = |order: Order, refresh: u64| {
        let refresh_after = Timestamp::from_millis(refresh);
        Header { order, refresh_after, ..genesis.clone() }.encode().unwrap()
    };
    refuse("genesis of term 1", with(Order { term: 1, version: 0 }, NOW + 1));
    refuse("genesis of version 1", with(Order { term: 0, version: 1 }, NOW + 1));
    refuse("refresh before issue", with(Order { term: 0, version: 0 }, NOW - 1));
    // Lists of authorities that the type cannot hold, spliced into the encoding.
    let (a, b) = (pair(&hybrid_key(11)), pair(&hybrid_key(12)));
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let encoded = genesis.encode().unwrap();
    let at = encoded.windows(2).position(|two| two == [0x3a, 32]).unwrap();
    let splice = |recovery: &[Hash], device: &[Hash]| {
        let field = |tag: u8, pair: &Hash| [&[tag, 32], pair.as_bytes().as_slice()].concat();
        let recovery = recovery.iter().flat_map(|pair| field(0x3a, pair));
        let device = device.iter().flat_map(|pair| field(0x42, pair));
        [encoded[..at].to_vec(), recovery.collect(), device.collect(), encoded[at + 68..].to_vec()].concat()
    };
    assert_eq!(splice(&[pair(&hybrid_key(10))], &[pair(&hybrid_key(11))]), encoded);
    refuse("no recovery authority", splice(&[], &[low]));
    refuse("recovery authorities descending", splice(&[high, low], &[]));
    refuse("recovery authority twice", splice(&[low, low], &[]));
    refuse("device authorities descending", splice(&[pair(&hybrid_key(10))], &[high, low]));
    refuse("device authority twice", splice(&[pair(&hybrid_key(10))], &[low, low]));
    refuse("one authority in both ranks", splice(&[low], &[low, high]));
}

fn good_paths(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    file.good("genesis", op, server(&[&root]));
    let plain = sign(&after(&root, &root, 0, 1, None), 11);
    file.good("a change of the body", op, server(&[&root, &plain]));
    let far = sign(&after(&root, &root, 0, 9, ELSEWHERE), 11);
    file.good("the ninth change of the body", op, server(&[&root, &far]));
    let change =
        sign(&Header { authorities: authorities(&[10], &[11, 12]), ..after(&root, &root, 0, 1, None) }, 11);
    file.good("another operator", op, server(&[&root, &change]));
    let by_the_new = sign(&after(&root, &change, 0, 4, ELSEWHERE), 12);
    file.good("signed by the other operator", op, server(&[&root, &change, &by_the_new]));
    let last = sign(&after(&root, &root, 0, u64::MAX, ELSEWHERE), 11);
    file.good("the highest version", op, server(&[&root, &last]));
    let recovery =
        sign(&Header { authorities: authorities(&[10], &[13]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    file.good("a recovery", op, server(&[&root, &recovery]));
    let after_it = sign(&after(&root, &recovery, 1, 1, None), 13);
    file.good("a change after a recovery", op, server(&[&root, &recovery, &after_it]));
    let late = sign(&after(&root, &root, 5, 0, ELSEWHERE), 10);
    file.good("the fifth recovery", op, server(&[&root, &late]));
    let rotation =
        sign(&Header { authorities: authorities(&[14, 15], &[11]), ..after(&root, &root, 1, 0, None) }, 10);
    file.good("a rotation", op, server(&[&root, &rotation]));
    let next = sign(&after(&root, &rotation, 2, 0, ELSEWHERE), 15);
    file.good("a recovery after a rotation", op, server(&[&root, &rotation, &next]));
    let back =
        sign(&Header { authorities: authorities(&[10], &[11]), ..after(&root, &rotation, 2, 0, None) }, 14);
    file.good("a rotation back", op, server(&[&root, &rotation, &back]));
    let last = sign(&after(&root, &root, u32::MAX, 0, ELSEWHERE), 10);
    file.good("the highest term", op, server(&[&root, &last]));
}

fn bad_genesis(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    file.bad("empty path", op, server(&[]), "bad-path");
    file.bad("genesis signed by an operator", op, server(&[&sign(&genesis(&[11]), 11)]), "unauthorised");
    file.bad("genesis signed by a stranger", op, server(&[&sign(&genesis(&[11]), 19)]), "unauthorised");
    file.bad("a server as an account", op, verify(1, &manifest(&[&root])), "wrong-kind");
    file.bad("an account as a server", op, verify(2, &account().manifest()), "wrong-kind");
    let orphan = sign(&after(&root, &root, 0, 1, None), 11);
    file.bad("starts with a successor", op, server(&[&orphan]), "bad-path");
    file.bad("a second genesis", op, server(&[&root, &root]), "bad-path");
    let mut other = manifest(&[&root]);
    other.body = ServerBody { domain: "example.net".parse().unwrap(), ..server_body() }.encode().unwrap();
    file.bad("another body", op, verify(2, &other), "bad-body");
    other.body = Vec::new();
    file.bad("no body", op, verify(2, &other), "bad-body");
    let mut other = manifest(&[&root]);
    other.possessions = vec![ed25519::Signature::from_bytes(&[0; 64]).unwrap()];
    file.bad("a server with a possession", op, verify(2, &other), "no-possession");
    let body = AccountId::from_bytes([1; 32]).as_bytes().to_vec();
    let hash = Hasher::new(label::hash::BODY).last(&body);
    let strange = sign(&Header { body_hash: hash, ..genesis(&[11]) }, 10);
    let input = verify(2, &Manifest { body, ..manifest(&[&strange]) });
    file.bad("a body that is no message", op, input, "unknown-field");
    for (name, at) in [("Ed25519 half", 20), ("ML-DSA half", 1000)] {
        let mut forged = root.clone();
        let bytes = hex::decode(flipped(&hex(forged.signature.encode().unwrap()), at)).unwrap();
        forged.signature = hybrid::Signature::decode(&bytes).unwrap();
        file.bad(&format!("genesis, {name} forged"), op, server(&[&forged]), "invalid-signature");
    }
    let forged = SignedHeader { header: genesis(&[11, 12]).encode().unwrap(), ..root };
    file.bad("genesis with a signature over another", op, server(&[&forged]), "invalid-signature");
}

fn bad_successors(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    let good = after(&root, &root, 0, 1, None);
    let link = good.link.unwrap();
    let mut refuse = |name: &str, header: &Header, signer: u8, class: &str| {
        file.bad(name, op, server(&[&root, &sign(header, signer)]), class);
    };
    refuse("signed by a stranger", &good, 19, "unauthorised");
    refuse(
        "signed by the operator that it adds",
        &Header { authorities: authorities(&[10], &[11, 12]), ..good.clone() },
        12,
        "unauthorised",
    );
    refuse(
        "an operator adds a recovery key",
        &Header { authorities: authorities(&[10, 14], &[11]), ..good.clone() },
        11,
        "unauthorised",
    );
    refuse(
        "an operator replaces the recovery key",
        &Header { authorities: authorities(&[14], &[11]), ..good.clone() },
        11,
        "unauthorised",
    );
    refuse("an operator opens a term", &after(&root, &root, 1, 0, None), 11, "bad-path");
    refuse("an operator raises the term", &after(&root, &root, 1, 1, None), 11, "bad-path");
    refuse("version 0 again", &after(&root, &root, 0, 0, None), 11, "bad-path");
    let chain = Link { chain: Hash::from_bytes([5; 32]), ..link };
    refuse("another chain", &Header { link: Some(chain), ..good.clone() }, 11, "bad-path");
    let previous_change = Link { previous_change: Hash::from_bytes([5; 32]), ..link };
    refuse(
        "another previous change",
        &Header { link: Some(previous_change), ..good.clone() },
        11,
        "bad-path",
    );
    refuse("version 1 on an unknown previous", &after(&root, &root, 0, 1, ELSEWHERE), 11, "bad-path");
    refuse("version 2 on version 0", &after(&root, &root, 0, 2, None), 11, "bad-path");
    refuse("of another kind", &Header { kind: Kind::Account, ..good.clone() }, 11, "wrong-kind");
    let change = sign(&Header { authorities: authorities(&[10], &[12]), ..good.clone() }, 11);
    let plain = sign(&good, 11);
    let mut refuse =
        |name: &str, path: &[&SignedHeader], class: &str| file.bad(name, op, server(path), class);
    let removed = sign(&after(&root, &change, 0, 2, None), 11);
    refuse("signed by an operator that was removed", &[&root, &change, &removed], "unauthorised");
    let on_plain = sign(&after(&root, &plain, 0, 2, None), 11);
    refuse("a header in between that changes nothing", &[&root, &plain, &on_plain], "bad-path");
    let lower = sign(&after(&root, &change, 0, 1, ELSEWHERE), 12);
    refuse("the same version again", &[&root, &change, &lower], "bad-path");
    refuse("the same header twice", &[&root, &change, &change], "bad-path");
    refuse("a change left out", &[&root, &sign(&after(&root, &change, 0, 2, None), 12)], "bad-path");
    let forged = SignedHeader { signature: root.signature.clone(), ..plain.clone() };
    refuse("the signature of another header", &[&root, &forged], "invalid-signature");
    let first_forged = SignedHeader { signature: change.signature.clone(), ..root.clone() };
    refuse("a forged genesis under a good successor", &[&first_forged, &change], "invalid-signature");
    let both = SignedHeader { signature: root.signature.clone(), ..removed.clone() };
    refuse("a removed operator before a forged signature", &[&root, &change, &both], "unauthorised");
    let both = SignedHeader { signature: root.signature.clone(), ..on_plain.clone() };
    refuse("a superfluous header before a forged signature", &[&root, &plain, &both], "bad-path");
    let headers = vec![&root; 64];
    refuse("sixty-four headers", &headers, "bad-path");
}

fn bad_recoveries(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    let mut refuse =
        |name: &str, path: &[&SignedHeader], class: &str| file.bad(name, op, server(path), class);
    let within = sign(&after(&root, &root, 0, 1, None), 10);
    refuse("a recovery key within the term", &[&root, &within], "bad-path");
    let late = sign(&after(&root, &root, 1, 1, None), 10);
    refuse("a recovery that is no head", &[&root, &late], "bad-path");
    let change =
        sign(&Header { authorities: authorities(&[10], &[12]), ..after(&root, &root, 0, 1, None) }, 11);
    let on_change = sign(&after(&root, &change, 1, 0, None), 10);
    refuse("a recovery on a change", &[&root, &change, &on_change], "bad-path");
    let first = sign(&after(&root, &root, 1, 0, None), 10);
    let second = sign(&after(&root, &first, 2, 0, None), 10);
    refuse("a recovery on one that is no rotation", &[&root, &first, &second], "bad-path");
    let rotation =
        sign(&Header { authorities: authorities(&[14], &[11]), ..after(&root, &root, 3, 0, None) }, 10);
    let lower = sign(&after(&root, &rotation, 3, 0, None), 14);
    refuse("a recovery of the same term", &[&root, &rotation, &lower], "bad-path");
    let lower = sign(&after(&root, &rotation, 2, 0, None), 14);
    refuse("a recovery of a lower term", &[&root, &rotation, &lower], "bad-path");
    let old = sign(&after(&root, &rotation, 4, 0, None), 10);
    refuse("a recovery by the key that was replaced", &[&root, &rotation, &old], "unauthorised");
    let top = sign(
        &Header { authorities: authorities(&[14], &[11]), ..after(&root, &root, u32::MAX, 0, None) },
        10,
    );
    let beyond = sign(&after(&root, &top, 0, 0, None), 14);
    refuse("a recovery beyond the highest term", &[&root, &top, &beyond], "bad-path");
}

/// §4.7: bodies and possessions.
fn accounts(file: &mut File) {
    let op = "manifest.verify";
    let (one, two) = (account(), account_of_two());
    file.good("account with one device", op, verify(1, &one.manifest()));
    file.good("account with two devices", op, verify(1, &two.manifest()));
    let key = recovery_key();
    let mut draft = Draft::recovering(&two);
    draft.add(device_secret(3).possess(two.id()), Capabilities::from_bits(0x8001)).unwrap();
    let recovered = draft.sign(&author(key.signing())).unwrap();
    file.good("account recovered, unknown capability", op, verify(1, &recovered.manifest()));
    let draft = Draft::recovering(&one);
    let empty = draft.sign(&author(key.signing())).unwrap();
    file.good("account without devices", op, verify(1, &empty.manifest()));

    let mut refuse =
        |name: &str, manifest: &Manifest, class: &str| file.bad(name, op, verify(1, manifest), class);
    let none = Manifest { possessions: Vec::new(), ..one.manifest() };
    refuse("no possession", &none, "no-possession");
    let [first, second] = two.manifest().possessions.try_into().unwrap();
    refuse(
        "possessions exchanged",
        &Manifest { possessions: vec![second, first], ..two.manifest() },
        "no-possession",
    );
    refuse(
        "one possession for two devices",
        &Manifest { possessions: vec![first], ..two.manifest() },
        "no-possession",
    );
    refuse(
        "two possessions for one device",
        &Manifest { possessions: vec![first, first], ..one.manifest() },
        "no-possession",
    );
    let elsewhere = device_secret(1).possess(AccountId::from_bytes([4; 32]));
    refuse(
        "possession for another account",
        &Manifest { possessions: vec![*elsewhere.possession()], ..one.manifest() },
        "no-possession",
    );
    for (name, managers) in [
        ("a device that manages and is no authority", vec![]),
        ("an authority that is no device", vec![1, 2]),
        ("an authority that is another device", vec![2]),
    ] {
        refuse(name, &inconsistent(&managers), "bad-body");
    }
    refuse("a device that is a recovery authority", &device_as_recovery(), "bad-body");
    let bodies = |body: Vec<u8>| {
        let mut header = account_genesis(&[]);
        header.body_hash = Hasher::new(label::hash::BODY).last(&body);
        let signed = SignedHeader::sign(&header, recovery_key().signing()).unwrap();
        Manifest { path: AuthorityPath { headers: vec![signed] }, body, possessions: Vec::new() }
    };
    let entry = |seed: u8| device_secret(seed).device().encode().unwrap();
    let listed = |entries: &[Vec<u8>]| entries.iter().flat_map(|entry| bytes(1, entry)).collect::<Vec<u8>>();
    let mut sorted = [1, 2].map(|seed| (device_secret(seed).id(), entry(seed)));
    sorted.sort();
    let [(_, low), (_, high)] = sorted;
    refuse("devices descending", &bodies(listed(&[high.clone(), low.clone()])), "bad-value");
    refuse("one device twice", &bodies(listed(&[low.clone(), low.clone()])), "bad-value");
    for (name, start, length) in [
        ("Ed25519 key", 5, 32),
        ("ML-DSA key", 40, 1952),
        ("agreement key", 1994, 32),
        ("KEM key", 2029, 1184),
    ] {
        let mut shared = high.clone();
        shared[start..start + length].copy_from_slice(&low[start..start + length]);
        let mut both = [shared, low.clone()].map(|entry| (crate::ops_identity::device_id(&entry), entry));
        both.sort();
        let body = listed(&both.map(|(_, entry)| entry));
        refuse(&format!("two devices with one {name}"), &bodies(body), "bad-value");
    }
    let mut suites = low.clone();
    let end = suites.len();
    suites[end - 1] = 2;
    refuse("a device without suite 1", &bodies(listed(&[suites])), "unknown-suite");
    let mut point = low.clone();
    point[1994..2026].fill(0);
    refuse("a device with an agreement key of low order", &bodies(listed(&[point])), "invalid-key");
    let mut kem = low;
    kem[2030] = 0xff;
    kem[2031] = 0xff;
    refuse("a device with a KEM key beyond the modulus", &bodies(listed(&[kem])), "invalid-key");
}

fn account_genesis(managers: &[u8]) -> Header {
    let pairs = managers.iter().map(|seed| pair(device_secret(*seed).signing())).collect();
    let authorities = Authorities::new(vec![recovery_key().pair()], pairs).unwrap();
    Header { kind: Kind::Account, authorities, ..genesis(&[]) }
}

/// An account whose one device, which does not manage, is a recovery authority too.
fn device_as_recovery() -> Manifest {
    let body = bytes(1, &device_secret(1).device().encode().unwrap());
    let pairs = vec![recovery_key().pair(), pair(device_secret(1).signing())];
    let authorities = Authorities::new(pairs, Vec::new()).unwrap();
    let body_hash = Hasher::new(label::hash::BODY).last(&body);
    let header = Header { authorities, body_hash, ..account_genesis(&[]) };
    let signed = SignedHeader::sign(&header, recovery_key().signing()).unwrap();
    let id = AccountId::from_bytes(*signed.hash().as_bytes());
    let possessions = vec![*device_secret(1).possess(id).possession()];
    Manifest { path: AuthorityPath { headers: vec![signed] }, body, possessions }
}

/// An account whose one device manages, and whose header names other authorities.
fn inconsistent(managers: &[u8]) -> Manifest {
    let body = account().manifest().body;
    let mut header = account_genesis(managers);
    header.body_hash = Hasher::new(label::hash::BODY).last(&body);
    let signed = SignedHeader::sign(&header, recovery_key().signing()).unwrap();
    let id = AccountId::from_bytes(*signed.hash().as_bytes());
    let possessions = vec![*device_secret(1).possess(id).possession()];
    Manifest { path: AuthorityPath { headers: vec![signed] }, body, possessions }
}

pub fn follow() -> File {
    let mut file = File::new("4.5", "following a chain, and evidence of forks");
    let root = sign(&genesis(&[11, 12]), 10);
    let timed = |header: Header, issued: u64| Header {
        issued_at: Timestamp::from_millis(issued),
        refresh_after: Timestamp::from_millis(NOW + 5000),
        ..header
    };
    let plain = |version: u64, issued: u64, signer: u8| {
        let previous = if version == 1 { None } else { ELSEWHERE };
        sign(&timed(after(&root, &root, 0, version, previous), issued), signer)
    };
    let (a1, b1, c1) = (plain(1, NOW, 11), plain(1, NOW + 1, 12), plain(1, NOW + 2, 11));
    let (a2, a3) = (plain(2, NOW, 11), plain(3, NOW, 12));
    let change =
        sign(&Header { authorities: authorities(&[10], &[11]), ..after(&root, &root, 0, 2, ELSEWHERE) }, 11);
    let after_change = sign(&after(&root, &change, 0, 4, ELSEWHERE), 11);
    let recovery =
        sign(&Header { authorities: authorities(&[10], &[13]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    let rival =
        sign(&Header { authorities: authorities(&[10], &[16]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    let second = sign(&after(&root, &root, 2, 0, ELSEWHERE), 10);
    let stranger = sign(&genesis(&[16]), 10);
    let paths: Vec<(&str, Vec<&SignedHeader>)> = vec![
        ("genesis", vec![&root]),
        ("1", vec![&root, &a1]),
        ("1'", vec![&root, &b1]),
        ("1''", vec![&root, &c1]),
        ("2", vec![&root, &a2]),
        ("3", vec![&root, &a3]),
        ("change 2", vec![&root, &change]),
        ("4 after change", vec![&root, &change, &after_change]),
        ("recovery", vec![&root, &recovery]),
        ("rival recovery", vec![&root, &rival]),
        ("second recovery", vec![&root, &second]),
        ("stranger", vec![&stranger]),
    ];
    let encoded = |name: &str| {
        let (_, path) = paths.iter().find(|(known, _)| *known == name).unwrap();
        hex(manifest(path).encode().unwrap())
    };
    for order in [
        vec!["genesis", "1", "2", "1", "genesis"],
        vec!["2", "genesis", "1", "2"],
        vec!["1", "1'", "1", "1'"],
        vec!["1'", "1", "1''"],
        vec!["1", "1'", "2", "1'"],
        vec!["1", "2", "1'"],
        vec!["1", "1'", "change 2"],
        vec!["change 2", "1", "1'"],
        vec!["change 2", "2", "4 after change"],
        vec!["2", "change 2"],
        vec!["3", "change 2", "3", "4 after change"],
        vec!["4 after change", "3"],
        vec!["4 after change", "change 2", "1"],
        vec!["3", "change 2", "recovery", "3", "change 2"],
        vec!["recovery", "4 after change", "3"],
        vec!["recovery", "rival recovery", "recovery", "second recovery"],
        vec!["second recovery", "rival recovery", "recovery"],
        vec!["1", "stranger", "genesis"],
    ] {
        let manifests: Vec<_> = order.iter().map(|name| encoded(name)).collect();
        file.good(&order.join(", "), "manifest.follow", json!({ "kind": 2, "manifests": manifests }));
    }
    let bad = hex(Manifest { body: Vec::new(), ..manifest(&[&root]) }.encode().unwrap());
    let input = json!({ "kind": 2, "manifests": [bad, encoded("1"), bad, "00"] });
    file.good("what does not verify changes nothing", "manifest.follow", input);
    file.good("nothing", "manifest.follow", json!({ "kind": 2, "manifests": [] }));

    let path = |name: &str| {
        let (_, path) = paths.iter().find(|(known, _)| *known == name).unwrap();
        AuthorityPath { headers: path.iter().map(|header| (*header).clone()).collect() }
    };
    let evidence = |first: &str, second: &str| {
        let evidence = ForkEvidence { kind: Kind::Server, first: path(first), second: path(second) };
        json!({ "evidence": hex(evidence.encode().unwrap()) })
    };
    for (first, second) in [
        ("1", "1'"),
        ("change 2", "2"),
        ("3", "change 2"),
        ("4 after change", "3"),
        ("recovery", "rival recovery"),
    ] {
        file.good(&format!("fork: {first}, {second}"), "fork.verify", evidence(first, second));
    }
    for (first, second, class) in [
        ("1", "1", "no-fork"),
        ("1", "2", "no-fork"),
        ("change 2", "4 after change", "no-fork"),
        ("1", "4 after change", "no-fork"),
        ("1", "recovery", "no-fork"),
        ("genesis", "stranger", "other-chain"),
    ] {
        file.bad(&format!("no fork: {first}, {second}"), "fork.verify", evidence(first, second), class);
    }
    let empty = |first: AuthorityPath, second: AuthorityPath, kind: Kind| json!({ "evidence": hex(ForkEvidence { kind, first, second }.encode().unwrap()) });
    let nothing = || AuthorityPath { headers: Vec::new() };
    file.bad("no fork: an empty path", "fork.verify", empty(path("1"), nothing(), Kind::Server), "bad-path");
    file.bad(
        "no fork: of another kind",
        "fork.verify",
        empty(path("1"), path("1'"), Kind::Account),
        "wrong-kind",
    );
    let mut forged = path("1'");
    forged.headers[1].signature = forged.headers[0].signature.clone();
    file.bad("no fork: forged", "fork.verify", empty(path("1"), forged, Kind::Server), "invalid-signature");
    file
}

pub fn certificate() -> File {
    let mut file = File::new("4.9", "address certificates");
    let root = sign(&genesis(&[11]), 10);
    let server = manifest(&[&root]);
    let id = ServerId::from_bytes(*root.hash().as_bytes());
    let good = AddressCertificate {
        address: "alice@example.org".parse().unwrap(),
        account: account().id(),
        server: id,
        validity: month(),
    };
    let seed = hex([77; 32]);
    let sign_it = |certificate: &AddressCertificate| json!({ "seed": seed, "certificate": hex(certificate.encode().unwrap()) });
    let signed = file.good("sign", "certificate.sign", sign_it(&good))["signed"].clone();
    let verify = |signed: &Value, now: u64| json!({ "server": hex(server.encode().unwrap()), "certificate": signed, "now": now.to_string() });
    let day = 24 * 60 * 60 * 1000;
    for (name, now) in [
        ("at the start", NOW),
        ("a day early", NOW - day),
        ("at the end", NOW + 30 * day),
        ("a day late", NOW + 31 * day),
    ] {
        file.good(&format!("verify {name}"), "certificate.verify", verify(&signed, now));
    }
    let mut refuse = |name: &str, signed: &Value, now: u64, class: &str| {
        file.bad(name, "certificate.verify", verify(signed, now), class);
    };
    refuse("more than a day early", &signed, NOW - day - 1, "not-yet-valid");
    refuse("more than a day late", &signed, NOW + 31 * day + 1, "expired");
    refuse("at time 0", &signed, 0, "not-yet-valid");
    refuse("at the end of time", &signed, u64::MAX, "expired");
    let (key, _) = online_key(month());
    let made = |certificate: AddressCertificate, key: &ed25519::SecretKey| {
        Value::from(hex(certificate.sign(key).unwrap().encode().unwrap()))
    };
    for (name, address) in [
        ("another domain", "alice@example.net"),
        ("a subdomain", "alice@a.example.org"),
        ("the domain above", "alice@org.example"),
    ] {
        let other = AddressCertificate { address: address.parse().unwrap(), ..good.clone() };
        refuse(name, &made(other, &key), NOW, "mismatch");
    }
    let other = AddressCertificate { server: ServerId::from_bytes([3; 32]), ..good.clone() };
    refuse("another server", &made(other, &key), NOW, "mismatch");
    let stranger = ed25519::SecretKey::from_seed(&Secret::new([78; 32]));
    refuse("a key that the server does not list", &made(good.clone(), &stranger), NOW, "mismatch");
    for (name, start) in [("begins before its key", NOW - 1), ("outlives its key", NOW + 1)] {
        let validity = Validity::starting(Timestamp::from_millis(start), Span::from_days(30));
        refuse(name, &made(AddressCertificate { validity, ..good.clone() }, &key), NOW, "mismatch");
    }
    let text = signed.as_str().unwrap();
    refuse("signature changed", &flipped(text, -1).into(), NOW, "invalid-signature");
    let forged = text.replacen(&hex("alice@"), &hex("malle@"), 1);
    refuse("address changed", &forged.into(), NOW, "invalid-signature");
    let bad = text.replacen(&hex("alice@"), &hex("Alice@"), 1);
    refuse("address not in its spelling", &bad.into(), NOW, "bad-value");
    let input = json!({ "server": hex(account().manifest().encode().unwrap()), "certificate": signed, "now": NOW.to_string() });
    file.bad("an account in place of the server", "certificate.verify", input, "wrong-kind");
    file
}
