//! Vectors of addresses.

use serde_json::json;

use crate::make::File;

/// In their one spelling.
const GOOD: &[&str] = &[
    "alice@example.org",
    "0@a.b",
    "a.b-c_d@example.org",
    "a..b@example.org",
    "a.@example.org",
    "bob@1.2.3.a4",
    "bob@xn--bcher-kva.example",
    "bob@mail.xn--fiqs8s",
    "bob@xn--hb9b.example",
    "bob@xn--0y0c.example",
    "bob@xn--dn32g.example",
    "bob@xn----7sbgabputgmucdoufid3pj.example",
    "bob@xn--l3ccgagchi1digc0eya5b4cm1cv1grhsd2dq.example",
    "bob@xn--n8j7cfx6hrxpdra8208e8wdo65dehdm06m6z5a.example",
    "bob@xn--xxxxxxxxxxxxxxxxxxxx-9vb4i9sxey0f.example",
    "bob@a-b.c-d",
    "bob@a--b.example",
];

/// Refused, and what is wrong with each.
const BAD: &[(&str, &str)] = &[
    ("A-label as the only label", "bob@xn--fiqs8s"),
    ("empty", ""),
    ("no at", "alice"),
    ("no local part", "@example.org"),
    ("no domain", "alice@"),
    ("two ats", "a@b@example.org"),
    ("upper case", "Alice@example.org"),
    ("upper case in the domain", "a@Example.org"),
    ("dot first", ".a@example.org"),
    ("hyphen first", "-a@example.org"),
    ("underscore first", "_a@example.org"),
    ("plus", "a+b@example.org"),
    ("slash", "a/b@example.org"),
    ("percent", "a%41@example.org"),
    ("hash", "a#b@example.org"),
    ("colon", "a:b@example.org"),
    ("NUL", "a\0@example.org"),
    ("space", "a b@example.org"),
    ("space around", " a@example.org"),
    ("newline", "a@example.org\n"),
    ("tab", "a@exa\tmple.org"),
    ("umlaut", "ä@example.org"),
    ("Cyrillic a", "\u{430}lice@example.org"),
    ("sharp s", "stra\u{df}e@example.org"),
    ("dotless i", "\u{131}@example.org"),
    ("Kelvin sign", "\u{212a}@example.org"),
    ("long s", "\u{17f}@example.org"),
    ("full width", "\u{ff41}@example.org"),
    ("zero width joiner", "a\u{200d}b@example.org"),
    ("right to left override", "a\u{202e}b@example.org"),
    ("byte order mark", "\u{feff}a@example.org"),
    ("combining accent", "a\u{301}@example.org"),
    ("private use", "a\u{e000}@example.org"),
    ("U-label", "a@bücher.example"),
    ("ideographic full stop", "a@example\u{3002}org"),
    ("one label", "a@localhost"),
    ("trailing dot", "a@example.org."),
    ("dot first in the domain", "a@.example.org"),
    ("empty label", "a@example..org"),
    ("hyphen first in a label", "a@-x.org"),
    ("hyphen last in a label", "a@x-.org"),
    ("underscore in the domain", "a@x_y.org"),
    ("IPv4", "a@127.0.0.1"),
    ("IPv4 with hexadecimal parts", "a@0x7f.0x0.0x0.0x1"),
    ("IPv4, last part hexadecimal", "a@127.0.0.0x1"),
    ("digit first in the last label", "a@example.4a"),
    ("IPv4, short", "a@127.1"),
    ("IPv4, hexadecimal", "a@0x7f000001"),
    ("IPv6", "a@[::1]"),
    ("port", "a@example.org:443"),
    ("number as last label", "a@example.123"),
    ("reserved hyphens", "a@ab--c.example"),
    ("A-label in upper case", "a@XN--bcher-kva.example"),
    ("A-label of ASCII", "a@xn--abc-.example"),
    ("A-label without content", "a@xn--.example"),
    ("A-label of ASCII only", "a@xn--a-.example"),
    ("A-label cut in a long number", "a@xn--99999999.example"),
    ("A-label of U+110000", "a@xn--en32g.example"),
    ("A-label of U+D800", "a@xn--ib9b.example"),
    ("A-label of U+DFFF", "a@xn--zy0c.example"),
    ("long A-label cut", "a@xn--n8j7cfx6hrxpdra8208e8wdo65dehdm06m6z5.example"),
    ("long A-label changed", "a@xn--l3ccgagchi1digc0eya5b4cm1cv1grhsd2dz.example"),
    ("hyphens but no letter last", "a@example.1-1"),
    ("A-label cut in a number", "a@xn--bcher-kv.example"),
    ("A-label with empty ASCII part", "a@xn---kva.example"),
];

pub fn address() -> File {
    let mut file = File::new("4.1", "addresses");
    let label = "x".repeat(63);
    let longest = format!("{}@{label}.{label}.{label}.{}", "a".repeat(63), "b".repeat(61));
    for text in GOOD.iter().copied().chain([longest.as_str()]) {
        file.good(text, "address.parse", json!({ "text": text }));
    }
    let too_long = [
        ("local part of 64", format!("{}@example.org", "a".repeat(64))),
        ("label of 64", format!("a@{}.org", "x".repeat(64))),
        ("domain of 254", format!("a@{label}.{label}.{label}.{}", "b".repeat(62))),
    ];
    let too_long = too_long.iter().map(|(name, text)| (*name, text.as_str()));
    for (name, text) in BAD.iter().copied().chain(too_long) {
        file.bad(name, "address.parse", json!({ "text": text }), "bad-address");
    }
    file
}
