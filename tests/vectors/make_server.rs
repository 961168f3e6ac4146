//! Vectors of discovery and of frames.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::ed25519;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::chain::{Order, Subject as _};
use sottovoce::identity::ids::{RequestId, ServerId};
use sottovoce::identity::server::OnlineKey;
use sottovoce::identity::validity::Validity;
use sottovoce::server::Instance;
use sottovoce::server::discovery::{Discovery, dns};
use sottovoce::server::frame::{Frame, Seen};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire;

use crate::fixtures::{NOW, account, after, genesis, manifest, month, online_key, sign};
use crate::make::{File, counting, flipped};

const DAY: u64 = 24 * 60 * 60 * 1000;

pub fn discovery() -> File {
    let mut file = File::new("7.1", "documents and records by which a domain names its server");
    documents(&mut file);
    records(&mut file);
    file
}

fn documents(file: &mut File) {
    let root = sign(&genesis(&[11]), 10);
    let server = manifest(&[&root]);
    let id = ServerId::from_bytes(*root.hash().as_bytes());
    let good = Discovery { domain: "example.org".parse().unwrap(), server: id, validity: month() };
    let input = |discovery: &Discovery| json!({ "seed": hex([77; 32]), "discovery": hex(discovery.encode().unwrap()), "manifest": hex(server.encode().unwrap()) });
    let signed = file.good("sign", "discovery.sign", input(&good))["signed"].clone();
    let verify = |document: &Value, domain: &str, now: u64| json!({ "document": document, "domain": domain, "now": now.to_string() });
    let op = "discovery.verify";
    for (name, now) in [("a day early", NOW - DAY), ("a day late", NOW + 31 * DAY)] {
        file.good(&format!("verify {name}"), op, verify(&signed, "example.org", now));
    }
    let mut refuse = |name: &str, document: &Value, domain: &str, now: u64, class: &str| {
        file.bad(name, op, verify(document, domain, now), class);
    };
    let asked = "example.org";
    refuse("more than a day early", &signed, asked, NOW - DAY - 1, "not-yet-valid");
    refuse("more than a day late", &signed, asked, NOW + 31 * DAY + 1, "expired");
    refuse("another domain was asked for", &signed, "example.net", NOW, "mismatch");
    refuse("a subdomain was asked for", &signed, "www.example.org", NOW, "mismatch");
    refuse("what was asked for is no domain", &signed, "Example.org", NOW, "bad-address");
    let (key, _) = online_key(month());
    let made =
        |discovery: Discovery, key: &ed25519::SecretKey, manifest: &sottovoce::identity::chain::Manifest| {
            Value::from(hex(discovery.sign(key, manifest.clone()).unwrap().encode().unwrap()))
        };
    let other = Discovery { server: ServerId::from_bytes([3; 32]), ..good.clone() };
    refuse("another server", &made(other, &key, &server), asked, NOW, "mismatch");
    let elsewhere = Discovery { domain: "example.net".parse().unwrap(), ..good.clone() };
    refuse(
        "the manifest names another domain",
        &made(elsewhere.clone(), &key, &server),
        "example.net",
        NOW,
        "mismatch",
    );
    refuse("the document names another domain", &made(elsewhere, &key, &server), asked, NOW, "mismatch");
    let stranger = ed25519::SecretKey::from_seed(&Secret::new([78; 32]));
    refuse("a key that is not listed", &made(good.clone(), &stranger, &server), asked, NOW, "mismatch");
    for (name, start) in [("begins before its key", NOW - 1), ("outlives its key", NOW + 1)] {
        let validity = Validity::starting(Timestamp::from_millis(start), Span::from_days(30));
        refuse(name, &made(Discovery { validity, ..good.clone() }, &key, &server), asked, NOW, "mismatch");
    }
    let text = signed.as_str().unwrap();
    let document = hex(good.encode().unwrap());
    let signature_at = text.find(&document).unwrap() + document.len() + 2 * 18 + 4;
    refuse(
        "signature changed",
        &flipped(text, isize::try_from(signature_at / 2).unwrap()).into(),
        asked,
        NOW,
        "invalid-signature",
    );
    let nonsense = [
        crate::make_wire::bytes(1, b"x"),
        crate::make_wire::bytes(2, &[0; 16]),
        crate::make_wire::bytes(3, &[0; 64]),
        crate::make_wire::bytes(4, &server.encode().unwrap()),
    ]
    .concat();
    refuse("the document is none", &hex(nonsense).into(), asked, NOW, "unknown-field");
    let forged = sign(&after(&root, &root, 0, 1, None), 12);
    refuse(
        "a manifest that nobody may sign",
        &made(good.clone(), &key, &manifest(&[&root, &forged])),
        asked,
        NOW,
        "unauthorised",
    );
    let of_account = made(good, &key, &account().manifest());
    refuse("an account in place of the server", &of_account, asked, NOW, "wrong-kind");
}

fn records(file: &mut File) {
    let root = sign(&genesis(&[11]), 10);
    let server = hex(manifest(&[&root]).encode().unwrap());
    let record = dns::ServerRecord { server: ServerId::from_bytes(*root.hash().as_bytes()) }.to_string();
    let other = dns::ServerRecord { server: ServerId::from_bytes([0xab; 32]) }.to_string();
    let op = "discovery.record";
    let texts = |texts: &[&str]| json!({ "texts": texts });
    file.good("a record", op, texts(&[&record]));
    file.good("a record among others", op, texts(&["v=spf1 -all", &other, "", "sottovoce"]));
    file.good(
        "no record",
        op,
        texts(&["v=spf1 -all", "v=sottovoce2; id=00", " v=sottovoce1;", "V=sottovoce1; id=00"]),
    );
    file.good("nothing at all", op, texts(&[]));
    let digits = record.rsplit('=').next().unwrap();
    for (name, text) in [
        ("upper case", record.to_uppercase().replacen("V=SOTTOVOCE1; ID", "v=sottovoce1; id", 1)),
        ("without a space", record.replacen("; ", ";", 1)),
        ("two spaces", record.replacen("; ", ";  ", 1)),
        ("a space more", format!("{record} ")),
        ("a semicolon more", format!("{record};")),
        ("another field more", format!("{record}; x=1")),
        ("another field before", format!("v=sottovoce1; x=1; id={digits}")),
        ("a digit less", record[..record.len() - 1].to_owned()),
        ("two digits less", record[..record.len() - 2].to_owned()),
        ("two digits more", format!("{record}00")),
        ("no digit", format!("{}g", &record[..record.len() - 1])),
        ("a letter of more bytes", format!("{}é", &record[..record.len() - 2])),
        ("nothing but the version", "v=sottovoce1;".to_owned()),
        ("quoted", format!("v=sottovoce1; id=\"{digits}\"")),
    ] {
        file.bad(&format!("record, {name}"), op, texts(&[&text]), "bad-record");
    }
    file.bad("two records", op, texts(&[&record, &other]), "bad-record");
    file.bad("one record twice", op, texts(&[&record, &record]), "bad-record");
    file.bad("a good one and one that is misspelt", op, texts(&[&record, "v=sottovoce1;"]), "bad-record");
    let op = "discovery.bind";
    let bind = |record: &str, domain: &str| json!({ "record": record, "domain": domain, "manifest": server, "now": NOW.to_string() });
    file.good("bind", op, bind(&record, "example.org"));
    file.bad("bind another server", op, bind(&other, "example.org"), "mismatch");
    file.bad("bind another domain", op, bind(&record, "example.net"), "mismatch");
    file.bad("bind by what is no record", op, bind("", "example.org"), "bad-record");
}

/// From a server to another, at [`NOW`].
pub fn frame() -> Frame {
    let seen = |first| Seen {
        order: Order { term: 1, version: 2 },
        hash: sottovoce::crypto::hash::Hash::of(&[first]),
    };
    Frame {
        from: ServerId::from_bytes([1; 32]),
        to: ServerId::from_bytes([2; 32]),
        sent_at: Timestamp::from_millis(NOW),
        expires_at: Timestamp::from_millis(NOW + 600_000),
        instance: Instance::from_bytes([5; 16]),
        to_instance: None,
        request: RequestId::from_bytes(counting(1, 16).try_into().unwrap()),
        reply_to: Some(RequestId::from_bytes([6; 16])),
        mine: seen(1),
        yours: Some(seen(2)),
        manifest: None,
        parts: Vec::new(),
    }
}

pub fn frames() -> File {
    let mut file = File::new("7.2", "signed frames");
    let (good, hour) = (frame(), 3_600_000);
    let input = |frame: &Frame| json!({ "seed": hex([77; 32]), "frame": hex(frame.encode().unwrap()) });
    let signed = file.good("sign", "frame.sign", input(&good))["signed"].clone();
    let bare = Frame { reply_to: None, yours: None, ..good.clone() };
    file.good("sign a bare one", "frame.sign", input(&bare));
    let long = hex(good.encode().unwrap()).replacen(
        &hex(crate::make_wire::number(5, NOW + 600_000)),
        &hex(crate::make_wire::number(5, NOW + 600_001)),
        1,
    );
    file.bad(
        "sign one that lives too long",
        "frame.sign",
        json!({ "seed": hex([77; 32]), "frame": long }),
        "bad-value",
    );
    let (secret, key) = online_key(month());
    let listed = |key: &OnlineKey| hex(key.encode().unwrap());
    let stranger = ed25519::SecretKey::from_seed(&Secret::new([78; 32]));
    let second = OnlineKey { key: stranger.public_key(), validity: month() };
    let verify = |signed: &Value, keys: &[&OnlineKey], now: u64| {
        let keys: Vec<_> = keys.iter().map(|key| listed(key)).collect();
        json!({ "signed": signed, "keys": keys, "to": hex([2; 32]), "now": now.to_string() })
    };
    let op = "frame.verify";
    file.good("verify", op, verify(&signed, &[&key], NOW));
    file.good("verify with the second of two keys", op, verify(&signed, &[&second, &key], NOW));
    file.good("verify an hour ahead", op, verify(&signed, &[&key], NOW - hour));
    file.good("verify an hour after its end", op, verify(&signed, &[&key], NOW + 600_000 + hour));
    let mut refuse = |name: &str, signed: &Value, keys: &[&OnlineKey], now: u64, class: &str| {
        file.bad(name, op, verify(signed, keys, now), class);
    };
    refuse("more than an hour ahead", &signed, &[&key], NOW - hour - 1, "not-yet-valid");
    refuse("more than an hour after its end", &signed, &[&key], NOW + 600_001 + hour, "expired");
    refuse("no keys", &signed, &[], NOW, "mismatch");
    refuse("another key", &signed, &[&second], NOW, "mismatch");
    let made = |frame: Frame| Value::from(hex(frame.sign(&key, &secret).unwrap().encode().unwrap()));
    refuse(
        "for another server",
        &made(Frame { to: ServerId::from_bytes([9; 32]), ..good.clone() }),
        &[&key],
        NOW,
        "mismatch",
    );
    refuse(
        "from the receiver itself",
        &made(Frame { from: ServerId::from_bytes([2; 32]), ..good.clone() }),
        &[&key],
        NOW,
        "mismatch",
    );
    let of = |start: u64, days: u64| OnlineKey {
        validity: Validity::starting(Timestamp::from_millis(start), Span::from_days(days)),
        ..key
    };
    refuse("a key of tomorrow", &signed, &[&of(NOW + DAY + 1, 1)], NOW, "not-yet-valid");
    refuse("a key of the day before yesterday", &signed, &[&of(NOW - 2 * DAY - 1, 1)], NOW, "expired");
    let text = signed.as_str().unwrap();
    refuse("signature changed", &flipped(text, -1).into(), &[&key], NOW, "invalid-signature");
    let at = isize::try_from(text.find(&hex([5; 16])).unwrap() / 2).unwrap();
    refuse("instance changed", &flipped(text, at).into(), &[&key], NOW, "invalid-signature");
    let by_another = Value::from(hex(good.sign(&key, &stranger).unwrap().encode().unwrap()));
    refuse("signed by another than it says", &by_another, &[&key, &second], NOW, "invalid-signature");
    let other_label = secret.sign(sottovoce::crypto::label::classical::DISCOVERY, &good.encode().unwrap());
    let relabelled =
        sottovoce::server::frame::SignedFrame { signature: other_label, ..good.sign(&key, &secret).unwrap() };
    refuse(
        "signed under another label",
        &hex(relabelled.encode().unwrap()).into(),
        &[&key],
        NOW,
        "invalid-signature",
    );
    refuse(
        "for another server, ahead, and unsigned",
        &flipped(made(Frame { to: ServerId::from_bytes([9; 32]), ..good.clone() }).as_str().unwrap(), -1)
            .into(),
        &[],
        0,
        "mismatch",
    );
    refuse("ahead, and by nobody", &signed, &[], 0, "not-yet-valid");
    refuse("cut", &text[..text.len() - 2].into(), &[&key], NOW, "truncated");
    let inner = [
        crate::make_wire::bytes(1, &good.encode().unwrap()[2..]),
        crate::make_wire::bytes(2, key.id().as_bytes()),
        crate::make_wire::bytes(3, &[0; 64]),
    ]
    .concat();
    refuse("a frame without a version", &hex(inner).into(), &[&key], NOW, "missing");
    file
}
