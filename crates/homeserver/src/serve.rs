//! The server as a process: from its files to its end.

use core::error::Error;
use core::time::Duration;
use std::io::Write as _;

use sottovoce::crypto::random;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::validity::Validity;
use sottovoce::server::discovery::Discovery;
use sottovoce::server::{Instance, Server, Setup};
use sottovoce::storage::Vault;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;
use sottovoce_store_sqlite::SqliteStore;
use tokio::net::TcpListener;

use crate::files::{Directory, source};
use crate::identity::Identity;
use crate::{Config, Failure, Shell, clock, log};

/// How often it is looked whether keys have to be renewed.
const RENEWAL: Duration = Duration::from_hours(1);

/// Runs a server until it is told to end.
pub async fn serve(config: Config) -> Result<(), Failure> {
    // Before anybody can know that it runs, or it would be killed instead of ended.
    let mut signals = Signals::new()?;
    let home = Home::open(config)?;
    let (server, document) = home.describe(clock::now())?;
    let path = home.directory.path("state.sqlite");
    let store = SqliteStore::open(&path).map_err(|error| told(&format!("{}", path.display()), &error))?;
    let listener = TcpListener::bind(home.config.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", home.config.listen))?;
    let shell = Shell::start(server, store, listener, document, home.config.peers.clone())?;
    log::info("listening", &[("address", &shell.address()), ("domain", &home.config.domain)]);
    // For who has started it and asked for any port that is free.
    writeln!(std::io::stdout(), "listening on {}", shell.address())?;
    loop {
        tokio::select! {
            signal = signals.next() => {
                log::info("ending", &[("signal", &signal)]);
                break;
            }
            () = tokio::time::sleep(RENEWAL) => match home.describe(clock::now()) {
                Ok((server, document)) => shell.replace(server, document).await,
                // It goes on with the keys that it has, and tries again.
                Err(error) => log::error("not-renewed", &[("reason", &error)]),
            },
        }
    }
    shell.stop().await;
    log::info("ended", &[]);
    Ok(())
}

/// What the server is made of, as long as the process lives.
struct Home {
    config: Config,
    directory: Directory,
    instance: Instance,
}

impl Home {
    fn open(config: Config) -> Result<Self, Failure> {
        let directory = Directory::open(&config.data)?;
        let instance = Instance::from_bytes(*random::draw::<16>(&mut source())?.expose());
        Ok(Self { config, directory, instance })
    }

    /// The server and its discovery document, with keys that are valid now.
    fn describe(&self, now: Timestamp) -> Result<(Server, Vec<u8>), Failure> {
        let Self { config, directory, instance } = self;
        let (identity, is_new) = Identity::open(directory, &config.domain, config.endpoints(), now)?;
        if is_new {
            let order = identity.manifest.chain().order();
            log::info("manifest-signed", &[("term", &order.term), ("version", &order.version)]);
        }
        let Identity { manifest, online, until } = identity;
        let discovery = Discovery {
            domain: config.domain.clone(),
            server: manifest.id(),
            validity: Validity::starting(now, until.since(now)),
        };
        let document = discovery.sign(&online, manifest.manifest())?.encode()?;
        let server = Server::new(Setup {
            vault: Vault::new(&directory.secret("vault.key")?, b"sottovoce homeserver"),
            config: config.server(),
            online,
            manifest,
            instance: *instance,
            secret: directory.secret("session.key")?,
        });
        Ok((server, document))
    }
}

/// An error with its causes, in one line.
fn told(what: &str, error: &dyn Error) -> Failure {
    let mut text = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.into()
}

/// What tells the process to end.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => core::future::pending().await,
        }
    }
}
