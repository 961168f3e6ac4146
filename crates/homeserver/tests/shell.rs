//! What the shell adds to a machine: bodies, waiting, timers, calls, failures, the end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests of what has clocks and threads"
)]

mod support;
#[path = "support/toy.rs"]
mod toy;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sottovoce::storage::{Loaded, MemoryStore, Outcome, Store, Want, Write};
use sottovoce_homeserver::Shell;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use support::{call, connect, response};
use toy::Toy;

/// A store that can fail, and says what is durable.
#[derive(Clone, Default)]
struct Watched {
    store: MemoryStore,
    watch: Arc<Watch>,
}

#[derive(Default)]
struct Watch {
    fails: AtomicBool,
    /// Writes that were carried out, how many of them are durable, and flushes.
    written: AtomicU32,
    durable: AtomicU32,
    flushes: AtomicU32,
}

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

impl Store for Watched {
    type Error = Broken;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, Broken> {
        if self.watch.fails.load(Ordering::SeqCst) {
            return Err(Broken);
        }
        Ok(self.store.load(wants).unwrap())
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, Broken> {
        let outcome = self.store.apply(write).unwrap();
        if !write.put.is_empty() {
            self.watch.written.fetch_add(1, Ordering::SeqCst);
        }
        if write.flush {
            // As long as a disk takes.
            thread::sleep(Duration::from_millis(5));
            self.watch.flushes.fetch_add(1, Ordering::SeqCst);
            self.watch.durable.store(self.watch.written.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        Ok(outcome)
    }
}

struct Running {
    runtime: Runtime,
    shell: Option<Shell<Toy>>,
    watch: Arc<Watch>,
    to: SocketAddr,
}

impl Running {
    fn start(base: u32, peers: &[(&str, SocketAddr)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let peers: BTreeMap<_, _> =
            peers.iter().map(|(name, place)| ((*name).to_owned(), place.to_string())).collect();
        let store = Watched::default();
        let watch = Arc::clone(&store.watch);
        let shell = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            Shell::start(Toy::new(base), store, listener, b"document".to_vec(), peers).unwrap()
        });
        let to = shell.address();
        let running = Self { runtime, shell: Some(shell), watch, to };
        Running::until(|| running.ready() == 200);
        running
    }

    fn ask(&self, request: &[u8]) -> (u16, String) {
        let (status, body) = call(self.to, "POST", "/sottovoce/1/client", request).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    fn ready(&self) -> u16 {
        call(self.to, "GET", "/health/ready", b"").unwrap().0
    }

    fn until(holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(20), "it does not come");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn stop(&mut self) {
        if let Some(shell) = self.shell.take() {
            self.runtime.block_on(shell.stop());
        }
    }
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[test]
fn requests_reach_the_machine_and_nothing_else_is_there() {
    let running = Running::start(0, &[]);
    assert_eq!(running.ask(b"+"), ok("1"));
    assert_eq!(call(running.to, "POST", "/sottovoce/1/peer", b"+").unwrap(), (200, b"2".to_vec()));
    assert_eq!(call(running.to, "GET", "/.well-known/sottovoce", b"").unwrap(), (200, b"document".to_vec()));
    assert_eq!(call(running.to, "GET", "/health/live", b"").unwrap().0, 200);
    assert_eq!(call(running.to, "GET", "/sottovoce/1/client", b"").unwrap().0, 405);
    assert_eq!(call(running.to, "POST", "/sottovoce/2/client", b"").unwrap().0, 404);
    assert_eq!(running.ask(b"x").0, 500, "a machine that refuses");
    assert_eq!(running.ask(b"="), ok("2"));
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let running = Running::start(0, &[]);
    for (path, length) in [("peer", (4 << 20) + 1_025), ("client", (8 << 20) + 1), ("client", 1_usize << 40)]
    {
        let mut stream = connect(running.to).unwrap();
        let head = format!(
            "POST /sottovoce/1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(response(&mut stream).unwrap().0, 413);
    }
    // One that does not say its length, as far as it is read.
    let mut stream = connect(running.to).unwrap();
    stream.write_all(b"POST /sottovoce/1/client HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"100000\r\n".to_vec(), vec![b'+'; 1 << 20], b"\r\n".to_vec()].concat();
    // The server may hang up at any moment.
    let sent = (0..9).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(sent < 9 || answer.starts_with(b"HTTP/1.1 413"), "{sent}");
    assert_eq!(running.ask(b"="), ok("0"));
}

#[test]
fn who_waits_is_answered_when_there_is_something() {
    let running = Running::start(0, &[]);
    thread::scope(|scope| {
        let start = Instant::now();
        let polls = [scope.spawn(|| running.ask(b"?\x02")), scope.spawn(|| running.ask(b"?\x02"))];
        thread::sleep(Duration::from_millis(200));
        assert_eq!(running.ask(b"+"), ok("1"));
        let mut answers = polls.map(|poll| poll.join().unwrap());
        answers.sort();
        // One of them has taken it; the other goes on waiting, for two seconds or until the next.
        if answers[0].1.is_empty() {
            assert!(start.elapsed() >= Duration::from_secs(2));
        }
        assert_eq!(answers[1], ok("1"));
    });
}

#[test]
fn who_waits_in_vain_is_told_so_in_time() {
    let running = Running::start(0, &[]);
    let start = Instant::now();
    assert_eq!(running.ask(b"?\x01"), ok(""));
    assert!((900..5_000).contains(&start.elapsed().as_millis()));
}

#[test]
fn timers_are_heard() {
    let running = Running::start(0, &[]);
    assert_eq!(running.ask(b"t"), ok("set"));
    let start = Instant::now();
    assert_eq!(running.ask(b"?\x14"), ok("1"));
    assert!(start.elapsed() < Duration::from_secs(5), "by the alarm, not by the period");
}

#[test]
fn calls_to_others_come_back_as_inputs() {
    let other = Running::start(0, &[]);
    let running = Running::start(0, &[("b.test", other.to)]);
    assert_eq!(running.ask(b"p"), ok("called"));
    assert_eq!(running.ask(b"?"), ok("1"));
    assert_eq!(other.ask(b"="), ok("1"));
    assert_eq!(running.ask(b"f"), ok("called"));
    assert_eq!(running.ask(b"?"), ok("1"));
    drop(other);
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for peers in [&[][..], &[("b.test", nowhere)]] {
        let running = Running::start(0, peers);
        for request in [b"p", b"f"] {
            assert_eq!(running.ask(request), ok("called"));
            assert_eq!(running.ask(b"?"), ok("100"), "that it cannot be reached is an input too");
        }
    }
}

#[test]
fn a_store_that_fails_is_seen_and_one_that_works_again_too() {
    let running = Running::start(0, &[]);
    running.watch.fails.store(true, Ordering::SeqCst);
    assert_eq!(running.ask(b"+").0, 503);
    assert_eq!(running.ready(), 503);
    assert_eq!(call(running.to, "GET", "/health/live", b"").unwrap().0, 200);
    running.watch.fails.store(false, Ordering::SeqCst);
    // By itself, because it looks again after a failure.
    Running::until(|| running.ready() == 200);
    assert_eq!(running.ask(b"+"), ok("1"));
}

#[test]
fn writes_that_wait_together_are_flushed_together_and_none_is_answered_before() {
    const ALL: u32 = 200;
    let running = Running::start(0, &[]);
    let before = running.watch.flushes.load(Ordering::SeqCst);
    let mut counts = thread::scope(|scope| {
        let calls: Vec<_> = (0..ALL)
            .map(|_| {
                scope.spawn(|| {
                    let (status, count) = running.ask(b"+");
                    let durable = running.watch.durable.load(Ordering::SeqCst);
                    assert_eq!(status, 200);
                    let count = count.parse().unwrap();
                    assert!(durable >= count, "{count} is answered, {durable} are durable");
                    count
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<u32>>()
    });
    counts.sort_unstable();
    assert_eq!(counts, (1..=ALL).collect::<Vec<_>>());
    let flushes = running.watch.flushes.load(Ordering::SeqCst) - before;
    assert!(flushes < ALL / 2, "{flushes} flushes");
}

#[test]
fn a_server_is_described_anew_while_it_runs() {
    let running = Running::start(0, &[]);
    assert_eq!(running.ask(b"+"), ok("1"));
    let shell = running.shell.as_ref().unwrap();
    running.runtime.block_on(shell.replace(Toy::new(50), b"newer".to_vec()));
    assert_eq!(running.ask(b"="), ok("51"));
    assert_eq!(call(running.to, "GET", "/.well-known/sottovoce", b"").unwrap().1, b"newer");
}

#[test]
fn the_end_answers_who_waits_and_takes_nobody_else() {
    let mut running = Running::start(0, &[]);
    let to = running.to;
    let poll = thread::spawn(move || call(to, "POST", "/sottovoce/1/client", b"?"));
    let mut halfway = connect(to).unwrap();
    halfway.write_all(b"POST /sottovoce/1/client HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n").unwrap();
    // It has a connection for each.
    thread::sleep(Duration::from_millis(200));
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        halfway.write_all(b"+").unwrap();
        response(&mut halfway).unwrap()
    });
    let start = Instant::now();
    running.stop();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(poll.join().unwrap().unwrap(), (200, Vec::new()));
    assert_eq!(late.join().unwrap(), (200, b"1".to_vec()), "a request under way is carried out");
    assert!(connect(to).is_err());
}

/// Whoever announces a body, or sends a part of it, and then nothing, keeps the room from nobody for long, and from small requests not at all.
#[test]
fn bodies_that_do_not_come_keep_no_room() {
    let running = Running::start(0, &[]);
    let start_of = |framing: &str, sent: usize| {
        let mut stream = connect(running.to).unwrap();
        let head = format!("POST /sottovoce/1/client HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'='; sent]).unwrap();
        stream
    };
    let asked = |request: &[u8], longest: u64| {
        let start = Instant::now();
        assert_eq!(running.ask(request).0, 200);
        assert!(start.elapsed() < Duration::from_secs(longest), "{:?}", start.elapsed());
    };
    let idle = |framing: &str, sent| (0..60).map(|_| start_of(framing, sent)).collect::<Vec<_>>();
    let chunked = idle("transfer-encoding: chunked", 0);
    let nothing = idle("content-length: 8000000", 0);
    let part = idle("content-length: 8000000", 100_000);
    thread::sleep(Duration::from_millis(500));
    asked(b"=", 2);
    // A large one waits until those have been given up.
    asked(&vec![b'='; 1 << 20], 20);
    drop((chunked, nothing, part));
}
