//! Another server, as far as frames need it. `docs/PROTOCOL.md` §7.3.

use crate::identity::address::Domain;
use crate::identity::chain::{Followed, Manifest, Subject as _};
use crate::identity::ids::ServerId;
use crate::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use crate::identity::{IdentityError, Verified};
use crate::server::Instance;
use crate::server::frame::{Frame, Seen};
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A server whose chain was verified. A summary of its manifest, so that the path of a frame loads no signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) domain: Domain,
    pub(crate) seen: Seen,
    pub(crate) online_keys: Vec<OnlineKey>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// What it holds of this server's chain.
    pub(crate) holds: Option<Seen>,
    pub(crate) instance: Option<Instance>,
    pub(crate) former_instance: Option<Instance>,
    pub(crate) sent_at: Timestamp,
}

/// What a frame says of the process that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voice {
    /// `false` if two take turns.
    pub(crate) is_alone: bool,
    /// Sent later than every frame before: it is not one of them once more.
    pub(crate) is_newest: bool,
}

/// Its manifest in full, and the other side if its chain has forked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerManifest {
    pub(crate) manifest: Manifest,
    pub(crate) fork: Option<Manifest>,
}

impl Peer {
    /// What is kept of a manifest.
    pub(crate) fn of(server: &Verified<Server>) -> Self {
        let body = ServerBody {
            domain: server.domain().clone(),
            endpoints: server.endpoints().to_vec(),
            online_keys: server.online_keys().to_vec(),
        };
        Self::claimed(Seen::of(server), body)
    }

    /// What a server says of itself.
    pub(crate) fn claimed(seen: Seen, body: ServerBody) -> Self {
        let ServerBody { domain, endpoints, online_keys } = body;
        Self {
            domain,
            seen,
            online_keys,
            endpoints,
            holds: None,
            instance: None,
            former_instance: None,
            sent_at: Timestamp::default(),
        }
    }

    /// The same peer with a newer manifest.
    pub(crate) fn updated(self, server: &Verified<Server>) -> Self {
        let Self { holds, instance, former_instance, sent_at, .. } = self;
        Self { holds, instance, former_instance, sent_at, ..Self::of(server) }
    }

    /// Where the summary lies.
    pub(crate) fn key(vault: &Vault, server: ServerId) -> Key {
        vault.partition(Table::PEERS, server.as_bytes()).key(0)
    }

    /// Notes from which of its processes a frame comes. A frame of another one than the present one that is newer than all before makes it
    /// the present one; if it is the former one, two take turns. One that was merely late, or is replayed, is not newer. The answer to what is
    /// outstanding is of the present one, however its clock has jumped.
    pub(crate) fn hear(&mut self, frame: &Frame, is_answer: bool) -> Voice {
        let is_newest = frame.sent_at > self.sent_at;
        let is_news = is_answer && self.former_instance != Some(frame.instance);
        let mut is_alone = true;
        if (is_newest || is_news) && self.instance != Some(frame.instance) {
            is_alone = self.former_instance != Some(frame.instance);
            (self.former_instance, self.instance) = (self.instance, Some(frame.instance));
        }
        self.sent_at = self.sent_at.max(frame.sent_at);
        if frame.yours.is_some() {
            self.holds = frame.yours;
        }
        Voice { is_alone, is_newest }
    }
}

impl PeerManifest {
    /// Where it lies.
    pub(crate) fn key(vault: &Vault, server: ServerId) -> Key {
        vault.partition(Table::PEER_MANIFESTS, server.as_bytes()).key(0)
    }

    /// What is followed, and the manifest that was seen last.
    pub(crate) fn of(followed: &Followed<Server>, last: &Verified<Server>) -> Self {
        match followed.sides() {
            Some([first, second]) => Self { manifest: first.manifest(), fork: Some(second.manifest()) },
            None => Self { manifest: last.manifest(), fork: None },
        }
    }

    /// What was followed. It is verified again.
    pub(crate) fn follow(self) -> Result<Followed<Server>, IdentityError> {
        let mut followed = Followed::new(self.manifest.verify()?);
        if let Some(other) = self.fork {
            followed.learn(other.verify()?)?;
        }
        Ok(followed)
    }
}

impl Message for Peer {
    type Proto = proto::Peer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let instance = |bytes: Option<Vec<u8>>| -> Result<_, Rule> {
            let bytes = bytes.map(|bytes| required_array(Some(bytes))).transpose()?;
            Ok(bytes.map(Instance::from_bytes))
        };
        let keys = proto.online_keys.into_iter().map(OnlineKey::from_proto);
        let endpoints = proto.endpoints.into_iter().map(Endpoint::from_proto);
        Ok(Self {
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            seen: Seen::from_proto(required(proto.seen)?)?,
            online_keys: keys.collect::<Result<_, _>>()?,
            endpoints: endpoints.collect::<Result<_, _>>()?,
            holds: proto.holds.map(Seen::from_proto).transpose()?,
            instance: instance(proto.instance)?,
            former_instance: instance(proto.former_instance)?,
            sent_at: Timestamp::from_millis(required(proto.sent_at)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let bytes = |instance: Option<Instance>| instance.map(|instance| instance.as_bytes().to_vec());
        proto::Peer {
            domain: Some(self.domain.to_string()),
            seen: Some(self.seen.to_proto()),
            online_keys: self.online_keys.iter().map(Message::to_proto).collect(),
            endpoints: self.endpoints.iter().map(Message::to_proto).collect(),
            holds: self.holds.as_ref().map(Message::to_proto),
            instance: bytes(self.instance),
            former_instance: bytes(self.former_instance),
            sent_at: Some(self.sent_at.as_millis()),
        }
    }
}

impl Message for PeerManifest {
    type Proto = proto::PeerManifest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            manifest: Manifest::from_proto(required(proto.manifest)?)?,
            fork: proto.fork.map(Manifest::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PeerManifest {
            manifest: Some(self.manifest.to_proto()),
            fork: self.fork.as_ref().map(Message::to_proto),
        }
    }
}

impl Format for Peer {
    const FORMAT: u8 = 1;
}

impl Record for Peer {
    const TABLE: Table = Table::PEERS;
}

impl Format for PeerManifest {
    const FORMAT: u8 = 1;
}

impl Record for PeerManifest {
    const TABLE: Table = Table::PEER_MANIFESTS;
}
