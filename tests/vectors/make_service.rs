//! Vectors of what a device and its server say to each other, and of how a server names users.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::fixtures::{NOW, genesis, hybrid_key, sign};
use crate::make::{File, counting, flipped};
use crate::make_wire::{bytes, number};
use sottovoce::wire::Wire as _;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// To the server of the fixtures.
pub fn hello(time: u64, address: Option<&str>) -> Vec<u8> {
    let root = sign(&genesis(&[11]), 10);
    let fields = [
        bytes(1, root.hash().as_bytes()),
        bytes(2, &counting(1, 32)),
        bytes(3, &counting(2, 16)),
        number(4, time),
        bytes(5, &counting(3, 16)),
    ];
    [fields.concat(), address.map_or_else(Vec::new, |address| bytes(6, address.as_bytes()))].concat()
}

pub fn service() -> File {
    let mut file = File::new("8.2", "greetings, sessions, names of users, permissions to upload");
    hellos(&mut file);
    sessions(&mut file);
    names(&mut file);
    uploads(&mut file);
    file
}

fn hellos(file: &mut File) {
    let seed = hex(counting(5, 64));
    let input = |hello: &[u8]| json!({ "seed": seed, "hello": hex(hello) });
    let signed = file.good("sign a hello", "hello.sign", input(&hello(NOW, None)))["signed"].clone();
    let registering = hello(NOW, Some("alice@example.org"));
    let registered = file.good("sign a registration", "hello.sign", input(&registering))["signed"].clone();
    let bad = hello(NOW, Some("Alice@example.org"));
    file.bad("sign a misspelt address", "hello.sign", input(&bad), "bad-value");
    let public = hex(hybrid_key(5).public_key().encode().unwrap());
    let mut verify = |name: &str, public: &str, signed: &Value, now: u64, refused: &str| {
        let server = hex(sign(&genesis(&[11]), 10).hash().as_bytes());
        let input = json!({ "server": server, "public": public, "signed": signed, "now": now.to_string() });
        let out = file.good(name, "hello.verify", input);
        assert_eq!(out["refused"], refused, "{name}");
    };
    verify("a hello", &public, &signed, NOW, "");
    verify("a registration", &public, &registered, NOW, "");
    verify("a hello a day early", &public, &signed, NOW + DAY, "");
    verify("a hello a day late", &public, &signed, NOW - DAY, "");
    verify("a hello more than a day early", &public, &signed, NOW + DAY + 1, "clock");
    verify("a hello more than a day late", &public, &signed, NOW - DAY - 1, "clock");
    let text = signed.as_str().unwrap();
    verify("a hello changed", &public, &flipped(text, 40).into(), NOW, "invalid");
    verify("a hello with another signature", &public, &flipped(text, -1).into(), NOW, "invalid");
    verify("a hello to another server", &public, &flipped(text, 8).into(), NOW, "invalid");
    let other = hex(hybrid_key(6).public_key().encode().unwrap());
    verify("a hello of another device", &other, &signed, NOW, "invalid");
    verify("a hello of another device at another time", &other, &signed, NOW + DAY + 1, "clock");
    verify("a hello to another server at another time", &public, &flipped(text, 8).into(), 0, "invalid");
}

fn sessions(file: &mut File) {
    let secret = hex(counting(40, 32));
    let (account, device) = (hex(counting(1, 32)), hex(counting(2, 16)));
    let expires = NOW + HOUR;
    let input =
        json!({ "secret": secret, "account": account, "device": device, "expires": expires.to_string() });
    let token = file.good("issue", "session.issue", input)["token"].clone();
    let mut read = |name: &str, secret: &str, token: &str, now: u64, holds: bool| {
        let input = json!({ "secret": secret, "token": token, "now": now.to_string() });
        let out = file.good(name, "session.read", input);
        assert_eq!(out["account"], if holds { account.as_str() } else { "" }, "{name}");
    };
    let token = token.as_str().unwrap();
    read("at once", &secret, token, NOW, true);
    read("at its end", &secret, token, expires, true);
    read("after its end", &secret, token, expires + 1, false);
    read("before it was issued", &secret, token, NOW - 1, false);
    read("at another server", &hex(counting(41, 32)), token, NOW, false);
    for (name, at) in
        [("account", 0), ("device", 32), ("end", 55), ("first byte of the MAC", 56), ("last byte", -1)]
    {
        read(&format!("{name} changed"), &secret, &flipped(token, at), NOW, false);
    }
}

fn names(file: &mut File) {
    let input = |secret: u8, account: u8, address: &str| json!({ "secret": hex([secret; 32]), "account": hex([account; 32]), "address": address });
    let op = "pseudonym";
    let first = file.good("a user towards an address", op, input(1, 2, "bob@example.net"));
    for (name, input) in [
        ("of another server", input(3, 2, "bob@example.net")),
        ("another user", input(1, 3, "bob@example.net")),
        ("another address", input(1, 2, "bob@example.org")),
    ] {
        assert_ne!(file.good(&format!("pseudonym, {name}"), op, input), first);
    }
    file.bad("towards no address", op, input(1, 2, "Bob@example.net"), "bad-address");
}

fn uploads(file: &mut File) {
    let (secret, blob) = (hex(counting(40, 32)), hex(counting(9, 32)));
    let input = json!({ "secret": secret, "blob": blob, "size": "1048576", "now": NOW.to_string() });
    let grant = file.good("permit", "upload.grant", input)["grant"].clone();
    let mut permits = |name: &str, secret: &str, grant: &str, now: u64, holds: bool| {
        let input = json!({ "secret": secret, "grant": grant, "now": now.to_string() });
        let out = file.good(name, "upload.permits", input);
        assert_eq!(out["blob"], if holds { blob.as_str() } else { "" }, "{name}");
    };
    let grant = grant.as_str().unwrap();
    permits("permitted at once", &secret, grant, NOW, true);
    permits("permitted at its end", &secret, grant, NOW + HOUR, true);
    permits("not permitted after its end", &secret, grant, NOW + HOUR + 1, false);
    permits("not permitted before", &secret, grant, NOW - 1, false);
    permits("not permitted by another server", &hex(counting(41, 32)), grant, NOW, false);
    permits("not permitted: another blob", &secret, &flipped(grant, 10), NOW, false);
    permits("not permitted: the MAC", &secret, &flipped(grant, -1), NOW, false);
    let cut = json!({ "secret": secret, "grant": &grant[..grant.len() - 2], "now": NOW.to_string() });
    file.bad("not a permission", "upload.permits", cut, "truncated");
}
