#![allow(missing_docs)]
use sottovoce::identity::address::Domain;
use sottovoce::identity::ids::{DeviceId, RequestId};
use sottovoce::identity::server::Endpoint;
#[derive(Debug)]
pub struct Unreachable;
#[derive(Debug)]
pub enum Input {
    Peer(Vec<u8>),
    PeerReply { to: Domain, request: RequestId, reply: Result<Vec<u8>, Unreachable> },
    Client(Vec<u8>),
    Fetched { domain: Domain, document: Result<Vec<u8>, Unreachable> },
    Wake,
}
#[derive(Debug)]
pub enum Output {
    Reply(Vec<u8>),
    Post { to: Domain, endpoints: Vec<Endpoint>, request: RequestId, frame: Vec<u8> },
    Fetch(sottovoce::server::discovery::Fetch),
    Notify(DeviceId),
    Push { device: DeviceId, endpoint: Vec<u8> },
}

// Until the library has them.
use core::time::Duration;
use sottovoce::crypto::{random::Seed, secret::Secret};
use sottovoce::server::Setup;
use sottovoce::storage::{self, Loaded, Machine, Step, StorageError, Vault};
use sottovoce::time::Timestamp;
#[derive(Debug)]
pub struct Server(Vault);
impl Server {
    pub fn new(_: Setup) -> Self {
        Self(Vault::new(&Secret::new([1; 32]), b"x"))
    }
}
impl Machine for Server {
    type Input = Input;
    type Output = Output;
    type Refused = StorageError;
    fn step(
        &self,
        loaded: &Loaded,
        _: Timestamp,
        seed: Seed,
        _: &Input,
    ) -> Result<Step<Output>, StorageError> {
        storage::step(&self.0, loaded, seed, |_| Ok(Vec::new()))
    }
}
impl crate::Site for Server {
    fn waits(_: &[u8]) -> Option<(DeviceId, Duration)> {
        None
    }
    fn is_empty(_: &[u8]) -> bool {
        false
    }
}
