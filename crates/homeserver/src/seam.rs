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
pub struct Fetch {
    pub domain: Domain,
}
#[derive(Debug)]
pub enum Output {
    Reply(Vec<u8>),
    Post { to: Domain, endpoints: Vec<Endpoint>, request: RequestId, frame: Vec<u8> },
    Fetch(Fetch),
    Notify(DeviceId),
    Push { device: DeviceId, endpoint: Vec<u8> },
}
