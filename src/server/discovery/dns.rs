//! The record in the DNS by which a domain names its server, where it has no host to put a document on.

use core::fmt::Write as _;
use core::str::FromStr;

use super::document::Bound;
use crate::error::{Blame, Fault};
use crate::identity::address::Domain;
use crate::identity::ids::ServerId;
use crate::identity::server::Server;
use crate::identity::{IdentityError, Verified};
use crate::time::Timestamp;

/// What every record of this kind begins with.
const VERSION: &str = "v=sottovoce1;";

/// Between the version and the id.
const ID: &str = " id=";

/// A domain names the chain of its server: `v=sottovoce1; id=` and 64 digits.
///
/// It has no signature, and is as good as the resolver: one that does not validate, or is far away, lets others speak for the domain at
/// first contact, though never for a chain without its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRecord {
    /// The chain.
    pub server: ServerId,
}

/// Text that is not the one spelling of such a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRecord;

/// The name to ask for records of type TXT.
pub fn name(domain: &Domain) -> String {
    format!("_sottovoce.{domain}")
}

/// The record among all texts at [`name`]. Those of another kind count for nothing; [`BadRecord`] if there are two of this one, whatever
/// they say, or the one is misspelt. Strings of one record are to be joined before (RFC 7208 §3.3).
pub fn among(texts: &[String]) -> Result<Option<ServerRecord>, BadRecord> {
    let mut ours = texts.iter().filter(|text| text.starts_with(VERSION));
    match (ours.next(), ours.next()) {
        (Some(text), None) => text.parse().map(Some),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(BadRecord),
    }
}

impl ServerRecord {
    /// Binds the domain at whose name this record lies to a server. [`IdentityError::Mismatch`] unless the server's manifest names the
    /// domain, and the record the server.
    pub fn binds(
        &self,
        asked: &Domain,
        server: Verified<Server>,
        now: Timestamp,
    ) -> Result<Bound, IdentityError> {
        if server.id() == self.server && server.domain() == asked {
            Ok(Bound::by_dns(server, now))
        } else {
            Err(IdentityError::Mismatch)
        }
    }
}

impl FromStr for ServerRecord {
    type Err = BadRecord;

    /// Takes the record in its one spelling; anything else is [`BadRecord`].
    fn from_str(text: &str) -> Result<Self, BadRecord> {
        let digits = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix(ID)).ok_or(BadRecord)?;
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().copied().map(byte).collect::<Option<_>>().ok_or(BadRecord)?;
        let id: [u8; 32] = bytes.try_into().map_err(|_| BadRecord)?;
        if rest.is_empty() { Ok(Self { server: ServerId::from_bytes(id) }) } else { Err(BadRecord) }
    }
}

impl core::fmt::Display for ServerRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(VERSION)?;
        f.write_str(ID)?;
        let mut digits = String::with_capacity(64);
        self.server.as_bytes().iter().try_for_each(|byte| write!(digits, "{byte:02x}"))?;
        f.write_str(&digits)
    }
}

fn byte(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    });
    Some(high?.checked_shl(4)? | low?)
}

impl Blame for BadRecord {
    fn fault(&self) -> Fault {
        Fault::Peer
    }

    fn class(&self) -> &'static str {
        "bad-record"
    }
}

impl core::fmt::Display for BadRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for BadRecord {}
