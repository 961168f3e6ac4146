//! What lies between two servers: it loses requests and answers, and keeps count of the frames that pass.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sottovoce::crypto::hash::Hash;
use sottovoce::server::Item;
use sottovoce::server::frame::{Frame, Part, SignedFrame};
use sottovoce::wire::Wire as _;

use super::dice::Dice;
use super::support::connect;

/// The way to one server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<Option<SocketAddr>>,
    ledger: Mutex<Ledger>,
    dice: Mutex<Dice>,
    /// Whether it loses anything.
    lossy: AtomicBool,
    ends: AtomicBool,
}

/// What has passed.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub requests: u64,
    /// Lost before they arrived, and answers lost after.
    pub lost: u64,
    pub frames: u64,
    pub items: u64,
    distinct: BTreeSet<Hash>,
    epochs: BTreeMap<String, BTreeSet<u64>>,
}

impl Ledger {
    /// Items that passed before.
    pub fn again(&self) -> u64 {
        self.items - self.distinct.len() as u64
    }

    /// How often a stream began anew.
    pub fn epochs_changed(&self) -> usize {
        self.epochs.values().map(|epochs| epochs.len() - 1).sum()
    }

    fn note(&mut self, body: &[u8]) {
        let Some(frame) = SignedFrame::decode(body).ok().and_then(|signed| Frame::decode(&signed.frame).ok())
        else {
            return;
        };
        self.frames += 1;
        for part in &frame.parts {
            let Part::Batch(batch) = part else { continue };
            let stream = format!("{:?} {:?}", frame.from, batch.stream);
            self.epochs.entry(stream).or_default().insert(batch.epoch);
            self.items += batch.items.len() as u64;
            self.distinct.extend(batch.items.iter().map(|item| Item::hash(item)));
        }
    }
}

impl Proxy {
    pub fn start(seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: Mutex::default(),
            ledger: Mutex::default(),
            dice: Mutex::new(Dice(seed)),
            lossy: AtomicBool::new(false),
            ends: AtomicBool::new(false),
        });
        let for_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if for_all.ends.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&for_all)) else { continue };
                // A connection that breaks is what this is for.
                std::thread::spawn(move || shared.pass(stream));
            }
        });
        Ok(Self { address, shared })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the server is now; nowhere while it does not run.
    pub fn lead_to(&self, target: Option<SocketAddr>) {
        *lock(&self.shared.target) = target;
    }

    pub fn lose(&self, is: bool) {
        self.shared.lossy.store(is, Ordering::SeqCst);
    }

    pub fn ledger(&self) -> Ledger {
        lock(&self.shared.ledger).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // So that it looks.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn loses(&self) -> bool {
        self.lossy.load(Ordering::SeqCst) && lock(&self.dice).below(10) == 0
    }

    /// One request and its answer; the next one comes on a connection of its own.
    fn pass(&self, mut caller: TcpStream) -> io::Result<()> {
        caller.set_read_timeout(Some(Duration::from_secs(30)))?;
        let (head, body) = request(&mut caller)?;
        let target = *lock(&self.target);
        let target = target.ok_or(io::ErrorKind::NotConnected)?;
        lock(&self.ledger).requests += 1;
        lock(&self.ledger).note(&body);
        if self.loses() {
            lock(&self.ledger).lost += 1;
            return Ok(());
        }
        let mut server = connect(target)?;
        let line = head.lines().next().unwrap_or_default();
        let length = body.len();
        let head = format!("{line}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        server.write_all(head.as_bytes())?;
        server.write_all(&body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            lock(&self.ledger).note(&answer[end + 4..]);
        }
        if self.loses() {
            lock(&self.ledger).lost += 1;
            return Ok(());
        }
        caller.write_all(&answer)
    }
}

/// The head and the body of a request.
fn request(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = bytes.split_off(end + 4);
            while body.len() < length.unwrap_or(0) {
                let count = stream.read(&mut chunk)?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                body.extend_from_slice(&chunk[..count]);
            }
            return Ok((head, body));
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
