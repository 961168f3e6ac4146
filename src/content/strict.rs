//! What texts may be, where they are names, labels or addresses and not what somebody says. `docs/PROTOCOL.md` §10.7.

use crate::wire::Rule;

/// Seconds of 366 days.
const LONGEST_LIFETIME: u32 = 31_622_400;

/// Shown on one line, in the order in which it is written (attack U-02).
pub(super) fn is_plain(text: &str) -> bool {
    !text.chars().any(|one| {
        let turns = matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || one.is_control() || matches!(one, '\u{2028}' | '\u{2029}')
    })
}

/// Unicode's property as it is now: a list, so that no release of a table changes what is accepted.
fn is_white(one: char) -> bool {
    matches!(
        one,
        '\u{9}'..='\u{d}' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
            | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn has_white(text: &str) -> bool {
    text.chars().any(is_white)
}

/// Of a person.
pub(super) fn is_name(text: &str) -> bool {
    is_plain(text) && !text.starts_with(is_white) && !text.ends_with(is_white)
}

/// Of a file: it leads to no other directory, hides nothing, and every file system keeps it as it is.
pub(super) fn is_file_name(text: &str) -> bool {
    let is_kept = !text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']);
    is_name(text) && is_kept && !text.starts_with('.') && !text.ends_with('.') && !is_device(text)
}

/// What Windows takes for a device, whatever follows a full stop.
fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default().trim_end_matches(is_white).to_ascii_uppercase();
    let is_numbered = ["COM", "LPT"].iter().filter_map(|name| stem.strip_prefix(name)).any(|number| {
        let mut characters = number.chars();
        let is_digit = characters.next().is_some_and(|one| matches!(one, '0'..='9' | '¹' | '²' | '³'));
        is_digit && characters.next().is_none()
    });
    is_numbered || matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
}

/// A link is a word of the text, and not the beginning of another one.
pub(super) fn names_url(text: &str, url: &str) -> bool {
    text.split(is_white).any(|word| word == url)
}

pub(super) fn is_emoji(text: &str) -> bool {
    is_plain(text) && !has_white(text)
}

pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && is_plain(text) && !has_white(text)
}

pub(super) fn is_media_type(text: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_token = |token: &str| {
        token.as_bytes().split_first().is_some_and(|(first, rest)| {
            let is_inner = |byte: &u8| is_alphanumeric(byte) || b"!#$&^_.+-".contains(byte);
            is_alphanumeric(first) && rest.iter().all(is_inner)
        })
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// A rule of a message, in its error class.
pub(super) fn require(holds: bool) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(Rule::BadValue) }
}

/// Seconds, if there are any, within §10.9.
pub(super) fn lifetime(seconds: Option<u32>) -> Result<Option<u32>, Rule> {
    require(seconds.is_none_or(|seconds| (1..=LONGEST_LIFETIME).contains(&seconds)))?;
    Ok(seconds)
}
