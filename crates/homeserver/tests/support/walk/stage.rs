//! Two servers, each a process with a file, and the ways between them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use sottovoce_store_sqlite::SqliteStore;

use super::Failure;
use super::proxy::Proxy;
use super::support::process::Process;

/// Where a server listens, while it runs.
pub type Place = Arc<Mutex<Option<SocketAddr>>>;

/// A server in all its lives.
#[derive(Debug)]
pub struct Home {
    pub domain: &'static str,
    pub directory: PathBuf,
    program: PathBuf,
    process: Option<Process>,
    /// Where clients find it.
    pub place: Place,
    /// Through which the other one reaches it.
    pub way: Proxy,
}

impl Home {
    pub fn new(domain: &'static str, within: &Path, program: &Path, seed: u64) -> Result<Self, Failure> {
        let directory = within.join(domain);
        fs::create_dir(&directory)?;
        let (program, way) = (program.to_owned(), Proxy::start(seed)?);
        Ok(Self { domain, directory, program, process: None, place: Place::default(), way })
    }

    /// Says where the other one is.
    pub fn meet(&self, other: &Self) -> Result<(), Failure> {
        let (domain, peer, place) = (self.domain, other.domain, other.way.address());
        let text = format!(
            "domain = '{domain}'\nlisten = '127.0.0.1:0'\nregistration = 'open'\n[peers]\n'{peer}' = '{place}'\n"
        );
        Ok(fs::write(self.directory.join("sottovoce.toml"), text)?)
    }

    pub fn start(&mut self) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.directory.join("sottovoce.toml"));
        let process = Process::spawn(command)?;
        self.lead_to(Some(process.address()));
        self.process = Some(process);
        Ok(())
    }

    /// Kills it. Gives what it has logged.
    pub fn kill(&mut self) -> String {
        self.lead_to(None);
        self.process.take().map(|mut process| process.kill()).unwrap_or_default()
    }

    /// A copy of its database, while it goes on.
    pub fn copy(&self) -> Result<(), Failure> {
        Ok(SqliteStore::open(self.database())?.backup(self.directory.join("copy.sqlite"))?)
    }

    /// Puts the copy in the database's place. It must not run.
    pub fn restore(&self) -> Result<(), Failure> {
        for end in ["-wal", "-shm"] {
            let beside = self.directory.join(format!("data/state.sqlite{end}"));
            if beside.exists() {
                fs::remove_file(beside)?;
            }
        }
        fs::copy(self.directory.join("copy.sqlite"), self.database())?;
        Ok(())
    }

    fn database(&self) -> PathBuf {
        self.directory.join("data/state.sqlite")
    }

    fn lead_to(&self, place: Option<SocketAddr>) {
        *self.place.lock().unwrap() = place;
        self.way.lead_to(place);
    }
}
