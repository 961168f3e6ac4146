//! Vectors of the messages of contents: one of each, ways to break any of them, and the rules of their own.

use crate::fixtures::NOW;
use crate::make::{File, counting};
use crate::make_identity_wire::shapes;
use crate::make_server_wire::{decode, own_rules};
use crate::make_wire::{bytes, number};

type Own = (&'static str, &'static str, Vec<u8>, &'static str);

pub fn content(kind: u64, body: &[u8], with: u8, salt: u8, at: u64) -> Vec<u8> {
    let place = bytes(3, &bytes(1, &[with; 32]));
    [bytes(1, &counting(salt, 16)), number(2, at), place, number(5, kind), bytes(6, body)].concat()
}

pub fn content_of(kind: u64, body: &[u8], with: u8) -> Vec<u8> {
    content(kind, body, with, 7, NOW)
}

fn mention(start: u64, length: u64) -> Vec<u8> {
    bytes(2, &[number(1, start), number(2, length), bytes(3, &[9; 32])].concat())
}

pub fn attachment(size: u64, padded: u64, media_type: &[u8], name: &[u8]) -> Vec<u8> {
    let pointer = [bytes(1, &counting(1, 32)), bytes(2, &counting(2, 32)), number(3, padded)].concat();
    let place = [bytes(1, &counting(3, 32)), bytes(2, &pointer), number(3, size)].concat();
    [place, bytes(4, media_type), bytes(5, name)].concat()
}

fn image() -> Vec<u8> {
    attachment(70_000, 71_680, b"image/webp", "Straße.webp".as_bytes())
}

fn preview(url: &str, title: &str) -> Vec<u8> {
    [bytes(1, url.as_bytes()), bytes(2, title.as_bytes())].concat()
}

/// A text with everything in it.
pub fn text() -> Vec<u8> {
    text_with(&bytes(3, &counting(5, 16)))
}

fn text_with(reply_to: &[u8]) -> Vec<u8> {
    let said = "𝄞 @bob @eve: https://example.org/♪";
    let mentions = [mention(5, 4), mention(10, 4)].concat();
    let image = [image(), bytes(6, b"a caption")].concat();
    let preview = [preview("https://example.org/♪", "Sotto voce"), bytes(3, &image)].concat();
    [bytes(1, said.as_bytes()), mentions, reply_to.to_vec(), bytes(4, &image), bytes(5, &preview)].concat()
}

pub fn grant(domain: &[u8]) -> Vec<u8> {
    [bytes(1, &counting(50, 16)), bytes(2, domain)].concat()
}

/// 1 request, 2 accept, 3 decline, 4 revoke.
pub fn consent(field: u64) -> Vec<u8> {
    bytes(field, &if field < 3 { grant(b"example.net") } else { Vec::new() })
}

/// What a contact record is made of, its times in milliseconds.
#[derive(Clone, Copy)]
pub struct Kept {
    pub state: u64,
    pub ours: Option<u64>,
    pub previous: Option<u64>,
    pub theirs: Option<&'static [u8]>,
    pub told: bool,
    pub acted: u64,
    pub decided: u64,
    pub made: u64,
    pub blocked: u64,
    pub revoked: u64,
    pub heard: u64,
}

impl Kept {
    /// Tokens by their first byte; times below 20.
    pub fn new(state: u64, ours: bool, theirs: bool, told: bool) -> Self {
        Self {
            state,
            ours: ours.then_some(60),
            previous: None,
            theirs: theirs.then_some(b"example.com"),
            told,
            acted: 12,
            decided: 10,
            made: if ours { 9 } else { 0 },
            blocked: if state == 6 { 10 } else { 3 },
            revoked: 4,
            heard: 7,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let token = |field, first: Option<u64>| {
            first.map_or_else(Vec::new, |first| bytes(field, &counting(u8::try_from(first).unwrap(), 16)))
        };
        let theirs = self.theirs.map_or_else(Vec::new, |domain| bytes(4, &grant(domain)));
        let times = [self.acted, self.decided, self.made, self.blocked, self.revoked, self.heard];
        let times = times.into_iter().zip(6_u64..).flat_map(|(time, field)| number(field, time));
        let id = [if self.heard == 0 { 0 } else { 0x55 }; 16];
        let tokens = [token(2, self.ours), token(3, self.previous), theirs].concat();
        let start = [number(1, self.state), tokens, number(5, self.told.into())].concat();
        [start, times.collect(), bytes(12, &id)].concat()
    }
}

pub fn contact(state: u64, ours: bool, theirs: bool, told: bool) -> Vec<u8> {
    Kept::new(state, ours, theirs, told).bytes()
}

fn receipt(state: u64, ids: &[u8]) -> Vec<u8> {
    let ids = ids.iter().flat_map(|first| bytes(2, &[*first; 16]));
    number(1, state).into_iter().chain(ids).collect()
}

fn batch(delivered: &[u8], read: &[u8], due: Option<u64>) -> Vec<u8> {
    let ids = |field, ids: &[u8]| ids.iter().flat_map(|id| bytes(field, &[*id; 16])).collect::<Vec<_>>();
    let due = due.map_or_else(Vec::new, |due| number(4, due));
    [bytes(1, &[1; 32]), ids(2, delivered), ids(3, read), due].concat()
}

fn edit() -> Vec<u8> {
    [bytes(1, &counting(5, 16)), bytes(2, &text_with(&[]))].concat()
}

fn reaction(emoji: Option<&str>) -> Vec<u8> {
    let emoji = emoji.map_or_else(Vec::new, |emoji| bytes(2, emoji.as_bytes()));
    [bytes(1, &counting(5, 16)), emoji].concat()
}

fn profile(name: &str) -> Vec<u8> {
    [bytes(1, name.as_bytes()), bytes(2, &image())].concat()
}

fn sync() -> Vec<u8> {
    [bytes(1, &[8; 32]), bytes(2, &contact(4, true, true, true))].concat()
}

/// A body of each kind.
pub fn samples_of_kinds() -> Vec<(u64, &'static str, Vec<u8>)> {
    vec![
        (1, "TextBody", text()),
        (100, "EditBody", edit()),
        (101, "DeleteBody", bytes(1, &counting(5, 16))),
        (102, "ReactionBody", reaction(Some("👩‍🚀"))),
        (103, "ReceiptBody", receipt(1, &[1, 2])),
        (104, "TimerBody", number(1, 3_600)),
        (105, "ProfileBody", profile("Ada Lovelace")),
        (106, "TokenGrant", grant(b"example.net")),
        (107, "ConsentBody", consent(1)),
        (200, "TypingBody", number(1, 1)),
        (300, "ReadMarkerBody", [bytes(1, &[8; 32]), bytes(2, &[9; 16])].concat()),
        (301, "ContactBody", sync()),
    ]
}

pub fn messages() -> File {
    let mut file = File::new("10.10", "messages of contents");
    let kinds =
        samples_of_kinds().into_iter().filter(|(kind, ..)| *kind != 200 && *kind != 101 && *kind != 300);
    let mut samples: Vec<_> = kinds.map(|(_, name, body)| (name, body, false)).collect();
    samples.extend([
        ("Content", content_of(1, &text(), 2), false),
        ("Content", content_of(399, b"", 2), false),
        ("Mention", mention(5, 4)[2..].to_vec(), false),
        ("AttachmentInfo", image(), false),
        ("LinkPreview", preview("http://a", ""), false),
        ("DeleteBody", bytes(1, &counting(5, 16)), true),
        ("ReadMarkerBody", [bytes(1, &[8; 32]), bytes(2, &[9; 16])].concat(), true),
        ("TypingBody", number(1, 2), true),
        ("ReactionBody", reaction(None), false),
        ("ConsentBody", consent(2), false),
        ("ConsentBody", consent(3), false),
        ("ConsentBody", consent(4), false),
        ("ContactConsent", with(4, |kept| kept.previous = Some(70)), false),
        ("ReceiptBatch", batch(&[1, 2], &[3], Some(NOW)), false),
        ("ReceiptBatch", batch(&[], &[], None), false),
    ]);
    shapes(&mut file, samples);
    for rules in [texts(), files(), names(), others(), contacts()] {
        own_rules(&mut file, rules);
    }
    limits(&mut file);
    file
}

fn said(text: &str, rest: Vec<u8>) -> Vec<u8> {
    [bytes(1, text.as_bytes()), rest].concat()
}

fn texts() -> Vec<Own> {
    const BODY: &str = "TextBody";
    let at = |mentions: Vec<Vec<u8>>| said("a♪b", mentions.concat());
    let linked = |text: &str, url: &str, title: &str| said(text, bytes(5, &preview(url, title)));
    vec![
        ("a text", BODY, said("x", vec![]), ""),
        ("a text as it was typed", BODY, said("\u{202e} e\u{301}\u{e9}\r\n\0\u{feff} ", vec![]), ""),
        ("nothing", BODY, said("", vec![]), "bad-value"),
        ("nothing but a reply", BODY, said("", bytes(3, &[1; 16])), "bad-value"),
        ("an attachment alone", BODY, said("", bytes(4, &image())), ""),
        ("a mention of all", BODY, at(vec![mention(0, 5)]), ""),
        ("mentions side by side", BODY, at(vec![mention(0, 1), mention(1, 3), mention(4, 1)]), ""),
        ("a mention of nothing", BODY, at(vec![mention(1, 0)]), "bad-value"),
        ("a mention from within a character", BODY, at(vec![mention(2, 2)]), "bad-value"),
        ("a mention up to within a character", BODY, at(vec![mention(0, 2)]), "bad-value"),
        ("a mention beyond the end", BODY, at(vec![mention(4, 2)]), "bad-value"),
        ("a mention at the end", BODY, at(vec![mention(5, 1)]), "bad-value"),
        ("a mention beyond 32 bits", BODY, at(vec![mention(4, u64::from(u32::MAX))]), "bad-value"),
        ("mentions that overlap", BODY, at(vec![mention(0, 4), mention(1, 3)]), "bad-value"),
        ("the same mention twice", BODY, at(vec![mention(0, 1), mention(0, 1)]), "bad-value"),
        ("mentions in another order", BODY, at(vec![mention(4, 1), mention(0, 1)]), "bad-value"),
        ("a lifetime of a second", BODY, said("x", number(6, 1)), ""),
        ("the longest lifetime", BODY, said("x", number(6, 31_622_400)), ""),
        ("no lifetime at all", BODY, said("x", number(6, 0)), "bad-value"),
        ("a longer lifetime", BODY, said("x", number(6, 31_622_401)), "bad-value"),
        ("a preview", BODY, linked("see http://a/b", "http://a/b", "A"), ""),
        ("a preview of something else", BODY, linked("see http://a/b", "http://a/c", "A"), "bad-value"),
        ("a preview of the whole text", BODY, linked("http://a/b", "http://a/b", "A"), ""),
        ("a preview of a line", BODY, linked("see\nhttp://a/b\u{3000}there", "http://a/b", "A"), ""),
        ("a preview of a beginning", BODY, linked("see http://a/bc", "http://a/b", "A"), "bad-value"),
        ("a preview of an end", BODY, linked("see xhttp://a/b", "http://a/b", "A"), "bad-value"),
        ("a preview in brackets", BODY, linked("(http://a/b)", "http://a/b", "A"), "bad-value"),
        ("a preview of the second", BODY, linked("http://a/bc http://a/b", "http://a/b", "A"), ""),
        ("an edit", "EditBody", [bytes(1, &[1; 16]), bytes(2, &said("x", vec![]))].concat(), ""),
        (
            "an edit of what is answered",
            "EditBody",
            [bytes(1, &[1; 16]), bytes(2, &said("x", bytes(3, &[1; 16])))].concat(),
            "bad-value",
        ),
        ("a preview spelt otherwise", BODY, linked("see HTTP://a/b", "http://a/b", "A"), "bad-value"),
        (
            "an edit to nothing",
            "EditBody",
            [bytes(1, &[1; 16]), bytes(2, &said("", vec![]))].concat(),
            "bad-value",
        ),
        ("a link", "LinkPreview", preview("https://a", "title"), ""),
        ("a link to nowhere", "LinkPreview", preview("https://", "title"), "bad-value"),
        ("a link to a file", "LinkPreview", preview("file:///a", "title"), "bad-value"),
        ("a link to a script", "LinkPreview", preview("javascript:a", "title"), "bad-value"),
        ("a link with a space", "LinkPreview", preview("https://a b", "title"), "bad-value"),
        ("a link with a wide space", "LinkPreview", preview("https://a\u{3000}b", "title"), "bad-value"),
        ("a link with a line feed", "LinkPreview", preview("https://a\nb", "title"), "bad-value"),
        ("a link that turns", "LinkPreview", preview("https://a\u{202e}b", "title"), "bad-value"),
        ("a title that turns", "LinkPreview", preview("https://a", "\u{2066}title"), "bad-value"),
        ("a title of two lines", "LinkPreview", preview("https://a", "one\u{2028}two"), "bad-value"),
    ]
}

fn files() -> Vec<Own> {
    const INFO: &str = "AttachmentInfo";
    let sized = |size, padded| attachment(size, padded, b"a/b", b"name");
    let typed = |media: &'static [u8]| attachment(1, 1_024, media, b"name");
    let named = |name: &str| attachment(1, 1_024, b"a/b", name.as_bytes());
    vec![
        ("an empty file", INFO, sized(0, 1_024), ""),
        ("a padded file", INFO, sized(1_025, 1_088), ""),
        ("a file of 4 GiB and a byte", INFO, sized((1 << 32) + 1, 4_362_076_160), ""),
        ("the largest file", INFO, sized(1 << 40, 1 << 40), ""),
        ("an unpadded file", INFO, sized(1_025, 1_025), "bad-value"),
        ("a file padded too much", INFO, sized(1_025, 1_152), "bad-value"),
        ("a file longer than its padding", INFO, sized(1_089, 1_088), "bad-value"),
        ("a file that is too large", INFO, sized((1 << 40) + 1, 1 << 40), "bad-value"),
        ("the largest number", INFO, sized(u64::MAX, 1_024), "bad-value"),
        ("a pointer that is too large", INFO, sized(1 << 40, (1 << 40) + 1), "bad-value"),
        ("a media type", INFO, typed(b"application/vnd.a+b-c_d.1!#$&^"), ""),
        ("no subtype", INFO, typed(b"image"), "bad-value"),
        ("an empty type", INFO, typed(b"/png"), "bad-value"),
        ("an empty subtype", INFO, typed(b"image/"), "bad-value"),
        ("two slashes", INFO, typed(b"image/png/x"), "bad-value"),
        ("upper case", INFO, typed(b"image/PNG"), "bad-value"),
        ("a parameter", INFO, typed(b"text/html;a=b"), "bad-value"),
        ("a line feed after it", INFO, typed(b"image/png\n"), "bad-value"),
        ("another alphabet", INFO, typed("image/рng".as_bytes()), "bad-value"),
        ("a subtype that begins with a sign", INFO, typed(b"image/.png"), "bad-value"),
        ("a name with spaces", INFO, named("a b.c"), ""),
        ("a hidden name", INFO, named(".profile"), "bad-value"),
        ("a name in two scripts", INFO, named("写真 фото.jpg"), ""),
        ("this directory", INFO, named("."), "bad-value"),
        ("the directory above", INFO, named(".."), "bad-value"),
        ("a path", INFO, named("a/b"), "bad-value"),
        ("a path of the other kind", INFO, named("a\\b"), "bad-value"),
        ("a name with NUL", INFO, named("a\0b"), "bad-value"),
        ("a name with a C1 control", INFO, named("a\u{85}b"), "bad-value"),
        ("a name with DEL", INFO, named("a\u{7f}b"), "bad-value"),
        ("a name that turns", INFO, named("a\u{202e}gpj.exe"), "bad-value"),
        ("a name with an isolate", INFO, named("a\u{2067}b"), "bad-value"),
        ("a name with a mark", INFO, named("a\u{200f}b"), "bad-value"),
        ("a name with an Arabic letter mark", INFO, named("a\u{61c}b"), "bad-value"),
        ("a name of two lines", INFO, named("a\u{2029}b"), "bad-value"),
        ("a name that begins with a space", INFO, named(" a"), "bad-value"),
        ("a name that ends with a space", INFO, named("a.exe\u{2003}"), "bad-value"),
        ("a name that ends with a full stop", INFO, named("a.exe."), "bad-value"),
        ("a name with a colon", INFO, named("a:b"), "bad-value"),
        ("a name with an asterisk", INFO, named("a*b"), "bad-value"),
        ("a name with a question mark", INFO, named("a?"), "bad-value"),
        ("a name with quotes", INFO, named("\"a\""), "bad-value"),
        ("a name with an angle bracket", INFO, named("a<b"), "bad-value"),
        ("a name with the other angle bracket", INFO, named("a>b"), "bad-value"),
        ("a name with a bar", INFO, named("a|b"), "bad-value"),
        ("a device", INFO, named("NUL"), "bad-value"),
        ("a device in small letters", INFO, named("con"), "bad-value"),
        ("a device with an ending", INFO, named("Aux.txt"), "bad-value"),
        ("a device with two endings", INFO, named("prn.tar.gz"), "bad-value"),
        ("a device before a space", INFO, named("NUL .txt"), "bad-value"),
        ("a port", INFO, named("com0"), "bad-value"),
        ("another port", INFO, named("LPT9.doc"), "bad-value"),
        ("a port with a small number", INFO, named("COM\u{b2}"), "bad-value"),
        ("a console", INFO, named("conout$"), "bad-value"),
        ("a name that begins like a device", INFO, named("console.txt"), ""),
        ("a name that begins like a port", INFO, named("COM10"), ""),
        ("a name that ends like a device", INFO, named("a.con"), ""),
        ("a port without number", INFO, named("lpt"), ""),
    ]
}

fn names() -> Vec<Own> {
    let profile = |name: &str| bytes(1, name.as_bytes());
    vec![
        ("a name", "ProfileBody", profile("x"), ""),
        ("the longest name", "ProfileBody", profile(&"x".repeat(128)), ""),
        ("a longer name", "ProfileBody", profile(&"x".repeat(129)), "bad-length"),
        ("no name", "ProfileBody", profile(""), "bad-length"),
        ("a white name", "ProfileBody", profile(" "), "bad-value"),
        ("a name before white space", "ProfileBody", profile("x\u{a0}"), "bad-value"),
        ("a name after white space", "ProfileBody", profile("\u{2009}x"), "bad-value"),
        ("a name of two lines for a profile", "ProfileBody", profile("a\nb"), "bad-value"),
        ("a name with an override", "ProfileBody", profile("a\u{202d}b"), "bad-value"),
        ("a sequence of emoji", "ReactionBody", reaction(Some("🏳️‍🌈")), ""),
        ("a keycap", "ReactionBody", reaction(Some("1️⃣")), ""),
        ("an emoji with a space", "ReactionBody", reaction(Some("👍 ")), "bad-value"),
        ("an emoji that turns", "ReactionBody", reaction(Some("\u{202e}👍")), "bad-value"),
        ("an emoji with a control", "ReactionBody", reaction(Some("👍\u{1}")), "bad-value"),
        ("an empty emoji", "ReactionBody", reaction(Some("")), "bad-length"),
        ("an emoji of 33 bytes", "ReactionBody", reaction(Some(&"x".repeat(33))), "too-large"),
    ]
}

fn others() -> Vec<Own> {
    vec![
        ("kind 0", "Content", content_of(0, b"", 2), "bad-value"),
        ("kind 400", "Content", content_of(400, b"", 2), "bad-value"),
        ("kind 65537", "Content", content_of(65_537, b"", 2), "bad-value"),
        (
            "no conversation",
            "Content",
            [bytes(1, &[7; 16]), number(2, 1), number(5, 1), bytes(6, b"")].concat(),
            "missing",
        ),
        ("a short salt", "Content", [bytes(1, &[7; 15]), number(2, 1)].concat(), "bad-length"),
        ("no receipts", "ReceiptBody", receipt(1, &[]), "bad-value"),
        ("receipts out of order", "ReceiptBody", receipt(2, &[2, 1]), "bad-value"),
        ("a receipt twice", "ReceiptBody", receipt(2, &[1, 1]), "bad-value"),
        ("receipts of state 0", "ReceiptBody", receipt(0, &[1]), "bad-value"),
        ("receipts of state 3", "ReceiptBody", receipt(3, &[1]), "bad-value"),
        ("a timer that is off", "TimerBody", vec![], ""),
        ("a timer of 0 seconds", "TimerBody", number(1, 0), "bad-value"),
        ("a timer of more than a year", "TimerBody", number(1, 31_622_401), "bad-value"),
        ("typing state 3", "TypingBody", number(1, 3), "bad-value"),
        ("a grant of nowhere", "TokenGrant", grant(b""), "bad-value"),
        ("a misspelt domain", "TokenGrant", grant(b"Example.net"), "bad-value"),
        ("a domain that is a number", "TokenGrant", grant(b"127.0.0.1"), "bad-value"),
        ("a misspelt domain in a request", "ConsentBody", bytes(1, &grant(b"a_b.net")), "bad-value"),
        ("a decline with a grant", "ConsentBody", bytes(3, &grant(b"example.net")), "too-large"),
        ("a decline with a byte", "ConsentBody", bytes(3, &[0]), "unknown-field"),
        ("a fifth thing", "ConsentBody", bytes(5, &[]), "unknown-field"),
    ]
}

/// A record with everything that its state may have, and a change.
fn with(state: u64, change: impl FnOnce(&mut Kept)) -> Vec<u8> {
    let has = state != 6;
    let mut kept = Kept::new(state, has, has, false);
    change(&mut kept);
    kept.bytes()
}

fn nothing() -> Kept {
    let stranger = Kept::new(1, false, false, false);
    Kept { decided: 0, blocked: 0, revoked: 0, heard: 0, ..stranger }
}

fn contacts() -> Vec<Own> {
    const KEPT: &str = "ContactConsent";
    const BATCH: &str = "ReceiptBatch";
    vec![
        ("a stranger", KEPT, contact(1, false, false, false), ""),
        ("nobody that was ever heard of", KEPT, with(1, |kept| *kept = Kept { acted: 0, ..nothing() }), ""),
        ("a stranger with a token", KEPT, contact(1, true, false, false), ""),
        ("request sent", KEPT, contact(2, true, false, true), ""),
        ("request sent without token", KEPT, contact(2, false, true, false), "bad-value"),
        ("request received", KEPT, contact(3, false, true, false), ""),
        ("request received that is over", KEPT, contact(3, true, false, false), ""),
        (
            "request received of nobody",
            KEPT,
            with(3, |kept| *kept = Kept { state: 3, ..nothing() }),
            "bad-value",
        ),
        ("accepted without ours", KEPT, contact(4, false, true, false), "bad-value"),
        ("accepted that is over", KEPT, contact(4, true, false, true), ""),
        (
            "accepted and never heard of",
            KEPT,
            with(4, |kept| (kept.heard, kept.theirs) = (0, None)),
            "bad-value",
        ),
        ("a token of somebody never heard of", KEPT, with(1, |kept| kept.heard = 0), "bad-value"),
        ("declined", KEPT, contact(5, true, true, false), ""),
        ("blocked", KEPT, contact(6, false, false, false), ""),
        ("blocked with ours", KEPT, contact(6, true, false, false), "bad-value"),
        ("blocked with theirs", KEPT, contact(6, false, true, false), "bad-value"),
        ("blocked before it was decided", KEPT, with(6, |kept| kept.blocked = 9), "bad-value"),
        (
            "blocked at no time",
            KEPT,
            with(6, |kept| (kept.blocked, kept.decided, kept.revoked) = (0, 0, 0)),
            "bad-value",
        ),
        ("declined when it was blocked", KEPT, with(5, |kept| kept.blocked = 10), "bad-value"),
        ("blocked after the last decision", KEPT, with(5, |kept| kept.blocked = 11), "bad-value"),
        ("revoked after the last decision", KEPT, with(5, |kept| kept.revoked = 11), "bad-value"),
        ("decided after the last act", KEPT, with(5, |kept| kept.decided = 13), "bad-value"),
        ("made after the last act", KEPT, with(5, |kept| kept.made = 13), "bad-value"),
        ("a token made at no time", KEPT, with(5, |kept| kept.made = 0), "bad-value"),
        ("no token, made", KEPT, with(1, |kept| kept.ours = None), "bad-value"),
        ("a token and the one before", KEPT, with(5, |kept| kept.previous = Some(70)), ""),
        ("the one before without a token", KEPT, with(6, |kept| kept.previous = Some(70)), "bad-value"),
        ("told nothing", KEPT, contact(5, false, true, true), "bad-value"),
        ("consent state 0", KEPT, contact(0, false, false, false), "bad-value"),
        ("consent state 7", KEPT, contact(7, false, false, false), "bad-value"),
        ("a batch of both", BATCH, batch(&[1, 5], &[2, 3], Some(1)), ""),
        ("a batch without time", BATCH, batch(&[1], &[], None), "bad-value"),
        ("a time without batch", BATCH, batch(&[], &[], Some(1)), "bad-value"),
        ("an id in both", BATCH, batch(&[1, 2], &[2], Some(1)), "bad-value"),
        ("delivered out of order", BATCH, batch(&[2, 1], &[], Some(1)), "bad-value"),
        ("read twice", BATCH, batch(&[], &[1, 1], Some(1)), "bad-value"),
    ]
}

fn limits(file: &mut File) {
    let too_many = |element: Vec<u8>, count: usize| element.repeat(count);
    let mut bad = |name: &str, message: &str, bytes: Vec<u8>, class: &str| {
        file.bad(name, "wire.decode", decode(message, &bytes), class);
    };
    bad(
        "129 receipts",
        "ReceiptBody",
        [number(1, 1), too_many(bytes(2, &[1; 16]), 129)].concat(),
        "too-large",
    );
    bad("33 mentions", "TextBody", said("x", too_many(mention(0, 1), 33)), "too-many");
    bad("33 attachments", "TextBody", said("x", too_many(bytes(4, &image()), 33)), "too-many");
    bad("a text of 16 KiB and a byte", "TextBody", said(&"x".repeat(16_385), vec![]), "bad-length");
    bad("a text that is no text", "TextBody", bytes(1, b"\xff"), "bad-text");
    bad(
        "513 delivered",
        "ReceiptBatch",
        [bytes(1, &[1; 32]), too_many(bytes(2, &[1; 16]), 513)].concat(),
        "too-many",
    );
    bad("a body of 43,904 bytes", "Content", content_of(1, &vec![0; 43_904], 2), "bad-length");
    file.good("a text of 16 KiB", "wire.decode", decode("TextBody", &said(&"x".repeat(16_384), vec![])));
    let full = [bytes(1, &[b'x'; 16_384]), (0..32).flat_map(|at| mention(at, 1)).collect()].concat();
    let full =
        [full, too_many(bytes(4, &[image(), bytes(6, &[b'c'; 256])].concat()), 32), number(6, 9)].concat();
    file.good("a full text", "wire.decode", decode("TextBody", &full));
    let most: Vec<u8> = (0..128).flat_map(|id| bytes(2, &[id; 16])).collect();
    file.good("128 receipts", "wire.decode", decode("ReceiptBody", &[number(1, 2), most].concat()));
}
