//! Two people with an account each at one server, from nothing to a conversation: `cargo run --release --example two_devices`.
//!
//! Everything is real but the wires: the server is a machine over a store like the devices, and this program carries the bytes. An
//! application has a store on disk, HTTP and a clock in their places; `docs/EMBEDDING.md` shows that.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]
#![allow(clippy::disallowed_types, reason = "an application draws randomness from the operating system")]

use std::error::Error;
use std::num::NonZeroU16;

use rand::rngs::SysRng;
use sottovoce::client::{Command, CommandId, Create, Device, Event, Input, Outcome, Output};
use sottovoce::content::{Act, Body, Text};
use sottovoce::crypto::random::{Seed, draw};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{CryptoError, ed25519};
use sottovoce::identity::Verified;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::{Author, Authorities, Subject as _};
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server as Identity, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::server::discovery::{Discovery, FetchPolicy, Rates};
use sottovoce::server::{self, Config, Instance, Registration, Server, Setup};
use sottovoce::storage::{MemoryStore, Vault, run};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Fresh bytes from the operating system.
fn bytes<const N: usize>() -> Result<Secret<N>, CryptoError> {
    draw(&mut Seed::draw(&mut SysRng)?.into_generator())
}

/// A server with its store and the document of its domain.
struct Site {
    server: Server,
    store: MemoryStore,
    document: Vec<u8>,
}

impl Site {
    fn found(name: &str, now: Timestamp) -> Done<Self> {
        let mut rng = Seed::draw(&mut SysRng)?.into_generator();
        let paper = RecoveryKey::generate(&mut rng)?;
        let online = ed25519::SecretKey::generate(&mut rng)?;
        let author = Author { key: paper.signing(), issued_at: now, refresh_after: now.plus(LONGEST) };
        let authorities =
            Authorities::new(vec![*paper.signing().public_key().pair()], vec![]).ok_or("keys")?;
        let (domain, validity): (Domain, _) = (name.parse()?, Validity::starting(now, LONGEST));
        let body = ServerBody {
            domain: domain.clone(),
            endpoints: vec![Endpoint { host: domain.clone(), port: NonZeroU16::MIN }],
            online_keys: vec![OnlineKey { key: online.public_key(), validity }],
        };
        let manifest = Verified::<Identity>::found(&author, authorities, &body)?;
        let discovery = Discovery { domain, server: manifest.id(), validity };
        let document = discovery.sign(&online, manifest.manifest())?.encode()?;
        let config = Config {
            registration: Registration::Open,
            fetch: FetchPolicy::default(),
            fetches: Rates::default(),
        };
        let (vault, secret) = (Vault::new(&bytes()?, b"server"), bytes()?);
        let instance = Instance::from_bytes(*bytes()?.expose());
        let server = Server::new(Setup { vault, config, online, manifest, instance, secret });
        Ok(Self { server, store: MemoryStore::new(), document })
    }

    fn answer(&mut self, now: Timestamp, request: Vec<u8>) -> Done<Option<Vec<u8>>> {
        let ran = run(&self.server, &mut self.store, now, &mut SysRng, &server::Input::Client(request))?;
        Ok(ran.send.into_iter().find_map(|output| match output {
            server::Output::Reply(response) => Some(response),
            _ => None,
        }))
    }
}

/// A person's application.
struct App {
    name: &'static str,
    device: Device<MemoryStore, SysRng>,
    wake_at: Timestamp,
    account: Option<AccountId>,
    asked_by: Option<AccountId>,
}

impl App {
    fn create(name: &'static str, address: &str, now: Timestamp) -> Done<Self> {
        let device = Device::new(Vault::new(&bytes()?, b"device"), MemoryStore::new(), SysRng);
        let mut app = Self { name, device, wake_at: now, account: None, asked_by: None };
        let recovery = RecoveryKey::generate(&mut Seed::draw(&mut SysRng)?.into_generator())?;
        println!("{name} writes down: {} …", recovery.phrase().as_str().split_at(40).0);
        let create = Create { address: address.parse()?, recovery, invite: None };
        drop(app.device.input(now, &Input::Create(Box::new(create)))?);
        Ok(app)
    }

    /// Gives the device an input, carries its requests, and shows what it tells.
    fn input(&mut self, site: &mut Site, now: Timestamp, input: &Input) -> Done {
        let Outcome { send, events, wake_at } = self.device.input(now, input)?;
        self.wake_at = wake_at.map_or(self.wake_at, |at| at.min(self.wake_at));
        for event in events {
            self.show(event)?;
        }
        for output in send {
            let input = match output {
                Output::Post { request, body } => {
                    Input::Posted { request, response: site.answer(now, body)? }
                }
                Output::Fetch { .. } => Input::Fetched { document: Some(site.document.clone()) },
                Output::Again => continue,
            };
            self.input(site, now, &input)?;
        }
        Ok(())
    }

    fn show(&mut self, event: Event) -> Done {
        match event {
            Event::Registered(account) => self.account = Some(account),
            Event::Contact { account, state, address, .. } => {
                let address = address.map(|address| address.to_string()).unwrap_or_default();
                println!("{}: with {address} it stands: {state:?}", self.name);
                self.asked_by = Some(account);
            }
            Event::Message(said) => {
                if let Body::Text(text) = said.body()? {
                    println!("{} reads: {}", self.name, text.text);
                }
            }
            Event::Progress { stage, .. } => println!("{}'s message: {stage:?}", self.name),
            other => println!("{}: {other:?}", self.name),
        }
        Ok(())
    }

    fn command(&mut self, site: &mut Site, now: Timestamp, command: Command) -> Done {
        self.input(site, now, &Input::Command(CommandId::from_bytes(*bytes()?.expose()), command))
    }
}

/// Two minutes in which both do what is due, and look for what has come.
fn pass(apps: [&mut App; 2], site: &mut Site, now: &mut Timestamp) -> Done {
    let [one, other] = apps;
    for _ in 0..12 {
        *now = now.plus(Span::from_secs(10));
        for app in [&mut *one, &mut *other] {
            while app.wake_at <= *now {
                app.wake_at = now.plus(Span::from_days(1));
                app.input(site, *now, &Input::Wake)?;
            }
            app.input(site, *now, &Input::Fetch { wait: Span::from_secs(0) })?;
        }
    }
    Ok(())
}

fn text(words: &str) -> Box<Body> {
    let (mentions, attachments) = (Vec::new(), Vec::new());
    let text = words.into();
    Box::new(Body::Text(Text { text, mentions, reply_to: None, attachments, preview: None, lifetime: None }))
}

fn main() -> Done {
    let mut now = Timestamp::from_millis(1_795_000_000_000);
    let mut site = Site::found("example.org", now)?;
    let mut alice = App::create("Alice", "alice@example.org", now)?;
    let mut bob = App::create("Bob", "bob@example.org", now)?;
    pass([&mut alice, &mut bob], &mut site, &mut now)?;
    alice.command(&mut site, now, Command::Introduce("bob@example.org".parse()?))?;
    pass([&mut alice, &mut bob], &mut site, &mut now)?;
    let asks = bob.asked_by.ok_or("a request has come")?;
    bob.command(&mut site, now, Command::Consent(asks, Act::Accept))?;
    pass([&mut alice, &mut bob], &mut site, &mut now)?;
    let to_bob = bob.account.ok_or("Bob is registered")?;
    alice.command(&mut site, now, Command::Say(to_bob, text("under the voice")))?;
    pass([&mut alice, &mut bob], &mut site, &mut now)?;
    bob.command(&mut site, now, Command::Say(asks, text("only you hear it")))?;
    pass([&mut alice, &mut bob], &mut site, &mut now)
}
