//! Vectors of what people do: phrases, safety numbers, trust, short authentication strings, linking.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Manifest, Subject as _};
use sottovoce::identity::device::Newcomer;
use sottovoce::identity::link::Joined;
use sottovoce::identity::sas::Comparison;
use sottovoce::wire::Wire as _;

use crate::fixtures::{NOW, account, account_of_two, author, device_secret, recovery_key};
use crate::make::{File, counting, flipped};
use crate::make_wire::bytes;

pub fn phrase() -> File {
    let mut file = File::new("4.17", "recovery phrases");
    let mut phrases = Vec::new();
    for (name, entropy) in [
        ("zeros", vec![0; 32]),
        ("ones", vec![0xff; 32]),
        ("counting", counting(0, 32)),
        ("0x7f", vec![0x7f; 32]),
    ] {
        let entropy = hex(entropy);
        let out = file.good(&format!("words of {name}"), "phrase.words", json!({ "entropy": entropy }));
        let phrase = out["phrase"].as_str().unwrap().to_owned();
        file.good(&format!("phrase of {name}"), "phrase.parse", json!({ "phrase": phrase }));
        file.good(&format!("key of {name}"), "phrase.key", json!({ "entropy": entropy }));
        phrases.push(phrase);
    }
    let phrase = &phrases[2];
    let words: Vec<_> = phrase.split(' ').collect();
    for (name, text) in [
        ("in upper case", phrase.to_uppercase()),
        ("in mixed case", phrase.replace('a', "A")),
        ("with white space", format!(" \t{}\r\n", phrase.replace(' ', "  \n\x0c"))),
    ] {
        file.good(name, "phrase.parse", json!({ "phrase": text }));
    }
    let exchanged = |a: usize, b: usize| {
        let mut words = words.clone();
        words.swap(a, b);
        words.join(" ")
    };
    let replaced = |word: &str, by: &str| phrase.replacen(word, by, 1);
    for (name, text) in [
        ("empty", String::new()),
        ("23 words", words[1..].join(" ")),
        ("25 words", format!("{phrase} abandon")),
        (
            "12 words",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
                .to_owned(),
        ),
        ("first two words exchanged", exchanged(0, 1)),
        ("last two words exchanged", exchanged(22, 23)),
        ("last word replaced", replaced(words[23], "zoo")),
        ("a word cut to four letters", replaced("abandon", "aban")),
        ("a word that is not in the list", replaced("abandon", "sottovoce")),
        ("a word with a letter outside ASCII", replaced("a", "á")),
        ("a Cyrillic letter", replaced("a", "\u{430}")),
        ("long s for s", phrase.replacen('s', "\u{17f}", 1)),
        ("no-break spaces", phrase.replace(' ', "\u{a0}")),
        ("ideographic spaces", phrase.replace(' ', "\u{3000}")),
        ("vertical tabs", phrase.replace(' ', "\x0b")),
        ("commas", phrase.replace(' ', ", ")),
        ("hyphens", phrase.replace(' ', "-")),
        ("all zoo", ["zoo"; 24].join(" ")),
    ] {
        assert_ne!(text, *phrase, "{name}");
        file.bad(name, "phrase.parse", json!({ "phrase": text }), "bad-phrase");
    }
    file
}

pub fn safety() -> File {
    let mut file = File::new("4.13", "safety numbers, verification codes and trust");
    let (one, two, three) = (hex(counting(1, 32)), hex(counting(2, 32)), hex(counting(3, 32)));
    for (name, first, second) in [
        ("two identities", &one, &two),
        ("exchanged", &two, &one),
        ("another", &one, &three),
        ("the same twice", &one, &one),
        ("one bit other", &flipped(&one, 0), &two),
    ] {
        file.good(
            &format!("safety number, {name}"),
            "safety_number",
            json!({ "first": first, "second": second }),
        );
    }
    codes(&mut file, &one, &two, &three);
    trust(&mut file, &one, &two, &three);
    file
}

fn codes(file: &mut File, one: &str, two: &str, three: &str) {
    let payload = |shower: &str, expected: &str| format!("0a440a20{shower}1220{expected}");
    let check = |payload: &str, own: &str, contact: &str| json!({ "payload": payload, "own": own, "contact": contact });
    file.good("code", "verification_code.check", check(&payload(two, one), one, two));
    let invitation = {
        let given = link_input();
        let out = crate::ops::run("link.inviter", &crate::inputs::Inputs(&given)).unwrap();
        let invitation = out["invitation"].as_str().unwrap().to_owned();
        format!("12{:02x}{invitation}", invitation.len() / 2)
    };
    for (name, payload, class) in [
        ("own code", payload(one, two), "own-code"),
        ("own code, expecting oneself", payload(one, one), "own-code"),
        ("another identity", payload(three, one), "mismatch"),
        ("for somebody else", payload(two, three), "mismatch"),
        ("the contact's old identity", payload(&flipped(two, 5), one), "mismatch"),
        ("one's own old identity", payload(two, &flipped(one, 5)), "mismatch"),
        ("an invitation", invitation, "mismatch"),
        ("empty", String::new(), "missing"),
        ("both kinds", format!("{}1200", payload(two, one)), "duplicate"),
        ("cut", payload(two, one)[..138].to_owned(), "truncated"),
    ] {
        file.bad(
            &format!("code refused: {name}"),
            "verification_code.check",
            check(&payload, one, two),
            class,
        );
    }
}

fn trust(file: &mut File, one: &str, two: &str, three: &str) {
    let steps: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("nothing", vec![]),
        ("the same again", vec![("observe", one), ("observe", one)]),
        (
            "changed and accepted",
            vec![("observe", two), ("observe", two), ("accept", two), ("observe", two), ("observe", one)],
        ),
        ("changed and back", vec![("observe", two), ("observe", one), ("observe", one), ("observe", two)]),
        (
            "accepts what was shown before",
            vec![("observe", two), ("observe", three), ("accept", two), ("accept", three)],
        ),
        ("accepts nothing", vec![("accept", one), ("accept", two)]),
        ("verified", vec![("verify", two), ("verify", one), ("observe", one)]),
        (
            "latched",
            vec![
                ("verify", one),
                ("observe", two),
                ("accept", three),
                ("accept", two),
                ("verify", three),
                ("verify", two),
                ("observe", one),
            ],
        ),
        (
            "latched and withdrawn",
            vec![("verify", one), ("observe", two), ("withdraw", two), ("accept", two), ("observe", three)],
        ),
        ("withdrawn without change", vec![("verify", one), ("withdraw", one), ("withdraw", one)]),
        (
            "verifies the pinned one late",
            vec![("observe", two), ("verify", one), ("accept", two), ("observe", one)],
        ),
    ];
    for (name, steps) in steps {
        file.good(&format!("trust: {name}"), "trust.follow", json!({ "pinned": one, "steps": steps }));
    }
}

pub fn sas() -> File {
    let mut file = File::new("4.15", "short authentication strings");
    let (alice, bob) = (hex(counting(1, 32)), hex(counting(2, 32)));
    let (nonce, other) = (hex(counting(3, 32)), hex(counting(4, 32)));
    let initiate = json!({ "own": alice, "theirs": bob, "answer": format!("0a20{other}"), "random": nonce });
    let out = file.good("initiator", "sas.initiator", initiate.clone());
    let respond = |own: &str, theirs: &str, start: &Value, reveal: &Value, random: &str| json!({ "own": own, "theirs": theirs, "start": start, "reveal": reveal, "random": random });
    let (start, reveal) = (&out["start"], &out["reveal"]);
    let answer = file.good("responder", "sas.responder", respond(&bob, &alice, start, reveal, &other));
    assert_ne!(answer["comparing"], out["comparing"], "each side shows another code");
    let roles = json!({ "own": bob, "theirs": alice, "answer": format!("0a20{nonce}"), "random": other });
    file.good("roles exchanged", "sas.initiator", roles);
    for seed in [5, 6, 7, 8] {
        let input = json!({ "own": alice, "theirs": bob, "answer": format!("0a20{other}"), "random": hex(counting(seed, 32)) });
        file.good(&format!("initiator, nonce from {seed}"), "sas.initiator", input);
    }
    let flip = |value: &Value| Value::from(flipped(value.as_str().unwrap(), -1));
    for (name, input) in [
        ("another reveal", respond(&bob, &alice, start, &flip(reveal), &other)),
        ("another commitment", respond(&bob, &alice, &flip(start), reveal, &other)),
        ("for another responder", respond(&flipped(&bob, 0), &alice, start, reveal, &other)),
        ("from another initiator", respond(&bob, &flipped(&alice, 0), start, reveal, &other)),
        ("reflected", respond(&alice, &bob, start, reveal, &other)),
        (
            "commitment of the other's nonce",
            respond(&bob, &alice, start, &format!("0a20{other}").into(), &other),
        ),
    ] {
        file.bad(&format!("responder refuses: {name}"), "sas.responder", input, "unauthentic");
    }
    let mut stuck = initiate.clone();
    stuck["random"] = "00".repeat(32).into();
    file.bad("initiator, stuck randomness", "sas.initiator", stuck, "weak-randomness");
    let input = respond(&bob, &alice, start, reveal, &"55".repeat(32));
    file.bad("responder, stuck randomness", "sas.responder", input, "weak-randomness");
    let mut cut = initiate;
    cut["answer"] = format!("0a1f{}", &other[2..]).into();
    file.bad("initiator, answer too short", "sas.initiator", cut, "bad-length");
    file
}

/// A new device's request that fits the invitation of these 48 random bytes.
fn link_input() -> Value {
    let (account, secret) = (account(), device_secret(2));
    let newcomer = secret.possess(account.id());
    let random = counting(70, 48);
    let entry = secret.device().encode().unwrap();
    let request = [
        bytes(1, &random[..16]),
        bytes(2, &entry),
        bytes(3, newcomer.possession().as_bytes()),
        bytes(4, &counting(40, 32)),
    ];
    json!({
        "account": hex(account.manifest().encode().unwrap()),
        "domain": "example.org",
        "request": hex(request.concat()),
        "shown_at": NOW.to_string(),
        "now": (NOW + 1000).to_string(),
        "random": hex(random),
    })
}

pub fn link() -> File {
    let mut file = File::new("4.16", "linking a device");
    let given = link_input();
    let out = file.good("inviter", "link.inviter", given.clone());
    let with = |name: &str, value: Value| {
        let mut given = given.clone();
        given[name] = value;
        given
    };
    for (name, now) in [("at once", NOW), ("after two minutes", NOW + 120_000)] {
        file.good(&format!("inviter, {name}"), "link.inviter", with("now", now.to_string().into()));
    }
    let request = given["request"].as_str().unwrap();
    for (name, input, class) in [
        ("after more than two minutes", with("now", (NOW + 120_001).to_string().into()), "expired"),
        ("a clock that went back", with("now", (NOW - 1).to_string().into()), "expired"),
        ("another token", with("request", flipped(request, 2).into()), "mismatch"),
        ("possession forged", with("request", flipped(request, -40).into()), "no-possession"),
        (
            "another account",
            with("account", hex(another_account().encode().unwrap()).into()),
            "no-possession",
        ),
        (
            "asks for a capability",
            with("request", request.replacen("20002a020001", "20012a020001", 1).into()),
            "mismatch",
        ),
        ("another domain spelling", with("domain", "Example.org".into()), "bad-address"),
        (
            "stuck token",
            with("random", format!("{}{}", "00".repeat(16), hex(counting(1, 32))).into()),
            "weak-randomness",
        ),
        (
            "stuck nonce",
            with("random", format!("{}{}", hex(counting(1, 16)), "00".repeat(32)).into()),
            "weak-randomness",
        ),
        ("request cut", with("request", request[..request.len() - 2].into()), "truncated"),
    ] {
        file.bad(&format!("inviter refuses: {name}"), "link.inviter", input, class);
    }
    let announced = with("request", request.replacen("20002a020001", "20042a020001", 1).into());
    let other = file.good("inviter, an announced capability", "link.inviter", announced);
    assert_ne!(other["comparing"], out["comparing"], "what is announced enters the codes");
    joiner(&mut file, &out);
    file
}

fn another_account() -> Manifest {
    let key = recovery_key();
    let first = device_secret(9);
    Verified::<Account>::found(&author(key.signing()), &first).unwrap().manifest()
}

fn joiner(file: &mut File, invited: &Value) {
    let random = [counting(2, 160), counting(40, 32)].concat();
    let given =
        json!({ "invitation": invited["invitation"], "reveal": invited["reveal"], "random": hex(random) });
    let out = file.good("joiner", "link.joiner", given.clone());
    let kept = |out: &Value, name: &str| hex::decode(out[name].as_str().unwrap()).unwrap();
    let awaiting = || Comparison::<Joined>::decode(&kept(&out, "awaiting")).unwrap();
    let comparing = || Comparison::<Newcomer>::decode(&kept(invited, "comparing")).unwrap();
    assert!(comparing().confirm(&awaiting().shown().to_string()).is_ok());
    assert!(awaiting().confirm(&comparing().shown().to_string()).is_ok());
    let mut other = given.clone();
    other["random"] = hex([counting(2, 160), counting(41, 32)].concat()).into();
    file.good("joiner, another nonce", "link.joiner", other);
    let with = |name: &str, value: String| {
        let mut given = given.clone();
        given[name] = value.into();
        given
    };
    let (invitation, reveal) = (invited["invitation"].as_str().unwrap(), invited["reveal"].as_str().unwrap());
    let nonce = &reveal[..68];
    let manifest = |manifest: &Manifest| format!("{nonce}{}", hex(bytes(2, &manifest.encode().unwrap())));
    let unproven = Manifest { possessions: Vec::new(), ..account().manifest() };
    for (name, input, class) in [
        ("another nonce", with("reveal", flipped(reveal, 5)), "unauthentic"),
        ("another commitment", with("invitation", flipped(invitation, -1)), "unauthentic"),
        ("another token", with("invitation", flipped(invitation, 60)), "unauthentic"),
        ("another domain", with("invitation", flipped(invitation, 2)), "unauthentic"),
        ("another account", with("reveal", manifest(&another_account())), "mismatch"),
        ("a manifest that does not verify", with("reveal", manifest(&unproven)), "no-possession"),
        ("no manifest", with("reveal", format!("{nonce}1200")), "missing"),
        ("stuck nonce", with("random", hex([counting(2, 160), vec![7; 32]].concat())), "weak-randomness"),
        ("stuck keys", with("random", hex([vec![7; 160], counting(2, 32)].concat())), "weak-randomness"),
    ] {
        file.bad(&format!("joiner refuses: {name}"), "link.joiner", input, class);
    }
    file.good(
        "joiner, a later manifest",
        "link.joiner",
        with("reveal", manifest(&account_of_two().manifest())),
    );
}
