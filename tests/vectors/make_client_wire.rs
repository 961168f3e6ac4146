//! Vectors of what a device keeps, and of what it tells its application.

use sottovoce::identity::chain::Subject as _;
use sottovoce::wire::Wire as _;

use crate::edit::{To, get, get_number, set};
use crate::fixtures::{NOW, account, device_secret};
use crate::make::{File, counting};
use crate::make_identity_wire::shapes;
use crate::make_ratchet_wire::Case;
use crate::make_server_wire::decode;
use crate::make_session::certificate;
use crate::make_session_wire::{declared, each, gap, part, several, to, without};
use crate::make_wire::{bytes, number};

const MAX: u64 = 0xffff_ffff;
const ADDRESS: &[u8] = b"alice@example.org";
const MISSPELT: &[u8] = b"Alice@example.org";
/// The number of the errand.
const ERRAND: u64 = 0x0102_0304_0506_0708;

/// A message, the least that it may be, and what is said of it.
type Kept = (&'static str, Vec<u8>, Vec<Case>);

/// As long as an address can be.
fn longest() -> Vec<u8> {
    let label = |length: usize| "a".repeat(length);
    format!("{}@{}.{}.{}.{}", label(63), label(63), label(63), label(63), label(61)).into_bytes()
}

fn id(first: u8) -> Vec<u8> {
    counting(first, 16)
}

fn who(first: u8) -> Vec<u8> {
    counting(first, 32)
}

fn own_manifest(capabilities: u64) -> Vec<u8> {
    [number(1, MAX), number(2, u64::MAX), bytes(3, &who(9)), number(4, capabilities)].concat()
}

fn client_account(address: &[u8], manifests: u64) -> Vec<u8> {
    let manifest = bytes(3, &account().manifest().encode().unwrap());
    let head = [bytes(1, address), bytes(2, &device_secret(1).encode().unwrap()), manifest].concat();
    let own: Vec<u8> = (0..manifests).flat_map(|of| bytes(4, &own_manifest(u64::MAX - of))).collect();
    [head, own, bytes(5, &id(5)), number(6, 1)].concat()
}

fn full_account() -> Vec<u8> {
    let rest = [bytes(7, &id(7)), bytes(8, &who(8)), bytes(9, &certificate())].concat();
    [client_account(&longest(), 3), rest].concat()
}

fn state() -> Vec<u8> {
    [number(1, 1), bytes(5, b""), number(8, 0)].concat()
}

fn full_state() -> Vec<u8> {
    let place = [number(1, u64::MAX), bytes(2, &counting(1, 8))].concat();
    let times = [number(3, u64::MAX), number(4, u64::MAX)].concat();
    let cursor = bytes(5, &[bytes(1, &place), bytes(2, &place)].concat());
    let inbox = [bytes(6, &id(6)), number(7, u64::MAX)].concat();
    let prekeys = [number(8, u64::MAX), number(9, u64::MAX)].concat();
    [number(1, u64::MAX), bytes(2, &counting(2, 88)), times, cursor, inbox, prekeys].concat()
}

/// The request of an errand: to look somebody up, or to list requests.
fn request(of: u64, session: bool, looks_up: bool) -> Vec<u8> {
    let name = [counting(70, 8), of.to_be_bytes().to_vec()].concat();
    let session = if session { bytes(3, &counting(2, 88)) } else { Vec::new() };
    let operation = if looks_up { bytes(8, &bytes(1, ADDRESS)) } else { bytes(19, b"") };
    [number(1, 1), bytes(2, &name), session, operation].concat()
}

fn errand(of: u64, request: &[u8], introduces: u64) -> Vec<u8> {
    [number(1, of), bytes(2, request), number(3, introduces), number(4, 0), number(5, NOW)].concat()
}

fn person() -> Vec<u8> {
    [bytes(1, &who(1)), number(3, 0)].concat()
}

fn names(field: u64, count: u8) -> Vec<u8> {
    (0..count).flat_map(|first| bytes(field, &id(first))).collect()
}

fn full_person() -> Vec<u8> {
    let known = [bytes(1, &who(1)), bytes(2, &longest()), number(3, 1), bytes(4, &id(4))].concat();
    [known, names(5, 255), bytes(5, &[0; 16]), names(6, 16)].concat()
}

fn pending(first: u8, repairs: bool) -> Vec<u8> {
    let repairs = if repairs { bytes(3, &gap(MAX, MAX)) } else { Vec::new() };
    [bytes(1, &who(first)), bytes(2, &id(first)), repairs].concat()
}

fn outgoing(devices: u8) -> Vec<u8> {
    let head = [bytes(1, &id(1)), bytes(2, &who(2)), bytes(3, b"content"), number(4, NOW)].concat();
    let pending = (0..devices).flat_map(|first| bytes(5, &pending(first, first > 0)));
    head.into_iter().chain(pending).collect()
}

fn known(kind: u64) -> Vec<u8> {
    [bytes(1, &who(1)), bytes(2, &who(2)), number(3, kind)].concat()
}

fn submitted() -> Vec<u8> {
    [bytes(1, &id(1)), bytes(2, &who(2)), bytes(3, &id(3))].concat()
}

fn contact() -> Vec<u8> {
    [bytes(1, &who(1)), number(2, 4), bytes(3, ADDRESS), number(4, 1)].concat()
}

fn message() -> Vec<u8> {
    [bytes(1, b"content"), bytes(2, &who(1)), bytes(3, &id(1)), number(4, NOW), number(5, 0)].concat()
}

fn progress(stage: u64, since: Option<u64>) -> Vec<u8> {
    let since = since.map_or_else(Vec::new, |since| number(5, since));
    [submitted(), number(4, stage), since].concat()
}

fn unreadable() -> Vec<u8> {
    [bytes(1, b"unknown-tag"), bytes(2, &who(1)), bytes(3, &id(1))].concat()
}

fn notice(what: u64, device: bool, count: Option<u64>) -> Vec<u8> {
    let device = if device { bytes(3, &id(1)) } else { Vec::new() };
    let count = count.map_or_else(Vec::new, |count| number(4, count));
    [number(1, what), bytes(2, &who(1)), device, count].concat()
}

fn missed() -> Vec<u8> {
    [number(1, 3), number(2, NOW), number(3, NOW + 1), bytes(4, b"example.net")].concat()
}

pub fn messages() -> File {
    let mut file = File::new("11.7", "what a device keeps and tells");
    let samples = [
        ("ClientAccount", full_account(), false),
        ("ClientState", full_state(), true),
        ("Errand", errand(ERRAND, &request(ERRAND, false, true), 1), false),
        ("Person", full_person(), true),
        ("PendingDevice", pending(1, true), true),
        ("Outgoing", outgoing(64), false),
        ("KnownContent", known(399), false),
    ];
    let small = kept().into_iter().map(|(message, least, _)| {
        let is_largest = matches!(message, "SubmittedItem" | "TokenOwner");
        (message, least, is_largest)
    });
    let told = events().into_iter().map(|(_, field, event, _)| ("ClientEvent", bytes(field, &event), false));
    shapes(&mut file, small.chain(samples).chain(told).collect());
    for (message, least, cases) in kept() {
        for (name, bytes, class) in spelt(message, &least).into_iter().chain(cases) {
            check(&mut file, &format!("{message}: {name}"), message, &bytes, class);
        }
    }
    for (event, field, least, cases) in events() {
        for (name, part, class) in spelt(event, &least).into_iter().chain(cases) {
            let whole = bytes(field, &part);
            check(&mut file, &format!("{event}: {name}"), "ClientEvent", &whole, class);
        }
    }
    for (name, bytes, class) in whole_events() {
        check(&mut file, &format!("ClientEvent: {name}"), "ClientEvent", &bytes, class);
    }
    file
}

fn check(file: &mut File, name: &str, message: &str, bytes: &[u8], class: &str) {
    match class {
        "" => drop(file.good(name, "wire.decode", decode(message, bytes))),
        class => file.bad(name, "wire.decode", decode(message, bytes), class),
    }
}

/// The greatest length of those that are short.
fn limit(message: &str) -> usize {
    match message {
        "KnownContent" => 74,
        "PendingDevice" => 76,
        "SubmittedItem" => 70,
        "TokenOwner" | "RegisteredEvent" => 34,
        "ProgressEvent" => 87,
        _ => usize::MAX,
    }
}

/// Ways to spell any of these messages that are not the one.
fn spelt(message: &str, good: &[u8]) -> Vec<Case> {
    let (tag, rest) = good.split_first().unwrap();
    let first = match tag & 7 {
        0 => number(1, get_number(good, &[1]).unwrap()),
        _ => bytes(1, &get(good, &[1]).unwrap()),
    };
    let mut cases = vec![
        ("a tag in two bytes", [&[tag | 0x80, 0], rest].concat(), "bad-varint"),
        ("a field of another type", [&[tag ^ 2], rest].concat(), "wrong-wire-type"),
        ("the first field twice", [first.as_slice(), good].concat(), "duplicate"),
        ("a field that does not exist", [good, &number(60, 1)].concat(), "unknown-field"),
    ];
    if first != good {
        cases.push(("the first field last", [rest_of(good), first].concat(), "out-of-order"));
    }
    let is_long = |bytes: &[u8]| bytes.len() > limit(message);
    cases
        .into_iter()
        .map(|(name, bytes, class)| (name, bytes.clone(), if is_long(&bytes) { "too-large" } else { class }))
        .collect()
}

/// Without its first field.
fn rest_of(good: &[u8]) -> Vec<u8> {
    set(good, &[1], To::Absent)
}

/// What is kept, the least of each.
fn kept() -> Vec<Kept> {
    vec![
        ("ClientAccount", client_account(ADDRESS, 1), accounts()),
        ("ClientState", state(), states()),
        ("Errand", errand(1, &request(1, false, false), 0), errands()),
        ("Person", person(), people()),
        ("PendingDevice", pending(0, false), pending_devices()),
        ("Outgoing", outgoing(0), outgoings()),
        ("KnownContent", known(1), contents()),
        ("SubmittedItem", submitted(), each(&submitted(), &[], &[1, 2, 3])),
        ("TokenOwner", bytes(1, &who(1)), each(&bytes(1, &who(1)), &[], &[1])),
    ]
}

fn accounts() -> Vec<Case> {
    let good = full_account();
    let mut cases = each(&good, &[1, 2, 3, 6], &[5]);
    cases.extend([
        ("no address", part(&good, &[1], b"alice"), "bad-value"),
        ("a misspelt address", part(&good, &[1], MISSPELT), "bad-value"),
        ("an address that is too long", part(&good, &[1], &[b'a'; 318]), "bad-length"),
        ("an address that is no text", part(&good, &[1], b"alice\xff@example.org"), "bad-text"),
        ("an empty secret", part(&good, &[2], b""), "missing"),
        ("a short signing key", part(&good, &[2, 1], &[1; 63]), "bad-length"),
        ("an empty manifest", part(&good, &[3], b""), "missing"),
        ("a manifest that is too long", [bytes(1, ADDRESS), declared(3, 452_723)].concat(), "too-large"),
        ("no manifest that was held", without(&good, &[4]), "missing"),
        ("64 manifests", several(&good, 4, &own_manifest(1), 64), ""),
        ("65 manifests", several(&good, 4, &own_manifest(1), 65), "too-many"),
        ("a manifest without its hash", several(&good, 4, &without(&own_manifest(1), &[3]), 2), "missing"),
        ("done", to(&good, &[6], 2), ""),
        ("refused", to(&good, &[6], 3), ""),
        ("registration 0", to(&good, &[6], 0), "bad-value"),
        ("registration 4", to(&good, &[6], 4), "bad-value"),
        ("a short invitation", part(&good, &[7], &[7; 15]), "bad-length"),
        ("a short server", part(&good, &[8], &[8; 31]), "bad-length"),
        ("no server", without(&good, &[8]), ""),
        ("an empty certificate", part(&good, &[9], b""), "missing"),
        ("a certificate with a short signature", part(&good, &[9, 3], &[4; 63]), "bad-length"),
    ]);
    cases
}

fn states() -> Vec<Case> {
    let good = full_state();
    let mut cases = each(&good, &[1, 5, 8], &[]);
    cases.extend([
        ("errand 0 is next", to(&good, &[1], 0), "bad-value"),
        ("a session without end", without(&good, &[3]), "missing"),
        ("the end of no session", without(&good, &[2]), "missing"),
        ("no session", without(&without(&good, &[2]), &[3]), ""),
        ("a short session", part(&good, &[2], &[2; 87]), "bad-length"),
        ("a long session", part(&state(), &[2], &[2; 89]), "bad-length"),
        ("never greeted", without(&good, &[4]), ""),
        ("a place without number", without(&good, &[5, 1, 1]), "missing"),
        ("a gap without tag", without(&good, &[5, 2, 2]), "missing"),
        ("a place with a short tag", part(&good, &[5, 1, 2], &[1; 7]), "bad-length"),
        ("a cursor without gap", without(&good, &[5, 2]), ""),
        ("a short handle", part(&good, &[6], &[6; 15]), "bad-length"),
        ("a handle of nothing", part(&good, &[6], b""), "bad-length"),
        ("no prekeys yet", without(&good, &[9]), ""),
    ]);
    cases
}

fn errands() -> Vec<Case> {
    let of = |request: &[u8], introduces| errand(ERRAND, request, introduces);
    let good = of(&request(ERRAND, false, true), 1);
    let mut cases = each(&good, &[1, 2, 3, 4, 5], &[]);
    cases.extend([
        ("a look-up, and no request for contact", of(&request(ERRAND, false, true), 0), ""),
        ("a request for contact without look-up", of(&request(ERRAND, false, false), 1), "bad-value"),
        ("introduces is 2", to(&good, &[3], 2), "bad-value"),
        ("of another number", to(&good, &[1], ERRAND + 1), "bad-value"),
        ("the number in other bytes", to(&good, &[1], ERRAND.swap_bytes()), "bad-value"),
        ("a request of another number", of(&request(ERRAND + 1, false, true), 1), "bad-value"),
        ("errand 0", errand(0, &request(0, false, false), 0), "bad-value"),
        ("the last errand", errand(u64::MAX, &request(u64::MAX, false, false), 0), ""),
        ("with a session", of(&request(ERRAND, true, true), 1), "bad-value"),
        ("an empty request", of(b"", 1), "missing"),
        ("a request of another version", to(&good, &[2, 1], 2), "bad-value"),
        ("a request for a misspelt address", part(&good, &[2, 8, 1], MISSPELT), "bad-value"),
        ("a request with a short name", part(&good, &[2, 2], &[1; 15]), "bad-length"),
        ("a request for nothing", without(&good, &[2, 8]), "missing"),
        ("a request that is too long", [number(1, 1), declared(2, 4_194_305)].concat(), "too-large"),
        ("all attempts", to(&good, &[4], MAX), ""),
        ("attempts beyond 32 bits", to(&good, &[4], MAX + 1), "bad-value"),
    ]);
    cases
}

fn people() -> Vec<Case> {
    let good = full_person();
    let unknown = without(&good, &[2]);
    let twice = |field| [person(), names(field, 3), bytes(field, &id(1))].concat();
    let neighbours = |field| [person(), bytes(field, &id(1)).repeat(2)].concat();
    let mut cases = each(&good, &[3], &[1]);
    cases.extend([
        ("looked up, and no address", unknown.clone(), "missing"),
        ("no address", to(&unknown, &[3], 0), ""),
        ("an address of its own word", to(&good, &[3], 0), ""),
        ("looked up is 2", to(&good, &[3], 2), "bad-value"),
        ("a misspelt address", part(&good, &[2], MISSPELT), "bad-value"),
        ("an empty address", part(&good, &[2], b""), "bad-value"),
        ("no handle", without(&good, &[4]), ""),
        ("a short handle", part(&good, &[4], &[4; 15]), "bad-length"),
        ("257 that wait", [person(), names(5, 255), bytes(5, &[1; 16]).repeat(2)].concat(), "too-many"),
        ("17 claims", [person(), names(6, 17)].concat(), "too-many"),
        ("a short one that waits", [person(), bytes(5, &[1; 15])].concat(), "bad-length"),
        ("a short device", [person(), bytes(6, &[1; 15])].concat(), "bad-length"),
        ("one waits twice", twice(5), "bad-value"),
        ("one waits twice in a row", neighbours(5), "bad-value"),
        ("one is claimed twice", twice(6), "bad-value"),
        ("one is claimed twice in a row", neighbours(6), "bad-value"),
        ("one waits that is claimed", [person(), bytes(5, &id(1)), bytes(6, &id(1))].concat(), ""),
        ("in descending order", [person(), bytes(5, &id(2)), bytes(5, &id(1))].concat(), ""),
    ]);
    cases
}

fn pending_devices() -> Vec<Case> {
    let good = pending(1, true);
    let mut cases = each(&good, &[], &[1, 2]);
    cases.extend([
        ("repairs nothing", part(&good, &[3], &gap(1, 0)), "bad-value"),
        ("repairs without a count", without(&good, &[3, 3]), "missing"),
        ("repairs in a short chain", part(&good, &[3, 1], &[4; 7]), "bad-length"),
    ]);
    cases
}

fn outgoings() -> Vec<Case> {
    let good = outgoing(2);
    let another = |first, second| [bytes(1, &who(first)), bytes(2, &id(second))].concat();
    let with = |devices: &[Vec<u8>]| set(&good, &[5], To::Each(devices.to_vec()));
    let mut cases = each(&good, &[3, 4], &[1, 2]);
    cases.extend([
        ("an empty content", part(&good, &[3], b""), ""),
        (
            "a content that is too long",
            [submitted()[..52].to_vec(), declared(3, 65_537)].concat(),
            "bad-length",
        ),
        ("65 devices", several(&good, 5, &pending(1, false), 65), "too-many"),
        ("one device twice", with(&[pending(1, false), pending(2, false), pending(1, true)]), "bad-value"),
        ("one device twice in a row", with(&[pending(1, true), pending(1, true)]), "bad-value"),
        ("two devices of an account", with(&[another(1, 1), another(1, 2)]), ""),
        ("a device of two accounts", with(&[another(1, 1), another(2, 1)]), ""),
        ("a device without account", with(&[bytes(2, &id(1))]), "missing"),
        ("a device that repairs nothing", with(&[part(&pending(1, true), &[3], &gap(1, 0))]), "bad-value"),
    ]);
    cases
}

fn contents() -> Vec<Case> {
    let mut cases = each(&known(1), &[3], &[1, 2]);
    cases.extend([
        ("kind 0", known(0), "bad-value"),
        ("kind 400", known(400), "bad-value"),
        ("a kind that is not known", known(99), ""),
        ("a kind that is 1 in 16 bits", known(65_537), "bad-value"),
        ("a kind beyond 32 bits", known(MAX + 2), "bad-value"),
    ]);
    cases
}

/// What is told: an event, its field, the event itself, and what is said of it.
fn events() -> Vec<(&'static str, u64, Vec<u8>, Vec<Case>)> {
    let registered = bytes(1, &who(1));
    let of = each(&registered, &[], &[1]);
    vec![
        ("RegisteredEvent", 1, registered, of),
        ("RegistrationRefusedEvent", 2, number(1, 1), refusals()),
        ("LookedUpEvent", 3, [bytes(1, ADDRESS), bytes(2, &who(1))].concat(), look_ups()),
        ("ContactEvent", 4, contact(), contacts()),
        ("MessageEvent", 5, message(), said()),
        ("ProgressEvent", 6, progress(1, None), progresses()),
        ("UnreadableEvent", 7, unreadable(), unreadables()),
        ("NoticeEvent", 8, notice(10, true, Some(3)), notices()),
        ("MissedEvent", 9, missed(), misses()),
    ]
}

fn refusals() -> Vec<Case> {
    let mut cases = each(&number(1, 1), &[1], &[]);
    cases.extend([
        ("taken", number(1, 2), ""),
        ("invalid", number(1, 3), ""),
        ("why 0", number(1, 0), "bad-value"),
        ("why 4", number(1, 4), "bad-value"),
        ("all bits", number(1, MAX), "bad-value"),
    ]);
    cases
}

fn look_ups() -> Vec<Case> {
    let good = [bytes(1, ADDRESS), bytes(2, &who(1))].concat();
    vec![
        ("no address", without(&good, &[1]), "missing"),
        ("a misspelt address", part(&good, &[1], MISSPELT), "bad-value"),
        ("the longest address", part(&good, &[1], &longest()), ""),
        ("an address that is too long", bytes(1, &[b'a'; 318]), "bad-length"),
        ("nobody", without(&good, &[2]), ""),
        ("a short account", part(&good, &[2], &[1; 31]), "bad-length"),
    ]
}

fn contacts() -> Vec<Case> {
    let good = contact();
    let unknown = without(&good, &[3]);
    let mut cases = each(&good, &[2, 4], &[1]);
    cases.extend([
        ("nothing was said", to(&good, &[2], 1), ""),
        ("blocked", to(&good, &[2], 6), ""),
        ("state 0", to(&good, &[2], 0), "bad-value"),
        ("state 7", to(&good, &[2], 7), "bad-value"),
        ("looked up, and no address", unknown.clone(), "missing"),
        ("no address", to(&unknown, &[4], 0), ""),
        ("an address of its own word", to(&good, &[4], 0), ""),
        ("looked up is 2", to(&good, &[4], 2), "bad-value"),
        ("a misspelt address", part(&good, &[3], MISSPELT), "bad-value"),
    ]);
    cases
}

fn said() -> Vec<Case> {
    let good = message();
    let mut cases = each(&good, &[1, 4, 5], &[2, 3]);
    cases.extend([
        ("an empty content", part(&good, &[1], b""), ""),
        ("a content that is too long", declared(1, 65_537), "bad-length"),
        ("not proven", to(&good, &[5], 1), ""),
        ("all flags that there are", to(&good, &[5], 7), ""),
        ("a flag that does not exist", to(&good, &[5], 8), "bad-value"),
        ("all flags", to(&good, &[5], MAX), "bad-value"),
        ("flags beyond 32 bits", to(&good, &[5], MAX + 1), "bad-value"),
        ("the end of time", to(&good, &[4], u64::MAX), ""),
    ]);
    cases
}

fn progresses() -> Vec<Case> {
    let mut cases = each(&progress(1, None), &[4], &[1, 2, 3]);
    cases.extend([
        ("stage 0", progress(0, None), "bad-value"),
        ("stage 2", progress(2, Some(NOW)), ""),
        ("stage 2 since nothing", progress(2, None), "bad-value"),
        ("stage 3", progress(3, None), ""),
        ("stage 4", progress(4, None), ""),
        ("stage 5", progress(5, None), ""),
        ("stage 6", progress(6, None), ""),
        ("stage 7", progress(7, None), "bad-value"),
        ("stage 0 since a time", progress(0, Some(NOW)), "bad-value"),
        ("stage 1 since a time", progress(1, Some(NOW)), "bad-value"),
        ("stage 3 since a time", progress(3, Some(0)), "bad-value"),
        ("stage 4 since a time", progress(4, Some(NOW)), "bad-value"),
        ("stage 5 since a time", progress(5, Some(NOW)), "bad-value"),
        ("stage 6 since a time", progress(6, Some(NOW)), "bad-value"),
    ]);
    cases
}

fn unreadables() -> Vec<Case> {
    let good = unreadable();
    vec![
        ("no class", without(&good, &[1]), "missing"),
        ("a class of the greatest length", part(&good, &[1], &[b'a'; 64]), ""),
        ("a class that is too long", bytes(1, &[b'a'; 65]), "bad-length"),
        ("a class that is no text", part(&good, &[1], b"\xc0\x80"), "bad-text"),
        ("an account", without(&good, &[3]), ""),
        ("nobody", without(&without(&good, &[2]), &[3]), ""),
        ("a device of nobody", without(&good, &[2]), "missing"),
        ("a short account", part(&good, &[2], &[1; 31]), "bad-length"),
        ("a short device", part(&good, &[3], &[1; 15]), "bad-length"),
    ]
}

fn notices() -> Vec<Case> {
    let good = notice(11, true, Some(1));
    let mut cases = each(&good, &[1], &[2]);
    cases.extend([
        ("a short device", part(&good, &[3], &[1; 15]), "bad-length"),
        ("a count beyond 32 bits", to(&good, &[4], MAX + 1), "bad-value"),
        ("the greatest count", to(&good, &[4], MAX), ""),
        ("what 0", notice(0, false, None), "bad-value"),
        ("what 13", notice(13, false, None), "bad-value"),
        ("what 13 of a device", notice(13, true, None), "bad-value"),
        ("1", notice(1, false, None), ""),
        ("1 of a device", notice(1, true, None), "bad-value"),
        ("1 with a count", notice(1, false, Some(1)), "bad-value"),
        ("2", notice(2, false, None), ""),
        ("2 of a device", notice(2, true, None), "bad-value"),
        ("3", notice(3, false, None), ""),
        ("3 of a device", notice(3, true, None), "bad-value"),
        ("4", notice(4, true, None), ""),
        ("4 of no device", notice(4, false, None), "bad-value"),
        ("5", notice(5, true, None), ""),
        ("6", notice(6, true, None), ""),
        ("7", notice(7, true, None), ""),
        ("8", notice(8, true, None), ""),
        ("9", notice(9, true, None), ""),
        ("9 of no device", notice(9, false, None), "bad-value"),
        ("9 with a count", notice(9, true, Some(1)), "bad-value"),
        ("10 without a count", notice(10, true, None), "bad-value"),
        ("10 of no device", notice(10, false, Some(1)), "bad-value"),
        ("11 without a count", notice(11, true, None), "bad-value"),
        ("11 of no device", notice(11, false, Some(1)), "bad-value"),
        ("12", notice(12, false, None), ""),
        ("12 of a device", notice(12, true, None), "bad-value"),
        ("12 with a count", notice(12, false, Some(1)), "bad-value"),
    ]);
    cases
}

fn misses() -> Vec<Case> {
    let good = missed();
    let mut cases = each(&good, &[2, 3], &[]);
    cases.extend([
        ("nobody knows how many", without(&good, &[1]), ""),
        ("nobody knows of whom", without(&good, &[4]), ""),
        ("no domain", part(&good, &[4], b"example"), "bad-value"),
        ("an empty domain", part(&good, &[4], b""), "bad-value"),
        ("a domain that is too long", part(&good, &[4], &[b'a'; 254]), "bad-length"),
    ]);
    cases
}

fn whole_events() -> Vec<Case> {
    let of = |field: u64, event: &[u8]| bytes(field, event);
    let registered = of(1, &bytes(1, &who(1)));
    vec![
        ("of no kind", of(10, &bytes(1, &who(1))), "unknown-field"),
        ("one twice", registered.repeat(2), "duplicate"),
        ("two", [registered.clone(), of(2, &number(1, 1))].concat(), "duplicate"),
        ("two in the other order", [of(2, &number(1, 1)), registered].concat(), "out-of-order"),
        ("an empty one", of(1, b""), "missing"),
        ("a number", number(1, 1), "wrong-wire-type"),
        ("one that is too long for its kind", of(1, &bytes(1, &[1; 33])), "too-large"),
        ("one in another's field", of(9, &bytes(1, &who(1))), "wrong-wire-type"),
    ]
}
