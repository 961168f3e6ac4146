//! Vectors of devices and accounts: keys, bodies, possessions.

use hex::encode as hex;
use serde_json::json;
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::Hasher;
use sottovoce::crypto::label;
use sottovoce::identity::chain::{
    Authorities, AuthorityPath, Header, Kind, Manifest, SignedHeader, Subject as _,
};
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::AccountId;
use sottovoce::wire::Wire;

use crate::fixtures::{account, account_of_two, author, device_secret, genesis, pair, recovery_key, verify};
use crate::make::{File, counting};
use crate::make_wire::bytes;

/// §4.7: bodies and possessions.
pub fn accounts(file: &mut File) {
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

pub fn device() -> File {
    let mut file = File::new("4.7", "devices");
    let made = file.good("new device", "device.generate", json!({ "random": hex(counting(1, 160)) }));
    let entry = made["entry"].as_str().unwrap();
    file.good("id", "device.id", json!({ "entry": entry }));
    let secret = hex(device_secret(1).encode().unwrap());
    for account in ["00".repeat(32), "ab".repeat(32)] {
        let name = format!("possession for account {}…", &account[..2]);
        file.good(&name, "device.possess", json!({ "secret": secret, "account": account }));
    }
    for at in [0, 32, 64, 96] {
        let mut random = counting(1, 160);
        let length = if at == 96 { 64 } else { 32 };
        random[at..at + length].fill(7);
        let name = format!("stuck randomness from byte {at}");
        file.bad(&name, "device.generate", json!({ "random": hex(random) }), "weak-randomness");
    }
    for (name, bits) in [("manage", "01"), ("others", "7e")] {
        let with = entry.replacen("20002a020001", &format!("20{bits}2a020001"), 1);
        file.good(&format!("id with capability {name}"), "device.id", json!({ "entry": with }));
    }
    for (name, suites) in [("two suites", "2a0400010002"), ("zero and one", "2a0400000001")] {
        let with = entry.replacen("2a020001", suites, 1);
        file.good(&format!("id with {name}"), "device.id", json!({ "entry": with }));
    }
    for (name, suites, class) in [
        ("no suites", "2a00", "bad-length"),
        ("suite 2 alone", "2a020002", "unknown-suite"),
        ("suite 1 twice", "2a0400010001", "unknown-suite"),
        ("suites descending", "2a0400020001", "unknown-suite"),
        ("half a suite", "2a03000100", "unknown-suite"),
        ("little-endian suite", "2a020100", "unknown-suite"),
    ] {
        let with = entry.replacen("2a020001", suites, 1);
        file.bad(&format!("entry with {name}"), "device.id", json!({ "entry": with }), class);
    }
    let zero = |from: usize, to: usize| {
        format!("{}{}{}", &entry[..from], "00".repeat((to - from) / 2), &entry[to..])
    };
    file.bad("entry with a zero Ed25519 key", "device.id", json!({ "entry": zero(10, 74) }), "invalid-key");
    file.bad(
        "entry with a zero agreement key",
        "device.id",
        json!({ "entry": zero(3988, 4052) }),
        "invalid-key",
    );
    let kem = format!("{}ffff{}", &entry[..4062], &entry[4066..]);
    file.bad("entry with a KEM key beyond the modulus", "device.id", json!({ "entry": kem }), "invalid-key");
    let text = entry.replacen("20002a020001", "2a020001", 1);
    file.bad("entry without capabilities", "device.id", json!({ "entry": text }), "missing");
    file
}
