//! Vectors of contents: who may say what, ids, consent, when receipts are due, padded sizes.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::content::{
    Act, Body, Consent, ContactConsent, Content, ContentId, Conversation, Heard, Own, Receivable, Sender,
    Text, TokenGrant, Version, receive,
};
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::fixtures::NOW;
use crate::inputs::Fixed;
use crate::make::{File, counting};
use crate::make_content_wire::{
    Kept, attachment, consent, contact, content, content_of, grant, samples_of_kinds, text,
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
    let version = Version { sent_at: now, id: ContentId::from_bytes([1; 16]) };
    state.hear(Heard::Consent(&Consent::Accept(grant)), version);
    let body = Body::Text(Text { text: "x".to_owned(), ..Text::default() });
    let content =
        Content::new(Conversation::Direct { with: own }, &body, now, &mut Fixed::new(counting(1, 16)));
    let sender = Sender { account: peer, device: DeviceId::from_bytes([1; 16]), is_proven: true };
    let own = Own { account: own, devices: [].into() };
    let received = receive(&content.unwrap().encode().unwrap(), sender, &own, |_| Some(&state)).unwrap();
    (peer, received.receivable(&state, now).unwrap())
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
        "proven": true,
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
        let mut unproven = if is_own { copied().to_vec() } else { Vec::new() };
        unproven.push(("proven", false.into()));
        let unproven = input(&content_of(kind, &body, 2), &unproven);
        if kind < 100 {
            file.good(&format!("{name}, unproven"), op, unproven);
        } else {
            file.bad(&format!("{name}, unproven"), op, unproven, "unproven");
        }
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
    let unproven = [("proven", Value::from(false)), ("contact", "".into())];
    bad(file, "a text of a stranger, unproven", &said, &unproven, "not-permitted");
    bad(file, "a request, unproven", &content_of(107, &consent(1), 2), &unproven, "unproven");
    bad(file, "a bad body, unproven", &content_of(107, b"x", 2), &unproven, "unproven");
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
    clocks(&mut file);
    file.bad("a misspelt domain", "contact.act", input("Example.org", NOW), "bad-address");
    merges(&mut file);
    file
}

const DAY: u64 = 86_400_000;

/// Acts whose tokens or times depend on how long ago something was.
fn clocks(file: &mut File) {
    let rotated = Kept { previous: Some(70), ..Kept::new(4, true, true, true) };
    let mut act = |name: &str, kept: Kept, act: &str, now: u64| {
        let draws = matches!(act, "rotate" | "revoke");
        let random = if draws { hex(counting(77, 16)) } else { String::new() };
        let input = json!({ "contact": hex(kept.bytes()), "act": act, "home": HOME, "now": now.to_string(), "random": random });
        file.good(name, "contact.act", input)["tokens"].as_array().unwrap().len()
    };
    let grace = 16 * DAY + 9;
    for (name, doing, now, tokens) in [
        ("a block after a rotation", "block", 100, 4),
        ("a block at the end of the time of grace", "block", grace - 1, 4),
        ("a block after the time of grace", "block", grace, 2),
        ("a second rotation", "rotate", 100, 5),
        ("a second rotation after the time of grace", "rotate", grace, 3),
        ("a revocation after a rotation", "revoke", 100, 5),
    ] {
        assert_eq!(act(name, rotated, doing, now), tokens, "{name}");
    }
    act("a clock that was years ahead", Kept { acted: NOW + 3_650 * DAY, ..rotated }, "rotate", NOW);
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
        let input = json!({ "contact": hex(contact), "kind": kind, "body": hex(&body), "sent_at": NOW.to_string(), "id": hex([9; 16]) });
        let changed = file.good(&format!("{state}: they {name}"), "contact.hear", input)["changed"] == true;
        let expected = match name {
            "request" => matches!(state, "none" | "request received" | "request sent" | "accepted"),
            "accept" | "token" => matches!(state, "request sent" | "accepted"),
            "decline" => state == "request sent",
            _ => matches!(state, "request sent" | "request received" | "accepted"),
        };
        assert_eq!(changed, expected, "{state}: they {name}");
        for (what, sent_at, id, counts) in
            [("later", 7, 0x56, expected), ("again", 7, 0x55, false), ("earlier", 6, 0xff, false)]
        {
            let input = json!({ "contact": hex(contact), "kind": kind, "body": hex(&body), "sent_at": sent_at.to_string(), "id": hex([id; 16]) });
            let out = file.good(&format!("{state}: they {name}, {what}"), "contact.hear", input);
            assert_eq!(out["changed"], counts, "{state}: they {name}, {what}");
        }
    }
    let bad = json!({ "contact": hex(contact), "kind": 107, "body": hex([consent(3), consent(4)].concat()), "sent_at": "0", "id": hex([9; 16]) });
    file.bad(&format!("{state}: two things at once"), "contact.hear", bad, "duplicate");
}

/// Pairs of records, and which state counts.
fn merged() -> Vec<(&'static str, Kept, Kept, u64)> {
    let kept = |state, decided, heard| Kept {
        acted: 30,
        decided,
        heard,
        ..Kept::new(state, state != 6, state != 6, state != 6)
    };
    let blocked = |at| Kept { blocked: at, decided: at, ..kept(6, at, 7) };
    let token = |kept: Kept, first, made| Kept { ours: Some(first), made, ..kept };
    let accepted = kept(4, 10, 7);
    let over = Kept { theirs: None, ..kept(1, 5, 9) };
    vec![
        ("the same", accepted, accepted, 4),
        ("a later decision", kept(4, 11, 7), kept(5, 12, 7), 5),
        ("a decision goes before what was heard later", kept(4, 11, 9), kept(5, 12, 7), 5),
        ("at once, accepted and declined", kept(4, 11, 7), kept(5, 11, 7), 5),
        ("asked, and accepted since", kept(2, 11, 7), kept(4, 11, 8), 4),
        ("asked, and declined since", kept(2, 11, 7), Kept { theirs: None, ..kept(1, 11, 8) }, 1),
        ("over, and asked since", kept(1, 11, 7), kept(3, 11, 8), 3),
        ("a block goes before what does not know of it", blocked(11), kept(5, 20, 9), 6),
        ("a later block", blocked(11), blocked(12), 6),
        ("an end of the block that is known", blocked(11), Kept { blocked: 11, ..kept(1, 12, 7) }, 1),
        (
            "a revocation goes before a rotation",
            Kept { revoked: 11, ..kept(5, 11, 7) },
            token(accepted, 70, 13),
            5,
        ),
        (
            "a revocation goes before a later decision",
            Kept { revoked: 11, ..kept(5, 11, 7) },
            kept(4, 20, 9),
            5,
        ),
        ("a block and a revocation at once", blocked(11), Kept { revoked: 11, ..kept(5, 11, 7) }, 6),
        ("a rotation that is known", accepted, Kept { previous: Some(60), ..token(accepted, 70, 13) }, 4),
        (
            "two rotations",
            Kept { previous: Some(65), ..token(accepted, 70, 13) },
            Kept { previous: Some(65), ..token(accepted, 75, 14) },
            4,
        ),
        ("two rotations at once", token(accepted, 70, 13), token(accepted, 75, 13), 4),
        ("a rotation and a later decision", token(accepted, 70, 13), kept(5, 14, 7), 5),
        ("a block after rotations", blocked(11), Kept { previous: Some(65), ..token(accepted, 70, 13) }, 6),
        (
            "a block long after a rotation",
            Kept { acted: NOW, ..blocked(NOW) },
            Kept { previous: Some(65), ..accepted },
            6,
        ),
        ("accepted, and over by another device", accepted, over, 4),
        ("asked, and over by another device", kept(3, 10, 7), over, 3),
        ("another grant", accepted, Kept { theirs: Some(b"example.net"), ..kept(4, 10, 8) }, 4),
        ("another grant at once", accepted, Kept { theirs: Some(b"example.net"), ..accepted }, 4),
        ("not told", accepted, Kept { told: false, ..accepted }, 4),
        ("one that knows little", accepted, Kept { decided: 5, ..Kept::new(1, false, false, false) }, 4),
    ]
}

fn merges(file: &mut File) {
    let input = |one: &Kept, other: &Kept, now: u64| json!({ "one": hex(one.bytes()), "other": hex(other.bytes()), "now": now.to_string() });
    for (name, one, other, state) in merged() {
        let out = file.good(&format!("merge, {name}"), "contact.merge", input(&one, &other, NOW));
        let (contact, start) = (out["contact"].clone(), hex(number(1, state)));
        assert!(contact.as_str().unwrap().starts_with(&start), "{name}");
        let name = format!("merge, {name}, the other way round");
        let back = file.good(&name, "contact.merge", input(&other, &one, NOW));
        assert_eq!(back["contact"], contact, "{name}");
    }
    let (one, far) = (Kept::new(4, true, true, true), NOW + DAY);
    for (name, other, class) in [
        ("an act a day ahead", Kept { acted: far, ..one }, ""),
        ("an act further ahead", Kept { acted: far + 1, ..one }, "in-the-future"),
        ("an act at the end of time", Kept { acted: u64::MAX, ..one }, "in-the-future"),
        ("something heard two days ahead", Kept { heard: far + DAY, ..one }, ""),
        ("something heard further ahead", Kept { heard: far + DAY + 1, ..one }, "in-the-future"),
    ] {
        let (name, input) = (format!("merge, {name}"), input(&one, &other, NOW));
        if class.is_empty() {
            file.good(&name, "contact.merge", input);
        } else {
            file.bad(&name, "contact.merge", input, class);
        }
    }
    let kept = |state| Kept::new(state, state != 6, state != 6, false);
    let ahead = |acted, decided, state| Kept { acted, decided, ..kept(state) };
    let later = far + 1;
    for (name, one, now) in [
        ("a clock that was a day ahead", ahead(far, far, 5), NOW),
        ("a clock that was further ahead", ahead(later, 11, 5), NOW),
        ("a decision by a clock that was ahead", ahead(later, later, 5), NOW),
        (
            "a revocation by a clock that was ahead",
            Kept { revoked: later, made: later, ..ahead(later, later, 5) },
            NOW,
        ),
        (
            "the end of a block by a clock that was ahead",
            Kept { blocked: later, ..ahead(later + 1, later + 1, 4) },
            NOW,
        ),
        ("a block by a clock that was ahead", Kept { blocked: later, ..ahead(later, later, 6) }, NOW),
        (
            "a clock that was ahead, at the beginning of time",
            Kept { revoked: later, made: later, ..ahead(later, later, 5) },
            0,
        ),
    ] {
        let other = Kept { acted: now.max(12), ..kept(4) };
        file.good(&format!("merge, {name}"), "contact.merge", input(&one, &other, now));
    }
}
