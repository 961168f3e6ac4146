//! Vectors of the messages of servers that travel: one of each, ways to break any of them, and the rules of their own.

use serde_json::{Value, json};
use sottovoce::identity::chain::Subject as _;
use sottovoce::wire::Wire as _;

use crate::fixtures::{NOW, account, genesis, hybrid_key, manifest, sign};
use crate::make::{File, counting};
use crate::make_identity_wire::shapes;
use crate::make_server;
use crate::make_service;
use crate::make_stream::{accepted, batch, busy, refused};
use crate::make_wire::{bytes, number};

/// A name, a message type, its bytes, and the class, which is empty if they are accepted.
type Own = (&'static str, &'static str, Vec<u8>, &'static str);

const ADDRESS: &[u8] = b"bob@example.net";
const MISSPELT: &[u8] = b"Bob@example.net";
const MONTH: u64 = 30 * 24 * 60 * 60 * 1000;

pub fn decode(message: &str, bytes: &[u8]) -> Value {
    json!({ "message": message, "bytes": hex::encode(bytes) })
}

pub fn own_rules(file: &mut File, cases: Vec<Own>) {
    for (name, message, bytes, class) in cases {
        match class {
            "" => drop(file.good(name, "wire.decode", decode(message, &bytes))),
            class => file.bad(name, "wire.decode", decode(message, &bytes), class),
        }
    }
}

pub fn messages() -> File {
    let mut file = File::new("7.10", "messages of servers");
    shapes(&mut file, samples());
    for rules in [naming(), frames(), streams(), items(), questions(), service()] {
        own_rules(&mut file, rules);
    }
    requests(&mut file);
    responses(&mut file);
    file
}

fn id(first: u8) -> Vec<u8> {
    counting(first, 16)
}

fn hash(first: u8) -> Vec<u8> {
    counting(first, 32)
}

fn seen() -> Vec<u8> {
    [number(1, 1), number(2, 300), bytes(3, &hash(4))].concat()
}

fn validity(from: u64, until: u64) -> Vec<u8> {
    [number(1, from), number(2, until)].concat()
}

fn discovery(domain: &[u8], validity: &[u8]) -> Vec<u8> {
    [bytes(1, domain), bytes(2, &hash(1)), bytes(3, validity)].concat()
}

fn server() -> Vec<u8> {
    manifest(&[&sign(&genesis(&[11]), 10)]).encode().unwrap()
}

/// … signed by a key of small order.
fn server_of_no_key() -> Vec<u8> {
    let signed = sign(&genesis(&[11]), 10);
    let key = hex::encode(&signed.signer.encode().unwrap()[2..34]);
    let manifest = hex::encode(manifest(&[&signed]).encode().unwrap());
    assert_eq!(manifest.matches(&key).count(), 1);
    hex::decode(manifest.replacen(&key, &"0".repeat(64), 1)).unwrap()
}

fn signed_discovery() -> Vec<u8> {
    [bytes(1, b"not yet decoded"), bytes(2, &id(1)), bytes(3, &counting(0, 64)), bytes(4, &server())].concat()
}

/// A position after one batch.
pub fn position(stream: u64, next: u64, first: u64, runs: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let place = [number(1, stream), number(2, 1), number(3, next), bytes(4, &hash(7)), number(5, first)];
    let window = [number(7, 1_000), number(8, 1 << 20)].concat();
    [place.concat(), verdict_runs(6, runs), window].concat()
}

pub fn verdict_runs(field: u64, runs: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let run =
        |(count, verdict): &(u64, Vec<u8>)| bytes(field, &[number(1, *count), bytes(2, verdict)].concat());
    runs.iter().flat_map(run).collect()
}

fn stale() -> Vec<u8> {
    [bytes(1, &hash(1)), number(2, 1), number(3, 2), bytes(4, &hash(2))].concat()
}

pub fn device_item(body: &[u8]) -> Vec<u8> {
    let to = [bytes(1, &id(1)), bytes(2, &id(2)), number(3, 0), number(4, 300)].concat();
    [to, bytes(5, &hash(3)), bytes(6, body)].concat()
}

pub fn request_item(address: &[u8]) -> Vec<u8> {
    [bytes(1, address), bytes(2, &id(1)), bytes(3, &id(2)), bytes(5, b"hello")].concat()
}

fn item(field: u64, kind: &[u8]) -> Vec<u8> {
    [bytes(1, &id(9)), bytes(field, kind)].concat()
}

pub fn lookup(address: &[u8]) -> Vec<u8> {
    [bytes(1, &id(1)), bytes(2, address), bytes(3, &id(2))].concat()
}

fn claim(field: u64, access: &[u8]) -> Vec<u8> {
    let request = [bytes(1, &id(3)), bytes(2, &hash(1)), bytes(3, &id(2))].concat();
    [bytes(1, &request), bytes(field, access)].concat()
}

fn stranger(address: &[u8]) -> Vec<u8> {
    [bytes(1, address), bytes(2, &id(3))].concat()
}

pub fn answer() -> Vec<u8> {
    [bytes(1, &id(1)), bytes(4, b"")].concat()
}

fn certificate() -> Vec<u8> {
    [bytes(1, b"not yet decoded"), bytes(2, &id(1)), bytes(3, &counting(0, 64))].concat()
}

fn found() -> Vec<u8> {
    let found = [bytes(1, &server()), bytes(2, &certificate())].concat();
    [bytes(1, &id(1)), bytes(2, &found)].concat()
}

/// A frame with these parts, each with the number of its kind.
fn frame(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let parts = parts.iter().flat_map(|(kind, part)| bytes(12, &bytes(*kind, part)));
    make_server::frame().encode().unwrap().into_iter().chain(parts).collect()
}

fn signed_frame() -> Vec<u8> {
    [bytes(1, b"not yet decoded"), bytes(2, &id(1)), bytes(3, &counting(0, 64))].concat()
}

fn place(number_of: u64) -> Vec<u8> {
    [number(1, number_of), bytes(2, &counting(1, 8))].concat()
}

pub fn mailbox_item() -> Vec<u8> {
    [bytes(1, &id(1)), bytes(2, &id(2)), bytes(4, b"body")].concat()
}

pub fn status(code: u64, reason: Option<u64>, since: Option<u64>) -> Vec<u8> {
    let some = |field, value: Option<u64>| value.map_or_else(Vec::new, |value| number(field, value));
    [bytes(1, &id(1)), number(2, code), some(3, reason), some(4, since)].concat()
}

pub fn gap(domain: &[u8]) -> Vec<u8> {
    [bytes(1, domain), number(2, 5), number(3, 7)].concat()
}

fn drained(domain: &[u8]) -> Vec<u8> {
    let entry =
        |kind, what: &[u8]| bytes(4, &[bytes(1, &place(6)), number(2, NOW), bytes(kind, what)].concat());
    [
        number(1, 1),
        bytes(2, &[number(1, 2), number(2, 3), number(3, 4)].concat()),
        bytes(3, &gap(domain)),
        entry(3, &mailbox_item()),
        entry(4, &status(6, None, Some(9))),
        bytes(5, &bytes(1, b"payload")),
        bytes(6, &[bytes(1, &place(7)), bytes(2, &place(1))].concat()),
        number(7, 0),
    ]
    .concat()
}

fn grant() -> Vec<u8> {
    [bytes(1, &hash(1)), number(2, 1 << 20), number(3, NOW)].concat()
}

fn sealed_grant() -> Vec<u8> {
    [bytes(1, b"not yet decoded"), bytes(2, &hash(2))].concat()
}

fn signed_hello() -> Vec<u8> {
    let signature = hybrid_key(1).sign(sottovoce::crypto::label::sign::HELLO, b"x").encode().unwrap();
    [bytes(1, b"not yet decoded"), bytes(2, &signature)].concat()
}

fn request(field: u64, operation: &[u8]) -> Vec<u8> {
    [number(1, 1), bytes(2, &id(1)), bytes(3, &counting(0, 88)), bytes(field, operation)].concat()
}

fn response(field: u64, result: &[u8]) -> Vec<u8> {
    [bytes(1, &id(1)), bytes(field, result)].concat()
}

fn refusal(code: u64, after: Option<u64>, time: Option<u64>, holds: bool) -> Vec<u8> {
    let some = |field, value: Option<u64>| value.map_or_else(Vec::new, |value| number(field, value));
    let held = if holds { bytes(4, &seen()) } else { Vec::new() };
    [number(1, code), some(2, after), some(3, time), held].concat()
}

fn samples() -> Vec<(&'static str, Vec<u8>, bool)> {
    let batch_of_two = batch(1, 1, &hash(1), &[b"x", b""]);
    vec![
        ("Discovery", discovery(b"example.org", &validity(1, 2)), false),
        ("SignedDiscovery", signed_discovery(), false),
        ("Frame", frame(&[]), false),
        (
            "Frame",
            frame(&[
                (1, batch_of_two.clone()),
                (2, position(1, 1, 1, &[])),
                (3, lookup(ADDRESS)),
                (4, claim(2, &bytes(1, &id(1)))),
                (5, answer()),
            ]),
            false,
        ),
        ("SignedFrame", signed_frame(), false),
        ("Batch", batch_of_two, false),
        ("Verdict", [accepted(), bytes(4, &stale())].concat(), false),
        ("Verdict", busy(u64::MAX), false),
        (
            "Position",
            [position(15, 4, 1, &[(2, accepted()), (1, refused(3))]), number(9, NOW)].concat(),
            false,
        ),
        ("Item", item(2, &device_item(b"body")), false),
        ("Item", item(3, &request_item(ADDRESS)), false),
        ("Item", item(4, &bytes(1, b"payload")), false),
        ("Lookup", lookup(ADDRESS), false),
        ("Claim", claim(2, &bytes(1, &id(1))), false),
        ("Claim", claim(3, &stranger(ADDRESS)), false),
        ("Answer", answer(), false),
        ("Answer", found(), false),
        ("ItemStatus", status(1, None, None), false),
        ("Drained", drained(b"example.net"), false),
        ("Request", request(16, &[bytes(1, b""), number(2, 100), number(3, 0)].concat()), false),
        ("Response", response(8, b""), false),
        ("Refused", refusal(1, None, None, false), false),
        ("Hello", make_service::hello(NOW, Some("alice@example.org")), false),
        ("SignedHello", signed_hello(), false),
        ("BlobGrant", grant(), false),
        ("SignedBlobGrant", sealed_grant(), false),
    ]
}

fn naming() -> Vec<Own> {
    let month = validity(5, 5 + MONTH);
    vec![
        ("discovery of a month", "Discovery", discovery(b"a.b", &month), ""),
        ("discovery of more", "Discovery", discovery(b"a.b", &validity(5, 6 + MONTH)), "bad-value"),
        ("discovery reversed", "Discovery", discovery(b"a.b", &validity(6, 5)), "bad-value"),
        ("discovery of one label", "Discovery", discovery(b"localhost", &month), "bad-value"),
        ("discovery in upper case", "Discovery", discovery(b"A.b", &month), "bad-value"),
        ("discovery of a literal address", "Discovery", discovery(b"127.0.0.1", &month), "bad-value"),
        ("discovery of no text", "Discovery", discovery(b"\xff", &month), "bad-text"),
    ]
}

fn frames() -> Vec<Own> {
    let good = frame(&[]);
    let swapped = |field: u64, from: u64, to: u64| {
        let (from, to) = (hex::encode(number(field, from)), hex::encode(number(field, to)));
        let text = hex::encode(&good);
        assert_eq!(text.matches(&from).count(), 1, "field {field}");
        hex::decode(text.replacen(&from, &to, 1)).unwrap()
    };
    let version = |version| [number(1, version), good[2..].to_vec()].concat();
    let on = |stream: u64, items: &[&[u8]]| {
        [number(1, stream), batch(1, 1, &hash(1), items)[2..].to_vec()].concat()
    };
    let many: Vec<&[u8]> = vec![b""; 500];
    let all: Vec<_> = (0..16).map(|stream| (1, on(stream, &[]))).collect();
    let parts = |count| vec![(5, answer()); count];
    let one_key = "another message of a frame";
    let bad_key = bytes(11, &server_of_no_key());
    let late = swapped(5, NOW + 600_000, NOW - 1);
    vec![
        ("frame of version 0", "Frame", version(0), "bad-value"),
        ("frame of version 2", "Frame", version(2), "bad-value"),
        ("frame that ends when it begins", "Frame", swapped(5, NOW + 600_000, NOW), ""),
        ("frame that ends before it begins", "Frame", swapped(5, NOW + 600_000, NOW - 1), "bad-value"),
        ("frame of more than ten minutes", "Frame", swapped(5, NOW + 600_000, NOW + 600_001), "bad-value"),
        ("a batch in each stream", "Frame", frame(&all), ""),
        ("two batches in one stream", "Frame", frame(&[(1, on(1, &[])), (1, on(1, &[]))]), "bad-value"),
        (
            "two positions of one stream",
            "Frame",
            frame(&[(2, position(1, 1, 1, &[])), (2, position(1, 1, 1, &[]))]),
            "",
        ),
        ("a thousand items in two streams", "Frame", frame(&[(1, on(1, &many)), (1, on(2, &many))]), ""),
        (
            "1,001 items in three streams",
            "Frame",
            frame(&[(1, on(1, &many)), (1, on(2, &many)), (1, on(3, &[b"x"]))]),
            "bad-value",
        ),
        ("128 parts", "Frame", frame(&parts(128)), ""),
        ("129 parts", "Frame", frame(&parts(129)), "too-many"),
        ("part without anything", "Frame", [good.clone(), bytes(12, b"")].concat(), "missing"),
        (
            "part of two kinds",
            "Frame",
            [good.clone(), bytes(12, &[bytes(1, &on(1, &[])), bytes(2, &position(1, 1, 1, &[]))].concat())]
                .concat(),
            "duplicate",
        ),
        (one_key, "Frame", frame(&[(7, b"x".to_vec())]), "unknown-field"),
        ("notice without a proof", "Frame", frame(&[(6, b"".to_vec())]), "missing"),
        ("frame with a lookup of a misspelt address", "Frame", frame(&[(3, lookup(MISSPELT))]), "bad-value"),
        (
            "frame with a manifest that is none",
            "Frame",
            [good.clone(), bytes(11, b"x")].concat(),
            "unknown-field",
        ),
        ("a bad version before a bad key", "Frame", [version(2), bad_key.clone()].concat(), "bad-value"),
        ("a bad key before bad times", "Frame", [late, bad_key].concat(), "invalid-key"),
        (
            "signed frame of 63 bytes of signature",
            "SignedFrame",
            [bytes(1, b"x"), bytes(2, &id(1)), bytes(3, &[0; 63])].concat(),
            "bad-length",
        ),
    ]
}

fn streams() -> Vec<Own> {
    let on = |stream: u64| [number(1, stream), batch(1, 1, &hash(1), &[])[2..].to_vec()].concat();
    let run = |count: u64| (count, accepted());
    let both = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    vec![
        ("batch in stream 0", "Batch", on(0), ""),
        ("batch in stream 15", "Batch", on(15), ""),
        ("batch in stream 16", "Batch", on(16), "bad-value"),
        ("batch of epoch 0", "Batch", batch(0, 1, &hash(1), &[]), "bad-value"),
        ("batch from 0", "Batch", batch(1, 0, &hash(1), &[]), "bad-value"),
        ("batch at the end of all numbers", "Batch", batch(u64::MAX, u64::MAX, &hash(1), &[b""]), ""),
        ("batch of 1,000 items", "Batch", batch(1, 1, &hash(1), &vec![&b""[..]; 1_000]), ""),
        ("batch of 1,001 items", "Batch", batch(1, 1, &hash(1), &vec![&b""[..]; 1_001]), "too-many"),
        ("verdict without a code", "Verdict", number(2, 1), "missing"),
        ("accepted", "Verdict", accepted(), ""),
        ("accepted with a reason", "Verdict", both(accepted(), number(2, 1)), "bad-value"),
        ("accepted with a time", "Verdict", both(accepted(), number(3, 1)), "bad-value"),
        ("refused", "Verdict", refused(1), ""),
        ("refused without a reason", "Verdict", number(1, 2), "bad-value"),
        ("refused for reason 0", "Verdict", refused(0), "bad-value"),
        ("refused for reason 4", "Verdict", refused(4), "bad-value"),
        ("refused with a time", "Verdict", both(refused(1), number(3, 1)), "bad-value"),
        ("busy for no time", "Verdict", busy(0), ""),
        ("busy without a time", "Verdict", number(1, 3), "bad-value"),
        ("busy with a reason", "Verdict", [number(1, 3), number(2, 1), number(3, 1)].concat(), "bad-value"),
        ("gone", "Verdict", number(1, 4), ""),
        ("gone with a newer manifest", "Verdict", both(number(1, 4), bytes(4, &stale())), ""),
        ("gone with a reason", "Verdict", both(number(1, 4), number(2, 1)), "bad-value"),
        ("verdict of code 0", "Verdict", number(1, 0), "bad-value"),
        ("verdict of code 5", "Verdict", number(1, 5), "bad-value"),
        ("position in stream 16", "Position", position(16, 1, 1, &[]), "bad-value"),
        ("position after nothing", "Position", position(1, 1, 1, &[]), ""),
        ("position without verdicts on the last items", "Position", position(1, 3, 1, &[]), "bad-value"),
        ("position from 0", "Position", position(1, 0, 0, &[]), "bad-value"),
        ("position from 0 with a verdict", "Position", position(1, 1, 0, &[run(1)]), "bad-value"),
        ("position with a run of none", "Position", position(1, 1, 1, &[run(0)]), "bad-value"),
        ("position with two runs alike", "Position", position(1, 3, 1, &[run(1), run(1)]), "bad-value"),
        (
            "position with runs alike, apart",
            "Position",
            position(1, 4, 1, &[run(1), (1, busy(1)), run(1)]),
            "",
        ),
        (
            "position with runs that differ in time",
            "Position",
            position(1, 3, 1, &[(1, busy(1)), (1, busy(2))]),
            "",
        ),
        ("position with 1,000 verdicts", "Position", position(1, 1_001, 1, &[run(1_000)]), ""),
        ("position with 1,001 verdicts", "Position", position(1, 1_002, 1, &[run(1_001)]), "bad-value"),
        (
            "position with 2^32 verdicts",
            "Position",
            position(1, 1 << 32, 1, &[run((1 << 32) - 1)]),
            "bad-value",
        ),
        ("position with a verdict too many", "Position", position(1, 3, 1, &[run(3)]), "bad-value"),
        ("position beyond the last number", "Position", position(1, 0, u64::MAX, &[run(1)]), "bad-value"),
        ("position at the last number", "Position", position(1, u64::MAX, u64::MAX - 1, &[run(1)]), ""),
        (
            "position with a verdict that is none",
            "Position",
            position(1, 2, 1, &[(1, number(1, 3))]),
            "bad-value",
        ),
    ]
}

fn items() -> Vec<Own> {
    let request = |body: Vec<u8>| [bytes(1, ADDRESS), bytes(2, &id(1)), bytes(3, &id(2)), body].concat();
    let both = [item(2, &device_item(b"x")), bytes(4, &bytes(1, b"x"))].concat();
    vec![
        ("item without a kind", "Item", bytes(1, &id(9)), "missing"),
        ("item of two kinds", "Item", both, "duplicate"),
        ("item with an empty body", "Item", item(2, &device_item(b"")), "bad-length"),
        ("item with a large body", "Item", item(2, &device_item(&[1; 2_000])), ""),
        ("request to a misspelt address", "Item", item(3, &request_item(MISSPELT)), "bad-value"),
        ("request to a domain alone", "Item", item(3, &request_item(b"example.net")), "bad-value"),
        ("request without a body", "Item", item(3, &request(Vec::new())), "missing"),
        (
            "request with a payload",
            "Item",
            item(3, &request([bytes(4, &hash(1)), bytes(5, b"x")].concat())),
            "",
        ),
        ("payload that is empty", "Item", item(4, &bytes(1, b"")), "bad-length"),
        ("status refused", "ItemStatus", status(2, Some(3), None), ""),
        ("status refused without a reason", "ItemStatus", status(2, None, None), "bad-value"),
        ("status refused for reason 0", "ItemStatus", status(2, Some(0), None), "bad-value"),
        ("status refused since", "ItemStatus", status(2, Some(1), Some(1)), "bad-value"),
        ("status gone", "ItemStatus", status(3, None, None), ""),
        ("status expired", "ItemStatus", status(4, None, None), ""),
        ("status uncertain", "ItemStatus", status(5, None, None), ""),
        ("status uncertain since", "ItemStatus", status(5, None, Some(1)), "bad-value"),
        ("status waiting", "ItemStatus", status(6, None, Some(1)), ""),
        ("status waiting since when", "ItemStatus", status(6, None, None), "bad-value"),
        ("status delivered for a reason", "ItemStatus", status(1, Some(1), None), "bad-value"),
        ("status 0", "ItemStatus", status(0, None, None), "bad-value"),
        ("status 7", "ItemStatus", status(7, None, None), "bad-value"),
        ("drained with a gap of a misspelt domain", "Drained", drained(b"Example.net"), "bad-value"),
    ]
}

fn questions() -> Vec<Own> {
    let both = [claim(2, &bytes(1, &id(1))), bytes(3, &stranger(ADDRESS))].concat();
    vec![
        ("lookup of a misspelt address", "Lookup", lookup(MISSPELT), "bad-value"),
        ("lookup of a name alone", "Lookup", lookup(b"bob"), "bad-value"),
        ("claim without a right", "Claim", claim(2, &bytes(1, &id(1)))[..74 - 2].to_vec(), "missing"),
        ("claim by two rights", "Claim", both, "duplicate"),
        ("claim by a misspelt address", "Claim", claim(3, &stranger(MISSPELT)), "bad-value"),
        ("answer with two answers", "Answer", [found(), bytes(4, b"")].concat(), "duplicate"),
        ("answer with nothing in it", "Answer", bytes(1, &id(1)), "missing"),
    ]
}

fn service() -> Vec<Own> {
    let sample = |code| match code {
        4 => refusal(4, None, Some(NOW), false),
        8 => refusal(8, None, None, true),
        10 => refusal(10, Some(5), None, false),
        code => refusal(code, None, None, false),
    };
    let mut cases = Vec::new();
    let names = [
        "refused 0",
        "refused 1",
        "refused 2",
        "refused 3",
        "refused 4",
        "refused 5",
        "refused 6",
        "refused 7",
        "refused 8",
        "refused 9",
        "refused 10",
        "refused 11",
    ];
    for (name, code) in names.into_iter().zip(0..) {
        cases.push((name, "Refused", sample(code), if code == 0 || code == 11 { "bad-value" } else { "" }));
    }
    cases.extend([
        ("busy without a time to wait", "Refused", refusal(10, None, None, false), "bad-value"),
        ("busy with a clock", "Refused", refusal(10, Some(1), Some(1), false), "bad-value"),
        ("busy with what is held", "Refused", refusal(10, Some(1), None, true), "bad-value"),
        ("denied for a time", "Refused", refusal(5, Some(1), None, false), "bad-value"),
        ("clock without one", "Refused", refusal(4, None, None, false), "bad-value"),
        ("unknown with a clock", "Refused", refusal(3, None, Some(1), false), "bad-value"),
        ("conflict with what is held", "Refused", refusal(7, None, None, true), ""),
        ("forked without what is held", "Refused", refusal(8, None, None, false), "bad-value"),
        ("taken with what is held", "Refused", refusal(6, None, None, true), "bad-value"),
        ("hello without an address", "Hello", make_service::hello(NOW, None), ""),
        (
            "hello of a misspelt address",
            "Hello",
            make_service::hello(NOW, Some("Alice@example.org")),
            "bad-value",
        ),
    ]);
    cases
}

/// One for each operation.
fn requests(file: &mut File) {
    let manifest = account().manifest().encode().unwrap();
    let (token, to) = (bytes(1, &id(1)), [bytes(1, b"example.net"), bytes(2, &device_item(b"x"))].concat());
    let sent = |field, to: &[u8]| bytes(2, &[bytes(1, &id(7)), bytes(field, to)].concat());
    let away = |domain: &[u8]| sent(2, &[bytes(1, domain), bytes(2, &device_item(b"x"))].concat());
    let strange = |address: &[u8]| sent(3, &[bytes(1, address), bytes(2, &id(1)), bytes(4, b"x")].concat());
    let claim = |field, access: &[u8]| [bytes(1, &hash(1)), bytes(2, &id(2)), bytes(field, access)].concat();
    let payload = bytes(1, &[bytes(1, &id(6)), bytes(2, b"payload")].concat());
    let register = [
        bytes(1, &signed_hello()),
        bytes(2, &manifest),
        bytes(3, &id(1)),
        bytes(4, &certificate()),
        number(5, 1),
    ];
    let meet = |side: u64| {
        [bytes(1, &id(1)), number(2, side), bytes(3, &[number(1, 1), bytes(2, b"x")].concat()), number(4, 0)]
            .concat()
    };
    let mut check = |name: &str, field: u64, operation: &[u8], class: &str| {
        let name = format!("request {name}");
        let input = decode("Request", &request(field, operation));
        if class.is_empty() {
            drop(file.good(&name, "wire.decode", input));
        } else {
            file.bad(&name, "wire.decode", input, class);
        }
    };
    check("for a session", 4, &signed_hello(), "");
    check("to register", 5, &register.concat(), "");
    check("to put a manifest", 6, &[bytes(1, &hash(1)), bytes(2, &manifest)].concat(), "");
    check("to put no prekeys", 7, b"", "");
    check("for an address", 8, &bytes(1, ADDRESS), "");
    check("for a misspelt address", 8, &bytes(1, MISSPELT), "bad-value");
    check("for prekeys by a token", 9, &claim(3, &[bytes(1, b"example.net"), bytes(2, &id(1))].concat()), "");
    check(
        "for prekeys by a token of a misspelt domain",
        9,
        &claim(3, &[bytes(1, b"Example.net"), bytes(2, &id(1))].concat()),
        "bad-value",
    );
    check("for prekeys by an address", 9, &claim(4, &bytes(1, ADDRESS)), "");
    check("for prekeys by a misspelt address", 9, &claim(4, &bytes(1, MISSPELT)), "bad-value");
    check("for prekeys by nothing", 9, &[bytes(1, &hash(1)), bytes(2, &id(2))].concat(), "missing");
    check("to send", 10, &[payload.clone(), sent(2, &to), strange(ADDRESS)].concat(), "");
    check("to send nothing", 10, b"", "bad-value");
    check("to send a payload alone", 10, &payload, "bad-value");
    check("to send to a misspelt domain", 10, &away(b"example"), "bad-value");
    check("to send to a misspelt address", 10, &strange(MISSPELT), "bad-value");
    check("to send 101 items", 10, &away(b"example.net").repeat(101), "too-many");
    check("of an inviter", 11, &meet(1), "");
    check("of a joiner", 11, &meet(2), "");
    check("of neither side", 11, &meet(0), "bad-value");
    check("to upload", 12, &[bytes(1, &hash(1)), number(2, 9)].concat(), "");
    check("for an export", 13, b"", "");
    check("to close", 14, b"", "");
    check("to be found", 15, &number(1, 1), "");
    check("to be found twice", 15, &number(1, 2), "bad-value");
    check("to drain", 16, &[bytes(1, &bytes(1, &place(3))), number(2, 1), number(3, 0)].concat(), "");
    check("to drain from nowhere", 16, &[number(2, 1), number(3, 0)].concat(), "missing");
    check("to add a token", 17, &bytes(1, &token), "");
    check("to rotate a token", 17, &bytes(2, &[bytes(1, &id(1)), bytes(2, &id(2))].concat()), "");
    check("to sink a token", 17, &bytes(3, &token), "");
    check("to change nothing", 17, b"", "missing");
    check("to be woken", 18, &bytes(1, b"https://push.example"), "");
    check("to sleep", 18, b"", "");
    check("to be woken nowhere", 18, &bytes(1, b""), "bad-length");
    check("for requests", 19, b"", "");
    check("for requests after one", 19, &bytes(1, &id(1)), "");
    check("to accept one", 20, &[bytes(1, &id(1)), number(2, 1)].concat(), "");
    check("to block one", 20, &[bytes(1, &id(1)), number(2, 3)].concat(), "");
    check("to do nothing with one", 20, &[bytes(1, &id(1)), number(2, 0)].concat(), "bad-value");
    check("for groups", 40, b"", "unknown-field");
    let bare = [number(1, 1), bytes(2, &id(1)), bytes(13, b"")].concat();
    let versions = |version| [number(1, version), bare[2..].to_vec()].concat();
    file.good("request without a session", "wire.decode", decode("Request", &bare));
    for (name, version) in [("0", 0), ("2", 2)] {
        file.bad(
            &format!("request of version {name}"),
            "wire.decode",
            decode("Request", &versions(version)),
            "bad-value",
        );
    }
    file.bad("request for nothing", "wire.decode", decode("Request", &bare[..bare.len() - 2]), "missing");
}

/// One for each result.
fn responses(file: &mut File) {
    let manifest = account().manifest().encode().unwrap();
    let limits: Vec<u8> = (1..=5).flat_map(|field| number(field, field)).collect();
    let welcome = [
        bytes(1, &counting(0, 88)),
        number(2, NOW),
        number(3, NOW),
        bytes(4, &limits),
        bytes(5, &seen()),
        number(6, 0),
        bytes(7, &certificate()),
    ];
    let held = [number(1, 7), bytes(2, &hash(1))].concat();
    let device = [bytes(1, &id(1)), bytes(2, &held), number(4, 3)].concat();
    let export =
        |address: &[u8]| [bytes(1, address), number(2, 1), bytes(3, &manifest), bytes(5, &device)].concat();
    let waiting = |domain: &[u8]| {
        let request = [
            bytes(1, &id(1)),
            number(2, NOW),
            bytes(3, domain),
            bytes(4, &id(2)),
            bytes(5, &id(3)),
            bytes(6, b"x"),
            bytes(7, &bytes(1, b"y")),
        ];
        [bytes(1, &request.concat()), number(2, 0)].concat()
    };
    let result = |field, result: &[u8]| bytes(1, &bytes(field, result));
    let mut check = |name: &str, field: u64, result: &[u8], class: &str| {
        let name = format!("response {name}");
        let input = decode("Response", &response(field, result));
        if class.is_empty() {
            drop(file.good(&name, "wire.decode", input));
        } else {
            file.bad(&name, "wire.decode", input, class);
        }
    };
    check("refused", 2, &refusal(10, Some(5), None, false), "");
    check("refused without a time", 2, &refusal(10, None, None, false), "bad-value");
    check("pending", 3, &number(1, 1_000), "");
    check("welcome", 4, &welcome.concat(), "");
    check("manifest", 5, &bytes(1, &seen()), "");
    check("prekeys", 6, &[bytes(1, &held), bytes(2, &held), bytes(3, &[0xff, 0])].concat(), "");
    check("nobody", 7, &answer(), "");
    check("submitted", 8, &[result(1, b""), result(1, &number(1, 9)), result(2, &busy(1))].concat(), "");
    check("submitted with a verdict that is none", 8, &result(2, &number(1, 3)), "bad-value");
    check("submitted with no result", 8, &bytes(1, b""), "missing");
    check("done", 9, b"", "");
    check("messages", 10, &bytes(1, b"x"), "");
    check("permission", 11, &sealed_grant(), "");
    check("export", 12, &export(ADDRESS), "");
    check("export of a misspelt address", 12, &export(MISSPELT), "bad-value");
    check("drained", 13, &drained(b"example.net"), "");
    check("requests", 14, &waiting(b"example.net"), "");
    check("requests of a misspelt domain", 14, &waiting(b"example"), "bad-value");
    check("of groups", 47, b"", "unknown-field");
}
