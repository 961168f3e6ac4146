//! Who may say what to whom, and what follows from it: B-08, B-09, B-10, D-12, P-02, P-09, R-22.

use std::fs;
use std::path::Path;

use sottovoce::content::{
    AttachmentInfo, Body, Class, ContactConsent, Content, ContentError, Conversation, Edit, Kind, Known, Own,
    Preview, Receivable, Received, Resolution, Sender, Text, receive,
};
use sottovoce::error::{Blame as _, Channel, Disclosure, disclosure};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{NOW, accepted, account, bodies, content, device, own, peer, picture, sibling, target, text};
use crate::support::{below, generator, rng};

fn from_peer(bytes: &[u8], contact: Option<&ContactConsent>) -> Result<Received, ContentError> {
    receive(bytes, peer(), &own(), |_| contact)
}

fn class(result: Result<Received, ContentError>) -> &'static str {
    result.err().map_or("", |error| error.class())
}

#[test]
fn d_12_own_devices_alone_speak_for_the_account() {
    let mut rng = generator(1);
    let contact = accepted();
    let stranger = Sender { account: account(2), device: device(99), ..peer() };
    for body in bodies(target()) {
        let is_own = body.kind().class() == Class::Own;
        let sync = content(&body, account(2), &mut rng);
        assert_eq!(class(from_peer(&sync, Some(&contact))), if is_own { "foreign-sync" } else { "" });
        assert_eq!(class(receive(&sync, stranger, &own(), |_| None)), "unlisted-device");
        assert!(receive(&sync, sibling(), &own(), |_| None).unwrap().is_copy());
        // A device that was removed speaks no longer.
        let after = Own { devices: [device(20)].into(), ..own() };
        assert_eq!(class(receive(&sync, sibling(), &after, |_| None)), "unlisted-device");
        let copy = content(&body, account(1), &mut rng);
        let of_a_conversation = receive(&copy, sibling(), &own(), |_| None);
        assert_eq!(class(of_a_conversation), if is_own { "foreign-conversation" } else { "" });
    }
}

/// Layer 6 has no word for fetching, knows no server, session or address of a host, and hands out nothing that could be one: what is
/// received becomes a `Received`, and from that only a `Receivable` leads outwards.
#[test]
fn b_09_d_12_nothing_that_is_received_leads_to_a_fetch() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/content");
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(fs::read_dir(directory.join("stream")).unwrap().map(|entry| entry.unwrap().path()));
    let mut seen = 0;
    for path in files.iter().filter(|path| path.is_file()) {
        let code = fs::read_to_string(path).unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in ["fetch", "Fetch", "server::Server", "session::", "Machine", "Transaction", "Effects"]
            {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
        seen += 1;
    }
    assert!(seen > 20);
    // The types are all there is: a copy by an own device is not even receivable.
    let _: fn(&Received, &ContactConsent, Timestamp) -> Option<Receivable> = Received::receivable;
    let (contact, mut rng) = (accepted(), generator(2));
    for body in bodies(target()) {
        let received = receive(&content(&body, account(2), &mut rng), sibling(), &own(), |_| None).unwrap();
        assert!(received.receivable(&contact, NOW).is_none());
    }
}

/// Ten thousand of each kind, about things that do not exist: nothing is due to anybody. From a contact, only a text gets a receipt.
#[test]
fn p_02_p_09_silent_and_unresolvable_contents_have_no_effect_outside() {
    let mut rng = rng("p_02_p_09");
    let (contact, mut due) = (accepted(), 0);
    for body in bodies(target()).iter().filter(|body| body.kind().class() != Class::Own) {
        let bytes = content(body, account(2), &mut rng);
        let is_consent = body.kind() == Kind::CONSENT;
        assert_eq!(class(from_peer(&bytes, None)), if is_consent { "" } else { "not-permitted" });
        for _ in 0..10_000 {
            let received = from_peer(&bytes, Some(&contact)).unwrap();
            assert_ne!(received.resolve(None), Resolution::Applies);
            due += usize::from(received.receivable(&contact, NOW).is_some());
            assert!(received.receivable(&ContactConsent::new(), NOW).is_none());
        }
    }
    assert_eq!(due, 10_000, "texts of an accepted contact");
}

#[test]
fn p_02_refusals_are_alike_outside() {
    let mut rng = generator(3);
    let foreign = content(&Body::Text(text("x")), account(9), &mut rng);
    let good = content(&Body::Text(text("x")), account(2), &mut rng);
    for refused in [from_peer(&foreign, None), from_peer(b"", None), from_peer(&good, None)] {
        assert_eq!(disclosure(refused.unwrap_err().fault(), Channel::EndToEnd), Disclosure::Nothing);
    }
}

#[test]
fn r_22_the_sender_is_the_sessions() {
    let (mut rng, contact) = (generator(4), accepted());
    let bytes = content(&Body::Text(text("x")), account(2), &mut rng);
    let received = from_peer(&bytes, Some(&contact)).unwrap();
    assert_eq!((received.sender(), received.peer()), (peer(), account(1)));
    // The same bytes by somebody else are another content of another conversation.
    let other = Sender { account: account(3), ..peer() };
    let copied = receive(&bytes, other, &own(), |_| Some(&contact)).unwrap();
    assert_eq!(copied.peer(), account(3));
    assert_ne!(copied.id(), received.id());
    assert_ne!(copied.conversation(), received.conversation());
    // By another device of the same account they are the same content.
    let again = receive(&bytes, Sender { device: device(11), ..peer() }, &own(), |_| Some(&contact)).unwrap();
    assert_eq!(again.id(), received.id());
    // Whoever puts words into another conversation is refused, and so is who claims the own account.
    let elsewhere = content(&Body::Text(text("x")), account(1), &mut rng);
    assert_eq!(class(from_peer(&elsewhere, Some(&contact))), "foreign-conversation");
}

/// Only who said something edits or withdraws it, and only where it was said; receipts are about what the other said.
#[test]
fn r_22_only_the_author_edits_and_withdraws() {
    let (mut rng, contact) = (generator(5), accepted());
    for body in bodies(target()) {
        let received = match body.kind().class() {
            Class::Own => receive(&content(&body, account(2), &mut rng), sibling(), &own(), |_| None),
            _ => from_peer(&content(&body, account(2), &mut rng), Some(&contact)),
        };
        let received = received.unwrap();
        let here = sottovoce::content::ConversationId::direct(account(1), account(2));
        let known = |by, conversation| Known { by: account(by), conversation, kind: Kind::TEXT };
        let resolves = |known: Known| received.resolve(Some(&known)) == Resolution::Applies;
        let (theirs, ours) = (resolves(known(1, here)), resolves(known(2, here)));
        let there = sottovoce::content::ConversationId::direct(account(1), account(3));
        assert!(!resolves(known(1, there)) && !resolves(known(2, there)), "{body:?}");
        let expected = match body {
            Body::Edit(_) | Body::Delete(_) => (true, false),
            Body::Receipt(_) => (false, true),
            Body::Text(_) | Body::Reaction(_) | Body::ReadMarker(_) => (true, true),
            _ => (false, false),
        };
        assert_eq!((theirs, ours), expected, "{body:?}");
        assert_eq!(received.targets().is_empty(), expected == (false, false));
        if matches!(body, Body::Edit(_)) {
            assert!(!resolves(Known { kind: Kind::PROFILE, ..known(1, here) }), "texts are edited");
        }
    }
}

/// In a contested session somebody holds the keys of a device, who may be a thief: texts are shown, and nothing else moves.
#[test]
fn d_12_r_22_an_unproven_session_moves_nothing() {
    let mut rng = generator(10);
    let contact = accepted();
    for body in bodies(target()) {
        let is_own = body.kind().class() == Class::Own;
        let sender = if is_own { sibling() } else { peer() };
        let bytes = content(&body, account(2), &mut rng);
        let result = receive(&bytes, Sender { is_proven: false, ..sender }, &own(), |_| Some(&contact));
        if body.kind().class() == Class::Stored {
            let received = result.unwrap();
            assert!(!received.sender().is_proven, "it can be marked");
            assert!(received.receivable(&contact, NOW).is_none(), "no receipt");
        } else {
            assert_eq!(class(result), "unproven");
        }
    }
}

/// Of what replaces each other the highest version counts; a clock that is ahead wins for a day and not for ever.
#[test]
fn r_22_versions_order_what_replaces() {
    let (mut rng, contact) = (generator(11), accepted());
    let body = Body::Timer(sottovoce::content::Timer { lifetime: None });
    let mut sent = |at: Timestamp| {
        let conversation = Conversation::Direct { with: account(2) };
        let bytes = Content::new(conversation, &body, at, &mut rng).unwrap().encode().unwrap();
        from_peer(&bytes, Some(&contact)).unwrap()
    };
    let day = Span::from_days(1);
    let (early, late, far) = (sent(NOW), sent(NOW.plus(day)), sent(Timestamp::from_millis(u64::MAX)));
    assert!(early.version(NOW) < late.version(NOW));
    assert_eq!(early.version(NOW.plus(day)), early.version(NOW), "wherever and whenever it came");
    assert_eq!(far.version(NOW).sent_at, NOW.plus(day));
    let after = sent(NOW.plus(day).plus(Span::from_millis(1)));
    assert!(far.version(NOW) < after.version(NOW.plus(day)));
    let (one, other) = (sent(NOW), sent(NOW));
    assert_eq!(one.version(NOW) < other.version(NOW), one.id() < other.id());
}

/// An edit exchanges what was said, not what it answers, and a preview shows what the text names.
#[test]
fn b_09_r_22_texts_say_what_they_show() {
    let mut rng = generator(12);
    let mut class = |body: &Body| {
        let conversation = Conversation::Direct { with: account(2) };
        Content::new(conversation, body, NOW, &mut rng).err().map_or("", |error| error.class())
    };
    let edit = |reply_to| Body::Edit(Edit { target: target(), text: Text { reply_to, ..text("x") } });
    assert_eq!((class(&edit(None)), class(&edit(Some(target())))), ("", "bad-value"));
    for (said, refused) in [
        ("https://good.example", false),
        ("see\u{2003}https://good.example\nthere", false),
        ("https://good.example.evil.test", true),
        ("https://evil.test/?https://good.example", true),
        ("(https://good.example)", true),
        ("https://good.example.evil.test https://good.example", false),
    ] {
        let preview = Preview { url: "https://good.example".to_owned(), title: String::new(), image: None };
        let body = Body::Text(Text { text: said.to_owned(), preview: Some(preview), ..Text::default() });
        assert_eq!(class(&body), if refused { "bad-value" } else { "" }, "{said}");
    }
    for (name, refused) in [
        ("a.txt", false),
        ("CONSOLE.txt", false),
        ("COM10", false),
        ("com", false),
        ("a:b", true),
        ("nul", true),
        ("Con.tar.gz", true),
        ("aux .h", true),
        ("lpt\u{b9}.txt", true),
        ("COM0", true),
        (".bashrc", true),
        ("what?", true),
    ] {
        let attachments = vec![AttachmentInfo { name: name.to_owned(), ..picture() }];
        let body = Body::Text(Text { attachments, ..Text::default() });
        assert_eq!(class(&body), if refused { "bad-value" } else { "" }, "{name}");
    }
}

/// A pointer is part of a content, whose id covers every byte, sender and conversation.
#[test]
fn b_08_a_pointer_does_not_move() {
    let (mut rng, contact) = (generator(6), accepted());
    let bytes = content(&Body::Text(text("x")), account(2), &mut rng);
    let honest = from_peer(&bytes, Some(&contact)).unwrap();
    let mut other = text("x");
    other.attachments[0].blob = [9; 32];
    let swapped = content(&Body::Text(other), account(2), &mut generator(6));
    assert_ne!(from_peer(&swapped, Some(&contact)).unwrap().id(), honest.id());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(received) = from_peer(&changed, Some(&contact)) else { continue };
        assert_ne!(received.id(), honest.id(), "byte {at}");
    }
    // Another size, with the same key and digest, is refused before anything is opened.
    let mut wrong = picture();
    wrong.size = 71_681;
    let body = Body::Text(Text { attachments: vec![wrong], ..Text::default() });
    let conversation = Conversation::Direct { with: account(2) };
    let refused = Content::new(conversation, &body, NOW, &mut rng);
    assert_eq!(refused.err().map(|error| error.class()), Some("bad-value"));
}

/// History has a reserved kind of its own: no kind of this release can bring something as if it had been received.
#[test]
fn b_10_history_is_not_received_as_if_it_were_new() {
    assert_eq!(Kind::HISTORY.class(), Class::Own);
    let (mut rng, contact) = (generator(7), accepted());
    let bytes = content(&Body::Timer(sottovoce::content::Timer { lifetime: None }), account(2), &mut rng);
    let decoded = Content::decode(&bytes).unwrap();
    // The kind stands behind the conversation: field 5.
    let at = bytes.windows(2).rposition(|pair| pair == [5 << 3, 104]).unwrap();
    let history = [&bytes[..at], &[5 << 3, 0xaf, 2], &bytes[at + 2..]].concat();
    assert_eq!(Content::decode(&history).unwrap().kind(), Kind::HISTORY);
    assert_eq!(class(from_peer(&history, Some(&contact))), "foreign-sync");
    let received = receive(&history, sibling(), &own(), |_| None).unwrap();
    assert!(matches!(received.body(), Body::Unsupported(other) if other.kind() == Kind::HISTORY));
    assert!(received.receivable(&contact, NOW).is_none() && received.targets().is_empty());
    assert_eq!(decoded.kind(), Kind::TIMER);
}

/// What a later release says survives, and encodes to the bytes that came.
#[test]
fn w_01_unknown_kinds_survive_and_unknown_fields_do_not() {
    let (mut rng, contact) = (rng("w_01_unknown_kinds"), accepted());
    let bytes = content(&Body::Timer(sottovoce::content::Timer { lifetime: Some(9) }), account(2), &mut rng);
    let at = bytes.windows(2).rposition(|pair| pair == [5 << 3, 104]).unwrap();
    for kind in [2_u8, 50, 99, 108, 127] {
        let mut other = bytes.clone();
        other[at + 1] = kind;
        let received = from_peer(&other, Some(&contact)).unwrap();
        assert_eq!(received.kind().number(), u16::from(kind));
        let Body::Unsupported(body) = received.body() else { panic!("kind {kind} is known") };
        assert_eq!(body.bytes(), [1 << 3, 9]);
        let again = Content::new(Conversation::Direct { with: account(2) }, received.body(), NOW, &mut rng);
        assert!(again.unwrap().encode().unwrap().ends_with(&[6 << 3 | 2, 2, 1 << 3, 9]));
    }
    let extended = [&bytes[..bytes.len() - 3], &[4, 1 << 3, 9, 2 << 3, 1]].concat();
    assert_eq!(class(from_peer(&extended, Some(&contact))), "bad-content");
}

/// Nothing of what people say, and no key or token, is printed.
#[test]
fn c_17_debug_prints_nothing_that_was_said() {
    let (mut rng, contact) = (generator(8), accepted());
    for body in bodies(target()) {
        let bytes = content(&body, account(2), &mut rng);
        let printed = format!("{:?} {body:?} {contact:?}", Content::decode(&bytes).unwrap());
        for secret in ["said", "edited", "example.org/", "caption", "a.webp", "Title", "[8, 8", "5, 5, 5"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        if matches!(body, Body::Profile(_)) {
            assert!(!printed.contains("Eve"));
        }
    }
}

#[test]
fn c_16_freed_memory_holds_no_secret_of_a_content() {
    use sottovoce_heap::{CANARY, freed_with_canary};
    const PLANTED: [u8; CANARY] = *b"canary: a secret";
    let token = || sottovoce::content::DeliveryToken::new(sottovoce::crypto::secret::Secret::new(PLANTED));
    let body = Body::Token(sottovoce::content::TokenGrant { token: token(), domain: super::home() });
    let bytes = content(&body, account(2), &mut generator(9));
    let contact = accepted();
    let found = freed_with_canary(PLANTED, || {
        let received = from_peer(&bytes, Some(&contact)).unwrap();
        let Body::Token(grant) = received.body() else { panic!("a token") };
        drop(grant.duplicate());
        drop(received);
        let content = Content::new(Conversation::Direct { with: account(2) }, &body, NOW, &mut generator(9));
        content.unwrap().id(account(1)).unwrap();
    });
    assert_eq!(found, 0, "freed blocks with the secret");
}

/// Whatever bytes come as a body, receiving ends, and what is accepted is one encoding.
#[test]
fn w_09_w_10_changed_contents_are_refused_or_canonical() {
    let (mut rng, contact) = (rng("w_09_w_10"), accepted());
    for body in bodies(target()) {
        let bytes = content(&body, account(2), &mut rng);
        for end in 0..bytes.len() {
            assert!(Content::decode(&bytes[..end]).is_err());
        }
        for _ in 0..200 {
            let mut changed = bytes.clone();
            let at = below(&mut rng, bytes.len());
            changed[at] = u8::try_from(below(&mut rng, 256)).unwrap();
            if let Ok(received) = from_peer(&changed, Some(&contact)) {
                let again = Content::decode(&changed).unwrap();
                assert_eq!(again.encode().unwrap(), changed);
                assert_eq!(again.id(account(1)).unwrap(), received.id());
            }
        }
    }
}
