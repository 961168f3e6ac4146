//! A machine with everything around it.

use core::error::Error;
use core::fmt::Display;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use sottovoce::storage::Store;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use crate::Failure;
use crate::alarm::Alarm;
use crate::http::{self, Shared, limits};
use crate::listen;
use crate::outbox::Outbox;
use crate::peers::Peers;
use crate::site::Site;
use crate::waiters::Waiters;
use crate::writer::{End, Writer};

/// For requests that are under way when the end begins.
const GRACE: Duration = Duration::from_secs(10);

/// A running server. It runs until it is [stopped](Shell::stop).
#[derive(Debug)]
pub struct Shell<M> {
    address: SocketAddr,
    writer: Writer<M>,
    document: watch::Sender<Bytes>,
    ending: watch::Sender<bool>,
    serving: JoinHandle<()>,
    helpers: [JoinHandle<()>; 2],
    end: End,
}

impl<M: Site + Send + Sync + 'static> Shell<M>
where
    M::Refused: Display,
{
    /// Starts a machine on a store, behind a socket. `document` is what discovery gives; `peers` are the places of other servers.
    pub fn start<S>(
        machine: M,
        store: S,
        listener: TcpListener,
        document: Vec<u8>,
        peers: BTreeMap<String, String>,
    ) -> Result<Self, Failure>
    where
        S: Store + Send + 'static,
        S::Error: Error,
    {
        let address = listener.local_addr()?;
        let (network, calls) = mpsc::unbounded_channel();
        let (health, healthy) = watch::channel(false);
        let (ending, ends) = watch::channel(false);
        let (document, documents) = watch::channel(Bytes::from(document));
        let (waiters, alarm) = (Waiters::default(), Alarm::new());
        let outbox = Outbox { network, waiters: waiters.clone(), alarm: alarm.clone(), health };
        let (writer, end) = Writer::start(machine, store, outbox)?;
        let shared = Shared {
            writer: writer.clone(),
            waiters,
            document: documents,
            health: healthy,
            ending: ends.clone(),
            room: Arc::new(Semaphore::new(limits::ALL)),
        };
        let router = http::router(Arc::new(shared));
        Ok(Self {
            address,
            document,
            serving: tokio::spawn(listen::serve(listener, router, ends, GRACE)),
            helpers: [
                tokio::spawn(Peers::new(peers).run(calls, writer.clone())),
                tokio::spawn(alarm.run(writer.clone())),
            ],
            ending,
            writer,
            end,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same server, described anew.
    pub async fn replace(&self, machine: M, document: Vec<u8>) {
        self.writer.replace(machine).await;
        self.document.send_replace(Bytes::from(document));
    }

    /// Ends: no new requests; those that wait are answered at once, those under way have ten seconds; then the store is closed.
    pub async fn stop(mut self) {
        self.ending.send_replace(true);
        let _ = (&mut self.serving).await;
        for helper in &self.helpers {
            helper.abort();
        }
        self.writer.stop().await;
        self.end.wait().await;
    }
}
