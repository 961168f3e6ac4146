//! What is fetched, from where, and from where not (attack F-10).

use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU16;

use super::document::{CONTENT_TYPE, PATH, SignedDiscovery};
use super::networks::{Network, is_public};
use crate::identity::address::Domain;
use crate::time::Span;
use crate::wire::Wire as _;

/// The port of HTTPS.
const HTTPS: NonZeroU16 = NonZeroU16::new(443).unwrap();

/// The longest path of a redirect.
const MAX_PATH: usize = 512;

/// Where redirects may lead: what well-known paths are is decided by who runs the host, not by who may put files on it.
const WELL_KNOWN: &str = "/.well-known/";

/// A document to be fetched with a GET by HTTPS, of which the shell takes these steps and no others:
///
/// 1. it resolves `host` and connects to one of [`Fetch::targets`], without resolving again and without a proxy that would, and verifies
///    the certificate for `host`;
/// 2. it hands over the body only if [`Fetch::takes`] the head, and stops reading after [`Fetch::MAX_BYTES`];
/// 3. it follows a redirect only to [`Fetch::redirected`], which begins again at 1;
/// 4. it gives up after [`Fetch::TIMEOUT`], over all of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// For resolving, for TLS, and for the header `Host`.
    pub host: Domain,
    /// The TCP port.
    pub port: NonZeroU16,
    /// Path, and nothing else.
    pub path: String,
    /// To which addresses connections may be made.
    pub policy: FetchPolicy,
    redirects: u8,
}

/// To which addresses a server may be led by what others say: those of the public internet, and what the operator added. It holds for
/// every connection to a name that somebody else chose, fetches and frames alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchPolicy {
    /// Networks that are permitted though they are not public.
    pub exceptions: Vec<Network>,
}

/// An address that a policy permits. The check is of the address that is connected to, so a name that resolves to another one a moment
/// later gains nothing by it. Only [`FetchPolicy::targets`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(SocketAddr);

impl FetchPolicy {
    /// Whether a connection to this address may be made.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.exceptions.iter().any(|network| network.contains(address))
    }

    /// Of the addresses that a name resolved to, those that may be connected to, in their order.
    pub fn targets(&self, port: NonZeroU16, resolved: &[IpAddr]) -> Vec<Target> {
        let permitted = resolved.iter().filter(|address| self.permits(**address));
        permitted.map(|address| Target(SocketAddr::new(*address, port.get()))).collect()
    }
}

impl Target {
    /// What to connect to.
    pub const fn address(&self) -> SocketAddr {
        self.0
    }
}

impl Fetch {
    /// How much of a body is read at most: no document is longer.
    pub const MAX_BYTES: usize = SignedDiscovery::MAX_BYTES;

    /// How long all of it may take.
    pub const TIMEOUT: Span = Span::from_secs(20);

    /// How many redirects are followed.
    const MAX_REDIRECTS: u8 = 3;

    /// The document of a domain, on the host of this name.
    pub fn of(domain: &Domain, policy: FetchPolicy) -> Self {
        Self { host: domain.clone(), port: HTTPS, path: PATH.to_owned(), policy, redirects: 0 }
    }

    /// Of the addresses that the host resolved to, those that may be connected to.
    pub fn targets(&self, resolved: &[IpAddr]) -> Vec<Target> {
        self.policy.targets(self.port, resolved)
    }

    /// Whether a response with this head is a document: status 200, exactly the one type, no longer than a document can be. `length` is the
    /// announced one, if there is one.
    pub fn takes(&self, status: u16, content_type: Option<&str>, length: Option<u64>) -> bool {
        let fits = |length| usize::try_from(length).is_ok_and(|length| length <= Self::MAX_BYTES);
        status == 200 && content_type == Some(CONTENT_TYPE) && length.is_none_or(fits)
    }

    /// Where a redirect with this `Location` leads, if it may be followed: the same host and port by HTTPS, a path below `/.well-known/`
    /// without query, and not more than three in a row. `None`: the fetch has failed.
    pub fn redirected(&self, location: &str) -> Option<Self> {
        let path = match location.strip_prefix("https://") {
            Some(rest) => rest.split_at_checked(rest.find('/')?).and_then(|(to, path)| {
                let (host, port) = to.split_once(':').unwrap_or((to, "443"));
                (host == self.host.as_str() && port == self.port.to_string()).then_some(path)
            })?,
            None => location,
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let is_fine = path.len() <= MAX_PATH
            && path.starts_with(WELL_KNOWN)
            && path.bytes().all(is_plain)
            && !path.split('/').any(|part| part == "." || part == "..");
        let redirects = self.redirects.checked_add(1).filter(|count| *count <= Self::MAX_REDIRECTS)?;
        is_fine.then(|| Self { path: path.to_owned(), redirects, ..self.clone() })
    }
}
