//! A server as a process, which does not outlive its test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

/// A server that runs.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    /// What it has logged.
    log: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts a server and waits until it listens.
    pub fn start(program: &Path, config: &Path) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("--config").arg(config);
        Self::spawn(command)
    }

    /// The same by a command of the caller's.
    pub fn spawn(mut command: Command) -> std::io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let log = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = stderr.read_to_string(&mut text);
                text
            })
        });
        let mut line = String::new();
        let mut process = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        if let Some(stdout) = process.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok()) {
            Some(address) => process.address = address,
            None => return Err(std::io::Error::other(format!("it does not listen: {}", process.kill()))),
        }
        Ok(process)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it, as a power cut would as far as the process goes. Gives what it has logged.
    pub fn kill(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.log.take().and_then(|log| log.join().ok()).unwrap_or_default()
    }

    /// Ends it with SIGTERM.
    pub fn terminate(&mut self) -> std::io::Result<ExitStatus> {
        self.signal("TERM")
    }

    /// Ends it with SIGINT.
    pub fn interrupt(&mut self) -> std::io::Result<ExitStatus> {
        self.signal("INT")
    }

    fn signal(&mut self, name: &str) -> std::io::Result<ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status()?;
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
