//! `user@domain`, and domains, in their one spelling. `docs/PROTOCOL.md` §4.1.

use core::fmt;
use core::str::FromStr;

use super::punycode;
use crate::error::{Blame, Fault};

/// Bytes of the longest address.
pub const MAX_LENGTH: usize = MAX_LOCAL + 1 + MAX_DOMAIN;

const MAX_LOCAL: usize = 63;
const MAX_DOMAIN: usize = 253;
const MAX_LABEL: usize = 63;

/// An address. It is an alias of an account, never its identity.
///
/// It is ASCII, is compared by bytes, and is shown as it is: a domain of other scripts stays in its `xn--` form, so
/// that no address looks like another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Box<str>,
    at: usize,
}

impl Address {
    /// The address as `user@domain`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.text.get(self.at.saturating_add(1)..).unwrap_or_default()
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    /// Takes an address in its one spelling. Nothing is corrected: upper case, spaces, a trailing dot and the like are
    /// [`BadAddress`].
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if text.len() > MAX_LENGTH {
            return Err(BadAddress);
        }
        let (local, domain) = text.split_once('@').ok_or(BadAddress)?;
        if is_local(local.as_bytes()) && is_domain(domain) {
            Ok(Self { text: text.into(), at: local.len() })
        } else {
            Err(BadAddress)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The domain of a server: A-labels, compared by bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Box<str>);

impl Domain {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = BadAddress;

    /// Takes a domain in its one spelling; anything else is [`BadAddress`].
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if is_domain(text) { Ok(Self(text.into())) } else { Err(BadAddress) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not the one spelling of an address or a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress;

impl Blame for BadAddress {
    fn fault(&self) -> Fault {
        Fault::Peer
    }

    fn class(&self) -> &'static str {
        "bad-address"
    }
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for BadAddress {}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_local(local: &[u8]) -> bool {
    let starts_well = local.first().copied().is_some_and(is_alphanumeric);
    starts_well
        && local.len() <= MAX_LOCAL
        && local.iter().all(|byte| is_alphanumeric(*byte) || b"._-".contains(byte))
}

fn is_domain(domain: &str) -> bool {
    let Some((_, last)) = domain.rsplit_once('.') else { return false };
    domain.len() <= MAX_DOMAIN
        && domain.split('.').all(is_label)
        && last.starts_with(|letter: char| letter.is_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends_well = |end: Option<&u8>| end.copied().is_some_and(is_alphanumeric);
    bytes.len() <= MAX_LABEL
        && ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes.iter().all(|byte| is_alphanumeric(*byte) || *byte == b'-')
        && is_plain_or_a_label(label)
}

/// Hyphens in the third and fourth place are reserved (RFC 5890 §2.3.1): only an A-label may have them.
fn is_plain_or_a_label(label: &str) -> bool {
    match (label.get(2..4), label.strip_prefix("xn--")) {
        (Some("--"), Some(encoded)) => punycode::encodes_non_ascii(encoded),
        (Some("--"), None) => false,
        _ => true,
    }
}
