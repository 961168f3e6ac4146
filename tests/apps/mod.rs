//! Applications of people, each with a device and a store, and the servers of their domains: everything but sockets and clocks is real.
#![allow(dead_code, reason = "each user takes a part of it")]

use std::collections::VecDeque;

use sottovoce::client::{
    Client, Command, CommandId, Create, Device, DeviceError, Event, Input, Outcome, Output, Said, Stage,
};
use sottovoce::content::{Body, ConsentState, Text};
use sottovoce::crypto::random::Generator;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::address::{Address, Domain};
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::server;
use sottovoce::storage::{self, Loaded, MemoryStore, RunError, Store, Vault, Want, Write};
use sottovoce::time::{Span, Timestamp};

use super::servers::{Net, generator};

pub mod story;

/// When a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Before this write is carried out.
    Before(u64),
    /// After it, before the process has heard of it.
    After(u64),
}

/// The process has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended;

/// A store with the application's own table of events in it, and a process that ends at a write.
#[derive(Default)]
pub struct Shelf {
    pub memory: MemoryStore,
    pub events: Vec<Vec<u8>>,
    pub writes: u64,
    /// Rounds of loading, and what was asked for in them.
    pub loads: [usize; 2],
    pub crash: Option<Crash>,
}

impl Store for Shelf {
    type Error = Ended;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Ended> {
        self.loads[0] += 1;
        self.loads[1] += wants.len();
        Ok(self.memory.load(wants).unwrap())
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<storage::Outcome, Ended> {
        self.writes += 1;
        if self.crash == Some(Crash::Before(self.writes)) {
            return Err(Ended);
        }
        let outcome = self.memory.apply(write).unwrap();
        if outcome == storage::Outcome::Committed {
            self.events.extend(write.events.iter().cloned());
        }
        if self.crash == Some(Crash::After(self.writes)) { Err(Ended) } else { Ok(outcome) }
    }
}

/// The device of an application, over whatever store.
pub trait Runs {
    fn input(&mut self, now: Timestamp, input: &Input) -> Result<Outcome, DeviceError<Ended>>;

    /// What the process and the application's table have to do with it.
    fn shelf(&mut self) -> &mut Shelf;
}

impl Runs for Device<Shelf, Generator> {
    fn input(&mut self, now: Timestamp, input: &Input) -> Result<Outcome, DeviceError<Ended>> {
        Self::input(self, now, input)
    }

    fn shelf(&mut self) -> &mut Shelf {
        self.store()
    }
}

/// Makes the device whose store a vault seals.
pub type Make = fn(Vault, Generator) -> Box<dyn Runs>;

/// A device over a store in memory.
pub fn prompt(vault: Vault, rng: Generator) -> Box<dyn Runs> {
    Box::new(Device::new(vault, Shelf::default(), rng))
}

/// A person's application.
pub struct App {
    pub name: String,
    pub address: Address,
    pub home: Domain,
    pub device: Box<dyn Runs>,
    pub vault: Vault,
    key: [u8; 32],
    pub wake_at: Option<Timestamp>,
    pub events: Vec<Event>,
    commands: u64,
    /// Requests that are on their way.
    pub underway: VecDeque<Output>,
    pub posts: u64,
    pub fetches: u64,
}

/// Servers, and applications.
pub struct Town {
    pub net: Net,
    pub apps: Vec<App>,
    pub crashes: u64,
}

impl App {
    pub fn new(name: &str, seed: u64, make: Make) -> Self {
        let address: Address = name.parse().unwrap();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_be_bytes());
        let vault = || Vault::new(&Secret::new(key), b"app");
        Self {
            name: name.into(),
            home: address.domain().parse().unwrap(),
            address,
            device: make(vault(), generator(seed)),
            vault: vault(),
            key,
            wake_at: None,
            events: Vec::new(),
            commands: 0,
            underway: VecDeque::new(),
            posts: 0,
            fetches: 0,
        }
    }

    /// The machine under the device, to be run by hand.
    pub fn client(&self) -> Client {
        Client::new(Vault::new(&Secret::new(self.key), b"app"))
    }

    pub fn command(&mut self) -> CommandId {
        self.commands += 1;
        let mut id = [0x77; 16];
        id[8..].copy_from_slice(&self.commands.to_be_bytes());
        CommandId::from_bytes(id)
    }

    /// One input.
    pub fn input(&mut self, now: Timestamp, input: &Input) -> Result<(), DeviceError<Ended>> {
        if matches!(input, Input::Wake) {
            self.wake_at = None;
        }
        let ran = self.device.input(now, input);
        for event in core::mem::take(&mut self.device.shelf().events) {
            self.events.push(self.vault.open_event::<Event>(&event).unwrap());
        }
        let Outcome { send, events: _, wake_at } = ran?;
        self.wake_at = self.wake_at.into_iter().chain(wake_at).min();
        self.underway.extend(send);
        Ok(())
    }

    /// What was said to this person, in the order in which it came.
    pub fn heard(&self) -> Vec<String> {
        self.said().filter_map(|said| text(&said)).collect()
    }

    pub fn said(&self) -> impl Iterator<Item = Said> {
        self.events.iter().filter_map(|event| match event {
            Event::Message(said) => Some(said.clone()),
            _ => None,
        })
    }

    pub fn stages(&self, of: CommandId) -> Vec<Stage> {
        let stages = self.events.iter().filter_map(|event| match event {
            Event::Progress { id, stage, .. } if *id == of => Some(*stage),
            _ => None,
        });
        stages.collect()
    }

    /// The newest state that this person's application was told of.
    pub fn state(&self, of: AccountId) -> Option<ConsentState> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Contact { account, state, .. } if *account == of => Some(*state),
            _ => None,
        })
    }

    pub fn account(&self) -> AccountId {
        self.events
            .iter()
            .find_map(|event| match event {
                Event::Registered(account) => Some(*account),
                _ => None,
            })
            .expect("registered")
    }
}

/// The text of a message.
pub fn text(said: &Said) -> Option<String> {
    match said.body().unwrap() {
        Body::Text(text) => Some(text.text),
        _ => None,
    }
}

impl Town {
    pub fn new(servers: &[&str], people: &[&str]) -> Self {
        Self::on(prompt, servers, people)
    }

    /// With devices of another make.
    pub fn on(make: Make, servers: &[&str], people: &[&str]) -> Self {
        let mut town = Self { net: Net::new(servers, 1), apps: Vec::new(), crashes: 0 };
        for (number, name) in people.iter().enumerate() {
            town.apps.push(App::new(name, 100 + u64::try_from(number).unwrap(), make));
            let app = town.apps.last().unwrap();
            let recovery =
                RecoveryKey::generate(&mut generator(900 + u64::try_from(number).unwrap())).unwrap();
            let create = Create { address: app.address.clone(), recovery, invite: None };
            town.input(number, &Input::Create(Box::new(create)));
        }
        town
    }

    /// An input for an application, and all that follows from it at once.
    pub fn input(&mut self, at: usize, input: &Input) {
        self.input_with(at, input, &|_, response| response);
    }

    fn input_with(&mut self, at: usize, input: &Input, change: &dyn Fn(usize, Vec<u8>) -> Vec<u8>) {
        match self.apps[at].input(self.net.now, input) {
            Ok(()) => {}
            Err(RunError::Store(Ended)) => {
                self.restart(at);
                // A command is the person's, and given again. What the network brought is lost.
                if matches!(input, Input::Command(..) | Input::Create(_)) {
                    self.apps[at].input(self.net.now, input).unwrap();
                }
            }
            Err(other) => panic!("{other:?}: {}: {input:?}", self.apps[at].name),
        }
        self.carry_with(at, change);
    }

    /// The process of an application starts again: what it had under way is lost.
    fn restart(&mut self, at: usize) {
        self.crashes += 1;
        let app = &mut self.apps[at];
        app.device.shelf().crash = None;
        app.underway.clear();
        app.wake_at = Some(self.net.now);
    }

    pub fn command(&mut self, at: usize, command: Command) -> CommandId {
        let id = self.apps[at].command();
        self.input(at, &Input::Command(id, command));
        id
    }

    /// Carries the requests of an application to its server, and the answers back.
    pub fn carry(&mut self, at: usize) {
        self.carry_with(at, &|_, response| response);
    }

    /// As [`Self::carry`]; somebody changes the answers on their way.
    fn carry_with(&mut self, at: usize, change: &dyn Fn(usize, Vec<u8>) -> Vec<u8>) {
        while let Some(output) = self.apps[at].underway.pop_front() {
            let (home, now) = (self.apps[at].home.clone(), self.net.now);
            let input = match output {
                Output::Post { request, body } => {
                    self.apps[at].posts += 1;
                    let response = self.net.input(&home, &server::Input::Client(body));
                    let response = response.map(|response| change(at, response));
                    Input::Posted { request, response }
                }
                Output::Fetch { domain } => {
                    self.apps[at].fetches += 1;
                    Input::Fetched { document: Some(self.net.hosts[&domain].document.clone()) }
                }
                Output::Again => continue,
            };
            match self.apps[at].input(now, &input) {
                Ok(()) => {}
                Err(RunError::Store(Ended)) => self.restart(at),
                Err(other) => panic!("{other:?}: {}: {input:?}", self.apps[at].name),
            }
        }
    }

    /// Lets time pass: everybody does what is due, and fetches what has come every ten seconds.
    pub fn pass(&mut self, span: Span) {
        self.pass_with(span, |_, response| response);
    }

    /// As [`Self::pass`]; somebody changes the answers of the servers on their way to an application.
    pub fn pass_with(&mut self, span: Span, change: impl Fn(usize, Vec<u8>) -> Vec<u8>) {
        let until = self.net.now.plus(span);
        while self.net.now < until {
            for at in 0..self.apps.len() {
                while self.apps[at].wake_at.is_some_and(|wake_at| wake_at <= self.net.now) {
                    self.input_with(at, &Input::Wake, &change);
                }
                self.input_with(at, &Input::Fetch { wait: Span::from_secs(0) }, &change);
            }
            self.net.pass(Span::from_secs(10).min(until.since(self.net.now)));
        }
    }

    pub fn say(&mut self, from: usize, to: usize, words: &str) -> CommandId {
        let with = self.apps[to].account();
        self.command(from, Command::Say(with, Box::new(Body::Text(plain(words)))))
    }

    /// Two people get to know each other.
    pub fn acquaint(&mut self, one: usize, other: usize) {
        let address = self.apps[other].address.clone();
        self.command(one, Command::Introduce(address));
        self.pass(Span::from_secs(180));
        let account = self.apps[one].account();
        self.command(other, Command::Consent(account, sottovoce::content::Act::Accept));
        self.pass(Span::from_secs(180));
    }
}

pub fn plain(words: &str) -> Text {
    Text {
        text: words.into(),
        mentions: Vec::new(),
        reply_to: None,
        attachments: Vec::new(),
        preview: None,
        lifetime: None,
    }
}
