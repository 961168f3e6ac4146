//! What a server is made of, and what its step works in.

use core::fmt;

use crate::crypto::ed25519;
use crate::crypto::secret::Secret;
use crate::identity::Verified;
use crate::identity::address::Domain;
use crate::identity::ids::{DeviceId, RequestId};
use crate::identity::server as identity;
use crate::storage::{Transaction, Vault};
use crate::time::Timestamp;

use super::Instance;
use super::discovery::{Fetch, FetchPolicy, Rates};
use super::link::Outgoing;

/// A server: its identity, its keys, and what its operator decided. Everything else is in the store.
pub struct Server {
    pub(crate) vault: Vault,
    pub(crate) config: Config,
    pub(crate) online: ed25519::SecretKey,
    pub(crate) manifest: Verified<identity::Server>,
    pub(crate) instance: Instance,
    pub(crate) secret: Secret<32>,
}

/// What a server is made of.
pub struct Setup {
    /// Seals the store.
    pub vault: Vault,
    /// The operator's decisions.
    pub config: Config,
    /// The private half of an online key that the manifest lists.
    pub online: ed25519::SecretKey,
    /// The server's newest manifest.
    pub manifest: Verified<identity::Server>,
    /// Drawn when the process starts.
    pub instance: Instance,
    /// What session tokens and pseudonyms are made with; drawn once and kept where the vault's key is kept.
    pub secret: Secret<32>,
}

/// What an operator decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Who may register an account.
    pub registration: Registration,
    /// Where documents of other domains may be fetched.
    pub fetch: FetchPolicy,
    /// … and how often.
    pub fetches: Rates,
}

/// Who may register an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone.
    Open,
    /// Who has an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// What a server wants done once its step is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The answer to who called: the body of the HTTP response.
    Reply(Vec<u8>),
    /// A frame for another server. What comes of it is an input.
    Post {
        /// The server.
        to: Domain,
        /// Where it answers: the first that can be reached.
        endpoints: Vec<identity::Endpoint>,
        /// To which addresses these names may lead.
        policy: FetchPolicy,
        /// Names the outcome.
        request: RequestId,
        /// An encoded frame.
        frame: Vec<u8>,
    },
    /// The document of a domain. What comes of it is an input.
    Fetch(Fetch),
    /// A device that waits for its mailbox has something to fetch.
    Notify(DeviceId),
    /// A device that sleeps is to be woken, without content.
    Push {
        /// The device.
        device: DeviceId,
        /// What it has registered for that.
        endpoint: Vec<u8>,
    },
}

/// A step in the making.
pub(crate) struct Context<'a, 't> {
    pub(crate) server: &'a Server,
    pub(crate) now: Timestamp,
    pub(crate) tx: &'a mut Transaction<'t>,
    pub(crate) send: Vec<Output>,
    /// To be signed at the end of the step.
    pub(crate) frames: Vec<Outgoing>,
}

impl Server {
    /// A server that is ready to run. Its first input is a wake.
    pub fn new(setup: Setup) -> Self {
        let Setup { vault, config, online, manifest, instance, secret } = setup;
        Self { vault, config, online, manifest, instance, secret }
    }

    /// Who it is.
    pub const fn identity(&self) -> &Verified<identity::Server> {
        &self.manifest
    }

    /// The domain of its users.
    pub fn domain(&self) -> &Domain {
        self.manifest.domain()
    }
}

/// Redacted.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.domain())
    }
}

/// Redacted.
impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setup(..)")
    }
}
