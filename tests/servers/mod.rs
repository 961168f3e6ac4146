//! Servers with their stores, at rest between all inputs, and the wires between them. For tests, fuzz targets and simulations.

#![allow(dead_code, clippy::unwrap_used, clippy::missing_panics_doc, missing_docs)]

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use sottovoce::crypto::ed25519;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::Verified;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::{Author, Authorities, Subject as _};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server as Identity, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::server::discovery::{Bound, Discovery, FetchPolicy, Rates, SignedDiscovery};
use sottovoce::server::{Config, Input, Instance, Output, Registration, Server, Setup};
use sottovoce::storage::{MemoryStore, Released, Vault, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

pub const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A server, its store, and what its domain serves.
pub struct Host {
    pub server: Server,
    pub store: MemoryStore,
    pub document: Vec<u8>,
    pub wake_at: Option<Timestamp>,
}

/// What a server is made of, to start it again.
pub struct Identities {
    pub paper: RecoveryKey,
    pub manifest: Verified<Identity>,
    pub online: Secret<32>,
    pub document: Vec<u8>,
}

/// Servers, a clock, and wires that lose nothing unless they are cut.
pub struct Net {
    /// To start servers again.
    pub identities: BTreeMap<Domain, Identities>,
    pub hosts: BTreeMap<Domain, Host>,
    pub now: Timestamp,
    pub rng: Generator,
    /// Domains that cannot be reached.
    pub down: Vec<Domain>,
    /// So many of the next answers get lost.
    pub lose_answers: u32,
    /// Every frame that arrived somewhere.
    pub seen: Vec<(Domain, Vec<u8>)>,
    /// Whose operators were told something.
    pub alarms: Vec<Domain>,
    /// Frames that were posted.
    pub frames: u64,
    /// Bytes of what was posted, and of what came back.
    pub bytes: [u64; 2],
}

/// Randomness that is the same each time.
pub fn generator(seed: u64) -> Generator {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Seed::from_bytes(bytes).unwrap().into_generator()
}

pub fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

impl Identities {
    pub fn found(name: &str, rng: &mut Generator) -> Self {
        let paper = RecoveryKey::generate(rng).unwrap();
        let online = ed25519::SecretKey::generate(rng).unwrap();
        let author = Author { key: paper.signing(), issued_at: START, refresh_after: START.plus(LONGEST) };
        let authorities = Authorities::new(vec![*paper.signing().public_key().pair()], vec![]).unwrap();
        let validity = Validity::starting(START.minus(Span::from_days(1)), LONGEST);
        let body = ServerBody {
            domain: domain(name),
            endpoints: vec![Endpoint { host: domain(name), port: NonZeroU16::new(443).unwrap() }],
            online_keys: vec![OnlineKey { key: online.public_key(), validity }],
        };
        let manifest = Verified::<Identity>::found(&author, authorities, &body).unwrap();
        let discovery = Discovery { domain: domain(name), server: manifest.id(), validity };
        let document = discovery.sign(&online, manifest.manifest()).unwrap().encode().unwrap();
        Self { paper, manifest, online: online.to_seed(), document }
    }

    /// The next manifest, with another port.
    pub fn renewed(&self, now: Timestamp, port: u16) -> Verified<Identity> {
        self.renewed_after(&self.manifest, now, port)
    }

    pub fn renewed_after(&self, last: &Verified<Identity>, now: Timestamp, port: u16) -> Verified<Identity> {
        let author = Author { key: self.paper.signing(), issued_at: now, refresh_after: now.plus(LONGEST) };
        let authorities = Authorities::new(vec![*self.paper.signing().public_key().pair()], vec![]).unwrap();
        let host = self.manifest.domain().clone();
        let body = ServerBody {
            domain: host.clone(),
            endpoints: vec![Endpoint { host, port: NonZeroU16::new(port).unwrap() }],
            online_keys: self.manifest.online_keys().to_vec(),
        };
        last.succeed(&author, authorities, &body).unwrap()
    }

    /// A process of this server. Its keys are those of its name.
    pub fn start(&self, instance: u8) -> Server {
        self.start_as(self.manifest.clone(), instance)
    }

    pub fn start_as(&self, manifest: Verified<Identity>, instance: u8) -> Server {
        let key = Secret::new([7; 32]);
        Server::new(Setup {
            vault: Vault::new(&key, self.manifest.domain().as_str().as_bytes()),
            config: Config {
                registration: Registration::Open,
                fetch: FetchPolicy::default(),
                fetches: Rates::default(),
            },
            online: ed25519::SecretKey::from_seed(&self.online),
            manifest,
            instance: Instance::from_bytes([instance; 16]),
            secret: Secret::new([9; 32]),
        })
    }

    pub fn bound(&self, now: Timestamp) -> Bound {
        SignedDiscovery::decode(&self.document).unwrap().verify(self.manifest.domain(), now).unwrap()
    }
}

impl Net {
    pub fn new(names: &[&str], seed: u64) -> Self {
        let mut rng = generator(seed);
        let (mut hosts, mut identities) = (BTreeMap::new(), BTreeMap::new());
        for name in names {
            let identity = Identities::found(name, &mut rng);
            let server = identity.start(1);
            let host = Host {
                server,
                store: MemoryStore::new(),
                document: identity.document.clone(),
                wake_at: None,
            };
            hosts.insert(domain(name), host);
            identities.insert(domain(name), identity);
        }
        let mut net = Self {
            identities,
            hosts,
            now: START,
            rng,
            down: Vec::new(),
            lose_answers: 0,
            seen: Vec::new(),
            alarms: Vec::new(),
            frames: 0,
            bytes: [0; 2],
        };
        for name in names {
            net.input(&domain(name), &Input::Wake);
        }
        net
    }

    /// Runs a machine over the store of a host.
    pub fn run<M>(
        &mut self,
        at: &Domain,
        machine: impl FnOnce(&Server) -> M,
        input: &M::Input,
    ) -> Vec<M::Output>
    where
        M: sottovoce::storage::Machine,
        M::Refused: std::fmt::Debug,
    {
        let host = self.hosts.get_mut(at).unwrap();
        let machine = machine(&host.server);
        let Released { send, wake_at, .. } =
            run(&machine, &mut host.store, self.now, &mut self.rng, input).unwrap();
        host.note(wake_at);
        send
    }

    /// An input, and all that follows from it at once.
    pub fn input(&mut self, at: &Domain, input: &Input) -> Option<Vec<u8>> {
        let host = self.hosts.get_mut(at).unwrap();
        if *input == Input::Wake {
            host.wake_at = None;
        }
        let Released { send, events, wake_at } =
            run(&host.server, &mut host.store, self.now, &mut self.rng, input).unwrap();
        host.note(wake_at);
        self.alarms.extend(events.iter().map(|_| at.clone()));
        let mut reply = None;
        for output in send {
            match output {
                Output::Reply(bytes) => reply = Some(bytes),
                Output::Post { to, request, frame, .. } => {
                    self.frames += 1;
                    self.bytes[0] += u64::try_from(frame.len()).unwrap();
                    let answer = if self.is_up(&to) {
                        self.seen.push((to.clone(), frame.clone()));
                        self.input(&to, &Input::Peer(frame.into()))
                    } else {
                        None
                    };
                    let is_lost = self.lose_answers > 0 && answer.is_some();
                    self.lose_answers -= u32::from(is_lost);
                    let answer = answer.filter(|_| !is_lost);
                    self.bytes[1] += u64::try_from(answer.as_ref().map_or(0, Vec::len)).unwrap();
                    self.input(at, &Input::PeerReply { to, request, reply: answer.map(Into::into) });
                }
                Output::Fetch(fetch) => {
                    let document = self.hosts.get(&fetch.host).map(|host| host.document.clone());
                    let document = document.filter(|_| self.is_up(&fetch.host));
                    self.input(at, &Input::Fetched { domain: fetch.host, document });
                }
                _ => {}
            }
        }
        reply
    }

    fn is_up(&self, domain: &Domain) -> bool {
        self.hosts.contains_key(domain) && !self.down.contains(domain)
    }

    /// A server goes on with another manifest.
    pub fn speak_as(&mut self, at: &Domain, manifest: Verified<Identity>) {
        let server = self.identities[at].start_as(manifest, 1);
        self.hosts.get_mut(at).unwrap().server = server;
    }

    /// Lets time pass, and everybody do what is due. Gives the number of wakes.
    pub fn pass(&mut self, span: Span) -> u64 {
        let until = self.now.plus(span);
        let mut wakes = 0;
        loop {
            let next = self.hosts.iter().filter_map(|(name, host)| Some((host.wake_at?, name.clone())));
            let Some((at, name)) = next.min().filter(|(at, _)| *at <= until) else { break };
            self.now = self.now.max(at);
            self.input(&name, &Input::Wake);
            wakes += 1;
            assert!(wakes < 5_000_000, "it never rests");
        }
        self.now = until;
        wakes
    }
}

impl Host {
    pub fn note(&mut self, wake_at: Option<Timestamp>) {
        if let Some(at) = wake_at {
            self.wake_at = Some(self.wake_at.map_or(at, |before| before.min(at)));
        }
    }
}
