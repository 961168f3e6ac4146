//! The reference server of Sottovoce: sockets, files and timers around the library's state machine.
//!
//! ```text
//!   clients, peers ──HTTP──▶ handlers ──inputs──▶ one thread: storage::run(server, SQLite, …)
//!                               ▲                     │
//!                               └────── replies ──────┤
//!                    peers ◀──HTTP── calls ◀── posts ─┤        what comes of a call is an input again
//!                                   waiters ◀── notes ┤        long polls
//!                                     alarm ◀── times ┘
//! ```
//!
//! Nothing is decided here: what a request is worth, what is sent and when, is `sottovoce::server`'s. This first version reaches other
//! servers by plain HTTP at places that its configuration names.

#![deny(unreachable_pub)]

mod alarm;
mod clock;
mod config;
mod files;
mod http;
mod identity;
mod listen;
mod log;
mod outbox;
mod peers;
mod serve;
mod shell;
mod site;
mod waiters;
mod writer;

pub use config::Config;
pub use serve::serve;
pub use shell::Shell;
pub use site::Site;

/// Why the server does not run: what to say to its operator.
pub type Failure = Box<dyn core::error::Error + Send + Sync>;
