//! U-01 to U-07, U-09: addresses that look alike, change under processing or inject; clocks that lie.

use proptest::prelude::{any, proptest};
use sottovoce::identity::address::{Address, MAX_LENGTH};
use sottovoce::time::{Span, Timestamp};

use crate::support::{below, rng};

fn parse(text: &str) -> Option<Address> {
    text.parse().ok()
}

/// Every code point in every place: only the 38 characters of the grammar are ever taken.
#[test]
fn u_01_no_homoglyph_is_an_address() {
    for letter in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
        let local = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let inner = local || ".-_".contains(letter);
        assert_eq!(parse(&format!("a{letter}b@example.org")).is_some(), inner, "{letter:?} inside");
        assert_eq!(parse(&format!("{letter}a@example.org")).is_some(), local, "{letter:?} first");
        let domain = local || letter == '-' || letter == '.';
        assert_eq!(parse(&format!("a@ex{letter}ample.org")).is_some(), domain, "{letter:?} in the domain");
    }
}

#[test]
fn u_02_invisible_and_bidirectional_characters_are_refused() {
    for letter in "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{202a}\u{202e}\u{2066}\u{2069}\u{ad}\u{e000}\u{378}\0\u{7f}\u{85}".chars() {
        for text in [format!("a{letter}@b.org"), format!("a@b{letter}.org"), format!("{letter}a@b.org"), format!("a@b.org{letter}")] {
            assert!(parse(&text).is_none(), "{text:?}");
        }
    }
}

/// There is no normalisation that could fail to be idempotent: what is taken is what was given.
#[test]
fn u_03_parsing_changes_nothing() {
    let mut rng = rng("u_03");
    let alphabet: Vec<_> = "abz09._-@xn\u{e4}\u{df}\u{131}\u{212a}\u{fb01}A \0".chars().collect();
    let mut taken = 0;
    for _ in 0..1_000_000 {
        let letters = (0..3 + below(&mut rng, 9)).map(|_| alphabet[below(&mut rng, alphabet.len())]);
        let text: String = letters.collect();
        if let Some(address) = parse(&text) {
            assert_eq!(address.as_str(), text);
            assert_eq!(parse(&address.to_string()), Some(address));
            taken += 1;
        }
    }
    assert!(taken > 30, "{taken} addresses");
}

#[test]
fn u_04_nothing_is_case_folded() {
    for special in [
        "\u{df}",
        "ss\u{307}",
        "\u{131}",
        "\u{130}",
        "\u{212a}",
        "\u{17f}",
        "\u{3c2}",
        "\u{1e9e}",
        "K",
        "S",
        "I",
    ] {
        assert!(parse(&format!("{special}@example.org")).is_none(), "{special}");
        assert!(parse(&format!("a@{special}.org")).is_none(), "{special}");
    }
    assert_ne!(parse("a.b@example.org"), parse("ab@example.org"), "dots count");
}

#[test]
fn u_05_a_labels_are_checked() {
    for (domain, right) in [
        ("xn--bcher-kva.example", true),
        ("mail.xn--fiqs8s", true),
        ("xn--mnchen-3ya.xn--vermgensberatung-pwb", true),
        ("xn--abc-.example", false),
        ("xn--ib9b.example", false),
        ("xn--zy0c.example", false),
        ("xn--hb9b.example", true),
        ("xn--en32g.example", false),
        ("xn--dn32g.example", true),
        ("xn--.example", false),
        ("xn---.example", false),
        ("xn--a-ecp.ru-", false),
        ("Xn--bcher-kva.example", false),
        ("xn--bcher-KVA.example", false),
        ("b\u{fc}cher.example", false),
        ("ab--cd.example", false),
        ("example.org.", false),
        ("example.org:443", false),
        ("127.0.0.1", false),
        ("0x7f.1", false),
        ("0x7f.0x0.0x0.0x1", false),
        ("127.0.0.0x1", false),
        ("017700000001.0x1", false),
        ("[::1]", false),
        ("localhost", false),
        ("", false),
    ] {
        assert_eq!(parse(&format!("a@{domain}")).is_some(), right, "{domain}");
    }
}

/// Against another implementation of Punycode: every label that we take decodes to something that is not ASCII.
#[test]
fn u_05_punycode_agrees_with_another_decoder() {
    let mut rng = rng("u_05");
    let alphabet: Vec<_> = "abcdefghijklmnopqrstuvwxyz0123456789-".chars().collect();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let length = 1 + below(&mut rng, 12);
        let encoded: String = (0..length).map(|_| alphabet[below(&mut rng, alphabet.len())]).collect();
        if encoded.ends_with('-') {
            continue;
        }
        let ours = parse(&format!("a@xn--{encoded}.example")).is_some();
        let theirs = idna::punycode::decode_to_string(&encoded).filter(|text| !text.is_ascii());
        assert_eq!(ours, theirs.is_some(), "xn--{encoded}: {theirs:?}");
        if ours { taken += 1 } else { refused += 1 }
    }
    println!("u_05: {taken} taken, {refused} refused");
    assert!(taken > 1000 && refused > 1000);
}

#[test]
fn u_06_delimiters_do_not_inject() {
    for letter in "@:/#%?&=;,<>()[]{}|\\\"'`~!$^*+ \t\r\n\0".chars() {
        assert!(parse(&format!("a{letter}b@example.org")).is_none(), "{letter:?}");
        assert!(parse(&format!("a@example{letter}b.org")).is_none(), "{letter:?}");
    }
}

#[test]
fn u_07_lengths_are_capped() {
    let label = "x".repeat(63);
    let domain = format!("{label}.{label}.{label}.{}", "y".repeat(61));
    let longest = format!("{}@{domain}", "a".repeat(63));
    assert_eq!((longest.len(), domain.len()), (MAX_LENGTH, 253));
    assert!(parse(&longest).is_some());
    assert!(parse(&format!("a{longest}")).is_none() && parse(&format!("{longest}y")).is_none());
    assert!(parse(&format!("a@{label}x.org")).is_none());
    assert!(parse(&"a".repeat(10_000_000)).is_none());
}

proptest! {
    /// Random walks of a clock over its whole range: nothing panics, wraps or goes back.
    #[test]
    fn u_09_time_saturates(start in any::<u64>(), steps in proptest::collection::vec(any::<u64>(), 0..50)) {
        let mut now = Timestamp::from_millis(start);
        for step in steps {
            let span = Span::from_millis(step);
            let (later, earlier) = (now.plus(span), now.minus(span));
            assert!(earlier <= now && now <= later);
            assert!(later.since(now) <= span && now.since(earlier) <= span);
            assert_eq!(now.since(later), if later > now { Span::from_millis(0) } else { now.since(now) });
            now = if step % 2 == 0 { later } else { earlier };
        }
        assert_eq!(Span::from_days(3).as_millis(), 259_200_000);
        assert!(Span::from_days(start).as_millis() >= Span::from_secs(start).as_millis());
    }
}
