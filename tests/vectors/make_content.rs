//! Vectors of contents: who may say what, ids, consent, when receipts are due, padded sizes.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::content::{
    Act, Body, Consent, ContactConsent, Content, Conversation, Heard, Own, Receivable, Sender, Text,
    TokenGrant, receive,
};
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::fixtures::NOW;
use crate::inputs::Fixed;
use crate::make::{File, counting};
use crate::make_content_wire::{
    attachment, consent, contact, content, content_of, grant, samples_of_kinds, text,
};
use crate::make_wire::{bytes, number};

const HOME: &str = "example.org";

fn id(first: u8) -> String {
    hex([first; 32])
}

/// A content of an accepted contact, through the library.
pub fn receivable() -> (AccountId, Receivable) {
    let (peer, own) = (AccountId::from_bytes([1; 32]), AccountId::from_bytes([2; 32]));
    let now = Timestamp::from_millis(NOW);
    let mut state = ContactConsent::new();
    state.act(Act::Request, &HOME.parse().unwrap(), now, &mut Fixed::new(counting(1, 16))).unwrap();
    let grant = TokenGrant::decode(&grant(b"example.net")).unwrap();
    state.hear(Heard::Consent(&Consent::Accept(grant)), now);
    let body = Body::Text(Text { text: "x".to_owned(), ..Text::default() });
    let content =
        Content::new(Conversation::Direct { with: own }, &body, now, &mut Fixed::new(counting(1, 16)));
    let sender = Sender { account: peer, device: DeviceId::from_bytes([1; 16]) };
    let own = Own { account: own, devices: [].into() };
    let received = receive(&content.unwrap().encode().unwrap(), sender, &own, |_| Some(&state)).unwrap();
    (peer, received.receivable(&state).unwrap())
}

pub fn contents() -> File {
    let mut file = File::new("10.3", "ids of conversations and contents, and who may say what to whom");
    for (name, one, other) in
        [("two accounts", 1, 2), ("in the other order", 2, 1), ("with oneself", 1, 1), ("others", 1, 3)]
    {
        let input = json!({ "one": id(one), "other": id(other) });
        file.good(&format!("conversation, {name}"), "conversation.direct", input);
    }
    received(&mut file);
    refused(&mut file);
    padded(&mut file);
    receipts(&mut file);
    file
}

/// By device 3 of account 1 to account 2, whose devices are 4 and 5.
fn input(content: &[u8], edit: &[(&str, Value)]) -> Value {
    let accepted = hex(contact(4, true, true, true));
    let mut input = json!({
        "content": hex(content), "sender": id(1), "device": hex([3; 16]), "own": id(2),
        "devices": [hex([4; 16]), hex([5; 16])], "contact": accepted,
    });
    for (name, value) in edit {
        input[*name] = value.clone();
    }
    input
}

fn copied() -> [(&'static str, Value); 2] {
    [("sender", id(2).into()), ("device", hex([5; 16]).into())]
}

fn received(file: &mut File) {
    let op = "content.receive";
    for (kind, name, body) in samples_of_kinds() {
        let to_own = input(&content_of(kind, &body, 2), &copied());
        let copy = file.good(&format!("{name} among own devices"), op, to_own);
        assert_eq!(copy["copy"], true);
        if kind < 300 {
            let out = file.good(name, op, input(&content_of(kind, &body, 2), &[]));
            assert_ne!(out["id"], copy["id"], "another sender");
            let out =
                file.good(&format!("{name}, a copy"), op, input(&content_of(kind, &body, 1), &copied()));
            assert_eq!(
                out["conversation"],
                file.good(&format!("{name} again"), op, input(&content_of(kind, &body, 2), &[]))["conversation"]
            );
        }
    }
    for kind in [2, 99, 108, 199, 201, 299] {
        let unknown = content_of(kind, b"of another release", 2);
        assert_eq!(file.good(&format!("kind {kind}"), op, input(&unknown, &[]))["known"], false);
    }
    for kind in [302, 303, 399] {
        let unknown = content_of(kind, b"of another release", 2);
        file.good(&format!("kind {kind} among own devices"), op, input(&unknown, &copied()));
        file.bad(&format!("kind {kind} of another account"), op, input(&unknown, &[]), "foreign-sync");
    }
    let first = file.good("a text", op, input(&content(1, &text(), 2, 7, NOW), &[]));
    for (name, other) in [
        ("another salt", content(1, &text(), 2, 8, NOW)),
        ("another time", content(1, &text(), 2, 7, NOW + 1)),
        ("another text", content(1, &[text(), number(6, 60)].concat(), 2, 7, NOW)),
    ] {
        assert_ne!(file.good(&format!("a text, {name}"), op, input(&other, &[]))["id"], first["id"]);
    }
    let asked = [("contact", hex(contact(2, true, false, true)).into())];
    file.good("a text of somebody who was asked", op, input(&content_of(1, &text(), 2), &asked));
    let request = content_of(107, &consent(1), 2);
    for (name, state) in [("a stranger", String::new()), ("declined", hex(contact(5, false, false, false)))] {
        file.good(&format!("a request, {name}"), op, input(&request, &[("contact", state.into())]));
    }
}

fn refused(file: &mut File) {
    let op = "content.receive";
    let bad = |file: &mut File, name: &str, content: &[u8], edit: &[(&str, Value)], class: &str| {
        file.bad(name, op, input(content, edit), class);
    };
    let said = content_of(1, &text(), 2);
    bad(file, "to a third account", &content_of(1, &text(), 9), &[], "foreign-conversation");
    bad(file, "to oneself, by another account", &content_of(1, &text(), 1), &[], "foreign-conversation");
    let unlisted = [("sender", id(2).into()), ("device", hex([3; 16]).into())];
    bad(file, "by an own device that is not listed", &said, &unlisted, "unlisted-device");
    bad(file, "not listed, and to nobody", &content_of(300, b"", 9), &unlisted, "unlisted-device");
    for (kind, name, body) in samples_of_kinds() {
        if kind >= 300 {
            bad(
                file,
                &format!("{name} of another account"),
                &content_of(kind, &body, 2),
                &[],
                "foreign-sync",
            );
            let elsewhere = content_of(kind, &body, 1);
            bad(file, &format!("{name} elsewhere"), &elsewhere, &copied(), "foreign-conversation");
            bad(
                file,
                &format!("{name}, unlisted"),
                &content_of(kind, &body, 2),
                &unlisted,
                "unlisted-device",
            );
        }
        let is_own = kind >= 300;
        let edit: &[(&str, Value)] = if is_own { &copied() } else { &[] };
        let cut = content_of(kind, &body[..body.len() - 1], 2);
        bad(file, &format!("{name}, cut"), &cut, edit, "bad-content");
        let longer = content_of(kind, &[body.as_slice(), &[0]].concat(), 2);
        bad(file, &format!("{name}, a byte more"), &longer, edit, "bad-content");
        for (state, contact) in [
            ("a stranger", String::new()),
            ("who has asked", hex(contact(3, false, true, false))),
            ("declined", hex(contact(5, true, true, false))),
            ("blocked", hex(contact(6, false, false, false))),
        ] {
            if !is_own && (kind != 107 || state == "blocked") {
                let edit = [("contact", Value::from(contact))];
                bad(file, &format!("{name}, {state}"), &content_of(kind, &body, 2), &edit, "not-permitted");
            }
        }
    }
    for kind in [2, 108, 201] {
        let edit = [("contact", Value::from(""))];
        bad(file, &format!("kind {kind}, a stranger"), &content_of(kind, b"x", 2), &edit, "not-permitted");
    }
    for kind in [0, 400, 65_536, u64::from(u32::MAX)] {
        bad(file, &format!("kind {kind}"), &content_of(kind, b"x", 2), &[], "bad-value");
    }
    bad(file, "a bad body of a stranger", &content_of(1, b"x", 2), &[("contact", "".into())], "bad-content");
    bad(file, "cut", &said[..said.len() - 1], &[], "truncated");
    bad(file, "a group", &[bytes(1, &[7; 16]), number(2, NOW), bytes(4, b"")].concat(), &[], "unknown-field");
    let image = attachment(1_024, 1_025, b"image/png", b"a.png");
    bad(file, "an unpadded attachment", &content_of(1, &bytes(4, &image), 2), &[], "bad-content");
}

fn padded(file: &mut File) {
    let largest = 1_u64 << 40;
    for size in [0, 1, 1_023, 1_024, 1_025, 1_088, 1_089, 9_999, 65_536, 65_537, 1_000_000, 4_294_967_297_u64]
    {
        file.good(&format!("padded, {size}"), "attachment.padded", json!({ "size": size.to_string() }));
    }
    for size in [largest - 1, largest] {
        let out =
            file.good(&format!("padded, {size}"), "attachment.padded", json!({ "size": size.to_string() }));
        assert_eq!(out["padded"], largest.to_string());
    }
}

fn receipts(file: &mut File) {
    for (name, now, rank, random) in [
        ("at the start of a slot", 60_000, 0, counting(1, 16)),
        ("at its end", 89_999, 0, counting(1, 16)),
        ("by the second device", 60_000, 1, counting(1, 16)),
        ("by the sixteenth device", 60_000, 15, counting(1, 16)),
        ("late in the slot", 60_000, 0, [vec![0, 0, 0, 0, 0, 0, 0x75, 0x2f], vec![9; 8]].concat()),
        ("first of the next", 60_000, 0, [vec![0, 0, 0, 0, 0, 0, 0x75, 0x30], vec![9; 8]].concat()),
        ("at the end of time", u64::MAX, 0, counting(1, 16)),
    ] {
        let input = json!({ "now": now.to_string(), "rank": rank, "random": hex(random) });
        file.good(&format!("receipts, {name}"), "receipts.due", input);
    }
}

const STATES: [(&str, u64, bool, bool); 6] = [
    ("none", 1, false, false),
    ("request sent", 2, true, false),
    ("request received", 3, false, true),
    ("accepted", 4, true, true),
    ("declined", 5, true, true),
    ("blocked", 6, false, false),
];

pub fn contacts() -> File {
    let mut file = File::new("10.6", "consent: every act and everything that is heard, in every state");
    for (state, number, ours, theirs) in STATES {
        let contact = contact(number, ours, theirs, ours && number != 5);
        for (act, states) in [
            ("request", vec!["none", "declined", "request sent"]),
            ("accept", vec!["request received"]),
            ("decline", vec!["request received"]),
            ("revoke", vec!["request sent", "accepted"]),
            ("rotate", vec!["accepted"]),
            ("block", vec!["none", "request sent", "request received", "accepted", "declined"]),
            ("unblock", vec!["blocked"]),
        ] {
            let draws = matches!(act, "revoke" | "rotate") || (matches!(act, "request" | "accept") && !ours);
            let is_possible = states.contains(&state);
            let random = if draws || !is_possible { hex(counting(77, 16)) } else { String::new() };
            let input = json!({ "contact": hex(&contact), "act": act, "home": HOME, "now": NOW.to_string(), "random": random });
            if is_possible {
                file.good(&format!("{state}: {act}"), "contact.act", input);
            } else {
                file.bad(&format!("{state}: {act}"), "contact.act", input, "not-possible");
            }
        }
        heard(&mut file, state, &contact);
    }
    let input = |home: &str, now: u64| {
        let stranger = hex(contact(1, false, false, false));
        json!({ "contact": stranger, "act": "request", "home": home, "now": now.to_string(), "random": hex(counting(77, 16)) })
    };
    file.good("a clock that was put back", "contact.act", input(HOME, 3));
    file.bad("a misspelt domain", "contact.act", input("Example.org", NOW), "bad-address");
    merges(&mut file);
    file
}

fn heard(file: &mut File, state: &str, contact: &[u8]) {
    let said = [
        ("request", 107, consent(1)),
        ("accept", 107, consent(2)),
        ("decline", 107, consent(3)),
        ("revoke", 107, consent(4)),
        ("token", 106, grant(b"example.net")),
    ];
    for (name, kind, body) in said {
        let input =
            json!({ "contact": hex(contact), "kind": kind, "body": hex(body), "now": NOW.to_string() });
        let changed = file.good(&format!("{state}: they {name}"), "contact.hear", input)["changed"] == true;
        let expected = match name {
            "request" => matches!(state, "none" | "request received" | "request sent" | "accepted"),
            "accept" | "token" => matches!(state, "request sent" | "accepted"),
            "decline" => state == "request sent",
            _ => matches!(state, "request sent" | "request received" | "accepted"),
        };
        assert_eq!(changed, expected, "{state}: they {name}");
    }
    let bad = json!({ "contact": hex(contact), "kind": 107, "body": hex([consent(3), consent(4)].concat()), "now": "0" });
    file.bad(&format!("{state}: two things at once"), "contact.hear", bad, "duplicate");
}

fn merges(file: &mut File) {
    let timed = |state: u64, acted: u64, heard: u64| {
        let mut contact = contact(state, true, true, true);
        contact = crate::edit::set(&contact, &[5], crate::edit::To::Number(acted));
        crate::edit::set(&contact, &[6], crate::edit::To::Number(heard))
    };
    for (name, one, other, first) in [
        ("a later act", timed(4, 5, 1), timed(5, 4, 9), true),
        ("an act goes before what was heard later", timed(4, 4, 9), timed(5, 5, 1), false),
        ("heard later", timed(4, 5, 3), timed(1, 5, 2), true),
        ("the higher encoding", timed(4, 5, 2), timed(5, 5, 2), false),
        ("the same", timed(4, 5, 2), timed(4, 5, 2), true),
    ] {
        for (order, a, b) in [("", &one, &other), (", the other way round", &other, &one)] {
            let input = json!({ "one": hex(a), "other": hex(b) });
            let out = file.good(&format!("merge, {name}{order}"), "contact.merge", input);
            assert_eq!(out["contact"], hex(if first { &one } else { &other }));
        }
    }
}
