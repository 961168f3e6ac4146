//! Vectors of what lies in a store.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{kdf, label};

use crate::inputs::Fixed;
use crate::make::{File, counting, flipped};
use crate::make_ratchet_wire;
use crate::make_wire::{bytes, number, specimen};

const SCOPE: &[u8] = b"alice";

fn key() -> Vec<u8> {
    counting(17, 32)
}

fn with(mut input: Value, name: &str, value: &str) -> Value {
    input[name] = json!(value);
    input
}

fn timer(owner: &[u8], due: u64, set: u64) -> Vec<u8> {
    [bytes(1, owner), number(2, due), number(3, set)].concat()
}

fn job(state: &[u8], done: u64, total: u64) -> Vec<u8> {
    let fields =
        [number(1, 7), bytes(2, state), number(3, done), number(4, total), number(5, 10), number(6, 20)];
    fields.concat()
}

/// Seals any plaintext under the key of the store.
fn sealed(aad: &[u8], plaintext: &[u8]) -> String {
    let keys = kdf::expand::<64>(&Secret::new(key().try_into().unwrap()), label::expand::VAULT, SCOPE);
    let rest = RestKey::new(&Secret::new(keys.expose()[..32].try_into().unwrap()));
    hex(rest.seal(aad, plaintext, &mut Fixed::new(counting(80, 32))).unwrap())
}

pub fn storage() -> File {
    let mut file = File::new("2.12", "local records");
    names(&mut file);
    records(&mut file);
    entries_and_events(&mut file);
    messages(&mut file);
    file
}

fn names(file: &mut File) {
    let input = |table: u8, scope: &[u8], named: &[u8], suffix: u64, item: &[u8]| json!({ "key": hex(key()), "scope": hex(scope), "table": table, "bytes": hex(named), "suffix": suffix.to_string(), "item": hex(item) });
    for (name, input) in [
        ("in a table", input(255, SCOPE, b"session", 0, b"1")),
        ("in another table", input(3, SCOPE, b"session", 0, b"1")),
        ("of another store", input(255, b"bob", b"session", 0, b"1")),
        ("of an application with one store", input(255, b"", b"session", 0, b"1")),
        ("another suffix", input(255, SCOPE, b"session", u64::MAX, b"1")),
        ("of nothing", input(255, SCOPE, b"", 1, b"")),
    ] {
        file.good(&format!("names, {name}"), "store.names", input);
    }
    for (name, owner, due, set) in [
        ("a timer", "02aabb", 1_764_000_000_000, 1_763_999_000_000_u64),
        ("a timer at the ends of time", "00", u64::MAX, 0),
    ] {
        let input = json!({ "key": hex(key()), "scope": hex(SCOPE), "owner": owner, "due": due.to_string(), "set": set.to_string() });
        file.good(&format!("rows of {name}"), "timer.rows", input);
    }
    for (name, state, total) in [("a job", "0102", 2_000_u64), ("a job without state", "", 0)] {
        let input = json!({ "key": hex(key()), "scope": hex(SCOPE), "id": hex(counting(3, 16)), "now": "1764000000000", "kind": 7, "state": state, "total": total.to_string() });
        file.good(&format!("rows of {name}"), "job.rows", input);
    }
}

fn records(file: &mut File) {
    let name = counting(100, 24);
    let (ratchet, block) = make_ratchet_wire::kept();
    for (table, body) in [
        (1_u8, timer(b"x", 5, 4)),
        (2, timer(b"x", 5, 4)),
        (3, job(b"state", 1, 2)),
        (4, ratchet),
        (5, block),
        (255, specimen(|_| ())),
    ] {
        let input = json!({ "key": hex(key()), "scope": hex(SCOPE), "table": table, "name": hex(&name), "body": hex(&body), "random": hex(counting(80, 32)) });
        let record = file.good(&format!("seal a record of table {table}"), "record.seal", input);
        let open = json!({ "key": hex(key()), "scope": hex(SCOPE), "table": table, "name": hex(&name), "record": record["record"] });
        file.good(&format!("open a record of table {table}"), "record.open", open);
    }
    let aad = [&[0, 1], name.as_slice()].concat();
    let body = timer(b"x", 5, 4);
    let good = sealed(&aad, &[&[1], body.as_slice()].concat());
    let open =
        json!({ "key": hex(key()), "scope": hex(SCOPE), "table": 1, "name": hex(&name), "record": good });
    file.good("open", "record.open", open.clone());
    let moved = |table: u8| json!({ "key": hex(key()), "scope": hex(SCOPE), "table": table, "name": hex(&name), "record": good });
    let refuse = |file: &mut File, name: &str, input, class| {
        file.bad(&format!("open: {name}"), "record.open", input, class);
    };
    for (what, input) in [
        ("moved to the other table of timers", moved(2)),
        ("moved to the table of jobs", moved(3)),
        ("another name", with(open.clone(), "name", &flipped(&hex(&name), -1))),
        ("another scope", with(open.clone(), "scope", &hex(b"bob"))),
        ("no scope", with(open.clone(), "scope", "")),
        ("another key", with(open.clone(), "key", &flipped(&hex(key()), 0))),
        ("changed", with(open.clone(), "record", &flipped(&good, 30))),
        ("cut", with(open.clone(), "record", &good[..good.len() - 2])),
        ("a byte more", with(open.clone(), "record", &format!("{good}00"))),
        ("empty", with(open.clone(), "record", "")),
        ("sealed without format and body", with(open.clone(), "record", &sealed(&aad, &[]))),
        ("a format and no body", with(open.clone(), "record", &sealed(&aad, &[1]))),
        (
            "a body that is cut",
            with(open.clone(), "record", &sealed(&aad, &[&[1], &body[..body.len() - 1]].concat())),
        ),
        (
            "a body of another message",
            with(open.clone(), "record", &sealed(&aad, &[&[1], job(b"", 0, 0).as_slice()].concat())),
        ),
        (
            "a body that is not canonical",
            with(open.clone(), "record", &sealed(&aad, &[&[1], body.as_slice(), &[0x38, 0]].concat())),
        ),
        (
            "sealed as an entry",
            with(
                open.clone(),
                "record",
                &sealed(&[&[1, 1], name.as_slice(), &[0; 16]].concat(), &[&[1], body.as_slice()].concat()),
            ),
        ),
        (
            "sealed as an event",
            with(open.clone(), "record", &sealed(b"\x02Timer", &[&[1], body.as_slice()].concat())),
        ),
    ] {
        refuse(file, what, input, "unreadable");
    }
    for format in [0_u8, 2, 3, 255] {
        let record = sealed(&aad, &[&[format], body.as_slice()].concat());
        refuse(file, &format!("format {format}"), with(open.clone(), "record", &record), "unknown-format");
    }
}

fn entries_and_events(file: &mut File) {
    let (name, item, body) = (counting(100, 24), counting(50, 16), specimen(|_| ()));
    let input = json!({ "key": hex(key()), "scope": hex(SCOPE), "table": 255, "name": hex(&name), "item": hex(&item), "body": hex(&body), "random": hex(counting(80, 32)) });
    let entry = file.good("seal an entry", "entry.seal", input)["entry"].clone();
    let entry = entry.as_str().unwrap();
    let open = json!({ "key": hex(key()), "scope": hex(SCOPE), "table": 255, "name": hex(&name), "item": hex(&item), "entry": entry });
    file.good("open an entry", "entry.open", open.clone());
    let plaintext = [&[1], body.as_slice()].concat();
    for (what, input) in [
        ("another item", with(open.clone(), "item", &flipped(&hex(&item), 0))),
        ("another log", with(open.clone(), "name", &flipped(&hex(&name), 0))),
        ("another scope", with(open.clone(), "scope", "00")),
        ("changed", with(open.clone(), "entry", &flipped(entry, 24))),
        (
            "sealed as a record",
            with(open.clone(), "entry", &sealed(&[&[0, 255], name.as_slice()].concat(), &plaintext)),
        ),
        ("sealed as an event", with(open.clone(), "entry", &sealed(b"\x02Specimen", &plaintext))),
    ] {
        file.bad(&format!("open an entry: {what}"), "entry.open", input, "unreadable");
    }
    let aad = [&[1, 255], name.as_slice(), item.as_slice()].concat();
    let newer = with(open, "entry", &sealed(&aad, &[&[2], body.as_slice()].concat()));
    file.bad("open an entry: format 2", "entry.open", newer, "unknown-format");

    let input = json!({ "key": hex(key()), "scope": hex(SCOPE), "body": hex(&body), "random": hex(counting(80, 32)) });
    let event = file.good("seal an event", "event.seal", input)["event"].clone();
    let event = event.as_str().unwrap();
    let open = json!({ "key": hex(key()), "scope": hex(SCOPE), "event": event });
    file.good("open an event", "event.open", open.clone());
    for (what, input) in [
        ("another key", with(open.clone(), "key", &flipped(&hex(key()), 31))),
        ("another scope", with(open.clone(), "scope", &hex(b"alicf"))),
        ("changed", with(open.clone(), "event", &flipped(event, -1))),
        ("an entry", with(open.clone(), "event", entry)),
    ] {
        file.bad(&format!("open an event: {what}"), "event.open", input, "unreadable");
    }
    let other = with(open.clone(), "event", &sealed(b"\x02SpecimenPart", &plaintext));
    file.bad("open an event: of another message", "event.open", other, "unreadable");
    let newer = with(open, "event", &sealed(b"\x02Specimen", &[&[2], body.as_slice()].concat()));
    file.bad("open an event: format 2", "event.open", newer, "unknown-format");
}

fn messages(file: &mut File) {
    let decode = |message: &str, bytes: &[u8]| json!({ "message": message, "bytes": hex(bytes) });
    let largest = (timer(&[7; 64], u64::MAX, u64::MAX), {
        let fields =
            [number(1, u32::MAX.into()), bytes(2, &[9; 4_096]), number(3, u64::MAX), number(4, u64::MAX)];
        [fields.concat(), number(5, u64::MAX), number(6, u64::MAX)].concat()
    });
    for (name, message, body) in [
        ("a timer", "Timer", timer(b"x", 0, 0)),
        ("the largest timer", "Timer", largest.0),
        ("a job", "Job", job(b"", 0, 0)),
        ("a job that is done", "Job", job(b"state", 9, 9)),
        ("the largest job", "Job", largest.1),
    ] {
        file.good(name, "wire.decode", decode(message, &body));
    }
    for (name, message, body, class) in [
        ("a timer without owner", "Timer", timer(b"", 0, 0), "bad-length"),
        ("a timer with a long owner", "Timer", timer(&[7; 65], 0, 0), "bad-length"),
        ("a timer that was not set", "Timer", [bytes(1, b"x"), number(2, 5)].concat(), "missing"),
        ("a job with more done than there is", "Job", job(b"", 2, 1), "bad-value"),
        ("a job with a long state", "Job", job(&[0; 4_097], 0, 0), "bad-length"),
        (
            "a job without state",
            "Job",
            [number(1, 7), number(3, 0), number(4, 0), number(5, 0), number(6, 0)].concat(),
            "missing",
        ),
    ] {
        file.bad(name, "wire.decode", decode(message, &body), class);
    }
}
